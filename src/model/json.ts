/**
 * JSON as this loader carries it: ordinary JSON plus numbers kept as their digits, because an id of 19 digits that went
 * through a double is another person's id.
 */

/** A number that is written out exactly as it was read; made by {@link rawNumber}, never by hand. */
export interface RawNumber {
  readonly rawJSON: string;
}

export type Json = string | number | boolean | null | RawNumber | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };

// The one border to a JavaScript feature that TypeScript's library does not declare yet (ES "JSON.parse source text access").
const native = JSON as unknown as {
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
};

/** Keeps the digits of `text`, which must be a valid JSON number. Throws SyntaxError if it is not. */
export const rawNumber = (text: string): RawNumber => native.rawJSON(text);

export const isRawNumber = (value: unknown): value is RawNumber => native.isRawJSON(value);

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value);

/** For what may be no JSON: what YAML or a program gave. */
export const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Numbers whose value a double would change stay as their digits. Throws SyntaxError as JSON.parse does. */
export const parseKeepingDigits = (text: string): Json => parseKeeping(text, longNumbers, keepDigits);

/** Every number stays as it is spelled: `1.10` is not `1.1`. Throws SyntaxError as JSON.parse does. */
export const parseToTheLetter = (text: string): Json => parseKeeping(text, oddNumbers, keepSpelling);

type Reviver = (key: string, value: unknown, context?: Context) => unknown;

/**
 * The same as by the reviver, which looks at every value and takes three to ten times as long: the numbers that it would change are sought in the text
 * and put back where their doubles turn up in the result, unless that could be ambiguous.
 *
 * @param numbers all that it would change, and any others: global, the number in its first group
 */
function parseKeeping(text: string, numbers: RegExp, reviver: Reviver): Json {
  const kept = new Map<number, string>();
  for (const [, digits = ''] of text.matchAll(numbers)) {
    const double = Number(digits);
    if (Number.isNaN(double)) continue;
    const other = kept.get(double);
    const unsure = other === undefined ? digits !== String(double) && mayBeWrittenShort(double) : other !== digits;
    if (unsure) return JSON.parse(text, reviver) as Json;
    kept.set(double, digits);
  }
  for (const [double, digits] of kept) if (String(double) === digits) kept.delete(double);
  const value = JSON.parse(text) as Json;
  return kept.size === 0 ? value : withDigits(value, kept);
}

/** More digits than a double surely keeps, or an exponent that it may not reach. */
const long = '-?(?:[0-9][0-9.]{15}|[0-9.]+[eE][+-]?[0-9]{3})';
const longSource = new RegExp(`^${long}`);
/** Such numbers, wherever a value may stand: in texts, too. */
const longNumbers = new RegExp(String.raw`(?:^|[\s:,[])(${long}[0-9.eE+-]*)`, 'g');
/** Numbers that may be spelled in another way than JavaScript spells them: all but whole ones of few digits. */
const oddNumbers = /(?:^|[\s:,[])(-?(?:[0-9]{16}|[0-9]+[.eE]|(?<=-)0)[0-9.eE+-]*)/g;
/** A double keeps any 15 digits. */
const longDigits = 16;

/** Whether a number with too few digits to be sought could give this double. */
const mayBeWrittenShort = (double: number): boolean =>
  String(double)
    .replace(/e.*/, '')
    .replace('.', '')
    .replace(/^[-0]+/, '')
    .replace(/0+$/, '').length < longDigits;

/** Changes what it is given. */
function withDigits(value: Json, kept: ReadonlyMap<number, string>): Json {
  if (typeof value === 'number') {
    const digits = kept.get(value);
    return digits === undefined ? value : rawNumber(digits);
  }
  if (typeof value !== 'object' || value === null) return value;
  // A list is an object whose keys are its indexes; no other object than these two comes out of JSON.parse.
  const holder = value as JsonObject;
  for (const key of Object.keys(holder)) {
    const inner = holder[key];
    if (typeof inner === 'number' || typeof inner === 'object') holder[key] = withDigits(inner, kept);
  }
  return value;
}

type Context = { readonly source?: string };

const keepDigits: Reviver = (key, value, context) =>
  context?.source !== undefined && longSource.test(context.source) ? keepSpelling(key, value, context) : value;

const keepSpelling: Reviver = (_key, value, context) =>
  typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
    ? rawNumber(context.source)
    : value;
