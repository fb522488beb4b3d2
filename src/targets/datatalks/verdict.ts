/**
 * What a reply of Data Talks means (contract §5). The application answers `{success, messages, requestId, datatalksId, key}`, the
 * gateway before it `{message}`. `key` echoes the caller's access key id, so nothing of a body is quoted unredacted.
 */
import type { ApiFailure, ApiReply } from '../../model/request.ts';
import type { Reason, RetryPlan, Verdict } from '../../model/verdict.ts';
import type { TargetCode } from '../codes.ts';
import { excerpt, jsonBody, reasonFrom, retryAfterMs, retryOfFailure } from '../replies.ts';
import type { secretHider } from '../secrets.ts';
import { forbiddenHint } from './forbidden.ts';

const waits = { kind: 'backoff', firstMs: 1000, capMs: 30_000 } as const;

/** 502, 504, other 5xx and connections: contract §5. */
export const stopAfterSix: RetryPlan = { retries: 6, waits, then: 'stop' };
/** 500 may be the record's own fault; ten in a row are not (contract §5). */
const serverErrorsInRow = 10;
const rejectAfterThree: RetryPlan = { retries: 3, waits, then: 'reject' };
const stopAfterThree: RetryPlan = { retries: 3, waits, then: 'stop' };

/** Hides the credentials wherever they stand in a reply. */
export type Hide = ReturnType<typeof secretHider>;

type Retry = Extract<Verdict, { kind: 'retry' }>;

interface Answer {
  readonly success?: unknown;
  readonly messages?: unknown;
  readonly message?: unknown;
  readonly requestId?: unknown;
  readonly datatalksId?: unknown;
}

const isAnswer = (body: unknown): body is Answer => typeof body === 'object' && body !== null && !Array.isArray(body);

/** The platform's own words, from whichever of the two forms came; of a body of neither form an excerpt, without the echoed `key`. */
export function wordsOf(reply: ApiReply): string {
  const body = jsonBody(reply);
  const said = isAnswer(body)
    ? [...(Array.isArray(body.messages) ? body.messages : [body.messages]), body.message].filter(
        (text) => typeof text === 'string' && text.trim() !== '',
      )
    : [];
  return excerpt(said.length > 0 ? said.join('; ') : reply.body.replace(echoedKey, '$1"•••"'));
}

const echoedKey = /("key"\s*:\s*)"[^"\\]*(?:\\.[^"\\]*)*"?/g;

export function verdictOf(received: ApiReply | ApiFailure, hide: Hide): Verdict {
  const reply = hide(received);
  if (reply.kind === 'failure') return retryOfFailure(reply);
  return reply.status >= 200 && reply.status < 300 ? ofSuccess(reply) : ofRefusal(reply);
}

function ofRefusal(reply: ApiReply): Verdict {
  const { status } = reply;
  const because = (code: TargetCode, hint?: string) => reasonFrom(code, reply, wordsOf(reply), hint);
  const retry = (code: TargetCode, scope: 'request' | 'target', taken: 'no' | 'unknown', plan?: RetryPlan): Retry => {
    const after = retryAfterMs(reply);
    return {
      kind: 'retry',
      reason: withRequestId(because(code), reply),
      scope,
      taken,
      ...(after === undefined ? {} : { after }),
      ...(plan === undefined ? {} : { plan }),
    };
  };

  if (status >= 300 && status < 400) return { kind: 'fatal', reason: because('redirected') };
  switch (status) {
    case 400:
      return { kind: 'rejected', reason: because('platform-rejected') };
    case 401:
      return { kind: 'fatal', reason: because('unauthorized', 'Check DATATALKS_ACCESS_KEY_ID and its secret') };
    case 403:
      return { kind: 'fatal', reason: because('forbidden', forbiddenHint(wordsOf(reply))) };
    case 404:
    case 405:
      return {
        kind: 'fatal',
        reason: because('not-found', 'Check baseUrl: the gateway of Data Talks itself never answers so'),
      };
    case 408:
      return retry('timed-out', 'request', 'unknown');
    case 413:
      return { kind: 'rejected', reason: because('platform-too-large') };
    case 429:
      return retry('rate-limited', 'target', 'no');
    case 500: {
      const verdict = retry('server-error', 'request', 'unknown', rejectAfterThree);
      return { ...verdict, reason: { ...verdict.reason, stopAfter: serverErrorsInRow } };
    }
    case 504:
      return retry('timed-out', 'request', 'unknown');
    default:
      // 503 is of the whole service; the others may be of one request.
      if (status >= 500) return retry('server-error', status === 503 ? 'target' : 'request', 'unknown');
      return { kind: 'fatal', reason: because('unexpected-status') };
  }
}

function ofSuccess(reply: ApiReply): Verdict {
  const body = jsonBody(reply);
  // Only 200 is documented; another 2xx must say success in so many words.
  if (!isAnswer(body) || (reply.status !== 200 && body.success !== true && body.success !== false)) {
    return {
      kind: 'retry',
      reason: reasonFrom(
        'reply-unreadable',
        reply,
        wordsOf(reply),
        'Something that is not Data Talks may be answering: check baseUrl and proxies',
      ),
      scope: 'request',
      taken: 'unknown',
      plan: stopAfterThree,
    };
  }
  if (body.success === false)
    return { kind: 'rejected', reason: reasonFrom('platform-rejected', reply, wordsOf(reply)) };
  const id = body.datatalksId;
  return typeof id === 'string' && id !== ''
    ? { kind: 'accepted', receipts: new Map([[0, id]]) }
    : { kind: 'accepted' };
}

/** For errors that Data Talks wants to hear about with the id of the request. Not for refusals: these are compared by their text. */
function withRequestId(reason: Reason, reply: ApiReply): Reason {
  const body = jsonBody(reply);
  if (!isAnswer(body) || typeof body.requestId !== 'string' || body.requestId === '') return reason;
  return {
    ...reason,
    reason: `${reason.reason} (requestId ${excerpt(body.requestId)})`,
    hint: 'If it lasts, tell Data Talks this requestId',
  };
}
