/** What looks wrong with a file as a whole, before a mapping is made of it: no text, no header, nothing in it. */
import { type PlainRow, RowFault } from '../input/parse.ts';
import { numberFrom } from '../mapping/numbers.ts';
import { Refusal } from '../mapping/refusal.ts';
import { emailFrom } from '../mapping/texts.ts';
import type { UserError } from '../model/fault.ts';
import { authoringError } from './codes.ts';
import { dateReader } from './date-forms.ts';
import type { Evidence } from './infer.ts';

/**
 * Rows with letters beyond ASCII that are no UTF-8, and hardly any that are: the file has another encoding. A damaged row among good ones has
 * its fault, and is none.
 */
export function isOtherEncoding(rows: readonly PlainRow[]): boolean {
  let undecodable = 0;
  let decoded = 0;
  for (const row of rows) {
    if (row instanceof RowFault) undecodable += row.faults.some(({ code }) => code === 'undecodable-bytes') ? 1 : 0;
    else if (/[^\0-\x7f]/.test(Array.isArray(row) ? row.join('') : JSON.stringify(row))) decoded++;
  }
  return undecodable > 10 * decoded;
}

/** Why no row could be read at all; undefined when one could. */
export function unreadable(rows: readonly PlainRow[], file: string, isCsv: boolean): UserError | undefined {
  const [first] = rows;
  if (!(first instanceof RowFault) || rows.some((row) => !(row instanceof RowFault))) return undefined;
  const [fault] = first.faults;
  return authoringError(
    'init-unreadable',
    `No row of ${file} can be read. The first: ${fault?.reason ?? 'broken'} [${fault?.code ?? ''}].`,
    isCsv
      ? 'Is it CSV? --format, --delimiter and --encoding say how a file is to be read.'
      : `It was read as NDJSON, one JSON object a line.${fault?.code === 'ndjson-syntax' ? ' If it is CSV, say --format csv.' : ''}`,
  );
}

/** Why there is nothing to map; undefined when there is. */
export function valueless(columns: readonly Evidence[], file: string): UserError | undefined {
  if (columns.some(({ guess }) => guess.kind !== 'empty')) return undefined;
  return authoringError(
    'init-no-values',
    `No column of ${file} has a value in the rows looked at.`,
    'Check the export that made the file, and --delimiter.',
  );
}

/** Why the first line is no header but a row; undefined when it may well be a header. */
export function headless(header: readonly string[], columns: readonly Evidence[], file: string): UserError | undefined {
  const cells = header.map((cell, index) => ({ cell, column: columns[index] }));
  const addresses = cells.filter(({ cell }) => !(emailFrom(cell.trim()) instanceof Refusal));
  const values = cells.filter(({ cell, column }) => column !== undefined && isValueOf(cell.trim(), column));
  // Years and the numbers 0, 1, 2 … are names of columns in many an export.
  const numbers = values.map(({ cell }) => cell.trim());
  const numbered = numbers.every((cell) => /^(?:19|20)\d\d$/.test(cell)) || areCounted(numbers);
  const isRow = addresses.length > 0 || (!numbered && (values.length > 1 || values.length === header.length));
  if (!isRow) return undefined;
  const what = addresses.length > 0 ? 'an e-mail address' : `values like those below (${kindsOf(values)})`;
  return authoringError(
    'init-header',
    `The first line of ${file} looks like a row and not like the names of the columns: it holds ${what}.`,
    `Put a line with a name for each of the ${header.length} columns above it.`,
  );
}

function isValueOf(cell: string, { guess }: Evidence): boolean {
  if (guess.kind === 'date' || guess.kind === 'datetime') return !(dateReader(guess)(cell) instanceof Refusal);
  if (guess.kind === 'integer' || guess.kind === 'number') return !(numberFrom(guess)(cell) instanceof Refusal);
  return false;
}

/** 0, 1, 2 … or 1, 2, 3 … */
const areCounted = (cells: readonly string[]): boolean =>
  (cells[0] === '0' || cells[0] === '1') && cells.every((cell, index) => cell === String(Number(cells[0]) + index));

const kindsOf = (values: readonly { readonly column: Evidence | undefined }[]): string =>
  [...new Set(values.map(({ column }) => column?.guess.kind))].join(', ');
