/**
 * A set of record numbers, kept as sorted, merged, inclusive ranges. Replies come out of order, but what is settled soon
 * merges into few ranges again: a clean load of any size is one. Bounds lie in one flat array (`from, to, from, to …`),
 * so that the usual change, at or near the end, moves next to nothing.
 */
import type { RecordRange } from '../model/block.ts';

export class RangeSet implements Iterable<RecordRange> {
  #bounds: number[] = [];
  #size = 0;

  static of(...ranges: readonly RecordRange[]): RangeSet {
    return RangeSet.from(ranges);
  }

  static from(ranges: readonly RecordRange[]): RangeSet {
    const set = new RangeSet();
    set.addAll(ranges);
    return set;
  }

  /** Reads what {@link toString} writes: `1-500,502,600-710`, ascending. Throws SyntaxError on anything else. */
  static parse(text: string): RangeSet {
    const set = new RangeSet();
    if (text === '') return set;
    let last = -2;
    for (const part of text.split(',')) {
      const dash = part.indexOf('-');
      const from = wholeNumber(dash < 0 ? part : part.slice(0, dash), text);
      const to = dash < 0 ? from : wholeNumber(part.slice(dash + 1), text);
      if (from <= last + 1 || to < from || (dash >= 0 && to === from)) throw unreadable(text);
      set.#bounds.push(from, to);
      set.#size += to - from + 1;
      last = to;
    }
    return set;
  }

  /** How many numbers are in the set. */
  get size(): number {
    return this.#size;
  }

  /** How many ranges they form. */
  get rangeCount(): number {
    return this.#bounds.length / 2;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  get first(): number | undefined {
    return this.#bounds[0];
  }

  get last(): number | undefined {
    return this.#bounds.at(-1);
  }

  has(number: number): boolean {
    const at = this.#rangeEndingAtOrAfter(number);
    return at < this.#bounds.length && this.#bound(at) <= number;
  }

  /** The end of the range that holds `number`, or undefined when it is not in the set. */
  endOfRangeAt(number: number): number | undefined {
    const at = this.#rangeEndingAtOrAfter(number);
    return at < this.#bounds.length && this.#bound(at) <= number ? this.#bound(at + 1) : undefined;
  }

  add(from: number, to: number = from): void {
    checkRange(from, to);
    const bounds = this.#bounds;
    const end = bounds.length;
    const last = end === 0 ? -2 : this.#bound(end - 1);
    if (from > last + 1) {
      bounds.push(from, to);
      this.#size += to - from + 1;
      return;
    }
    // Neighbours merge, so the first range concerned may end right before `from`, and the last one start right after `to`.
    const start = this.#rangeEndingAtOrAfter(from - 1);
    let next = start;
    let low = from;
    let high = to;
    while (next < end && this.#bound(next) <= to + 1) {
      low = Math.min(low, this.#bound(next));
      high = Math.max(high, this.#bound(next + 1));
      this.#size -= this.#bound(next + 1) - this.#bound(next) + 1;
      next += 2;
    }
    this.#size += high - low + 1;
    if (next === start) {
      bounds.splice(start, 0, low, high);
      return;
    }
    bounds[start] = low;
    bounds[start + 1] = high;
    if (next > start + 2) bounds.splice(start + 2, next - start - 2);
  }

  remove(from: number, to: number = from): void {
    checkRange(from, to);
    const bounds = this.#bounds;
    const start = this.#rangeEndingAtOrAfter(from);
    let next = start;
    while (next < bounds.length && this.#bound(next) <= to) {
      this.#size -= this.#bound(next + 1) - this.#bound(next) + 1;
      next += 2;
    }
    if (next === start) return;
    const low = this.#bound(start);
    const high = this.#bound(next - 1);
    // What is left of the first and of the last range takes the places of what goes, as far as there are any.
    let at = start;
    if (low < from) {
      bounds[at + 1] = from - 1;
      this.#size += from - low;
      at += 2;
    }
    if (high > to) {
      this.#size += high - to;
      if (at === next) {
        bounds.splice(at, 0, to + 1, high);
        return;
      }
      bounds[at] = to + 1;
      bounds[at + 1] = high;
      at += 2;
    }
    if (at < next) bounds.splice(at, next - at);
  }

  /** Without iterators, here and below: where each record is a request, they would be made for each. */
  addAll(ranges: readonly RecordRange[]): void {
    for (const range of ranges) this.add(range[0], range[1]);
  }

  removeAll(ranges: readonly RecordRange[]): void {
    if (this.#size === 0) return;
    for (const range of ranges) this.remove(range[0], range[1]);
  }

  clear(): void {
    this.#bounds = [];
    this.#size = 0;
  }

  clone(): RangeSet {
    const copy = new RangeSet();
    copy.#bounds = this.#bounds.slice();
    copy.#size = this.#size;
    return copy;
  }

  union(other: RangeSet): RangeSet {
    const result = new RangeSet();
    const [a, b] = [this.#bounds, other.#bounds];
    let [i, j] = [0, 0];
    // Fed in ascending order, every `add` is the cheap one at the end.
    while (i < a.length || j < b.length) {
      if (j >= b.length || (i < a.length && this.#bound(i) <= other.#bound(j))) {
        result.#append(this.#bound(i), this.#bound(i + 1));
        i += 2;
      } else {
        result.#append(other.#bound(j), other.#bound(j + 1));
        j += 2;
      }
    }
    return result;
  }

  intersect(other: RangeSet): RangeSet {
    const result = new RangeSet();
    let [i, j] = [0, 0];
    while (i < this.#bounds.length && j < other.#bounds.length) {
      const from = Math.max(this.#bound(i), other.#bound(j));
      const to = Math.min(this.#bound(i + 1), other.#bound(j + 1));
      if (from <= to) result.#append(from, to);
      if (this.#bound(i + 1) < other.#bound(j + 1)) i += 2;
      else j += 2;
    }
    return result;
  }

  subtract(other: RangeSet): RangeSet {
    const result = new RangeSet();
    let j = 0;
    for (let i = 0; i < this.#bounds.length; i += 2) {
      let from = this.#bound(i);
      const to = this.#bound(i + 1);
      while (j < other.#bounds.length && other.#bound(j + 1) < from) j += 2;
      for (let k = j; k < other.#bounds.length && other.#bound(k) <= to; k += 2) {
        if (other.#bound(k) > from) result.#append(from, other.#bound(k) - 1);
        from = other.#bound(k + 1) + 1;
      }
      if (from <= to) result.#append(from, to);
    }
    return result;
  }

  /** What of `[from, to]` is in the set. */
  within(from: number, to: number): RangeSet {
    const result = new RangeSet();
    for (let at = this.#rangeEndingAtOrAfter(from); at < this.#bounds.length && this.#bound(at) <= to; at += 2) {
      result.#append(Math.max(from, this.#bound(at)), Math.min(to, this.#bound(at + 1)));
    }
    return result;
  }

  /** What of `[from, to]` is NOT in the set. */
  gaps(from: number, to: number): RangeSet {
    const result = new RangeSet();
    let next = from;
    for (let at = this.#rangeEndingAtOrAfter(from); at < this.#bounds.length && this.#bound(at) <= to; at += 2) {
      if (this.#bound(at) > next) result.#append(next, this.#bound(at) - 1);
      next = this.#bound(at + 1) + 1;
    }
    if (next <= to) result.#append(next, to);
    return result;
  }

  equals(other: RangeSet): boolean {
    return (
      this.#bounds.length === other.#bounds.length && this.#bounds.every((bound, at) => bound === other.#bounds[at])
    );
  }

  *[Symbol.iterator](): Generator<RecordRange> {
    for (let at = 0; at < this.#bounds.length; at += 2) yield [this.#bound(at), this.#bound(at + 1)];
  }

  toString(): string {
    const parts: string[] = [];
    for (let at = 0; at < this.#bounds.length; at += 2) {
      const from = this.#bound(at);
      const to = this.#bound(at + 1);
      parts.push(from === to ? String(from) : `${from}-${to}`);
    }
    return parts.join(',');
  }

  /** For ascending input only. */
  #append(from: number, to: number): void {
    const last = this.#bounds.length - 1;
    if (last < 0 || from > this.#bound(last) + 1) {
      this.#bounds.push(from, to);
      this.#size += to - from + 1;
    } else if (to > this.#bound(last)) {
      this.#size += to - this.#bound(last);
      this.#bounds[last] = to;
    }
  }

  #bound(at: number): number {
    return this.#bounds[at] ?? Number.NaN;
  }

  /** Index of the first range that does not end before `number`; the array's length when there is none. */
  #rangeEndingAtOrAfter(number: number): number {
    let low = 0;
    let high = this.#bounds.length / 2;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#bound(2 * middle + 1) < number) low = middle + 1;
      else high = middle;
    }
    return 2 * low;
  }
}

function checkRange(from: number, to: number): void {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || to < from) {
    throw new RangeError(`Expected a range of record numbers, got ${from}-${to}`);
  }
}

const unreadable = (text: string) => new SyntaxError(`Not a list of ranges: ${text.slice(0, 80)}`);

function wholeNumber(text: string, whole: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number)) throw unreadable(whole);
  return number;
}
