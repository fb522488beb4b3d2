/**
 * Moves a request and brings back a reply, and nothing else: no retries, no redirects, no opinion. The only file that
 * imports undici.
 */
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { Agent, type Dispatcher, EnvHttpProxyAgent, ProxyAgent } from 'undici';
import { isLoopbackHost } from '../model/address.ts';
import { UserError } from '../model/fault.ts';
import type { ApiFailure, ApiReply, ApiRequest } from '../model/request.ts';
import type { Milliseconds } from '../model/verdict.ts';

export interface TransportOptions {
  readonly connections: number;
  /** From the request's first byte to the reply's last. */
  readonly timeoutMs: Milliseconds;
  readonly connectTimeoutMs: Milliseconds;
  /**
   * Address of a proxy, for every request. Otherwise HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the environment hold, and
   * unless NO_PROXY says otherwise, loopback is reached without one.
   */
  readonly proxy?: string | undefined;
  /** PEM files. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface Transport {
  /** Never rejects: what goes wrong is an {@link ApiFailure}. */
  send(request: ApiRequest, signal?: AbortSignal): Promise<ApiReply | ApiFailure>;
  close(): Promise<void>;
}

/** A platform's answer is short; what is longer is not worth the memory. */
const longestReplyBytes = 1_048_576;

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

export function createTransport(options: TransportOptions): Transport {
  const tls = readTls(options);
  const agentOptions = {
    connections: options.connections,
    pipelining: 1,
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs,
    keepAliveTimeout: 30_000,
    connect: { timeout: options.connectTimeoutMs, ...tls },
  };
  const direct = new Agent(agentOptions);
  const proxied = proxyDispatcher(options, agentOptions, tls);
  const isLoopbackDirect = options.proxy === undefined && noProxy() === undefined;

  return {
    async send(request, signal) {
      const url = new URL(request.url);
      const dispatcher = proxied === undefined || (isLoopbackDirect && isLoopbackHost(url.hostname)) ? direct : proxied;
      const deadline = new AbortController();
      const timer = setTimeout(() => deadline.abort(), options.timeoutMs);
      const giveUp = () => deadline.abort();
      signal?.addEventListener('abort', giveUp, { once: true });
      try {
        if (signal?.aborted) return { kind: 'failure', code: 'aborted', message: 'not sent', sent: 'no' };
        const reply = await dispatcher.request({
          origin: url.origin,
          path: url.pathname + url.search,
          method: request.method,
          headers: request.headers,
          body: joined(request.body),
          signal: deadline.signal,
        });
        const { body, truncated } = await readBody(reply.body);
        return {
          kind: 'reply',
          status: reply.statusCode,
          headers: flatHeaders(reply.headers),
          body,
          truncated,
          receivedAt: Date.now(),
        };
      } catch (error) {
        return failureOf(error, deadline.signal.aborted, signal?.aborted ?? false, options.timeoutMs);
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', giveUp);
      }
    },
    async close() {
      await Promise.all([direct.destroy(), proxied?.destroy()]);
    },
  };
}

function joined(parts: readonly Uint8Array[]): Uint8Array | null {
  const [only] = parts;
  if (only === undefined) return null;
  return parts.length === 1 ? only : Buffer.concat(parts);
}

async function readBody(body: AsyncIterable<Uint8Array>): Promise<{ body: string; truncated: boolean }> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    parts.push(part);
    size += part.length;
    if (size > longestReplyBytes) {
      return { body: Buffer.concat(parts).subarray(0, longestReplyBytes).toString('utf8'), truncated: true };
    }
  }
  const [only] = parts;
  if (only === undefined) return { body: '', truncated: false };
  return { body: (parts.length === 1 ? Buffer.from(only) : Buffer.concat(parts)).toString('utf8'), truncated: false };
}

function flatHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

function failureOf(error: unknown, timedOut: boolean, wasCalledOff: boolean, timeoutMs: Milliseconds): ApiFailure {
  const code = errorCode(error);
  if (wasCalledOff) return { kind: 'failure', code: 'aborted', message: 'called off while in flight', sent: 'unknown' };
  if (timedOut || code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
    return {
      kind: 'failure',
      code: 'timed-out',
      message: `no complete answer within ${timeoutMs / 1000} s`,
      sent: 'unknown',
    };
  }
  if (isCertificateTrouble(code)) {
    return {
      kind: 'failure',
      code: 'bad-certificate',
      message: `the certificate is not trusted (${code})`,
      sent: 'no',
    };
  }
  const sent = beforeSending.has(code) ? 'no' : 'unknown';
  return { kind: 'failure', code: code.toLowerCase(), message: connectionMessage(code, error), sent };
}

function connectionMessage(code: string, error: unknown): string {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `the platform's host name cannot be resolved (${code})`;
  if (code === 'ECONNREFUSED') return 'the connection was refused (ECONNREFUSED)';
  const message = error instanceof Error ? error.message : String(error);
  return `the connection failed: ${message === '' ? code : message} (${code})`;
}

/** undici wraps; a happy-eyeballs failure is an AggregateError of several. */
function errorCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'UNKNOWN';
  if ('code' in error && typeof error.code === 'string') return error.code;
  if ('errors' in error && Array.isArray(error.errors) && error.errors.length > 0) return errorCode(error.errors[0]);
  if ('cause' in error && error.cause !== undefined) return errorCode(error.cause);
  return 'UNKNOWN';
}

const isCertificateTrouble = (code: string) => /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS_|EPROTO/.test(code);

/** Undefined: nobody has said which hosts are reached without a proxy. */
const noProxy = (): string | undefined => process.env['no_proxy'] ?? process.env['NO_PROXY'];

function proxyDispatcher(
  options: TransportOptions,
  agentOptions: Agent.Options,
  tls: TlsFiles,
): Dispatcher | undefined {
  if (options.proxy !== undefined) {
    return new ProxyAgent({ ...agentOptions, uri: options.proxy, requestTls: tls });
  }
  const env = process.env;
  const isSet = [env['HTTPS_PROXY'], env['https_proxy'], env['HTTP_PROXY'], env['http_proxy']].some(
    (value) => (value ?? '') !== '',
  );
  return isSet ? new EnvHttpProxyAgent({ ...agentOptions, requestTls: tls }) : undefined;
}

type TlsFiles = Readonly<Record<string, Buffer | (Buffer | string)[]>>;

function readTls(options: TransportOptions): TlsFiles {
  const tls: Record<string, Buffer | (Buffer | string)[]> = {};
  for (const name of ['ca', 'cert', 'key'] as const) {
    const path = options[name];
    if (path === undefined) continue;
    try {
      const pem = readFileSync(path);
      // A private authority comes beside the public ones: the same run may talk to both.
      tls[name] = name === 'ca' ? [...rootCertificates, pem] : pem;
    } catch (error) {
      throw new UserError('config-file-unreadable', `${name}: ${path} cannot be read (${errorCode(error)})`, {
        hint: `Check the target's "${name}" setting.`,
      });
    }
  }
  return tls;
}
