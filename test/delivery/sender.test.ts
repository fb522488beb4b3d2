import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Chunk, chunkBytes } from '../../src/delivery/chunk.ts';
import type { Exchange } from '../../src/delivery/exchange.ts';
import type { LedgerEvent } from '../../src/delivery/ledger.ts';
import type { Policy } from '../../src/delivery/next-step.ts';
import { createPace } from '../../src/delivery/pace.ts';
import { createPlanner } from '../../src/delivery/plan.ts';
import { createSender, type Sender, type SenderOptions } from '../../src/delivery/sender.ts';
import type { FailedItem } from '../../src/delivery/settling.ts';
import { Exit } from '../../src/model/fault.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import type { Operation } from '../../src/targets/target.ts';
import { makeBlock, makeOperation, textOf } from '../support/blocks.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const reason = { code: 'server-error', reason: 'the platform answered 503' };
const accepted: Verdict = { kind: 'accepted' };
const retryUnknown: Verdict = { kind: 'retry', reason, scope: 'request', taken: 'unknown' };
const refuse: Verdict = { kind: 'split', reason: { code: 'platform-rejected', reason: 'bad' }, because: 'blame' };

interface Bench {
  readonly sender: Sender;
  readonly clock: ReturnType<typeof createVirtualClock>;
  readonly events: LedgerEvent[];
  /** Numbers of the items of each request, in the order in which they were sent. */
  readonly requests: number[][];
  readonly rejects: FailedItem[];
  readonly uncertain: FailedItem[];
  readonly mostInFlight: () => number;
  states(): Map<number, string>;
  load(count: number): Promise<void>;
}

type Answer = (numbers: number[], signal: AbortSignal) => Promise<Verdict> | Verdict;

function createBench(
  answer: Answer,
  given: {
    operation?: Partial<Operation>;
    policy?: Partial<Policy>;
    sender?: Partial<SenderOptions>;
    lanes?: (record: number) => number[];
    json?: (record: number) => string;
    between?: () => Promise<unknown>;
    tookMs?: number;
  } = {},
): Bench {
  const clock = createVirtualClock();
  const events: LedgerEvent[] = [];
  const requests: number[][] = [];
  const rejects: FailedItem[] = [];
  const uncertain: FailedItem[] = [];
  const states = new Map<number, string>();
  const planner = createPlanner();
  const operation = makeOperation({ limits: { items: 10, bytes: 1_000_000 }, ...given.operation });
  let inFlight = 0;
  let most = 0;

  const exchange: Exchange = async (chunk, _carry, signal) => {
    const numbers = numbersOf(chunk);
    for (const record of numbers) assert.equal(states.get(record), 'sending', 'sent before it was announced');
    requests.push(numbers);
    inFlight += 1;
    most = Math.max(most, inFlight);
    const verdict = await answer(numbers, signal);
    inFlight -= 1;
    return { verdict, tookMs: given.tookMs ?? 10, calledOff: signal.aborted };
  };
  const sender = createSender({
    exchange,
    pace: createPace({ concurrency: 4 }, clock),
    planner,
    ledger: {
      hurry: () => {},
      async record(moved) {
        await Promise.resolve();
        for (const event of moved) {
          events.push(event);
          for (const [from, to] of event.ranges)
            for (let record = from; record <= to; record++) states.set(record, event.to);
        }
      },
    },
    policy: {
      plan: { retries: 3, waits: { kind: 'backoff', firstMs: 1000, capMs: 60_000 }, then: 'stop' },
      uncertain: 'auto',
      longestPauseMs: 3_600_000,
      ...given.policy,
    },
    clock,
    random: () => 0.5,
    observer: { sent: () => {}, settled: () => {}, retried: () => {}, paused: () => {} },
    writeRejects: async (items) => void rejects.push(...items),
    writeUncertain: async (items) => void uncertain.push(...items),
    concurrency: 4,
    ahead: { least: 8, most: 8 },
    queueBytes: 40_000,
    graceMs: 5000,
    ...given.sender,
  });
  return {
    sender,
    clock,
    events,
    requests,
    rejects,
    uncertain,
    mostInFlight: () => most,
    states: () => states,
    async load(count) {
      const items = Array.from({ length: count }, (_, index) => ({
        json: given.json?.(index + 1) ?? `${index + 1}`,
        record: index + 1,
        lanes: given.lanes?.(index + 1) ?? [],
      }));
      const block = makeBlock(items, [operation]);
      const submitted = (async () => {
        for (const chunk of [...planner.add(block), ...planner.flush()]) {
          await sender.submit(chunk);
          await given.between?.();
        }
        await sender.drain();
      })();
      let done = false;
      void submitted.then(() => {
        done = true;
      });
      await clock.passUntil(() => done);
      await submitted;
    },
  };
}

const numbersOf = (chunk: Chunk): number[] => JSON.parse(textOf(chunkBytes(chunk))) as number[];
const inState = (bench: Bench, state: string) =>
  [...bench.states()]
    .filter(([, to]) => to === state)
    .map(([record]) => record)
    .sort((a, b) => a - b);

test('first contact is made alone, then requests go out side by side within the limit', async () => {
  let answered = 0;
  const bench = createBench(async () => {
    if (answered === 0) assert.equal(bench.mostInFlight(), 1);
    await bench.clock.sleep(10);
    answered += 1;
    return accepted;
  });
  await bench.load(200);
  assert.equal(inState(bench, 'accepted').length, 200);
  assert.ok(bench.mostInFlight() > 1 && bench.mostInFlight() <= 4, `${bench.mostInFlight()} in flight`);
});

test('each bad item of an all-or-nothing refusal is found and blamed exactly, within the bound of bisection', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 12 }), async (bad) => {
      const bench = createBench((numbers) => (numbers.some((one) => bad.includes(one)) ? refuse : accepted), {
        operation: { limits: { items: 64, bytes: 1e6 } },
      });
      await bench.load(64);
      assert.deepEqual(
        inState(bench, 'rejected'),
        [...bad].sort((a, b) => a - b),
      );
      assert.equal(inState(bench, 'accepted').length, 64 - bad.length);
      const most = 2 * bad.length * (1 + Math.log2(64 / bad.length));
      assert.ok(
        bench.requests.length <= most,
        `${bench.requests.length} requests for ${bad.length} bad of 64, at most ${most}`,
      );
      for (const record of inState(bench, 'accepted')) {
        assert.equal(
          bench.requests.filter((numbers) => numbers.includes(record) && !numbers.some((one) => bad.includes(one)))
            .length,
          1,
        );
      }
    }),
    { numRuns: 40 },
  );
});

test('items of a partial reply are rejected or sent again by index, the rest stands', async () => {
  let first = true;
  const bench = createBench((numbers) => {
    if (!first) return accepted;
    first = false;
    assert.deepEqual(numbers, [1, 2, 3, 4, 5]);
    return { kind: 'partial', rejected: new Map([[1, { code: 'platform-rejected', reason: 'no' }]]), retry: [3] };
  });
  await bench.load(5);
  assert.deepEqual(inState(bench, 'rejected'), [2]);
  assert.deepEqual(bench.requests, [[1, 2, 3, 4, 5], [4]]);
  assert.deepEqual(inState(bench, 'accepted'), [1, 3, 4, 5]);
  assert.deepEqual(
    bench.rejects.map(({ item }) => item),
    [1],
  );
});

test('a platform that asks for one item for ever is given up, not fed for ever', async () => {
  const bench = createBench(() => ({ kind: 'partial', rejected: new Map(), retry: [0] }));
  await bench.load(1);
  assert.equal(bench.sender.stopped?.exit, Exit.gaveUpRetrying);
  assert.equal(bench.requests.length, 4);
});

test('a chunk of unknown fate that must not be doubled is held, named, and the run goes on', async () => {
  const bench = createBench((numbers) => (numbers.includes(15) ? retryUnknown : accepted), {
    operation: { repeatable: false },
  });
  await bench.load(30);
  assert.deepEqual(inState(bench, 'uncertain'), [11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  assert.equal(bench.uncertain.length, 10);
  assert.equal(inState(bench, 'accepted').length, 20);
  assert.equal(bench.requests.length, 3);
});

test('an overloaded platform does not turn a whole file of what must not be doubled into doubt', async () => {
  const times: number[] = [];
  const bench = createBench(
    async (numbers) => {
      times.push(bench.clock.now());
      await bench.clock.sleep(10);
      return numbers.includes(1) ? accepted : retryUnknown;
    },
    { operation: { repeatable: false } },
  );
  await bench.load(1000);
  assert.equal(bench.sender.stopped?.exit, Exit.gaveUpRetrying);
  // Those that were side by side when it began, and then one after each pause of the plan.
  const held = inState(bench, 'uncertain').length / 10;
  assert.ok(held > 3 && held <= 4 + 3, `${held} chunks are in doubt`);
  assert.equal(bench.uncertain.length, held * 10);
  const pauses = times.slice(1).flatMap((time, index) => {
    const pause = time - (times[index] ?? 0) - 10;
    return pause > 0 ? [pause] : [];
  });
  assert.deepEqual(pauses, [1000, 2000, 4000]);
});

test('any acceptance ends a row of holds', async () => {
  let requests = 0;
  const bench = createBench(() => (++requests % 3 === 0 ? accepted : retryUnknown), {
    operation: { repeatable: false },
  });
  await bench.load(300);
  assert.equal(bench.sender.stopped, undefined);
  assert.equal(inState(bench, 'accepted').length, 100);
  assert.equal(inState(bench, 'uncertain').length, 200);
});

test('used-up retries stop the run: what may have been taken stays in flight for the next run to name, what never left is open', async () => {
  const bench = createBench(() => retryUnknown);
  await bench.load(60);
  assert.equal(bench.sender.stopped?.exit, Exit.gaveUpRetrying);
  assert.equal(inState(bench, 'sending').length, 10);
  assert.equal(bench.states().size, 10, 'nothing else was announced');
  assert.equal(bench.requests.length, 4);
});

test('rows that were kept waiting before the platform failed are not rejected as those that make it fail each time', async () => {
  const plan = { retries: 3, waits: { kind: 'backoff', firstMs: 1000, capMs: 60_000 }, then: 'reject' } as const;
  const keptWaiting: Verdict = { kind: 'retry', reason, scope: 'target', taken: 'no' };
  const failed: Verdict = { kind: 'retry', reason, scope: 'request', taken: 'unknown', plan };
  const answers = [keptWaiting, failed, keptWaiting, failed, keptWaiting, failed];
  const bench = createBench(() => answers.shift() ?? accepted);
  await bench.load(10);
  assert.deepEqual([inState(bench, 'accepted').length, bench.rejects.length], [10, 0]);
});

test('what is called off before it left is open again, not in doubt', async () => {
  const bench = createBench(
    (_numbers, signal) =>
      new Promise((resolve) => {
        bench.sender.stop({ exit: Exit.interrupted });
        signal.addEventListener('abort', () => resolve({ kind: 'retry', reason, scope: 'request', taken: 'no' }));
      }),
    { operation: { repeatable: false } },
  );
  await bench.load(10);
  assert.deepEqual([inState(bench, 'open').length, inState(bench, 'uncertain').length], [10, 0]);
});

test('whoever waits says until when: the chunk itself, or the pause of all', async () => {
  const said: (number | undefined)[] = [];
  const answers: Verdict[] = [retryUnknown, retryUnknown, { ...retryUnknown, scope: 'target' }];
  const pauses: number[] = [];
  const bench = createBench(() => answers.shift() ?? accepted, {
    sender: {
      observer: {
        sent: () => {},
        settled: () => {},
        retried: (_reason, until) => said.push(until),
        paused: (until) => pauses.push(until),
      },
    },
  });
  const startedAt = bench.clock.now();
  await bench.load(10);
  assert.deepEqual(said, [startedAt + 500, startedAt + 500 + 1000, undefined]);
  assert.deepEqual(pauses, [startedAt + 1500 + 2000]);
});

test('a refusal of the run stops it at once and leaves nothing announced', async () => {
  const bench = createBench(() => ({ kind: 'fatal', reason: { code: 'unauthorized', reason: 'no' } }));
  await bench.load(60);
  assert.equal(bench.sender.stopped?.exit, Exit.targetRefused);
  assert.deepEqual(bench.requests.length, 1);
  assert.equal(inState(bench, 'open').length, 10);
});

test('rows of one lane never overlap in flight and arrive in file order, through retries and refusals', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 40, maxLength: 40 }), async (dice) => {
      const busy = new Set<number>();
      const arrived = new Map<number, number[]>();
      let throws = 0;
      const laneOf = (record: number) => record % 7;
      const bench = createBench(
        async (numbers) => {
          for (const record of numbers) assert.ok(!busy.has(laneOf(record)), 'overlap');
          for (const record of numbers) busy.add(laneOf(record));
          const die = dice[throws++ % dice.length] ?? 9;
          await bench.clock.sleep(5 + die);
          for (const record of numbers) busy.delete(laneOf(record));
          if (die === 0 && throws < 60) return { ...retryUnknown, taken: 'no' } as Verdict;
          if (die === 1 && numbers.length > 1 && throws < 60) return refuse;
          for (const record of numbers) arrived.set(laneOf(record), [...(arrived.get(laneOf(record)) ?? []), record]);
          return accepted;
        },
        {
          operation: { laned: true, limits: { items: 2, bytes: 1000 } },
          lanes: (record) => [laneOf(record)],
          policy: { plan: { retries: 100, waits: { kind: 'backoff', firstMs: 100, capMs: 1000 }, then: 'stop' } },
        },
      );
      await bench.load(50);
      assert.equal(inState(bench, 'accepted').length, 50);
      for (const records of arrived.values())
        assert.deepEqual(
          records,
          [...records].sort((a, b) => a - b),
        );
    }),
    { numRuns: 30 },
  );
});

test('a pause that the platform asks for holds every request', async () => {
  const times: number[] = [];
  let asked = false;
  const bench = createBench(async (numbers) => {
    times.push(bench.clock.now());
    if (numbers.includes(11) && !asked) {
      asked = true;
      return { kind: 'retry', reason, after: 30_000, scope: 'target', taken: 'no' };
    }
    return accepted;
  });
  const startedAt = bench.clock.now();
  await bench.load(100);
  assert.equal(inState(bench, 'accepted').length, 100);
  const during = times.filter((time) => time > startedAt && time < startedAt + 30_000);
  assert.deepEqual(during, []);
});

test('stop lets requests in flight finish, and calls off what outlasts the grace: that stays in flight for the next run', async () => {
  const bench = createBench((numbers, signal) => {
    if (numbers.includes(1)) return accepted;
    bench.sender.stop({ exit: Exit.interrupted });
    if (numbers.includes(11)) return bench.clock.sleep(1000).then(() => accepted);
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(accepted)));
  });
  await bench.load(60);
  assert.equal(bench.sender.stopped?.exit, Exit.interrupted);
  assert.deepEqual(
    inState(bench, 'accepted'),
    Array.from({ length: 20 }, (_, index) => index + 1),
  );
  assert.ok(inState(bench, 'sending').length > 0);
  assert.equal(inState(bench, 'uncertain').length, 0, 'a load without open rows would be taken for loaded');
});

test('a wall of equal refusals stops the run with a diagnosis', async () => {
  const bench = createBench(
    () => ({ kind: 'rejected', reason: { code: 'platform-rejected', reason: 'unknown type' } }),
    { operation: { limits: { items: 1, bytes: 100 } } },
  );
  await bench.load(100);
  assert.equal(bench.sender.stopped?.exit, Exit.tooManyErrors);
  assert.match(bench.sender.stopped?.reason?.reason ?? '', /the first 20 items .* unknown type/);
  assert.ok(bench.requests.length <= 24);
});

test('a wall inside one bisected chunk rejects the rows that were refused, and leaves all others to be sent', async () => {
  const bench = createBench(() => refuse, {
    operation: { limits: { items: 100, bytes: 1e6 } },
    sender: { queueBytes: 200 },
  });
  await bench.load(200);
  assert.equal(bench.sender.stopped?.reason?.code, 'identical-refusals');
  assert.deepEqual(
    inState(bench, 'rejected'),
    Array.from({ length: 20 }, (_, index) => index + 1),
  );
  assert.deepEqual(
    inState(bench, 'open'),
    Array.from({ length: 80 }, (_, index) => index + 21),
  );
  assert.equal(bench.states().size, 100, 'the second chunk was never announced');
});

test('bad rows that stand apart are no wall, however many they are', async () => {
  const bad = (record: number) => record % 4 === 0;
  const bench = createBench((numbers) => (numbers.some(bad) ? refuse : accepted), {
    operation: { limits: { items: 32, bytes: 1e6 }, identicalRefusals: 2 },
  });
  await bench.load(320);
  assert.equal(bench.sender.stopped, undefined);
  assert.equal(inState(bench, 'rejected').length, 80);
});

test('one lane of bad rows is no wall while others get through', async () => {
  const bench = createBench(
    async (numbers) => {
      await bench.clock.sleep(numbers[0] === 1 ? 1 : 10);
      return numbers.some((one) => one > 1 && one % 2 === 0)
        ? { kind: 'rejected', reason: { code: 'platform-rejected', reason: 'bad' } }
        : accepted;
    },
    { operation: { limits: { items: 1, bytes: 100 }, identicalRefusals: 1 } },
  );
  await bench.load(100);
  assert.equal(bench.sender.stopped, undefined);
  assert.equal(inState(bench, 'rejected').length, 50);
});

test('a reply that takes some items and refuses others is no wall', async () => {
  const rejected = new Map(
    Array.from({ length: 9 }, (_, index) => [index, { code: 'platform-rejected', reason: 'no' }]),
  );
  const bench = createBench(() => ({ kind: 'partial', rejected }), { operation: { identicalRefusals: 2 } });
  await bench.load(100);
  assert.equal(bench.sender.stopped, undefined);
  assert.equal(inState(bench, 'accepted').length, 10);
});

test('a journal that cannot be written stops the run before another request leaves', async () => {
  let writes = 0;
  let requests = 0;
  const bench = createBench(() => accepted, {
    sender: {
      ledger: {
        hurry: () => {},
        record: async () => {
          writes += 1;
          if (writes > 1) throw new Error('disk full');
        },
      },
      exchange: async () => {
        requests += 1;
        return { verdict: accepted, tookMs: 1, calledOff: false };
      },
    },
  });
  await bench.load(100);
  assert.match(String(bench.sender.stopped?.error), /disk full/);
  assert.equal(requests, 1);
});

test('chunks are announced ahead of their turn only where they may be sent again, and open again if it never comes', async () => {
  for (const repeatable of [true, false]) {
    let mostAnnounced = 0;
    let answers = 0;
    const bench = createBench(
      async () => {
        mostAnnounced = Math.max(mostAnnounced, inState(bench, 'sending').length / 10);
        await bench.clock.sleep(10);
        answers += 1;
        if (answers === 6) bench.sender.stop({ exit: Exit.interrupted });
        return accepted;
      },
      { operation: { repeatable }, sender: { queueBytes: 1e6 } },
    );
    await bench.load(400);
    assert.ok(bench.mostInFlight() <= 4);
    if (repeatable) assert.ok(mostAnnounced > 8 && mostAnnounced <= 12, `${mostAnnounced} announced`);
    else assert.ok(mostAnnounced <= 4, `${mostAnnounced} announced`);
    assert.equal(inState(bench, 'sending').length, 0);
    assert.equal(inState(bench, 'accepted').length, bench.requests.length * 10);
    assert.equal(inState(bench, 'open').length > 0, repeatable);
  }
});

test('more is announced ahead for a platform that takes it at once, not for one that takes its time', async () => {
  for (const [tookMs, least, most] of [
    [2000, 8, 12],
    [10, 20, 24],
  ] as const) {
    let mostAnnounced = 0;
    const bench: Bench = createBench(
      async () => {
        mostAnnounced = Math.max(mostAnnounced, inState(bench, 'sending').length / 10);
        await bench.clock.sleep(tookMs);
        return accepted;
      },
      { tookMs, sender: { queueBytes: 1e6, ahead: { least: 8, most: 20 } } },
    );
    await bench.load(600);
    assert.ok(mostAnnounced > least && mostAnnounced <= most, `${tookMs} ms: ${mostAnnounced} announced`);
    assert.equal(inState(bench, 'accepted').length, 600);
  }
});

/** Commits only when it is told to hurry, and then in the next turn of the event loop. */
function gatheringLedger() {
  let commits = 0;
  let waiting: (() => void)[] = [];
  return {
    commits: () => commits,
    waiting: () => waiting.length,
    ledger: {
      record: () => new Promise<void>((resolve) => waiting.push(resolve)),
      hurry() {
        if (waiting.length === 0) return;
        const gathered = waiting;
        waiting = [];
        commits += 1;
        setImmediate(() => {
          for (const resolve of gathered) resolve();
        });
      },
    },
  };
}

test('a journal is told to hurry when all that is there waits for a lane, and that for the journal', async () => {
  let sent = 0;
  let sentBeforeTheEnd = 0;
  const bench = createBench(() => accepted, {
    lanes: () => [1],
    operation: { laned: true, limits: { items: 1, bytes: 1_000_000 } },
    async between() {
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      sentBeforeTheEnd = sent;
    },
    sender: {
      queueBytes: 1_000_000,
      exchange: async () => {
        sent += 1;
        return { verdict: accepted, tookMs: 1, calledOff: false };
      },
      ledger: gatheringLedger().ledger,
    },
  });
  await bench.load(3);
  assert.equal(sentBeforeTheEnd, 2);
});

test('a journal that commits only when it is told to hurry is told to, whatever is waited for', async () => {
  const sizes = fc.record({
    count: fc.integer({ min: 1, max: 400 }),
    ahead: fc.integer({ min: 0, max: 20 }),
    queueBytes: fc.integer({ min: 1, max: 400_000 }),
    keys: fc.integer({ min: 1, max: 50 }),
    items: fc.integer({ min: 1, max: 10 }),
    longest: fc.integer({ min: 1, max: 3_000 }),
    repeatable: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(sizes, async ({ count, ahead, queueBytes, keys, items, longest, repeatable }) => {
      const gathering = gatheringLedger();
      const bench = createBench(() => accepted, {
        operation: { laned: true, repeatable, limits: { items, bytes: 1_000_000 } },
        lanes: (record) => [record % keys],
        json: (record) => `"${'x'.repeat((record * 37) % longest)}"`,
        between: () => new Promise((resolve) => setImmediate(resolve)),
        sender: {
          ahead: { least: Math.min(ahead, 5), most: ahead },
          queueBytes,
          exchange: async () => ({ verdict: accepted, tookMs: 1, calledOff: false }),
          ledger: gathering.ledger,
        },
      });
      await bench.load(count);
      assert.equal(gathering.waiting(), 0);
      assert.ok(gathering.commits() >= 2);
    }),
    { numRuns: 100 },
  );
});
