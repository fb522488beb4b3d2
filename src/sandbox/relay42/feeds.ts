/** Data feeds: tables of texts beside the profiles (contract §2.9). */
import type { Clock, EmulatorReply, EmulatorRequest } from '../emulator.ts';
import { refusal } from './access.ts';
import { bodyOf, feedTtlOf, readFeedValues } from './shapes.ts';

interface Entry {
  readonly values: Readonly<Record<string, string>>;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

export class Feeds {
  private readonly clock: Clock;
  private readonly feeds = new Map<string, Map<string, Entry>>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  define(prefix: string): void {
    if (!this.feeds.has(prefix)) this.feeds.set(prefix, new Map());
  }

  /** @param segments of the path below the site, decoded: `datafeeds`, prefix, `entries`, key. Undefined: no such path */
  handle(request: EmulatorRequest, segments: readonly string[]): EmulatorReply | undefined {
    const [, prefix = '', entries, key] = segments;
    const feed = this.feeds.get(prefix);
    if (entries !== 'entries' || segments.length > 4) return undefined;
    if (feed === undefined) return refusal(404, `No feed ${prefix}`);
    if (request.method === 'GET' && key === undefined) return this.read(feed, request.query);
    if (key === undefined || key === '') return undefined;
    if (request.method === 'POST') {
      const ttl = feedTtlOf(request.query);
      const values = readFeedValues(bodyOf(request.headers, request.body));
      const expiresAt = ttl === undefined ? Number.POSITIVE_INFINITY : this.clock.now() + ttl * 1000;
      feed.set(key, { values, expiresAt });
      return { status: 201 };
    }
    if (request.method !== 'DELETE') return undefined;
    const existed = this.alive(feed).has(key);
    feed.delete(key);
    return existed ? { status: 204 } : refusal(404, `No entry ${key}`);
  }

  private read(feed: Map<string, Entry>, query: URLSearchParams): EmulatorReply {
    const wanted = (query.get('key') ?? '').split(',');
    const found = [...this.alive(feed)].filter(([key]) => wanted.includes(key));
    return { status: 200, body: Object.fromEntries(found.map(([key, { values }]) => [key, values])) };
  }

  private alive(feed: Map<string, Entry>): Map<string, Entry> {
    return new Map([...feed].filter(([, { expiresAt }]) => this.clock.now() < expiresAt));
  }

  /** Prefix → key → values. */
  readOut(): unknown {
    return Object.fromEntries(
      [...this.feeds].map(([prefix, feed]) => [
        prefix,
        Object.fromEntries([...this.alive(feed)].map(([key, { values }]) => [key, values])),
      ]),
    );
  }

  summary(): string[] {
    return [...this.feeds]
      .map(([prefix, feed]) => ({ prefix, size: this.alive(feed).size }))
      .filter(({ size }) => size > 0)
      .map(({ prefix, size }) => `feed ${prefix}: ${size.toLocaleString('en')} ${size === 1 ? 'entry' : 'entries'}`);
  }
}
