/** What all targets do alike when they read a reply. */
import type { ApiFailure, ApiReply } from '../model/request.ts';
import type { Milliseconds, Reason, Verdict } from '../model/verdict.ts';
import type { TargetCode } from './codes.ts';

const keptBodyCharacters = 2000;

/**
 * `Retry-After` in either form (RFC 9110 section 10.2.3): seconds, or an HTTP date. Undefined when absent or senseless. A date
 * is taken by the platform's own clock where it tells the time: by one that runs ahead here, every such wait would be over.
 */
export function retryAfterMs({ headers, receivedAt }: ApiReply): Milliseconds | undefined {
  const header = headers['retry-after']?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(header)) return Math.ceil(Number(header) * 1000);
  const date = httpDate(header);
  return date === undefined ? undefined : Math.max(0, date - (httpDate(headers['date'] ?? '') ?? receivedAt));
}

/** Any of its three forms, all of them GMT though one does not say so. `Date.parse` alone makes a date of almost any number. */
function httpDate(text: string): Milliseconds | undefined {
  if (!/^[A-Z][a-z]{2,8}\b.* \d\d:\d\d:\d\d\b/.test(text)) return undefined;
  const date = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(date) ? undefined : date;
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

/**
 * No platform answers an API call so: a proxy, a login or a firewall has answered in its place. The content type says nothing:
 * some servers call an empty body or a plain "OK" text/html.
 */
export const isWebPage = ({ body }: ApiReply): boolean =>
  /^\s*<(?:!--|\?xml|(?:!doctype|html|head|body)\b)/i.test(body);

export const webPageHint =
  'A web page came back instead of an API reply: look for a proxy or login page between here and the platform, and at baseUrl.';

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
