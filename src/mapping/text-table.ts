/**
 * Texts by texts, in memory that threads share. A `Map` of a million entries takes ten times what its texts do, and each thread would have its own.
 */
import { grown } from '../model/typed-arrays.ts';

/** Sent to another thread, none of it is copied. */
export interface TextTable {
  /** UTF-8 of each key and, behind it, its value. */
  readonly texts: SharedArrayBuffer;
  /** Uint32: where the key of each entry begins, where its value does, and at last where the texts end. */
  readonly borders: SharedArrayBuffer;
  /** Uint32, open addressing: an entry from 1 on, or 0. */
  readonly slots: SharedArrayBuffer;
}

const utf8Most = 3;

/** Takes entries in any number; the first value of a key stays. */
export class TextTableBuilder {
  #texts = Buffer.alloc(1 << 16);
  #borders = new Uint32Array(1 << 10);
  #slots = new Uint32Array(1 << 10);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The value that the key has then. */
  add(key: string, value: string): string {
    const start = this.#borders[2 * this.#count] as number;
    this.#makeRoom(start + utf8Most * (key.length + value.length));
    const valueAt = start + this.#texts.write(key, start);
    const slot = slotOf(this.#texts, start, valueAt, this.#texts, this.#borders, this.#slots);
    const known = this.#slots[slot] as number;
    if (known > 0) {
      return this.#texts.toString('utf8', this.#borders[2 * known - 1], this.#borders[2 * known]);
    }
    const end = valueAt + this.#texts.write(value, valueAt);
    this.#count += 1;
    this.#slots[slot] = this.#count;
    this.#borders[2 * this.#count - 1] = valueAt;
    this.#borders[2 * this.#count] = end;
    if (this.#count * 2 > this.#slots.length) this.#rehash();
    return value;
  }

  /** Of all entries in their order, with nothing to spare. */
  finish(): TextTable {
    const borders = this.#borders.subarray(0, 2 * this.#count + 1);
    return {
      texts: shared(this.#texts.subarray(0, borders.at(-1))),
      borders: shared(borders),
      slots: shared(this.#slots),
    };
  }

  #makeRoom(bytes: number): void {
    if (bytes > this.#texts.length) {
      const larger = Buffer.alloc(Math.max(bytes, 2 * this.#texts.length));
      this.#texts.copy(larger);
      this.#texts = larger;
    }
    if (2 * this.#count + 3 > this.#borders.length) this.#borders = grown(this.#borders);
  }

  #rehash(): void {
    this.#slots = new Uint32Array(2 * this.#slots.length);
    for (let entry = 1; entry <= this.#count; entry++) {
      const from = this.#borders[2 * entry - 2] as number;
      const to = this.#borders[2 * entry - 1] as number;
      this.#slots[slotOf(this.#texts, from, to, this.#texts, this.#borders, this.#slots)] = entry;
    }
  }
}

function shared(view: Uint8Array | Uint32Array): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(view.byteLength);
  new Uint8Array(buffer).set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  return buffer;
}

/** From a key to its value; undefined when there is none. */
export function textTableReader(table: TextTable): (key: string) => string | undefined {
  const texts = Buffer.from(table.texts);
  const borders = new Uint32Array(table.borders);
  const slots = new Uint32Array(table.slots);
  let longest = 0;
  for (let at = 1; at < borders.length; at += 2) {
    longest = Math.max(longest, (borders[at] as number) - (borders[at - 1] as number));
  }
  // A longer key than any is cut, and still longer than any: a character has four bytes at most.
  const asked = Buffer.alloc(longest + 4);
  return (key) => {
    // Half a character would be written as the sign for one that cannot be read, which may be a key.
    if (!key.isWellFormed()) return undefined;
    const length = asked.write(key);
    const entry = slots[slotOf(asked, 0, length, texts, borders, slots)] as number;
    return entry === 0 ? undefined : texts.toString('utf8', borders[2 * entry - 1], borders[2 * entry]);
  };
}

/** Where the entry of a key stands, or would stand. The key is what `asked` holds from `from` up to, not including, `to`. */
function slotOf(
  asked: Uint8Array,
  from: number,
  to: number,
  texts: Uint8Array,
  borders: Uint32Array,
  slots: Uint32Array,
): number {
  const mask = slots.length - 1;
  for (let slot = hashOf(asked, from, to) & mask; ; slot = (slot + 1) & mask) {
    const entry = slots[slot] as number;
    if (entry === 0) return slot;
    const start = borders[2 * entry - 2] as number;
    if ((borders[2 * entry - 1] as number) - start === to - from && isAlike(asked, from, to, texts, start)) return slot;
  }
}

function isAlike(asked: Uint8Array, from: number, to: number, texts: Uint8Array, start: number): boolean {
  for (let at = from; at < to; at++) if (asked[at] !== texts[start + at - from]) return false;
  return true;
}

/** FNV-1a, mixed once more since only its low bits are used. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
