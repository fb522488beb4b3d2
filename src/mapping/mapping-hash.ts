import { hash } from 'node:crypto';
import { isPlainObject } from '../model/json.ts';
import type { Mapping, MappingField } from './mapping.ts';

/** The mapping's meaning: the same whatever its comments, order, short forms and tests are. Hexadecimal. */
export function mappingHash(mapping: Mapping): string {
  const { target, key, group, transform, where, onEmpty, entries, tables, modules } = mapping;
  const meaning = {
    target,
    key,
    group,
    transform,
    where,
    onEmpty,
    // As they were when the mapping was read: other contents are another mapping.
    tables: Object.fromEntries(Object.entries(tables).map(([name, { digest }]) => [name, digest])),
    modules,
    entries: entries.map(({ path: _, fields, ...entry }) => ({
      ...entry,
      fields: byPlace(fields),
    })),
  };
  return hash('sha256', canonical(meaning));
}

const byPlace = (fields: readonly MappingField[]): Record<string, unknown> =>
  Object.fromEntries(
    fields.map(({ steps, name: _name, each, ...field }) => [
      JSON.stringify(steps),
      each === undefined
        ? field
        : {
            ...field,
            each: {
              where: each.where,
              fields: each.fields === undefined ? undefined : byPlace(each.fields),
              value: each.value === undefined ? undefined : byPlace([each.value]),
            },
          },
    ]),
  );

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isPlainObject(value)) return JSON.stringify(value) ?? 'null';
  const pairs = Object.keys(value)
    .sort()
    .filter((key) => value[key] !== undefined)
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${pairs.join(',')}}`;
}
