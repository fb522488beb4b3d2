/**
 * A mapping, a file's columns and a target, made into one function from a row to items. Everything that can be known to be
 * wrong before the first row is said here, all at once and with its place.
 */
import type { Fault } from '../model/fault.ts';
import type { JsonObject } from '../model/json.ts';
import type { Encoded, Operation, RowContext, Target } from '../targets/target.ts';
import { type Complaint, didYouMean, mappingError, pointer, quote } from './complaint.ts';
import { discreet, isHidden, madeOf, withoutText } from './discreet-faults.ts';
import { type CompiledEntry, compileEntry } from './entry.ts';
import { compileExpression, type Expression } from './expression.ts';
import { type CompiledGroup, compileGroup } from './group.ts';
import type { EntryFault, GroupRows } from './group-rows.ts';
import { groupNames, keyReader } from './key-reader.ts';
import type { Mapping, TargetKind } from './mapping.ts';
import { Refusal } from './refusal.ts';
import { ColumnUse, type ReadSource, type Row, type Shape, sourceReader } from './row-shape.ts';
import { leavesOf, type SensitiveColumns, sensitiveColumns } from './sensitive-columns.ts';
import { type ChangeRow, loadRowTransform, rowTransformPath } from './transform.ts';

export type { TargetKind } from './mapping.ts';
export type { Row, Shape } from './row-shape.ts';

/** Worth a word about a row of a group, by its index in it, though it goes out. */
export interface RowWarning {
  readonly row: number;
  readonly code: string;
  readonly text: string;
}

export type MappedRow =
  | { readonly kind: 'skipped' }
  | { readonly kind: 'rejected'; readonly faults: readonly EntryFault[] }
  /** One slot for each entry: undefined where `when` was false, and where the row's items of that entry were not wanted. */
  | {
      readonly kind: 'items';
      readonly items: readonly (Encoded | undefined)[];
      /** Of the group as a whole; `row` is an index into its rows. */
      readonly warnings?: readonly RowWarning[];
    };

export interface MapOptions {
  /** The row's identity under an entry, see {@link RowContext}. Asked only when an operation wants it. */
  readonly identity: (entry: number) => string;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Entries that need no work any more, by index: their items are checked no more and made no more. */
  readonly done?: (entry: number) => boolean;
}

export interface CompiledMapping {
  readonly entries: readonly { readonly operation: Operation; readonly lastWins: boolean }[];
  /** The result is used again by the next call. With groups: of a group of one row. */
  mapRow(row: Row, options: MapOptions): MappedRow;
  /** Present when the mapping groups rows: what makes a group, and what becomes of one. */
  readonly group?: CompiledGroup;
  /** Faults of a row that could not be read, without the text of the row where part of it is sensitive. */
  readFaults(faults: readonly Fault[]): readonly Fault[];
  /** What fields that must not be shown make of these rows (of one group, or one): JSON text of each text and number. */
  sensitiveValues(rows: readonly Row[]): readonly string[];
  /** Fields of each entry whose values no message shows, as the steps of their paths. */
  readonly hiddenFields: readonly (readonly (readonly string[])[])[];
  /** Value of the mapping's `key` columns in a row, joined; '' when it names none or they are empty. */
  keyOf(row: Row): string;
  /** Of the rows: those that any of this looks at; undefined: it may be any of them. A row need hold nothing else. */
  readonly columns: ReadonlySet<string> | undefined;
}

/** @throws UserError `mapping-invalid`, one complaint a line */
export function compileMapping(mapping: Mapping, given: Shape, target: Target, kind?: TargetKind): CompiledMapping {
  const use = new ColumnUse();
  const shape = { ...given, use };
  const complaints: Complaint[] = [];
  const complain = (complaint: Complaint) => void complaints.push(complaint);
  checkTarget(mapping, kind, complain);
  const sensitive = sensitiveColumns(mapping);
  const change = loadRowTransform(mapping, shape, sensitive.any);
  if (typeof change === 'string') complain({ path: rowTransformPath(mapping), text: change });
  const seen = shapeBehind(mapping, shape);
  const keyReaders = readersOf(shape, mapping.key, ['key'], complain);
  const conditionAt = (text: string | undefined, path: Complaint['path']): Expression | undefined => {
    if (text === undefined) return undefined;
    const compiled = compileExpression(text, seen, { expects: 'bool', sensitive, group });
    if ('evaluate' in compiled) return compiled;
    for (const fault of compiled) complain({ path, ...fault });
    return undefined;
  };
  const group: GroupRows | undefined = mapping.group === undefined ? undefined : { rows: [] };
  const isLong = mapping.positions.values[pointer(['group', 'by'])] !== undefined;
  const groupPath = isLong ? ['group', 'by'] : ['group'];
  const groupReaders = readersOf(shape, mapping.group?.by ?? [], groupPath, complain);
  const where = conditionAt(mapping.where, ['where']);
  const entries = mapping.entries.map((entry): CompiledEntry | undefined =>
    compileEntry(entry, {
      mapping,
      shape: seen,
      target,
      kind,
      sensitiveColumns: sensitive,
      when: conditionAt(entry.when, [...entry.path, 'when']),
      group,
      complain,
    }),
  );
  if (complaints.length > 0 || typeof change === 'string')
    throw mappingError(mapping.file, mapping.positions, complaints);
  const usable = entries.filter((entry) => entry !== undefined);
  const keyOf = keyReader(keyReaders);
  const mapSeen = rowMapper(where, usable, keyReaders, sensitive, group);
  const entriesOf = usable.map(({ operation, lastWins }) => ({ operation, lastWins }));
  const readFaults = sensitive.any
    ? (faults: readonly Fault[]) => faults.map(withoutText)
    : (faults: readonly Fault[]) => faults;
  const sensitiveValues = (rows: readonly Row[]): string[] => {
    const made = change === undefined ? rows : rows.flatMap((row) => objectOf(change(row)));
    if (group !== undefined) group.rows = made;
    const hidden = usable.flatMap(({ fields }) => fields).filter((field) => isHidden(field, sensitive));
    const whole = hidden.filter(({ inner }) => inner === undefined).map((field) => madeOf(field, made[0] ?? []));
    const parts = hidden.flatMap(({ inner = [] }) => inner).filter((field) => isHidden(field, sensitive));
    const values = [...whole, ...parts.flatMap((field) => made.map((row) => madeOf(field, row)))];
    return values.flatMap(leavesOf).map((value) => JSON.stringify(value));
  };
  const hiddenFields = usable.map(({ fields }) =>
    fields.filter((field) => isHidden(field, sensitive)).map(({ steps }) => steps),
  );
  const parts = { entries: entriesOf, readFaults, sensitiveValues, hiddenFields, keyOf };
  if (group === undefined || mapping.group === undefined) {
    return { ...parts, columns: use.close(), mapRow: change === undefined ? mapSeen : changedFirst(change, mapSeen) };
  }
  const compiled = compileGroup(mapping, mapping.group, {
    rows: group,
    shape,
    seen,
    change,
    mapRow: mapSeen,
    keyOf,
    groupOf: groupNames(groupReaders),
    sensitive,
  });
  return {
    ...parts,
    columns: use.close(),
    mapRow: (row, options) => compiled.mapRows([row], options),
    group: compiled,
  };
}

/** The rows as fields see them: where a function changes them, they are objects. */
function shapeBehind({ transform }: Mapping, shape: Shape): Shape {
  if (transform === undefined) return shape;
  return shape.kind === 'csv'
    ? { kind: 'ndjson', columns: [...new Set([...shape.header, ...transform.adds])] }
    : { kind: 'ndjson' };
}

const objectOf = (changed: ReturnType<ChangeRow>): JsonObject[] =>
  changed === null || changed instanceof Refusal ? [] : [changed];

/** The function has the row before anybody else; `key` alone reads it as the file has it. */
const changedFirst =
  (change: ChangeRow, mapSeen: MapSeen): CompiledMapping['mapRow'] =>
  (row, options) => {
    const seen = change(row);
    if (seen === null) return skipped;
    if (seen instanceof Refusal) return { kind: 'rejected', faults: [faultOf(seen)] };
    return mapSeen(row, options, seen);
  };

/** How each of the columns is read. */
function readersOf(
  shape: Shape,
  columns: readonly string[],
  path: Complaint['path'],
  complain: (complaint: Complaint) => void,
): ReadSource[] {
  return columns.map((column, index) => {
    const reader = sourceReader(shape, column);
    if (typeof reader !== 'string') return reader;
    complain({ path: columns.length === 1 ? path : [...path, index], text: reader });
    return () => undefined;
  });
}

function checkTarget(mapping: Mapping, kind: TargetKind | undefined, complain: (complaint: Complaint) => void): void {
  if (kind === undefined || mapping.target === kind.type || kind.aliases.includes(mapping.target)) return;
  const near = didYouMean(mapping.target, [kind.type, ...kind.aliases]);
  complain({
    path: ['target'],
    text: `the mapping is for target type ${quote(mapping.target)}, and the run's target is of type ${quote(kind.type)}${near}`,
  });
}

/** One instance for all rows: identity and key cost nothing where no operation asks for them. */
class LazyContext implements RowContext {
  row: Row = [];
  entry = 0;
  now = 0;
  source: (entry: number) => string = () => '';
  readonly #keyOf: (row: Row) => string;

  constructor(keys: readonly ReadSource[]) {
    this.#keyOf = keyReader(keys);
  }

  get identity(): string {
    return this.source(this.entry);
  }

  get key(): string {
    return this.#keyOf(this.row);
  }
}

const skipped: MappedRow = { kind: 'skipped' };

/** @param seen what a function made of the row, where there is one */
export type MapSeen = (row: Row, options: MapOptions, seen?: Row) => MappedRow;

function rowMapper(
  where: Expression | undefined,
  entries: readonly CompiledEntry[],
  keys: readonly ReadSource[],
  sensitive: SensitiveColumns,
  group: GroupRows | undefined,
): MapSeen {
  const context = new LazyContext(keys);
  const items: (Encoded | undefined)[] = entries.map(() => undefined);
  const result: MappedRow = { kind: 'items', items };
  return (row, { identity, now, done }, seen = row) => {
    context.row = row;
    context.now = now;
    context.source = identity;
    // Made with the first fault only: most rows have none.
    let faults: EntryFault[] | undefined;
    if (where !== undefined) {
      const goes = where.evaluate(seen);
      if (goes instanceof Refusal) return { kind: 'rejected', faults: [faultOf(goes)] };
      if (goes === false) return skipped;
    }
    for (let index = 0; index < entries.length; index++) {
      items[index] = undefined;
      const entry = entries[index];
      if (entry === undefined || done?.(index)) continue;
      if (entry.when !== undefined) {
        const goes = entry.when.evaluate(seen);
        if (goes instanceof Refusal) faults = [...(faults ?? []), faultOf(goes)];
        if (goes !== true) continue;
      }
      context.entry = index;
      const encoded = entry.map(seen, context);
      if ('json' in encoded) items[index] = encoded;
      else {
        const rowOf = (fault: EntryFault) => (fault.row === undefined ? seen : (group?.rows[fault.row] ?? seen));
        faults = [...(faults ?? []), ...encoded.faults.map((fault) => discreet(fault, entry, rowOf(fault), sensitive))];
      }
    }
    return faults === undefined ? result : { kind: 'rejected', faults };
  };
}

const faultOf = ({ code, reason }: Refusal): Fault => ({ stage: 'map', code, reason });
