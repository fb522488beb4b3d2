/** What Adobe would refuse late, or drop without a word, found before a row leaves. */
import { hash } from 'node:crypto';
import type { Fault } from '../../model/fault.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { RowContext } from '../target.ts';
import type { EntityCheck } from './schema.ts';
import { fault, isDateTime } from './values.ts';

/** Into Profile: larger ones are dropped from it without a word, ingestion goes on (contract §4). KB is not defined; 1000 is the safe reading. */
export const profileBytes = { event: 10_000, record: 100_000 } as const;
export type EntityClass = keyof typeof profileBytes;

/** One walk over what has parts: a null anywhere is a fault (contract §6). */
function findNulls(value: Json, path: string, faults: Fault[]): void {
  if (value === null) {
    const reason = `${path} is null: Adobe refuses nulls after it has said yes; leave the field out`;
    faults.push(fault('field-null', reason, path));
  } else if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const element = value[index];
      if (typeof element === 'object') findNulls(element, `${path}[${index}]`, faults);
    }
  } else if (isJsonObject(value)) {
    for (const name in value) {
      const inner = value[name];
      if (typeof inner === 'object') findNulls(inner, path === '' ? name : `${path}.${name}`, faults);
    }
  }
}

export const emptyItem: Fault = {
  stage: 'map',
  code: 'item-empty',
  reason: 'nothing is left of the row: every value is empty',
};

/** Everything but the identities, which have rules of their own. */
export function compileEntityCheck(
  entityClass: EntityClass,
  declared: EntityCheck | undefined,
): (entity: JsonObject, row: RowContext, faults: Fault[]) => void {
  const isEvent = entityClass === 'event';
  return (entity, row, faults) => {
    let isEmpty = true;
    for (const name in entity) {
      const value = entity[name];
      if (value === undefined) continue;
      isEmpty = false;
      if (typeof value === 'object' && name !== 'identityMap') findNulls(value, name, faults);
    }
    if (isEmpty) {
      faults.push(emptyItem);
      return;
    }
    if (isEvent) {
      if (entity['_id'] !== undefined && entity['_id'] !== null) checkEventId(entity['_id'], faults);
      if (entity['timestamp'] !== null) checkTimestamp(entity['timestamp'], row.now, faults);
    }
    // A null was named above; a schema would only say the same of it again.
    if (faults.length === 0) declared?.(entity, faults);
  };
}

/**
 * Profile keeps the first event of an `_id`, so it must be the same for every attempt. Hex has none of the colons that
 * the platform advises against (contract §6).
 */
export const eventId = (datasetId: string, row: RowContext): string =>
  hash('sha256', `${datasetId}\n${row.identity}`, 'hex');

/** What RFC 3986 lets stand in a reference; `_id` has format uri-reference (contract §6). */
const uriReference = /^(?!.*%(?![0-9a-f]{2}))[\w\-.~!$&'()*+,;=:@/?#[\]%]+$/i;
const scheme = /^[a-z][a-z0-9+.-]*:/i;
const colonInFirstSegment = /^[^/?#]*:/;

function checkEventId(id: Json, faults: Fault[]): void {
  const advice = 'hash it ("hash: sha256") or leave it out of the mapping';
  if (typeof id !== 'string') {
    faults.push(fault('field-type', `_id must be text; ${advice}`, '_id', id));
  } else if (!uriReference.test(id) || (colonInFirstSegment.test(id) && !scheme.test(id))) {
    faults.push(fault('field-format', `_id must be a URI reference without spaces and colons; ${advice}`, '_id', id));
  }
}

function checkTimestamp(timestamp: Json | undefined, now: number, faults: Fault[]): void {
  const field = 'timestamp';
  if (timestamp === undefined) {
    faults.push(fault('field-missing', 'timestamp is required in an event', field));
  } else if (typeof timestamp !== 'string' || !isDateTime(timestamp)) {
    const reason = 'timestamp must be a time with a zone, as 2025-03-01T12:00:00Z';
    faults.push(fault(typeof timestamp === 'string' ? 'field-format' : 'field-type', reason, field, timestamp));
  } else if (Date.parse(timestamp) > now) {
    faults.push(fault('field-range', 'timestamp lies in the future', field, timestamp));
  }
}
