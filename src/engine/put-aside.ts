/**
 * Pairs of numbers that are too many for memory, put aside on disk: in shares, told by the first number of each, so that what belongs together is
 * read back together and one share at a time fits. The file has no name any more once it is open, so nothing is left of it however the
 * process ends.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../journal/make-folder.ts';

const shares = 256;
/** Hash tables use the lowest bits and the highest; these are neither. */
const shareUnit = 2 ** 28;
/** Of one share, written at once. */
const pairsOfPage = 512;
const numbersOfPage = 2 * pairsOfPage;
const pageBytes = numbersOfPage * Float64Array.BYTES_PER_ELEMENT;

/** 16 bytes a pair on disk, and 2 MB of memory. */
export class PairsAside {
  readonly #file: number;
  /** A page of each share, one after the other, and how many numbers it holds. */
  readonly #open = new Float64Array(shares * numbersOfPage);
  readonly #used = new Uint32Array(shares);
  /** By share, where its full pages stand in the file. */
  readonly #pages: number[][] = Array.from({ length: shares }, () => []);
  #written = 0;

  /** Throws what the system says; so do the other calls. */
  constructor(folder: string) {
    makeFolder(folder);
    const path = join(folder, `aside-${randomUUID()}`);
    this.#file = openSync(path, 'wx+', 0o600);
    try {
      unlinkSync(path);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** @param first a whole number of up to 53 bits, evenly spread */
  add(first: number, second: number): void {
    const share = Math.floor(first / shareUnit) & (shares - 1);
    const used = this.#used[share] ?? 0;
    const at = share * numbersOfPage + used;
    this.#open[at] = first;
    this.#open[at + 1] = second;
    this.#used[share] = used + 2;
    if (used + 2 === numbersOfPage) this.#write(share);
  }

  /** Calls `visit` with each pair, in the order of adding within a share; and `begin` before each share, which it waits for. */
  async read(begin: () => Promise<void> | void, visit: (first: number, second: number) => void): Promise<void> {
    const page = new Float64Array(numbersOfPage);
    for (let share = 0; share < shares; share++) {
      await begin();
      for (const number of this.#pages[share] ?? []) {
        transferAll(readSync, this.#file, page, number * pageBytes);
        visitPairs(page, visit);
      }
      visitPairs(this.#pageOf(share).subarray(0, this.#used[share]), visit);
    }
  }

  close(): void {
    try {
      closeSync(this.#file);
    } catch {
      // Nothing of it is wanted any more.
    }
  }

  #pageOf(share: number): Float64Array {
    return this.#open.subarray(share * numbersOfPage, (share + 1) * numbersOfPage);
  }

  #write(share: number): void {
    transferAll(writeSync, this.#file, this.#pageOf(share), this.#written * pageBytes);
    this.#pages[share]?.push(this.#written);
    this.#written += 1;
    this.#used[share] = 0;
  }
}

function visitPairs(pairs: Float64Array, visit: (first: number, second: number) => void): void {
  for (let at = 0; at < pairs.length; at += 2) visit(pairs[at] ?? 0, pairs[at + 1] ?? 0);
}

type Transfer = (file: number, bytes: Uint8Array, offset: number, length: number, position: number) => number;

/** The system may do less than it was asked for. */
function transferAll(transfer: Transfer, file: number, numbers: Float64Array, position: number): void {
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  for (let done = 0; done < bytes.length; ) {
    const more = transfer(file, bytes, done, bytes.length - done, position + done);
    if (more === 0) throw new Error('the disk takes or gives no more of it');
    done += more;
  }
}
