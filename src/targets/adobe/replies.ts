/** What Adobe's answers mean (contract §5). */
import type { ApiFailure, ApiReply } from '../../model/request.ts';
import type { Reason, RetryPlan, Verdict } from '../../model/verdict.ts';
import type { TargetCode } from '../codes.ts';
import { jsonBody, reasonFrom, retryOf, retryOfFailure } from '../replies.ts';
import { type ItemOutcome, readItems } from './items.ts';
import { hintFor, isObject, isWrongOrganisation, organisationHint, platformSays, syncCheckOf } from './words.ts';

/** "At least three times with exponential back-off" (contract §5.1). */
export const retryPlan: RetryPlan = {
  retries: 6,
  waits: { kind: 'backoff', firstMs: 1000, capMs: 60_000 },
  then: 'stop',
};

/** A 500 can come from one message that the platform chokes on: found by halving (contract §5.1). */
const poisonPlan: RetryPlan = { retries: 3, waits: { kind: 'backoff', firstMs: 1000, capMs: 60_000 }, then: 'split' };

export interface ReplyContext {
  readonly mode: 'batch' | 'single';
  /** Requests carry a token, so a refusal may be cured by a new one. */
  readonly hasToken: boolean;
  /** Synchronous validation was asked for. */
  readonly wantsCheck: boolean;
  readonly repeatable: boolean;
}

export function readReply(reply: ApiReply | ApiFailure, items: number, context: ReplyContext): Verdict {
  if (reply.kind === 'failure') return retryOfFailure(reply);
  switch (reply.status) {
    case 200:
    case 207:
      return context.mode === 'batch' ? readBatch(reply, items, context) : readSingle(reply, context);
    case 400:
      return unreadableRequest(reply, context);
    case 401:
    case 403:
      return refusedCredentials(reply, reply.status, platformSays(reply), context);
    case 404:
      return fatal('not-found', reply, 'Adobe does not know this inlet: compare inletUrl with what its page shows.');
    case 408:
      return retryOf('timed-out', reply, { scope: 'request', taken: 'unknown' });
    case 413:
      return { kind: 'split', reason: reasonFrom('platform-too-large', reply, platformSays(reply)), because: 'size' };
    case 429:
      return retryOf('rate-limited', reply, { scope: 'target', taken: 'no' });
    case 500:
      return { ...retryOf('server-error', reply, { scope: 'request', taken: 'unknown' }), plan: poisonPlan };
    case 501:
      return fatal('sync-check-unavailable', reply, 'Only the VA7 data centre has it: set syncValidation to false.');
    case 503:
      return retryOf('server-error', reply, { scope: 'target', taken: 'unknown' });
    default:
      return undocumented(reply);
  }
}

function undocumented(reply: ApiReply): Verdict {
  const { status } = reply;
  if (status >= 500) return retryOf('server-error', reply, { scope: 'request', taken: 'unknown' });
  // Success, but none of the two that mean "taken": something in between may have answered.
  if (status >= 200 && status < 300) return unreadable(reply);
  if (status >= 300 && status < 400) return fatal('redirected', reply);
  return fatal('unexpected-status', reply);
}

const fatal = (code: TargetCode, reply: ApiReply, hint?: string): Verdict => ({
  kind: 'fatal',
  reason: reasonFrom(code, reply, platformSays(reply), hint),
});

const unreadable = (reply: ApiReply): Verdict =>
  retryOf('reply-unreadable', reply, { scope: 'request', taken: 'unknown' });

function unreadableRequest(reply: ApiReply, { mode }: ReplyContext): Verdict {
  const says = platformSays(reply);
  // The organisation stands in the config: no other row would fare better.
  if (isWrongOrganisation(says)) return fatal('platform-rejected', reply, organisationHint);
  const reason = reasonFrom('platform-rejected', reply, says, hintFor(says));
  return mode === 'single' ? { kind: 'rejected', reason } : { kind: 'split', reason, because: 'blame' };
}

/** Documents disagree on which of 401 and 403 means an aged token (contract §9), so both are read alike. */
function refusedCredentials(
  reply: ApiReply,
  status: number,
  says: string,
  { hasToken }: Pick<ReplyContext, 'hasToken'>,
): Verdict {
  const isFromAllowList = reply.status === 403 && reply.body.trim() === ''; // contract §5.1
  const hint = isFromAllowList
    ? "An empty 403 means that this machine's address is not on the organisation's IP allow-list."
    : hasToken
      ? 'Check clientId, clientSecret and scopes, and whether the credential may write to this sandbox.'
      : 'This inlet may ask for a token: set clientId and clientSecret.';
  const reason = reasonOf(status === 403 ? 'forbidden' : 'unauthorized', status, says, hint);
  return { kind: hasToken ? 'reauthorize' : 'fatal', reason };
}

function reasonOf(code: TargetCode, status: number, says: string, hint?: string): Reason {
  const reason = says === '' ? `the platform answered ${status}` : `the platform answered ${status}: ${says}`;
  return { code, reason, status, ...(hint === undefined ? {} : { hint }) };
}

function readSingle(reply: ApiReply, { wantsCheck }: ReplyContext): Verdict {
  const body = jsonBody(reply);
  if (!isObject(body) || !('xactionId' in body || 'inletId' in body || 'inletID' in body)) return unreadable(reply);
  const check = syncCheckOf(body);
  if (!wantsCheck || !isObject(check)) return { kind: 'accepted' };
  if (check['skipped'] === true) {
    return fatal('check-skipped', reply, 'The row was stored unchecked: set syncValidation to false to go on so.');
  }
  const passed = check['status'] === undefined || check['status'] === 'pass';
  return passed
    ? { kind: 'accepted' }
    : { kind: 'rejected', reason: reasonFrom('platform-rejected', reply, platformSays(reply)) };
}

function readBatch(reply: ApiReply, items: number, context: ReplyContext): Verdict {
  const outcomes = readItems(reply, items);
  if (outcomes === undefined) return unreadable(reply);
  const rejected = new Map<number, Reason>();
  const again: number[] = [];
  let unanswered = 0;
  outcomes.forEach((outcome, index) => {
    if (outcome.kind === 'accepted') return;
    if (outcome.kind === 'refused' && isFinal(outcome.status)) rejected.set(index, reasonOfItem(outcome));
    else again.push(index);
    if (outcome.kind === 'unknown') unanswered += 1;
  });
  if (again.length === 0 && rejected.size === 0) return { kind: 'accepted' };
  // Not a word on some, and a second sending would do harm: then nothing of the chunk is safe to say.
  if (unanswered > 0 && !context.repeatable) return unreadable(reply);
  if (again.length === items) return forAll(reply, outcomes, context);
  const [first] = rejected.values();
  if (rejected.size === items && first !== undefined && isWrongOrganisation(first.reason)) {
    return { kind: 'fatal', reason: first };
  }
  // What asks for a new token is sent again by itself; a whole chunk of it then gets the token. What was taken is not sent twice.
  return { kind: 'partial', rejected, ...(again.length === 0 ? {} : { retry: again }) };
}

const isFinal = (status: number): boolean =>
  status < 500 && status !== 401 && status !== 403 && status !== 408 && status !== 429;

function reasonOfItem({ status, says }: Extract<ItemOutcome, { kind: 'refused' }>): Reason {
  return reasonOf(status === 413 ? 'platform-too-large' : 'platform-rejected', status, says, hintFor(says));
}

/** None was taken and none finally refused. The mildest answer rules: waiting costs least, and the rest shows next time. */
function forAll(reply: ApiReply, outcomes: readonly ItemOutcome[], context: ReplyContext): Verdict {
  const refusals = outcomes.filter((outcome) => outcome.kind === 'refused');
  const limited = refusals.find(({ status }) => status === 429);
  const taken = refusals.length === outcomes.length && refusals.every(({ status }) => status < 500) ? 'no' : 'unknown';
  if (limited !== undefined) {
    const reason = reasonOf('rate-limited', limited.status, limited.says);
    return { ...retryOf('rate-limited', reply, { scope: 'target', taken }), reason };
  }
  const failed = refusals.find(({ status }) => status >= 500 || status === 408);
  if (failed !== undefined) {
    const reason = reasonOf('server-error', failed.status, failed.says);
    return { ...retryOf('server-error', reply, { scope: 'request', taken: 'unknown' }), reason };
  }
  const [denied] = refusals;
  return denied === undefined ? unreadable(reply) : refusedCredentials(reply, denied.status, denied.says, context);
}
