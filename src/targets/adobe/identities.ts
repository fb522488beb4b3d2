/**
 * `identityMap`: whom a row is about. XDM wants `{Email: [{id, primary}]}`; a mapping may say `identityMap.Email: email`
 * and gets that shape. Values that Adobe would skip without a word (contract §4) are faults here.
 */
import type { Fault } from '../../model/fault.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import { fault } from './values.ts';

const ecid = /^\d{38}$/; // contract §4
const longestId = 1024; // contract §4
const authenticatedStates: ReadonlySet<unknown> = new Set(['ambiguous', 'authenticated', 'loggedOut']); // contract §6

export interface Identities {
  /** In XDM's own shape. */
  readonly map: JsonObject;
  /** `namespace:id` of each. */
  readonly names: readonly string[];
}

/**
 * @param primary namespace whose first identity is marked as the primary one, unless the row itself marks one
 * @returns undefined when the row has no identityMap or when it is at fault
 */
export function readIdentities(
  value: Json | undefined,
  primary: string | undefined,
  faults: Fault[],
): Identities | undefined {
  if (value === undefined) {
    if (primary !== undefined) faults.push(missingPrimary(primary));
    return undefined;
  }
  if (!isJsonObject(value)) {
    faults.push(fault('field-type', 'identityMap must be an object of namespaces', 'identityMap', value));
    return undefined;
  }
  const map: JsonObject = {};
  const names: string[] = [];
  const before = faults.length;
  for (const namespace in value) {
    const given = value[namespace];
    if (given === undefined) continue;
    const list = Array.isArray(given) ? given : [given];
    const read: JsonObject[] = [];
    for (const one of list) {
      const identity = readIdentity(namespace, one, faults);
      if (identity === undefined) continue;
      read.push(identity.item);
      names.push(`${namespace}:${identity.id}`);
    }
    if (read.length > 0) map[namespace] = read;
  }
  if (faults.length > before) return undefined;
  if (primary !== undefined) markPrimary(map, primary, faults);
  else if (names.length === 0) faults.push(fault('id-missing', 'identityMap has no identity in it', 'identityMap'));
  return faults.length > before ? undefined : { map, names };
}

function readIdentity(
  namespace: string,
  given: Json,
  faults: Fault[],
): { readonly id: string; readonly item: JsonObject } | undefined {
  const path = `identityMap.${namespace}`;
  const item = isJsonObject(given) ? given : { id: given };
  const { id } = item;
  if (typeof id !== 'string') {
    faults.push(
      fault('field-type', `${path} must hold text; a number as an id needs "type: string" in the mapping`, path, given),
    );
    return undefined;
  }
  const wrong = whatIsWrongWithId(namespace, id);
  if (wrong !== undefined) {
    faults.push(fault('field-format', `${path} ${wrong}`, path, id));
    return undefined;
  }
  for (const key in item) {
    const part = item[key];
    if (key === 'id') continue;
    if (key === 'primary') {
      if (typeof part !== 'boolean')
        faults.push(fault('field-type', `${path}.primary must be true or false`, path, part));
    } else if (key === 'authenticatedState') {
      if (authenticatedStates.has(part)) continue;
      const reason = `${path}.authenticatedState must be ambiguous, authenticated or loggedOut`;
      faults.push(fault('field-enum', reason, path, part));
    } else {
      faults.push(fault('field-unknown', `${path} knows id, primary and authenticatedState, not ${key}`, path));
    }
  }
  return { id, item };
}

function whatIsWrongWithId(namespace: string, id: string): string | undefined {
  if (id.trim() === '') return 'is empty: Adobe would make an identity of it that many people share';
  if (namespace.toUpperCase() === 'ECID') {
    return ecid.test(id) ? undefined : 'must have exactly 38 digits; Adobe skips others without a word';
  }
  return id.length > longestId
    ? `has ${id.length} characters; Adobe skips what has more than ${longestId} without a word`
    : undefined;
}

/** A copy where it changes something: what came in belongs to the row. */
function markPrimary(map: JsonObject, primary: string, faults: Fault[]): void {
  for (const namespace in map) {
    const list = map[namespace];
    if (Array.isArray(list) && list.some((one) => isJsonObject(one) && one['primary'] === true)) return;
  }
  const list = map[primary];
  const [first, ...others] = Array.isArray(list) ? list : [];
  if (!isJsonObject(first)) {
    faults.push(missingPrimary(primary));
    return;
  }
  map[primary] = [{ ...first, primary: true }, ...others];
}

const missingPrimary = (primary: string) =>
  fault('id-missing', `identityMap.${primary} is the primary identity and the row has none`, `identityMap.${primary}`);
