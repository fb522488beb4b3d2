/**
 * A set of record numbers, told as sorted, merged, inclusive ranges. A clean load of any size is one range, but a filter, or rejects here and there,
 * make millions of them: so numbers are kept by pages, of which those that are full take no room, and others a bit for each record.
 */
import type { RecordRange } from '../model/block.ts';
import { Page, pageSize } from './page.ts';
import { Runs } from './runs.ts';

export class RangeSet implements Iterable<RecordRange> {
  /** Numbers of the pages that are full. */
  #full = new Runs();
  /** Those that are neither full nor empty, by their numbers, ascending. */
  #numbers: number[] = [];
  #pages: Page[] = [];
  #size = 0;
  /** Index of the page that was found last: who asks for one mostly asks for it again. */
  #found = 0;

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
    let last = -2;
    // Without a list of its parts: a snapshot may be of many megabytes.
    for (let at = 0; at < text.length; ) {
      const end = endOfDigits(text, at);
      const from = wholeNumber(text, at, end);
      const isRange = text[end] === '-';
      const stop = isRange ? endOfDigits(text, end + 1) : end;
      const to = isRange ? wholeNumber(text, end + 1, stop) : from;
      if (from <= last + 1 || to < from || (isRange && to === from)) throw unreadable(text);
      set.add(from, to);
      last = to;
      if (stop < text.length && (text[stop] !== ',' || stop + 1 === text.length)) throw unreadable(text);
      at = stop + 1;
    }
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
    for (const [index, page] of this.#pages.entries()) count += page.runs(follows(this.#numbers[index] ?? 0));
    return count;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  get first(): number | undefined {
    return this.#next(0);
  }

  get last(): number | undefined {
    const number = this.#numbers.at(-1) ?? -1;
    const full = this.#full.last ?? -1;
    if (number < full) return (full + 1) * pageSize - 1;
    const page = this.#pages.at(-1);
    if (page === undefined) return undefined;
    let at = pageSize - 1;
    while (!page.has(at)) at--;
    return number * pageSize + at;
  }

  has(number: number): boolean {
    const page = pageOf(number);
    return this.#pageAt(page)?.has(number - page * pageSize) ?? this.#full.has(page);
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

  /** Without iterators, here and below: where each record is a request, they would be made for each. */
  addAll(ranges: readonly RecordRange[]): void {
    for (const range of ranges) this.add(range[0], range[1]);
  }

  removeAll(ranges: readonly RecordRange[]): void {
    if (this.#size === 0) return;
    for (const range of ranges) this.remove(range[0], range[1]);
  }

  addSet(other: RangeSet): void {
    for (const [from, to] of other.#full) this.#addPages(from, to);
    for (let index = 0; index < other.#pages.length; index++) {
      const page = other.#pages[index];
      const number = other.#numbers[index] ?? 0;
      if (page === undefined || this.#full.has(number)) continue;
      const own = this.#pageAt(number);
      if (own === undefined) {
        this.#insert(number, page.clone());
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
    for (const [from, to] of other.#full) this.#removePages(from, to);
    for (let index = 0; index < other.#pages.length; index++) {
      const page = other.#pages[index];
      const number = other.#numbers[index] ?? 0;
      const own = page === undefined ? undefined : this.#pageToCut(number);
      if (own === undefined || page === undefined) continue;
      const before = own.count;
      own.removePage(page);
      this.#changed(number, own, before);
    }
  }

  clone(): RangeSet {
    const copy = new RangeSet();
    copy.#full = this.#full.clone();
    copy.#numbers = this.#numbers.slice();
    copy.#pages = this.#pages.map((page) => page.clone());
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
      let page = this.#full.nextFrom(first);
      page !== undefined && page <= last;
      page = this.#full.nextFrom(page + 1)
    ) {
      const end = Math.min(last, this.#full.endOfRunAt(page) ?? page);
      result.#addPages(page, end);
      page = end;
    }
    for (let index = this.#indexFrom(first); (this.#numbers[index] ?? last + 1) <= last; index++) {
      const page = this.#pages[index];
      if (page === undefined) continue;
      result.#numbers.push(this.#numbers[index] ?? 0);
      result.#pages.push(page.clone());
      result.#size += page.count;
    }
    if (from > first * pageSize) result.remove(first * pageSize, from - 1);
    const end = (last + 1) * pageSize - 1;
    if (to < end) result.remove(to + 1, end);
    return result;
  }

  *[Symbol.iterator](): Generator<RecordRange> {
    for (let from = this.#next(0); from !== undefined; ) {
      const gap = this.#nextGap(from);
      yield [from, gap - 1];
      from = this.#next(gap + 1);
    }
  }

  toString(): string {
    const texts: string[] = [];
    let parts: string[] = [];
    for (const [from, to] of this) {
      parts.push(from === to ? String(from) : `${from}-${to}`);
      if (parts.length < partsAText) continue;
      texts.push(parts.join(','));
      parts = [];
    }
    if (parts.length > 0) texts.push(parts.join(','));
    return texts.join(',');
  }

  /** The lowest number of the set from `number` on. */
  #next(number: number): number | undefined {
    let page = pageOf(number);
    let at = number - page * pageSize;
    for (;;) {
      const index = this.#indexFrom(page);
      const partly = this.#numbers[index] ?? Number.POSITIVE_INFINITY;
      const full = this.#full.nextFrom(page) ?? Number.POSITIVE_INFINITY;
      const next = Math.min(partly, full);
      if (next === Number.POSITIVE_INFINITY) return undefined;
      if (next > page) at = 0;
      page = next;
      if (full === page) return page * pageSize + at;
      const found = this.#pages[index]?.next(at) ?? pageSize;
      if (found < pageSize) return page * pageSize + found;
      page += 1;
      at = 0;
    }
  }

  /** The lowest number from `number` on that is not in the set. */
  #nextGap(number: number): number {
    let page = pageOf(number);
    let at = number - page * pageSize;
    for (;;) {
      const partly = this.#pageAt(page);
      const end = partly === undefined ? this.#full.endOfRunAt(page) : undefined;
      if (partly === undefined && end === undefined) return page * pageSize + at;
      const found = partly?.nextGap(at) ?? pageSize;
      if (found < pageSize) return page * pageSize + found;
      page = (end ?? page) + 1;
      at = 0;
    }
  }

  #addWithin(number: number, from: number, to: number): void {
    const known = this.#pageAt(number);
    if (known === undefined && this.#full.has(number)) return;
    const page = known ?? new Page();
    if (known === undefined) this.#insert(number, page);
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
    const known = this.#pageAt(number);
    if (known !== undefined || !this.#full.has(number)) return known;
    const page = Page.full();
    this.#full.remove(number, number);
    this.#insert(number, page);
    return page;
  }

  #changed(number: number, page: Page, before: number): void {
    this.#size += page.count - before;
    if (page.count > 0 && page.count < pageSize) return;
    this.#drop(number, number);
    if (page.count === pageSize) this.#full.add(number, number);
  }

  #addPages(from: number, to: number): void {
    this.#size += (to - from + 1 - this.#full.countWithin(from, to)) * pageSize - this.#drop(from, to);
    this.#full.add(from, to);
  }

  #removePages(from: number, to: number): void {
    this.#size -= this.#full.countWithin(from, to) * pageSize + this.#drop(from, to);
    this.#full.remove(from, to);
  }

  /** Forgets pages that are partly full. Gives how many records were on them. */
  #drop(from: number, to: number): number {
    const start = this.#indexFrom(from);
    let end = start;
    let records = 0;
    for (; (this.#numbers[end] ?? Number.POSITIVE_INFINITY) <= to; end++) records += this.#pages[end]?.count ?? 0;
    this.#numbers.splice(start, end - start);
    this.#pages.splice(start, end - start);
    return records;
  }

  #insert(number: number, page: Page): void {
    const index = this.#indexFrom(number);
    this.#numbers.splice(index, 0, number);
    this.#pages.splice(index, 0, page);
    this.#found = index;
  }

  #pageAt(number: number): Page | undefined {
    const index = this.#numbers[this.#found] === number ? this.#found : this.#indexFrom(number);
    if (this.#numbers[index] !== number) return undefined;
    this.#found = index;
    return this.#pages[index];
  }

  /** Index of the first page that is partly full from `number` on. */
  #indexFrom(number: number): number {
    let low = 0;
    let high = this.#numbers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#numbers[middle] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Joined early: millions of small texts would lie about until the last is made. */
const partsAText = 1000;

const pageOf = (number: number): number => Math.floor(number / pageSize);

function checkRange(from: number, to: number): void {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || to < from) {
    throw new RangeError(`Expected a range of record numbers, got ${from}-${to}`);
  }
}

const unreadable = (text: string) => new SyntaxError(`Not a list of ranges: ${text.slice(0, 80)}`);

const digit = { zero: 48, nine: 57 } as const;

function endOfDigits(text: string, from: number): number {
  let at = from;
  for (let unit = text.charCodeAt(at); unit >= digit.zero && unit <= digit.nine; unit = text.charCodeAt(at)) at += 1;
  return at;
}

function wholeNumber(text: string, from: number, to: number): number {
  const number = Number(text.slice(from, to));
  if (from === to || !Number.isSafeInteger(number)) throw unreadable(text);
  return number;
}
