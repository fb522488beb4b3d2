/**
 * Where the lines of UTF-8 stand, and each of them as text when it is asked for. The text is decoded in pieces, one at a time:
 * a string of a whole block outlives the rows that are cut from it, and over 128 KB V8 gives it pages of its own, which costs
 * more than decoding.
 */

import { grown } from '../model/typed-arrays.ts';

export interface Lines {
  readonly count: number;
  /** Cheapest in ascending order. Throws RangeError for a line that is not there. */
  line(index: number): string;
}

/** Fits V8's ordinary pages, also when each character takes two bytes. */
const pieceBytes = 60_000;

const lineFeed = 10;
const carriageReturn = 13;

/**
 * Lines that end at a line feed, without the carriage return before it; `isBlank` tells which are left out.
 * @param expected how many there will be, if known: a good guess costs less
 */
export function feedLinesOf(
  utf8: Buffer,
  isBlank: (utf8: Buffer, from: number, to: number) => boolean,
  expected = 1024,
): Lines {
  const index = new LineIndex(utf8, expected);
  cutAtFeeds(utf8, (from, to) => {
    const end = to > from && utf8[to - 1] === carriageReturn ? to - 1 : to;
    if (!isBlank(utf8, from, end)) index.add(from, end);
  });
  return index;
}

function cutAtFeeds(utf8: Buffer, add: (from: number, to: number) => void): void {
  for (let at = 0; at < utf8.length; ) {
    const feed = utf8.indexOf(lineFeed, at);
    const end = feed < 0 ? utf8.length : feed;
    add(at, end);
    at = end + 1;
  }
}

function cutAtAny(utf8: Buffer, add: (from: number, to: number) => void): void {
  let start = 0;
  for (let at = 0; at <= utf8.length; at++) {
    const byte = utf8[at];
    if (byte !== lineFeed && byte !== carriageReturn && byte !== undefined) continue;
    add(start, at);
    start = at + 1;
  }
}

export class LineIndex implements Lines {
  readonly #utf8: Buffer;
  #starts: Uint32Array;
  #ends: Uint32Array;
  #count = 0;
  /** Decoded: lines from `#first` up to, not including, `#next`. */
  #piece = '';
  #first = 0;
  #next = 0;
  /** Where the piece starts, if its characters stand where its bytes do; otherwise each line is decoded by itself. */
  #offset: number | undefined;

  constructor(utf8: Buffer, expected: number) {
    this.#utf8 = utf8;
    this.#starts = new Uint32Array(Math.max(16, expected));
    this.#ends = new Uint32Array(Math.max(16, expected));
  }

  get count(): number {
    return this.#count;
  }

  add(start: number, end: number): void {
    if (this.#count === this.#starts.length) {
      this.#starts = grown(this.#starts);
      this.#ends = grown(this.#ends);
    }
    this.#starts[this.#count] = start;
    this.#ends[this.#count] = end;
    this.#count += 1;
  }

  /** Those between any line breaks from `from` up to, not including, `to`, which are borders; empty ones are left out. */
  addLines(from: number, to: number): void {
    const part = this.#utf8.subarray(from, to);
    const cut = part.includes(carriageReturn) ? cutAtAny : cutAtFeeds;
    cut(part, (start, end) => end > start && this.add(from + start, from + end));
  }

  line(index: number): string {
    if (index >= this.#next || index < this.#first) this.#decodeFrom(index);
    const start = this.#starts[index] ?? 0;
    const end = this.#ends[index] ?? 0;
    if (this.#offset === undefined) return this.#utf8.toString('utf8', start, end);
    const line = this.#piece.slice(start - this.#offset, end - this.#offset);
    if (index === this.#count - 1) this.#forgetPiece();
    return line;
  }

  /** Grown old, and dead, this would keep the last piece alive until all of the heap is marked. */
  #forgetPiece(): void {
    this.#piece = '';
    this.#next = 0;
  }

  #decodeFrom(index: number): void {
    if (index < 0 || index >= this.#count) throw new RangeError(`No line ${index} of ${this.#count}`);
    const start = this.#starts[index] ?? 0;
    let next = index + 1;
    while (next < this.#count && (this.#ends[next] ?? 0) - start <= pieceBytes) next += 1;
    const end = this.#ends[next - 1] ?? 0;
    const piece = this.#utf8.toString('utf8', start, end);
    const isByteForByte = piece.length === end - start;
    this.#piece = isByteForByte ? piece : '';
    this.#first = index;
    this.#next = next;
    this.#offset = isByteForByte ? start : undefined;
  }
}
