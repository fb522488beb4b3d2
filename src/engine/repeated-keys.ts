/** A set of key hashes in bounded memory: 8 bytes a slot, at most two thirds of the slots in use. */

import { freeBytes } from '../model/block.ts';

const firstSlots = 1 << 14;
/** 5.6 million keys in 64 MB. */
const mostSlots = 1 << 23;
const fill = 2 / 3;

export class KeySet {
  #slots = new Float64Array(firstSlots);
  #size = 0;
  readonly #mostSlots: number;

  constructor(options: { readonly mostSlots?: number } = {}) {
    this.#mostSlots = options.mostSlots ?? mostSlots;
    if (this.#mostSlots < firstSlots) this.#slots = new Float64Array(this.#mostSlots);
  }

  /** @param hash not 0 */
  add(hash: number): 'new' | 'known' | 'full' {
    if (this.#size >= this.#slots.length * fill) {
      if (this.#slots.length >= this.#mostSlots) return 'full';
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
