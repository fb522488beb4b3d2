import { grown } from '../model/typed-arrays.ts';

/** Rows that come in ascending order, as runs of neighbours. */
export class RowRuns {
  #bounds = new Uint32Array(0);
  #length = 0;

  add(row: number): void {
    if (this.#length > 0 && this.#bounds[this.#length - 1] === row - 1) {
      this.#bounds[this.#length - 1] = row;
      return;
    }
    if (this.#length === this.#bounds.length) this.#bounds = grown(this.#bounds, leastRoom);
    this.#bounds[this.#length++] = row;
    this.#bounds[this.#length++] = row;
  }

  /** First and last row of each run. */
  take(): Uint32Array {
    return this.#bounds.slice(0, this.#length);
  }
}

const leastRoom = 64;
