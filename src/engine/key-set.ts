/** A set of key hashes in bounded memory: 8 bytes a slot, at most two thirds of the slots in use. */

import { freeBytes } from '../model/block.ts';

const fill = 2 / 3;
/** Tables, each of a share of the keys: one at a time grows, and the old and the new one of a single large table would be held together. */
const parts = 16;
const firstSlotsOfPart = 1 << 10;
/** The hash has 53 bits, of which these tell its table, and the lowest its slot. */
const partUnit = 2 ** 53 / parts;

export class KeySet {
  readonly #tables: Table[];

  /** @param mostSlots a power of two, from 4 on: one slot must stay empty. It begins with few */
  constructor(mostSlots: number) {
    // Of a small set there is one.
    const count = mostSlots < parts * firstSlotsOfPart ? 1 : parts;
    this.#tables = Array.from({ length: count }, () => new Table(mostSlots / count));
  }

  /** @param hash not 0. `full`: it is not known, and there is no room for it */
  add(hash: number): 'new' | 'known' | 'full' {
    return this.#tableOf(hash).add(hash);
  }

  has(hash: number): boolean {
    return this.#tableOf(hash).has(hash);
  }

  clear(): void {
    for (const table of this.#tables) table.clear();
  }

  /** Each hash, in no order. */
  *[Symbol.iterator](): Iterator<number> {
    for (const table of this.#tables) yield* table.hashes();
  }

  /** Its memory is given back: nothing may be asked of it any more. */
  free(): void {
    for (const table of this.#tables) table.free();
  }

  #tableOf(hash: number): Table {
    const table = this.#tables[Math.floor(hash / partUnit) & (this.#tables.length - 1)];
    if (table === undefined) throw new RangeError(`${hash} is no hash of a key`);
    return table;
  }
}

class Table {
  #slots: Float64Array;
  #size = 0;
  readonly #mostSlots: number;

  constructor(most: number) {
    this.#mostSlots = most;
    this.#slots = new Float64Array(Math.min(most, firstSlotsOfPart));
  }

  add(hash: number): 'new' | 'known' | 'full' {
    if (this.#size >= this.#slots.length * fill) {
      if (this.#slots.length >= this.#mostSlots) return this.has(hash) ? 'known' : 'full';
      this.#grow();
    }
    if (!insert(this.#slots, hash)) return 'known';
    this.#size += 1;
    return 'new';
  }

  has(hash: number): boolean {
    const last = this.#slots.length - 1;
    for (let at = hash & last; ; at = (at + 1) & last) {
      if (this.#slots[at] === hash) return true;
      if (this.#slots[at] === 0) return false;
    }
  }

  clear(): void {
    this.#slots.fill(0);
    this.#size = 0;
  }

  *hashes(): Iterable<number> {
    for (const hash of this.#slots) if (hash !== 0) yield hash;
  }

  free(): void {
    freeBytes(this.#slots);
  }

  #grow(): void {
    const slots = new Float64Array(this.#slots.length * 2);
    for (const hash of this.#slots) if (hash !== 0) insert(slots, hash);
    freeBytes(this.#slots);
    this.#slots = slots;
  }
}

/** Open addressing over a power of two of slots. */
function insert(slots: Float64Array, hash: number): boolean {
  const last = slots.length - 1;
  for (let at = hash & last; ; at = (at + 1) & last) {
    if (slots[at] === hash) return false;
    if (slots[at] === 0) {
      slots[at] = hash;
      return true;
    }
  }
}
