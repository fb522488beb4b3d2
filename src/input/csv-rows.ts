/**
 * CSV blocks to rows. Records in which quotes do no more than enclose cells, or there are none, are split; csv-parse reads the others, those of a block in
 * one call. Only when a block holds something out of order is it taken apart at the scanner's borders: sound stretches go to csv-parse in one piece, and
 * each bad record becomes a fault of its own.
 */
import { CsvError, type Options, parse } from 'csv-parse/sync';
import type { Block } from '../model/block.ts';
import { type BorderRules, type QuoteFault, RecordScanner } from './borders.ts';
import { inputFault } from './codes.ts';
import { type Decoder, textWithEscapes } from './decode.ts';
import { countColumns } from './delimiter.ts';
import { rulesOf, type SourceDescription } from './description.ts';
import { unitSize, unitsOf } from './encodings.ts';
import { LineIndex } from './lines.ts';
import { type Located, type Locations, locate } from './locate.ts';
import { inBlock, keptOfTooLarge, mustAgree, type ParsedBlock, RowFault, tooLarge, undecodable } from './rows.ts';

const quote = 34;

export function parseQuoted(utf8: Buffer, delimiter: string): string[][] | undefined {
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

/**
 * Behind a closing quote csv-parse takes a NUL for the end of the data and glues what follows to the field. The scanner sees a broken quote there, so
 * a block with these two bytes is taken apart.
 */
const quoteNul = Buffer.from('"\0');

/** Records that csv-parse must read, of all: from one in so many on it reads the whole block, which costs less than to look for each. */
const parsedOf = 4;

export interface Records {
  readonly count: number;
  /** Cheapest in ascending order. */
  record(index: number): string[];
}

/** All records of well-formed CSV in UTF-8, each made when it is asked for, or undefined where csv-parse refuses. */
export function allRecords(utf8: Buffer, delimiter: string): Records | undefined {
  const rules = { format: 'csv', delimiter: delimiter.charCodeAt(0), maxRow: utf8.length } as const;
  return readRecords(utf8, delimiter, rules) ?? listed(parseQuoted(utf8, delimiter));
}

const listed = (rows: readonly string[][] | undefined): Records | undefined =>
  rows && { count: rows.length, record: (index) => inBlock(rows, index) };

/**
 * Where quotes do no more than enclose cells there is little to parse either: cells end where a delimiter stands outside of them. Records with a
 * quote inside a cell go to csv-parse, together. Undefined where those are many, or something is out of order.
 * @param rules of the UTF-8: the delimiter is one of its bytes
 * @param expected how many records there will be, if known: otherwise any number of them may go to csv-parse
 */
export function readRecords(
  utf8: Buffer,
  delimiter: string,
  rules: BorderRules,
  expected?: number,
): Records | undefined {
  const scanner = new RecordScanner(rules);
  const lines = new LineIndex(utf8, expected ?? 1024);
  const hard: Buffer[] = [];
  /** By record, its place among those. */
  const places = new Map<number, number>();
  for (let at = 0; at < utf8.length; ) {
    const opened = utf8.indexOf(quote, at);
    const start = opened < 0 ? utf8.length : lineStart(utf8, at, opened);
    lines.addLines(at, start);
    at = start;
    if (opened < 0) continue;
    at = scanner.next(utf8, start, utf8.length, true);
    if (scanner.kind !== 'row') return undefined;
    if (scanner.hasDoubledQuote) {
      places.set(lines.count, hard.length);
      hard.push(utf8.subarray(start, at));
      if (expected !== undefined && hard.length * parsedOf > expected) return undefined;
    }
    lines.add(start, scanner.contentEnd);
  }
  const parsed = hard.length === 0 ? [] : parseQuoted(Buffer.concat(hard), delimiter);
  if (parsed?.length !== hard.length) return undefined;
  const { count } = lines;
  const record = (index: number): string[] => {
    const place = places.get(index);
    if (place === undefined) return splitLine(lines.line(index), delimiter);
    if (index === count - 1) lines.forget();
    return inBlock(parsed, place);
  };
  return { count, record: places.size === 0 ? (index) => splitLine(lines.line(index), delimiter) : record };
}

/** The cells of a record in which quotes, if there are any, only enclose cells. */
function splitLine(line: string, delimiter: string): string[] {
  const pieces = line.split(delimiter);
  if (!line.includes('"')) return pieces;
  let cells = 0;
  let start = 0;
  for (let at = 0; at < pieces.length; at++) {
    const piece = pieces[at] as string;
    let end = start + piece.length;
    if (piece.charCodeAt(0) !== quote) {
      pieces[cells++] = piece;
    } else {
      // An opening quote, and up to the closing one delimiters are text.
      while (end - start === 1 || line.charCodeAt(end - 1) !== quote)
        end += delimiter.length + (pieces[++at] as string).length;
      pieces[cells++] = line.slice(start + 1, end - 1);
    }
    start = end + delimiter.length;
  }
  pieces.length = cells;
  return pieces;
}

/** Of the line that `at` stands in. */
function lineStart(utf8: Buffer, from: number, at: number): number {
  const before = utf8.subarray(from, at);
  return from + Math.max(before.lastIndexOf(10), before.lastIndexOf(13)) + 1;
}

const saysOfQuote: Readonly<Record<QuoteFault, string>> = {
  stray: 'a quote stands inside a field that does not begin with one; quote the whole field and double the quote in it',
  'after-close':
    'a closing quote is followed by something other than a delimiter or the end of the line; a quote inside a quoted field must be doubled',
  unclosed:
    'a quoted field has no proper end: its closing quote is missing, or followed by other text, or the row is over the limit on its size',
};

export function csvParser(description: SourceDescription, decoder: Decoder): (block: Block) => ParsedBlock {
  const { coding, maxRowBytes, encoding } = description;
  const { delimiter, header } = description.csv ?? { delimiter: ',', header: [] };
  const rules = rulesOf(description);
  const unit = unitSize(coding);
  const keys = header.map((name) => JSON.stringify(name));

  const wrongWidth = (row: readonly string[]): RowFault =>
    new RowFault([
      inputFault('csv-columns', `expected ${header.length} ${plural(header.length)}, found ${row.length}`),
    ]);

  const { length: width } = header;
  /** A fault in place of a row that is not as wide as the header. */
  const checkWidth = (row: string[] | RowFault): string[] | RowFault =>
    !(row instanceof RowFault) && row.length !== width ? wrongWidth(row) : row;

  const brokenQuote = (units: Uint8Array, record: Located): RowFault => {
    const column = header[countColumns(units, record.start, record.faultAt, delimiter.charCodeAt(0)) - 1];
    return new RowFault([
      inputFault('csv-broken-quote', saysOfQuote[record.quoteFault], column === undefined ? {} : { column }),
    ]);
  };

  /** Rows that neither scanner nor decoder found wrong: in one call, or, should csv-parse disagree, one by one. */
  const readSound = (block: Block, records: readonly Located[]): (string[] | RowFault)[] => {
    const first = records[0];
    const last = records.at(-1);
    if (first === undefined || last === undefined) return [];
    const utf8 = decoder.utf8(block.bytes.subarray(first.start * unit, last.end * unit));
    const read = utf8 && allRecords(utf8, delimiter);
    if (read?.count === records.length) return records.map((_, index) => read.record(index));
    if (records.length > 1) return records.flatMap((record) => readSound(block, [record]));
    return [new RowFault([inputFault('csv-broken-quote', 'the row cannot be read as CSV')])];
  };

  const takeApart = (block: Block, units: Uint8Array): (string[] | RowFault)[] => {
    const decodable = decoder.utf8(block.bytes) !== undefined;
    const rows: (string[] | RowFault)[] = [];
    let sound: Located[] = [];
    const flush = (): void => {
      for (const row of readSound(block, sound)) rows.push(row);
      sound = [];
    };
    for (const record of locate(rules, units, block.records)) {
      const bytes = block.bytes.subarray(record.start * unit, record.end * unit);
      let fault: RowFault | undefined;
      if (record.kind === 'too-large') fault = tooLarge(maxRowBytes);
      else if (!decodable && decoder.utf8(bytes) === undefined)
        fault = undecodable(decoder, bytes, block.startByte + record.start * unit, encoding);
      else if (record.kind === 'broken') fault = brokenQuote(units, record);
      if (fault === undefined) {
        sound.push(record);
      } else {
        flush();
        rows.push(fault);
      }
    }
    flush();
    return rows;
  };

  const readWhole = (block: Block): ((index: number) => string[] | RowFault) | undefined => {
    // Only in a larger block can a row be over the limit.
    if (block.bytes.length > maxRowBytes) return undefined;
    const utf8 = decoder.utf8(block.bytes);
    if (utf8 === undefined) return undefined;
    const read = readRecords(utf8, delimiter, rules, block.records);
    if (read?.count === block.records) return read.record;
    if (utf8.includes(quoteNul)) return undefined;
    const rows = parseQuoted(utf8, delimiter);
    return rows?.length === block.records ? (index) => inBlock(rows, index) : undefined;
  };

  return (block) => {
    let located: Locations | undefined;
    const at = (index: number): Located => {
      located ??= locate(rules, unitsOf(block.bytes, coding), block.records);
      return located.at(index);
    };
    const readApart = () => {
      const rows = takeApart(block, unitsOf(block.bytes, coding));
      mustAgree(block, rows.length);
      return (index: number) => inBlock(rows, index);
    };
    const read = readWhole(block) ?? readApart();
    const row = (index: number) => checkWidth(read(index));
    return {
      length: block.records,
      row,
      position: (index) => ({ line: block.startLine + at(index).line, byte: block.startByte + at(index).start * unit }),
      source(index) {
        const cells = row(index);
        if (!(cells instanceof RowFault))
          return { kind: 'json', text: `{${cells.map((cell, i) => `${keys[i]}:${JSON.stringify(cell)}`).join(',')}}` };
        const { start, end, kind } = at(index);
        const bytes = block.bytes.subarray(start * unit, end * unit);
        if (kind !== 'too-large') return { kind: 'text', text: textWithEscapes(decoder, bytes) };
        return { kind: 'text', text: `${textWithEscapes(decoder, bytes.subarray(0, keptOfTooLarge))}…` };
      },
    };
  };
}

const plural = (columns: number): string => (columns === 1 ? 'column' : 'columns');
