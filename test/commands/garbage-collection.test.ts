import assert from 'node:assert/strict';
import { constants, type NodeGCPerformanceDetail, PerformanceObserver } from 'node:perf_hooks';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { createPayloadCollector } from '../../src/commands/garbage-collection.ts';

const MB = 1024 * 1024;

/** Collections that were asked for while `work` ran, by kind. */
async function forcedDuring(work: () => void): Promise<number[]> {
  const kinds: number[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind = 0, flags = 0 } = 'detail' in entry ? (entry.detail as NodeGCPerformanceDetail) : {};
      if ((flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0) kinds.push(kind);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  work();
  // Entries are handed over in a later turn.
  for (let turns = 0; turns < 5; turns++) await turn();
  observer.disconnect();
  return kinds;
}

test('payload that comes in has the nursery collected each 20 MB, and nothing more', async () => {
  const cameIn = createPayloadCollector();
  assert.deepEqual(await forcedDuring(() => cameIn(19 * MB)), []);
  assert.deepEqual(await forcedDuring(() => cameIn(2 * MB)), [constants.NODE_PERFORMANCE_GC_MINOR]);
  assert.deepEqual(await forcedDuring(() => cameIn(19 * MB)), []);
  assert.deepEqual(await forcedDuring(() => cameIn(200 * MB)), [constants.NODE_PERFORMANCE_GC_MINOR]);
});

test('the flags are afterwards as they were: code compiled under others would not be kept', () => {
  createPayloadCollector()(100 * MB);
  assert.equal(runInNewContext('typeof gc'), 'undefined');
});
