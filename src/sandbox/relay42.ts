/**
 * Relay42 as its contract describes it (§10): one request, one profile. A profile that is not there is made after a short
 * delay between reading and writing, so that two requests at once for one new id do make two profiles, as they do in
 * reality; `races` tells of each, and `overlaps` of requests for one profile that ran at the same time at all.
 */
import type { FieldRule } from '../targets/target.ts';
import type { Clock, Emulator, EmulatorReply, EmulatorRequest, EmulatorType } from './emulator.ts';
import { type AccessOptions, Gate, refusal } from './relay42/access.ts';
import { Feeds } from './relay42/feeds.ts';
import { Profiles } from './relay42/profiles.ts';
import { readOuts, readProfiles } from './relay42/read-outs.ts';
import { Malformed } from './relay42/shapes.ts';

export interface Relay42Options extends AccessOptions {
  /** Between looking for a profile and making it (contract §10.4). */
  readonly creationMs: number;
  /**
   * What any other call about a profile takes. Not nothing, so that requests for one profile can be seen to overlap; and
   * not far from `creationMs`, or a client that adapts to latency takes every new profile for a sign of overload.
   */
  readonly answerMs: number;
}

const site = '1234';
const user = {
  apiId: 'sandbox@relay42.example',
  accessToken: 'sandbox-access-token',
  jwt: 'sandbox.relay42.jwt',
  sites: [site],
};
/** Known, but not here: what a 401 means at this platform. */
const userElsewhere = { apiId: 'elsewhere@relay42.example', accessToken: 'elsewhere-access-token', sites: ['9999'] };

const contractDefaults: Relay42Options = {
  users: [user, userElsewhere],
  lockAfter: 5,
  lockMs: 15 * 60_000,
  // The contract leaves the figure to each customer's agreement; a real one is far lower.
  budget: 20_000,
  creationMs: 20,
  answerMs: 8,
};

class Relay42 implements Emulator {
  private readonly clock: Clock;
  private readonly options: Relay42Options;
  private gate: Gate;
  private profiles: Profiles;
  private feeds: Feeds;
  private statuses = new Map<number, number>();

  constructor(clock: Clock, options: Relay42Options) {
    this.clock = clock;
    this.options = options;
    this.gate = new Gate(clock, options);
    this.profiles = new Profiles(clock, options);
    this.feeds = new Feeds(clock);
  }

  settings(origin: string): Readonly<Record<string, unknown>> {
    const { apiId, accessToken } = user;
    // The pace is a little below the budget: other systems share it (contract §4).
    const pace = { rate: this.options.budget * 0.8, concurrency: 64 };
    return { baseUrl: origin, siteNumber: site, auth: 'basic', apiId, accessToken, ...pace };
  }

  /** Feeds and connectors are set up in the user interface; profiles, facts and ids come into being as they are written. */
  provision(_operation: string, _fields: readonly FieldRule[], settings: Readonly<Record<string, unknown>>): void {
    const { feedPrefix, connectorId } = settings;
    if (typeof feedPrefix === 'string') this.feeds.define(feedPrefix);
    if (typeof connectorId === 'string') this.profiles.connectors.add(connectorId.toLowerCase());
  }

  reset(): void {
    this.gate = new Gate(this.clock, this.options);
    this.profiles = new Profiles(this.clock, this.options);
    this.feeds = new Feeds(this.clock);
    this.statuses = new Map();
  }

  async handle(request: EmulatorRequest): Promise<EmulatorReply> {
    const reply = await this.answer(request);
    this.statuses.set(reply.status, (this.statuses.get(reply.status) ?? 0) + 1);
    return reply;
  }

  private async answer(request: EmulatorRequest): Promise<EmulatorReply> {
    const [, siteNumber, rest] = /^\/v1\/site-(\d+)\/(.+)$/.exec(request.path) ?? [];
    const refused = this.gate.admit(request, siteNumber ?? site);
    if (refused !== undefined) return refused;
    if (!this.gate.pay(costOf(request))) return refusal(429, 'Too many requests');
    if (rest === undefined) return refusal(404, 'Not found');
    try {
      const segments = rest.split('/').map(decodeURIComponent);
      const reply = segments[0] === 'datafeeds' ? this.feeds.handle(request, segments) : undefined;
      return reply ?? (await this.profiles.handle(request, segments)) ?? refusal(404, 'Not found');
    } catch (error) {
      if (error instanceof Malformed) return refusal(400, error.message);
      if (error instanceof URIError) return refusal(400, 'the path is not properly encoded');
      throw error;
    }
  }

  readOut(name: string, query: URLSearchParams): unknown {
    if (name === 'feeds') return this.feeds.readOut();
    if (name === 'counts') {
      return { statuses: Object.fromEntries(this.statuses), locked: this.gate.isLocked };
    }
    return readProfiles(this.profiles, name, query, this.clock.now());
  }

  summary(): readonly string[] {
    const { store, overlaps } = this.profiles;
    const lines: string[] = [];
    const count = (number: number, one: string, many: string) =>
      `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
    if (store.profiles.size > 0) {
      const all = [...store.profiles.values()];
      const ids = all.flatMap((profile) => [...profile.ids.values()]).reduce((sum, { size }) => sum + size, 0);
      const facts = all.reduce((sum, profile) => sum + profile.facts.size, 0);
      const interactions = all.reduce((sum, profile) => sum + profile.interactions.length, 0);
      lines.push(
        `site ${site}: ${count(all.length, 'profile', 'profiles')} with ${count(ids, 'id', 'ids')}, ` +
          `${count(facts, 'fact', 'facts')} and ${count(interactions, 'interaction', 'interactions')}`,
      );
    }
    lines.push(...this.feeds.summary());
    if (store.races.length > 0) {
      lines.push(`${count(store.races.length, 'id has', 'ids have')} two profiles, made by requests at the same time`);
    }
    if (overlaps.length > 0) {
      lines.push(
        `${count(overlaps.length, 'request was', 'requests were')} sent while another one for the profile ran`,
      );
    }
    return lines;
  }
}

/** Contract §10.2: one for the call, and one for each entry of an array that is written. */
function costOf({ method, body }: EmulatorRequest): number {
  if (method === 'GET' || method === 'DELETE') return 1;
  try {
    const given: unknown = JSON.parse(body.toString('utf8'));
    const list = typeof given === 'object' && given !== null && 'interactions' in given ? given.interactions : given;
    return Array.isArray(list) ? 1 + list.length : 1;
  } catch {
    return 1;
  }
}

export const createRelay42 = (clock: Clock, options: Partial<Relay42Options> = {}): Emulator =>
  new Relay42(clock, { ...contractDefaults, ...options });

export const relay42Emulator: EmulatorType = {
  platform: 'relay42',
  readOuts,
  create: (clock) => createRelay42(clock),
};
