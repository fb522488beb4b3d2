/**
 * Runs the `tests:` of a mapping through the mapping itself and through the target's own checks. What a test says of a field is
 * compared with the value that the mapping made, or with the value that goes out: targets may write a field in their own way.
 */
import { createHash } from 'node:crypto';
import type { Fault } from '../model/fault.ts';
import { isRawNumber, type Json, type JsonObject } from '../model/json.ts';
import type { Encoded, Target } from '../targets/target.ts';
import { type CompiledMapping, compileMapping, type MappedRow, type Shape, type TargetKind } from './compile.ts';
import { pointer } from './complaint.ts';
import { compileExpression } from './expression.ts';
import { fieldsOf, type Mapping } from './mapping.ts';
import type { MappingTest } from './schema.ts';
import { parseJson } from './texts.ts';
import { isPlainObject } from './yaml.ts';

export interface TestOutcome {
  /** The test's own name, or "test 2". */
  readonly name: string;
  /** In the mapping file, 1-based. */
  readonly line: number;
  readonly passed: boolean;
  /** What differs, a line each; empty when passed. */
  readonly differences: readonly string[];
  /** The same, in parts. */
  readonly diff: readonly Difference[];
  /** What would go out, for each entry that gave an item. */
  readonly encoded: readonly Json[];
  readonly faults: readonly Fault[];
}

export interface Difference {
  /** In one line. */
  readonly text: string;
  /** What differs: a path into the item. Absent when the row as a whole became something else. */
  readonly path?: string;
  /** JSON, or "nothing". */
  readonly expected?: string;
  readonly got?: string;
}

export interface TestOptions {
  readonly kind?: TargetKind;
  /** Epoch milliseconds, for rules like "not in the future". */
  readonly now?: number;
}

/** @throws UserError `mapping-invalid` when the mapping does not fit the target at all */
export function runMappingTests(mapping: Mapping, target: Target, options: TestOptions = {}): TestOutcome[] {
  const { now = Date.now(), kind } = options;
  const rows = mapping.tests.map((test, index) => sourceRows(mapping, test, index));
  const columns = new Set([
    ...columnsOf(mapping),
    ...rows.flatMap(({ rows: given, input }) => (input === 'csv' ? given.flatMap((row) => Object.keys(row)) : [])),
  ]);
  const header = [...columns];
  const runners: { csv?: Runner; ndjson?: Runner } = {};
  return mapping.tests.map((test, index) => {
    const { rows: given, input } = rows[index] ?? { rows: [], input: 'csv' };
    const shape: Shape = input === 'csv' ? { kind: 'csv', header } : { kind: 'ndjson' };
    runners[input] ??= createRunner(mapping, shape, target, kind);
    const cells = given.map((row) => (input === 'csv' ? header.map((name) => String(row[name] ?? '')) : row));
    const { mapped, items } = (runners[input] as Runner)(cells, index, now);
    const diff = compare(test, mapping, mapped, items);
    return {
      name: test.name ?? `test ${index + 1}`,
      line: mapping.positions.values[pointer(['tests', index])]?.[0] ?? 1,
      passed: diff.length === 0,
      differences: diff.map(({ text }) => text),
      diff,
      encoded:
        mapped.kind === 'items'
          ? mapped.items.flatMap((item) => (item === undefined ? [] : [parseJson(item.json)]))
          : [],
      faults: mapped.kind === 'rejected' ? mapped.faults : [],
    };
  });
}

type Runner = (
  rows: readonly (readonly string[] | JsonObject)[],
  index: number,
  now: number,
) => { mapped: MappedRow; items: (JsonObject | undefined)[] };

/** Compiles the mapping against a target that also keeps what each entry made before the target wrote it out. */
function createRunner(mapping: Mapping, shape: Shape, target: Target, kind: TargetKind | undefined): Runner {
  let items: (JsonObject | undefined)[] = [];
  let opened = 0;
  const watched: Target = {
    ...target,
    operation: (name, settings) => {
      const operation = target.operation(name, settings);
      const entry = opened++;
      return {
        ...operation,
        encode: (item, row): Encoded | { readonly faults: readonly Fault[] } => {
          items[entry] = structuredCloneJson(item);
          return operation.encode(item, row);
        },
      };
    },
  };
  const compiled: CompiledMapping = compileMapping(mapping, shape, watched, kind);
  return (rows, index, now) => {
    items = mapping.entries.map(() => undefined);
    const identity = (entry: number) => createHash('sha256').update(`test:${index}:${entry}`).digest('hex');
    const options = { identity, now };
    return { mapped: compiled.group?.mapRows(rows, options) ?? compiled.mapRow(rows[0] ?? [], options), items };
  };
}

const structuredCloneJson = (item: JsonObject): JsonObject => parseJson(JSON.stringify(item)) as JsonObject;

/** A CSV cell is text, as the file has it: `zip: 00123` without quotes means those five characters. */
function sourceRows(
  mapping: Mapping,
  test: MappingTest,
  index: number,
): { readonly rows: readonly JsonObject[]; readonly input: 'csv' | 'ndjson' } {
  const rows = (test.rows ?? [test.row ?? {}]) as JsonObject[];
  const nested = rows.some((row) => Object.values(row).some((value) => typeof value === 'object' && value !== null));
  const input = test.input ?? (nested ? 'ndjson' : 'csv');
  if (input === 'ndjson') return { rows, input };
  const cells = rows.map((row, number) => {
    const at = test.rows === undefined ? ['tests', index, 'row'] : ['tests', index, 'rows', number];
    return Object.fromEntries(
      Object.entries(row).map(([column, value]): [string, Json] => {
        if (value === null) return [column, ''];
        return [
          column,
          typeof value === 'string' ? value : (mapping.written[pointer([...at, column])] ?? String(value)),
        ];
      }),
    );
  });
  return { rows: cells, input };
}

/** Every column that the mapping reads, so that a test need only name those it is about. */
function columnsOf(mapping: Mapping): string[] {
  const expressions = [
    mapping.where,
    ...mapping.entries.flatMap((entry) => [
      entry.when,
      ...fieldsOf(entry).flatMap(({ field }) => [field.expr, field.each?.where]),
    ]),
  ];
  const fromExpressions = expressions.flatMap((text) => {
    if (text === undefined) return [];
    const group = mapping.group === undefined ? undefined : { rows: [] };
    const compiled = compileExpression(text, { kind: 'ndjson' }, { expects: 'any', group });
    return 'evaluate' in compiled ? compiled.columns : [];
  });
  const added = new Set(mapping.transform?.adds);
  const fromFields = mapping.entries.flatMap(fieldsOf).flatMap(({ field }) => field.from ?? []);
  // What a function adds it must find missing, as in the file.
  const read = [...fromFields, ...fromExpressions].filter(
    (name) => !added.has(name) && !added.has(name.replace(/[.[].*$/s, '')),
  );
  return [...mapping.key, ...(mapping.group?.by ?? []), ...read];
}

function compare(
  test: MappingTest,
  mapping: Mapping,
  mapped: MappedRow,
  items: readonly (JsonObject | undefined)[],
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
    return compareItem(test.gives as JsonObject, items[0], encoded[0], '');
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
    if (want === null) return encoded[entry] === undefined ? [] : [unlike(label, 'none', show(items[entry]))];
    if (encoded[entry] === undefined) return [said(`${label}: expected an item; its when was false`)];
    return compareItem(want, items[entry], encoded[entry], `${label}.`);
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
): Difference[] {
  return Object.entries(wanted).flatMap(([field, want]) => {
    const made = item !== undefined && Object.hasOwn(item, field) ? item[field] : undefined;
    const sent = encoded !== undefined && Object.hasOwn(encoded, field) ? encoded[field] : undefined;
    const difference = differ(want, made ?? (made === null ? null : sent), `${label}${field}`);
    return difference.length > 0 && sent !== undefined && differ(want, sent, '').length === 0 ? [] : difference;
  });
}

function differ(want: Json | undefined, got: Json | undefined, path: string): Difference[] {
  if (Array.isArray(want) && Array.isArray(got) && want.length === got.length) {
    return want.flatMap((element, index) => differ(element, got[index], `${path}[${index}]`));
  }
  if (isPlainObject(want) && isPlainObject(got) && !isRawNumber(want) && !isRawNumber(got)) {
    const keys = new Set([...Object.keys(want), ...Object.keys(got)]);
    return [...keys].flatMap((key) => differ(ownOf(want, key), ownOf(got, key), `${path}.${key}`));
  }
  return show(want) === show(got) ? [] : [unlike(path, show(want), show(got))];
}

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
