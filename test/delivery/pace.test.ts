import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPace } from '../../src/delivery/pace.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

/** A platform as it behaves: how long it takes, what it allows. Both may change with the seconds since the start. */
interface Platform {
  readonly latencyMs: number | ((second: number) => number);
  /** Cost units a second; above it 429. */
  readonly allows?: number | ((second: number) => number);
  /** Seconds of what it allows that may come at once. Default: one. */
  readonly burst?: number;
  /** What it says in a 429. Default: 200 ms, which no real one can say. */
  readonly retryAfter?: 'seconds' | 'date' | 'nothing';
  /** Requests it works on at once; further ones queue and take longer. */
  readonly workers?: number;
}

interface Outcome {
  readonly perSecond: number;
  /** Of what was allowed. */
  readonly used: number;
  readonly share429: number;
  readonly mostInFlight: number;
  readonly endLimit: number;
}

const at = (value: number | ((second: number) => number), second: number) =>
  typeof value === 'number' ? value : value(second);

/** How long everyone waits: a date is in whole seconds, and without a word the target's own plan holds. */
function pauseMs(shape: Platform['retryAfter'], now: number, refusals: number): number {
  if (shape === undefined) return 200;
  if (shape === 'nothing') return 0.5 * Math.min(60_000, 1000 * 2 ** (refusals % 3));
  return shape === 'seconds' ? 1000 : Math.ceil((now + 1000) / 1000) * 1000 - now;
}

/** Drives the pace against a simulated platform for `seconds`, and measures from the second `from` on. */
async function simulate(
  platform: Platform,
  options: { concurrency: number; rate?: number; cost?: number },
  seconds: number,
  from = 10,
): Promise<Outcome> {
  const clock = createVirtualClock();
  const pace = createPace(options, clock);
  pace.open();
  const startedAt = clock.now();
  const end = startedAt + seconds * 1000;
  const measureFrom = startedAt + from * 1000;
  const cost = options.cost ?? 1;
  const second = () => (clock.now() - startedAt) / 1000;
  const allowed = () => at(platform.allows ?? Number.POSITIVE_INFINITY, second());
  const most = () => Math.max(cost, allowed() * (platform.burst ?? 1));
  let level = platform.allows === undefined ? 0 : most();
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
      level = Math.min(most(), level + ((now - filledAt) / 1000) * allowed());
      filledAt = now;
      // A thousandth of slack for sums of fractions.
      if (level < cost - 1e-3) return false;
      level -= cost;
    }
    const latencyMs = at(platform.latencyMs, second());
    if (platform.workers === undefined) {
      await clock.sleep(latencyMs);
    } else {
      freeAt = Math.max(freeAt, clock.now()) + latencyMs / platform.workers;
      await clock.sleep(Math.max(latencyMs, freeAt - clock.now()));
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
      if (clock.now() >= measureFrom && clock.now() < end) {
        if (ok) good += 1;
        else refused += 1;
      }
      if (!ok) pace.pauseUntil(clock.now() + pauseMs(platform.retryAfter, clock.now(), refused));
      pace.release({ tookMs: clock.now() - sentAt, pushedBack: !ok });
    }
    finished += 1;
  };
  const workers = Array.from({ length: options.concurrency }, worker);
  await clock.passUntil(() => clock.now() >= end);
  over.abort();
  await clock.passUntil(() => finished === options.concurrency);
  await Promise.all(workers);
  let mayHave = 0;
  for (let step = from; step < seconds; step++) mayHave += at(platform.allows ?? Number.POSITIVE_INFINITY, step);
  return {
    perSecond: (good * cost) / (seconds - from),
    used: (good * cost) / mayHave,
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

type Limit = readonly [
  claim: string,
  platform: Platform,
  options: { readonly concurrency: number; readonly rate: number; readonly cost?: number },
  seconds?: number,
];
const shapes = ['seconds', 'date', 'nothing'] as const;
const fifty = { concurrency: 16, rate: 50 };

/** Of a known limit 95 % is used after the first ten seconds, and 1 % of requests at most is answered 429. */
const limits: readonly Limit[] = [
  ...[2, 5, 20, 100, 3000].map(
    (rate): Limit => [
      `${rate} a second`,
      { latencyMs: 80, allows: rate },
      { concurrency: Math.max(4, Math.ceil(rate / 8)), rate },
      30,
    ],
  ),
  ['5,000 a second', { latencyMs: 20, allows: 5000 }, { concurrency: 200, rate: 5000 }, 20],
  ['5,000 units a second at 25 a request', { latencyMs: 80, allows: 5000 }, { concurrency: 32, rate: 5000, cost: 25 }],
  ['2 a second of a slow platform', { latencyMs: 3000, allows: 2 }, { concurrency: 16, rate: 2 }, 120],
  ['2 units a second at 3 a request', { latencyMs: 80, allows: 2 }, { concurrency: 4, rate: 2, cost: 3 }, 120],
  ...[0.1, 0.3, 1, 5].map((burst): Limit => [`a burst of ${burst} s`, { latencyMs: 80, allows: 50, burst }, fifty]),
  ...shapes.map(
    (retryAfter): Limit => [
      `no burst to speak of, and a 429 with ${retryAfter}`,
      { latencyMs: 80, allows: 50, burst: 0.04, retryAfter },
      fifty,
    ],
  ),
  [
    'answers that slow down from 50 ms to 500 ms',
    { latencyMs: (second) => 50 + Math.min(450, second * 10), allows: 50 },
    { concurrency: 64, rate: 50 },
    90,
  ],
  [
    'answers that take ten times as long from one second to the next',
    { latencyMs: (second) => (second < 20 ? 50 : 500), allows: 50 },
    { concurrency: 64, rate: 50 },
    90,
  ],
  [
    'a limit that is raised though nobody has said so',
    { latencyMs: 80, allows: (second) => (second < 20 ? 50 : 51) },
    fifty,
  ],
];

for (const [claim, platform, options, seconds = 60] of limits) {
  test(`95 % of a limit is used and 1 % answered 429 at most: ${claim}`, async () => {
    const outcome = await simulate(platform, options, seconds);
    const said = JSON.stringify(outcome);
    assert.ok(outcome.used >= 0.95 && outcome.used <= 1.01, said);
    assert.ok(outcome.share429 <= 0.01, said);
  });
}

const halvedForAMinute = (second: number) => (second >= 30 && second < 90 ? 25 : 50);
for (const retryAfter of shapes) {
  test(`a limit that is halved in mid-run is found, and found again when it is back: a 429 with ${retryAfter}`, async () => {
    const platform = { latencyMs: 80, allows: halvedForAMinute, retryAfter };
    const halved = await simulate(platform, fifty, 90, 40);
    const back = await simulate(platform, fifty, 160, 110);
    const said = JSON.stringify({ halved, back });
    // Each look for more costs the pause that the platform then asks for: up to two seconds by a date.
    assert.ok(halved.used >= 0.9 && halved.share429 <= 0.01, said);
    assert.ok(halved.share429 > 0, 'it never met the limit: the case would prove nothing');
    assert.ok(back.used >= 0.95 && back.share429 <= 0.01, said);
  });
}
