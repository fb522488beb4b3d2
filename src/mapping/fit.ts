/** Whether a mapping's fields fit what an operation knows: names, types, what must be there. */
import type { Json } from '../model/json.ts';
import { isRawNumber } from '../model/json.ts';
import type { FieldRule, FieldType } from '../targets/target.ts';
import { elementType, isListType } from './check-field.ts';
import { quote } from './complaint.ts';
import type { MappingField } from './mapping.ts';
import { outputSteps } from './output-path.ts';
import type { Shape } from './row-shape.ts';

/** The rule for an output path. An exact name wins over `traits.*`, that over `*`. */
export function ruleFor(steps: readonly string[], rules: readonly FieldRule[]): FieldRule | undefined {
  let best: FieldRule | undefined;
  let bestLength = -1;
  for (const rule of rules) {
    const { fixed, open } = pathOf(rule);
    const holds = rule.type === 'object' || rule.type === 'any';
    const matches =
      fixed.every((step, index) => step === steps[index]) &&
      (open ? steps.length >= fixed.length : steps.length === fixed.length || (holds && steps.length > fixed.length));
    const length = fixed.length * 2 + (open ? 0 : 1);
    if (matches && length > bestLength) {
      best = rule;
      bestLength = length;
    }
  }
  return best;
}

interface RulePath {
  /** Its steps, without a `*` at their end. */
  readonly fixed: readonly string[];
  readonly open: boolean;
}

/** A schema has hundreds of rules, and each field of a mapping is held against all of them. */
const knownPaths = new WeakMap<FieldRule, RulePath>();

function pathOf(rule: FieldRule): RulePath {
  let path = knownPaths.get(rule);
  if (path === undefined) {
    const steps = outputSteps(rule.name) ?? [rule.name];
    const open = steps.at(-1) === '*';
    path = { fixed: open ? steps.slice(0, -1) : steps, open };
    knownPaths.set(rule, path);
  }
  return path;
}

/** Whether some output field gives what the rule names: itself, something in it, or the object it is in. */
export function isCovered(rule: FieldRule, fields: readonly MappingField[]): boolean {
  const { fixed, open } = pathOf(rule);
  if (open) return true;
  return fields.some(({ steps }) => {
    const shared = Math.min(steps.length, fixed.length);
    return steps.slice(0, shared).every((step, index) => step === fixed[index]);
  });
}

/** What a field will give, as far as it is known before any row is. */
export function givenType(
  field: MappingField,
  shape: Shape,
  expressionType: string | undefined,
): FieldType | undefined {
  if (field.const !== undefined) return field.type === undefined ? jsonType(field.const) : typeOf(field);
  if (field.each !== undefined || field.split !== undefined || isListType(field.type)) return 'list';
  if (field.hash !== undefined) return 'string';
  if (field.type !== undefined) return typeOf(field);
  if (field.transform !== undefined) return undefined;
  if (field.map !== undefined) {
    const values = [...Object.values(field.map), ...(field.default === undefined ? [] : [field.default])];
    const types = new Set(values.map(jsonType));
    return types.size === 1 ? [...types][0] : undefined;
  }
  if (field.expr !== undefined) return celType(expressionType);
  return shape.kind === 'csv' ? 'string' : undefined;
}

function typeOf(field: MappingField): FieldType | undefined {
  const type = elementType(field.type);
  switch (type) {
    case 'integer':
    case 'number':
    case 'boolean':
    case 'date':
    case 'email':
    case 'string':
      return type;
    case 'datetime':
      if (field.as === 'X' || field.as === 'x') return 'integer';
      return field.as === undefined ? 'datetime' : 'string';
    case 'decimal':
    case 'enum':
      return 'string';
    default:
      return undefined;
  }
}

function jsonType(value: Json): FieldType | undefined {
  if (value === null) return undefined;
  if (Array.isArray(value)) return 'list';
  if (isRawNumber(value)) return 'number';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'boolean' : 'object';
}

function celType(type: string | undefined): FieldType | undefined {
  if (type === undefined) return undefined;
  if (type.startsWith('list')) return 'list';
  if (type.startsWith('map')) return 'object';
  const names: Readonly<Record<string, FieldType>> = {
    string: 'string',
    int: 'integer',
    uint: 'integer',
    double: 'number',
    bool: 'boolean',
    'google.protobuf.Timestamp': 'datetime',
  };
  return names[type];
}

/** By what a rule wants: what may be given. Text may turn out to be a date or an address; the target looks at it. */
const accepted: Readonly<Record<Exclude<FieldType, 'any'>, readonly FieldType[]>> = {
  string: ['string', 'date', 'datetime', 'email'],
  integer: ['integer'],
  number: ['integer', 'number'],
  boolean: ['boolean'],
  date: ['date', 'string'],
  datetime: ['datetime', 'date', 'string'],
  email: ['email', 'string'],
  list: ['list'],
  object: ['object'],
};

const inWords: Readonly<Record<FieldType, string>> = {
  string: 'text',
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
  date: 'a date',
  datetime: 'a date with a time',
  email: 'an e-mail address',
  list: 'a list',
  object: 'an object',
  any: 'anything',
};

/** Why the field cannot hold what the operation wants, or undefined. */
export function misfit(rule: FieldRule, steps: readonly string[], given: FieldType | undefined): string | undefined {
  const depth = (outputSteps(rule.name) ?? []).length;
  if (given === undefined) return undefined;
  if (depth > steps.length && rule.name !== '*') {
    return given === 'object'
      ? undefined
      : `${quote(rule.name)} are fields of an object, and this gives ${inWords[given]}`;
  }
  if (rule.type === undefined || rule.type === 'any' || depth < steps.length) return undefined;
  if (accepted[rule.type].includes(given)) return undefined;
  const advice =
    rule.type === 'object' ? '' : rule.type === 'list' ? ': split it, or say type: list' : `: say type: ${rule.type}`;
  return `the operation wants ${inWords[rule.type]} for ${quote(rule.name)}, and this gives ${inWords[given]}${advice}`;
}
