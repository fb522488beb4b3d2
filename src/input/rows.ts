/** What parsing a block gives: its rows, and on demand where each stands and how it was written. */
import type { Block } from '../model/block.ts';
import type { Fault } from '../model/fault.ts';
import type { JsonObject } from '../model/json.ts';
import { inputFault } from './codes.ts';
import type { Decoder } from './decode.ts';
import type { Tuple } from './tuple.ts';

/** Stands in place of a row that cannot be read. */
export class RowFault {
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    this.faults = faults;
  }
}

/** A CSV row is a list of cells in the header's order, as long as the header; an NDJSON row is its object. */
export type PlainRow = string[] | JsonObject | RowFault;
/** Of lines that look alike, a tuple stands for the object, and {@link withoutTuple} makes it. */
export type ParsedRow = PlainRow | Tuple;

export interface ParsedBlock {
  /** The same as the block's `records`. */
  readonly length: number;
  /** Row `index`, made when it is asked for: rows that die one by one cost the garbage collector nothing, a block of them does. */
  row(index: number): ParsedRow;
  /** Record number of row `index`, where rows do not simply follow each other from the block's first (a retry of scattered rows). */
  recordOf?(index: number): number;
  /** Of row `index` (0-based in the block): 1-based line and byte offset in the file. The first call reads the block's borders again. */
  position(index: number): { readonly line: number; readonly byte: number };
  /** Row `index` as it was written: JSON text of an object where it could be read, else its raw text. */
  source(index: number): { readonly kind: 'json' | 'text'; readonly text: string };
}

/** An internal check: parser and scanner must see the same rows, or positions would lie. */
export function mustAgree(block: Block, found: number): void {
  if (found !== block.records) {
    throw new Error(`Block at byte ${block.startByte}: ${block.records} records were counted but ${found} were read`);
  }
}

/** Throws RangeError for an index that the block does not have. */
export function inBlock<Row>(rows: readonly Row[], index: number): Row {
  const row = rows[index];
  if (row === undefined) throw new RangeError(`No row ${index} in a block of ${rows.length}`);
  return row;
}

export const tooLarge = (maxRowBytes: number): RowFault =>
  new RowFault([inputFault('row-too-large', `the row is longer than the limit of ${size(maxRowBytes)}`)]);

const size = (bytes: number): string => {
  const mebi = bytes / (1024 * 1024);
  return Number.isInteger(mebi) ? `${mebi} MiB` : `${bytes} bytes`;
};

/** `bytes` are the record's own; `startByte` is their offset in the file. */
export function undecodable(decoder: Decoder, bytes: Uint8Array, startByte: number, encoding: string): RowFault {
  const at = decoder.undecodableAt(bytes);
  const shown = [...bytes.subarray(at, at + decoder.unit)]
    .map((byte) => `0x${byte.toString(16).padStart(2, '0')}`)
    .join(' ');
  return new RowFault([
    inputFault(
      'undecodable-bytes',
      `the bytes at offset ${startByte + at} of the file (${shown}) are not ${encoding}; name the encoding the file is in with --encoding`,
    ),
  ]);
}

/** How much of a row over the limit is kept for reports. */
export const keptOfTooLarge = 2048;
