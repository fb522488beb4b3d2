/**
 * CSV blocks to rows. Where each record stands is told by the scanner, and what stands in it by the reader of its cells. A block in which something is
 * out of order is taken apart: each bad record becomes a fault of its own.
 */
import type { Block } from '../model/block.ts';
import { type BorderRules, type QuoteFault, RecordScanner } from './borders.ts';
import { inputFault } from './codes.ts';
import { type CellReader, cellReader } from './csv-cells.ts';
import { type Decoder, textWithEscapes } from './decode.ts';
import { countColumns } from './delimiter.ts';
import { rulesOf, type SourceDescription } from './description.ts';
import { unitSize, unitsOf } from './encodings.ts';
import { LineIndex } from './lines.ts';
import { type Located, type Locations, locate } from './locate.ts';
import { inBlock, keptOfTooLarge, mustAgree, type ParsedBlock, RowFault, tooLarge, undecodable } from './rows.ts';

const quote = 34;

export interface Records {
  readonly count: number;
  /** Cheapest in ascending order. Undefined where csv-parse refuses it. */
  record(index: number): string[] | undefined;
}

/** All records of CSV in UTF-8, each made when it is asked for, or undefined where the quotes of one are broken. */
export function allRecords(utf8: Buffer, delimiter: string): Records | undefined {
  const rules = { format: 'csv', delimiter: delimiter.charCodeAt(0), maxRow: utf8.length } as const;
  return readRecords(utf8, rules, cellReader({ delimiter }));
}

/**
 * Undefined where something is out of order.
 * @param rules of the UTF-8: the delimiter is one of its bytes
 * @param expected how many records there will be, if known: a good guess costs less
 */
export function readRecords(
  utf8: Buffer,
  rules: BorderRules,
  cellsOf: CellReader,
  expected = 1024,
): Records | undefined {
  const scanner = new RecordScanner(rules);
  const lines = new LineIndex(utf8, expected);
  for (let at = 0; at < utf8.length; ) {
    const opened = utf8.indexOf(quote, at);
    const start = opened < 0 ? utf8.length : lineStart(utf8, at, opened);
    lines.addLines(at, start);
    at = start;
    if (opened < 0) continue;
    at = scanner.next(utf8, start, utf8.length, true);
    if (scanner.kind !== 'row') return undefined;
    lines.add(start, scanner.contentEnd);
  }
  return { count: lines.count, record: (index) => cellsOf(lines.line(index)) };
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

/** @param wanted columns whose cells are wanted, if not all are */
export function csvParser(
  description: SourceDescription,
  decoder: Decoder,
  wanted?: ReadonlySet<string>,
): (block: Block) => ParsedBlock {
  const { coding, maxRowBytes, encoding } = description;
  const { delimiter, header } = description.csv ?? { delimiter: ',', header: [] };
  const rules = rulesOf(description);
  const unit = unitSize(coding);
  const { length: width } = header;
  const keys = header.map((name) => JSON.stringify(name));
  const cellsOf = cellReader({
    delimiter,
    columns: width,
    wanted: wanted && header.flatMap((name, column) => (wanted.has(name) ? [column] : [])),
  });
  const allCellsOf = wanted === undefined ? cellsOf : cellReader({ delimiter, columns: width });

  const wrongWidth = (row: readonly string[]): RowFault =>
    new RowFault([inputFault('csv-columns', `expected ${width} ${plural(width)}, found ${row.length}`)]);

  const brokenQuote = (units: Uint8Array, record: Located): RowFault => {
    const column = header[countColumns(units, record.start, record.faultAt, delimiter.charCodeAt(0)) - 1];
    return new RowFault([
      inputFault('csv-broken-quote', saysOfQuote[record.quoteFault], column === undefined ? {} : { column }),
    ]);
  };

  /** @param cells undefined where csv-parse refuses what neither scanner nor decoder found wrong */
  const rowOf = (cells: string[] | undefined): string[] | RowFault =>
    cells === undefined
      ? new RowFault([inputFault('csv-broken-quote', 'the row cannot be read as CSV')])
      : cells.length === width
        ? cells
        : wrongWidth(cells);

  const readApart = (block: Block, units: Uint8Array): ((index: number) => string[] | RowFault) => {
    const rows = Array.from(locate(rules, units, block.records), (record) => {
      if (record.kind === 'too-large') return tooLarge(maxRowBytes);
      const bytes = block.bytes.subarray(record.start * unit, record.end * unit);
      const text = decoder.text(bytes);
      if (text === undefined) return undecodable(decoder, bytes, block.startByte + record.start * unit, encoding);
      return record.kind === 'broken' ? brokenQuote(units, record) : rowOf(cellsOf(text));
    });
    mustAgree(block, rows.length);
    return (index) => inBlock(rows, index);
  };

  const readWhole = (block: Block): ((index: number) => string[] | RowFault) | undefined => {
    // Only in a larger block can a row be over the limit.
    const utf8 = block.bytes.length > maxRowBytes ? undefined : decoder.utf8(block.bytes);
    const read = utf8 && readRecords(utf8, rules, cellsOf, block.records);
    return read?.count === block.records ? (index) => rowOf(read.record(index)) : undefined;
  };

  return (block) => {
    let located: Locations | undefined;
    const at = (index: number): Located => {
      located ??= locate(rules, unitsOf(block.bytes, coding), block.records);
      return located.at(index);
    };
    const row = readWhole(block) ?? readApart(block, unitsOf(block.bytes, coding));
    return {
      length: block.records,
      row,
      position: (index) => ({ line: block.startLine + at(index).line, byte: block.startByte + at(index).start * unit }),
      source(index) {
        const { start, end, kind } = at(index);
        const bytes = block.bytes.subarray(start * unit, end * unit);
        const text = kind === 'row' ? decoder.text(bytes) : undefined;
        const cells = text === undefined ? undefined : allCellsOf(text);
        if (cells?.length === width)
          return { kind: 'json', text: `{${cells.map((cell, i) => `${keys[i]}:${JSON.stringify(cell)}`).join(',')}}` };
        if (kind !== 'too-large') return { kind: 'text', text: textWithEscapes(decoder, bytes) };
        return { kind: 'text', text: `${textWithEscapes(decoder, bytes.subarray(0, keptOfTooLarge))}…` };
      },
    };
  };
}

const plural = (columns: number): string => (columns === 1 ? 'column' : 'columns');
