/** JSON into CEL's values and back. */
import { isRawNumber, type Json, type JsonObject, rawNumber } from '../model/json.ts';
import { deepestJson } from '../model/json-bounds.ts';
import { cel } from './cel.ts';
import { longestResult } from './functions.ts';
import { Refusal } from './refusal.ts';

/** Whole numbers become ints, so that `age + 1` works and long ids keep their digits. */
export function toCel(value: Json): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(toCel);
  if (isRawNumber(value)) return /^-?\d+$/.test(value.rawJSON) ? BigInt(value.rawJSON) : Number(value.rawJSON);
  // Without a prototype a key called __proto__ is a key like any other.
  const object: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(value)) object[key] = toCel(value[key] ?? null);
  return object;
}

/** How much there is in a value: characters, and one for each element. Stops counting beyond `most`. */
export function weightOf(value: Json | undefined, most: number): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null || isRawNumber(value)) return 1;
  let weight = 1;
  for (const inner of Array.isArray(value) ? value : Object.values(value)) {
    weight += weightOf(inner, most - weight);
    if (weight > most) break;
  }
  return weight;
}

const notSendable = (what: string): Refusal =>
  new Refusal('expression-result', `the expression gave ${what}, which cannot be sent`);
const tooLong = new Refusal('expression-result', 'the expression made more than can be sent');
const tooDeep = notSendable(`something nested more than ${deepestJson} levels deep`);
const half = notSendable('a text with half of a character');

/** Undefined: the expression gave nothing (an empty optional). */
export function fromCel(value: unknown): Json | undefined | Refusal {
  if (typeof value === 'string') return value.length > longestResult ? tooLong : wellFormed(value);
  return convert(value, { left: longestResult, depth: 0 });
}

/** `substring` and transforms can cut a character in two. */
const wellFormed = (text: string): string | Refusal => (text.isWellFormed() ? text : half);

interface Room {
  left: number;
  depth: number;
}

function convert(value: unknown, room: Room): Json | undefined | Refusal {
  room.left -= typeof value === 'string' ? value.length : 1;
  if (room.left < 0) return tooLong;
  switch (typeof value) {
    case 'string':
      return wellFormed(value);
    case 'boolean':
      return value;
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : rawNumber(String(value));
    case 'number':
      return Number.isFinite(value) ? value + 0 : notSendable('NaN or an infinity');
    case 'undefined':
      return undefined;
    case 'object':
      return value === null ? null : convertDeeper(value, room);
    default:
      return notSendable('no value');
  }
}

function convertDeeper(value: object, room: Room): Json | undefined | Refusal {
  if (room.depth === deepestJson) return tooDeep;
  room.depth++;
  const converted = convertObject(value, room);
  room.depth--;
  return converted;
}

function convertObject(value: object, room: Room): Json | undefined | Refusal {
  if (Array.isArray(value)) {
    const list: Json[] = [];
    for (const element of value) {
      const converted = convert(element, room);
      if (converted instanceof Refusal) return converted;
      list.push(converted ?? null);
    }
    return list;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return convertMembers({ ...value }, room);
  // Transforms give back what they found in the row.
  if (isRawNumber(value) && /^[-\d]/.test(value.rawJSON)) return value;
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) return notSendable('a time that does not exist');
    return value.toISOString().replace('.000Z', 'Z');
  }
  // The library does not export these two classes; they name themselves.
  const tag = Object.prototype.toString.call(value);
  if (tag === '[object google.protobuf.Duration]') return String(value);
  if (tag.startsWith('[object value = ')) return convert(BigInt(String(value)), room);
  if (value instanceof cel().Optional) return value.hasValue() ? convert(value.value(), room) : undefined;
  if (value instanceof Uint8Array) return notSendable('bytes');
  if (value instanceof Map)
    return convertMembers(Object.fromEntries(Array.from(value, ([key, inner]) => [String(key), inner])), room);
  return prototype === null ? convertMembers({ ...value }, room) : notSendable('a type');
}

/** In place: nobody else may have the object, and few of its values are not JSON already. */
function convertMembers(members: Record<string, unknown>, room: Room): JsonObject | Refusal {
  for (const key of Object.keys(members)) {
    const inner = members[key];
    const converted = convert(inner, room);
    if (converted instanceof Refusal) return converted;
    if (converted === undefined) {
      delete members[key];
      continue;
    }
    room.left -= key.length;
    if (!key.isWellFormed()) return half;
    if (!Object.is(converted, inner)) members[key] = converted;
  }
  return members as JsonObject;
}
