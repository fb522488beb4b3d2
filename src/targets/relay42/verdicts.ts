/** What Relay42's replies mean (contract §5). Its 401 and 403 are the reverse of habit, and a repeated 403 locks the API. */
import type { ApiFailure, ApiReply, ApiRequest } from '../../model/request.ts';
import type { Reason, RetryPlan, Verdict } from '../../model/verdict.ts';
import type { TargetCode } from '../codes.ts';
import { excerpt, isWebPage, jsonBody, reasonFrom, retryOf, retryOfFailure, webPageHint } from '../replies.ts';

const minute = 60_000;

/** Contract §5: for 50x and connection errors, a pause of the whole process; after the last one, stop. */
export const ladder: RetryPlan = {
  retries: 6,
  waits: { kind: 'ladder', stepsMs: [1, 2, 4, 8, 16, 30].map((minutes) => minutes * minute) },
  then: 'stop',
};

/** Contract §4: a 429 is certainly not processed and never gives up by itself; it only slows everyone down. */
const slowDown: RetryPlan = {
  retries: Number.MAX_SAFE_INTEGER,
  waits: { kind: 'backoff', firstMs: 1000, capMs: minute },
  then: 'stop',
};

/** A wrong mapping is refused row after row with the same words; this many are proof enough (contract §5). */
export const identicalRefusals = 20;

export const hints = {
  unauthorized:
    'The user is not known for this site number (at Relay42 that is a 401). Check siteNumber, and that the API account belongs to that site.',
  forbidden:
    'Wrong credentials, no right to this function, or an account locked for inactivity (at Relay42 all three are a 403). ' +
    'Do not simply try again: repeated wrong logins lock the API for 15 minutes, for everyone who uses this account. ' +
    'Check apiId and accessToken first, then run `cdp-load targets check`.',
  notFoundOnPost: 'A POST creates what it does not find: check siteNumber, baseUrl, and the prefix of a data feed.',
  notFound: 'The platform holds no such record, so there was nothing to change.',
} as const;

/**
 * @param items what the request carried: of several, a refusal says only that one of them is wrong, so the chunk is halved
 */
export function verdictOn(
  reply: ApiReply | ApiFailure,
  method: ApiRequest['method'],
  items: number,
): Exclude<Verdict, { kind: 'next' }> {
  if (reply.kind === 'failure') return { ...retryOfFailure(reply), scope: 'target' };
  const { status } = reply;
  if (status >= 200 && status < 300) return whenTaken(reply);
  if (status >= 300 && status < 400) return { kind: 'fatal', reason: reasonFrom('redirected', reply, '') };
  if (status >= 500) return retryOf('server-error', reply, { scope: 'target', taken: 'unknown' });
  switch (status) {
    case 401:
      return { kind: 'fatal', reason: platformReason('unauthorized', reply, hints.unauthorized) };
    case 403:
      return { kind: 'fatal', reason: platformReason('forbidden', reply, hints.forbidden) };
    case 404:
      return method === 'POST'
        ? {
            kind: 'rejected',
            reason: { ...platformReason('not-found', reply, hints.notFoundOnPost), stopAfter: identicalRefusals },
          }
        : { kind: 'skipped', reason: platformReason('not-found', reply, hints.notFound) };
    case 407:
      return { kind: 'fatal', reason: reasonFrom('unexpected-status', reply) };
    case 408:
      return { ...retryOf('timed-out', reply, { scope: 'target', taken: 'unknown' }) };
    case 413:
      return { kind: 'split', because: 'size', reason: platformReason('platform-too-large', reply) };
    case 429:
      return { ...retryOf('rate-limited', reply, { scope: 'target', taken: 'no', counts: false }), plan: slowDown };
    default: {
      const reason = platformReason(status === 400 ? 'platform-rejected' : 'unexpected-status', reply);
      return items > 1 ? { kind: 'split', because: 'blame', reason } : { kind: 'rejected', reason };
    }
  }
}

/** Contract §9: bodies may be empty, text or JSON. A web page is none of these: something in between has answered. */
function whenTaken(reply: ApiReply): Extract<Verdict, { kind: 'accepted' | 'fatal' }> {
  if (!isWebPage(reply)) return { kind: 'accepted' };
  return {
    kind: 'fatal',
    reason: reasonFrom('reply-unreadable', reply, excerpt(reply.body).slice(0, 200), webPageHint),
  };
}

/** The platform's words: `{"errorCode":400,"message":"…"}` by older clients (contract §5), or the body as it is. */
export function platformReason(code: TargetCode, reply: ApiReply, hint?: string): Reason {
  const body = jsonBody(reply);
  const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : undefined;
  return reasonFrom(code, reply, typeof message === 'string' ? excerpt(message) : excerpt(reply.body), hint);
}

const idText = /^[\w-]{1,128}$/;

/** The id in a reply to GET profileId: seen as a JSON string, as bare text, and to be expected as an object (contract §7). */
export function readProfileId(reply: ApiReply): string | undefined {
  const body = jsonBody(reply);
  const id =
    typeof body === 'string'
      ? body
      : typeof body === 'object' && body !== null && 'profileId' in body
        ? body.profileId
        : reply.body;
  const text = typeof id === 'string' ? id.trim() : '';
  return idText.test(text) ? text : undefined;
}
