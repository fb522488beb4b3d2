/**
 * Moves a request and brings back a reply, and nothing else: no retries, no redirects, no opinion. The only file that
 * imports undici. HTTP/1.1 only: of a connection that breaks, one request is in doubt (docs/decisions/0010-http-1-1.md).
 */
import { createRequire } from 'node:module';
import type { Dispatcher } from 'undici';
// `Agent` without the rest: caches, mocks and fetch take longer to load than a short run takes to send.
import Agent from 'undici/lib/dispatcher/agent.js';
import { isLoopbackHost } from '../model/address.ts';
import type { ApiFailure, ApiReply, ApiRequest } from '../model/request.ts';
import type { Milliseconds } from '../model/verdict.ts';
import { proxyAddresses } from './proxy-addresses.ts';
import { failureOf, notSent, timedOut } from './transport-failures.ts';
import { readTls, type TlsFiles } from './transport-tls.ts';
import { Underway, UnderwayChain } from './under-way.ts';

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
  /**
   * What goes wrong is an {@link ApiFailure}; it rejects only for a bug of ours. Once it has resolved, the memory of the request's body may be
   * given back: what is kept or still being written then must be a copy.
   */
  send(request: ApiRequest, signal?: AbortSignal): Promise<ApiReply | ApiFailure>;
  close(): Promise<void>;
}

type Undici = typeof import('undici');

const require = createRequire(import.meta.url);
// A border to untyped code: `require` gives `any`.
const undici = (): Undici => require('undici') as Undici;

/** A platform's answer is short; what is longer is not worth the memory. */
const longestReplyBytes = 1_048_576;

/** @param tls what `readTls` gave, where it was read before. Throws as that does. */
export function createTransport(options: TransportOptions, tls: TlsFiles = readTls(options)): Transport {
  const agentOptions = {
    connections: options.connections,
    pipelining: 1,
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs,
    keepAliveTimeout: 30_000,
    allowH2: false,
    connect: { timeout: options.connectTimeoutMs, ...tls },
  };
  // Without undici's own time-outs: the deadline of `Exchange` begins before each of them.
  const direct = new Agent({ ...agentOptions, headersTimeout: 0, bodyTimeout: 0 });
  const proxied = proxyDispatcher(options, agentOptions, tls);
  const isLoopbackDirect = options.proxy === undefined && noProxy() === undefined;
  const underway = new UnderwayChain(options.timeoutMs);
  // Mostly all requests go to one address, or many in a row do.
  let lastUrl = '';
  let url = new URL('http://localhost');

  return {
    send(request, signal) {
      if (request.url !== lastUrl) {
        url = new URL(request.url);
        lastUrl = request.url;
      }
      const { origin, pathname, search, hostname } = url;
      if (signal?.aborted) {
        return Promise.resolve(notSent);
      }
      const dispatcher = proxied === undefined || (isLoopbackDirect && isLoopbackHost(hostname)) ? direct : proxied;
      return new Promise((resolve) => {
        const exchange = new Exchange(underway, options.timeoutMs, signal, resolve);
        dispatcher.dispatch(
          {
            origin,
            path: pathname + search,
            method: request.method,
            headers: request.headers,
            body: joined(request.body),
          },
          exchange,
        );
      });
    },
    async close() {
      await Promise.all([direct.destroy(), proxied?.destroy()]);
    },
  };
}

/** One request under way, as undici tells of it. It is settled once, by whatever comes first: the reply's end, an error, the deadline, a call-off. */
class Exchange extends Underway implements Dispatcher.DispatchHandler {
  readonly #chain: UnderwayChain;
  readonly #timeoutMs: Milliseconds;
  readonly #resolve: (outcome: ApiReply | ApiFailure) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #isSettled = false;
  #status = 0;
  #headers: Record<string, string> = {};
  readonly #parts: Uint8Array[] = [];
  #size = 0;

  constructor(
    chain: UnderwayChain,
    timeoutMs: Milliseconds,
    signal: AbortSignal | undefined,
    resolve: (outcome: ApiReply | ApiFailure) => void,
  ) {
    super(signal);
    this.#chain = chain;
    this.#timeoutMs = timeoutMs;
    this.#resolve = resolve;
    chain.add(this);
  }

  timeOut(): void {
    this.#giveUp(timedOut(this.#timeoutMs));
  }

  callOff(): void {
    this.#giveUp({ kind: 'failure', code: 'aborted', message: 'called off while in flight', sent: 'unknown' });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // It was given up while it waited for a connection: nothing of it may leave any more.
    if (this.#isSettled) controller.abort(givenUp);
    else this.#controller = controller;
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // 1xx: the reply itself is still to come.
    if (status < 200) return;
    controller.rawHeaders = null;
    this.#status = status;
    this.#headers = flatHeaders(headers);
  }

  onResponseData(controller: Dispatcher.DispatchController, part: Uint8Array): void {
    this.#parts.push(part);
    this.#size += part.length;
    if (this.#size <= longestReplyBytes) return;
    this.#settle(this.#reply(true));
    controller.abort(givenUp);
  }

  onResponseEnd(): void {
    this.#settle(this.#reply(false));
  }

  onResponseError(_controller: unknown, error: unknown): void {
    this.#settle(this.#certain(failureOf(error, this.#timeoutMs)));
  }

  /** What never got a connection (one that breaks in the middle of TLS, a full table of open files) has certainly not left. */
  #certain(failure: ApiFailure): ApiFailure {
    return this.#controller === undefined ? { ...failure, sent: 'no' } : failure;
  }

  #reply(truncated: boolean): ApiReply {
    const [only] = this.#parts;
    const whole = this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts);
    const kept = truncated ? whole.subarray(0, longestReplyBytes) : whole;
    return {
      kind: 'reply',
      status: this.#status,
      headers: this.#headers,
      body: Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength).toString('utf8'),
      truncated,
      receivedAt: Date.now(),
    };
  }

  #giveUp(failure: ApiFailure): void {
    const controller = this.#controller;
    this.#settle(this.#certain(failure));
    controller?.abort(givenUp);
  }

  /**
   * Of what came with the answer. Many an exchange is old to the collector of garbage by then, and what it still held would be
   * kept until all of the heap is marked.
   */
  #letGo(): void {
    this.#controller = undefined;
    this.#headers = {};
    this.#parts.length = 0;
  }

  #settle(outcome: ApiReply | ApiFailure): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#chain.remove(this);
    this.#letGo();
    this.#resolve(outcome);
  }
}

const givenUp = new Error('given up');

/** A copy, also of one part: a socket may still write when the answer has come, and the part's memory be given back by then. */
const joined = (parts: readonly Uint8Array[]): Uint8Array | null => (parts.length === 0 ? null : Buffer.concat(parts));

/** undici gives the names in lower case. */
function flatHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (value !== undefined) flat[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return flat;
}

/** Undefined: nobody has said which hosts are reached without a proxy. */
const noProxy = (): string | undefined => process.env['no_proxy'] ?? process.env['NO_PROXY'];

function proxyDispatcher(
  options: TransportOptions,
  agentOptions: Agent.Options,
  tls: TlsFiles,
): Dispatcher | undefined {
  const addresses = proxyAddresses(options);
  if (addresses.length === 0) return undefined;
  // Here undici takes what concerns a connection from other places. That `proxyTls` is there tells it that a SOCKS proxy speaks TLS.
  const isSocks = addresses.some((address) => /^socks/i.test(address));
  const proxyOptions = {
    ...agentOptions,
    connectTimeout: options.connectTimeoutMs,
    requestTls: tls,
    ...(isSocks ? {} : { proxyTls: { allowH2: false } }),
  };
  return options.proxy === undefined
    ? new (undici().EnvHttpProxyAgent)(proxyOptions)
    : new (undici().ProxyAgent)({ ...proxyOptions, uri: options.proxy });
}
