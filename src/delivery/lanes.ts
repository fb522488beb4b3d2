/**
 * Chunks that share a lane (a person) never overlap, and leave in the order in which they came. A chunk holds its lanes
 * from the moment it enters until it is settled, so one that is being retried holds back only its own people.
 */
import { type Chunk, eachLane } from './chunk.ts';
import { createLaneTable } from './lane-table.ts';

/** A chunk that has its lanes to itself until it is given back to `leave`. */
export interface Turn {
  readonly chunk: Chunk;
  /** Counted in the order of entering, from 1. */
  readonly number: number;
}

interface Entered extends Turn {
  readonly place: number;
  /** Chunks before it, in one of its lanes, that have not left. */
  blockedBy: number;
  /** Those that wait for it. */
  readonly followers: Entered[];
}

export interface Lanes {
  /** Queues a chunk behind those it shares a lane with. It comes out of `takeRunnable` when it is first in all its lanes. */
  enter(chunk: Chunk): void;
  takeRunnable(): Turn | undefined;
  leave(turn: Turn): void;
  /** Chunks that entered and were not taken yet, runnable or not. */
  readonly waiting: number;
}

/**
 * A chunk that has left must not stand in anything here. V8 frees what dies young without a look at the rest of its heap, but not while
 * something old points to it, be that long dead itself: such as the table that a map has outgrown. So the map holds numbers only, and chunks
 * stand in places that are cleared and used again.
 */
export function createLanes(): Lanes {
  /** Those that have not left: number to place. */
  const inside = new Map<number, number>();
  const places: (Entered | undefined)[] = [];
  const freePlaces: number[] = [];
  /** The last chunk that entered each lane. It follows the one before it, so waiting for it is waiting for all. */
  const lastInLane = createLaneTable((number) => number >= oldest && inside.has(number));
  const runnable: (Entered | undefined)[] = [];
  let head = 0;
  let blocked = 0;
  let entered = 0;
  /** No chunk before this number is inside: most numbers in the table are of those. */
  let oldest = 1;

  const find = (number: number): Entered | undefined => {
    const place = number < oldest ? undefined : inside.get(number);
    return place === undefined ? undefined : places[place];
  };

  return {
    enter(chunk) {
      entered += 1;
      const place = freePlaces.pop() ?? places.length;
      const entry: Entered = { chunk, number: entered, place, blockedBy: 0, followers: [] };
      inside.set(entry.number, place);
      places[place] = entry;
      eachLane(chunk, (lane) => {
        const before = find(lastInLane.swap(lane, entry.number));
        if (before === undefined || before === entry || before.followers.at(-1) === entry) return;
        before.followers.push(entry);
        entry.blockedBy += 1;
      });
      if (entry.blockedBy === 0) runnable.push(entry);
      else blocked += 1;
    },
    takeRunnable() {
      if (head === runnable.length) return undefined;
      const entry = runnable[head];
      runnable[head] = undefined;
      head += 1;
      if (head > 64 && head * 2 > runnable.length) {
        runnable.splice(0, head);
        head = 0;
      }
      return entry;
    },
    leave({ number }) {
      const entry = find(number);
      if (entry === undefined) return;
      inside.delete(number);
      places[entry.place] = undefined;
      freePlaces.push(entry.place);
      while (oldest <= entered && !inside.has(oldest)) oldest += 1;
      const { followers } = entry;
      for (let follower = followers.shift(); follower !== undefined; follower = followers.shift()) {
        follower.blockedBy -= 1;
        if (follower.blockedBy > 0) continue;
        runnable.push(follower);
        blocked -= 1;
      }
    },
    get waiting() {
      return runnable.length - head + blocked;
    },
  };
}
