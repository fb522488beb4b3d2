/**
 * The two shapes of data that travel between threads. A {@link Block} is a stretch of the input cut at record borders; a
 * {@link MappedBlock} is what became of it: the bytes of all its items, made once, and a verdict for each row that gave none.
 * Both are plain data and typed arrays, so that they can be transferred, not cloned.
 */
import type { Fault } from './fault.ts';

/** One CSV record or one NDJSON line, by where it stands. */
export interface Position {
  readonly file: string;
  /** 1-based physical line of the row's first character (the header is line 1). */
  readonly line: number;
  /** 1-based; the header and blank lines do not count. */
  readonly record: number;
  /** Offset of the row's first byte in the file. */
  readonly byte: number;
}

/**
 * What stands beyond a block of a mapping that groups rows: another group or nothing (`border`), a row that cannot be read and may belong to the
 * group beside it (`unknown`), or more rows of the same group, which is then too large to be held (`group`).
 */
export interface GroupEdges {
  readonly before: 'border' | 'unknown' | 'group';
  readonly after: 'border' | 'unknown' | 'group';
}

export interface Block {
  /** Index into the run's list of files. */
  readonly file: number;
  /** 0-based, per run, in the order of the input. */
  readonly sequence: number;
  readonly startByte: number;
  readonly startLine: number;
  /** Record number of the block's first row. */
  readonly startRecord: number;
  /** Rows in the block. */
  readonly records: number;
  /** Each line is a row and each row a line; absent: not known. Holds for any part of the block as well. */
  readonly linesAreRows?: boolean;
  /** The input's own bytes, in its own encoding. */
  readonly bytes: Uint8Array;
  /** Nobody else reads the buffer that the bytes lie in: it may be moved to another thread, else they are copied. */
  readonly ownsBuffer?: boolean;
  /** Last block of its file. */
  readonly last: boolean;
  /** With a mapping that groups rows; absent: borders. */
  readonly edges?: GroupEdges;
}

/** A row that gave no item because something is wrong with it. */
export interface RowRejection {
  /** Record number in the file. */
  readonly record: number;
  readonly line: number;
  readonly byte: number;
  readonly faults: readonly Fault[];
  /** Records that must be sent together with this one, itself among them. */
  readonly group?: RecordRange;
  /** The original row: JSON text of an object (column to value), or the raw text where it could not be parsed. */
  readonly source: { readonly kind: 'json' | 'text'; readonly text: string };
}

/** Inclusive, by record number, sorted, not touching: `[from, to]`. */
export type RecordRange = readonly [from: number, to: number];

export interface MappedBlock {
  readonly block: Omit<Block, 'bytes'>;
  /** All items' JSON, in row order, one after the other with one separator byte (a comma) between, in a buffer that nobody else reads. */
  readonly bytes: Uint8Array;
  /** Item `i` is `bytes.subarray(starts[i], ends[i])`. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  /** Record numbers, minus `block.startRecord`, of the first and last row that went into item `i` (the same unless rows were grouped). */
  readonly firstRow: Uint32Array;
  readonly lastRow: Uint32Array;
  /** Which of the mapping's entries (`items:`) made item `i`. */
  readonly entries: Uint8Array;
  /** Item `i`'s lanes are `lanes.subarray(laneStarts[i], laneStarts[i + 1])`: hashes; equal keys have equal hashes. Both empty when no operation has lanes. */
  readonly lanes: Int32Array;
  readonly laneStarts: Uint32Array;
  /** Index into `routeNames`: only items of one family and one route may share a request. */
  readonly routes: Uint32Array;
  readonly routeNames: readonly string[];
  /**
   * Where the mapping says `lastWins`. `superseded[i]` is 1 for an item that a later one of this block overwrites: it is not
   * sent. `earlier[i]` is 1 + the index of the item that item `i` supersedes directly, or 0.
   */
  readonly lastWins?: { readonly superseded: Uint8Array; readonly earlier: Uint32Array };
  /** Rows left out by `where`, `when` or an empty result, for each entry: first and last row of each run, as in `firstRow`; {@link skippedBy} tells them. */
  readonly skipped: readonly Uint32Array[];
  readonly rejected: readonly RowRejection[];
  /** Things worth a word though the row goes out, by code: how many, and the first line. */
  readonly warnings: readonly {
    readonly code: string;
    readonly text: string;
    readonly count: number;
    readonly line: number;
  }[];
  /** When asked for: hash of each row's key, by record number minus `block.startRecord`; 0 where the row gave no item or has no key. */
  readonly keys?: Float64Array;
  /** When asked for, where any has one: hash of each item's id of which the platform keeps one item; 0: none. */
  readonly ids?: Float64Array;
  /** With a mapping that groups rows: hash of each group's key, and the group's first row, as in `firstRow`. */
  readonly groups?: { readonly hashes: Float64Array; readonly firstRow: Uint32Array };
  /** The block's own bytes, given back: rejects and uncertain rows quote their source from it. */
  readonly source: Uint8Array;
}

/** Records that an entry leaves out. Made when they are asked for: a filter may leave every second row out, and a list of lists is large. */
export function skippedBy({ skipped, block }: Pick<MappedBlock, 'skipped' | 'block'>, entry: number): RecordRange[] {
  const runs = skipped[entry] ?? new Uint32Array(0);
  const ranges: RecordRange[] = [];
  for (let at = 0; at < runs.length; at += 2)
    ranges.push([block.startRecord + (runs[at] ?? 0), block.startRecord + (runs[at + 1] ?? 0)]);
  return ranges;
}

/** The buffer that these bytes take up, to be moved or freed as a whole; undefined where they are a small part of one, which others read, too. */
export function ownBuffer({ buffer, byteLength }: ArrayBufferView): ArrayBuffer | undefined {
  const isOwn = buffer instanceof ArrayBuffer && byteLength > 0 && byteLength * 2 >= buffer.byteLength;
  return isOwn ? buffer : undefined;
}

/**
 * Gives the memory of bytes that nobody needs any more back at once: V8 does not see what lies outside of its heap, and would let it lie until there is
 * so much of it that the whole heap is marked. Does nothing where they are a small part of a buffer that others read, too.
 */
export const freeBytes = (bytes: ArrayBufferView): void => void ownBuffer(bytes)?.transfer(0);
