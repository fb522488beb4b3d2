/** What an emulated Raptor dataflow takes into a column (contract §6, §10 step 8). Written from the contract, not from the target. */
import type { FieldRule, FieldType } from '../targets/target.ts';

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly enum?: readonly string[];
  readonly identifier: boolean;
}

const typeOfField: Readonly<Record<FieldType, string>> = {
  string: 'string',
  integer: 'integer',
  number: 'decimal',
  boolean: 'boolean',
  date: 'datetime',
  datetime: 'datetime',
  email: 'email',
  list: 'array',
  object: 'array<object>',
  any: 'any',
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Declared columns (name → type or {type, required, values, identifier}), or nothing where none are declared. */
export function declaredColumns(declared: unknown): Column[] | undefined {
  if (!isRecord(declared)) return undefined;
  return Object.entries(declared).map(([name, given]) => {
    const column = isRecord(given) ? given : { type: given };
    const { values } = column;
    return {
      name,
      type: String(column['type']),
      required: column['required'] === true,
      identifier: column['identifier'] === true || column['type'] === 'personal-id',
      ...(Array.isArray(values) ? { enum: values.map(String) } : {}),
    };
  });
}

/** A mapping's own fields as columns. Undefined where they say nothing (`*`). Below a dotted name lies an object, which is no column. */
export function columnsOfFields(fields: readonly FieldRule[]): Column[] | undefined {
  const named = fields.filter(({ name }) => !name.includes('*'));
  if (named.length === 0) return undefined;
  return named.map(({ name, type, required }) => ({
    name: name.split('.')[0] ?? name,
    type: typeOfField[type ?? 'any'],
    required: required === true,
    identifier: false,
  }));
}

export const isEmptyValue = (value: unknown): boolean => value === null || value === undefined || value === '';

// ISO 8601 in its extended form. A moment needs its zone: "always send Z" (contract §9) would mean nothing if none did as well.
const dateText = /^(\d{4})-(\d{2})-(\d{2})$/;
const momentText = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

function isIsoDate(value: string): boolean {
  const parts = dateText.exec(value) ?? momentText.exec(value);
  if (parts === null) return false;
  const [year, month, day, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number);
  const date = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day ?? 0));
  return date.getUTCMonth() + 1 === month && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
}

const oneAddress = (value: string): boolean => {
  const [local, domain, ...more] = value.split('@');
  return (
    more.length === 0 &&
    local !== undefined &&
    local !== '' &&
    domain !== undefined &&
    /^[^.]+(\.[^.]+)+$/.test(domain) &&
    !/[\s,;]/.test(value)
  );
};

/** Null and absent values are not this function's affair. */
export function fits(value: unknown, { type, enum: values }: Pick<Column, 'type' | 'enum'>): boolean {
  if (type.startsWith('array')) {
    const element = type === 'array' ? 'value-or-object' : type.slice('array<'.length, -1);
    return Array.isArray(value) && value.every((one) => fits(one, { type: element }));
  }
  switch (type) {
    case 'string':
    case 'personal-id':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return Number.isInteger(value) && Math.abs(Number(value)) <= 2_000_000_000;
    case 'decimal':
      return typeof value === 'number';
    case 'datetime':
      return typeof value === 'string' && isIsoDate(value);
    case 'email':
      return typeof value === 'string' && oneAddress(value);
    case 'enum':
      return typeof value === 'string' && (values ?? []).includes(value);
    case 'object':
      return isRecord(value);
    case 'value-or-object':
      return value !== null && !Array.isArray(value);
    default:
      // Any JSON type the stream takes (contract §6): an object alone is not among them.
      return !isRecord(value);
  }
}
