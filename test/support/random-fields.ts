/**
 * Random fields of a mapping: for each kind of value the ways in which a mapping can make it, each with cells that suit
 * it. Cells that suit nothing are mixed in by whoever makes the rows.
 */
import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/model/json.ts';

/** fast-check's hand that draws: `g(fc.integer)`. */
export type Draw = fc.GeneratorValue;

export type Kind =
  | 'id'
  | 'text'
  | 'email'
  | 'integer'
  | 'number'
  | 'decimal'
  | 'boolean'
  | 'date'
  | 'datetime'
  | 'list'
  | 'object'
  | 'any'
  | readonly string[];

export interface RandomField {
  readonly field: Json;
  /** Columns it reads, with cells that suit it. */
  readonly columns: Readonly<Record<string, readonly string[]>>;
}

export const pick = <Value>(draw: Draw, options: readonly Value[]): Value =>
  options[draw(fc.nat, options.length - 1)] as Value;
/** Shrinks to false. */
export const isLucky = (draw: Draw, percent: number): boolean => draw(fc.nat, 99) >= 100 - percent;

/** In the folder of every trial. */
export const sideFiles: Readonly<Record<string, string>> = {
  'codes.csv': 'code;meaning;number\na;alpha;1\nb;beta;2\nx;"x;y";3\nconstructor;built;4\n',
  'codes.ndjson': '{"code":"a","meaning":"alpha"}\n{"code":"b","meaning":"beta"}\n{"code":"__proto__","meaning":"p"}\n',
  'tidy.mjs':
    'export const shout = (value) => typeof value === "string" ? value.toUpperCase() + "!" : value;\n' +
    'export const half = (value) => String(value).slice(0, 1);\n' +
    'export const nothing = () => undefined;\n' +
    'export const odd = (value) => value === "boom" ? value.no.such : value;\n',
};

const texts = [
  'Ada',
  'a',
  'b',
  'x y',
  ' padded ',
  'Åsa 🐢',
  'say "hi"',
  'a;b',
  '00123',
  '=1+1',
  'C-1',
  'O\'Hara, "Bo"',
];
const ids = ['C-1', 'C-2', '0007', 'a b', 'ü', 'x'.repeat(160)];
const addresses = ['ada@example.org', ' Ada@Example.COM ', "o'hara+tag@sub.example.co.uk", 'a@b.se'];
const wholes = ['0', '7', '-12', '1200', '2000000000', '99999', '3600'];
const numbers = ['0', '1.5', '-0.25', '12', '1e3', '0.10'];
const isoDates = ['2024-02-29', '1985-12-10', '2000-01-01'];
const isoMoments = ['2024-02-29T08:30:00Z', '2024-01-20T06:00:00.123Z', '2024-02-01T08:00:00+01:00', '2023-12-31'];

/** A way to make a value: what stands in the mapping (`c` is its column, `d` another), and cells for it. */
type Way = readonly [field: (c: string, d: string) => Json, cells: readonly string[], others?: readonly string[]];

const textWays: readonly Way[] = [
  [(c) => c, texts],
  [(c) => ({ from: c }), texts],
  [(c) => ({ from: c, trim: true }), texts],
  [(c) => ({ from: c, lower: true, sensitive: true }), texts],
  [(c) => ({ from: c, upper: true, type: 'string' }), texts],
  [(c) => ({ from: c, hash: 'sha256', trim: true }), texts],
  [(c, d) => ({ from: [c, d] }), ['', ...texts], texts],
  [(c) => ({ from: c, map: { a: 'alpha', b: 'beta', toString: 'own' } }), ['a', 'b', 'toString']],
  [(c) => ({ from: c, map: { a: 'alpha' }, default: 'none' }), ['a', 'b', 'constructor']],
  [(c) => ({ from: c, lookup: { file: 'codes.csv', key: 'code', value: 'meaning' } }), ['a', 'b', 'x', 'constructor']],
  [
    (c) => ({ from: c, lookup: { file: 'codes.ndjson', key: 'code', value: 'meaning' }, default: 'none' }),
    ['a', '__proto__'],
  ],
  [(c) => ({ from: c, transform: 'tidy.mjs#shout' }), texts],
  [(c) => ({ from: c, transform: 'tidy.mjs#half' }), ['Ada', '🐢 first']],
  [(c) => ({ from: c, transform: 'tidy.mjs#nothing' }), texts],
  [(c) => ({ from: c, transform: 'tidy.mjs#odd' }), ['fine', 'boom']],
  [(c) => ({ from: c, emptyWords: ['-', 'NULL'] }), ['-', 'NULL', 'a']],
  [(c) => ({ expr: `${c} + "!"` }), texts],
  [(c, d) => ({ expr: `${c} == "" ? "none" : ${c} + " " + ${d}`, trim: true }), texts, texts],
  [(c) => ({ expr: `upper(squeeze(${c}))` }), texts],
  [(c) => ({ expr: `padStart(${c}, 9, "🐢")` }), ['a', 'ab']],
  [(c) => ({ expr: `${c}.matches("^[a-z]+$") ? ${c} : ""` }), ['abc', 'A1']],
  [(c) => ({ expr: `row["${c}"].substring(0, 1)` }), ['Ada', '🐢 first']],
  [(c) => ({ expr: `sha256(${c})` }), texts],
  [() => ({ const: 'fixed' }), []],
];

const idWays: readonly Way[] = [
  [(c) => ({ from: c, required: true }), ids],
  [(c) => ({ from: c, trim: true, required: true }), ids],
  [(c) => ({ from: c, hash: 'sha256', required: true }), ids],
  [(c) => ({ from: c, type: 'string', onEmpty: 'reject' }), ids],
  [(c, d) => ({ from: [c, d], required: true }), ['', ...ids], ids],
  [(c) => ({ expr: `"P-" + ${c}`, required: true }), ids],
];

const emailWays: readonly Way[] = [
  [(c) => ({ from: c, type: 'email', trim: true, lower: true }), addresses],
  [(c) => ({ from: c, type: 'email' }), addresses],
  [(c) => c, addresses],
];

const integerWays: readonly Way[] = [
  [(c) => ({ from: c, type: 'integer' }), wholes],
  [(c) => ({ from: c, type: 'integer', trim: true }), [' 7 ', '12']],
  [(c) => ({ from: c, type: 'integer', thousands: '.' }), ['1.200', '3.000.000', '7']],
  [(c) => ({ from: c, type: 'integer', default: 3600 }), wholes],
  [(c) => ({ from: c, map: { a: 60, b: 3600 }, default: 7200 }), ['a', 'b', 'c']],
  [(c) => ({ expr: `int(${c})` }), wholes],
  [() => ({ const: 3600 }), []],
];

const numberWays: readonly Way[] = [
  [(c) => ({ from: c, type: 'number' }), numbers],
  [(c) => ({ from: c, type: 'number', decimal: ',', thousands: '.' }), ['1.234,50', '0,5', '12']],
  [(c) => ({ from: c, type: 'integer' }), wholes],
  [(c) => ({ expr: `double(${c}) * 1.25` }), numbers],
  [() => ({ const: 1.5 }), []],
];

const decimalWays: readonly Way[] = [
  [(c) => ({ from: c, type: 'decimal' }), ['12.50', '0', '-1.0']],
  [(c) => ({ from: c, type: 'decimal', decimal: ',' }), ['12,50', '7']],
  [(c) => c, ['12.50', '0']],
];

const booleanWays: readonly Way[] = [
  [(c) => ({ from: c, type: 'boolean' }), ['true', 'false', 'TRUE']],
  [(c) => ({ from: c, type: 'boolean', trueWords: ['Y', 'ja'], falseWords: ['N', 'nej'] }), ['Y', 'N', 'JA', 'nej']],
  [(c) => ({ from: c, map: { yes: true, no: false } }), ['yes', 'no']],
  [(c) => ({ expr: `${c} == "1"` }), ['1', '0', '']],
  [() => ({ const: false }), []],
];

const dateWays: readonly Way[] = [
  [(c) => ({ from: c, type: 'date' }), isoDates],
  [(c) => ({ from: c, type: 'date', format: 'dd/MM/yyyy' }), ['29/02/2024', '10/12/1985']],
  [(c) => ({ from: c, type: 'date', format: 'd.M.yy', twoDigitYearsFrom: 1930 }), ['1.2.85', '29.2.24']],
  [(c) => ({ from: c, type: 'date', format: 'd MMMM yyyy', locale: 'sv' }), ['1 maj 2021', '10 december 1985']],
  [(c) => c, isoDates],
];

const momentWays: readonly Way[] = [
  [(c) => ({ from: c, type: 'datetime' }), isoMoments],
  [
    (c) => ({ from: c, type: 'datetime', format: 'yyyy-MM-dd HH:mm', zone: 'Europe/Stockholm', ambiguous: 'reject' }),
    ['2024-01-15 09:30', '2023-10-29 02:30', '2023-03-26 02:30', '2023-07-01 00:00'],
  ],
  [(c) => ({ from: c, type: 'datetime', format: 'X' }), ['1700000000', '0', '1']],
  [(c) => ({ from: c, type: 'datetime', format: 'x' }), ['1700000000000', '1700000000001']],
  [(c) => c, isoMoments],
  [(c) => ({ expr: `timestamp(${c})` }), isoMoments.slice(0, 3)],
  [
    (c) => ({ from: c, type: 'datetime', as: 'yyyy-MM-dd HH:mm:ss', asZone: 'Europe/Stockholm' }),
    ['2024-02-29T08:30:00Z', '2023-10-29T01:30:00Z'],
  ],
];

const listWays: readonly Way[] = [
  [(c) => ({ from: c, split: ';' }), ['a;b', 'a', ';', 'a; b;;']],
  [(c) => ({ from: c, split: '|', trim: true, lower: true }), ['A | B', 'x']],
  [(c) => ({ from: c, split: ',', type: 'list<integer>' }), ['1,2', '7']],
  [(c) => ({ from: c, split: ';', map: { a: 'alpha', b: 'beta' } }), ['a;b', 'b']],
  [(c) => ({ expr: `[${c}, "b"]` }), ['a', 'x']],
  [() => ({ const: ['a', 'b'] }), []],
];

const objectWays: readonly Way[] = [
  [(c) => ({ from: c, type: 'json' }), ['{"a":1}', '{"a":"x","b":true}', '[]', '{"a":{"b":null}}', '{"t":"\\ud83d"}']],
  [() => ({ const: { a: 'x' } }), []],
];

const anyWays: readonly Way[] = [
  ...textWays.slice(0, 8),
  ...integerWays.slice(0, 2),
  ...numberWays.slice(0, 2),
  ...booleanWays.slice(0, 3),
  ...momentWays.slice(0, 3),
  ...listWays.slice(0, 2),
  ...objectWays,
];

const waysOf: Readonly<Record<Extract<Kind, string>, readonly Way[]>> = {
  id: idWays,
  text: textWays,
  email: emailWays,
  integer: integerWays,
  number: numberWays,
  decimal: decimalWays,
  boolean: booleanWays,
  date: dateWays,
  datetime: momentWays,
  list: listWays,
  object: objectWays,
  any: anyWays,
};

const wordWays = (words: readonly string[]): readonly Way[] => [
  [(c) => c, words],
  [(c) => ({ from: c, type: 'enum', values: [...words] }), [...words, 'other']],
  [(c) => ({ from: c, map: Object.fromEntries(words.map((word, index) => [String(index), word])) }), ['0', '1', '2']],
  [() => ({ const: words[0] ?? '' }), []],
];

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @param number makes the names of its columns */
export function randomField(draw: Draw, kind: Kind, number: number): RandomField {
  const ways = typeof kind === 'string' ? waysOf[kind] : wordWays(kind);
  const [make, cells, others] = pick(draw, ways);
  const [c, d] = [`c${number}`, `d${number}`];
  const plain = make(c, d);
  const made = isObject(plain) ? withPolicy(draw, plain) : plain;
  const written = JSON.stringify(made);
  const columns: Record<string, readonly string[]> = {};
  if (new RegExp(`\\b${c}\\b`).test(written)) columns[c] = cells;
  if (new RegExp(`\\b${d}\\b`).test(written)) columns[d] = others ?? texts;
  return { field: made, columns };
}

/** What becomes of an empty cell, now and then. Not every target takes every answer: such mappings are refused. */
function withPolicy(draw: Draw, field: JsonObject): JsonObject {
  if ('const' in field || 'default' in field || 'required' in field || 'onEmpty' in field || !isLucky(draw, 30)) {
    return field;
  }
  return isLucky(draw, 25)
    ? { ...field, required: true }
    : { ...field, onEmpty: pick(draw, ['reject', 'reject', 'omit', 'null', 'keep']) };
}
