/** A mapping as the rest of the program has it: checked, in one form whatever short forms the file used, and plain data. */
import type { Json, JsonObject } from '../model/json.ts';
import type { EmptyPolicy, TargetType } from '../targets/target.ts';
import type { Path, Positions } from './complaint.ts';
import type { FieldStyle, MappingTest } from './schema.ts';
import type { TextTable } from './text-table.ts';

export interface Mapping {
  /** As the user named it. */
  readonly file: string;
  readonly target: string;
  readonly key: readonly string[];
  /** Adjacent rows that make one item together. */
  readonly group?: MappingGroup;
  /** What becomes of a row before anything else looks at it. */
  readonly transform?: MappingTransform;
  readonly where?: string;
  readonly onEmpty?: EmptyPolicy;
  /** One without `items:`. */
  readonly entries: readonly MappingEntry[];
  /** Whether they were written as `items:` (a test then gives a list). */
  readonly listed: boolean;
  readonly tests: readonly MappingTest[];
  readonly positions: Positions;
  /** What lookups found in their files, by `lookupName`. */
  readonly tables: Readonly<Record<string, LookupTable>>;
  /** Hashes of the modules with transforms, by the path in the mapping. */
  readonly modules: Readonly<Record<string, string>>;
  /** By pointer: how numbers, booleans and nulls are written in the file. */
  readonly written: Readonly<Record<string, string>>;
}

export interface MappingGroup {
  readonly by: readonly string[];
  /** Rows in a group, at most. */
  readonly most: number;
}

export interface MappingTransform {
  /** `tidy.ts#row`. */
  readonly function: string;
  /** Columns that it adds to those of the file. */
  readonly adds: readonly string[];
}

/** Two columns of a second file. */
export interface LookupTable {
  readonly found: TextTable;
  readonly digest: string;
}

export interface MappingEntry {
  readonly operation: string;
  readonly when?: string;
  readonly settings: JsonObject;
  readonly onEmpty?: EmptyPolicy;
  readonly lastWins?: boolean;
  /** In the file's order, which is the payload's. */
  readonly fields: readonly MappingField[];
  /** Where it stands in the file: [] or ['items', index]. */
  readonly path: Path;
}

export interface MappingField extends FieldStyle {
  /** As written. */
  readonly name: string;
  /** The keys it nests in. */
  readonly steps: readonly string[];
  readonly from?: readonly string[];
  readonly const?: Json;
  readonly default?: Json;
  readonly map?: Readonly<Record<string, Json>>;
  /** Where the map is to be read from; `map` stands in its place once that is done. */
  readonly mapFile?: string;
  readonly each?: MappingEach;
}

/** A list with one element for each row of a group: an object of `fields`, or `value`. */
export interface MappingEach {
  readonly where?: string;
  readonly fields?: readonly MappingField[];
  readonly value?: MappingField;
}

/** All fields of an entry with their places, those inside `each` too. */
export function fieldsOf(entry: MappingEntry): { readonly field: MappingField; readonly path: Path }[] {
  return entry.fields.flatMap((field) => {
    const path = [...entry.path, 'fields', field.name];
    const { fields = [], value } = field.each ?? {};
    return [
      { field, path },
      ...fields.map((inner) => ({ field: inner, path: [...path, 'each', 'fields', inner.name] })),
      ...(value === undefined ? [] : [{ field: value, path: [...path, 'each', 'value'] }]),
    ];
  });
}

/** Which target type a configured target is of; the target itself does not say. */
export type TargetKind = Pick<TargetType<never>, 'type' | 'aliases' | 'operations'>;
