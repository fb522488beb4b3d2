/** What a test or a curious person may ask: what does the platform hold, and what went on there? */
import type { Profiles } from './profiles.ts';
import { isAlive, type Profile } from './store.ts';

export const readOuts: Readonly<Record<string, string>> = {
  profiles: 'all profiles with ids, living facts and interactions; ?partnerType=…&partnerId=… for one',
  facts: 'all living facts, one a line, with the ids of their profiles',
  feeds: 'data feeds: prefix, key, values',
  engine: 'what made the audience engine look at a profile, in order',
  activations: 'connectors activated, in order',
  races: 'ids for which two profiles were made by requests at the same time',
  overlaps: 'requests for one profile that ran at the same time',
  counts: 'replies by status, and whether the API is locked',
};

export function readProfiles(profiles: Profiles, name: string, query: URLSearchParams, now: number): unknown {
  const { store, activations, overlaps } = profiles;
  const all = () => [...store.profiles.values()];
  switch (name) {
    case 'profiles': {
      const partnerType = query.get('partnerType');
      if (partnerType === null) return all().map((profile) => describe(profile, now));
      const profile = store.find(partnerType, query.get('partnerId') ?? '');
      return profile === undefined ? null : describe(profile, now);
    }
    case 'facts':
      return all().flatMap((profile) => {
        const { profileId, ids, facts } = describe(profile, now);
        return Object.entries(facts).map(([factName, fact]) => ({ profileId, ids, factName, ...fact }));
      });
    case 'engine':
      return store.engine;
    case 'activations':
      return activations;
    case 'races':
      return store.races;
    case 'overlaps':
      return overlaps;
    default:
      return undefined;
  }
}

/** Plain and sorted, so that it can be compared with what somebody else computed. */
function describe({ id, ids, facts, interactions }: Profile, now: number) {
  return {
    profileId: id,
    ids: Object.fromEntries(
      [...ids].filter(([, values]) => values.size > 0).map(([type, values]) => [type, [...values].sort()]),
    ),
    facts: Object.fromEntries(
      [...facts]
        .filter(([, fact]) => isAlive(fact, now))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { properties, ttl, createdAt }]) => [
          name,
          { properties, ttl, createdAt, expiresAt: createdAt + ttl * 1000 },
        ]),
    ),
    interactions: interactions.map(({ timestamp, values }) => ({ timestamp, ...values })),
  };
}
