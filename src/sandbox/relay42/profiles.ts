/** The calls that are about one profile: facts, interactions, mappings, the profile itself, connectors (contract §2, §10). */
import type { Clock, EmulatorReply, EmulatorRequest } from '../emulator.ts';
import { refusal } from './access.ts';
import {
  bodyOf,
  booleanOf,
  factNamesOf,
  type IdBody,
  Malformed,
  mergeTypeOf,
  partnerIdOf,
  readActivation,
  readFacts,
  readIds,
  readInteractions,
  valuesOf,
} from './shapes.ts';
import { isAlive, type Profile, Store, type Values } from './store.ts';

interface Address {
  readonly partnerType: string;
  readonly partnerId: string;
}

type Write = (this: Profiles, address: Address, request: EmulatorRequest) => Promise<EmulatorReply>;

/** Two requests for one profile that ran at the same time. */
export interface Overlap {
  readonly id: string;
  readonly requests: readonly [earlier: string, later: string];
}

export interface Activation {
  readonly at: number;
  readonly profileId: string;
  readonly values: Values;
}

export class Profiles {
  readonly store = new Store();
  readonly connectors = new Set<string>();
  readonly activations: Activation[] = [];
  readonly overlaps: Overlap[] = [];
  private readonly clock: Clock;
  private readonly delays: { readonly creationMs: number; readonly answerMs: number };
  /** Id → the requests that touch it just now. */
  private readonly running = new Map<string, string[]>();

  constructor(clock: Clock, delays: { readonly creationMs: number; readonly answerMs: number }) {
    this.clock = clock;
    this.delays = delays;
  }

  /** @param segments of the path below the site, decoded. Undefined: no such path, or not with this method */
  async handle(request: EmulatorRequest, segments: readonly string[]): Promise<EmulatorReply | undefined> {
    const [branch, partnerType = '', ...rest] = segments;
    const call = `${request.method} ${branch}/${rest.join('/')}`;
    const calls: Readonly<Record<string, Write>> = {
      'POST profiles/facts': this.putFacts,
      'PUT profiles/facts': this.putFacts,
      'DELETE profiles/facts': this.deleteFacts,
      'POST profiles/interactions': this.putInteractions,
      'PUT profiles/interactions': this.putInteractions,
      'POST profiles/mappings': this.putMappings,
      'PUT profiles/mappings': this.putMappings,
      'DELETE profiles/mappings': this.deleteMappings,
      'DELETE profiles/profile': this.deleteProfile,
      'POST journeyorchestration/mappings/activate': this.activate,
    };
    const write = Object.hasOwn(calls, call) ? calls[call] : undefined;
    const isRead = request.method === 'GET' && branch === 'profiles' && rest.length > 0;
    if (write === undefined && !isRead) return undefined;
    if (!/^[1-9]\d*$/.test(partnerType)) throw new Malformed('partnerType must be an integer');
    const address = { partnerType, partnerId: partnerIdOf(request.query) };
    if (write === undefined) return this.read(address, request, rest);
    return write.call(this, address, request);
  }

  /** Runs the write after its delay, on the profile found or, where allowed, made. */
  private async write(
    address: Address,
    request: EmulatorRequest,
    others: readonly IdBody[],
    mayCreate: boolean,
    work: (profile: Profile) => EmulatorReply,
  ): Promise<EmulatorReply> {
    const found = this.find(address);
    const ids = idsOf(address, others, found);
    this.begin(ids, request);
    try {
      await this.clock.sleep(found === undefined ? this.delays.creationMs : this.delays.answerMs);
      if (found !== undefined) {
        // It may have gone away meanwhile: whoever read it writes to nobody.
        return this.store.profiles.has(found.id) ? work(found) : refusal(404, 'No such profile');
      }
      // Nobody can choose the platform's own id.
      if (!mayCreate || address.partnerType === '42') return refusal(404, 'No such profile');
      return work(this.store.create(address.partnerType, address.partnerId));
    } finally {
      this.end(ids, request);
    }
  }

  private begin(ids: ReadonlySet<string>, { method, rawUrl }: EmulatorRequest): void {
    const name = `${method} ${rawUrl}`;
    const [shared] = [...ids].filter((id) => this.running.has(id));
    const [earlier] = (shared === undefined ? undefined : this.running.get(shared)) ?? [];
    if (shared !== undefined && earlier !== undefined) this.overlaps.push({ id: shared, requests: [earlier, name] });
    for (const id of ids) this.running.set(id, [...(this.running.get(id) ?? []), name]);
  }

  private end(ids: ReadonlySet<string>, { method, rawUrl }: EmulatorRequest): void {
    for (const id of ids) {
      const running = this.running.get(id) ?? [];
      running.splice(running.indexOf(`${method} ${rawUrl}`), 1);
      if (running.length === 0) this.running.delete(id);
    }
  }

  private find({ partnerType, partnerId }: Address): Profile | undefined {
    return this.store.find(partnerType, partnerId);
  }

  private putFacts(address: Address, request: EmulatorRequest): Promise<EmulatorReply> {
    const forceInsert = booleanOf(request.query, 'forceInsert');
    booleanOf(request.query, 'renewMappingTtl');
    const facts = readFacts(bodyOf(request.headers, request.body));
    return this.write(address, request, [], request.method === 'POST', (profile) => {
      for (const { name, ttl, properties } of facts) {
        this.store.putFact(profile, name, { ttl, properties, createdAt: this.clock.now() }, forceInsert);
      }
      return created(profile.id);
    });
  }

  private deleteFacts(address: Address, request: EmulatorRequest): Promise<EmulatorReply> {
    const names = factNamesOf(request.query);
    return this.write(address, request, [], false, (profile) => {
      const removed = names.filter((name) => this.store.removeFact(profile, name, this.clock.now()));
      return removed.length > 0 ? { status: 204 } : refusal(404, 'No such fact');
    });
  }

  private putInteractions(address: Address, request: EmulatorRequest): Promise<EmulatorReply> {
    const interactions = readInteractions(bodyOf(request.headers, request.body));
    const ids = interactions.filter((one) => one['interactionType'] === 'sync').map(idOfSync);
    return this.write(address, request, ids, request.method === 'POST', (profile) => {
      for (const values of interactions) this.takeInteraction(profile, values);
      this.store.engine.push({ at: this.clock.now(), profileId: profile.id, because: 'interactions' });
      return created(profile.id);
    });
  }

  private takeInteraction(profile: Profile, values: Values): void {
    const now = this.clock.now();
    if (values['interactionType'] === 'externalFact') {
      const name = String(values['type']);
      if (values['operationType'] === 'REMOVE') {
        this.store.removeFact(profile, name, now);
      } else {
        const fact = { properties: valuesOf(values['variables']), ttl: Number(values['ttl']), createdAt: now };
        this.store.putFact(profile, name, fact, values['forceInsert'] === true);
      }
      return;
    }
    if (values['interactionType'] === 'sync') {
      const { partnerType, partnerId } = idOfSync(values);
      this.store.addId(profile, partnerType, partnerId, mergeTypeOf(values['mergeType']), now);
    }
    profile.interactions.push({ eventId: this.store.newId(), timestamp: now, values });
  }

  private putMappings(address: Address, request: EmulatorRequest): Promise<EmulatorReply> {
    const mergeType = mergeTypeOf(request.query.get('mergeType'));
    const ids = readIds(bodyOf(request.headers, request.body));
    // Both verbs behave the same (contract §2.6).
    return this.write(address, request, ids, true, (profile) => {
      for (const { partnerType, partnerId } of ids) {
        this.store.addId(profile, partnerType, partnerId, mergeType, this.clock.now());
      }
      return { status: 201, body: { profileId: profile.id } };
    });
  }

  private deleteMappings(address: Address, request: EmulatorRequest): Promise<EmulatorReply> {
    const ids = readIds(bodyOf(request.headers, request.body));
    return this.write(address, request, ids, false, (profile) => {
      const removed = ids.filter(({ partnerType, partnerId }) => this.store.removeId(profile, partnerType, partnerId));
      return removed.length > 0 ? { status: 204 } : refusal(404, 'No such mapping');
    });
  }

  private deleteProfile(address: Address, request: EmulatorRequest): Promise<EmulatorReply> {
    return this.write(address, request, [], false, (profile) => {
      this.store.remove(profile);
      return { status: 204 };
    });
  }

  private activate(address: Address, request: EmulatorRequest): Promise<EmulatorReply> {
    const values = readActivation(bodyOf(request.headers, request.body));
    return this.write(address, request, [], false, (profile) => {
      if (!this.connectors.has(values.connectorId.toLowerCase())) return refusal(404, 'No such connector');
      const at = this.clock.now();
      this.activations.push({ at, profileId: profile.id, values });
      this.store.engine.push({ at, profileId: profile.id, because: 'connector', name: values.connectorId });
      return { status: 202 };
    });
  }

  /** Contract §2.11: other names than on writing. */
  private async read(
    address: Address,
    request: EmulatorRequest,
    [section = '', detail]: readonly string[],
  ): Promise<EmulatorReply | undefined> {
    const readers: Readonly<Record<string, (profile: Profile) => string | object>> = {
      profileId: ({ id }) => JSON.stringify(id),
      facts: ({ facts }) =>
        [...facts]
          .filter(([, fact]) => isAlive(fact, this.clock.now()))
          .map(([name, { properties, ttl, createdAt }]) => ({
            creation_time: createdAt,
            name,
            original_ttl: ttl,
            parameters: properties,
          })),
      mappings: ({ ids }) =>
        detail === undefined
          ? Object.fromEntries([...ids].flatMap(([type, of]) => [...of].map((id) => [type, id])))
          : [...(ids.get(detail) ?? [])],
      segments: () => [],
    };
    const reader = Object.hasOwn(readers, section) ? readers[section] : undefined;
    if (reader === undefined) return undefined;
    const found = this.find(address);
    const ids = idsOf(address, [], found);
    this.begin(ids, request);
    await this.clock.sleep(this.delays.answerMs);
    this.end(ids, request);
    if (found === undefined) return refusal(404, 'No such profile');
    return { status: 200, headers: jsonHeader, body: reader(found) };
  }
}

/** All by which requests for one profile can be told to be for one profile. */
function idsOf(address: Address, others: readonly Address[], found: Profile | undefined): ReadonlySet<string> {
  const ids = new Set([address, ...others].map(({ partnerType, partnerId }) => `${partnerType}:${partnerId}`));
  return found === undefined ? ids : ids.add(`42:${found.id}`);
}

const jsonHeader = { 'Content-Type': 'application/json;charset=utf-8' };

/** The body is a JSON string, a bare UUID in quotes (contract §10.6). */
const created = (profileId: string): EmulatorReply => ({
  status: 201,
  headers: jsonHeader,
  body: JSON.stringify(profileId),
});

const idOfSync = (values: Values): IdBody => ({
  partnerType: String(values['partnerNumber']),
  partnerId: String(values['partnerCookie']),
});
