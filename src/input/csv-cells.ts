/**
 * Records of CSV to their cells. csv-parse is the parser, but the records of a file look alike: they have as many cells, quoted in the same columns. V8 compiles
 * their form, a regular expression, to machine code that takes all cells out of a record in one pass. What does not fit it exactly is split where no
 * quote stands in it, and goes to csv-parse otherwise.
 */
import { CsvError, type Options, parse } from 'csv-parse/sync';

/** Cells of one record, whose borders are known to hold, without the line break behind it. Undefined where csv-parse refuses it. */
export type CellReader = (record: string) => string[] | undefined;

/** What has stood in a column. In `any` a cell comes with its quotes, and they are taken off afterwards. */
type Kind = 'bare' | 'quoted' | 'any';

/** So many records are looked at before a form is made for their kinds of cells, and twice as many that do not fit it before the next. */
const firstLook = 100;
/** Beyond that a form takes longer than splitting. */
const mostColumns = 1000;
/** A regular expression remembers each doubled quote as a place to come back to. V8 has room for some four million of them and throws where there are more. */
const longestQuoted = 1_000_000;

/** @param columns that records have; if it is not said, as many as the first one has */
export function cellReader(delimiter: string, columns?: number): CellReader {
  const readApart: CellReader = (record) =>
    record.includes('"') ? onlyRecord(parseCsv(Buffer.from(record), delimiter)) : record.split(delimiter);
  let forms = columns === undefined ? undefined : formsOf(delimiter, columns);
  return (record) => {
    const cells = forms?.(record) ?? readApart(record);
    if (forms === undefined && cells !== undefined) forms = formsOf(delimiter, cells.length);
    return cells;
  };
}

/** All records of CSV in UTF-8; undefined where csv-parse refuses it. */
export function parseCsv(utf8: Buffer, delimiter: string): string[][] | undefined {
  const options: Options = {
    delimiter,
    record_delimiter: breaksOf(utf8),
    skip_empty_lines: true,
    relax_column_count: true,
  };
  try {
    return parse(utf8, options);
  } catch (error) {
    if (error instanceof CsvError) return undefined;
    throw error;
  }
}

/** The line breaks that occur: csv-parse is a twelfth faster when it need not try three at every byte. */
function breaksOf(utf8: Buffer): string[] {
  let feeds = 0;
  let at = utf8.indexOf(13);
  if (at < 0) return ['\n'];
  for (; at >= 0; at = utf8.indexOf(13, at + 2)) {
    if (utf8[at + 1] !== 10) return ['\r\n', '\n', '\r'];
    feeds++;
  }
  for (at = utf8.indexOf(10); at >= 0; at = utf8.indexOf(10, at + 1)) feeds--;
  return feeds === 0 ? ['\r\n'] : ['\r\n', '\n', '\r'];
}

const onlyRecord = (records: string[][] | undefined): string[] | undefined =>
  records?.length === 1 ? records[0] : undefined;

/** Undefined for a record that has another number of cells. */
function formsOf(delimiter: string, columns: number): CellReader {
  if (columns > mostColumns) return () => undefined;
  const wide = formOf(delimiter, Array(columns).fill('any'));
  const seen: (Kind | undefined)[] = Array(columns).fill(undefined);
  let narrow: CellReader | undefined;
  let misses = 0;
  let nextLook = firstLook;
  return (record) => {
    const known = narrow?.(record);
    if (known !== undefined) return known;
    return wide(record, (cells) => {
      for (let at = 0; at < columns; at++) seen[at] = merged(seen[at], cells[at] ?? '');
      misses += 1;
      if (misses < nextLook) return;
      misses = 0;
      nextLook *= 2;
      narrow = formOf(
        delimiter,
        seen.map((kind) => kind ?? 'any'),
      );
    });
  };
}

function merged(seen: Kind | undefined, cell: string): Kind {
  const kind = !isQuoted(cell) ? 'bare' : cell.indexOf('"', 1) === cell.length - 1 ? 'quoted' : 'any';
  return seen === undefined || seen === kind ? kind : 'any';
}

/** @returns a reader; it shows the cells of a record that fits as they are written in the file, where that is asked for */
function formOf(
  delimiter: string,
  kinds: readonly Kind[],
): (record: string, show?: (written: readonly string[]) => void) => string[] | undefined {
  const separator = String.raw`\x${delimiter.charCodeAt(0).toString(16).padStart(2, '0')}`;
  const bare = `[^"${separator}]*`;
  const patterns: Readonly<Record<Kind, string>> = {
    bare: `(${bare})`,
    quoted: '"([^"]*)"',
    any: `("[^"]*(?:""[^"]*)*"|${bare})`,
  };
  const pattern = new RegExp(kinds.map((kind) => patterns[kind]).join(separator), 'y');
  const written = kinds.flatMap((kind, at) => (kind === 'any' ? [at] : []));
  return (record, show) => {
    if (written.length > 0 && record.length > longestQuoted) return undefined;
    pattern.lastIndex = 0;
    const found = pattern.exec(record);
    if (found === null || pattern.lastIndex !== record.length) return undefined;
    const cells = found.slice(1);
    show?.(cells);
    for (const at of written) {
      const cell = cells[at] as string;
      if (isQuoted(cell)) cells[at] = cell.slice(1, -1).replaceAll('""', '"');
    }
    return cells;
  };
}

const quote = 34;
const isQuoted = (cell: string): boolean => cell.charCodeAt(0) === quote;
