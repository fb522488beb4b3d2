/** What all targets do alike when they read a reply. */
import type { ApiFailure, ApiReply } from '../model/request.ts';
import type { Milliseconds, Reason, Verdict } from '../model/verdict.ts';
import type { TargetCode } from './codes.ts';

const keptBodyCharacters = 2000;

/** `Retry-After` in either form (RFC 9110 section 10.2.3): seconds, or an HTTP date. Undefined when absent or senseless. */
export function retryAfterMs(reply: ApiReply): Milliseconds | undefined {
  const header = reply.headers['retry-after']?.trim();
  if (header === undefined || header === '') return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - reply.receivedAt);
}

/** The platform's own words, on one line and short enough for a report. */
export function excerpt(body: string): string {
  return body.slice(0, keptBodyCharacters).replace(/\s+/g, ' ').trim();
}

/** The body as JSON, or undefined: many replies are HTML from something in between. */
export function jsonBody(reply: ApiReply): unknown {
  try {
    return JSON.parse(reply.body);
  } catch {
    return undefined;
  }
}

export function reasonFrom(code: TargetCode, reply: ApiReply, says = excerpt(reply.body), hint?: string): Reason {
  const text = says === '' ? `the platform answered ${reply.status}` : `the platform answered ${reply.status}: ${says}`;
  return { code, reason: text, status: reply.status, ...(hint === undefined ? {} : { hint }) };
}

/** A retry that asks for whatever wait the platform named. */
export function retryOf(
  code: TargetCode,
  reply: ApiReply,
  options: { scope: 'request' | 'target'; taken: 'no' | 'unknown'; counts?: boolean },
): Extract<Verdict, { kind: 'retry' }> {
  const after = retryAfterMs(reply);
  return { kind: 'retry', reason: reasonFrom(code, reply), ...(after === undefined ? {} : { after }), ...options };
}

/** No answer: try again; whether the items were taken is certain only when nothing was sent. */
export function retryOfFailure(failure: ApiFailure): Extract<Verdict, { kind: 'retry' }> {
  return {
    kind: 'retry',
    reason: { code: failure.code === 'timed-out' ? 'timed-out' : 'no-connection', reason: failure.message },
    scope: 'request',
    taken: failure.sent,
  };
}
