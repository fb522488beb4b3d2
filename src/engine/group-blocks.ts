/**
 * Moves the borders of blocks to borders between groups, before the blocks are handed to whoever maps them. The last group of a block is carried over
 * to the next one, so a block may be larger than it was cut; only a group that is too large to be sent is ever divided, and then its parts say so.
 *
 * Memory holds one block and one group. What is given lies in a buffer of its own; a block of which only copies were given is freed.
 */
import type { SourceDescription } from '../input/description.ts';
import type { CompiledGroup } from '../mapping/group.ts';
import { mostGroupBytes } from '../mapping/map-groups.ts';
import type { Block, GroupEdges } from '../model/block.ts';
import { type Carried, carry, extend, join, joinParts } from './carried-rows.ts';
import { blockReader, type SeenBlock } from './seen-block.ts';

export interface GroupCutting {
  readonly description: SourceDescription;
  readonly group: Pick<CompiledGroup, 'groupOf' | 'most'>;
  /** Records after this one are left alone. Of a group that reaches beyond it nothing is given. */
  readonly upTo?: number | undefined;
  /** Told when the limit falls inside a group, with the record before that group. */
  readonly onCut?: (lastRecord: number) => void;
}

/** What is given of a block of which not all may be. */
interface Cut {
  readonly rows: number;
  readonly after: GroupEdges['after'];
  readonly dropsCarried?: boolean;
  /** Set when a group is left whole though it began before the limit: the record before it. */
  readonly lastRecord?: number;
}

export async function* cutAtGroups(blocks: AsyncIterable<Block>, cutting: GroupCutting): AsyncGenerator<Block> {
  const { description, group, onCut } = cutting;
  const upTo = cutting.upTo ?? Number.POSITIVE_INFINITY;
  const look = blockReader(description, group);
  let carried: Carried | undefined;
  /** The group that is too large and whose first part has been given. */
  let dividing: string | undefined;
  let before: GroupEdges['before'] = 'border';
  let sequence = 0;

  const give = (block: Block, edges: GroupEdges, last: boolean): Block => ({
    ...block,
    sequence: sequence++,
    edges,
    last,
  });
  /** What is carried, and `count` rows of the block behind it. */
  const joined = (seen: SeenBlock, count: number): Block => {
    if (carried === undefined) return seen.take(0, count);
    const whole = count === 0 ? joinParts(carried) : join(carried, seen.view(0, count), description);
    carried = undefined;
    return whole;
  };

  /** What may be given of the block in which the limit falls; `limit` is its first row beyond. */
  const cutAt = (seen: SeenBlock, limit: number): Cut => {
    const key = seen.keyAt(limit);
    const whole: Cut = { rows: limit, after: key === undefined ? 'unknown' : 'border' };
    if (key === undefined) return whole;
    let start = limit;
    while (start > 0 && seen.keyAt(start - 1) === key) start--;
    const inDivided = start === 0 && dividing === key;
    const inCarried = start === 0 && carried?.key === key ? carried : undefined;
    if (start === limit && !inDivided && inCarried === undefined) return whole;
    const rows = limit - start + (inCarried?.records ?? 0);
    const firstByte = inCarried?.start.startByte ?? seen.byteAt(start);
    const lastByte = limit > 0 ? seen.byteAt(limit - 1) : (inCarried?.lastByte ?? firstByte);
    // Of a group that is too large every row is rejected, wherever the limit falls.
    if (inDivided || rows > group.most || lastByte - firstByte > mostGroupBytes) return { rows: limit, after: 'group' };
    const lastRecord = (inCarried?.start.startRecord ?? seen.block.startRecord + start) - 1;
    return { rows: start, after: 'border', dropsCarried: inCarried !== undefined, lastRecord };
  };

  for await (const block of blocks) {
    const seen = look(block);
    try {
      const count = block.records;
      const opens = seen.keyAt(0);
      if (dividing !== undefined && opens !== dividing) {
        dividing = undefined;
        before = 'border';
      }
      const continues = carried !== undefined && opens === carried.key;

      const limit = upTo - block.startRecord + 1;
      if (limit < count) {
        const cut = cutAt(seen, limit);
        if (carried !== undefined && cut.dropsCarried) carried = undefined;
        if (cut.rows > 0 || carried !== undefined)
          yield give(joined(seen, cut.rows), { before, after: cut.after }, false);
        if (cut.lastRecord !== undefined) onCut?.(cut.lastRecord);
        return;
      }

      const tail = seen.keyAt(count - 1);
      let from = count - 1;
      if (tail !== undefined) while (from > 0 && seen.keyAt(from - 1) === tail) from--;
      const isOneGroup = tail !== undefined && from === 0;

      if (dividing !== undefined && isOneGroup) {
        yield give(seen.take(0, count), { before, after: block.last ? 'border' : 'group' }, block.last);
        continue;
      }
      dividing = undefined;
      if (block.last) {
        if (carried !== undefined && !continues && isOneGroup) {
          yield give(joinParts(carried), { before, after: 'border' }, false);
          carried = undefined;
          before = 'border';
        }
        yield give(joined(seen, count), { before, after: 'border' }, true);
        return;
      }
      if (tail === undefined) {
        yield give(joined(seen, count), { before, after: 'border' }, false);
        before = 'unknown';
        continue;
      }
      if (isOneGroup && continues && carried !== undefined) {
        extend(carried, seen, description);
      } else {
        if (carried !== undefined || from > 0) {
          yield give(joined(seen, from), { before, after: 'border' }, false);
          before = from > 0 && seen.keyAt(from - 1) === undefined ? 'unknown' : 'border';
        }
        carried = carry(seen, from, tail);
      }
      if (carried.records > group.most || carried.lastByte - carried.start.startByte > mostGroupBytes) {
        yield give(joinParts(carried), { before, after: 'group' }, false);
        carried = undefined;
        dividing = tail;
        before = 'group';
      }
    } finally {
      seen.release();
    }
  }
  // A source whose last block does not say so cannot be; but nothing may be lost.
  if (carried !== undefined) yield give(joinParts(carried), { before, after: 'border' }, true);
}
