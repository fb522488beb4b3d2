/** One page of a set of record numbers: a bit for each. Neither empty nor full, both of which are kept in another way. */

/** Records of a page. */
export const pageSize = 4096;
const wordBits = 32;
const words = pageSize / wordBits;

export class Page {
  readonly #words = new Int32Array(words);
  #count = 0;

  static full(): Page {
    const page = new Page();
    page.#words.fill(-1);
    page.#count = pageSize;
    return page;
  }

  /** How many records are there. */
  get count(): number {
    return this.#count;
  }

  /** @param at from the page's start, as everywhere here */
  has(at: number): boolean {
    return ((this.#words[at >>> 5] ?? 0) & (1 << (at & 31))) !== 0;
  }

  add(from: number, to: number): void {
    for (let at = from >>> 5, last = to >>> 5; at <= last; at++) this.#put(at, this.#word(at) | maskAt(at, from, to));
  }

  remove(from: number, to: number): void {
    for (let at = from >>> 5, last = to >>> 5; at <= last; at++) this.#put(at, this.#word(at) & ~maskAt(at, from, to));
  }

  addPage(other: Page): void {
    for (let at = 0; at < words; at++) this.#put(at, this.#word(at) | other.#word(at));
  }

  removePage(other: Page): void {
    for (let at = 0; at < words; at++) this.#put(at, this.#word(at) & ~other.#word(at));
  }

  /** The first from `from` on; the page's size when there is none. */
  next(from: number): number {
    return this.#seek(from, 0);
  }

  /** The first from `from` on that is not there; the page's size when there is none. */
  nextGap(from: number): number {
    return this.#seek(from, -1);
  }

  get last(): number {
    let at = words - 1;
    while (at > 0 && this.#word(at) === 0) at--;
    return at * wordBits + 31 - Math.clz32(this.#word(at));
  }

  /** How many runs begin here. @param follows a record right before the page is there */
  runs(follows: boolean): number {
    let count = 0;
    let before = follows ? 1 : 0;
    for (let at = 0; at < words; at++) {
      const word = this.#word(at);
      count += ones(word & ~((word << 1) | before));
      before = word >>> 31;
    }
    return count;
  }

  clone(): Page {
    const copy = new Page();
    copy.#words.set(this.#words);
    copy.#count = this.#count;
    return copy;
  }

  #word(at: number): number {
    return this.#words[at] ?? 0;
  }

  #put(at: number, word: number): void {
    const before = this.#word(at);
    if (before === word) return;
    this.#words[at] = word;
    this.#count += ones(word) - ones(before);
  }

  /** @param flip -1 to look for what is not there */
  #seek(from: number, flip: 0 | -1): number {
    if (from >= pageSize) return pageSize;
    let at = from >>> 5;
    let word = (this.#word(at) ^ flip) & (-1 << (from & 31));
    while (word === 0) {
      at += 1;
      if (at === words) return pageSize;
      word = this.#word(at) ^ flip;
    }
    return at * wordBits + lowestOne(word);
  }
}

/** Of the word at `at`, the bits from `from` to `to`. */
function maskAt(at: number, from: number, to: number): number {
  const low = at === from >>> 5 ? -1 << (from & 31) : -1;
  return at === to >>> 5 ? low & (-1 >>> (31 - (to & 31))) : low;
}

const lowestOne = (word: number): number => 31 - Math.clz32(word & -word);

function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
