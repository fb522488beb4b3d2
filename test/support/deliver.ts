/** Blocks through planner and sender to a real socket, as in a run but without a journal: for tests of what arrives. */
import assert from 'node:assert/strict';
import { createExchange } from '../../src/delivery/exchange.ts';
import type { LiveBlock } from '../../src/delivery/live-block.ts';
import { createPace } from '../../src/delivery/pace.ts';
import { createPlanner } from '../../src/delivery/plan.ts';
import { createSender } from '../../src/delivery/sender.ts';
import type { FailedItem } from '../../src/delivery/settling.ts';
import type { Transport } from '../../src/delivery/transport.ts';
import { systemClock } from '../../src/model/clock.ts';
import type { Target } from '../../src/targets/target.ts';

const concurrency = 16;

/** Fails when the run stops. Gives what the platform refused or never answered for. */
export async function deliver(
  target: Target,
  transport: Transport,
  blocks: readonly LiveBlock[],
): Promise<readonly FailedItem[]> {
  const planner = createPlanner();
  const failed: FailedItem[] = [];
  const sender = createSender({
    exchange: createExchange(target, transport, undefined, systemClock),
    pace: createPace({ concurrency }, systemClock),
    planner,
    ledger: { record: () => Promise.resolve(), hurry: () => {} },
    policy: { plan: target.retry, uncertain: 'auto', longestPauseMs: 1000 },
    clock: systemClock,
    random: () => 0.5,
    observer: { sent: () => {}, settled: () => {}, retried: () => {}, paused: () => {} },
    writeRejects: async (items) => void failed.push(...items),
    writeUncertain: async (items) => void failed.push(...items),
    concurrency,
    ahead: { least: concurrency, most: concurrency },
    queueBytes: 1_000_000,
    graceMs: 1000,
  });
  for (const block of blocks) {
    for (const chunk of planner.add(block)) await sender.submit(chunk);
  }
  for (const chunk of planner.flush()) await sender.submit(chunk);
  await sender.drain();
  assert.equal(sender.stopped, undefined);
  return failed;
}
