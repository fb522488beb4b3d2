/** How V8 collects garbage in a load. The flags hold for a whole process, so only the command line sets them, never the library. */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

const MB = 1024 * 1024;
/** Of both halves. One step of growth leads there from V8's first megabyte, the next would lead to 32. */
const enoughBytes = 8 * MB;
const growthFactor = 4;
const lookEveryMs = 20;

/**
 * The trade of memory for processor time that docs/benchmarks.md measures: the nursery of this thread grows to 4 MB (more only
 * if it does so twice between two looks), those of the workers have that size from the start, at which few rows outlive a
 * collection, and each thread collects alone. To be called once the program is loaded, which leaves much garbage, and before workers
 * start, whose limits bound their growth.
 */
export function tuneCollection(): void {
  for (const flag of [
    `--semi-space-growth-factor=${growthFactor}`,
    '--min-semi-space-size=4',
    '--no-parallel-scavenge',
  ]) {
    setFlagsFromString(flag);
  }
  const watch = setInterval(() => {
    if (nurseryBytes() < enoughBytes) return;
    setFlagsFromString('--semi-space-growth-factor=1');
    clearInterval(watch);
  }, lookEveryMs).unref();
}

/**
 * Marks heaps in one go, not in steps with other threads' help. Where many records share a request there is little to mark, and blocks and
 * payload that come and go call for it often; where each record is a request there is more, and the pause costs more than it saves.
 */
export function markInOneGo(): void {
  setFlagsFromString('--no-incremental-marking');
}

const nurseryBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? enoughBytes;
