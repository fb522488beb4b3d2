import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planThreads, type Workload } from '../../src/engine/thread-plan.ts';

const fast: Workload = { inputBytes: 100_000_000, mostItemsARequest: 1, concurrency: 128 };

test('requests are sent from a thread of their own where there are thousands a second, and only there', () => {
  const cases: [Partial<Workload>, cores: number, transport: boolean, mappers: number][] = [
    [{}, 2, true, 0],
    [{}, 4, true, 2],
    [{}, 64, true, 4],
    // As most platforms are by default.
    [{ requestsASecond: 20, concurrency: 8 }, 2, false, 2],
    // Each limit, and one beside it.
    [{ requestsASecond: 2000 }, 2, true, 0],
    [{ requestsASecond: 1999 }, 2, false, 2],
    [{ concurrency: 16 }, 2, true, 0],
    [{ concurrency: 15 }, 2, false, 2],
    [{ mostItemsARequest: 50 }, 2, true, 0],
    [{ mostItemsARequest: 51 }, 2, false, 2],
    [{ inputBytes: 1_000_000 }, 2, true, 0],
    [{ inputBytes: 999_999 }, 2, false, 0],
    [{ inputBytes: 8_000_000 }, 3, true, 1],
    [{ inputBytes: 7_999_999 }, 3, true, 0],
    [{}, 1, false, 1],
  ];
  for (const [load, cores, transport, mappers] of cases)
    assert.deepEqual(planThreads({ ...fast, ...load }, cores), { transport, mappers }, JSON.stringify([load, cores]));
});
