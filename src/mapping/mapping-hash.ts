import { createHash } from 'node:crypto';
import type { Mapping } from './mapping.ts';
import { isPlainObject } from './yaml.ts';

/** The mapping's meaning: the same whatever its comments, order, short forms and tests are. Hexadecimal. */
export function mappingHash(mapping: Mapping): string {
  const { target, key, where, onEmpty, entries, tables, modules } = mapping;
  const meaning = {
    target,
    key,
    where,
    onEmpty,
    // As they were when the mapping was read: other contents are another mapping.
    tables: Object.fromEntries(Object.entries(tables).map(([name, { digest }]) => [name, digest])),
    modules,
    entries: entries.map(({ path: _, fields, ...entry }) => ({
      ...entry,
      fields: Object.fromEntries(fields.map(({ steps, name: _name, ...field }) => [JSON.stringify(steps), field])),
    })),
  };
  return createHash('sha256').update(canonical(meaning)).digest('hex');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isPlainObject(value)) return JSON.stringify(value) ?? 'null';
  const pairs = Object.keys(value)
    .sort()
    .filter((key) => value[key] !== undefined)
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${pairs.join(',')}}`;
}
