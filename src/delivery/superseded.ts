/**
 * Items that a later one of their block has made needless (`lastWins`). They travel with the one that took their place: in no
 * request, but in the journal in flight as long as it is, and settled by what becomes of it.
 */
import { type Chunk, chunkOf } from './chunk.ts';
import type { LiveBlock } from './live-block.ts';

/** Items of a chunk, by index; undefined: all of them. */
export type Some = ((index: number) => boolean) | undefined;

/** All that these items supersede, the superseded of the superseded included; undefined: nothing. */
export const supersededBy = (chunk: Chunk, only?: Some): Chunk | undefined => collect(chunk, only, true);

/** What these items superseded directly: to be sent now that they were refused. */
export const precedingOf = (chunk: Chunk, only?: Some): Chunk | undefined => collect(chunk, only, false);

function collect(chunk: Chunk, only: Some, deep: boolean): Chunk | undefined {
  let found: Map<LiveBlock, number[]> | undefined;
  let index = 0;
  for (const { block, from, to } of chunk.segments) {
    const earlier = block.mapped.lastWins?.earlier;
    if (earlier === undefined) {
      index += to - from;
      continue;
    }
    for (let item = from; item < to; item++, index++) {
      if (earlier[item] === 0 || (only !== undefined && !only(index))) continue;
      found ??= new Map();
      const items = found.get(block) ?? [];
      found.set(block, items);
      for (let link = earlier[item] ?? 0; link > 0; link = deep ? (earlier[link - 1] ?? 0) : 0) items.push(link - 1);
    }
  }
  if (found === undefined) return undefined;
  return chunkOf(
    chunk,
    [...found].flatMap(([block, items]) => items.sort((a, b) => a - b).map((item) => ({ block, item }))),
  );
}
