/** A server that remembers every request and answers as told: what left the machine, when, and how much at once. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface Heard {
  /** From 1. */
  readonly number: number;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Requests that were waiting for their answer when this one came, itself included. */
  readonly inFlight: number;
  /** Milliseconds since the server was started. */
  readonly at: number;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly delay?: number;
  /** Ends the connection in place of an answer. */
  readonly cut?: boolean;
}

export interface Recorder {
  readonly url: string;
  readonly heard: readonly Heard[];
  /** Resolves when this many requests have come. */
  reached(requests: number): Promise<void>;
  /** The records of every request that was answered with 200. */
  readonly stored: readonly Record<string, unknown>[];
}

/** A client that never comes is an error, not a test without end. */
const longestWaitMs = 20_000;

/** `answer` may be replaced while it runs: `recorder.answer = …`. */
export async function startRecorder(
  t: Pick<TestContext, 'after'>,
  answer: (heard: Heard) => Answer = () => ({}),
): Promise<Recorder & { answer: (heard: Heard) => Answer }> {
  const heard: Heard[] = [];
  const stored: Record<string, unknown>[] = [];
  const waiting: { requests: number; resolve(): void }[] = [];
  const startedAt = performance.now();
  let inFlight = 0;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    inFlight += 1;
    const now: Omit<Heard, 'body' | 'number'> = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      inFlight,
      at: performance.now() - startedAt,
    };
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const one: Heard = { ...now, number: heard.length + 1, body: Buffer.concat(parts).toString('utf8') };
      heard.push(one);
      for (const { requests, resolve } of waiting) if (heard.length >= requests) resolve();
      const { status = 200, headers = {}, body = '', delay = 0, cut = false } = recorder.answer(one);
      if (status === 200 && !cut && one.body !== '') {
        stored.push(...recordsIn(one.body));
      }
      const timer = setTimeout(() => {
        inFlight -= 1;
        if (cut) {
          request.socket.destroy();
          return;
        }
        response.writeHead(status, headers);
        response.end(body);
      }, delay);
      // A long delay stands for "never": it must not hold the test up.
      timer.unref();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(
    () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  const { port } = server.address() as AddressInfo;
  const recorder = {
    url: `http://127.0.0.1:${port}`,
    heard,
    stored,
    answer,
    reached(requests: number) {
      if (heard.length >= requests) return Promise.resolve();
      return new Promise<void>((resolve, reject) => {
        waiting.push({ requests, resolve });
        const tooLong = () => reject(new Error(`${heard.length} of ${requests} requests came in ${longestWaitMs} ms`));
        setTimeout(tooLong, longestWaitMs).unref();
      });
    },
  };
  return recorder;
}

/** What is no JSON (a form that asks for a token) holds no records. */
function recordsIn(body: string): Record<string, unknown>[] {
  try {
    const records: unknown = JSON.parse(body);
    return Array.isArray(records) ? records : [records as Record<string, unknown>];
  } catch {
    return [];
  }
}
