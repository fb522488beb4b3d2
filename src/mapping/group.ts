/** `group:`: adjacent rows with one key become one item. The item's fields are those of the first row; lists have an element a row. */

import { type Fault, shorten } from '../model/fault.ts';
import { maskText } from '../model/mask.ts';
import type { MappingCode } from './codes.ts';
import type { CompiledMapping, MapOptions, MappedRow } from './compile.ts';
import { quote } from './complaint.ts';
import type { EntryFault, GroupRows } from './group-rows.ts';
import type { Mapping, MappingGroup } from './mapping.ts';
import { type Row, type Shape, sourceReader, sourceText } from './row-shape.ts';
import type { SensitiveColumns } from './sensitive-columns.ts';

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
  readonly shape: Shape;
  readonly mapRow: CompiledMapping['mapRow'];
  readonly keyOf: CompiledMapping['keyOf'];
  readonly groupOf: (row: Row) => string | undefined;
  readonly sensitive: SensitiveColumns;
}

export function compileGroup(mapping: Mapping, { by, most }: MappingGroup, parts: GroupParts): CompiledGroup {
  const { rows: current, shape, mapRow, keyOf, groupOf, sensitive } = parts;
  const single = singleColumns(mapping, shape);
  const readers = by.map((column) => sourceReader(shape, column));
  const [column = ''] = by;

  const fault = (code: GroupCode, reason: string, row: Row, at = column): Fault => {
    const reader = at === column ? readers[0] : sourceReader(shape, at);
    const value = typeof reader === 'function' ? sourceText(reader(row)) : undefined;
    const shown = value !== undefined && value !== '' && sensitive.has(at) ? maskText : value;
    return { stage: 'map', code, reason, column: at, ...(shown === undefined ? {} : { value: shorten(shown) }) };
  };

  const mixed = (rows: readonly Row[]): EntryFault[] => {
    const [first, ...others] = rows;
    if (first === undefined || mapping.key.length === 0) return [];
    const key = keyOf(first);
    return others.flatMap((row, index) => {
      if (keyOf(row) === key) return [];
      const reason = `the group's first row has another ${mapping.key.join(' and ')}: one group is about one of them`;
      return [{ ...fault('group-mixed', reason, row, mapping.key[0]), row: index + 1 }];
    });
  };

  const differing = (rows: readonly Row[]) => {
    const [first, ...others] = rows;
    if (first === undefined) return [];
    return single.flatMap(({ name, read }) => {
      const text = sourceText(read(first));
      const row = others.findIndex((other) => sourceText(read(other)) !== text) + 1;
      const says = `rows of one group differ in ${quote(name)}, which is read from the first row only: is it meant for each?`;
      return row === 0 ? [] : [{ row, code: 'group-differs', text: says }];
    });
  };

  return {
    by: by.join(' and '),
    most,
    groupOf,
    mapRows(rows, options) {
      current.rows = rows;
      const faults = mixed(rows);
      if (faults.length > 0) return { kind: 'rejected', faults };
      const mapped = mapRow(rows[0] ?? [], options);
      if (mapped.kind !== 'items' || rows.length === 1) return mapped;
      const warnings = differing(rows);
      return warnings.length === 0 ? mapped : { ...mapped, warnings };
    },
    fault,
  };
}

/** Columns that fields of the item itself read by name: they should be the same in all rows of a group. */
function singleColumns(mapping: Mapping, shape: Shape) {
  const names = new Set(mapping.entries.flatMap(({ fields }) => fields.flatMap(({ from = [] }) => from)));
  return [...names].flatMap((name) => {
    const read = sourceReader(shape, name);
    return typeof read === 'string' ? [] : [{ name, read }];
  });
}
