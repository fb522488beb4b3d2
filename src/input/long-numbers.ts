/**
 * Numbers in JSON that a double would change: ids of 19 digits, decimals with more digits than it keeps, exponents out of its range. They stay as their
 * digits. All tests here are cheap and may say yes too often; only {@link parseLine} decides.
 */
import { type Json, type JsonObject, parseKeepingDigits, rawNumber } from '../model/json.ts';

/** A double keeps any 15 digits, so nothing shorter needs a look. */
const suspiciousRun = 16;

/** A number where a value may stand, with 16 characters of digits or more, or an exponent of three digits. */
const longNumber = /[\s:,[]-?(?:[0-9][0-9.]{15}|[0-9.]+[eE][+-]?[0-9]{3})/;
const longToken = /[\s:,[](-?(?:[0-9][0-9.]{15}|[0-9.]+[eE][+-]?[0-9]{3})[0-9.eE+-]*)/g;
const longExponent = /[0-9][eE][+-]?[0-9]{3}/;

/** Whether a line, in a block without long runs of digits, may hold such a number all the same. */
export const mayHoldLongExponent = (text: string): boolean => longExponent.test(text);

/** The same of one line. */
export const holdsLongNumber = (line: string): boolean => longNumber.test(line);

/** A run of 16 digits and points has one of them at every 16th place: nearly all of the block is jumped over. */
export function hasDigitRun(utf8: Uint8Array): boolean {
  let at = suspiciousRun - 1;
  while (at < utf8.length) {
    let from = at;
    const lowest = at - suspiciousRun + 1;
    while (from >= lowest && isDigitOrPoint(utf8[from])) from--;
    if (from < lowest) return true;
    at = from + suspiciousRun;
  }
  return false;
}

const isDigitOrPoint = (unit: number | undefined): boolean =>
  unit !== undefined && ((unit >= 48 && unit <= 57) || unit === 46);

/**
 * The same outcome as {@link parseKeepingDigits}, two to three times as fast: its reviver looks at every number. Here the long ones are sought in the text and put
 * back where their doubles turn up in the result, unless that could be ambiguous.
 */
export function parseLine(line: string): Json {
  const kept = new Map<number, string>();
  for (const [, text = ''] of line.matchAll(longToken)) {
    const double = Number(text);
    if (Number.isNaN(double)) continue;
    const other = kept.get(double);
    const unsure = other === undefined ? text !== String(double) && mayBeWrittenShort(double) : other !== text;
    if (unsure) return parseKeepingDigits(line);
    kept.set(double, text);
  }
  for (const [double, text] of kept) if (String(double) === text) kept.delete(double);
  const value = JSON.parse(line) as Json;
  if (kept.size > 0 && typeof value === 'object' && value !== null) putBack(value, kept);
  return value;
}

/** Whether a number with too few digits to be noticed could give this double. */
const mayBeWrittenShort = (double: number): boolean =>
  String(double)
    .replace(/e.*/, '')
    .replace('.', '')
    .replace(/^[-0]+/, '')
    .replace(/0+$/, '').length < suspiciousRun;

function putBack(node: Json, kept: ReadonlyMap<number, string>): void {
  // A list is an object whose keys are its indexes; no other object than these two comes out of JSON.parse.
  const holder = node as JsonObject;
  for (const key of Object.keys(holder)) {
    const value = holder[key];
    if (typeof value === 'number') {
      const text = kept.get(value);
      if (text !== undefined) holder[key] = rawNumber(text);
    } else if (typeof value === 'object' && value !== null) {
      putBack(value, kept);
    }
  }
}
