/** What the platform holds: profiles that can be reached through any of their ids (contract §1, §10). */

export type Values = Readonly<Record<string, unknown>>;

export interface Fact {
  readonly properties: Values;
  /** Seconds. */
  readonly ttl: number;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

export interface Interaction {
  readonly eventId: string;
  /** Of arrival: no other time can be given. */
  readonly timestamp: number;
  readonly values: Values;
}

export interface Profile {
  readonly id: string;
  /** Partner type → ids. */
  readonly ids: Map<string, Set<string>>;
  readonly facts: Map<string, Fact>;
  readonly interactions: Interaction[];
}

export type MergeType = 'NO_MERGE' | 'SITE' | 'MERGE_NO_OVERRIDE';

/** Something that made the audience engine look at a profile. */
export interface EngineEvent {
  readonly at: number;
  readonly profileId: string;
  readonly because: 'fact' | 'interactions' | 'merge' | 'connector';
  readonly name?: string;
}

/** Two profiles for one new id: what parallel requests bring about (contract §5, trap 1). */
export interface Race {
  readonly partnerType: string;
  readonly partnerId: string;
  readonly profiles: readonly string[];
}

const platformPartnerType = '42';

export const isAlive = (fact: Fact, now: number): boolean => now < fact.createdAt + fact.ttl * 1000;

export class Store {
  readonly profiles = new Map<string, Profile>();
  readonly engine: EngineEvent[] = [];
  readonly races: Race[] = [];
  private readonly owners = new Map<string, Profile>();
  private numbered = 0;

  find(partnerType: string, partnerId: string): Profile | undefined {
    return partnerType === platformPartnerType
      ? this.profiles.get(partnerId)
      : this.owners.get(keyOf(partnerType, partnerId));
  }

  /** Makes a new profile even when the id has got one meanwhile: that is the race. The later one is found from then on. */
  create(partnerType: string, partnerId: string): Profile {
    const profile: Profile = { id: this.newId(), ids: new Map(), facts: new Map(), interactions: [] };
    const before = this.find(partnerType, partnerId);
    if (before !== undefined) this.races.push({ partnerType, partnerId, profiles: [before.id, profile.id] });
    this.profiles.set(profile.id, profile);
    this.own(profile, partnerType, partnerId);
    return profile;
  }

  /** Ids are counted, not random, so that two runs of a test hold the same. */
  newId(): string {
    this.numbered += 1;
    return `00000000-0000-4000-8000-${this.numbered.toString(16).padStart(12, '0')}`;
  }

  remove(profile: Profile): void {
    this.profiles.delete(profile.id);
    for (const [type, ids] of profile.ids) {
      for (const id of ids) {
        if (this.find(type, id) === profile) this.owners.delete(keyOf(type, id));
      }
    }
  }

  private own(profile: Profile, partnerType: string, partnerId: string): void {
    const ids = profile.ids.get(partnerType) ?? new Set();
    profile.ids.set(partnerType, ids.add(partnerId));
    this.owners.set(keyOf(partnerType, partnerId), profile);
  }

  /** Contract §10.7: an id of another profile stays there (NO_MERGE), or that profile is folded into this one. */
  addId(profile: Profile, partnerType: string, partnerId: string, mergeType: MergeType, now: number): void {
    const owner = this.find(partnerType, partnerId);
    if (owner === undefined) this.own(profile, partnerType, partnerId);
    if (owner === undefined || owner === profile || mergeType === 'NO_MERGE') return;
    this.remove(owner);
    for (const [type, ids] of owner.ids) {
      for (const id of ids) this.own(profile, type, id);
    }
    for (const [name, fact] of owner.facts) {
      const incomingWins = mergeType === 'SITE' && profile.facts.has(name);
      if (!incomingWins) profile.facts.set(name, fact);
    }
    profile.interactions.unshift(...owner.interactions);
    this.engine.push({ at: now, profileId: profile.id, because: 'merge' });
  }

  /** Whether the profile had this id. */
  removeId(profile: Profile, partnerType: string, partnerId: string): boolean {
    const had = profile.ids.get(partnerType)?.delete(partnerId) === true;
    if (had && this.find(partnerType, partnerId) === profile) this.owners.delete(keyOf(partnerType, partnerId));
    return had;
  }

  /** Contract §10.5: what is the same as before changes nothing, its expiry included, unless it is forced in. */
  putFact(profile: Profile, name: string, fact: Fact, forceInsert: boolean): void {
    const before = profile.facts.get(name);
    const isSame =
      before !== undefined &&
      isAlive(before, fact.createdAt) &&
      before.ttl === fact.ttl &&
      sameValues(before.properties, fact.properties);
    if (isSame && !forceInsert) return;
    profile.facts.set(name, fact);
    this.engine.push({ at: fact.createdAt, profileId: profile.id, because: 'fact', name });
  }

  /** Whether there was such a fact. */
  removeFact(profile: Profile, name: string, now: number): boolean {
    const fact = profile.facts.get(name);
    profile.facts.delete(name);
    return fact !== undefined && isAlive(fact, now);
  }
}

const keyOf = (partnerType: string, partnerId: string) => `${partnerType}:${partnerId}`;

function sameValues(a: Values, b: Values): boolean {
  const sorted = (values: Values) => JSON.stringify(Object.entries(values).sort(([x], [y]) => (x < y ? -1 : 1)));
  return sorted(a) === sorted(b);
}
