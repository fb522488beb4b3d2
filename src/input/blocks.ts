/**
 * Cuts the bytes of an input at record borders into blocks. Memory holds one window and one finished block, whatever the size of the file; the window
 * grows only while a single record does not fit, and never past the limit on a row.
 */
import type { Block } from '../model/block.ts';
import { type BorderRules, RecordScanner, type Stretch, stretch } from './borders.ts';
import type { ByteReader } from './bytes.ts';
import { type Coding, unitSize, unitsOf } from './encodings.ts';

/** A place between two records, from which reading can start. */
export interface Border {
  readonly byte: number;
  readonly line: number;
  /** Record number of the row that follows. */
  readonly record: number;
}

export interface Cutting {
  readonly file: number;
  readonly rules: BorderRules;
  readonly coding: Coding;
  readonly blockBytes: number;
  readonly from: Border;
  readonly signal?: AbortSignal | undefined;
}

const lf = 10;
const cr = 13;

const evenly = (bytes: number, unit: number): number => Math.ceil(bytes / unit) * unit;

/** Blocks come one late, because only the one after tells whether a block is the last. */
export async function* cutBlocks(reader: ByteReader, cutting: Cutting): AsyncGenerator<Block> {
  let ready: Block | undefined;
  for await (const block of cut(reader, cutting)) {
    if (ready !== undefined) yield ready;
    ready = block;
  }
  if (ready !== undefined) yield { ...ready, last: true };
}

async function* cut(
  reader: ByteReader,
  { file, rules, coding, blockBytes, from, signal }: Cutting,
): AsyncGenerator<Block> {
  const size = unitSize(coding);
  const scanner = new RecordScanner(rules);
  const overLimit = (rules.maxRow + 1) * size;
  const wanted = Math.max(1, Math.floor(blockBytes / size));
  let { byte, line, record } = from;
  let sequence = 0;

  // bytes[start..end) is what was read and not given out yet.
  let bytes = Buffer.alloc(0);
  let units: Uint8Array = bytes;
  let start = 0;
  let end = 0;
  let eof = false;

  const readMore = async (): Promise<void> => {
    signal?.throwIfAborted();
    const kept = end - start;
    // Doubling keeps the work of scanning a long record again and again linear.
    const capacity = evenly(Math.max(blockBytes, kept + 2 * size, Math.min(2 * kept, overLimit + 4 * size)), size);
    // Not from the pool: a block's memory is handed to another thread whole.
    const wider = Buffer.allocUnsafeSlow(capacity);
    bytes.copy(wider, 0, start, end);
    const got = await reader.fill(wider, kept, capacity - kept);
    signal?.throwIfAborted();
    eof = got < capacity - kept;
    bytes = wider;
    start = 0;
    end = kept + got;
    units = unitsOf(bytes.subarray(0, end), coding);
  };

  const advance = (to: number): void => {
    byte += to - start;
    start = to;
  };

  const take = (to: number, { records, lines }: Stretch): Block => {
    const lastUnit = units[Math.ceil(to / size) - 1];
    const endsInBreak = lastUnit === lf || (lastUnit === cr && rules.format === 'csv');
    // The window itself becomes the block when little of it is left over; else the block is a copy.
    const whole = start === 0 && 2 * to >= bytes.length;
    const own = whole ? bytes.subarray(0, to) : Buffer.allocUnsafeSlow(to - start);
    if (whole) {
      // The rest must be copied out before the block is given away.
      const rest = Buffer.allocUnsafeSlow(end - to);
      bytes.copy(rest, 0, to, end);
      units = size === 1 ? rest : units.subarray(Math.ceil(to / size));
      bytes = rest;
      end = rest.length;
    } else {
      bytes.copy(own, 0, start, to);
    }
    const block = {
      file,
      sequence: sequence++,
      startByte: byte,
      startLine: line,
      startRecord: record,
      records,
      linesAreRows: lines === (endsInBreak ? records : records - 1),
      bytes: own,
      ownsBuffer: true,
      last: false,
    };
    byte += own.length;
    start = whole ? 0 : to;
    record += records;
    line += lines;
    return block;
  };

  /** Passes over the rest of a line that is too long to hold. */
  const skipLine = async (): Promise<void> => {
    for (;;) {
      const rest = units.subarray(Math.ceil(start / size));
      const feed = rest.indexOf(lf);
      const carriage = rules.format === 'csv' ? rest.indexOf(cr) : -1;
      if (feed >= 0 || carriage >= 0) {
        const byFeed = carriage < 0 || (feed >= 0 && feed < carriage);
        advance(Math.min(start + ((byFeed ? feed : carriage) + 1) * size, end));
        line++;
        if (byFeed) return;
        if (start >= end && !eof) await readMore();
        if (units[start / size] === lf && start < end) advance(start + size);
        return;
      }
      advance(end);
      if (eof) return;
      await readMore();
    }
  };

  for (;;) {
    // Only at the very end of UTF-16 can half a unit stand; it was counted as one.
    const first = Math.ceil(start / size);
    const last = Math.ceil(end / size);
    const found = stretch(rules, scanner, units, first, last, eof, wanted);
    const to = Math.min(found.end * size, end);
    if (found.records > 0) {
      yield take(to, found);
    } else if (to > start) {
      // Blank lines only.
      advance(to);
      line += found.lines;
    } else if (found.tooLarge) {
      // One unit over the limit is enough for whoever parses the block to see that the row is too large.
      const own = Buffer.allocUnsafeSlow(overLimit);
      bytes.copy(own, 0, start, start + own.length);
      const at = { startByte: byte, startLine: line, startRecord: record };
      record++;
      await skipLine();
      yield { file, sequence: sequence++, ...at, records: 1, bytes: own, ownsBuffer: true, last: false };
    } else if (eof) {
      return;
    } else {
      await readMore();
    }
  }
}
