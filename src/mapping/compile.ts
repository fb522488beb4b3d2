/**
 * A mapping, a file's columns and a target, made into one function from a row to items. Everything that can be known to be
 * wrong before the first row is said here, all at once and with its place.
 */
import { type Fault, shorten } from '../model/fault.ts';
import type { Json } from '../model/json.ts';
import { maskText } from '../model/mask.ts';
import type { Encoded, Operation, RowContext, Target } from '../targets/target.ts';
import { type Complaint, didYouMean, mappingError, pointer, quote } from './complaint.ts';
import { type CompiledEntry, compileEntry, type EntryField } from './entry.ts';
import { compileExpression, type Expression } from './expression.ts';
import { type CompiledGroup, compileGroup } from './group.ts';
import type { EntryFault, GroupRows } from './group-rows.ts';
import { groupNames, keyReader } from './key-reader.ts';
import type { Mapping, TargetKind } from './mapping.ts';
import { Refusal } from './refusal.ts';
import { type ReadSource, type Row, type Shape, sourceReader } from './row-shape.ts';
import { leavesOf, type SensitiveColumns, sensitiveColumns } from './sensitive-columns.ts';

export type { TargetKind } from './mapping.ts';
export type { Row, Shape } from './row-shape.ts';

export type MappedRow =
  | { readonly kind: 'skipped' }
  | { readonly kind: 'rejected'; readonly faults: readonly EntryFault[] }
  /** One slot for each entry: undefined where `when` was false, and where the row's items of that entry were not wanted. */
  | {
      readonly kind: 'items';
      readonly items: readonly (Encoded | undefined)[];
      /** Of the group as a whole; `row` is an index into its rows. */
      readonly warnings?: readonly { readonly row: number; readonly code: string; readonly text: string }[];
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
  /** Value of the mapping's `key` columns in a row, joined; '' when it names none or they are empty. */
  keyOf(row: Row): string;
}

/** @throws UserError `mapping-invalid`, one complaint a line */
export function compileMapping(mapping: Mapping, shape: Shape, target: Target, kind?: TargetKind): CompiledMapping {
  const complaints: Complaint[] = [];
  const complain = (complaint: Complaint) => void complaints.push(complaint);
  checkTarget(mapping, kind, complain);
  const sensitive = sensitiveColumns(mapping);
  const keyReaders = readersOf(shape, mapping.key, ['key'], complain);
  const conditionAt = (text: string | undefined, path: Complaint['path']): Expression | undefined => {
    if (text === undefined) return undefined;
    const compiled = compileExpression(text, shape, { expects: 'bool', sensitive, group });
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
      shape,
      target,
      kind,
      sensitiveColumns: sensitive,
      when: conditionAt(entry.when, [...entry.path, 'when']),
      group,
      complain,
    }),
  );
  if (complaints.length > 0) throw mappingError(mapping.file, mapping.positions, complaints);
  const usable = entries.filter((entry) => entry !== undefined);
  const keyOf = keyReader(keyReaders);
  const mapRow = rowMapper(where, usable, keyReaders, sensitive, group);
  const entriesOf = usable.map(({ operation, lastWins }) => ({ operation, lastWins }));
  const readFaults = sensitive.any
    ? (faults: readonly Fault[]) => faults.map(withoutText)
    : (faults: readonly Fault[]) => faults;
  const sensitiveValues = (rows: readonly Row[]): string[] => {
    if (group !== undefined) group.rows = rows;
    const hidden = usable.flatMap(({ fields }) => fields).filter((field) => isHidden(field, sensitive));
    const whole = hidden.filter(({ inner }) => inner === undefined).map((field) => madeOf(field, rows[0] ?? []));
    const parts = hidden.flatMap(({ inner = [] }) => inner).filter((field) => isHidden(field, sensitive));
    const made = [...whole, ...parts.flatMap((field) => rows.map((row) => madeOf(field, row)))];
    return made.flatMap(leavesOf).map((value) => JSON.stringify(value));
  };
  const parts = { entries: entriesOf, readFaults, sensitiveValues, keyOf };
  if (group === undefined || mapping.group === undefined) return { ...parts, mapRow };
  const compiled = compileGroup(mapping, mapping.group, {
    rows: group,
    shape,
    mapRow,
    keyOf,
    groupOf: groupNames(groupReaders),
    sensitive,
  });
  return { ...parts, mapRow: (row, options) => compiled.mapRows([row], options), group: compiled };
}

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

function rowMapper(
  where: Expression | undefined,
  entries: readonly CompiledEntry[],
  keys: readonly ReadSource[],
  sensitive: SensitiveColumns,
  group: GroupRows | undefined,
): CompiledMapping['mapRow'] {
  const context = new LazyContext(keys);
  const items: (Encoded | undefined)[] = entries.map(() => undefined);
  const result: MappedRow = { kind: 'items', items };
  return (row, { identity, now, done }) => {
    context.row = row;
    context.now = now;
    context.source = identity;
    // Made with the first fault only: most rows have none.
    let faults: EntryFault[] | undefined;
    if (where !== undefined) {
      const goes = where.evaluate(row);
      if (goes instanceof Refusal) return { kind: 'rejected', faults: [conditionFault(goes)] };
      if (goes === false) return skipped;
    }
    for (let index = 0; index < entries.length; index++) {
      items[index] = undefined;
      const entry = entries[index];
      if (entry === undefined || done?.(index)) continue;
      if (entry.when !== undefined) {
        const goes = entry.when.evaluate(row);
        if (goes instanceof Refusal) faults = [...(faults ?? []), conditionFault(goes)];
        if (goes !== true) continue;
      }
      context.entry = index;
      const encoded = entry.map(row, context);
      if ('json' in encoded) items[index] = encoded;
      else {
        const rowOf = (fault: EntryFault) => (fault.row === undefined ? row : (group?.rows[fault.row] ?? row));
        faults = [...(faults ?? []), ...encoded.faults.map((fault) => discreet(fault, entry, rowOf(fault), sensitive))];
      }
    }
    return faults === undefined ? result : { kind: 'rejected', faults };
  };
}

const isHidden = (field: EntryField, sensitive: SensitiveColumns): boolean =>
  field.sensitive ||
  field.columns.some((name) => sensitive.has(name)) ||
  (field.inner?.some((inner) => isHidden(inner, sensitive)) ?? false);

/** What a field makes of a row; undefined for nothing, and for a value that is refused. */
function madeOf(field: EntryField, row: Row): Json | undefined {
  const made = field.read(row);
  return made instanceof Refusal ? undefined : made;
}

/** The longest first: a text that begins with another one must not leave its tail behind. */
const hushed = (reason: string, texts: readonly (string | number | undefined)[]): string =>
  texts
    .map((text) => String(text ?? ''))
    .filter((text) => text !== '')
    .sort((a, b) => b.length - a.length)
    .reduce((hidden, text) => hidden.replaceAll(text, maskText), reason);

/** What reading says of a line quotes it at the end, after `near`, or as a value. */
const withoutText = ({ value: _, reason, ...fault }: Fault): Fault => ({
  ...fault,
  reason: reason.replace(/(?:,? near| at) ".*$/su, ''),
});

const conditionFault = ({ code, reason }: Refusal): Fault => ({ stage: 'map', code, reason });

/** Adds the column that a target cannot know, and masks what the mapping calls sensitive, in the reason too. */
function discreet(fault: EntryFault, entry: CompiledEntry, row: Row, sensitive: SensitiveColumns): EntryFault {
  const field = fault.field === undefined ? undefined : entry.fieldNamed(fault.field);
  const origin = field?.origin(row);
  const column = fault.column ?? origin?.column;
  const value = fault.value ?? origin?.value;
  const hidden = (field !== undefined && isHidden(field, sensitive)) || (column !== undefined && sensitive.has(column));
  const reason = hidden ? hushed(fault.reason, [value, ...leavesOf(field && madeOf(field, row))]) : fault.reason;
  const shown = value === undefined ? undefined : hidden && value !== '' ? maskText : shorten(value);
  return {
    stage: fault.stage,
    code: fault.code,
    reason,
    ...(column === undefined ? {} : { column }),
    ...(fault.field === undefined ? {} : { field: fault.field }),
    ...(shown === undefined ? {} : { value: shown }),
    ...(fault.row === undefined ? {} : { row: fault.row }),
  };
}
