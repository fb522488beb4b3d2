/** As much of JSON Schema (2020-12) as the schemas of this project use. An unknown keyword is an error, so that none is passed over. */
type Schema = Readonly<Record<string, unknown>>;

const silent = new Set([
  '$schema',
  '$defs',
  'title',
  'description',
  'default',
  'if',
  'then',
  'format',
  '$comment',
  'id',
]);

/** What is wrong with `value`, a line each, with paths. */
export function complaintsOf(schema: unknown, value: unknown, root: Schema = schema as Schema, path = '$'): string[] {
  if (schema === true) return [];
  if (schema === false) return [`${path}: nothing may stand here`];
  const rules = schema as Schema;
  const found = Object.entries(rules).flatMap(([keyword, rule]): string[] => {
    const check = keywords[keyword];
    if (check !== undefined) return check(rule, value, root, path, rules);
    if (silent.has(keyword)) return [];
    throw new Error(`keyword ${keyword} at ${path} is not known to this checker`);
  });
  if (rules['if'] !== undefined && complaintsOf(rules['if'], value, root, path).length === 0)
    found.push(...complaintsOf(rules['then'] ?? true, value, root, path));
  return found;
}

type Check = (rule: unknown, value: unknown, root: Schema, path: string, rules: Schema) => string[];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const typeOf = (value: unknown): string[] => {
  if (value === null) return ['null'];
  if (Array.isArray(value)) return ['array'];
  if (typeof value === 'number') return Number.isInteger(value) ? ['integer', 'number'] : ['number'];
  return [typeof value];
};

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
const when = (isWrong: boolean, text: string): string[] => (isWrong ? [text] : []);

const keywords: Readonly<Record<string, Check>> = {
  type: (rule, value, _root, path) =>
    when(![rule].flat().some((type) => typeOf(value).includes(String(type))), `${path}: is no ${String(rule)}`),
  enum: (rule, value, _root, path) =>
    when(!(rule as unknown[]).some((one) => same(one, value)), `${path}: is none of ${JSON.stringify(rule)}`),
  const: (rule, value, _root, path) => when(!same(rule, value), `${path}: is not ${JSON.stringify(rule)}`),
  pattern: (rule, value, _root, path) =>
    when(typeof value === 'string' && !new RegExp(String(rule), 'u').test(value), `${path}: does not match ${rule}`),
  minLength: (rule, value, _root, path) =>
    when(typeof value === 'string' && value.length < Number(rule), `${path}: is too short`),
  maxLength: (rule, value, _root, path) =>
    when(typeof value === 'string' && value.length > Number(rule), `${path}: is too long`),
  minimum: (rule, value, _root, path) =>
    when(typeof value === 'number' && value < Number(rule), `${path}: is below ${rule}`),
  maximum: (rule, value, _root, path) =>
    when(typeof value === 'number' && value > Number(rule), `${path}: is above ${rule}`),
  exclusiveMinimum: (rule, value, _root, path) =>
    when(typeof value === 'number' && value <= Number(rule), `${path}: is not above ${rule}`),
  minItems: (rule, value, _root, path) =>
    when(Array.isArray(value) && value.length < Number(rule), `${path}: has too few`),
  maxItems: (rule, value, _root, path) =>
    when(Array.isArray(value) && value.length > Number(rule), `${path}: has too many`),
  items: (rule, value, root, path) =>
    Array.isArray(value) ? value.flatMap((one, index) => complaintsOf(rule, one, root, `${path}[${index}]`)) : [],
  properties: (rule, value, root, path) =>
    isObject(value)
      ? Object.entries(rule as Schema).flatMap(([key, inner]) =>
          Object.hasOwn(value, key) ? complaintsOf(inner, value[key], root, `${path}.${key}`) : [],
        )
      : [],
  propertyNames: (rule, value, root, path) =>
    isObject(value) ? Object.keys(value).flatMap((key) => complaintsOf(rule, key, root, `${path}.${key}`)) : [],
  required: (rule, value, _root, path) =>
    isObject(value)
      ? (rule as string[]).filter((key) => !Object.hasOwn(value, key)).map((key) => `${path}: lacks ${key}`)
      : [],
  additionalProperties: (rule, value, root, path, rules) =>
    isObject(value)
      ? Object.keys(value)
          .filter((key) => !Object.hasOwn((rules['properties'] ?? {}) as Schema, key))
          .flatMap((key) => complaintsOf(rule, value[key], root, `${path}.${key}`))
      : [],
  allOf: (rule, value, root, path) => (rule as unknown[]).flatMap((one) => complaintsOf(one, value, root, path)),
  anyOf: (rule, value, root, path) => {
    const all = (rule as unknown[]).map((one) => complaintsOf(one, value, root, path));
    return all.some((found) => found.length === 0)
      ? []
      : [`${path}: fits none: ${all.map(([first]) => first).join(' | ')}`];
  },
  oneOf: (rule, value, root, path) => {
    const all = (rule as unknown[]).map((one) => complaintsOf(one, value, root, path));
    const fitting = all.filter((found) => found.length === 0).length;
    return when(fitting !== 1, `${path}: fits ${fitting} of one: ${all.map(([first]) => first).join(' | ')}`);
  },
  $ref: (rule, value, root, path) => {
    const [, name = ''] = /^#\/\$defs\/(.+)$/.exec(String(rule)) ?? [];
    const definition = ((root['$defs'] ?? {}) as Schema)[name];
    if (definition === undefined) throw new Error(`${String(rule)} leads nowhere`);
    return complaintsOf(definition, value, root, path);
  },
};
