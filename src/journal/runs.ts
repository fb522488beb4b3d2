/**
 * Numbers that mostly stand in a row, as sorted, merged, inclusive runs. Bounds lie in one flat array (`from, to, from, to …`), so that the usual
 * change, at or near the end, moves next to nothing.
 */
export class Runs {
  #bounds: number[] = [];

  has(number: number): boolean {
    return this.endOfRunAt(number) !== undefined;
  }

  /** The end of the run that holds `number`. */
  endOfRunAt(number: number): number | undefined {
    const at = this.#runEndingAtOrAfter(number);
    return at < this.#bounds.length && this.#bound(at) <= number ? this.#bound(at + 1) : undefined;
  }

  /** The lowest number from `number` on. */
  nextFrom(number: number): number | undefined {
    const at = this.#runEndingAtOrAfter(number);
    return at < this.#bounds.length ? Math.max(number, this.#bound(at)) : undefined;
  }

  get last(): number | undefined {
    return this.#bounds.at(-1);
  }

  /** How many numbers of `from` to `to` are there. */
  countWithin(from: number, to: number): number {
    let count = 0;
    for (let at = this.#runEndingAtOrAfter(from); at < this.#bounds.length && this.#bound(at) <= to; at += 2)
      count += Math.min(to, this.#bound(at + 1)) - Math.max(from, this.#bound(at)) + 1;
    return count;
  }

  add(from: number, to: number): void {
    const bounds = this.#bounds;
    // Neighbours merge, so the first run concerned may end right before `from`, and the last one start right after `to`.
    const start = this.#runEndingAtOrAfter(from - 1);
    let next = start;
    let low = from;
    let high = to;
    while (next < bounds.length && this.#bound(next) <= to + 1) {
      low = Math.min(low, this.#bound(next));
      high = Math.max(high, this.#bound(next + 1));
      next += 2;
    }
    bounds.splice(start, next - start, low, high);
  }

  remove(from: number, to: number): void {
    const bounds = this.#bounds;
    const start = this.#runEndingAtOrAfter(from);
    let next = start;
    while (next < bounds.length && this.#bound(next) <= to) next += 2;
    if (next === start) return;
    const left: number[] = [];
    if (this.#bound(start) < from) left.push(this.#bound(start), from - 1);
    if (this.#bound(next - 1) > to) left.push(to + 1, this.#bound(next - 1));
    bounds.splice(start, next - start, ...left);
  }

  clone(): Runs {
    const copy = new Runs();
    copy.#bounds = this.#bounds.slice();
    return copy;
  }

  *[Symbol.iterator](): Generator<readonly [from: number, to: number]> {
    for (let at = 0; at < this.#bounds.length; at += 2) yield [this.#bound(at), this.#bound(at + 1)];
  }

  #bound(at: number): number {
    return this.#bounds[at] ?? Number.NaN;
  }

  /** Index of the first run that does not end before `number`; the array's length when there is none. */
  #runEndingAtOrAfter(number: number): number {
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
