/**
 * The columns of a Raptor dataflow, and what is wrong with a record against them. The platform answers 200 first and drops
 * what breaks its schema later, without a word to the sender (contract §5, trap 1): so every rule it applies is applied
 * here, before sending.
 */
import * as z from 'zod';
import { type Fault, shorten } from '../model/fault.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { TargetCode } from './codes.ts';
import {
  type ColumnType,
  type Complaint,
  columnTypes,
  openValue,
  textCheck,
  type ValueCheck,
  valueChecks,
} from './raptor-values.ts';
import type { FieldRule, FieldType } from './target.ts';

const columnSchema = z
  .strictObject({
    type: z.enum(columnTypes).describe('Type of the column in the dataflow'),
    required: z.boolean().optional().describe('Empty or null is refused'),
    values: z.array(z.string()).min(1).optional().describe('The fixed list of an enum'),
    identifier: z
      .boolean()
      .optional()
      .describe('A Person Identifier (or the key of a product): a record needs at least one of them'),
  })
  .refine(({ type, values }) => (type === 'enum') === (values !== undefined), {
    error: 'an enum, and nothing else, has a list of "values"',
  });
type Column = z.infer<typeof columnSchema>;

/** Name → type, or type and rules. */
export const columnsSchema = z
  .record(z.string().min(1), z.union([z.enum(columnTypes).exclude(['enum']), columnSchema]))
  .refine((columns) => Object.keys(columns).length > 0, { error: 'declare at least one column' });
export type Columns = z.infer<typeof columnsSchema>;

const columnEntries = (columns: Columns): [name: string, column: Column][] =>
  Object.entries(columns).map(([name, given]) => [name, typeof given === 'string' ? { type: given } : given]);

const fieldTypes: Partial<Record<ColumnType, FieldType>> = {
  boolean: 'boolean',
  integer: 'integer',
  decimal: 'number',
  datetime: 'datetime',
  email: 'email',
};

export const columnRules = (columns: Columns, options: { mayBeMissing: boolean }): FieldRule[] =>
  columnEntries(columns).map(([name, { type, required, values }]) => ({
    name,
    type: fieldTypes[type] ?? (type.startsWith('array') ? 'list' : 'string'),
    required: required ?? false,
    alwaysPresent: !options.mayBeMissing,
    ...(values === undefined ? {} : { about: `one of ${values.join(', ')}` }),
  }));

/** Columns by which a record is attached to a person, or to a product. */
export const identifierNames = (columns: Columns): string[] =>
  columnEntries(columns)
    .filter(([, { identifier, type }]) => identifier === true || type === 'personal-id')
    .map(([name]) => name);

/** Every fault of one record, or nothing. */
export type RecordCheck = (item: JsonObject) => Fault[] | undefined;

function checkOf({ type, values, identifier }: Column): ValueCheck {
  const known = new Set(values);
  const check =
    type === 'enum'
      ? textCheck('field-enum', `one of ${[...known].join(', ')}`, (text) => known.has(text))
      : valueChecks[type];
  if (identifier !== true) return check;
  const isId = valueChecks['personal-id'];
  return (value) => check(value) ?? (typeof value === 'string' ? isId(value) : undefined);
}

const isEmpty = (value: Json | undefined) => value === undefined || value === null || value === '';

/** The platform takes an entry whose values are all null or "" for empty, and drops it (contract §5, trap 2). */
function isEmptyRecord(item: JsonObject): boolean {
  for (const name in item) if (!isEmpty(item[name])) return false;
  return true;
}

const emptyRecord: Fault[] = [
  {
    stage: 'map',
    code: 'item-empty' satisfies TargetCode,
    reason: 'every value is empty, and the platform drops such records',
  },
];

function faultOf(field: string, { code, expected }: Complaint, value: Json): Fault {
  const shown = shorten(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
  return { stage: 'map', code, reason: `${field} must be ${expected}; got ${kindOf(value)}`, field, value: shown };
}

function kindOf(value: Json): string {
  if (typeof value === 'string') return value === '' ? 'empty text' : `the text "${shorten(value, 60)}"`;
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return isJsonObject(value) ? 'an object' : JSON.stringify(value);
}

/** Without declared columns only what is wrong in any dataflow can be seen. */
export const checkOpenRecord: RecordCheck = (item) => {
  if (isEmptyRecord(item)) return emptyRecord;
  let faults: Fault[] | undefined;
  for (const name in item) {
    const value = item[name];
    if (value === undefined || value === null) continue;
    const complaint = openValue(value);
    if (complaint !== undefined) faults = [...(faults ?? []), faultOf(name, complaint, value)];
  }
  return faults;
};

export function compileRecordCheck(columns: Columns, options: { mayBeMissing: boolean }): RecordCheck {
  const names = new Set(Object.keys(columns));
  const compiled = columnEntries(columns).map(([name, column]) => ({
    name,
    required: column.required ?? false,
    check: checkOf(column),
  }));
  const identifiers = identifierNames(columns);
  const noIdentifier: Fault = {
    stage: 'map',
    code: 'id-missing' satisfies TargetCode,
    reason: `one of ${identifiers.join(', ')} must have a value: without it the record belongs to nobody`,
  };

  return (item) => {
    if (isEmptyRecord(item)) return emptyRecord;
    let faults: Fault[] | undefined;
    const add = (fault: Fault) => {
      faults ??= [];
      faults.push(fault);
    };
    let known = 0;
    for (const { name, required, check } of compiled) {
      const value = item[name];
      if (value === undefined) {
        if (required || !options.mayBeMissing) add(missing(name, required));
        continue;
      }
      known++;
      if (required && (value === null || value === '')) {
        add({
          stage: 'map',
          code: 'field-missing' satisfies TargetCode,
          reason: `${name} is required and is empty`,
          field: name,
        });
      } else if (value !== null) {
        const complaint = check(value);
        if (complaint !== undefined) add(faultOf(name, complaint, value));
      }
    }
    if (Object.keys(item).length > known) {
      for (const name of Object.keys(item)) if (!names.has(name)) add(unknown(name));
    }
    if (identifiers.length > 0 && identifiers.every((name) => isEmpty(item[name]))) add(noIdentifier);
    return faults;
  };
}

const missing = (name: string, required: boolean): Fault => ({
  stage: 'map',
  code: 'field-missing' satisfies TargetCode,
  reason: required
    ? `${name} is required and is missing`
    : `${name} is missing, and all declared columns must be there`,
  field: name,
});

const unknown = (name: string): Fault => ({
  stage: 'map',
  code: 'field-unknown' satisfies TargetCode,
  reason: `${name} is not among the declared columns: the platform would ignore it without a word`,
  field: name,
});
