/** A block before it is cut up: which group each of its rows belongs to, and pieces of it for whoever is given them. */
import { rulesOf, type SourceDescription } from '../input/description.ts';
import { unitSize, unitsOf } from '../input/encodings.ts';
import { locate } from '../input/locate.ts';
import { parserFor } from '../input/parse.ts';
import type { CompiledGroup } from '../mapping/group.ts';
import { nameOf } from '../mapping/map-groups.ts';
import { type Block, freeBytes } from '../model/block.ts';

/** A block whose keys are read where they are asked for: mostly a few at its ends. */
export interface SeenBlock {
  readonly block: Block;
  /** Undefined: the row cannot be read, or names no group. */
  keyAt(index: number): string | undefined;
  byteAt(index: number): number;
  /** Rows `from` up to, not including, `to`, as long as the block is there. */
  view(from: number, to: number): Block;
  /** The same in a buffer that nobody else reads: that of the block where it is all of it, else a copy. */
  take(from: number, to: number): Block;
  /** Frees the block, unless it was taken whole. */
  release(): void;
}

/** Rows parsed at once: enough for most groups, few enough to cost little. */
const rowsAtOnce = 32;

export function blockReader(
  description: SourceDescription,
  group: Pick<CompiledGroup, 'groupOf'>,
): (block: Block) => SeenBlock {
  const parse = parserFor(description);
  const rules = rulesOf(description);
  const unit = unitSize(description.coding);
  return (block) => {
    const located = locate(rules, unitsOf(block.bytes, description.coding), block.records);
    const keys = new Map<number, string | undefined>();
    const byteAt = (index: number) => block.startByte + located.at(index).start * unit;
    let isTaken = false;
    const view = (from: number, to: number): Block => {
      if (from === 0 && to === located.length) return block;
      const start = located.at(from).start * unit;
      const end = to === located.length ? block.bytes.length : located.at(to).start * unit;
      return {
        ...block,
        startByte: from === 0 ? block.startByte : byteAt(from),
        startLine: from === 0 ? block.startLine : block.startLine + located.at(from).line,
        startRecord: block.startRecord + from,
        records: to - from,
        bytes: block.bytes.subarray(from === 0 ? 0 : start, end),
        ownsBuffer: false,
      };
    };
    const readAround = (index: number) => {
      // Whoever asks goes forwards from the start or backwards from the end.
      const from = keys.has(index + 1) || index === located.length - 1 ? Math.max(0, index - rowsAtOnce + 1) : index;
      const to = from === index ? Math.min(located.length, index + rowsAtOnce) : index + 1;
      const part = parse(view(from, to));
      for (let row = from; row < to; row++) keys.set(row, nameOf(part.row(row - from), group));
    };
    return {
      block,
      keyAt(index) {
        if (!keys.has(index)) readAround(index);
        return keys.get(index);
      },
      byteAt,
      view,
      take(from, to) {
        const part = view(from, to);
        if (part.ownsBuffer !== true) return { ...part, bytes: joinedBytes([part.bytes]), ownsBuffer: true };
        isTaken = true;
        return part;
      },
      release() {
        if (block.ownsBuffer === true && !isTaken) freeBytes(block.bytes);
      },
    };
  };
}

/** In a buffer of their own: Node's `concat` may take a part of one that others use. */
export function joinedBytes(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
