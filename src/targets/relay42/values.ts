/**
 * Reading the parts of one item: each reader gives the value as Relay42 takes it, or records what is wrong with it and
 * gives undefined. Bounds without a vendor's word behind them are those of contract §9.
 */
import { type Fault, shorten } from '../../model/fault.ts';
import { isJsonObject, isRawNumber, type Json, type JsonObject } from '../../model/json.ts';
import type { TargetCode } from '../codes.ts';

const warnedIdCharacters = 512; // contract §9
const warnedNameCharacters = 128; // contract §9
export const mostProperties = 64; // contract §4, per fact

export interface TtlRange {
  readonly least: number;
  readonly most: number;
}
export const factTtlSeconds: TtlRange = { least: 60, most: 504_576_000 }; // contract §4, 16 × 365 days
export const feedTtlSeconds: TtlRange = { least: 60, most: 630_720_000 }; // contract §4, 20 × 365 days

/** What was found wrong, or worth a word, in one item. */
export class Findings {
  faults: Fault[] | undefined;
  warnings: { readonly code: TargetCode; readonly text: string }[] | undefined;

  /** `field` is '' when the item as a whole is at fault. */
  fault(code: TargetCode, field: string, reason: string, value?: Json): undefined {
    this.faults ??= [];
    this.faults.push({
      stage: code === 'too-many-parts' || code === 'item-too-large' ? 'limit' : 'map',
      code,
      reason,
      ...(field === '' ? {} : { field }),
      ...(value === undefined ? {} : { value: shown(value) }),
    });
    return undefined;
  }

  warn(code: TargetCode, text: string): void {
    this.warnings ??= [];
    this.warnings.push({ code, text });
  }
}

const shown = (value: Json): string => shorten(typeof value === 'string' ? value : JSON.stringify(value));

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is its purpose
const controlCharacter = /[\u0000-\u001f\u007f]/;
const wholeNumber = /^(0|[1-9]\d*)$/;
const isoDate = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}\S*)?$/;
const platformDate = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}$/; // contract §6

/** The digits of a whole number, however JSON carries it; undefined for anything else. */
function digitsOf(value: Json): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? String(value) : undefined;
  const text = isRawNumber(value) ? value.rawJSON : value;
  return typeof text === 'string' && wholeNumber.test(text) ? text : undefined;
}

/** An id as text. Numbers keep their digits. */
export function readId(value: Json | undefined, field: string, findings: Findings): string | undefined {
  if (value === undefined || value === null || value === '') {
    return findings.fault('id-missing', field, 'an id is needed here, and there is none');
  }
  const id = typeof value === 'string' ? value : digitsOf(value);
  if (id === undefined) return findings.fault('field-type', field, 'an id must be text or a whole number', value);
  if (controlCharacter.test(id) || !id.isWellFormed()) {
    return findings.fault('field-format', field, 'an id must not hold control characters or broken Unicode', value);
  }
  if (id.length > warnedIdCharacters) {
    findings.warn(
      'field-range',
      `${field} is longer than ${warnedIdCharacters} characters; the platform's bound is not known`,
    );
  }
  return id;
}

/** A partner type as its digits: a positive whole number. */
export function readPartnerType(
  value: Json | undefined,
  fallback: string | undefined,
  field: string,
  findings: Findings,
): string | undefined {
  if (value === undefined || value === null || value === '') {
    return (
      fallback ??
      findings.fault('field-missing', field, 'the number of the id space is neither in settings nor in the row')
    );
  }
  const digits = digitsOf(value);
  return digits === undefined || digits === '0' || digits.length > 9
    ? findings.fault('field-type', field, 'a partner type is a positive whole number', value)
    : digits;
}

/** The name of a fact, engagement or property set: trimmed, without control characters (contract §9). */
export function readName(value: Json | undefined, field: string, findings: Findings): string | undefined {
  if (value === undefined || value === null) return findings.fault('field-missing', field, 'a name is needed here');
  if (typeof value !== 'string') return findings.fault('field-type', field, 'a name must be text', value);
  const name = value.trim();
  if (name === '') return findings.fault('field-missing', field, 'a name must not be empty');
  return checkName(name, field, findings) ? name : undefined;
}

const goodNames = new Set<string>();
const mostGoodNames = 10_000;

/** Names repeat in every row, so one that was found good is not looked at again. */
function checkName(name: string, field: string, findings: Findings): boolean {
  if (goodNames.has(name)) return true;
  if (name === '' || controlCharacter.test(name) || !name.isWellFormed()) {
    findings.fault(
      'field-format',
      field,
      'a name must not be empty, or hold control characters or broken Unicode',
      name,
    );
    return false;
  }
  if (name.length > warnedNameCharacters) {
    findings.warn(
      'field-range',
      `a name in ${field} is longer than ${warnedNameCharacters} characters; the platform's bound is not known`,
    );
  } else if (goodNames.size < mostGoodNames) {
    goodNames.add(name);
  }
  return true;
}

export function readTtl(
  value: Json | undefined,
  fallback: number | undefined,
  range: TtlRange,
  field: string,
  findings: Findings,
): number | undefined {
  if (value === undefined || value === null) {
    // Contract §6 trap 4: the platform has no default and a silent one of ours would make facts vanish unannounced.
    return (
      fallback ??
      findings.fault('field-missing', field, 'the time to live in seconds is neither in settings nor in the row')
    );
  }
  const seconds = isRawNumber(value) ? Number(value.rawJSON) : value;
  if (typeof seconds !== 'number' || !Number.isInteger(seconds)) {
    return findings.fault('field-type', field, 'a time to live is a whole number of seconds (type: integer)', value);
  }
  return seconds >= range.least && seconds <= range.most
    ? seconds
    : findings.fault('field-range', field, `a time to live is ${range.least} to ${range.most} seconds`, value);
}

/** Properties or variables: names to plain values, one level. Undefined when absent or wrong. */
export function readFlatMap(
  value: Json | undefined,
  field: string,
  findings: Findings,
  most = Number.POSITIVE_INFINITY,
): JsonObject | undefined {
  if (value === undefined) return undefined;
  if (!isJsonObject(value)) return findings.fault('field-type', field, 'names with values are needed here', value);
  let count = 0;
  for (const name in value) {
    count += 1;
    checkName(name, field, findings);
    checkPlainValue(value[name] ?? null, `${field}.${name}`, findings);
  }
  return count > most
    ? findings.fault('too-many-parts', field, `${count} properties, and the platform takes ${most} at most`)
    : value;
}

function checkPlainValue(value: Json, field: string, findings: Findings): void {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) findings.fault('field-format', field, 'the text holds broken Unicode', value);
    if (looksLikeOtherDate(value)) {
      findings.warn(
        'field-format',
        'a date is not in the form YYYY-MM-DD HH:mm, so its format must be set by hand in every audience and journey step; write `as: yyyy-MM-dd HH:mm` in the mapping',
      );
    }
  } else if (value === null) {
    findings.fault('field-null', field, 'nothing is known of what null does here: leave the property out');
  } else if (typeof value === 'number' && !Number.isFinite(value)) {
    findings.fault('field-type', field, 'JSON has no way to write this number', String(value));
  } else if (typeof value === 'object' && !isRawNumber(value)) {
    findings.fault('field-type', field, 'a plain value is needed here, not a list or an object', value);
  }
}

function looksLikeOtherDate(value: string): boolean {
  // Two character tests keep the expressions away from nearly all values.
  if (value.length < 10 || value.charCodeAt(4) !== 0x2d || value.charCodeAt(7) !== 0x2d) return false;
  return isoDate.test(value) && !platformDate.test(value);
}

/** Names every part of the item that the operation has no place for: it would be lost without a word. */
export function refuseUnknown(item: JsonObject, known: ReadonlySet<string>, findings: Findings): void {
  for (const name in item) {
    if (!known.has(name)) {
      findings.fault('field-unknown', name, `this operation knows ${[...known].join(', ')}`);
    }
  }
}
