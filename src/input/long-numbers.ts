/**
 * Numbers in JSON that a double would change: ids of 19 digits, decimals with more digits than it keeps, exponents out of its range. They stay as their
 * digits. All tests here are cheap and may say yes too often; only `parseKeepingDigits` (`model/json.ts`) decides.
 */

/** A double keeps any 15 digits, so nothing shorter needs a look. */
const suspiciousRun = 16;

const longExponent = /[0-9][eE][+-]?[0-9]{3}/;

/** Whether a line, in a block without long runs of digits, may hold such a number all the same. */
export const mayHoldLongExponent = (text: string): boolean => longExponent.test(text);

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
