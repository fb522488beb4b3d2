/**
 * Numbers out of text. Digits are never lost: what a double cannot hold travels as its digits. Nothing is guessed:
 * separators other than the full stop must be declared, and a leading zero is refused rather than dropped.
 */
import { isRawNumber, type Json, type RawNumber, rawNumber } from '../model/json.ts';
import { Refusal } from './refusal.ts';

export interface NumberStyle {
  readonly decimal?: string;
  readonly thousands?: string;
}

export type FromText<Value extends Json = Json> = (text: string) => Value | Refusal;

/** A double holds any number of up to 15 significant digits, and gives them back. */
const safeDigits = 15;

const zero = 48;
const nine = 57;

const noInteger = new Refusal('value-integer', 'expected an integer: digits only, with or without a sign');
const zeroLed = new Refusal(
  'value-integer',
  'expected an integer, and it has leading zeros: keep it as type: string, or they are lost',
);
const noNumber = new Refusal('value-number', 'expected a number');
const zeroLedNumber = new Refusal(
  'value-number',
  'expected a number, and it has leading zeros: keep it as type: string, or they are lost',
);
const grouped = new Refusal('value-number', 'expected a number with its thousands in groups of three');
const groupedInteger = new Refusal('value-integer', 'expected an integer with its thousands in groups of three');

export function integerFrom(style: NumberStyle): FromText<number | RawNumber> {
  const { thousands } = style;
  if (thousands === undefined) return plainInteger;
  const ungroup = ungrouping(thousands);
  return (text) => {
    const digits = ungroup(text);
    return digits === undefined ? groupedInteger : plainInteger(digits);
  };
}

function plainInteger(text: string): number | RawNumber | Refusal {
  const { length } = text;
  const first = text.charCodeAt(0);
  const start = first === 45 || first === 43 ? 1 : 0;
  if (start === length) return noInteger;
  let digits = 0;
  for (let index = start; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code < zero || code > nine) return noInteger;
    digits = digits * 10 + code - zero;
  }
  if (text.charCodeAt(start) === zero) return length - start === 1 ? 0 : zeroLed;
  if (length - start <= safeDigits) return first === 45 ? -digits : digits;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : rawNumber(first === 43 ? text.slice(1) : text);
}

/** A JSON number: the same value with the same digits. */
export function numberFrom(style: NumberStyle): FromText<number | RawNumber> {
  const canonical = canonicalNumber(style, true);
  return (text) => {
    const number = canonical(text);
    return number instanceof Refusal ? number : jsonNumber(number);
  };
}

/** Text in the canonical form: a full stop before the fraction, no separators. Its digits are those of the source: `12.50` stays so. */
export const decimalFrom = (style: NumberStyle): FromText<string> => canonicalNumber(style, false);

/** @param text a valid JSON number */
export function jsonNumber(text: string): number | RawNumber {
  if (text.length <= safeDigits && !text.includes('e') && !text.includes('E')) return Number(text) + 0;
  const number = Number(text);
  if (significant(text) <= safeDigits && Number.isFinite(number) && (number !== 0 || !/[1-9]/.test(text))) {
    return number + 0;
  }
  return rawNumber(text);
}

function significant(text: string): number {
  const mantissa = /^-?([\d.]+)/.exec(text)?.[1] ?? '';
  return mantissa.replace('.', '').replace(/^0+/, '').length;
}

const plainNumber = /^([+-]?)(\d+)(\.\d+)?([eE][+-]?\d{1,4})?$/;

function canonicalNumber(style: NumberStyle, exponents: boolean): FromText<string> {
  const { decimal = '.', thousands } = style;
  const ungroup = thousands === undefined ? undefined : ungrouping(thousands);
  const separators = decimal === '.' ? '' : ` with "${decimal}" before the fraction`;
  const unreadable = separators === '' ? noNumber : new Refusal('value-number', `expected a number${separators}`);
  return (text) => {
    let plain = text;
    if (decimal !== '.' || ungroup !== undefined) {
      const cut = text.indexOf(decimal);
      const whole = cut === -1 ? text : text.slice(0, cut);
      const ungrouped = ungroup === undefined ? whole : ungroup(whole);
      if (ungrouped === undefined) return grouped;
      // A full stop that is not the declared separator must not pass for one.
      if (ungrouped.includes('.')) return unreadable;
      plain = cut === -1 ? ungrouped : `${ungrouped}.${text.slice(cut + decimal.length)}`;
    }
    const parts = plainNumber.exec(plain);
    if (parts === null) return unreadable;
    const [, sign = '', whole = '', fraction = '', exponent = ''] = parts;
    if (exponent !== '' && !exponents) {
      return new Refusal('value-number', 'expected a number without an exponent (spreadsheets write long ids so)');
    }
    if (whole.length > 1 && whole.charCodeAt(0) === zero) return zeroLedNumber;
    if (exponent !== '' && !Number.isFinite(Number(plain))) return unreadable;
    return `${sign === '-' ? '-' : ''}${whole}${fraction}${exponent}`;
  };
}

/** In characters. V8 throws where a pattern finds millions of groups. */
const longestGrouped = 1_000_000;

/** Takes the separators out of `1 234 567`; undefined when the groups are not of three. A declared space stands for the unbreakable ones too. */
function ungrouping(thousands: string): (text: string) => string | undefined {
  const separator =
    thousands === ' ' ? '[ \\u00a0\\u202f]' : `\\u${thousands.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const any = new RegExp(separator, 'g');
  const wellGrouped = new RegExp(`^[+-]?\\d{1,3}(?:${separator}\\d{3})+$`);
  return (text) => {
    if (text.search(any) === -1) return text;
    return text.length <= longestGrouped && wellGrouped.test(text) ? text.replace(any, '') : undefined;
  };
}

/** A JSON number as the digits it was read from. */
export const digitsOf = (value: number | RawNumber): string => (isRawNumber(value) ? value.rawJSON : String(value));
