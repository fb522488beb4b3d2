/**
 * A chunk is the items that travel in one request. It holds no copies: only which items of which mapped blocks, as runs of
 * neighbours, so that a chunk of 500 neighbouring rows is one slice of bytes.
 */
import type { RecordRange } from '../model/block.ts';
import type { ChunkBody, Operation } from '../targets/target.ts';
import type { LiveBlock } from './live-block.ts';

/** Items `from` up to, not including, `to` of one block. Only the planner lets one grow. */
export interface Segment {
  readonly block: LiveBlock;
  readonly from: number;
  to: number;
}

export interface Chunk {
  /** The operation of its first item: all items are of one family, so any of them makes the same request. */
  readonly operation: Operation;
  readonly route: string;
  readonly segments: readonly Readonly<Segment>[];
  readonly items: number;
  /** Bytes of the request body, frame and commas included. */
  readonly bytes: number;
  /** Whether its items have lanes at all. */
  readonly laned: boolean;
  readonly repeatable: boolean;
}

const comma = new Uint8Array([0x2c]);
const text = new TextEncoder();

/** The request body: prefix, items joined by commas, suffix. */
export function chunkBytes(chunk: Chunk): Uint8Array[] {
  const { prefix, suffix } = chunk.operation.frame(chunk.route);
  let parts = chunk.segments.map(segmentBytes);
  if (parts.length > 1) parts = parts.flatMap((part, index) => (index === 0 ? [part] : [comma, part]));
  if (prefix !== '') parts.unshift(text.encode(prefix));
  if (suffix !== '') parts.push(text.encode(suffix));
  return parts;
}

/** What a target sees of a chunk. */
export function chunkBody(chunk: Chunk, carry?: string): ChunkBody {
  return {
    route: chunk.route,
    items: chunk.items,
    body: chunkBytes(chunk),
    ...(carry === undefined ? {} : { carry }),
  };
}

/** All of it is settled: nobody asks for its bytes again. */
export function release(chunk: Chunk): void {
  for (const { block } of chunk.segments) block.release();
}

export function itemBytes(block: LiveBlock, item: number): Uint8Array {
  const { bytes, starts, ends } = block.mapped;
  return bytes.subarray(starts[item], ends[item]);
}

export function itemAt(chunk: Chunk, index: number): { block: LiveBlock; item: number } {
  let left = index;
  for (const { block, from, to } of chunk.segments) {
    if (left < to - from) return { block, item: from + left };
    left -= to - from;
  }
  throw new RangeError(`item ${index} of a chunk of ${chunk.items}`);
}

/** Two chunks that together hold the same items in the same order. Needs at least two items. */
export function halve(chunk: Chunk): [Chunk, Chunk] {
  const half = Math.ceil(chunk.items / 2);
  return [pick(chunk, 0, half), pick(chunk, half, chunk.items)];
}

/** The chunk of the items at `indexes` (ascending). */
export const select = (chunk: Chunk, indexes: readonly number[]): Chunk =>
  chunkOf(
    chunk,
    indexes.map((index) => itemAt(chunk, index)),
  );

/** A chunk of other items that may travel as this one does. */
export function chunkOf(chunk: Chunk, items: readonly { readonly block: LiveBlock; readonly item: number }[]): Chunk {
  const segments: Segment[] = [];
  for (const { block, item } of items) {
    const last = segments.at(-1);
    if (last !== undefined && last.block === block && last.to === item) {
      segments[segments.length - 1] = { block, from: last.from, to: item + 1 };
    } else {
      segments.push({ block, from: item, to: item + 1 });
    }
  }
  return withSegments(chunk, segments);
}

function pick(chunk: Chunk, from: number, to: number): Chunk {
  const segments: Segment[] = [];
  let offset = 0;
  for (const segment of chunk.segments) {
    const length = segment.to - segment.from;
    const start = Math.max(from - offset, 0);
    const end = Math.min(to - offset, length);
    if (start < end) segments.push({ block: segment.block, from: segment.from + start, to: segment.from + end });
    offset += length;
  }
  return withSegments(chunk, segments);
}

function withSegments(chunk: Chunk, segments: readonly Segment[]): Chunk {
  const items = segments.reduce((sum, { from, to }) => sum + to - from, 0);
  return { ...chunk, segments, items, bytes: bytesOf(chunk.operation, chunk.route, segments) };
}

function bytesOf(operation: Operation, route: string, segments: readonly Segment[]): number {
  const commas = Math.max(segments.length - 1, 0);
  return (
    frameBytes(operation, route) + commas + segments.reduce((sum, segment) => sum + segmentBytes(segment).length, 0)
  );
}

export function frameBytes(operation: Operation, route: string): number {
  const { prefix, suffix } = operation.frame(route);
  return Buffer.byteLength(prefix) + Buffer.byteLength(suffix);
}

/** Neighbouring items already stand with a comma between them. */
function segmentBytes({ block, from, to }: Segment): Uint8Array {
  const { bytes, starts, ends } = block.mapped;
  return bytes.subarray(starts[from], ends[to - 1]);
}

/** Calls `visit` with each lane of each item; one may come twice. Reads them where they lie: a list for each chunk would cost more than the chunk. */
export function eachLane(chunk: Pick<Chunk, 'laned' | 'segments'>, visit: (lane: number) => void): void {
  if (!chunk.laned) return;
  for (const { block, from, to } of chunk.segments) {
    const { lanes, laneStarts } = block.mapped;
    const end = laneStarts[to] ?? 0;
    for (let at = laneStarts[from] ?? 0; at < end; at++) visit(lanes[at] ?? 0);
  }
}

/** Records of some items of a chunk, for one entry of one load. */
export interface EntryRecords {
  readonly load: number;
  readonly entry: number;
  readonly ranges: RecordRange[];
}

interface GrowingRecords extends EntryRecords {
  readonly ranges: [from: number, to: number][];
}

/** Which records a chunk's items come from, for each load and entry; `only` narrows it to some items. */
export function recordsOf(chunk: Chunk, only?: (index: number) => boolean): EntryRecords[] {
  let found: GrowingRecords[] = [];
  let index = 0;
  for (const { block, from, to } of chunk.segments) {
    const { entries, firstRow, lastRow } = block.mapped;
    // Neighbours of one entry, by their rows inside the block: small whole numbers, of which V8 makes no objects.
    let entry = -1;
    let first = 0;
    let last = 0;
    for (let item = from; item < to; item++, index++) {
      if (only !== undefined && !only(index)) continue;
      const row = firstRow[item] ?? 0;
      if (entries[item] !== entry || row !== last + 1) {
        if (entry !== -1) found = withRows(found, block, entry, first, last);
        entry = entries[item] ?? 0;
        first = row;
      }
      last = lastRow[item] ?? 0;
    }
    if (entry !== -1) found = withRows(found, block, entry, first, last);
  }
  return found;
}

/** `first` and `last` count from the block's `startRecord`. */
function withRows(
  found: GrowingRecords[],
  { load, mapped }: LiveBlock,
  entry: number,
  first: number,
  last: number,
): GrowingRecords[] {
  const { startRecord } = mapped.block;
  for (const records of found) {
    if (records.load !== load || records.entry !== entry) continue;
    const previous = records.ranges.at(-1);
    if (previous !== undefined && previous[1] + 1 === startRecord + first) previous[1] = startRecord + last;
    else records.ranges.push([startRecord + first, startRecord + last]);
    return found;
  }
  const records: GrowingRecords = { load, entry, ranges: [[startRecord + first, startRecord + last]] };
  // A list of one, not by `push`, which makes room for sixteen: mostly it stays so.
  return found.length === 0 ? [records] : [...found, records];
}
