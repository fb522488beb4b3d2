/**
 * The part of an XDM schema that a user may declare, as a flat list of paths and types. The platform checks rows only
 * after it has said yes (contract §5.4), so a fault found here is one that would otherwise be found in a failed batch, later.
 */
import * as z from 'zod';
import type { Fault } from '../../model/fault.ts';
import { isJsonObject, isRawNumber, type Json, type JsonObject } from '../../model/json.ts';
import { linearPattern } from '../../model/linear-pattern.ts';
import type { FieldRule, FieldType } from '../target.ts';
import { fault, isCalendarDate, isDateTime, showValue } from './values.ts';

const typeNames = [
  'string',
  'double',
  'long',
  'integer',
  'short',
  'byte',
  'boolean',
  'date',
  'date-time',
  'object',
  'array',
] as const;
type XdmType = (typeof typeNames)[number];

const typeName = z.enum([...typeNames, 'int', 'datetime']).transform((name): XdmType => {
  if (name === 'int') return 'integer';
  return name === 'datetime' ? 'date-time' : name;
});

const fieldOptions = z.strictObject({
  type: typeName,
  required: z.boolean().optional(),
  enum: z.array(z.union([z.string(), z.number()])).optional(),
  pattern: z
    .string()
    .superRefine((text, context) => {
      const trouble = patternTrouble(text);
      if (trouble !== undefined) context.addIssue({ code: 'custom', message: trouble });
    })
    .optional(),
  minLength: z.int().min(0).optional(),
  maxLength: z.int().min(0).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
});
type FieldOptions = z.output<typeof fieldOptions>;

/** Rows are matched against it: one that backtracks could hold up a load for hours. */
function patternTrouble(text: string): string | undefined {
  try {
    linearPattern(text);
    return undefined;
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}; without a pattern Adobe alone checks the form`;
  }
}

/** `person.birthDate: date`, or with constraints: `loyalty.tier: { type: string, enum: [gold, silver] }`. `[]` marks the elements of a list. */
export const declaredSchema = z.record(
  z
    .string()
    .regex(/^[^.[\]]+(\[\])?(\.[^.[\]]+(\[\])?)*$/, 'must be a dotted path; [] after a name means its elements'),
  z.union([typeName.transform((type): FieldOptions => ({ type })), fieldOptions]),
);
export type DeclaredSchema = z.output<typeof declaredSchema>;

/** Adds to `faults` what is wrong with the value at `path`. */
type Check = (value: Json, path: string, faults: Fault[]) => void;

export type EntityCheck = (entity: JsonObject, faults: Fault[]) => void;

/** What XDM numbers can hold (contract §6). The upper bounds of integer and its smaller kin are the vendor's own, one too high. */
const ranges: Partial<Record<XdmType, readonly [number, number]>> = {
  long: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  integer: [-2147483648, 2147483648],
  short: [-32768, 32768],
  byte: [-128, 128],
};

interface Node {
  own?: FieldOptions;
  readonly children: Map<string, Node>;
  elements?: Node;
  readonly checkedElsewhere?: boolean;
}

/** `elsewhere`: top-level fields that are known and checked by rules of their own. */
export function compileSchema(declared: DeclaredSchema, elsewhere: readonly string[]): EntityCheck {
  const root: Node = { children: new Map() };
  for (const [path, options] of Object.entries(declared)) nodeAt(root, path).own = options;
  for (const name of elsewhere) root.children.set(name, { children: new Map(), checkedElsewhere: true });
  return ofEntity(compileObject(root, true));
}

/** Where no schema is declared: the types of fields that every schema has alike. What else there is, it does not know. */
export function compileKnownFields(rules: readonly FieldRule[]): EntityCheck {
  const root: Node = { children: new Map() };
  for (const { name, type } of rules) {
    if ((type === 'string' || type === 'date') && !name.endsWith('*')) nodeAt(root, name).own = { type };
  }
  return ofEntity(compileObject(root, false));
}

const ofEntity =
  (check: Check): EntityCheck =>
  (entity, faults) =>
    check(entity, '', faults);

function nodeAt(root: Node, path: string): Node {
  let node = root;
  for (const part of path.split('.')) {
    const isList = part.endsWith('[]');
    const name = isList ? part.slice(0, -2) : part;
    let child = node.children.get(name);
    if (child === undefined) {
      child = { children: new Map() };
      node.children.set(name, child);
    }
    node = child;
    if (isList) {
      node.elements ??= { children: new Map() };
      node = node.elements;
    }
  }
  return node;
}

function compileNode(node: Node, isClosed: boolean): Check {
  if (node.checkedElsewhere) return () => undefined;
  if (node.elements !== undefined) return compileList(compileNode(node.elements, isClosed));
  if (node.children.size > 0) return compileObject(node, isClosed);
  return compileLeaf(node.own ?? { type: 'object' });
}

function compileList(element: Check): Check {
  return (value, path, faults) => {
    if (!Array.isArray(value)) return wrongType('array', value, path, faults);
    for (let index = 0; index < value.length; index++) {
      const item = value[index];
      if (item !== undefined) element(item, `${path}[${index}]`, faults);
    }
  };
}

/** `isClosed`: Adobe knows no other fields than these. */
function compileObject(node: Node, isClosed: boolean): Check {
  const checks = new Map([...node.children].map(([name, child]) => [name, compileNode(child, isClosed)]));
  const required = [...node.children].filter(([, child]) => child.own?.required === true).map(([name]) => name);
  return (value, path, faults) => {
    if (!isJsonObject(value)) return wrongType('object', value, path, faults);
    for (const name in value) {
      const inner = value[name];
      if (inner === undefined) continue;
      const check = checks.get(name);
      if (check !== undefined) check(inner, join(path, name), faults);
      else if (isClosed) faults.push(unknownField(join(path, name)));
    }
    for (const name of required) {
      if (value[name] === undefined) {
        faults.push(fault('field-missing', `${join(path, name)} is required by the schema`, join(path, name)));
      }
    }
  };
}

const join = (path: string, name: string) => (path === '' ? name : `${path}.${name}`);

const unknownField = (path: string) =>
  fault(
    'field-unknown',
    `${path} is not in the declared schema; Adobe refuses extraneous keys after it has said yes`,
    path,
  );

function wrongType(expected: string, value: Json, path: string, faults: Fault[]): void {
  faults.push(fault('field-type', `${path} must be ${article(expected)}, not ${kindOf(value)}`, path, value));
}

const article = (name: string) => (/^[aeio]/.test(name) ? `an ${name}` : `a ${name}`);

function kindOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (isRawNumber(value)) return 'a number';
  return typeof value === 'object' ? 'an object' : article(typeof value);
}

function compileLeaf(options: FieldOptions): Check {
  const { type } = options;
  switch (type) {
    case 'object':
      return (value, path, faults) => (isJsonObject(value) ? undefined : wrongType(type, value, path, faults));
    case 'array':
      return (value, path, faults) => (Array.isArray(value) ? undefined : wrongType(type, value, path, faults));
    case 'boolean':
      return (value, path, faults) => (typeof value === 'boolean' ? undefined : wrongType(type, value, path, faults));
    case 'string':
    case 'date':
    case 'date-time':
      return compileText(type, options);
    default:
      return compileNumber(type, options);
  }
}

function compileText(type: 'string' | 'date' | 'date-time', options: FieldOptions): Check {
  const { minLength = 0, maxLength = Infinity } = options;
  const pattern = options.pattern === undefined ? undefined : linearPattern(options.pattern);
  const allowed = options.enum === undefined ? undefined : new Set<unknown>(options.enum);
  return (value, path, faults) => {
    if (typeof value !== 'string')
      return wrongType(type === 'string' ? 'string' : `${type} as text`, value, path, faults);
    if (type === 'date' && !isCalendarDate(value)) {
      faults.push(fault('field-format', `${path} must be a date as 2019-05-15`, path, value));
    }
    if (type === 'date-time' && !isDateTime(value)) {
      faults.push(fault('field-format', `${path} must be a time with a zone, as 2019-05-15T17:51:45Z`, path, value));
    }
    if (value.length < minLength || value.length > maxLength) {
      const bounds = maxLength === Infinity ? `at least ${minLength}` : `${minLength} to ${maxLength}`;
      faults.push(fault('field-range', `${path} must have ${bounds} characters, not ${value.length}`, path, value));
    }
    if (pattern !== undefined && !pattern.test(value)) {
      faults.push(fault('field-format', `${path} must match ${options.pattern}`, path, value));
    }
    if (allowed !== undefined && !allowed.has(value)) faults.push(notInList(allowed, value, path));
  };
}

function compileNumber(type: XdmType, options: FieldOptions): Check {
  const [lowest, highest] = ranges[type] ?? [-Infinity, Infinity];
  const low = Math.max(lowest, options.minimum ?? -Infinity);
  const high = Math.min(highest, options.maximum ?? Infinity);
  const isWhole = type !== 'double';
  const allowed = options.enum === undefined ? undefined : new Set<unknown>(options.enum);
  return (value, path, faults) => {
    const number = isRawNumber(value) ? Number(value.rawJSON) : value;
    if (typeof number !== 'number') return wrongType(type, value, path, faults);
    if (isWhole && !Number.isInteger(number)) return wrongType(type, value, path, faults);
    // A number kept as digits may round into the range although it lies outside.
    if (number < low || number > high || (isWhole && isRawNumber(value) && !Number.isSafeInteger(number))) {
      faults.push(fault('field-range', `${path} must be between ${low} and ${high} (${type})`, path, value));
    }
    if (allowed !== undefined && !allowed.has(number)) faults.push(notInList(allowed, value, path));
  };
}

const notInList = (allowed: ReadonlySet<unknown>, value: Json, path: string) =>
  fault('field-enum', `${path} must be one of ${[...allowed].map((one) => showValue(one)).join(', ')}`, path, value);

const fieldTypes: Record<XdmType, FieldType> = {
  string: 'string',
  double: 'number',
  long: 'integer',
  integer: 'integer',
  short: 'integer',
  byte: 'integer',
  boolean: 'boolean',
  date: 'date',
  'date-time': 'datetime',
  object: 'object',
  array: 'list',
};

/** The declared paths as the mapping knows fields: what lies inside a list belongs to the list, an object is open below. */
export function fieldRulesOf(declared: DeclaredSchema): FieldRule[] {
  const rules = new Map<string, FieldRule>();
  for (const [path, { type, required }] of Object.entries(declared)) {
    const list = path.indexOf('[]');
    if (list >= 0) {
      const name = path.slice(0, list);
      if (!rules.has(name)) rules.set(name, { name, type: 'list' });
      continue;
    }
    // A field inside an object is required only where its object is there; the mapping knows only "always".
    const isAlwaysRequired = required === true && !path.includes('.');
    rules.set(path, { name: path, type: fieldTypes[type], ...(isAlwaysRequired ? { required: true } : {}) });
    if (type === 'object') rules.set(`${path}.*`, { name: `${path}.*`, type: 'any' });
  }
  return [...rules.values()];
}
