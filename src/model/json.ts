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
export const parseKeepingDigits = (text: string): Json => JSON.parse(text, keepDigits) as Json;

/** Every number stays as it is spelled: `1.10` is not `1.1`. */
export const parseToTheLetter = (text: string): Json => JSON.parse(text, keepSpelling) as Json;

/** More digits than a double surely keeps, or an exponent that it may not reach. */
const longSource = /^-?(?:[0-9][0-9.]{15}|[0-9.]+[eE][+-]?[0-9]{3})/;

type Context = { readonly source?: string };

const keepDigits = (key: string, value: unknown, context?: Context): unknown =>
  context?.source !== undefined && longSource.test(context.source) ? keepSpelling(key, value, context) : value;

const keepSpelling = (_key: string, value: unknown, context?: Context): unknown =>
  typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
    ? rawNumber(context.source)
    : value;
