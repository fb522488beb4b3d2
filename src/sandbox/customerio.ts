/**
 * Customer.io as its contract describes it (§10): a US and an EU data centre with a source and a key each, strict and
 * permissive mode in full, and the Track host that tells an account's region. Without `X-Strict-Mode: 1` it answers 200 to
 * everything and drops what is wrong, as the real one does; `dropped` tells what and why.
 *
 * Below the prefix: `/us/v1/…`, `/eu/v1/…`, `/track/api/v1/…`. `PUT /__options` changes what the contract leaves open.
 */
import { randomUUID } from 'node:crypto';
import { credentials, type Region, refusalOf, regions, tellRegion } from './customerio/access.ts';
import { itemBytes } from './customerio/item-bytes.ts';
import { parseBody } from './customerio/parse-body.ts';
import { readWorkspace } from './customerio/read-outs.ts';
import { type CallType, complaintsAbout, isCallType, isObject, type Values } from './customerio/validate.ts';
import { Workspace } from './customerio/workspace.ts';
import type { Clock, Emulator, EmulatorReply, EmulatorRequest, EmulatorType } from './emulator.ts';

/** What public documents do not say, with the contract's defaults (§9, §10). */
export interface CustomerioOptions {
  /** A strict batch with one bad call: all of it is refused, or the good ones are stored and the answer is 400 all the same. */
  readonly badItem: 'whole' | 'partial';
  readonly tooLargeStatus: 400 | 413;
  /** Permissive mode, body that is no JSON. */
  readonly unparsableStatus: 200 | 400;
  readonly requestBytes: number;
  readonly itemBytes: number;
  readonly dedupMs: number;
}

const contractDefaults: CustomerioOptions = {
  badItem: 'whole',
  tooLargeStatus: 400,
  unparsableStatus: 200,
  requestBytes: 500_000,
  itemBytes: 32_768,
  dedupMs: 24 * 3600 * 1000,
};

interface Dropped {
  readonly reason: 'auth' | 'region' | 'size' | 'unreadable' | 'invalid' | 'duplicate' | 'suppressed' | 'media-type';
  readonly region: Region;
  readonly strict: boolean;
  /** The status that was answered. */
  readonly status: number;
  readonly text: string;
  readonly messageId?: string;
}

const mostDroppedKept = 10_000;

class Customerio implements Emulator {
  private readonly clock: Clock;
  private readonly initial: CustomerioOptions;
  private options: CustomerioOptions;
  private workspaces = { us: new Workspace(), eu: new Workspace() };
  /** messageId → when it was first received. A Map keeps the order of arrival, so the oldest stand in front. */
  private seen = { us: new Map<string, number>(), eu: new Map<string, number>() };
  private dropped: Dropped[] = [];
  private counts = { requests: 0, calls: 0, dropped: 0, largestBatch: 0 };

  constructor(clock: Clock, options: CustomerioOptions) {
    this.clock = clock;
    this.initial = options;
    this.options = options;
  }

  settings(origin: string): Readonly<Record<string, unknown>> {
    const { apiKey, siteId, trackKey } = credentials.us;
    // The vendor's ceiling is a thousand a second, and nobody else uses this one (contract §4).
    const addresses = { baseUrl: `${origin}/us/v1`, trackUrl: `${origin}/track` };
    return { region: 'us', ...addresses, apiKey, siteId, trackKey, rate: 1000 };
  }

  /** Nothing has to be defined before a load: people, objects and attributes come into being as they are named. */
  provision(): void {}

  reset(): void {
    this.workspaces = { us: new Workspace(), eu: new Workspace() };
    this.seen = { us: new Map(), eu: new Map() };
    this.dropped = [];
    this.counts = { requests: 0, calls: 0, dropped: 0, largestBatch: 0 };
    this.options = this.initial;
  }

  handle(request: EmulatorRequest): EmulatorReply {
    const { path, method } = request;
    if (path === '/__options' && method === 'PUT') return this.setOptions(request);
    if (path === '/track/api/v1/accounts/region' || path === '/track-eu/api/v1/accounts/region') {
      return method === 'GET' ? tellRegion(request) : { status: 405 };
    }
    const [, region, endpoint] = /^\/(us|eu)\/v1\/([a-z]+)$/.exec(path) ?? [];
    if ((region !== 'us' && region !== 'eu') || (endpoint !== 'batch' && !isCallType(endpoint))) return { status: 404 };
    if (method !== 'POST') return { status: 405, headers: { Allow: 'POST' } };
    this.counts.requests++;
    return this.intake(region, endpoint, request);
  }

  private intake(region: Region, endpoint: CallType | 'batch', request: EmulatorRequest): EmulatorReply {
    const strict = request.headers['x-strict-mode'] === '1';
    const refuse = (reason: Dropped['reason'], status: number, text: string): EmulatorReply => {
      this.drop({ reason, region, strict, status: strict ? status : 200, text });
      if (!strict) return accepted;
      return status === 401 ? { status } : { status, body: { meta: { errors: [text] } } };
    };

    const refusal = refusalOf(request, region);
    if (refusal !== undefined) {
      return refuse(refusal, 401, refusal === 'region' ? 'the key of the other region' : 'unknown key');
    }
    if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
      return refuse('media-type', 400, 'Content-Type must be application/json');
    }
    const { tooLargeStatus } = this.options;
    if (request.body.length > this.options.requestBytes) {
      return refuse(
        'size',
        tooLargeStatus,
        `the request has ${request.body.length} bytes, more than ${this.options.requestBytes}`,
      );
    }
    const body = parseBody(request.body);
    if (body === undefined) {
      const reply = refuse('unreadable', 400, 'the body is not valid JSON');
      return strict ? reply : { ...reply, status: this.options.unparsableStatus };
    }
    const calls = endpoint === 'batch' ? (isObject(body) ? body['batch'] : undefined) : [body];
    if (!Array.isArray(calls)) return refuse('invalid', 400, 'batch must be an array');
    const sizes = endpoint === 'batch' ? itemBytes(request.body) : [request.body.length];
    const large = sizes.findIndex((bytes) => bytes > this.options.itemBytes);
    if (large >= 0) {
      return refuse(
        'size',
        tooLargeStatus,
        `call ${large} has ${sizes[large]} bytes, more than ${this.options.itemBytes}`,
      );
    }
    this.counts.largestBatch = Math.max(this.counts.largestBatch, calls.length);
    return this.takeAll(region, strict, calls, endpoint === 'batch' ? undefined : endpoint);
  }

  private takeAll(
    region: Region,
    strict: boolean,
    calls: readonly unknown[],
    type: CallType | undefined,
  ): EmulatorReply {
    const complaints = calls.map((call) => complaintsAbout(call, type));
    const errors = complaints.flat();
    const status = strict && errors.length > 0 ? 400 : 200;
    const refuseAll = status === 400 && this.options.badItem === 'whole';
    calls.forEach((call, index) => {
      const [complaint] = complaints[index] ?? [];
      if (complaint !== undefined) {
        this.drop({ reason: 'invalid', region, strict, status, text: complaint, ...messageIdOf(call) });
      } else if (!refuseAll && isObject(call)) this.takeOne(region, strict, call, type);
    });
    return status === 400 ? { status, body: { meta: { errors } } } : accepted;
  }

  private takeOne(region: Region, strict: boolean, call: Values, pathType: CallType | undefined): void {
    const now = this.clock.now();
    const { messageId = randomUUID() } = messageIdOf(call);
    if (this.wasSeen(region, messageId, now)) {
      this.drop({
        reason: 'duplicate',
        region,
        strict,
        status: 200,
        text: 'this messageId was received before',
        messageId,
      });
      return;
    }
    const type = isCallType(call['type']) ? call['type'] : pathType;
    if (type === undefined) return;
    this.counts.calls++;
    const ignored = this.workspaces[region].take({ type, values: call }, messageId, now);
    if (ignored === 'suppressed') {
      this.drop({ reason: ignored, region, strict, status: 200, text: 'the id is blocked', messageId });
    }
  }

  private wasSeen(region: Region, messageId: string, now: number): boolean {
    const seen = this.seen[region];
    for (const [id, at] of seen) {
      if (now - at < this.options.dedupMs) break;
      seen.delete(id);
    }
    if (seen.has(messageId)) return true;
    seen.set(messageId, now);
    return false;
  }

  private drop(dropped: Dropped): void {
    this.counts.dropped++;
    if (this.dropped.length < mostDroppedKept) this.dropped.push(dropped);
  }

  private setOptions(request: EmulatorRequest): EmulatorReply {
    const given = parseBody(request.body);
    if (!isObject(given)) return { status: 400, body: { error: 'expected an object of options' } };
    const unknown = Object.keys(given).filter((name) => !(name in contractDefaults));
    if (unknown.length > 0) return { status: 400, body: { error: `no such option: ${unknown.join(', ')}` } };
    this.options = { ...this.options, ...given };
    return { status: 200, body: this.options };
  }

  readOut(name: string, query: URLSearchParams): unknown {
    if (name === 'dropped') return this.dropped;
    if (name === 'count') return this.counts;
    const found = readWorkspace(this.workspaces[query.get('region') === 'eu' ? 'eu' : 'us'], name);
    if (!Array.isArray(found)) return found;
    const from = Number(query.get('offset') ?? 0);
    return found.slice(from, from + Number(query.get('limit') ?? found.length));
  }

  summary(): readonly string[] {
    const lines = regions.flatMap((region) => {
      const { people, events, objects, relationships } = this.workspaces[region];
      if (people.size + events.size + objects.size === 0) return [];
      const campaigns = [...events].filter((event) => event.campaigns).length;
      return [
        `region ${region}: ${count(people.size, 'person', 'people')}, ${count(events.size, 'event')} ` +
          `(${count(campaigns, 'of them', 'of them')} would start campaigns), ${count(objects.size, 'object')}, ` +
          `${count(relationships.size, 'relationship')}`,
      ];
    });
    return this.counts.dropped === 0
      ? lines
      : [...lines, `${count(this.counts.dropped, 'call')} or requests refused or dropped`];
  }
}

const accepted: EmulatorReply = { status: 200, body: {} };

const count = (number: number, one: string, many = `${one}s`): string =>
  `${number.toLocaleString('en')} ${number === 1 ? one : many}`;

function messageIdOf(call: unknown): { messageId?: string } {
  const id = isObject(call) ? call['messageId'] : undefined;
  return typeof id === 'string' ? { messageId: id } : {};
}

export const createCustomerio = (clock: Clock, options: Partial<CustomerioOptions> = {}): Emulator =>
  new Customerio(clock, { ...contractDefaults, ...options });

export const customerioEmulator: EmulatorType = {
  platform: 'customerio',
  readOuts: {
    people: 'people and their traits (region=eu for the other data centre; limit=, offset=)',
    visitors: 'anonymous visitors that belong to nobody yet',
    events: 'events, page and screen views',
    campaigns: 'those of them that would start campaigns',
    objects: 'objects by type and id',
    relationships: 'links between people and objects',
    devices: 'push devices by token',
    suppressed: 'blocked ids',
    aliases: 'ids merged into others',
    reports: 'delivery and content reports',
    dropped: 'what was refused or dropped, why, and the status that was answered',
    'unknown-keys': 'top-level keys of calls that no document names',
    count: 'requests, calls taken, largest batch',
    digest: 'one number for all that is stored, whatever its order, and one of each kind',
  },
  create: (clock) => createCustomerio(clock),
};
