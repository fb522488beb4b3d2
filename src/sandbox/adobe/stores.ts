/**
 * What lies behind the door: rows are held against their schema after they were taken (contract §5.4), and what passes
 * goes to the data lake, which keeps everything, and to Profile, which keeps one of each and drops some without a word.
 */
import { isRawNumber, type Json, type JsonObject } from '../../model/json.ts';
import type { Dataset } from './dataset.ts';
import { type Violation, violationsOf } from './xdm.ts';

/** Into Profile (contract §4); the lake takes more. */
const profileBytes = { event: 10 * 1024, record: 100 * 1024 };
const longestIdentity = 1024; // contract §4

export type PrepOperation = 'create' | 'merge' | 'delete';

export interface Failure {
  readonly datasetId: string;
  readonly _validationErrors?: readonly Partial<Violation>[];
  readonly _errors?: object;
  readonly body: Json | undefined;
}

export interface Drop {
  readonly datasetId: string;
  readonly why: 'event over 10 KB' | 'record over 100 KB' | 'no valid primary identity';
  readonly entity: JsonObject;
}

/** A list whose tail is only counted: a load that fails whole must not fill the memory. */
class Tally<T> {
  total = 0;
  readonly samples: T[] = [];
  add(one: T): void {
    this.total += 1;
    if (this.samples.length < 1000) this.samples.push(one);
  }
}

export class Stores {
  /** By dataset: every row that passed. */
  readonly lake = new Map<string, JsonObject[]>();
  /** By dataset: fragments by primary identity, events by `_id`. */
  readonly profile = new Map<string, Map<string, JsonObject>>();
  readonly identities = new Map<string, Set<string>>();
  readonly failed = new Tally<Failure>();
  readonly dropped = new Tally<Drop>();
  deleted = 0;

  /** A message in XDM, once the platform gets to it. */
  writeXdm(dataset: Dataset, entity: Json | undefined, sourceName: unknown, now: number): void {
    const failure = lateFailure(dataset, entity, sourceName, now);
    if (failure !== undefined) this.failed.add({ datasetId: dataset.id, ...failure, body: entity });
    else if (isObject(entity)) {
      this.appendToLake(dataset.id, entity);
      this.writeProfile(dataset, entity);
    }
  }

  appendToLake(datasetId: string, row: JsonObject): void {
    const rows = this.lake.get(datasetId);
    if (rows === undefined) this.lake.set(datasetId, [row]);
    else rows.push(row);
  }

  /** A row that came through Data Prep with `header.operations` (contract §2.4). */
  writePrepared(dataset: Dataset, row: JsonObject, operations: JsonObject): void {
    const operation = operations['data'] ?? 'create';
    const key = primaryKeyOf(row);
    if (key === undefined) {
      this.dropped.add({ datasetId: dataset.id, why: 'no valid primary identity', entity: row });
      return;
    }
    const identityDatasetId = operations['identityDatasetId'];
    if (operations['identity'] === 'create' && typeof identityDatasetId === 'string') {
      const known = this.identities.get(identityDatasetId) ?? new Set();
      for (const name of identityNames(row)) known.add(name);
      this.identities.set(identityDatasetId, known);
    }
    const fragments = this.fragmentsOf(dataset.id);
    if (operation === 'delete') {
      if (fragments.delete(key)) this.deleted += 1;
      return;
    }
    if (operation === 'create') {
      this.appendToLake(dataset.id, row);
      this.writeProfile(dataset, row);
      return;
    }
    // A wrong set-up overwrites instead of updating (contract §2.4).
    const isMisconfigured = identityDatasetId === dataset.id;
    fragments.set(key, isMisconfigured ? row : merged(fragments.get(key), row));
  }

  private writeProfile(dataset: Dataset, entity: JsonObject): void {
    const kind = classOf(dataset, entity);
    const key = primaryKeyOf(entity);
    const why = dropReason(kind, entity, key);
    if (why !== undefined) {
      this.dropped.add({ datasetId: dataset.id, why, entity });
      return;
    }
    const fragments = this.fragmentsOf(dataset.id);
    // Of an event the first one stays, of a record the last one (contract §7).
    if (kind === 'record') fragments.set(String(key), entity);
    else if (!fragments.has(String(entity['_id']))) fragments.set(String(entity['_id']), entity);
  }

  private fragmentsOf(datasetId: string): Map<string, JsonObject> {
    const fragments = this.profile.get(datasetId) ?? new Map<string, JsonObject>();
    this.profile.set(datasetId, fragments);
    return fragments;
  }
}

function lateFailure(
  dataset: Dataset,
  entity: Json | undefined,
  sourceName: unknown,
  now: number,
): Pick<Failure, '_errors' | '_validationErrors'> | undefined {
  if (typeof sourceName !== 'string' || sourceName === '') {
    return { _errors: { _streamingValidation: [{ message: 'Payload header is missing Source Name' }] } };
  }
  if (!isObject(entity)) return { _validationErrors: [{ message: 'Payload body is missing xdmEntity' }] };
  const violations = entityViolations(dataset, entity, now);
  return violations.length === 0 ? undefined : { _validationErrors: violations };
}

function dropReason(
  kind: keyof typeof profileBytes,
  entity: JsonObject,
  key: string | undefined,
): Drop['why'] | undefined {
  if (Buffer.byteLength(JSON.stringify(entity)) > profileBytes[kind]) {
    return kind === 'event' ? 'event over 10 KB' : 'record over 100 KB';
  }
  // An event without any identity is nobody's, but keeps its place; one whose identities are all invalid is skipped.
  const isSkipped = key === undefined && (kind === 'record' || entity['identityMap'] !== undefined);
  return isSkipped ? 'no valid primary identity' : undefined;
}

/** What a full validation finds in an entity; with the event's own rule that nothing comes from the future (contract §6). */
export function entityViolations(dataset: Dataset, entity: JsonObject, now: number): Violation[] {
  const found = violationsOf(entity, dataset.schema);
  const { timestamp } = entity;
  if (classOf(dataset, entity) === 'event' && typeof timestamp === 'string' && Date.parse(timestamp) > now) {
    found.push({
      schemaLocation: '#/properties/timestamp',
      pointerToViolation: '#/timestamp',
      causingExceptions: [],
      keyword: 'maximum',
      message: `[${timestamp}] lies in the future`,
    });
  }
  return found;
}

const classOf = (dataset: Dataset, entity: JsonObject): 'record' | 'event' => {
  if (dataset.class !== 'either') return dataset.class;
  return entity['_id'] !== undefined && entity['timestamp'] !== undefined ? 'event' : 'record';
};

interface Identity {
  readonly name: string;
  readonly isPrimary: boolean;
}

/** Identities that keep the value rules; the others are skipped (contract §4). */
function identitiesOf(entity: JsonObject): Identity[] {
  const map = entity['identityMap'];
  if (!isObject(map)) return [];
  return Object.entries(map).flatMap(([namespace, list]) => {
    const items = Array.isArray(list) ? list : [];
    return items.flatMap((item): Identity[] => {
      if (!isObject(item) || typeof item['id'] !== 'string') return [];
      const { id } = item;
      const isValid = namespace === 'ECID' ? /^\d{38}$/.test(id) : id.length <= longestIdentity;
      return isValid ? [{ name: `${namespace}:${id}`, isPrimary: item['primary'] === true }] : [];
    });
  });
}

const identityNames = (entity: JsonObject): string[] => identitiesOf(entity).map(({ name }) => name);

/**
 * By which a fragment is found again: the identity marked as primary, or the first one. A real schema may name a field
 * instead; the emulator takes the first plain field of a row without an identityMap.
 */
function primaryKeyOf(entity: JsonObject): string | undefined {
  if (entity['identityMap'] !== undefined) {
    const identities = identitiesOf(entity);
    return (identities.find(({ isPrimary }) => isPrimary) ?? identities[0])?.name;
  }
  const plain = Object.entries(entity).find(([, value]) => typeof value === 'string' || typeof value === 'number');
  return plain === undefined ? undefined : plain.join(':');
}

/** Field by field; lists are replaced. */
function merged(before: JsonObject | undefined, change: JsonObject): JsonObject {
  if (before === undefined) return change;
  const result: JsonObject = { ...before };
  for (const [name, value] of Object.entries(change)) {
    const held = result[name];
    result[name] = isObject(held) && isObject(value) ? merged(held, value) : value;
  }
  return result;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value);
