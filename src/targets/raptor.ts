/**
 * Raptor Services, Streaming API (contract: targets/raptor.md). One request is an array of records for one stream, and 200
 * means "acknowledged": records that break the stream's schema are dropped later without a word. Hence this target
 * checks every record against the declared columns first, and says "acknowledged" where others say "loaded".
 */
import { hash } from 'node:crypto';
import * as z from 'zod';
import { columnsSchema } from './raptor-columns.ts';
import {
  anyColumn,
  type Dataflow,
  deleteOperation,
  deletionDestroys,
  type RaptorEndpoint,
  type StreamKind,
  stopAtLast,
  streamOperation,
  userIdField,
} from './raptor-operations.ts';
import { secretHider } from './secrets.ts';
import { readSettings, targetError, unknownOperation } from './settings.ts';
import type { CommonSettings, OperationType, Target, TargetType } from './target.ts';

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** What is true of a dataflow may stand with the target or with the mapping, but not differently in both. */
const dataflow = {
  writeMode: z
    .enum(['append', 'overwrite'])
    .optional()
    .describe(
      'How the dataflow is set: append updates and adds; overwrite replaces the whole data set with each request',
    ),
  ignoreMissingColumns: z
    .boolean()
    .optional()
    .describe(
      'The box "Ignore missing columns?" in the dataflow\'s File Mapping step; only with it may a record lack columns',
    ),
  columns: columnsSchema
    .optional()
    .describe('The columns of the dataflow: name → type, or { type, required, values, identifier }'),
};
const dataflowSchema = z.strictObject(dataflow);

const config = z.strictObject({
  accountId: z
    .string({ error: 'must be text: write the account id in quotes' })
    .regex(/^\d{4,5}$/, { error: 'must be 4 or 5 digits, as the Control Panel shows them' })
    .describe('Account id, 4 or 5 digits'),
  streamId: z.string().regex(guid, { error: 'must be a GUID' }).describe('Id of the stream-dataflow, a GUID. A secret'),
  draft: z.boolean().default(false).describe('The dataflow is a draft: send the header x-isdraft: true'),
  ...dataflow,
  privacyBaseUrl: z
    .url()
    .default('https://gdpr-api.raptorsmartadvisor.com')
    .describe('Host of the privacy endpoint, for person.delete'),
  privacyKey: z.string().min(1).optional().describe('Key of the privacy endpoint, one for each account. A secret'),
});
export type RaptorConfig = z.infer<typeof config>;

const operations = {
  person: { summary: 'Update persons or add them', settings: dataflowSchema, fields: [anyColumn] },
  interaction: {
    summary: 'Append interactions (orders, visits). Cannot be taken back',
    settings: dataflowSchema,
    fields: [anyColumn],
  },
  catalog: { summary: 'Update products or add them', settings: dataflowSchema, fields: [anyColumn] },
  'person.delete': {
    summary: 'Ask for the deletion of persons, one a request',
    settings: z.strictObject({}),
    fields: [userIdField],
    destroys: deletionDestroys,
  },
} as const satisfies Record<string, OperationType>;
export const raptor: TargetType<RaptorConfig> = {
  type: 'raptor',
  aliases: ['stream'],
  title: 'Raptor Services, Streaming API',
  config,
  environment: { accountId: 'RAPTOR_ACCOUNT_ID', streamId: 'RAPTOR_STREAM_ID', privacyKey: 'RAPTOR_PRIVACY_API_KEY' },
  secrets: ['streamId', 'privacyKey'],
  addresses: ['baseUrl', 'privacyBaseUrl'],
  defaults: {
    baseUrl: 'https://in.raptorsmartadvisor.com',
    concurrency: 4,
    costUnit: 'request',
    timeoutMs: 60_000,
  },
  operations,
  open: openRaptor,
};

function openRaptor(settings: RaptorConfig, common: CommonSettings): Target {
  const hideSecrets = secretHider([settings.streamId, settings.privacyKey]);
  const stream: RaptorEndpoint = {
    common,
    hideSecrets,
    url: `${withoutSlash(common.baseUrl)}/stream/${settings.accountId}`,
    headers: {
      ...common.headers,
      'Content-Type': 'application/json',
      'x-streamid': settings.streamId,
      // In production the header is absent, not "false" (contract §2.1).
      ...(settings.draft ? { 'x-isdraft': 'true' } : {}),
    },
  };
  return {
    identity: identityOf(settings, common.baseUrl),
    retry: stopAtLast,
    acceptedWord: 'acknowledged',
    notices: [],
    operation(name, given) {
      switch (name) {
        case 'person':
        case 'interaction':
        case 'catalog':
          return streamOperation(name, mergeDataflow(name, settings, given), stream, settings.draft);
        case 'person.delete':
          readSettings(name, operations[name].settings, given);
          return deleteOperation({ ...stream, ...privacyAddress(settings, common) });
        default:
          throw unknownOperation('raptor', name, Object.keys(operations));
      }
    },
    authorize: (request) => request,
    check: {
      none: 'the Streaming API has no call that changes nothing. Send one row to a draft dataflow (draft: true) instead',
    },
  };
}

function privacyAddress(settings: RaptorConfig, common: CommonSettings): Pick<RaptorEndpoint, 'url' | 'headers'> {
  const { privacyKey, privacyBaseUrl, accountId } = settings;
  if (privacyKey === undefined) {
    throw targetError(
      'settings-invalid',
      'Operation person.delete needs a key of its own: the stream id does not open the privacy endpoint.',
      'Set privacyKey with the target, or RAPTOR_PRIVACY_API_KEY in the environment.',
    );
  }
  return {
    url: `${withoutSlash(privacyBaseUrl)}/${accountId}/DeleteUser`,
    headers: { ...common.headers, 'Content-Type': 'application/json', 'x-api-key': privacyKey },
  };
}

const withoutSlash = (url: string) => url.replace(/\/+$/, '');

/** The stream id is a secret, so it stands here as a salted hash. Draft and live are two destinations, and so are two hosts. */
function identityOf({ accountId, streamId, draft }: RaptorConfig, baseUrl: string): string {
  const stream = hash('sha256', `cdp-load raptor ${accountId} ${streamId.toLowerCase()}`);
  return `raptor ${withoutSlash(baseUrl)} account ${accountId} stream ${stream.slice(0, 16)}${draft ? ' draft' : ''}`;
}

function mergeDataflow(operation: StreamKind, settings: RaptorConfig, given: unknown): Dataflow {
  const { writeMode, ignoreMissingColumns, columns } = settings;
  const own = readSettings(operation, dataflowSchema, given);
  if (own.columns !== undefined && columns !== undefined) {
    throw targetError(
      'settings-invalid',
      'The columns are declared twice: with the target and in the mapping.',
      'Keep "columns" in one of the two places.',
    );
  }
  for (const [name, mine, theirs] of [
    ['writeMode', own.writeMode, writeMode],
    ['ignoreMissingColumns', own.ignoreMissingColumns, ignoreMissingColumns],
  ]) {
    if (mine === undefined || theirs === undefined || mine === theirs) continue;
    throw targetError(
      'settings-invalid',
      `${name} is ${theirs} with the target but ${mine} in the mapping.`,
      `Look up in the Data Manager how the dataflow is set, and say "${name}" once.`,
    );
  }
  return {
    writeMode: own.writeMode ?? writeMode,
    ignoreMissingColumns: own.ignoreMissingColumns ?? ignoreMissingColumns,
    columns: own.columns ?? columns,
  };
}
