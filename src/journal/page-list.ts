import type { Page } from './page.ts';

/** Pages by their numbers, ascending. */
export class PageList {
  #numbers: number[] = [];
  #pages: Page[] = [];
  /** Index of the page that was found last: who asks for one mostly asks for it again. */
  #found = 0;

  at(number: number): Page | undefined {
    const index = this.#numbers[this.#found] === number ? this.#found : this.#indexFrom(number);
    if (this.#numbers[index] !== number) return undefined;
    this.#found = index;
    return this.#pages[index];
  }

  /** Number of the first page from `number` on. */
  nextFrom(number: number): number | undefined {
    return this.#numbers[this.#found] === number ? number : this.#numbers[this.#indexFrom(number)];
  }

  get last(): number | undefined {
    return this.#numbers.at(-1);
  }

  /** @param number of a page that is not there */
  insert(number: number, page: Page): void {
    const index = this.#indexFrom(number);
    this.#numbers.splice(index, 0, number);
    this.#pages.splice(index, 0, page);
    this.#found = index;
  }

  /** Gives how many records were on the pages `from` to `to`. */
  remove(from: number, to: number): number {
    const start = this.#indexFrom(from);
    const end = this.#indexFrom(to + 1);
    this.#numbers.splice(start, end - start);
    return this.#pages.splice(start, end - start).reduce((records, { count }) => records + count, 0);
  }

  clone(): PageList {
    const copy = new PageList();
    copy.#numbers = this.#numbers.slice();
    copy.#pages = this.#pages.map((page) => page.clone());
    return copy;
  }

  *[Symbol.iterator](): Generator<readonly [number: number, page: Page]> {
    for (const [index, page] of this.#pages.entries()) yield [this.#numbers[index] ?? 0, page];
  }

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
