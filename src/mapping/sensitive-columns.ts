/**
 * Columns whose values no message, no report and no preview shows: those that a field marked `sensitive` reads, by name or in an expression. What reads
 * the whole row, or a part of it that is not known beforehand, makes all columns sensitive.
 */
import type { RowRejection } from '../model/block.ts';
import { isJsonObject, isRawNumber, type Json, parseKeepingDigits } from '../model/json.ts';
import { maskText } from '../model/mask.ts';
import { compileExpression } from './expression.ts';
import { fieldsOf, type Mapping, type MappingEntry, type MappingField } from './mapping.ts';

export interface SensitiveColumns {
  readonly any: boolean;
  /** Whether the column, something inside it, or what it is a part of, is sensitive. */
  has(column: string): boolean;
}

export const noSensitiveColumns: SensitiveColumns = { any: false, has: () => false };

export function sensitiveColumns(mapping: Mapping): SensitiveColumns {
  const reads = mapping.entries.flatMap(sensitiveFields).map((field) => columnsOf(field, mapping.group !== undefined));
  // What a function made of the row may be made of any of its columns.
  if (reads.includes('all') || (reads.length > 0 && mapping.transform !== undefined))
    return { any: true, has: () => true };
  const columns = new Set(reads.flatMap((read) => (read === 'all' ? [] : read)));
  if (columns.size === 0) return noSensitiveColumns;
  const known = new Map<string, boolean>();
  return {
    any: true,
    has(column) {
      let is = known.get(column);
      if (is === undefined) {
        is = columns.has(column) || [...columns].some((other) => isIn(column, other) || isIn(other, column));
        known.set(column, is);
      }
      return is;
    },
  };
}

/** What a list says holds for the fields of its elements. */
function sensitiveFields(entry: MappingEntry): MappingField[] {
  const inside = (field: MappingField): MappingField[] => [
    ...(field.each?.fields ?? []),
    ...(field.each?.value === undefined ? [] : [field.each.value]),
  ];
  return [
    ...fieldsOf(entry).flatMap(({ field }) => (field.sensitive === true ? [field] : [])),
    ...entry.fields.flatMap((field) => (field.sensitive === true ? inside(field) : [])),
  ];
}

function columnsOf({ from = [], expr, transform }: MappingField, grouped: boolean): readonly string[] | 'all' {
  // A transform without a column makes its value of the row.
  if (transform !== undefined && from.length === 0 && expr === undefined) return 'all';
  if (expr === undefined) return from;
  const group = grouped ? { rows: [] } : undefined;
  const compiled = compileExpression(expr, { kind: 'ndjson' }, { expects: 'any', group });
  if (!('evaluate' in compiled) || compiled.readsAll) return 'all';
  return compiled.columns;
}

/** `person.tax` is in `person`, and `codes[1]` in `codes`. */
const isIn = (path: string, outer: string): boolean =>
  path.startsWith(outer) && (path[outer.length] === '.' || path[outer.length] === '[');

/** The row as it may be shown. Of one that cannot be taken apart nobody can say which part of it is the sensitive one. */
export function discreetSource(source: RowRejection['source'], sensitive: SensitiveColumns): RowRejection['source'] {
  if (!sensitive.any) return source;
  const row = source.kind === 'json' ? parseKeepingDigits(source.text) : undefined;
  if (!isJsonObject(row)) return { kind: 'text', text: maskText };
  const shown = Object.entries(row).map(([column, value]) => [column, sensitive.has(column) ? maskText : value]);
  return { kind: 'json', text: JSON.stringify(Object.fromEntries(shown)) };
}

/** Texts of the sensitive cells of a row: what a platform's own words may quote. */
export function sensitiveTexts(source: RowRejection['source'], sensitive: SensitiveColumns): string[] {
  if (!sensitive.any || source.kind !== 'json') return [];
  const row = parseKeepingDigits(source.text);
  if (!isJsonObject(row)) return [];
  return Object.entries(row).flatMap(([column, value]) => (sensitive.has(column) ? leavesOf(value).map(String) : []));
}

/** Texts and numbers of a value, however deep. */
export function leavesOf(value: Json | undefined): (string | number)[] {
  if (typeof value === 'string' || typeof value === 'number') return [value];
  if (isRawNumber(value)) return [value.rawJSON];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(leavesOf);
}
