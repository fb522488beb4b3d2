/**
 * Raptor Services, emulated by the recipe of its contract (§10): 200 at once, the truth later. A record that breaks the
 * dataflow's schema is acknowledged like any other and then fails, where only Operational Insights would show it.
 */
import type { FieldRule } from '../targets/target.ts';
import type { Clock, Emulator, EmulatorReply, EmulatorRequest, EmulatorType } from './emulator.ts';
import { columnsOfFields, declaredColumns } from './raptor-columns.ts';
import { createStreamStore, type Dataflow, type StreamKind, type StreamStore } from './raptor-store.ts';

export interface RaptorOptions {
  readonly maxBytes?: number;
  readonly maxRecords?: number;
  /** From the acknowledgement to the look at the records. */
  readonly validationMs?: number;
  /** From the request to the deletion: really up to 14 days. What comes in meanwhile under the same id is deleted as well. */
  readonly deletionMs?: number;
  /** A draft dataflow without the header, or a live one with it: refused, or taken and dropped (contract §9 does not know). */
  readonly onDraftMismatch?: 'refuse' | 'drop';
}

const account = '10001';
const privacyKey = 'sandbox-privacy-key';
const streams = {
  person: '00000000-0000-4000-8000-000000000001',
  interaction: '00000000-0000-4000-8000-000000000002',
  catalog: '00000000-0000-4000-8000-000000000003',
} as const;

interface Account {
  readonly streams: Map<string, StreamStore>;
  privacyKey: string;
}

export const raptorEmulator: EmulatorType = {
  platform: 'raptor',
  readOuts: {
    rows: 'what is stored (limit=, offset=)',
    count: 'records acknowledged, stored, failed, pending',
    failed: 'samples of failed records',
    insights: 'failures by kind, as Operational Insights shows them',
    digest: 'one number for all rows, whatever their order',
    duplicates: 'rows kept more than once',
    streams: 'the dataflows; each read-out takes stream=ID, and flush=1 to wait for nothing',
  },
  create: (clock) => createRaptorEmulator(clock),
};

export function createRaptorEmulator(clock: Clock, options: RaptorOptions = {}): Emulator {
  const { maxBytes = 1_048_576, maxRecords = Infinity, validationMs = 50, deletionMs = 1000 } = options;
  const accounts = new Map<string, Account>();
  let deletions: { account: Account; id: string; dueAt: number }[] = [];
  let lastStream: string = streams.person;

  const reset = () => {
    accounts.clear();
    deletions = [];
    lastStream = streams.person;
    const own: Account = { streams: new Map(), privacyKey };
    for (const [kind, id] of Object.entries(streams))
      own.streams.set(id, createStreamStore(openDataflow(kind as StreamKind)));
    accounts.set(account, own);
  };
  reset();

  /** Does what is due. Nothing here runs on a timer: what is due is done before anyone can look. */
  const settle = (now: number) => {
    for (const { streams: stores } of accounts.values()) for (const store of stores.values()) store.validate(now);
    const due = deletions.filter(({ dueAt }) => dueAt <= now);
    if (due.length === 0) return;
    deletions = deletions.filter(({ dueAt }) => dueAt > now);
    for (const deletion of due) {
      const columns = identifiersOf(deletion.account);
      for (const store of deletion.account.streams.values()) store.forget(columns, deletion.id);
    }
  };

  const stream = (request: EmulatorRequest): EmulatorReply => {
    if (request.method !== 'POST') return { status: 405 };
    const accountId = /^\/stream\/(\d{4,5})$/.exec(request.path)?.[1];
    const streamId = request.headers['x-streamid']?.toLowerCase();
    const store =
      accountId === undefined || streamId === undefined ? undefined : accounts.get(accountId)?.streams.get(streamId);
    if (store === undefined) return { status: 401 };
    const isDraft = request.headers['x-isdraft'];
    const mismatch = (isDraft === 'true') !== store.dataflow.draft || (isDraft !== undefined && isDraft !== 'true');
    if (mismatch && options.onDraftMismatch !== 'drop') return { status: 401 };
    if (request.body.length > maxBytes) return { status: 413 };
    const records = jsonOf(request.body);
    if (Array.isArray(records) && records.length > maxRecords) return { status: 413 };
    if (!isJsonType(request.headers['content-type']))
      return { status: 400, body: 'Content-Type must be application/json' };
    if (!Array.isArray(records)) return { status: 400, body: 'The body must be a JSON array' };
    if (!mismatch) store.acknowledge(records, clock.now() + validationMs);
    return { status: 200 };
  };

  const deleteUser = (request: EmulatorRequest): EmulatorReply => {
    const accountId = /^\/gdpr\/(\d{4,5})\/DeleteUser$/.exec(request.path)?.[1];
    if (accountId === undefined) return { status: 404 };
    if (request.method !== 'POST') return { status: 405 };
    const found = accounts.get(accountId);
    if (found === undefined || request.headers['x-api-key'] !== found.privacyKey) return { status: 401 };
    const id = userIdOf(jsonOf(request.body));
    if (id === undefined) return { status: 400, body: 'The body must be {"UserId":"…"}' };
    deletions.push({ account: found, id, dueAt: clock.now() + deletionMs });
    return { status: 200, body: 'OK' };
  };

  const provision = (
    operation: string,
    fields: readonly FieldRule[],
    settings: Readonly<Record<string, unknown>>,
    config: Readonly<Record<string, unknown>>,
  ) => {
    const accountId = String(config['accountId'] ?? account);
    const known = accounts.get(accountId) ?? { streams: new Map(), privacyKey };
    accounts.set(accountId, known);
    if (config['privacyKey'] !== undefined) known.privacyKey = String(config['privacyKey']);
    if (operation === 'person.delete') return;
    const streamId = String(config['streamId'] ?? streams.person).toLowerCase();
    const dataflow = dataflowOf(operation as StreamKind, fields, { ...config, ...settings });
    const before = known.streams.get(streamId)?.dataflow;
    lastStream = streamId;
    // Columns that change in kind are a breaking change, and that is a new dataflow (contract §1).
    if (JSON.stringify(before) !== JSON.stringify(dataflow)) known.streams.set(streamId, createStreamStore(dataflow));
  };

  const findStore = (streamId: string): StreamStore | undefined => {
    for (const { streams: stores } of accounts.values()) {
      const store = stores.get(streamId.toLowerCase());
      if (store !== undefined) return store;
    }
    return undefined;
  };

  return {
    settings: (origin) => ({
      baseUrl: origin,
      accountId: account,
      streamId: streams.person,
      privacyBaseUrl: `${origin}/gdpr`,
      privacyKey,
    }),
    provision,
    handle(request) {
      settle(clock.now());
      if (/^\/stream(?:\/|$)/.test(request.path)) return stream(request);
      return request.path.startsWith('/gdpr/') ? deleteUser(request) : { status: 404 };
    },
    readOut(name, query) {
      settle(query.has('flush') ? Infinity : clock.now());
      if (name === 'streams')
        return [...accounts.values()].flatMap(({ streams: stores }) => [...stores].map(describeStream));
      const [, inPath, plain] = /^(?:streams\/([^/]+)\/)?([a-z]+)$/.exec(name) ?? [];
      const store = findStore(inPath ?? query.get('stream') ?? lastStream);
      return store === undefined || plain === undefined ? undefined : readStore(store, plain, query);
    },
    summary() {
      settle(Infinity);
      return [...accounts.values()].flatMap(({ streams: stores }) => [...stores].filter(hasSeenAny).map(summarize));
    },
    reset,
  };
}

const openDataflow = (kind: StreamKind): Dataflow => ({
  kind,
  draft: false,
  writeMode: 'append',
  ignoreMissingColumns: false,
  key: [],
});

function dataflowOf(
  kind: StreamKind,
  fields: readonly FieldRule[],
  given: Readonly<Record<string, unknown>>,
): Dataflow {
  const columns = declaredColumns(given['columns']) ?? columnsOfFields(fields);
  const identifiers = columns?.filter(({ identifier }) => identifier) ?? [];
  const required = columns?.filter(({ required }) => required) ?? [];
  const key = (identifiers.length > 0 ? identifiers : required.length > 0 ? required : (columns ?? []).slice(0, 1)).map(
    ({ name }) => name,
  );
  return {
    kind,
    draft: given['draft'] === true,
    writeMode: given['writeMode'] === 'overwrite' ? 'overwrite' : 'append',
    ignoreMissingColumns: given['ignoreMissingColumns'] === true,
    key,
    ...(columns === undefined ? {} : { columns }),
  };
}

/** A deletion covers the history too, so interactions are searched by what identifies persons. */
const identifiersOf = ({ streams: stores }: Account): ReadonlySet<string> =>
  new Set(
    [...stores.values()]
      .filter(({ dataflow }) => dataflow.kind === 'person')
      .flatMap(({ dataflow, rows }) =>
        dataflow.key.length > 0 ? dataflow.key : Object.keys(rows()[0] ?? {}).slice(0, 1),
      ),
  );

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

const isJsonType = (header: string | undefined) =>
  header !== undefined && /^application\/json\s*(?:;\s*charset=[\w-]+\s*)?$/i.test(header);

function userIdOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || Object.keys(body).length !== 1) return undefined;
  const id: unknown = Object.entries(body).find(([name]) => name === 'UserId')?.[1];
  return typeof id === 'string' && id !== '' ? id : undefined;
}

function readStore(store: StreamStore, name: string, query: URLSearchParams): unknown {
  switch (name) {
    case 'rows': {
      const offset = Number(query.get('offset') ?? 0);
      return store.rows().slice(offset, offset + Number(query.get('limit') ?? Infinity));
    }
    case 'count':
      return store.counts();
    case 'failed':
      return store.failed;
    case 'insights':
      return store.insights;
    case 'digest':
      return { rows: store.counts().stored, digest: store.digest() };
    case 'duplicates':
      return store.duplicates();
    case 'flush':
      return {};
    default:
      return undefined;
  }
}

const describeStream = ([id, store]: [string, StreamStore]) => ({ id, ...store.dataflow, ...store.counts() });

const hasSeenAny = ([, store]: [string, StreamStore]) => store.counts().acknowledged > 0;

const nouns = { person: 'persons', interaction: 'interactions', catalog: 'products' } as const;

function summarize([id, store]: [string, StreamStore]): string {
  const { acknowledged, stored, failed } = store.counts();
  const figure = (count: number) => count.toLocaleString('en');
  const lost = failed === 0 ? '' : `, ${figure(failed)} acknowledged and then dropped`;
  return `stream ${id.slice(0, 4)}…${id.slice(-4)}: ${figure(stored)} ${nouns[store.dataflow.kind]} from ${figure(acknowledged)} records${lost}`;
}
