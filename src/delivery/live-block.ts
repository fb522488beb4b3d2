import { freeBytes, type MappedBlock } from '../model/block.ts';
import type { Operation } from '../targets/target.ts';

/**
 * A mapped block together with the load it belongs to, as long as its bytes are needed: until each chunk that has items of it is settled, in
 * whatever order that happens. Then its memory is given back at once.
 *
 * Who makes it retains it, each of its segments in a chunk does, and each releases it once (docs/decisions/0012-memory-given-back.md).
 */
export class LiveBlock {
  readonly mapped: MappedBlock;
  /** The journal's id of the load (one file, one mapping, one target). */
  readonly load: number;
  /** The mapping's entries; `mapped.entries[i]` is an index into them. */
  readonly operations: readonly Operation[];
  #retained = 1;

  constructor(mapped: MappedBlock, load: number, operations: readonly Operation[]) {
    this.mapped = mapped;
    this.load = load;
    this.operations = operations;
  }

  retain(): void {
    this.#retained += 1;
  }

  /** Who asks for the block's bytes or its source after the last release gets an error, and none of them. */
  release(): void {
    this.#retained -= 1;
    if (this.#retained > 0) return;
    const { bytes, source, block } = this.mapped;
    freeBytes(bytes);
    if (block.ownsBuffer === true) freeBytes(source);
  }
}
