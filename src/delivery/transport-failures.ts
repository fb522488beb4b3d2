/** What went wrong between here and the platform, in words, and whether anything of the request can have left. */
import type { ApiFailure } from '../model/request.ts';
import type { Milliseconds } from '../model/verdict.ts';

/** Errors that come before a byte of the request has left. */
const beforeSending = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** The run did not want it any more when its turn came. */
export const notSent: ApiFailure = { kind: 'failure', code: 'aborted', message: 'not sent', sent: 'no' };

export const timedOut = (timeoutMs: Milliseconds): ApiFailure => ({
  kind: 'failure',
  code: 'timed-out',
  message: `no complete answer within ${timeoutMs / 1000} s`,
  sent: 'unknown',
});

export function failureOf(error: unknown, timeoutMs: Milliseconds): ApiFailure {
  const code = errorCode(error);
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return timedOut(timeoutMs);
  if (isCertificateTrouble(code)) {
    return {
      kind: 'failure',
      code: 'bad-certificate',
      message: `the certificate is not trusted (${code})`,
      sent: 'no',
    };
  }
  const refused = tunnelRefusal(error);
  if (refused !== undefined) return refused;
  const sent = beforeSending.has(code) ? 'no' : 'unknown';
  return { kind: 'failure', code: code.toLowerCase(), message: connectionMessage(code, error), sent };
}

/** undici says of a proxy that would not open a tunnel no more than this text. Nothing has gone to the platform then. */
function tunnelRefusal(error: unknown): ApiFailure | undefined {
  const [, status] = /^Proxy response \((\d{3})\)/.exec(error instanceof Error ? error.message : '') ?? [];
  if (status === undefined) return undefined;
  const isFinal = status.startsWith('4') && status !== '408' && status !== '429';
  const message = `the proxy answered ${status} when asked for the way to the platform`;
  return { kind: 'failure', code: isFinal ? 'proxy-refused' : 'proxy-failed', message, sent: 'no' };
}

function connectionMessage(code: string, error: unknown): string {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `the platform's host name cannot be resolved (${code})`;
  if (code === 'ECONNREFUSED') return 'the connection was refused (ECONNREFUSED)';
  const message = error instanceof Error ? error.message : String(error);
  return `the connection failed: ${message === '' ? code : message} (${code})`;
}

/** undici wraps; a happy-eyeballs failure is an AggregateError of several. */
export function errorCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'UNKNOWN';
  if ('code' in error && typeof error.code === 'string') return error.code;
  if ('errors' in error && Array.isArray(error.errors) && error.errors.length > 0) return errorCode(error.errors[0]);
  if ('cause' in error && error.cause !== undefined) return errorCode(error.cause);
  return 'UNKNOWN';
}

const isCertificateTrouble = (code: string) => /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS_|EPROTO/.test(code);
