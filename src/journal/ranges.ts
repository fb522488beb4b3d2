/**
 * A set of record numbers, told as sorted, merged, inclusive ranges. A clean load of any size is one range, but a filter, or rejects here and there,
 * make millions of them: so numbers are kept by pages, of which those that are full or empty take no room, and others less than a kilobyte.
 */
import type { RecordRange } from '../model/block.ts';
import { Page, pageSize } from './page.ts';
import { PageList } from './page-list.ts';
import { printRanges, readRanges } from './range-text.ts';
import { Runs } from './runs.ts';

export class RangeSet implements Iterable<RecordRange> {
  /** Numbers of the pages that are full. */
  #full = new Runs();
  /** Those that are neither full nor empty. */
  #partly = new PageList();
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
    readRanges(text, (from, to) => set.add(from, to));
    return set;
  }

  /** How many numbers are in the set. */
  get size(): number {
    return this.#size;
  }

  /** How many ranges they form. Looks at each page. */
  get rangeCount(): number {
    const follows = (page: number) => page > 0 && this.has(page * pageSize - 1);
    let count = 0;
    for (const [from] of this.#full) if (!follows(from)) count += 1;
    for (const [number, page] of this.#partly) count += page.runs(follows(number));
    return count;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  get first(): number | undefined {
    return this.nextFrom(0);
  }

  get last(): number | undefined {
    const number = this.#partly.last ?? -1;
    const full = this.#full.last ?? -1;
    if (number < full) return (full + 1) * pageSize - 1;
    const page = this.#partly.at(number);
    return page === undefined ? undefined : number * pageSize + page.last;
  }

  has(number: number): boolean {
    const page = pageOf(number);
    return this.#partly.at(page)?.has(number - page * pageSize) ?? this.#full.has(page);
  }

  /** The lowest number of the set from `number` on. */
  nextFrom(number: number): number | undefined {
    let page = pageOf(number);
    let at = number - page * pageSize;
    for (;;) {
      const partly = this.#partly.nextFrom(page) ?? Number.POSITIVE_INFINITY;
      const full = this.#full.nextFrom(page) ?? Number.POSITIVE_INFINITY;
      const next = Math.min(partly, full);
      if (next === Number.POSITIVE_INFINITY) return undefined;
      if (next > page) at = 0;
      page = next;
      if (full === page) return page * pageSize + at;
      const found = this.#partly.at(page)?.next(at) ?? pageSize;
      if (found < pageSize) return page * pageSize + found;
      page += 1;
      at = 0;
    }
  }

  /** The end of the range that holds `number`, or undefined when it is not in the set. */
  endOfRangeAt(number: number): number | undefined {
    const gap = this.#nextGap(number);
    return gap === number ? undefined : gap - 1;
  }

  add(from: number, to: number = from): void {
    checkRange(from, to);
    const first = pageOf(from);
    const last = pageOf(to);
    if (first === last) {
      this.#addWithin(first, from - first * pageSize, to - first * pageSize);
      return;
    }
    this.#addWithin(first, from - first * pageSize, pageSize - 1);
    if (last > first + 1) this.#addPages(first + 1, last - 1);
    this.#addWithin(last, 0, to - last * pageSize);
  }

  remove(from: number, to: number = from): void {
    checkRange(from, to);
    const first = pageOf(from);
    const last = pageOf(to);
    if (first === last) {
      this.#removeWithin(first, from - first * pageSize, to - first * pageSize);
      return;
    }
    this.#removeWithin(first, from - first * pageSize, pageSize - 1);
    if (last > first + 1) this.#removePages(first + 1, last - 1);
    this.#removeWithin(last, 0, to - last * pageSize);
  }

  /** Without an iterator, here and in `removeAll`: where each record is a request, one would be made for each. */
  addAll(ranges: readonly RecordRange[]): void {
    for (const range of ranges) this.add(range[0], range[1]);
  }

  removeAll(ranges: readonly RecordRange[]): void {
    if (this.#size === 0) return;
    for (const range of ranges) this.remove(range[0], range[1]);
  }

  addSet(other: RangeSet): void {
    for (const [from, to] of other.#full) this.#addPages(from, to);
    for (const [number, page] of other.#partly) {
      if (this.#full.has(number)) continue;
      const own = this.#partly.at(number);
      if (own === undefined) {
        this.#partly.insert(number, page.clone());
        this.#size += page.count;
        continue;
      }
      const before = own.count;
      own.addPage(page);
      this.#changed(number, own, before);
    }
  }

  removeSet(other: RangeSet): void {
    if (this.#size === 0) return;
    // What is walked over must not change.
    const gone = other === this ? other.clone() : other;
    for (const [from, to] of gone.#full) this.#removePages(from, to);
    for (const [number, page] of gone.#partly) {
      const own = this.#pageToCut(number);
      if (own === undefined) continue;
      const before = own.count;
      own.removePage(page);
      this.#changed(number, own, before);
    }
  }

  clone(): RangeSet {
    const copy = new RangeSet();
    copy.#full = this.#full.clone();
    copy.#partly = this.#partly.clone();
    copy.#size = this.#size;
    return copy;
  }

  union(other: RangeSet): RangeSet {
    const result = this.clone();
    result.addSet(other);
    return result;
  }

  intersect(other: RangeSet): RangeSet {
    return this.subtract(this.subtract(other));
  }

  subtract(other: RangeSet): RangeSet {
    const result = this.clone();
    result.removeSet(other);
    return result;
  }

  /** What of `[from, to]` is in the set. */
  within(from: number, to: number): RangeSet {
    const result = new RangeSet();
    const [first, last] = [pageOf(from), pageOf(to)];
    for (
      let page = this.#full.nextFrom(first) ?? last + 1;
      page <= last;
      page = this.#full.nextFrom(page) ?? last + 1
    ) {
      const end = Math.min(last, this.#full.endOfRunAt(page) ?? page);
      result.#addPages(page, end);
      page = end + 1;
    }
    for (let number = this.#partly.nextFrom(first) ?? last + 1; number <= last; ) {
      const page = this.#partly.at(number);
      if (page === undefined) break;
      result.#partly.insert(number, page.clone());
      result.#size += page.count;
      number = this.#partly.nextFrom(number + 1) ?? last + 1;
    }
    if (from > first * pageSize) result.remove(first * pageSize, from - 1);
    const end = (last + 1) * pageSize - 1;
    if (to < end) result.remove(to + 1, end);
    return result;
  }

  *[Symbol.iterator](): Generator<RecordRange> {
    for (let from = this.nextFrom(0); from !== undefined; ) {
      const gap = this.#nextGap(from);
      yield [from, gap - 1];
      from = this.nextFrom(gap + 1);
    }
  }

  toString(): string {
    return printRanges(this);
  }

  /** The lowest number from `number` on that is not in the set. */
  #nextGap(number: number): number {
    let page = pageOf(number);
    let at = number - page * pageSize;
    for (;;) {
      const partly = this.#partly.at(page);
      const end = partly === undefined ? this.#full.endOfRunAt(page) : undefined;
      if (partly === undefined && end === undefined) return page * pageSize + at;
      const found = partly?.nextGap(at) ?? pageSize;
      if (found < pageSize) return page * pageSize + found;
      page = (end ?? page) + 1;
      at = 0;
    }
  }

  #addWithin(number: number, from: number, to: number): void {
    const known = this.#partly.at(number);
    if (known === undefined && this.#full.has(number)) return;
    const page = known ?? new Page();
    if (known === undefined) this.#partly.insert(number, page);
    const before = page.count;
    page.add(from, to);
    this.#changed(number, page, before);
  }

  #removeWithin(number: number, from: number, to: number): void {
    const page = this.#pageToCut(number);
    if (page === undefined) return;
    const before = page.count;
    page.remove(from, to);
    this.#changed(number, page, before);
  }

  /** Undefined where there is nothing on it. */
  #pageToCut(number: number): Page | undefined {
    const known = this.#partly.at(number);
    if (known !== undefined || !this.#full.has(number)) return known;
    const page = Page.full();
    this.#full.remove(number, number);
    this.#partly.insert(number, page);
    return page;
  }

  #changed(number: number, page: Page, before: number): void {
    this.#size += page.count - before;
    if (page.count > 0 && page.count < pageSize) return;
    this.#partly.remove(number, number);
    if (page.count === pageSize) this.#full.add(number, number);
  }

  #addPages(from: number, to: number): void {
    this.#size += (to - from + 1 - this.#full.countWithin(from, to)) * pageSize - this.#partly.remove(from, to);
    this.#full.add(from, to);
  }

  #removePages(from: number, to: number): void {
    this.#size -= this.#full.countWithin(from, to) * pageSize + this.#partly.remove(from, to);
    this.#full.remove(from, to);
  }
}

const pageOf = (number: number): number => Math.floor(number / pageSize);

function checkRange(from: number, to: number): void {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || to < from) {
    throw new RangeError(`Expected a range of record numbers, got ${from}-${to}`);
  }
}
