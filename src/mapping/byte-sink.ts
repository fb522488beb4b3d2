/** Collects the bytes of many small texts in one buffer that grows, with a separator byte between them. */

import { freeBytes } from '../model/block.ts';
import { grown } from '../model/typed-arrays.ts';

const separator = 44; // a comma
/** UTF-8 takes at most three bytes for each UTF-16 unit. */
const mostBytesPerUnit = 3;

export class ByteSink {
  #buffer: Buffer;
  #length = 0;
  #starts: Uint32Array;
  #ends: Uint32Array;
  #count = 0;

  constructor(expectedBytes: number, expectedTexts: number) {
    this.#buffer = Buffer.allocUnsafeSlow(sizeClass(Math.max(1024, expectedBytes)));
    this.#starts = new Uint32Array(Math.max(16, expectedTexts));
    this.#ends = new Uint32Array(Math.max(16, expectedTexts));
  }

  get count(): number {
    return this.#count;
  }

  add(text: string): void {
    if (this.#count === this.#starts.length) {
      this.#starts = grown(this.#starts);
      this.#ends = grown(this.#ends);
    }
    this.#makeRoom(text);
    if (this.#count > 0) this.#buffer[this.#length++] = separator;
    this.#starts[this.#count] = this.#length;
    this.#length += this.#buffer.write(text, this.#length);
    this.#ends[this.#count] = this.#length;
    this.#count++;
  }

  #makeRoom(text: string): void {
    const room = this.#buffer.length - this.#length - 1;
    // Counting the exact bytes is only worth it when the largest possible number does not fit.
    if (text.length * mostBytesPerUnit <= room) return;
    const needed = Buffer.byteLength(text, 'utf8');
    if (needed <= room) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#length + needed + 1));
    larger.set(this.#buffer.subarray(0, this.#length));
    freeBytes(this.#buffer);
    this.#buffer = larger;
  }

  /** Buffers of their own, so that they can be transferred to another thread. */
  take(): { readonly bytes: Uint8Array; readonly starts: Uint32Array; readonly ends: Uint32Array } {
    // A buffer that is mostly empty would be sent whole; a copy of what is in it is cheaper.
    const isRoomy = this.#length * 2 < this.#buffer.length;
    const bytes = isRoomy
      ? new Uint8Array(this.#buffer.subarray(0, this.#length))
      : new Uint8Array(this.#buffer.buffer, 0, this.#length);
    if (isRoomy) freeBytes(this.#buffer);
    return {
      bytes,
      starts: this.#starts.slice(0, this.#count),
      ends: this.#ends.slice(0, this.#count),
    };
  }
}

/**
 * The next larger of few sizes, four to each doubling. Each block needs another number of bytes, and of buffers that were freed the
 * allocator could use only parts, which it showed by growing. One that turns out too small, or mostly empty, is the exception.
 */
function sizeClass(bytes: number): number {
  const step = 2 ** (Math.floor(Math.log2(bytes)) - 2);
  return Math.ceil(bytes / step) * step;
}
