/**
 * Chunks that share a lane (a person) never overlap, and leave in the order in which they came. A chunk holds its lanes
 * from the moment it enters until it is settled, so one that is being retried holds back only its own people.
 */
import { type Chunk, eachLane } from './chunk.ts';
import { createLaneTable } from './lane-table.ts';

interface Entered {
  readonly chunk: Chunk;
  /** Chunks before it, in one of its lanes, that have not left. */
  blockedBy: number;
  /** Those that wait for it. */
  readonly followers: Entered[];
}

export interface Lanes {
  /** Queues a chunk behind those it shares a lane with. It comes out of `takeRunnable` when it is first in all its lanes. */
  enter(chunk: Chunk): void;
  takeRunnable(): Chunk | undefined;
  leave(chunk: Chunk): void;
  /** Chunks that entered and were not taken yet, runnable or not. */
  readonly waiting: number;
}

export function createLanes(): Lanes {
  /** By number, in the order of entering; gone when they have left. */
  const inside = new Map<number, Entered>();
  const numbers = new Map<Chunk, number>();
  /** The last chunk that entered each lane. It follows the one before it, so waiting for it is waiting for all. */
  const lastInLane = createLaneTable((number) => number >= oldest && inside.has(number));
  const runnable: Chunk[] = [];
  let head = 0;
  let blocked = 0;
  let entered = 0;
  /** No chunk before this number is inside: most numbers in the table are of those. */
  let oldest = 1;

  return {
    enter(chunk) {
      entered += 1;
      const number = entered;
      const entry: Entered = { chunk, blockedBy: 0, followers: [] };
      inside.set(number, entry);
      numbers.set(chunk, number);
      eachLane(chunk, (lane) => {
        const numberBefore = lastInLane.swap(lane, number);
        if (numberBefore < oldest) return;
        const before = inside.get(numberBefore);
        if (before === undefined || before === entry || before.followers.at(-1) === entry) return;
        before.followers.push(entry);
        entry.blockedBy += 1;
      });
      if (entry.blockedBy === 0) runnable.push(chunk);
      else blocked += 1;
    },
    takeRunnable() {
      if (head === runnable.length) return undefined;
      const chunk = runnable[head];
      head += 1;
      if (head > 64 && head * 2 > runnable.length) {
        runnable.splice(0, head);
        head = 0;
      }
      return chunk;
    },
    leave(chunk) {
      const number = numbers.get(chunk) ?? 0;
      const entry = inside.get(number);
      if (entry === undefined) return;
      numbers.delete(chunk);
      inside.delete(number);
      while (oldest <= entered && !inside.has(oldest)) oldest += 1;
      for (const follower of entry.followers) {
        follower.blockedBy -= 1;
        if (follower.blockedBy > 0) continue;
        runnable.push(follower.chunk);
        blocked -= 1;
      }
    },
    get waiting() {
      return runnable.length - head + blocked;
    },
  };
}
