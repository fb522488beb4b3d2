/**
 * A mapping, a file's columns and a target, made into one function from a row to items. Everything that can be known to be
 * wrong before the first row is said here, all at once and with its place.
 */
import { type Fault, shorten } from '../model/fault.ts';
import { maskText } from '../model/mask.ts';
import type { Encoded, Operation, RowContext, Target } from '../targets/target.ts';
import { type Complaint, didYouMean, mappingError, quote } from './complaint.ts';
import { type CompiledEntry, compileEntry } from './entry.ts';
import { compileExpression, type Expression } from './expression.ts';
import type { Mapping, TargetKind } from './mapping.ts';
import { Refusal } from './refusal.ts';
import { type Row, type Shape, sourceReader, sourceText } from './row-shape.ts';

export type { TargetKind } from './mapping.ts';
export type { Row, Shape } from './row-shape.ts';

export type MappedRow =
  | { readonly kind: 'skipped' }
  | { readonly kind: 'rejected'; readonly faults: readonly Fault[] }
  /** One slot for each entry: undefined where `when` was false, and where the row's items of that entry were not wanted. */
  | { readonly kind: 'items'; readonly items: readonly (Encoded | undefined)[] };

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
  /** The result is used again by the next call. */
  mapRow(row: Row, options: MapOptions): MappedRow;
  /** Value of the mapping's `key` columns in a row, joined; '' when it names none or they are empty. */
  keyOf(row: Row): string;
}

/** @throws UserError `mapping-invalid`, one complaint a line */
export function compileMapping(mapping: Mapping, shape: Shape, target: Target, kind?: TargetKind): CompiledMapping {
  const complaints: Complaint[] = [];
  const complain = (complaint: Complaint) => void complaints.push(complaint);
  checkTarget(mapping, kind, complain);
  const sensitive = sensitiveColumns(mapping);
  const keyReaders = mapping.key.map((column, index) => {
    const reader = sourceReader(shape, column);
    if (typeof reader !== 'string') return reader;
    complain({ path: mapping.key.length === 1 ? ['key'] : ['key', index], text: reader });
    return () => undefined;
  });
  const conditionAt = (text: string | undefined, path: Complaint['path']): Expression | undefined => {
    if (text === undefined) return undefined;
    const compiled = compileExpression(text, shape, { expects: 'bool', sensitive });
    if ('evaluate' in compiled) return compiled;
    for (const fault of compiled) complain({ path, ...fault });
    return undefined;
  };
  const where = conditionAt(mapping.where, ['where']);
  const entries = mapping.entries.map((entry): CompiledEntry | undefined =>
    compileEntry(entry, {
      mapping,
      shape,
      target,
      kind,
      sensitiveColumns: sensitive,
      when: conditionAt(entry.when, [...entry.path, 'when']),
      complain,
    }),
  );
  if (complaints.length > 0) throw mappingError(mapping.file, mapping.positions, complaints);
  const usable = entries.filter((entry) => entry !== undefined);
  const keys = new LazyContext(keyReaders);
  return {
    entries: usable.map(({ operation, lastWins }) => ({ operation, lastWins })),
    mapRow: rowMapper(where, usable, keyReaders, sensitive),
    keyOf(row) {
      keys.row = row;
      return keys.key;
    },
  };
}

function checkTarget(mapping: Mapping, kind: TargetKind | undefined, complain: (complaint: Complaint) => void): void {
  if (kind === undefined || mapping.target === kind.type || kind.aliases.includes(mapping.target)) return;
  const near = didYouMean(mapping.target, [kind.type, ...kind.aliases]);
  complain({
    path: ['target'],
    text: `the mapping is for target type ${quote(mapping.target)}, and the run's target is of type ${quote(kind.type)}${near}`,
  });
}

/** A column that one field marks is masked wherever it is used. */
function sensitiveColumns(mapping: Mapping): ReadonlySet<string> {
  const marked = mapping.entries.flatMap(({ fields }) => fields).filter(({ sensitive }) => sensitive === true);
  return new Set(marked.flatMap(({ from }) => from ?? []));
}

/** Between the parts of a key of several columns: no cell is likely to hold it, so different keys stay different. */
const keySeparator = '\u001f';

/** One instance for all rows: identity and key cost nothing where no operation asks for them. */
class LazyContext implements RowContext {
  row: Row = [];
  entry = 0;
  now = 0;
  source: (entry: number) => string = () => '';
  readonly #keys: readonly ((row: Row) => unknown)[];

  constructor(keys: readonly ((row: Row) => unknown)[]) {
    this.#keys = keys;
  }

  get identity(): string {
    return this.source(this.entry);
  }

  get key(): string {
    const [only] = this.#keys;
    if (only === undefined) return '';
    if (this.#keys.length === 1) return keyText(only(this.row));
    return this.#keys.map((read) => keyText(read(this.row))).join(keySeparator);
  }
}

const keyText = (value: unknown): string =>
  typeof value === 'string' ? value : value === null || value === undefined ? '' : (sourceText(value as never) ?? '');

const skipped: MappedRow = { kind: 'skipped' };

function rowMapper(
  where: Expression | undefined,
  entries: readonly CompiledEntry[],
  keys: readonly ((row: Row) => unknown)[],
  sensitive: ReadonlySet<string>,
): CompiledMapping['mapRow'] {
  const context = new LazyContext(keys);
  const items: (Encoded | undefined)[] = entries.map(() => undefined);
  const result: MappedRow = { kind: 'items', items };
  return (row, { identity, now, done }) => {
    context.row = row;
    context.now = now;
    context.source = identity;
    // Made with the first fault only: most rows have none.
    let faults: Fault[] | undefined;
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
      else faults = [...(faults ?? []), ...encoded.faults.map((fault) => discreet(fault, entry, row, sensitive))];
    }
    return faults === undefined ? result : { kind: 'rejected', faults };
  };
}

const conditionFault = ({ code, reason }: Refusal): Fault => ({ stage: 'map', code, reason });

/** Adds the column that a target cannot know, and masks what the mapping calls sensitive, in the reason too. */
function discreet(fault: Fault, entry: CompiledEntry, row: Row, sensitive: ReadonlySet<string>): Fault {
  const field = fault.field === undefined ? undefined : entry.fieldNamed(fault.field);
  const origin = field?.origin(row);
  const column = fault.column ?? origin?.column;
  const value = fault.value ?? origin?.value;
  const hidden =
    field?.sensitive === true ||
    (column !== undefined && sensitive.has(column)) ||
    (field?.columns.some((name) => sensitive.has(name)) ?? false);
  const reason =
    hidden && value !== undefined && value !== '' ? fault.reason.replaceAll(value, maskText) : fault.reason;
  const shown = value === undefined ? undefined : hidden && value !== '' ? maskText : shorten(value);
  return {
    stage: fault.stage,
    code: fault.code,
    reason,
    ...(column === undefined ? {} : { column }),
    ...(fault.field === undefined ? {} : { field: fault.field }),
    ...(shown === undefined ? {} : { value: shown }),
  };
}
