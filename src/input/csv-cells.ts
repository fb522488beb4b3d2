/**
 * Records of CSV to their cells. csv-parse is the parser, but the records of a file look alike: they have as many cells, quoted in the same columns. V8 compiles
 * their form, a regular expression, to machine code that takes the wanted cells out of a record in one pass. What does not fit it exactly is split where no
 * quote stands in it, and goes to csv-parse otherwise.
 */
import { CsvError, type Options, parse } from 'csv-parse/sync';

/** Cells of one record, whose borders are known to hold, without the line break behind it. Undefined where csv-parse refuses it. */
export type CellReader = (record: string) => string[] | undefined;

/** What has stood in a column. In `any` a cell comes with its quotes, and they are taken off afterwards. */
type Kind = 'bare' | 'quoted' | 'any';

/** So many records are looked at before a form is made for their kinds of cells, and twice as many that do not fit it before the next. */
const firstLook = 100;
/** V8 compiles a regular expression by recursion, for which a thread's stack has room up to some 1,600 cells: wider forms are several of them, one behind the other. */
const cellsAPiece = 250;
/** A regular expression remembers each doubled quote as a place to come back to. V8 has room for some four million of them and throws where there are more. */
const longestRecord = 1_000_000;

export interface CellReading {
  readonly delimiter: string;
  /** Cells of a record. If it is not said, as many as the first one has. */
  readonly columns?: number;
  /** Columns whose cells are wanted, in ascending order: those of others may come empty. If it is not said, all of them. */
  readonly wanted?: readonly number[] | undefined;
}

type Layout = Required<CellReading> & { readonly wanted: readonly number[] };

export function cellReader({ delimiter, columns, wanted }: CellReading): CellReader {
  const readApart: CellReader = (record) =>
    record.includes('"') ? onlyRecord(parseCsv(Buffer.from(record), delimiter)) : record.split(delimiter);
  const formsOf = (count: number) =>
    createForms({ delimiter, columns: count, wanted: wanted ?? [...Array(count).keys()] });
  let forms = columns === undefined ? undefined : formsOf(columns);
  return (record) => {
    const cells = forms?.(record) ?? readApart(record);
    if (forms === undefined && cells !== undefined) forms = formsOf(cells.length);
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

/** Undefined for a record that has another number of cells, or is very long. */
function createForms(layout: Layout): CellReader {
  const seen: (Kind | undefined)[] = layout.wanted.map(() => undefined);
  const wide = createForm(layout, Array(layout.wanted.length).fill('any'));
  let narrow: CellReader | undefined;
  let misses = 0;
  let nextLook = firstLook;
  return (record) => {
    const known = narrow?.(record);
    if (known !== undefined) return known;
    return wide(record, (written) => {
      for (let place = 0; place < seen.length; place++) seen[place] = merged(seen[place], written[place] ?? '');
      misses += 1;
      if (misses < nextLook) return;
      misses = 0;
      nextLook *= 2;
      narrow = createForm(
        layout,
        seen.map((kind) => kind ?? 'any'),
      );
    });
  };
}

function merged(seen: Kind | undefined, written: string): Kind {
  const kind = !isQuoted(written) ? 'bare' : written.indexOf('"', 1) === written.length - 1 ? 'quoted' : 'any';
  return seen === undefined || seen === kind ? kind : 'any';
}

/** Shows the wanted cells of a record that fits as they are written in the file, where that is asked for. */
type Form = (record: string, show?: (written: readonly string[]) => void) => string[] | undefined;

/** @param kinds of the wanted cells */
function createForm(layout: Layout, kinds: readonly Kind[]): Form {
  const { columns, wanted } = layout;
  const pieces = piecesOf(layout, kinds);
  const enclosed = kinds.flatMap((kind, place) => (kind === 'any' ? [place] : []));
  const isWhole = wanted.length === columns;
  const blank: readonly string[] = Array(columns).fill('');
  return (record, show) => {
    if (record.length > longestRecord) return undefined;
    let taken: string[] = [];
    let end = 0;
    for (const piece of pieces) {
      piece.lastIndex = end;
      const found = piece.exec(record);
      if (found === null) return undefined;
      end = piece.lastIndex;
      taken = taken.length === 0 ? found.slice(1) : taken.concat(found.slice(1));
    }
    if (end !== record.length) return undefined;
    show?.(taken);
    for (const place of enclosed) {
      const cell = taken[place] as string;
      if (isQuoted(cell)) taken[place] = cell.slice(1, -1).replaceAll('""', '"');
    }
    if (isWhole) return taken;
    const cells = blank.slice();
    for (let place = 0; place < wanted.length; place++) cells[wanted[place] as number] = taken[place] as string;
    return cells;
  };
}

function piecesOf({ delimiter, columns, wanted }: Layout, kinds: readonly Kind[]): RegExp[] {
  const separator = String.raw`\x${delimiter.charCodeAt(0).toString(16).padStart(2, '0')}`;
  const bare = `[^"${separator}]*`;
  const any = `"[^"]*(?:""[^"]*)*"|${bare}`;
  const patterns: Readonly<Record<Kind, string>> = { bare: `(${bare})`, quoted: '"([^"]*)"', any: `(${any})` };
  // Counted, a row of cells that nobody wants is a short pattern, however many there are.
  const between = (count: number) => (count > 0 ? `(?:(?:${any})${separator}){${count}}` : '');
  const pieces: string[] = [];
  let piece = '';
  let next = 0;
  for (const [place, column] of wanted.entries()) {
    piece += between(column - next) + patterns[kinds[place] ?? 'any'];
    next = column + 1;
    if (next < columns) piece += separator;
    if ((place + 1) % cellsAPiece === 0) {
      pieces.push(piece);
      piece = '';
    }
  }
  if (next < columns) piece += `${between(columns - next - 1)}(?:${any})`;
  if (piece !== '') pieces.push(piece);
  return pieces.map((source) => new RegExp(source, 'y'));
}

const quote = 34;
const isQuoted = (cell: string): boolean => cell.charCodeAt(0) === quote;
