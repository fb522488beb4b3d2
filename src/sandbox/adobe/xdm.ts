/** An XDM schema as the emulated platform holds it, and its validation (contract §6): types as they are, no conversion, unknown keys refused. */
import { isRawNumber, type Json } from '../../model/json.ts';

export interface XdmNode {
  readonly type: XdmType;
  readonly required?: boolean;
  readonly properties?: ReadonlyMap<string, XdmNode>;
  /** Keys beyond `properties` are taken. */
  readonly isOpen?: boolean;
  readonly items?: XdmNode;
  /** Of a map: what stands under any key. */
  readonly values?: XdmNode;
  readonly enum?: readonly unknown[];
  readonly pattern?: RegExp;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

export type XdmType =
  | 'any'
  | 'string'
  | 'double'
  | 'long'
  | 'integer'
  | 'short'
  | 'byte'
  | 'boolean'
  | 'date'
  | 'date-time'
  | 'object'
  | 'array';

export interface Violation {
  readonly schemaLocation: string;
  readonly pointerToViolation: string;
  readonly causingExceptions: readonly Violation[];
  readonly keyword: string;
  readonly message: string;
}

const bounds: Partial<Record<XdmType, readonly [number, number]>> = {
  long: [-9007199254740991, 9007199254740991],
  integer: [-2147483648, 2147483648],
  short: [-32768, 32768],
  byte: [-128, 128],
};

/** Identities as the shared field group has them (contract §6). */
export const identityMapNode: XdmNode = {
  type: 'object',
  values: {
    type: 'array',
    items: {
      type: 'object',
      properties: new Map<string, XdmNode>([
        ['id', { type: 'string', required: true }],
        ['authenticatedState', { type: 'string', enum: ['ambiguous', 'authenticated', 'loggedOut'] }],
        ['primary', { type: 'boolean' }],
      ]),
    },
  },
};

export function violationsOf(value: Json, node: XdmNode): Violation[] {
  const found: Violation[] = [];
  visit(value, node, '#', '#', found);
  return found;
}

type Say = (keyword: string, message: string) => void;

function visit(value: Json, node: XdmNode, at: string, schemaAt: string, found: Violation[]): void {
  const say: Say = (keyword, message) =>
    found.push({ schemaLocation: schemaAt, pointerToViolation: at, causingExceptions: [], keyword, message });
  const seen = kindOf(value);
  const wanted = node.type === 'any' && value !== null ? seen : jsonTypes[node.type];
  const isFitting = wanted === 'Number' ? seen === 'Long' || seen === 'BigDecimal' : wanted === seen;
  if (!isFitting) say('type', `expected type: ${wanted}, found: ${seen}`);
  else if (typeof value === 'string') checkText(value, node, say);
  else if (typeof value === 'number' || isRawNumber(value)) checkNumber(numberOf(value), node, say);
  else if (Array.isArray(value)) {
    const items = node.items ?? anything;
    for (const [index, one] of value.entries()) visit(one, items, `${at}/${index}`, `${schemaAt}/items`, found);
  } else if (typeof value === 'object' && value !== null) checkObject(value, node, at, schemaAt, found);
}

function checkObject(
  value: { readonly [key: string]: Json },
  node: XdmNode,
  at: string,
  schemaAt: string,
  found: Violation[],
): void {
  const say = (keyword: string, message: string) =>
    found.push({ schemaLocation: schemaAt, pointerToViolation: at, causingExceptions: [], keyword, message });
  for (const [name, one] of node.properties ?? []) {
    if (one.required && value[name] === undefined) say('required', `required key [${name}] not found`);
  }
  const isFree = node.isOpen === true || (node.properties === undefined && node.values === undefined);
  for (const [name, inner] of Object.entries(value)) {
    const below = node.properties?.get(name) ?? node.values ?? (isFree ? anything : undefined);
    if (below === undefined) say('additionalProperties', `extraneous key [${name}] is not permitted`);
    else visit(inner, below, `${at}/${name}`, `${schemaAt}/properties/${name}`, found);
  }
}

const anything: XdmNode = { type: 'any' };

function checkText(value: string, node: XdmNode, say: Say): void {
  if (node.type === 'date-time' && !isMoment(value)) {
    say(
      'format',
      `[${value}] is not a valid date-time. Expected [yyyy-MM-dd'T'HH:mm:ssZ, yyyy-MM-dd'T'HH:mm:ss.[0-9]{1,9}Z]`,
    );
  }
  if (node.type === 'date' && !isDay(value)) say('format', `[${value}] is not a valid date. Expected [yyyy-MM-dd]`);
  if (node.enum !== undefined && !node.enum.includes(value)) say('enum', `${value} is not a valid enum value`);
  if (node.pattern !== undefined && !node.pattern.test(value)) {
    say('pattern', `string [${value}] does not match pattern ${node.pattern.source}`);
  }
  if (value.length < (node.minLength ?? 0))
    say('minLength', `expected minLength: ${node.minLength}, actual: ${value.length}`);
  if (value.length > (node.maxLength ?? Infinity)) {
    say('maxLength', `expected maxLength: ${node.maxLength}, actual: ${value.length}`);
  }
}

function checkNumber(value: number, node: XdmNode, say: Say): void {
  const [least, most] = bounds[node.type] ?? [-Infinity, Infinity];
  if (value < Math.max(least, node.minimum ?? least)) say('minimum', `${value} is not greater or equal to its minimum`);
  if (value > Math.min(most, node.maximum ?? most)) say('maximum', `${value} is not less or equal to its maximum`);
  if (node.enum !== undefined && !node.enum.includes(value)) say('enum', `${value} is not a valid enum value`);
}

const jsonTypes: Record<XdmType, string> = {
  any: 'String',
  string: 'String',
  date: 'String',
  'date-time': 'String',
  double: 'Number',
  long: 'Long',
  integer: 'Long',
  short: 'Long',
  byte: 'Long',
  boolean: 'Boolean',
  object: 'JSONObject',
  array: 'JSONArray',
};

/** What the platform calls the kind of a value in its messages. */
function kindOf(value: Json): string {
  if (value === null) return 'Null';
  if (Array.isArray(value)) return 'JSONArray';
  if (typeof value === 'string') return 'String';
  if (typeof value === 'boolean') return 'Boolean';
  if (typeof value === 'number' || isRawNumber(value)) {
    return Number.isInteger(numberOf(value)) ? 'Long' : 'BigDecimal';
  }
  return 'JSONObject';
}

/** Digits beyond what a double holds come as a raw number; here only their size matters. */
const numberOf = (value: Json): number => (isRawNumber(value) ? Number(value.rawJSON) : Number(value));

const momentParts = /^(\d{4}-\d\d-\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

function isMoment(text: string): boolean {
  const [, day = '', hours, minutes, seconds] = momentParts.exec(text) ?? [];
  return isDay(day) && Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) < 60;
}

/** By the round trip: a day that does not exist comes back as another one. */
function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}
