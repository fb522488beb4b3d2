/** A platform that keeps count: takes arrays of records, remembers how often each id came, delays and fails as told. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Sink {
  readonly url: string;
  /** How often each id was stored. */
  readonly stored: ReadonlyMap<string, number>;
  readonly requests: number;
  close(): Promise<void>;
}

export interface SinkBehaviour {
  /** Milliseconds until the answer, for each request. */
  readonly delay?: () => number;
  /** Status to answer; anything but 200 is answered without storing. */
  readonly status?: (request: number) => number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A request has come in whole and is not answered yet. */
  readonly onRequest?: () => void;
  /** Which key of a record is its id. */
  readonly id?: string;
}

export async function startSink(behaviour: SinkBehaviour = {}): Promise<Sink> {
  const stored = new Map<string, number>();
  let requests = 0;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      requests += 1;
      behaviour.onRequest?.();
      const status = behaviour.status?.(requests) ?? 200;
      if (status === 200) {
        const records: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'));
        for (const record of Array.isArray(records) ? records : [records]) {
          const id = String(record[behaviour.id ?? 'CustomerId']);
          stored.set(id, (stored.get(id) ?? 0) + 1);
        }
      }
      // Stored first, answered later: a client killed in between cannot know.
      setTimeout(() => {
        response.writeHead(status, { ...behaviour.headers });
        response.end();
      }, behaviour.delay?.() ?? 0);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stored,
    get requests() {
      return requests;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
