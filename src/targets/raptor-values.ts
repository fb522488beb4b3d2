/** What each type of a Raptor column takes as JSON (contract §6). Stricter than the platform where it is silent: what it takes for wrong it drops. */
import { isJsonObject, isRawNumber, type Json } from '../model/json.ts';
import type { TargetCode } from './codes.ts';

const scalarTypes = ['string', 'boolean', 'integer', 'decimal', 'datetime', 'email', 'enum', 'personal-id'] as const;
const listTypes = [
  'array',
  'array<string>',
  'array<boolean>',
  'array<integer>',
  'array<decimal>',
  'array<datetime>',
  'array<email>',
  'array<object>',
] as const;
export const columnTypes = [...scalarTypes, ...listTypes] as const;
export type ColumnType = (typeof columnTypes)[number];

export interface Complaint {
  readonly code: TargetCode;
  readonly expected: string;
}
export type ValueCheck = (value: Json) => Complaint | undefined;

const outsideInteger: Complaint = { code: 'field-range', expected: 'an integer from -2000000000 to 2000000000' };
const mostInteger = 2_000_000_000; // contract §4

const notAn = (expected: string, code: TargetCode = 'field-type'): Complaint => ({ code, expected });

function numberCheck(integersOnly: boolean, expected: string): ValueCheck {
  const wrong = notAn(expected);
  const checkNumber = (value: number, isInteger: boolean) => {
    // Infinity and NaN would be written as null, and null erases.
    if (!Number.isFinite(value) || (integersOnly && !isInteger)) return wrong;
    return integersOnly && Math.abs(value) > mostInteger ? outsideInteger : undefined;
  };
  return (value) => {
    if (typeof value === 'number') return checkNumber(value, Number.isInteger(value));
    return isRawNumber(value) ? checkNumber(Number(value.rawJSON), /^-?\d+$/.test(value.rawJSON)) : wrong;
  };
}

export const textCheck = (code: TargetCode, expected: string, isGood: (text: string) => boolean): ValueCheck => {
  const notText = notAn(expected);
  const notGood = notAn(expected, code);
  return (value) => (typeof value !== 'string' ? notText : isGood(value) ? undefined : notGood);
};

const utcMoment = /^\d{4}-(\d{2})-(\d{2})(?:T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,7})?Z)?$/;
const longestMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isUtcMoment(text: string): boolean {
  if (!utcMoment.test(text)) return false;
  const month = Number(text.slice(5, 7));
  const day = Number(text.slice(8, 10));
  if (day < 1 || day > (longestMonth[month - 1] ?? 0)) return false;
  if (month !== 2 || day < 29) return true;
  const year = Number(text.slice(0, 4));
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

const emailAddress = /^[^\s@,;<>"()]+@[^\s@.,;<>"()]+(?:\.[^\s@.,;<>"()]+)+$/u;
/** Identifiers cannot be taken back (contract §6), and these words in a column mean that there is none. */
const placeholder = /^(?:null|undefined|none|nil|nan|n\/a|na|unknown|anonymous|0|-+|\.+)$/i;

const isIdentifying = (text: string) => text !== '' && text === text.trim() && !placeholder.test(text);

const plainValue: ValueCheck = (value) => {
  if (typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value !== 'number' && !isRawNumber(value)) return notAn('text, a number, a boolean or a list');
  const number = typeof value === 'number' ? value : Number(value.rawJSON);
  if (!Number.isFinite(number)) return notAn('a finite number');
  return Number.isInteger(number) && Math.abs(number) > mostInteger
    ? { ...outsideInteger, expected: `${outsideInteger.expected} (or declare the column as decimal, or send text)` }
    : undefined;
};

function listCheck(expected: string, checkElement: ValueCheck): ValueCheck {
  const wrong = notAn(expected);
  return (value) => {
    if (!Array.isArray(value)) return wrong;
    for (const element of value) {
      const complaint = checkElement(element);
      if (complaint !== undefined)
        return { code: complaint.code, expected: `a list whose elements are ${complaint.expected}` };
    }
    return undefined;
  };
}

const anObject: ValueCheck = (value) => (isJsonObject(value) ? undefined : notAn('an object'));
const anyList = listCheck('a list of values or of objects', (value) =>
  isJsonObject(value) ? undefined : plainValue(value),
);
export const openValue: ValueCheck = (value) => (Array.isArray(value) ? anyList(value) : plainValue(value));

export const valueChecks: Record<Exclude<ColumnType, 'enum'>, ValueCheck> = {
  string: textCheck('field-type', 'text', () => true),
  boolean: (value) => (typeof value === 'boolean' ? undefined : notAn('true or false')),
  integer: numberCheck(true, 'an integer'),
  decimal: numberCheck(false, 'a number'),
  datetime: textCheck('field-format', 'a date (YYYY-MM-DD) or a moment in UTC (YYYY-MM-DDTHH:mm:ssZ)', isUtcMoment),
  email: textCheck('field-email', 'one e-mail address', (text) => emailAddress.test(text)),
  'personal-id': textCheck('field-format', 'an id without spaces around it that is no placeholder', isIdentifying),
  array: anyList,
  'array<string>': listCheck(
    'a list',
    textCheck('field-type', 'text', () => true),
  ),
  'array<boolean>': listCheck('a list', (value) => (typeof value === 'boolean' ? undefined : notAn('true or false'))),
  'array<integer>': listCheck('a list', numberCheck(true, 'integers')),
  'array<decimal>': listCheck('a list', numberCheck(false, 'numbers')),
  'array<datetime>': listCheck('a list', textCheck('field-format', 'dates or moments in UTC', isUtcMoment)),
  'array<email>': listCheck(
    'a list',
    textCheck('field-email', 'e-mail addresses', (text) => emailAddress.test(text)),
  ),
  'array<object>': listCheck('a list of objects', anObject),
};
