/** How V8 collects garbage in a load. The flags hold for a whole process, so only the command line sets them, never the library. */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { hasFewItemsARequest } from '../engine/thread-plan.ts';

const MB = 1024 * 1024;

/**
 * The trade of memory for processor time that docs/benchmarks.md measures: each thread collects alone, and has a nursery of 4 MB, at which
 * few rows outlive a collection. To be called once the program is loaded, which brings that of this thread to this size, and before
 * workers start.
 */
export function tuneCollection(): void {
  setFlags('--min-semi-space-size=4', '--semi-space-growth-factor=1', '--no-parallel-scavenge');
}

/**
 * Where many records share a request there is little to mark, and blocks and payload that come and go call for it often: it is put off until
 * there is four times as much, since {@link createPayloadCollector} sees to those; it is done in one go, not in steps with other threads'
 * help; and what it frees is free at once, not when another thread has found the time. Where there are thousands of requests a second
 * there is more to mark, and the pause would cost more than it saves; and what waits for its answer outlives so small a nursery.
 *
 * To be called before workers start, and behind what else is loaded: V8 takes no compiled code that was kept under other flags.
 */
export function tuneCollectionFor(mostItemsARequest: number): void {
  if (hasFewItemsARequest(mostItemsARequest)) growNurseryOnce();
  else setFlags('--no-incremental-marking', '--heap-growing-percent=300', '--no-concurrent-array-buffer-sweeping');
}

/** V8 grows a nursery by this factor or not at all: one step leads from 4 to 16 MB, the next would lead to 64. */
const growthFactor = 4;
/** Of both halves. */
const grownBytes = 32 * MB;
const lookEveryMs = 20;

function growNurseryOnce(): void {
  setFlags(`--semi-space-growth-factor=${growthFactor}`);
  const watch = setInterval(() => {
    if (nurseryBytes() < grownBytes) return;
    setFlags('--semi-space-growth-factor=1');
    clearInterval(watch);
  }, lookEveryMs).unref();
}

/** What comes in between two collections, of input and payload: less than lives at a time would make it old before it dies. */
const collectEveryBytes = 20 * MB;

/**
 * Blocks of input and payload lie outside of the heap, so they hardly fill the nursery, by which V8 tells when to collect it. What was long
 * settled lay about until there was so much that the whole heap was marked. To be told of the memory that comes in.
 */
export function createPayloadCollector(): (bytes: number) => void {
  let collect: NodeJS.GCFunction | undefined;
  let cameIn = 0;
  return (bytes) => {
    cameIn += bytes;
    if (cameIn < collectEveryBytes) return;
    cameIn = 0;
    // Not before: most inputs never need it.
    collect ??= exposeCollection();
    collect({ type: 'minor' });
  };
}

/** A Node that does not give it away collects as it likes: no load may fail for that. */
function exposeCollection(): NodeJS.GCFunction {
  setFlags('--expose-gc');
  const collect: NodeJS.GCFunction | undefined = runInNewContext('globalThis.gc');
  setFlags('--no-expose-gc');
  return collect ?? (async () => {});
}

const nurseryBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? grownBytes;

function setFlags(...flags: readonly string[]): void {
  for (const flag of flags) setFlagsFromString(flag);
}
