/**
 * A field's conversion, compiled once: text or JSON in, what is sent out, or a {@link Refusal}. Order: case, map, split, type,
 * hash. Trimming and the question whether there is anything at all come before (see `field.ts`).
 */
import { isJsonObject, isRawNumber, type Json } from '../model/json.ts';
import { elementType, isListType } from './check-field.ts';
import { type Complain, dateFrom, datetimeFrom } from './dates.ts';
import type { MappingField } from './mapping.ts';
import { decimalFrom, digitsOf, type FromText, integerFrom, numberFrom } from './numbers.ts';
import { Refusal } from './refusal.ts';
import type { FieldStyle } from './schema.ts';
import { booleanFrom, emailFrom, enumFrom, hashOf, jsonFrom } from './texts.ts';

export interface Conversion {
  readonly fromText: FromText;
  /** Of values that have a JSON type already: NDJSON, results of expressions. Never called with null. */
  readonly fromJson: (value: Json) => Json | Refusal;
}

/** What a field's lookup finds for a key. */
export type LookUp = (key: string) => string | undefined;

/** Complaints about a value of the field's `map:`. */
export type ComplainMap = (source: string, text: string) => void;

const notText = new Refusal('value-string', 'expected one value, found an object or a list');
const notList = new Refusal('value-list', 'expected a list');
const notFound = new Refusal(
  'value-not-found',
  'the value is not in the file that this field looks it up in (or has nothing beside it), and there is no default',
);
const mostNamed = 8;
/** The words that a map knows are the mapping's own, so they may be shown. */
function notInMap(map: Readonly<Record<string, unknown>>): Refusal {
  const words = Object.keys(map);
  const more = words.length > mostNamed ? ` or ${words.length - mostNamed} others` : '';
  const named = words.slice(0, mostNamed).map((word) => JSON.stringify(word));
  return new Refusal(
    'value-not-in-map',
    `expected one of ${named.join(', ')}${more}: the field's map has no other, and there is no default`,
  );
}

/** What {@link compileConversion} gives for texts that nothing is done to. */
export const asIs: FromText = (text) => text;

export function compileConversion(
  field: MappingField,
  complain: Complain,
  complainMap: ComplainMap,
  lookUp?: LookUp,
): Conversion {
  const typed = typedFrom(field, complain);
  const mapped = lookUp === undefined ? mapFrom(field, typed, complainMap) : lookupFrom(field, typed, lookUp);
  const one = chain(caseFrom(field), mapped ?? typed, field.hash === undefined ? undefined : hashOf(field.hash));
  const isList = isListType(field.type) || field.split !== undefined;
  const fromText = field.split === undefined ? one : splitFrom(field.split, field.trim === true, one);

  const plain = plainTyped(field, typed);
  const touched = mapped !== undefined || field.hash !== undefined || field.lower || field.upper;
  const oneJson = (value: Json): Json | Refusal => {
    if (typeof value === 'string') return one(value);
    if (field.type === 'json' || field.type === 'list<json>') return value;
    const untyped = field.type === undefined || field.type === 'list';
    if (value === null || Array.isArray(value) || isJsonObject(value)) return untyped && !touched ? value : notText;
    if (touched) return one(typeof value === 'boolean' ? String(value) : digitsOf(value));
    if (untyped) return value;
    return plain(value);
  };
  if (!isList) return { fromText, fromJson: oneJson };
  const trimmed = (value: Json): Json => (field.trim === true && typeof value === 'string' ? value.trim() : value);
  return {
    fromText: field.split === undefined ? () => notList : fromText,
    fromJson: (value) => {
      if (typeof value === 'string' && field.split !== undefined) return fromText(value);
      if (!Array.isArray(value)) return notList;
      return all(value, (element) => oneJson(trimmed(element)));
    },
  };
}

/** Converts what the mapping itself holds (const, default, a map's values) as if it had stood in a cell. */
export function convertLiteral(field: MappingField, value: Json): Json | Refusal {
  if (value === null || field.type === undefined) return value;
  const quiet = () => {};
  const bare = { map: undefined, lookup: undefined, hash: undefined, lower: undefined, upper: undefined };
  const plain: MappingField = Object.assign({}, field, bare);
  const { fromText, fromJson } = compileConversion(plain, quiet, quiet);
  return typeof value === 'string' ? fromText(value) : fromJson(value);
}

function typedFrom(field: MappingField, complain: Complain): FromText {
  switch (elementType(field.type)) {
    case 'integer':
      return integerFrom(field);
    case 'number':
      return numberFrom(field);
    case 'decimal':
      return decimalFrom(field);
    case 'boolean':
      return booleanFrom(field.trueWords, field.falseWords);
    case 'date':
      return dateFrom(field, complain);
    case 'datetime':
      return datetimeFrom(field, complain);
    case 'email':
      return emailFrom;
    case 'enum':
      return enumFrom(field.values ?? []);
    case 'json':
      return jsonFrom;
    default:
      return asIs;
  }
}

const plainInteger = integerFrom({});
const plainNumber = numberFrom({});
const plainDecimal = decimalFrom({});

/** For numbers and booleans that come as such: the declared separators and words describe text, not them. */
function plainTyped(field: FieldStyle, typed: FromText): (value: Json) => Json | Refusal {
  const type = elementType(field.type);
  const from = { integer: plainInteger, number: plainNumber, decimal: plainDecimal }[type ?? ''] ?? typed;
  return (value) => {
    if (typeof value === 'boolean') return type === 'boolean' ? value : typed(String(value));
    return typeof value === 'number' || isRawNumber(value) ? from(digitsOf(value)) : notText;
  };
}

function mapFrom(field: MappingField, typed: FromText, complainMap: ComplainMap): FromText | undefined {
  if (field.map === undefined) return undefined;
  const { map: _, ...plain } = field;
  const literal = (value: Json) =>
    field.split === undefined ? convertLiteral(plain, value) : element(plain, typed, value);
  const values = new Map<string, Json | Refusal>();
  for (const [source, value] of Object.entries(field.map)) {
    const converted = literal(value);
    if (converted instanceof Refusal) complainMap(source, converted.reason);
    values.set(source, converted);
  }
  const otherwise = field.default === undefined ? notInMap(field.map) : literal(field.default);
  return (text) => {
    const value = values.get(text);
    return value === undefined ? otherwise : value;
  };
}

function lookupFrom(field: MappingField, typed: FromText, lookUp: LookUp): FromText {
  const { lookup: _, ...plain } = field;
  const otherwise = field.default === undefined ? notFound : convertLiteral(plain, field.default);
  return (text) => {
    const found = lookUp(text);
    return found === undefined || found === '' ? otherwise : typed(found);
  };
}

const element = (field: MappingField, typed: FromText, value: Json): Json | Refusal =>
  typeof value === 'string' ? typed(value) : value === null ? null : plainTyped(field, typed)(value);

function caseFrom(field: FieldStyle): FromText | undefined {
  if (field.lower) return (text) => text.toLowerCase();
  return field.upper ? (text) => text.toUpperCase() : undefined;
}

/** The steps in order; a step that is not there costs nothing for each row. */
function chain(before: FromText | undefined, convert: FromText, hash: FromText | undefined): FromText {
  const first = before === undefined ? convert : (text: string) => convert(before(text) as string);
  if (hash === undefined) return first;
  return (text) => {
    const value = first(text);
    return typeof value === 'string' ? hash(value) : value;
  };
}

function splitFrom(separator: string, trim: boolean, one: FromText): FromText {
  return (text) => {
    const elements: Json[] = [];
    for (let start = 0; start <= text.length; ) {
      const found = text.indexOf(separator, start);
      const end = found < 0 ? text.length : found;
      const part = trim ? text.slice(start, end).trim() : text.slice(start, end);
      start = end + separator.length;
      if (part === '') continue;
      const value = one(part);
      if (value instanceof Refusal) return value;
      elements.push(value);
    }
    return elements;
  };
}

/** Every element, or the first refusal. */
function all<Element>(elements: readonly Element[], convert: (element: Element) => Json | Refusal): Json | Refusal {
  const result: Json[] = [];
  for (const item of elements) {
    const value = convert(item);
    if (value instanceof Refusal) return value;
    result.push(value);
  }
  return result;
}
