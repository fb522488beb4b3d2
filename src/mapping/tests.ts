/**
 * Runs the `tests:` of a mapping through the mapping itself and through the target's own checks. What a test says of a field is
 * compared with the value that the mapping made, or with the value that goes out: targets may write a field in their own way.
 */
import { hash } from 'node:crypto';
import type { Fault } from '../model/fault.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { Encoded, Target } from '../targets/target.ts';
import { type CompiledMapping, compileMapping, type MappedRow, type Shape, type TargetKind } from './compile.ts';
import { didYouMean, pointer, quote } from './complaint.ts';
import { compileExpression } from './expression.ts';
import { fieldsOf, type Mapping } from './mapping.ts';
import type { MappingTest } from './schema.ts';
import { compare, type Difference, type Hidden } from './test-differences.ts';
import { parseJson } from './texts.ts';

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
  // A function may read any column of the row.
  const known = mapping.transform === undefined ? columnsOf(mapping) : [];
  const runners: { csv?: Runner; ndjson?: Runner } = {};
  return mapping.tests.map((test, index) => {
    const { rows: given, input } = rows[index] ?? { rows: [], input: 'csv' };
    const shape: Shape = input === 'csv' ? { kind: 'csv', header } : { kind: 'ndjson' };
    runners[input] ??= createRunner(mapping, shape, target, kind);
    const cells = given.map((row) => (input === 'csv' ? header.map((name) => String(row[name] ?? '')) : row));
    const runner = runners[input] as Runner;
    const { mapped, items } = runner.run(cells, index, now);
    const found = compare(test, mapping, mapped, items, runner.hidden);
    const diff = found.length === 0 ? found : [...found, ...misspelt(given, known)];
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

interface Runner {
  readonly hidden: Hidden;
  run(
    rows: readonly (readonly string[] | JsonObject)[],
    index: number,
    now: number,
  ): { mapped: MappedRow; items: (JsonObject | undefined)[] };
}

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
  return {
    hidden: compiled.hiddenFields,
    run(rows, index, now) {
      items = mapping.entries.map(() => undefined);
      const identity = (entry: number) => hash('sha256', `test:${index}:${entry}`);
      const options = { identity, now };
      return { mapped: compiled.group?.mapRows(rows, options) ?? compiled.mapRow(rows[0] ?? [], options), items };
    },
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

/** Columns of a failed test's rows that the mapping does not read, and almost does. */
function misspelt(rows: readonly JsonObject[], known: readonly string[]): Difference[] {
  const tops = [...new Set(known.flatMap((name) => [name, name.replace(/[.[].*$/s, '')]))];
  const names = new Set(rows.flatMap((row) => Object.keys(row)).filter((name) => !tops.includes(name)));
  return [...names].flatMap((name) => {
    const meant = didYouMean(name, tops);
    return meant === '' ? [] : [{ text: `the mapping does not read the column ${quote(name)} of the test${meant}` }];
  });
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
