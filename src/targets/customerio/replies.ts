/** What Customer.io's answers mean (contract §5.2). Shapes of error bodies are barely documented, so they are read leniently. */
import { isJsonObject } from '../../model/json.ts';
import type { ApiFailure, ApiReply } from '../../model/request.ts';
import type { Verdict } from '../../model/verdict.ts';
import { jsonBody, reasonFrom, retryOf, retryOfFailure } from '../replies.ts';

/** @param items in the request that was answered */
export function verdictOf(reply: ApiReply | ApiFailure, items: number): Verdict {
  if (reply.kind === 'failure') return retryOfFailure(reply);
  const { status } = reply;
  if (status === 200) return afterSuccess(reply);
  if (status === 400) return afterRefusal(reply, items);
  if (status === 401) return { kind: 'fatal', reason: reasonFrom('unauthorized', reply, complaintOf(reply), keyHint) };
  if (status === 403) return { kind: 'fatal', reason: reasonFrom('forbidden', reply, complaintOf(reply), keyHint) };
  if (status === 404) return { kind: 'fatal', reason: reasonFrom('not-found', reply, complaintOf(reply), addressHint) };
  if (status === 408) return retryOf('timed-out', reply, { scope: 'request', taken: 'unknown' });
  if (status === 413) {
    return { kind: 'split', because: 'size', reason: reasonFrom('platform-too-large', reply, complaintOf(reply)) };
  }
  if (status === 429) return retryOf('rate-limited', reply, { scope: 'target', taken: 'no' });
  if (status >= 500) return retryOf('server-error', reply, { scope: 'request', taken: 'unknown' });
  if (status >= 300 && status < 400) {
    return { kind: 'fatal', reason: reasonFrom('redirected', reply, reply.headers['location'] ?? '', redirectHint) };
  }
  return { kind: 'fatal', reason: reasonFrom('unexpected-status', reply, complaintOf(reply)) };
}

const keyHint = 'Check apiKey (the CDP API key of the source, not a Track or App API key) and region.';
const addressHint = 'Check baseUrl: it ends in /v1.';
const redirectHint = 'Check region and baseUrl.';

/** An empty object is all that success says (contract §5.1). Anything else comes from something in between. */
function afterSuccess(reply: ApiReply): Verdict {
  if (reply.body.trim() === '' || (isObject(jsonBody(reply)) && errorsOf(jsonBody(reply)).length === 0)) {
    return { kind: 'accepted' };
  }
  return { kind: 'fatal', reason: reasonFrom('reply-unreadable', reply, complaintOf(reply), addressHint) };
}

/** No index tells which item is at fault, so a batch is halved until the bad one stands alone (contract §5.2). */
function afterRefusal(reply: ApiReply, items: number): Verdict {
  const reason = reasonFrom('platform-rejected', reply, complaintOf(reply));
  return items > 1 ? { kind: 'split', because: 'blame', reason } : { kind: 'rejected', reason };
}

const mostErrorsQuoted = 5;

/** The platform's own words; undefined where the body has none of the known shapes (it is then quoted as it is). */
export function complaintOf(reply: ApiReply): string | undefined {
  const errors = errorsOf(jsonBody(reply));
  if (errors.length === 0) return undefined;
  const more = errors.length > mostErrorsQuoted ? `; and ${errors.length - mostErrorsQuoted} more` : '';
  return errors.slice(0, mostErrorsQuoted).join('; ') + more;
}

/** `meta.errors`, `meta.error`, `errors[]{reason, field, message}`, `{code, message}` (contract §5.1). */
function errorsOf(body: unknown): string[] {
  if (!isObject(body)) return [];
  const meta = isObject(body['meta']) ? body['meta'] : {};
  return [meta['errors'], meta['error'], body['errors'], body['error'], body['message']].flat().flatMap(errorText);
}

function errorText(error: unknown): string[] {
  if (typeof error === 'string') return error === '' ? [] : [error];
  if (!isObject(error)) return [];
  const text = [error['field'], error['reason'], error['message']]
    .filter((part) => typeof part === 'string')
    .join(': ');
  return text === '' ? [] : [text];
}

const isObject = (value: unknown): value is Record<string, unknown> => isJsonObject(value);
