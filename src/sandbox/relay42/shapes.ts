/** The shapes that bodies and queries must have; anything else is a 400 (contract §2, §10.3). */
import type { MergeType, Values } from './store.ts';

/** Ends the request with a 400 that says what is wrong. */
export class Malformed extends Error {}

const mostProperties = 64;
const factTtl = { least: 60, most: 504_576_000 };
const feedTtl = { least: 60, most: 630_720_000 };
const mergeTypes = new Set(['NO_MERGE', 'SITE', 'MERGE_NO_OVERRIDE']);
const isMergeType = (value: unknown): value is MergeType => typeof value === 'string' && mergeTypes.has(value);
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export interface FactBody {
  readonly name: string;
  readonly ttl: number;
  readonly properties: Values;
}
export interface IdBody {
  readonly partnerId: string;
  readonly partnerType: string;
}

function demand(holds: boolean, complaint: string): asserts holds {
  if (!holds) throw new Malformed(complaint);
}

const isObject = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const valuesOf = (value: unknown): Values => (isObject(value) ? value : {});

function objectOf(value: unknown, what: string, allowed: readonly string[]): Values {
  demand(isObject(value), `${what} must be an object`);
  for (const name of Object.keys(value)) demand(allowed.includes(name), `${what} has an unknown property ${name}`);
  return value;
}

function nameOf(value: unknown, what: string): string {
  demand(typeof value === 'string' && value !== '', `${what} must be a text that is not empty`);
  return value;
}

function ttlOf(value: unknown, what: string, { least, most } = factTtl): number {
  demand(typeof value === 'number' && Number.isInteger(value), `${what} must be an integer`);
  demand(value >= least && value <= most, `${what} must be ${least} to ${most}`);
  return value;
}

function mapOf(value: unknown, what: string, most = Number.POSITIVE_INFINITY): Values {
  if (value === undefined) return {};
  demand(isObject(value), `${what} must be an object`);
  demand(Object.keys(value).length <= most, `${what} has more than ${most} entries`);
  return value;
}

export function readFacts(body: unknown): FactBody[] {
  demand(Array.isArray(body), 'the body must be an array of facts');
  return body.map((entry: unknown) => {
    const fact = objectOf(entry, 'a fact', ['factName', 'factTtl', 'properties']);
    return {
      name: nameOf(fact['factName'], 'factName'),
      ttl: ttlOf(fact['factTtl'], 'factTtl'),
      properties: mapOf(fact['properties'], 'properties', mostProperties),
    };
  });
}

export function readIds(body: unknown): IdBody[] {
  demand(Array.isArray(body), 'the body must be an array of mappings');
  return body.map((entry: unknown) => {
    const { partnerId, partnerType } = objectOf(entry, 'a mapping', ['partnerId', 'partnerType']);
    demand(
      typeof partnerType === 'number' && Number.isInteger(partnerType) && partnerType > 0,
      'partnerType must be an integer',
    );
    return { partnerId: nameOf(partnerId, 'partnerId'), partnerType: String(partnerType) };
  });
}

type Check = (value: unknown) => boolean;
const text: Check = (value) => typeof value === 'string';
const filled: Check = (value) => typeof value === 'string' && value !== '';
const integer: Check = (value) => Number.isInteger(value);
const truth: Check = (value) => typeof value === 'boolean';

const visit = { url: text, source: text };
const partner = { partnerNumber: integer, partnerCookie: filled };
const interactionTypes: Readonly<Record<string, { readonly parts: Record<string, Check>; readonly needs?: string[] }>> =
  {
    bannerView: { parts: { identifier: text, subIdentifier: text, referral: text } },
    conversion: {
      parts: {
        transactionId: text,
        value: (value) => typeof value === 'number',
        products: Array.isArray,
        variables: isObject,
      },
    },
    engagement: { parts: { type: filled, content: () => true, variables: isObject }, needs: ['type'] },
    experimentMatch: { parts: { experimentGroupNumber: integer, experimentNumber: integer } },
    pageView: { parts: visit },
    sessionStart: { parts: visit },
    userPreferences: { parts: { optOutRemarketing: truth, optOutAdapting: truth } },
    sync: { parts: { ...partner, mergeType: isMergeType }, needs: ['partnerNumber', 'partnerCookie'] },
    thirdPartySync: { parts: partner, needs: ['partnerNumber', 'partnerCookie'] },
    externalFact: {
      parts: {
        type: filled,
        ttl: integer,
        forceInsert: truth,
        variables: isObject,
        operationType: (value) => value === 'INSERT' || value === 'REMOVE',
      },
      needs: ['type'],
    },
  };

export function readInteractions(body: unknown): Values[] {
  const { interactions } = objectOf(body, 'the body', ['interactions']);
  demand(Array.isArray(interactions), 'interactions must be an array');
  return interactions.map(readInteraction);
}

function readInteraction(entry: unknown): Values {
  demand(isObject(entry), 'an interaction must be an object');
  const { interactionType, ...given } = entry;
  const known = typeof interactionType === 'string' && Object.hasOwn(interactionTypes, interactionType);
  const type = known ? interactionTypes[interactionType] : undefined;
  demand(type !== undefined, `unknown interactionType ${JSON.stringify(interactionType)}`);
  for (const [name, value] of Object.entries(given)) {
    const check = Object.hasOwn(type.parts, name) ? type.parts[name] : undefined;
    demand(check !== undefined, `${interactionType} has no property ${name}`);
    demand(check(value), `${name} of ${interactionType} has a wrong value`);
  }
  for (const name of type.needs ?? []) demand(name in given, `${interactionType} needs ${name}`);
  if (interactionType === 'externalFact') {
    if (given['operationType'] !== 'REMOVE') ttlOf(given['ttl'], 'ttl');
    mapOf(given['variables'], 'variables', mostProperties);
  }
  return entry;
}

export function readFeedValues(body: unknown): Readonly<Record<string, string>> {
  const { values } = objectOf(body, 'the body', ['values']);
  demand(isObject(values), 'values must be an object');
  const texts: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(values)) {
    demand(typeof value === 'string', `value ${name} must be a text`);
    texts[name] = value;
  }
  return texts;
}

export function readActivation(body: unknown): Values & { readonly connectorId: string } {
  const { connectorId, journeyFilters } = objectOf(body, 'the body', ['connectorId', 'journeyFilters']);
  demand(typeof connectorId === 'string' && uuid.test(connectorId), 'connectorId must be a UUID');
  if (journeyFilters === undefined) return { connectorId };
  demand(Array.isArray(journeyFilters), 'journeyFilters must be an array');
  for (const filter of journeyFilters) objectOf(filter, 'a journey filter', ['journeyId', 'stepId']);
  return { connectorId, journeyFilters };
}

export function partnerIdOf(query: URLSearchParams): string {
  const id = query.get('partnerId');
  demand(id !== null && id !== '', 'partnerId is missing');
  return id;
}

export function booleanOf(query: URLSearchParams, name: string): boolean {
  const value = query.get(name) ?? 'false';
  demand(value === 'true' || value === 'false', `${name} must be true or false`);
  return value === 'true';
}

export function mergeTypeOf(given: unknown): MergeType {
  const value = given ?? 'NO_MERGE';
  demand(isMergeType(value), 'mergeType must be NO_MERGE, SITE or MERGE_NO_OVERRIDE');
  return value;
}

export function factNamesOf(query: URLSearchParams): string[] {
  const names = parseJson(query.get('fact') ?? '', 'fact');
  demand(Array.isArray(names) && names.length > 0 && names.every(filled), 'fact must be a JSON array of names');
  return names;
}

export function feedTtlOf(query: URLSearchParams): number | undefined {
  const ttl = query.get('ttl');
  if (ttl === null) return undefined;
  demand(/^\d+$/.test(ttl), 'ttl must be an integer');
  return ttlOf(Number(ttl), 'ttl', feedTtl);
}

/** Contract §2: the charset must be named when text may be more than ASCII; what is not named as UTF-8 is not read as such. */
export function bodyOf(headers: Readonly<Record<string, string>>, body: Buffer): unknown {
  const contentType = headers['content-type'] ?? '';
  demand(/^application\/json\s*(;|$)/i.test(contentType), 'Content-Type must be application/json');
  const isUtf8 = /;\s*charset="?utf-8"?\s*(;|$)/i.test(contentType);
  return parseJson(body.toString(isUtf8 ? 'utf8' : 'latin1'), 'the body');
}

function parseJson(given: string, what: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    throw new Malformed(`${what} is not valid JSON`);
  }
}
