/** `group:`: adjacent rows with one key become one item. The item's fields are those of the first row; lists have an element a row. */

import { type Fault, shorten } from '../model/fault.ts';
import { maskText } from '../model/mask.ts';
import type { MappingCode } from './codes.ts';
import type { CompiledMapping, MapOptions, MappedRow, MapSeen, RowWarning } from './compile.ts';
import { quote } from './complaint.ts';
import type { EntryFault, GroupRows } from './group-rows.ts';
import type { Mapping, MappingGroup } from './mapping.ts';
import { Refusal } from './refusal.ts';
import { type Row, type Shape, sourceReader, sourceText } from './row-shape.ts';
import type { SensitiveColumns } from './sensitive-columns.ts';
import type { ChangeRow } from './transform.ts';

export interface CompiledGroup {
  /** Rows in a group, at most. */
  readonly most: number;
  /** Which group a row belongs to; undefined when its columns are empty. */
  groupOf(row: Row): string | undefined;
  /** As `mapRow`, for all rows of one group. */
  mapRows(rows: readonly Row[], options: MapOptions): MappedRow;
  /** A fault of a row because of the group that it is in, with the group's name as the rows write it. */
  fault(code: GroupCode, reason: string, row: Row): Fault;
  /** The columns, for people. */
  readonly by: string;
}

export type GroupCode = Extract<MappingCode, `group-${string}`>;

interface GroupParts {
  readonly rows: GroupRows;
  /** Of the rows as the file has them, and as fields see them. */
  readonly shape: Shape;
  readonly seen: Shape;
  readonly change: ChangeRow | undefined;
  readonly mapRow: MapSeen;
  readonly keyOf: CompiledMapping['keyOf'];
  readonly groupOf: (row: Row) => string | undefined;
  readonly sensitive: SensitiveColumns;
}

export function compileGroup(mapping: Mapping, { by, most }: MappingGroup, parts: GroupParts): CompiledGroup {
  const { rows: current, shape, seen, change, mapRow, keyOf, groupOf, sensitive } = parts;
  const single = singleColumns(mapping, seen);
  const readers = by.map((column) => sourceReader(shape, column));
  const [column = ''] = by;

  const fault = (code: GroupCode, reason: string, row: Row, at = column): Fault => {
    const reader = at === column ? readers[0] : sourceReader(shape, at);
    const value = typeof reader === 'function' ? sourceText(reader(row)) : undefined;
    const shown = value !== undefined && value !== '' && sensitive.has(at) ? maskText : value;
    return { stage: 'map', code, reason, column: at, ...(shown === undefined ? {} : { value: shorten(shown) }) };
  };

  const mixed = (rows: readonly Row[]): EntryFault[] => {
    const [first] = rows;
    const faults: EntryFault[] = [];
    if (first === undefined || mapping.key.length === 0) return faults;
    const key = keyOf(first);
    for (let row = 1; row < rows.length; row++) {
      const other = rows[row] as Row;
      if (keyOf(other) === key) continue;
      const reason = `the group's first row has another ${mapping.key.join(' and ')}: one group is about one of them`;
      faults.push({ ...fault('group-mixed', reason, other, mapping.key[0]), row });
    }
    return faults;
  };

  const differing = (rows: readonly Row[]): RowWarning[] => {
    const [first] = rows;
    const warnings: RowWarning[] = [];
    if (first === undefined) return warnings;
    for (const { read, text } of single) {
      const value = sourceText(read(first));
      for (let row = 1; row < rows.length; row++) {
        if (sourceText(read(rows[row] as Row)) === value) continue;
        warnings.push({ row, code: 'group-differs', text });
        break;
      }
    }
    return warnings;
  };

  return {
    by: by.join(' and '),
    most,
    groupOf,
    mapRows(rows, options) {
      const faults = mixed(rows);
      if (faults.length > 0) return { kind: 'rejected', faults };
      const changed = change === undefined ? rows : changeAll(rows, change);
      if (!('length' in changed)) return changed;
      current.rows = changed;
      const mapped = mapRow(rows[0] ?? [], options, changed[0]);
      if (mapped.kind !== 'items' || rows.length === 1) return mapped;
      const warnings = differing(changed);
      return warnings.length === 0 ? mapped : { ...mapped, warnings };
    },
    fault,
  };
}

const leftAlone: Omit<EntryFault, 'row'> = {
  stage: 'map',
  code: 'transform-failed',
  reason: 'the transform gave null for some rows of the group and not for others: say where in each instead',
};

/** A function may leave out a group, but not a part of it. */
function changeAll(rows: readonly Row[], change: ChangeRow): readonly Row[] | Exclude<MappedRow, { kind: 'items' }> {
  const changed: Row[] = [];
  const faults: EntryFault[] = [];
  const empty: number[] = [];
  for (const [index, row] of rows.entries()) {
    const made = change(row);
    if (made === null) empty.push(index);
    else if (made instanceof Refusal) faults.push({ stage: 'map', code: made.code, reason: made.reason, row: index });
    else changed.push(made);
  }
  if (empty.length === rows.length) return { kind: 'skipped' };
  faults.push(...empty.map((row) => ({ ...leftAlone, row })));
  return faults.length > 0 ? { kind: 'rejected', faults } : changed;
}

/** Columns that fields of the item itself read by name: they should be the same in all rows of a group, and `text` is said where they are not. */
function singleColumns(mapping: Mapping, shape: Shape) {
  const names = new Set(mapping.entries.flatMap(({ fields }) => fields.flatMap(({ from = [] }) => from)));
  return [...names].flatMap((name) => {
    const read = sourceReader(shape, name);
    const text = `rows of one group differ in ${quote(name)}, which is read from the first row only: is it meant for each?`;
    return typeof read === 'string' ? [] : [{ read, text }];
  });
}
