/** How V8 collects garbage in a load. The flags hold for a whole process, so only the command line sets them, never the library. */
import { setFlagsFromString } from 'node:v8';

/**
 * The trade of memory for processor time that docs/benchmarks.md measures: the nursery of this thread does not grow any more,
 * those of the workers have the size at which few rows outlive a collection, and each thread collects alone. To be called once
 * the program is loaded, which leaves much garbage, and before workers start.
 */
export function boundNurseries(): void {
  for (const flag of ['--semi-space-growth-factor=1', '--min-semi-space-size=4', '--no-parallel-scavenge']) {
    setFlagsFromString(flag);
  }
}
