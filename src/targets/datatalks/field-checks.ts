/**
 * What Data Talks would refuse in a field (contract §6), told before it is sent. A check gives the value as it will be
 * sent, which is the value itself but for two things the platform wants otherwise: outer spaces of an e-mail address, and
 * an instant with a zone in a datetime field. Null never comes here: whether it may stand is not a matter of the type.
 */
import { isRawNumber, type Json } from '../../model/json.ts';
import { type Zone, zoneNamed } from '../../time/zones.ts';
import type { TargetCode } from '../codes.ts';
import { clockOf, compilePattern, instantMs } from './date-pattern.ts';
import type { FieldDeclaration } from './settings.ts';

/** What was expected; the field's name and the value that came are added where both are known. */
export class Refusal {
  readonly code: TargetCode;
  readonly expected: string;
  constructor(code: TargetCode, expected: string) {
    this.code = code;
    this.expected = expected;
  }
}

export type FieldCheck = (value: Json) => Json | Refusal;

const integerForm = /^-?\d+$/;
const decimalForm = /^-?\d+(?:\.\d+)?$/;
const jsonNumberForm = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

// Contract §6: what the vendor accepts is in no stored copy; this rule refuses the two forms it names as refused.
const local = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const label = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?';
const emailForm = new RegExp(`^(?=[^@]{1,64}@)${local}(?:\\.${local})*@(?=[^@]{1,253}$)(?:${label}\\.)+[A-Za-z]{2,}$`);

export const isAcceptedEmail = (address: string): boolean => emailForm.test(address);

/** Compiles the check of one declared field. `zone`: where instants are told in datetime fields. */
export function compileCheck(field: FieldDeclaration, zone: string): FieldCheck {
  switch (field.type) {
    case 'string':
      return (value) => (typeof value === 'string' ? value : textExpected);
    case 'integer':
      return (value) => {
        // A double beyond 2^53 has lost digits already, and beyond 10^21 it is not even written as digits.
        if (typeof value === 'number') return Number.isSafeInteger(value) ? value : integerExpected;
        if (isRawNumber(value)) return integerForm.test(value.rawJSON) ? value : integerExpected;
        return value === '' ? noEmptyText : integerExpected;
      };
    case 'decimal':
      return decimalCheck(field.format);
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? value : value === '' ? noEmptyText : booleanExpected);
    case 'date':
      return dateCheck(field.format ?? 'yyyy-MM-dd');
    case 'datetime':
      return datetimeCheck(field.format ?? 'yyyy-MM-dd HH:mm:ss', zone);
    case 'email':
      return (value) => {
        if (typeof value !== 'string') return addressExpected;
        const address = value.trim();
        return address === '' ? noEmptyText : isAcceptedEmail(address) ? address : addressExpected;
      };
    case 'list<string>':
      return (value) =>
        Array.isArray(value) && value.every((element) => typeof element === 'string')
          ? value
          : value === ''
            ? noEmptyText
            : listExpected;
  }
}

const textExpected = new Refusal('field-type', 'a text is expected');
const integerExpected = new Refusal('field-type', 'a whole number is expected');
const booleanExpected = new Refusal(
  'field-type',
  'true or false is expected ("Yes"/"No" wants a field of type string)',
);
const addressExpected = new Refusal('field-email', 'an e-mail address that Data Talks accepts is expected');
const listExpected = new Refusal('field-type', 'a list of texts is expected');
// Contract trap 6.
const noEmptyText = new Refusal('field-format', 'Data Talks fails the call on an empty text here; null is allowed');

/** Money travels as text or as a number, as the mapping at Data Talks says; without a declared form either may pass. */
function decimalCheck(form: string | undefined): FieldCheck {
  const wants =
    form === 'text' ? 'a decimal number as text' : form === 'number' ? 'a decimal number' : 'a decimal number';
  const refused = new Refusal('field-type', `${wants} is expected`);
  return (value) => {
    if (value === '') return noEmptyText;
    if (typeof value === 'string') return form !== 'number' && decimalForm.test(value) ? value : refused;
    if (form === 'text') return refused;
    if (typeof value === 'number') return Number.isFinite(value) ? value : refused;
    return isRawNumber(value) && jsonNumberForm.test(value.rawJSON) ? value : refused;
  };
}

function dateCheck(format: string): FieldCheck {
  const pattern = compiledPattern(format, 'date');
  const refused = new Refusal('field-format', `a date that exists, as ${format} without a zone, is expected`);
  return (value) =>
    typeof value === 'string' && pattern.matches(value) ? value : value === '' ? noEmptyText : refused;
}

function datetimeCheck(format: string, zone: string): FieldCheck {
  const pattern = compiledPattern(format, 'datetime');
  const clock = clockOf(knownZone(zone));
  const refused = new Refusal(
    'field-format',
    `a date and time that exist, as ${format} without a zone (or an ISO instant with one), are expected`,
  );
  return (value) => {
    if (typeof value !== 'string') return refused;
    if (pattern.matches(value)) return value;
    const instant = instantMs(value);
    if (instant !== undefined) return pattern.render(clock(instant));
    return value === '' ? noEmptyText : refused;
  };
}

function knownZone(name: string): Zone {
  const zone = zoneNamed(name);
  // The settings' schema has refused such a zone already.
  if (zone === undefined) throw new Error(`there is no time zone ${name}`);
  return zone;
}

function compiledPattern(format: string, kind: 'date' | 'datetime') {
  const pattern = compilePattern(format, kind);
  // The settings' schema has refused such a pattern already.
  if (typeof pattern === 'string') throw new Error(`the format ${format} ${pattern}`);
  return pattern;
}
