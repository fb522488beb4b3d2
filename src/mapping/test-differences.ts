/** What differs between what a test of a mapping says and what came of its row. Values of sensitive fields are masked on both sides. */

import type { Fault } from '../model/fault.ts';
import { isPlainObject, isRawNumber, type Json, type JsonObject } from '../model/json.ts';
import { maskText } from '../model/mask.ts';
import type { CompiledMapping, MappedRow } from './compile.ts';
import { didYouMean } from './complaint.ts';
import type { Mapping } from './mapping.ts';
import type { MappingTest } from './schema.ts';
import { parseJson } from './texts.ts';

export interface Difference {
  /** In one line. */
  readonly text: string;
  /** What differs: a path into the item. Absent when the row as a whole became something else. */
  readonly path?: string;
  /** JSON, or "nothing". */
  readonly expected?: string;
  readonly got?: string;
}

/** Of each entry the fields whose values are shown nowhere. */
export type Hidden = CompiledMapping['hiddenFields'];

export function compare(
  test: MappingTest,
  mapping: Mapping,
  mapped: MappedRow,
  items: readonly (JsonObject | undefined)[],
  hidden: Hidden,
): Difference[] {
  const went =
    mapped.kind === 'items' && mapped.items.every((item) => item === undefined)
      ? ({ kind: 'skipped' } as const)
      : mapped;
  if (test.skips === true)
    return went.kind === 'skipped' ? [] : [said(`expected the row to be skipped; it ${outcome(went)}`)];
  if (test.rejects !== undefined) return compareRejects(test.rejects, went);
  if (test.gives === undefined) return [];
  if (went.kind !== 'items') return [said(`expected an item; the row ${outcome(went)}`)];
  const encoded = went.items.map((item) => (item === undefined ? undefined : (parseJson(item.json) as JsonObject)));
  if (!Array.isArray(test.gives)) {
    if (mapping.entries.length > 1)
      return [said('gives must be a list: one item for each of items, null where there is none')];
    return compareItem(test.gives as JsonObject, items[0], encoded[0], '', hidden[0] ?? []);
  }
  const wanted = test.gives as (JsonObject | null)[];
  if (wanted.length !== mapping.entries.length) {
    return [
      said(
        `gives lists ${wanted.length}, and the mapping has ${mapping.entries.length} items (null where there is none)`,
      ),
    ];
  }
  return wanted.flatMap((want, entry) => {
    const label = `items[${entry}]`;
    if (want === null)
      return encoded[entry] === undefined ? [] : [unlike(label, 'none', hide(items[entry], hidden[entry] ?? []))];
    if (encoded[entry] === undefined) return [said(`${label}: expected an item; its when was false`)];
    return compareItem(want, items[entry], encoded[entry], `${label}.`, hidden[entry] ?? []);
  });
}

function compareRejects(fields: readonly string[], went: MappedRow): Difference[] {
  if (went.kind !== 'rejected')
    return [said(`expected the row to be rejected for ${fields.join(', ')}; it ${outcome(went)}`)];
  const names = (fault: Fault) => [fault.field, fault.column, fault.code];
  const differences: Difference[] = [];
  for (const field of fields) {
    if (!went.faults.some((fault) => names(fault).includes(field)))
      differences.push(said(`${field}: expected a fault; there is none`));
  }
  for (const fault of went.faults) {
    if (!names(fault).some((name) => name !== undefined && fields.includes(name))) {
      differences.push(said(`${fault.field ?? fault.column ?? fault.code}: rejected too: ${fault.reason}`));
    }
  }
  return differences;
}

const outcome = (went: MappedRow): string => {
  if (went.kind === 'skipped') return 'was skipped';
  if (went.kind === 'items') return 'gave an item';
  return `was rejected: ${went.faults.map(({ field, reason }) => (field === undefined ? reason : `${field}: ${reason}`)).join('; ')}`;
};

/** Fields that the test does not name may be anything. */
function compareItem(
  wanted: JsonObject,
  item: JsonObject | undefined,
  encoded: JsonObject | undefined,
  label: string,
  hidden: Paths,
): Difference[] {
  return Object.entries(wanted).flatMap(([field, want]) => {
    const made = item !== undefined && Object.hasOwn(item, field) ? item[field] : undefined;
    const sent = encoded !== undefined && Object.hasOwn(encoded, field) ? encoded[field] : undefined;
    const inside = below(hidden, field);
    const near = made === undefined && sent === undefined ? didYouMean(field, keysOf(item, encoded)) : '';
    const difference = differ(want, made ?? (made === null ? null : sent), `${label}${field}`, inside, near);
    return difference.length > 0 && sent !== undefined && differ(want, sent, '', inside).length === 0 ? [] : difference;
  });
}

type Paths = readonly (readonly string[])[];

/** What of the paths lies below this step; one that ends here leaves an empty path. */
const below = (paths: Paths, step: string): Paths =>
  paths.flatMap((path) => (path.length === 0 ? [path] : path[0] === step ? [path.slice(1)] : []));

/** As text, with what is hidden masked. A list is hidden as a whole: its elements have no names. */
function hide(value: Json | undefined, hidden: Paths): string {
  if (value === undefined || hidden.length === 0) return show(value);
  const within = (inner: Json, paths: Paths): Json => {
    if (paths.some(({ length }) => length === 0)) return maskText;
    if (paths.length === 0 || !isPlainObject(inner) || isRawNumber(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).map(([key, one]) => [key, within(one, below(paths, key))]));
  };
  return show(within(value, hidden));
}

/** @param near what was perhaps meant by a field that there is not */
function differ(want: Json | undefined, got: Json | undefined, path: string, hidden: Paths, near = ''): Difference[] {
  if (Array.isArray(want) && Array.isArray(got) && want.length === got.length) {
    return want.flatMap((element, index) => differ(element, got[index], `${path}[${index}]`, hidden));
  }
  if (isPlainObject(want) && isPlainObject(got) && !isRawNumber(want) && !isRawNumber(got)) {
    const keys = new Set([...Object.keys(want), ...Object.keys(got)]);
    return [...keys].flatMap((key) => {
      const meant = Object.hasOwn(got, key) ? '' : didYouMean(key, Object.keys(got));
      return differ(ownOf(want, key), ownOf(got, key), `${path}.${key}`, below(hidden, key), meant);
    });
  }
  return show(want) === show(got) ? [] : [unlike(path, hide(want, hidden), `${hide(got, hidden)}${near}`)];
}

const keysOf = (...objects: readonly (JsonObject | undefined)[]): string[] =>
  objects.flatMap((object) => Object.keys(object ?? {}));

const ownOf = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;

const show = (value: Json | undefined): string => (value === undefined ? 'nothing' : JSON.stringify(value));

const said = (text: string): Difference => ({ text });

const unlike = (path: string, expected: string, got: string): Difference => ({
  text: path === '' ? `expected ${expected}; got ${got}` : `${path}: expected ${expected}; got ${got}`,
  path,
  expected,
  got,
});
