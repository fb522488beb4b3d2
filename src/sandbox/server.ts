/**
 * One HTTP server on loopback for all emulated platforms, each below a prefix of its own. It moves bytes, scripts faults
 * and answers questions about what the platforms hold; what a platform does stands in its emulator.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { systemClock } from '../model/clock.ts';
import { UserError } from '../model/fault.ts';
import type { SandboxCode } from './codes.ts';
import type { Clock, Emulator, EmulatorReply, EmulatorRequest, EmulatorType } from './emulator.ts';
import { exchange, send } from './exchange.ts';
import { createFaults, type FaultScript, type Faults } from './faults.ts';
import { emulatorTypes } from './index.ts';
import { indexPage } from './index-page.ts';
import { type Inspected, inspect, json, notHere } from './inspect.ts';
import { createRequestLog, type RequestLog } from './request-log.ts';

export interface SandboxOptions {
  /** 0, the default, takes any free one. */
  readonly port?: number;
  readonly host?: string;
  readonly clock?: Clock;
  readonly platforms?: readonly EmulatorType[];
}

export interface Sandbox {
  /** Without a slash at its end. */
  readonly origin: string;
  /** Where a platform's prefix begins: what `Emulator.settings` takes. */
  url(platform: string): string;
  emulator(platform: string): Emulator;
  /** Scripts what goes wrong with this platform's requests from now on; an empty list ends it. Gives how often each rule strikes. */
  script(platform: string, faults: FaultScript): Pick<Faults, 'hits'>;
  /** Ends all connections, hanging ones included. */
  close(): Promise<void>;
}

interface Platform extends Inspected {
  readonly name: string;
  readonly type: EmulatorType;
}

/** No platform takes a request of this size; what is longer is not read to its end. */
const mostBodyBytes = 64 * 1024 * 1024;

/** Throws UserError when the port cannot be had. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const clock = options.clock ?? systemClock;
  const host = options.host ?? '127.0.0.1';
  const platforms = new Map<string, Platform>();
  for (const type of options.platforms ?? emulatorTypes) {
    const name = type.platform;
    platforms.set(name, { name, type, emulator: type.create(clock), faults: createFaults([], clock) });
  }
  const platformNamed = (name: string): Platform => {
    const platform = platforms.get(name);
    if (platform === undefined) throw new RangeError(`no platform "${name}" in this sandbox`);
    return platform;
  };

  const log = createRequestLog();
  const server = createServer((message, response) => {
    readBody(message, (body) => answer({ platforms, clock, log, origin }, message, response, body));
  });
  // A client that reuses a connection just as the server drops it sees a cut that no script asked for.
  server.keepAliveTimeout = 120_000;
  server.requestTimeout = 0;
  await listen(server, options.port ?? 0, host);
  const origin = originOf(server, host);

  return {
    origin,
    url: (platform) => `${origin}/${platformNamed(platform).name}`,
    emulator: (platform) => platformNamed(platform).emulator,
    script(platform, faults) {
      const target = platformNamed(platform);
      target.faults = createFaults(faults, clock);
      return target.faults;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const originOf = (server: Server, host: string) => {
  const address = server.address();
  // A string or null would mean a pipe or a server that does not listen.
  const port = typeof address === 'object' ? address?.port : undefined;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
};

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new UserError('port-taken' satisfies SandboxCode, `The sandbox cannot listen on ${host}:${port}.`, {
          hint: 'Name another port with --port, or --port 0 for any free one.',
          cause: error,
        }),
      ),
    );
    server.listen(port, host, resolve);
  });
}

function readBody(message: IncomingMessage, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  message.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > mostBodyBytes) message.destroy();
    else chunks.push(chunk);
  });
  message.on('end', () => done(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)));
  message.on('error', () => {});
}

interface Context {
  readonly platforms: ReadonlyMap<string, Platform>;
  readonly clock: Clock;
  readonly log: RequestLog;
  readonly origin: string;
}

function answer(context: Context, message: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const rawUrl = message.url ?? '/';
  const mark = rawUrl.indexOf('?');
  const whole = mark === -1 ? rawUrl : rawUrl.slice(0, mark);
  const query = new URLSearchParams(mark === -1 ? '' : rawUrl.slice(mark + 1));
  const method = message.method ?? 'GET';
  const slash = whole.indexOf('/', 1);
  const path = slash === -1 ? '/' : whole.slice(slash);
  const platform = context.platforms.get(whole.slice(1, slash === -1 ? undefined : slash));

  if (platform === undefined) {
    send(response, method === 'GET' ? frontPage(context, whole, query) : notHere);
  } else if (path.startsWith(inspection)) {
    send(response, inspect(platform, { method, name: path.slice(inspection.length), query, body }, context.clock));
  } else {
    void serve(context, platform, { method, path, rawUrl, query, headers: plainHeaders(message), body }, response);
  }
}

const inspection = '/__emu/';

async function serve(
  context: Context,
  platform: Platform,
  request: EmulatorRequest,
  response: ServerResponse,
): Promise<void> {
  const { clock, log } = context;
  const decision = platform.faults.next(request);
  try {
    const status = await exchange(() => platform.emulator.handle(request), response, decision, clock);
    log.add({ at: clock.now(), platform: platform.name, request, status, decision });
  } catch (error) {
    // A fault of the emulator, not of the one who asked: it must not pass for an answer of the platform.
    process.emitWarning(error instanceof Error ? error : String(error));
    response.destroy();
  }
}

function plainHeaders(message: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name in message.headers) {
    const value = message.headers[name];
    if (value !== undefined) headers[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return headers;
}

function frontPage({ platforms, log, origin }: Context, path: string, query: URLSearchParams): EmulatorReply {
  if (path === '/__emu/log') return json(log.entries(query));
  if (path !== '/') return notHere;
  const headers = { 'content-type': 'text/plain; charset=utf-8' };
  return { status: 200, headers, body: indexPage(origin, [...platforms.values()]) };
}
