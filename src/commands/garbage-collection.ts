/** How V8 collects garbage in a load. The flags hold for a whole process, so only the command line sets them, never the library. */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { hasFewItemsARequest, type ThreadPlan } from '../engine/thread-plan.ts';

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
 * Where many records share a request there is little to mark, and request bodies that come and go call for it often: it is put off until
 * there is twice as much (later, and what died old makes long loads larger); it is done in one go, not in steps with other threads' help; and
 * what it frees is free at once, not when another thread has found the time. Where few do, there is more to mark, and the pause would cost
 * more than it saves. Where thousands leave in a second, what waits for its answer outlives so small a nursery.
 *
 * To be called before workers start, and behind what else is loaded: V8 takes no compiled code that was kept under other flags.
 */
export function tuneCollectionFor(mostItemsARequest: number, { transport }: Pick<ThreadPlan, 'transport'>): void {
  if (transport) growNurseryOnce();
  else if (!hasFewItemsARequest(mostItemsARequest))
    setFlags('--no-incremental-marking', '--heap-growing-percent=100', '--no-concurrent-array-buffer-sweeping');
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

const nurseryBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? grownBytes;

function setFlags(...flags: readonly string[]): void {
  for (const flag of flags) setFlagsFromString(flag);
}
