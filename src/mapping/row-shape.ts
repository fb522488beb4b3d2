/** The rows that a mapping is compiled for: what columns they have, and how a value is taken out of one. */
import { Tuple, type TupleForm, withoutTuple } from '../input/tuple.ts';
import { shorten } from '../model/fault.ts';
import { isJsonObject, isRawNumber, type Json, type JsonObject } from '../model/json.ts';
import { didYouMean, quote } from './complaint.ts';

/** The cells of a line of CSV, or what a line of NDJSON holds. */
export type Row = readonly string[] | JsonObject | Tuple;

/** Which columns of its rows are read at all. Whatever reads a row goes through this file, which keeps account of it here. */
export class ColumnUse {
  #columns: Set<string> | undefined = new Set();
  #isClosed = false;

  add(column: string): void {
    if (this.#isClosed && this.#columns?.has(column) === false) throw new Error('a reader was made too late');
    this.#columns?.add(column);
  }

  addAll(): void {
    if (this.#isClosed && this.#columns !== undefined) throw new Error('a reader was made too late');
    this.#columns = undefined;
  }

  /**
   * To be called when all readers are made: rows will hold nothing else.
   * @returns undefined where it may be any of them
   */
  close(): ReadonlySet<string> | undefined {
    this.#isClosed = true;
    return this.#columns;
  }
}

export type Shape = { readonly use?: ColumnUse } & (
  | { readonly kind: 'csv'; readonly header: readonly string[] }
  /** `columns`: those that the objects have, where that is known: a function made them of the rows of a CSV file. */
  | { readonly kind: 'ndjson'; readonly columns?: readonly string[] }
);

/** Where a row of CSV has its cell of this column; -1: nowhere. */
export function cellIndex(shape: Shape & { readonly kind: 'csv' }, column: string): number {
  shape.use?.add(column);
  return shape.header.indexOf(column);
}

/** The columns of a row of CSV, all of whose cells will be looked at. */
export function wholeHeader(shape: Shape & { readonly kind: 'csv' }): readonly string[] {
  shape.use?.addAll();
  return shape.header;
}

const objectIn = (row: Row): JsonObject => withoutTuple(row as JsonObject | Tuple);

/** How a row of a shape that is not CSV is made an object, all of which will be looked at. */
export function objectReader(shape: Shape): (row: Row) => JsonObject {
  shape.use?.addAll();
  return objectIn;
}

/** Undefined: the row has no such value. */
export type ReadSource = (row: Row) => Json | undefined;

/** How a column is read, or what is wrong with its name. */
export function sourceReader(shape: Shape, column: string): ReadSource | string {
  if (shape.kind === 'csv') {
    const index = cellIndex(shape, column);
    return index === -1 ? unknownColumn(shape.header, column) : (row) => (row as readonly string[])[index];
  }
  const steps = sourceSteps(column);
  if (typeof steps === 'string') return steps;
  const [first] = steps;
  if (shape.columns !== undefined && !shape.columns.includes(column) && !shape.columns.includes(String(first))) {
    return unknownColumn(shape.columns, column);
  }
  if (steps.length === 1 && typeof first === 'string') {
    return memberReader(shape, first);
  }
  const ofTuple = memberReader(shape, column);
  shape.use?.add(String(first));
  return (row) => {
    // It holds neither lists nor objects.
    if (row instanceof Tuple) return ofTuple(row);
    const object = row as JsonObject;
    // A key that is written with its dots is meant literally where the row has it.
    if (Object.hasOwn(object, column)) return object[column];
    let value: Json | undefined = object;
    for (const step of steps) {
      if (typeof step === 'number') value = Array.isArray(value) ? value[step] : undefined;
      else value = isJsonObject(value) ? own(value, step) : undefined;
      if (value === undefined) return undefined;
    }
    return value;
  };
}

export const unknownColumn = (header: readonly string[], column: string): string => {
  const folded = header.find((name) => name.trim().toLowerCase() === column.trim().toLowerCase());
  const near = folded === undefined ? didYouMean(column, header) : ` (did you mean ${quote(folded)}?)`;
  return `the file has no column ${quote(column)}${near || has(header)}`;
};

const mostNamed = 8;

/** What is there instead. A header that is one column, with signs of several, was cut at the wrong delimiter. */
function has(header: readonly string[]): string {
  const [only = ''] = header;
  const parted = header.length === 1 ? /[;,\t|]/.exec(only)?.[0] : undefined;
  if (parted !== undefined) {
    const delimiter = parted === '\t' ? 'tab' : parted;
    return `; its only column is ${quote(shorten(only, 60))}: is the delimiter another one (--delimiter ${quote(delimiter)})?`;
  }
  const more = header.length > mostNamed ? ` and ${header.length - mostNamed} more` : '';
  return `; it has ${header
    .slice(0, mostNamed)
    .map((name) => quote(shorten(name, 60)))
    .join(', ')}${more}`;
}

const own = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;

/** The same for a key that is known beforehand: only what every object inherits must be asked whether it is the row's own. */
const ownReader = (key: string): ((object: JsonObject) => Json | undefined) =>
  key in Object.prototype ? (object) => own(object, key) : (object) => object[key];

/** What a row of a shape that is not CSV has under a key of its own. */
export function memberReader(shape: Shape, key: string): ReadSource {
  shape.use?.add(key);
  const ofObject = ownReader(key);
  // The place of a key, looked up once for all rows of a form. Here and in `textReader`, since V8 calls a function that both share.
  let known: TupleForm | undefined;
  let at = -1;
  return (row) => {
    if (!(row instanceof Tuple)) return ofObject(row as JsonObject);
    if (row.form !== known) {
      known = row.form;
      at = known.keys.indexOf(key);
    }
    return at < 0 ? undefined : row.value(at);
  };
}

/** A reader of one column that hands texts, which nearly all values are, to `ofText`, and what else may stand there to `ofOther`. */
export function textReader<Result>(
  shape: Shape,
  column: string,
  ofText: (text: string) => Result,
  ofOther: (value: Json | undefined) => Result,
): ((row: Row) => Result) | string {
  const read = sourceReader(shape, column);
  if (typeof read === 'string') return read;
  if (shape.kind === 'csv') {
    const index = cellIndex(shape, column);
    return (row) => ofText((row as readonly string[])[index] ?? '');
  }
  // `read` would do, but takes one more call for each value, and a look at what it gives back.
  const isMember = isPlainKey(column);
  let known: TupleForm | undefined;
  let place = 0;
  return (row) => {
    if (isMember && row instanceof Tuple) {
      if (row.form !== known) {
        known = row.form;
        place = known.texts[known.keys.indexOf(column)] ?? 0;
      }
      const text = place === 0 ? undefined : row.text(place);
      if (text !== undefined) return ofText(text);
    }
    const value = read(row);
    return typeof value === 'string' ? ofText(value) : ofOther(value);
  };
}

/** Whether a column's name leads to a member of the row itself. */
function isPlainKey(column: string): boolean {
  const steps = sourceSteps(column);
  return typeof steps !== 'string' && steps.length === 1 && steps[0] === column;
}

/** `address.lines[0].text` → its keys and indexes. */
function sourceSteps(path: string): readonly (string | number)[] | string {
  const steps: (string | number)[] = [];
  for (const part of path.split('.')) {
    const [, name = '', indexes = ''] = /^([^[\]]*)((?:\[\d{1,9}\])*)$/.exec(part) ?? [undefined, undefined, undefined];
    if (name === '' && (indexes === '' || steps.length > 0)) return [path];
    if (name !== '') steps.push(name);
    for (const [, index] of indexes.matchAll(/\[(\d+)\]/g)) steps.push(Number(index));
  }
  return steps;
}

/** A value as a person would read it in the source. */
export function sourceText(value: Json | undefined): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  return isRawNumber(value) ? value.rawJSON : JSON.stringify(value);
}
