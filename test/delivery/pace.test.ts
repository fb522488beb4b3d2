import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPace } from '../../src/delivery/pace.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

/** A platform as it behaves: how long it takes, what it allows. */
interface Platform {
  readonly latencyMs: number;
  /** Cost units a second; above it 429. */
  readonly allows?: number;
  /** Requests it works on at once; further ones queue and take longer. */
  readonly workers?: number;
}

interface Outcome {
  readonly perSecond: number;
  readonly share429: number;
  readonly mostInFlight: number;
  readonly endLimit: number;
}

/** Drives the pace against a simulated platform for `seconds`, and measures after the first ten. */
async function simulate(
  platform: Platform,
  options: { concurrency: number; rate?: number; cost?: number },
  seconds: number,
): Promise<Outcome> {
  const clock = createVirtualClock();
  const pace = createPace(options, clock);
  pace.open();
  const startedAt = clock.now();
  const end = startedAt + seconds * 1000;
  const measureFrom = startedAt + 10_000;
  const cost = options.cost ?? 1;
  let level = platform.allows ?? 0;
  let filledAt = startedAt;
  let inFlight = 0;
  let mostInFlight = 0;
  let freeAt = startedAt;
  let good = 0;
  let refused = 0;
  let finished = 0;
  const over = new AbortController();

  const serve = async (): Promise<boolean> => {
    if (platform.allows !== undefined) {
      const now = clock.now();
      level = Math.min(platform.allows, level + ((now - filledAt) / 1000) * platform.allows);
      filledAt = now;
      if (level < cost) return false;
      level -= cost;
    }
    if (platform.workers === undefined) {
      await clock.sleep(platform.latencyMs);
    } else {
      freeAt = Math.max(freeAt, clock.now()) + platform.latencyMs / platform.workers;
      await clock.sleep(Math.max(platform.latencyMs, freeAt - clock.now()));
    }
    return true;
  };

  const worker = async () => {
    while (clock.now() < end && (await pace.acquire(cost, over.signal))) {
      inFlight += 1;
      mostInFlight = Math.max(mostInFlight, inFlight);
      const sentAt = clock.now();
      const ok = await serve();
      inFlight -= 1;
      if (clock.now() >= measureFrom) {
        if (ok) good += 1;
        else refused += 1;
      }
      if (!ok) pace.pauseUntil(clock.now() + 200);
      pace.release({ tookMs: clock.now() - sentAt, pushedBack: !ok });
    }
    finished += 1;
  };
  const workers = Array.from({ length: options.concurrency }, worker);
  await clock.passUntil(() => clock.now() >= end);
  over.abort();
  await clock.passUntil(() => finished === options.concurrency);
  await Promise.all(workers);
  const measured = seconds - 10;
  return {
    perSecond: (good * cost) / measured,
    share429: refused / Math.max(1, good + refused),
    mostInFlight,
    endLimit: pace.state.limit,
  };
}

const cases: readonly [
  claim: string,
  platform: Platform,
  options: { concurrency: number; rate?: number; cost?: number },
  expected: {
    least?: number;
    most?: number;
    most429?: number;
    mostInFlight?: number;
    leastLimit?: number;
    mostLimit?: number;
  },
][] = [
  [
    'a known limit is used to 95 % and hardly ever overrun',
    { latencyMs: 80, allows: 50 },
    { concurrency: 16, rate: 50 },
    { least: 47.5, most: 50.5, most429: 0.01 },
  ],
  [
    'the same with requests that cost several units',
    { latencyMs: 80, allows: 60 },
    { concurrency: 16, rate: 60, cost: 3 },
    { least: 57, most: 60.5, most429: 0.01 },
  ],
  [
    'a slow platform with a low limit',
    { latencyMs: 900, allows: 5 },
    { concurrency: 16, rate: 5 },
    { least: 4.7, most: 5.1, most429: 0.01 },
  ],
  [
    'without a limit the room in flight is used in full',
    { latencyMs: 50 },
    { concurrency: 8 },
    { least: 150, mostInFlight: 8, leastLimit: 8 },
  ],
  [
    'a platform that queues is not buried in requests',
    { latencyMs: 100, workers: 4 },
    { concurrency: 64 },
    { least: 36, mostLimit: 40 },
  ],
  [
    'round trips of a few milliseconds are no reason to slow down: most of such a time is our own',
    { latencyMs: 1, workers: 0.5 },
    { concurrency: 8 },
    { least: 450, leastLimit: 8 },
  ],
  [
    'a rate set too high is brought down by push-back, not hammered',
    { latencyMs: 50, allows: 40 },
    { concurrency: 8, rate: 100 },
    { least: 20, most: 41, most429: 0.2 },
  ],
];

for (const [claim, platform, options, expected] of cases) {
  test(claim, async () => {
    const outcome = await simulate(platform, options, 60);
    const said = JSON.stringify(outcome);
    if (expected.least !== undefined) assert.ok(outcome.perSecond >= expected.least, said);
    if (expected.most !== undefined) assert.ok(outcome.perSecond <= expected.most, said);
    if (expected.most429 !== undefined) assert.ok(outcome.share429 <= expected.most429, said);
    if (expected.mostInFlight !== undefined) assert.ok(outcome.mostInFlight <= expected.mostInFlight, said);
    if (expected.leastLimit !== undefined) assert.ok(outcome.endLimit >= expected.leastLimit, said);
    if (expected.mostLimit !== undefined) assert.ok(outcome.endLimit <= expected.mostLimit, said);
  });
}

test('a pause holds everyone until its end, and a call-off ends the waiting at once', async () => {
  const clock = createVirtualClock();
  const pace = createPace({ concurrency: 4 }, clock);
  pace.open();
  pace.pauseUntil(clock.now() + 60_000);
  let granted = 0;
  for (let index = 0; index < 3; index++) void pace.acquire(1, new AbortController().signal).then(() => (granted += 1));
  const calledOff = new AbortController();
  const last = pace.acquire(1, calledOff.signal);
  calledOff.abort();
  assert.equal(await last, false);
  await clock.pass(59_000);
  assert.equal(granted, 0);
  await clock.pass(1001);
  assert.equal(granted, 2, 'the limit starts at half of the concurrency');
});
