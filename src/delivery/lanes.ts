/**
 * Chunks that share a lane (a person) never overlap, and leave in the order in which they came. A chunk holds its lanes
 * from the moment it enters until it is settled, so one that is being retried holds back only its own people.
 */
import type { Chunk } from './chunk.ts';

interface Waiting {
  readonly chunk: Chunk;
  blockedBy: number;
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
  const queues = new Map<number, Waiting[]>();
  const runnable: Chunk[] = [];
  let head = 0;
  let blocked = 0;

  return {
    enter(chunk) {
      const entry: Waiting = { chunk, blockedBy: 0 };
      for (const lane of chunk.lanes) {
        const queue = queues.get(lane);
        if (queue === undefined) {
          queues.set(lane, [entry]);
        } else {
          queue.push(entry);
          entry.blockedBy += 1;
        }
      }
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
      for (const lane of chunk.lanes) {
        const queue = queues.get(lane);
        if (queue === undefined) continue;
        queue.shift();
        const next = queue[0];
        if (next === undefined) {
          queues.delete(lane);
          continue;
        }
        next.blockedBy -= 1;
        if (next.blockedBy === 0) {
          runnable.push(next.chunk);
          blocked -= 1;
        }
      }
    },
    get waiting() {
      return runnable.length - head + blocked;
    },
  };
}
