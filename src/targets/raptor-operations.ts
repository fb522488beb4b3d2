/** What the four operations of Raptor's two endpoints send, and what their answers mean (contract §2, §5). */
import type { Fault } from '../model/fault.ts';
import type { JsonObject } from '../model/json.ts';
import type { ApiFailure, ApiReply } from '../model/request.ts';
import type { RetryPlan, Verdict } from '../model/verdict.ts';
import type { TargetCode } from './codes.ts';
import { type Columns, checkOpenRecord, columnRules, compileRecordCheck, identifierNames } from './raptor-columns.ts';
import { isWebPage, reasonFrom, retryOf, retryOfFailure, webPageHint } from './replies.ts';
import { targetError } from './settings.ts';
import type { CommonSettings, FieldRule, Operation, RowContext } from './target.ts';

/** What both endpoints need of the target's settings. */
export interface RaptorEndpoint {
  readonly common: CommonSettings;
  /** Complete, without a slash at its end. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly hideSecrets: <Reply extends ApiReply | ApiFailure>(reply: Reply) => Reply;
}

/** How a dataflow is set in the Data Manager; the API does not tell. */
export interface Dataflow {
  readonly writeMode?: 'append' | 'overwrite' | undefined;
  readonly ignoreMissingColumns?: boolean | undefined;
  readonly columns?: Columns | undefined;
}

export type StreamKind = 'person' | 'interaction' | 'catalog';

// Nothing is published: these are the contract's own defaults (§4, §5).
const defaultItems = 500;
const defaultBytes = 1_000_000;
const waits = { kind: 'backoff', firstMs: 1000, capMs: 60_000 } as const;
export const stopAtLast: RetryPlan = { retries: 8, waits, then: 'stop' };
const splitAtLast: RetryPlan = { ...stopAtLast, then: 'split' };
const identicalRefusals = 5;

export const anyColumn: FieldRule = {
  name: '*',
  about: 'a column of the dataflow; any name while no columns are declared',
};

export const userIdField: FieldRule = {
  name: 'UserId',
  type: 'string',
  required: true,
  about: 'the id, in the very form in which Raptor has it',
  alsoKnownAs: ['user_id', 'userid', 'customer_id', 'customerid', 'id'],
};

export const deletionDestroys = 'deletes the person with all history, cookies, transactions and data';

export function streamOperation(
  kind: StreamKind,
  dataflow: Dataflow,
  endpoint: RaptorEndpoint,
  draft: boolean,
): Operation {
  const replaces = replacesAll(kind, dataflow);
  const mayBeMissing = dataflow.ignoreMissingColumns === true;
  const { columns } = dataflow;
  const check = columns === undefined ? checkOpenRecord : compileRecordCheck(columns, { mayBeMissing });
  const identifiers = columns === undefined ? [] : identifierNames(columns);
  const laned = kind !== 'interaction';
  const limits = {
    items: endpoint.common.maxRecords ?? defaultItems,
    bytes: endpoint.common.maxBytes ?? defaultBytes,
    ...(replaces ? { singleRequest: true } : {}),
  };
  const mostItemBytes = limits.bytes - 2;

  return {
    name: kind,
    family: kind,
    fields: columns === undefined ? [anyColumn] : columnRules(columns, { mayBeMissing }),
    emptyCells: mayBeMissing
      ? {
          allowed: ['omit', 'null', 'keep', 'reject'],
          fallback: 'omit',
          why: 'null erases what Raptor holds; left out, the column stays as it is',
        }
      : {
          allowed: ['null', 'keep', 'reject'],
          why: 'null erases what Raptor holds, "keep" sends "", and a record that lacks a column is dropped without a word',
        },
    // Persons and products are updated by their key; interactions are appended, so a second time doubles them (contract §7).
    repeatable: kind !== 'interaction',
    ...(replaces ? { destroys: 'removes all that the data set held before and puts this load in its place' } : {}),
    // An overwrite load is one request, and what is not in it is gone. Without declared identifiers nobody knows who is who.
    ...(laned && !replaces && identifiers.length > 0 ? { lastWins: { same: identifiers.map((name) => [name]) } } : {}),
    notices: streamNotices(kind, dataflow, { draft, replaces, identified: identifiers.length > 0 }),
    limits,
    laned,
    encode(item, row) {
      const faults = check(item);
      if (faults !== undefined) return { faults };
      const json = JSON.stringify(item);
      if (json.length * 3 > mostItemBytes && Buffer.byteLength(json) > mostItemBytes)
        return tooLarge(json, limits.bytes);
      return { json, route: '', lanes: laned ? lanesOf(item, row, identifiers) : noLanes };
    },
    frame: () => arrayFrame,
    request: ({ body }) => ({ method: 'POST', url: endpoint.url, headers: endpoint.headers, body }),
    verdict: (reply) => streamVerdict(endpoint.hideSecrets(reply), { mayBeSplit: !replaces }),
    cost: () => 1,
  };
}

const arrayFrame = { prefix: '[', suffix: ']' };
const bareFrame = { prefix: '', suffix: '' };
const noLanes: readonly string[] = [];

/** Whether each request replaces the data set. Throws UserError where that is not said, or cannot be. */
function replacesAll(kind: StreamKind, { writeMode }: Dataflow): boolean {
  if (kind === 'interaction') {
    if (writeMode !== 'overwrite') return false;
    throw targetError(
      'settings-invalid',
      'Interactions are always appended (writeMode is overwrite).',
      'Say "writeMode: append", or leave it out.',
    );
  }
  if (writeMode === undefined) {
    throw targetError(
      'settings-invalid',
      `Operation ${kind} needs to know the dataflow's write mode: in an overwrite dataflow each request removes all that came before it.`,
      'Look it up in the Data Manager and say "writeMode: append" (or overwrite) in the mapping\'s settings or with the target.',
    );
  }
  return writeMode === 'overwrite';
}

function streamNotices(
  kind: StreamKind,
  { columns }: Dataflow,
  { draft, replaces, identified }: { draft: boolean; replaces: boolean; identified: boolean },
): string[] {
  const notices = [
    draft
      ? 'Draft mode: requests carry x-isdraft: true, which belongs to a dataflow that is not live yet.'
      : 'Live mode: records go to production (draft: true is for a dataflow that is still a draft).',
    'Raptor only acknowledges. "Accepted" means acknowledged; what fails later is shown in its Operational Insights alone.',
  ];
  if (replaces) {
    notices.push('Overwrite: this load replaces the whole data set, and must fit one request.');
  }
  if (columns === undefined) {
    notices.push('No columns are declared: a wrong type or a misspelt column is dropped by Raptor without a word.');
  } else if (kind === 'person' && !identified) {
    notices.push('No column is marked "identifier: true": a person without any identifier is not noticed here.');
  }
  return notices;
}

function lanesOf(item: JsonObject, row: RowContext, identifiers: readonly string[]): readonly string[] {
  if (row.key !== '') return [row.key];
  return identifiers.flatMap((name) => {
    const value = item[name];
    return value === undefined || value === null || value === '' ? [] : [`${name} ${JSON.stringify(value)}`];
  });
}

function tooLarge(json: string, most: number): ReturnType<Operation['encode']> {
  const reason = `the record takes ${Buffer.byteLength(json) + 2} bytes as a request of its own; at most ${most} go`;
  return { faults: [{ stage: 'limit', code: 'item-too-large' satisfies TargetCode, reason }] };
}

function streamVerdict(reply: ApiReply | ApiFailure, { mayBeSplit }: { mayBeSplit: boolean }): Verdict {
  const whenSlow = mayBeSplit ? splitAtLast : stopAtLast;
  if (reply.kind === 'failure') {
    const retry = retryOfFailure(reply);
    return retry.reason.code === 'timed-out' ? { ...retry, plan: whenSlow } : retry;
  }
  switch (reply.status) {
    case 408:
      return { ...retryOf('timed-out', reply, { scope: 'request', taken: 'unknown' }), plan: whenSlow };
    case 413:
      return mayBeSplit
        ? { kind: 'split', because: 'size', reason: reasonFrom('platform-too-large', reply) }
        : fatal('platform-too-large', reply, 'An overwrite load cannot be halved: each half would remove the other.');
    default:
      return commonVerdict(reply, {
        badRequest: 'Something damages the requests on their way, or this program made a wrong one. Look at `preview`.',
        unauthorized:
          'Check RAPTOR_ACCOUNT_ID and RAPTOR_STREAM_ID, and whether "draft" fits the dataflow: a breaking change of its schema makes a new stream id.',
      });
  }
}

/** Answers that mean the same at both endpoints (contract §5). */
function commonVerdict(reply: ApiReply, hints: { badRequest: string; unauthorized: string }): Verdict {
  const { status } = reply;
  // What the body says is nowhere documented, so it is ignored; but a web page is not Raptor's.
  if (status === 200) return isWebPage(reply) ? fatal('reply-unreadable', reply, webPageHint) : { kind: 'accepted' };
  if (status === 400) return fatal('bad-request', reply, hints.badRequest);
  if (status === 401) return fatal('unauthorized', reply, hints.unauthorized);
  if (status === 403) return fatal('forbidden', reply, hints.unauthorized);
  if (status === 404) return fatal('not-found', reply, 'Check baseUrl and accountId.');
  if (status === 429) return retryOf('rate-limited', reply, { scope: 'target', taken: 'no' });
  if (status >= 500) return retryOf('server-error', reply, { scope: 'request', taken: 'unknown' });
  if (status >= 300 && status < 400) return fatal('redirected', reply, 'Check baseUrl, and what stands between.');
  return fatal('unexpected-status', reply, 'The contract names no such answer; look at what stands between.');
}

const fatal = (code: TargetCode, reply: ApiReply, hint: string): Verdict => ({
  kind: 'fatal',
  reason: reasonFrom(code, reply, undefined, hint),
});

export function deleteOperation(endpoint: RaptorEndpoint): Operation {
  return {
    name: 'person.delete',
    family: 'person.delete',
    fields: [userIdField],
    emptyCells: { allowed: ['reject'], fallback: 'reject', why: 'without an id there is nobody to delete' },
    // Asking twice for the same deletion deletes no more than asking once.
    repeatable: true,
    destroys: deletionDestroys,
    notices: [
      'Raptor queues deletions and takes up to 14 days. Do not load these persons again before: their new records may be deleted too.',
    ],
    limits: { items: 1, bytes: endpoint.common.maxBytes ?? defaultBytes },
    laned: false,
    encode: encodeDeletion,
    frame: () => bareFrame,
    request: ({ body }) => ({ method: 'POST', url: endpoint.url, headers: endpoint.headers, body }),
    verdict(given) {
      const reply = endpoint.hideSecrets(given);
      if (reply.kind === 'failure') return retryOfFailure(reply);
      if (reply.status === 408) return retryOf('timed-out', reply, { scope: 'request', taken: 'unknown' });
      // One user a request: a refusal is about this user, and the others may still go.
      if (reply.status === 400 || reply.status === 404 || reply.status === 413) {
        return { kind: 'rejected', reason: reasonFrom('platform-rejected', reply) };
      }
      const keys = 'Check RAPTOR_PRIVACY_API_KEY: it is issued by Raptor, one for each account.';
      return commonVerdict(reply, { badRequest: keys, unauthorized: keys });
    },
    cost: () => 1,
    identicalRefusals,
  };
}

function encodeDeletion(item: JsonObject): ReturnType<Operation['encode']> {
  const { UserId: id } = item;
  const faults: Fault[] = [];
  const add = (field: string, code: TargetCode, reason: string) => faults.push({ stage: 'map', code, reason, field });
  if (id === undefined || id === null || id === '') add('UserId', 'id-missing', 'UserId is empty');
  else if (typeof id !== 'string')
    add('UserId', 'field-type', 'UserId must be text, so that no id is rounded or loses a zero');
  else if (id !== id.trim()) add('UserId', 'field-format', 'UserId has spaces around it: it must be as Raptor has it');
  for (const field of Object.keys(item)) {
    if (field !== 'UserId') add(field, 'field-unknown', `${field} is not part of a deletion: only UserId is`);
  }
  return faults.length > 0 ? { faults } : { json: JSON.stringify(item), route: '', lanes: noLanes };
}
