/**
 * A platform in a few lines, a file of a few people, and the whole way from mapped blocks to the journal: what the platform ends
 * up with under `lastWins` must be what it ends up with when every row is sent in its order.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chunkBytes } from '../../src/delivery/chunk.ts';
import type { Exchange } from '../../src/delivery/exchange.ts';
import type { Settlement } from '../../src/delivery/ledger.ts';
import { LiveBlock } from '../../src/delivery/live-block.ts';
import { createPace } from '../../src/delivery/pace.ts';
import { createPlanner } from '../../src/delivery/plan.ts';
import { createSender } from '../../src/delivery/sender.ts';
import { createCollapser } from '../../src/mapping/last-wins.ts';
import { Exit } from '../../src/model/fault.ts';
import { isJsonObject, type Json, type JsonObject } from '../../src/model/json.ts';
import { makeBlock, makeOperation, textOf } from '../support/blocks.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

/** Entry 0 and 1 state things and may be collapsed; 2 is an event that remembers its person as it was. */
interface Row {
  readonly record: number;
  readonly entry: number;
  readonly who: number;
  readonly item: JsonObject;
}

class Platform {
  readonly people = new Map<number, JsonObject>();
  readonly events: string[] = [];
  stored = 0;

  take({ entry, who, set }: { entry: number; who: number; set: JsonObject }): void {
    this.stored += 1;
    const person = this.people.get(who) ?? {};
    if (entry === 2) this.events.push(`${who} ${JSON.stringify(set)} ${canonical(person)}`);
    else this.people.set(who, merged(person, { [`part${entry}`]: set }));
  }

  get state(): string {
    return canonical([...this.people].sort(([a], [b]) => a - b)) + this.events.sort().join('\n');
  }
}

/** Objects are merged, lists grow, anything else is replaced. */
function merged(old: JsonObject, set: JsonObject): JsonObject {
  const result = { ...old };
  for (const [name, value] of Object.entries(set)) {
    const before = old[name];
    if (isJsonObject(value) && isJsonObject(before)) result[name] = merged(before, value);
    else if (Array.isArray(value) && Array.isArray(before))
      result[name] = [...new Set([...before, ...value].map(String))].sort();
    else result[name] = value;
  }
  return result;
}

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, one: unknown) =>
    isJsonObject(one as Json)
      ? Object.fromEntries(Object.entries(one as JsonObject).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );

const isRefused = (set: JsonObject) => set['bad'] === true;

type Partly = 'by index' | 'as a whole';

/** Sends the rows that are not settled yet; `stopAfter` requests the run is killed, in the middle of the next one. */
async function run(
  rows: readonly Row[],
  platform: Platform,
  states: Map<string, Settlement>,
  options: {
    blockSize: number;
    items: number;
    partly: Partly;
    lastWins: boolean;
    stopAfter?: number;
    stored?: boolean;
  },
): Promise<{ requests: number; superseded: number }> {
  const clock = createVirtualClock();
  const operations = [0, 1, 2].map((entry) =>
    makeOperation({
      name: `entry${entry}`,
      family: 'batch',
      laned: true,
      limits: { items: options.items, bytes: 1e6 },
      lastWins: { same: [['entry']] },
    }),
  );
  let requests = 0;
  let superseded = 0;
  let isDead = false;
  const busy = new Set<number>();
  const exchange: Exchange = async (chunk) => {
    requests += 1;
    const items = JSON.parse(textOf(chunkBytes(chunk))) as { entry: number; who: number; set: JsonObject }[];
    for (const { who } of items) assert.ok(!busy.has(who), 'two requests about one person');
    for (const { who } of items) busy.add(who);
    await clock.sleep(1 + ((requests * 7) % 5));
    for (const { who } of items) busy.delete(who);
    if (isDead) return { verdict: { kind: 'accepted' }, tookMs: 1, calledOff: true };
    const reason = { code: 'platform-rejected', reason: 'bad' };
    if (options.partly === 'as a whole' && items.length > 1 && items.some(({ set }) => isRefused(set)))
      return { verdict: { kind: 'split', because: 'blame', reason }, tookMs: 1, calledOff: false };
    const dies = requests === options.stopAfter;
    if (!dies || options.stored === true) for (const item of items) if (!isRefused(item.set)) platform.take(item);
    if (dies) {
      isDead = true;
      sender.stop({ exit: Exit.interrupted });
      return { verdict: { kind: 'accepted' }, tookMs: 1, calledOff: true };
    }
    const rejected = new Map(items.flatMap(({ set }, index) => (isRefused(set) ? [[index, reason] as const] : [])));
    return { verdict: { kind: 'partial', rejected }, tookMs: 1, calledOff: false };
  };
  const planner = createPlanner();
  const sender = createSender({
    exchange,
    pace: createPace({ concurrency: 4 }, clock),
    planner,
    ledger: {
      hurry: () => {},
      async record(moved) {
        // What a killed process had not written is not there.
        if (isDead) return;
        for (const { entry, to, ranges } of moved)
          for (const [from, last] of ranges)
            for (let record = from; record <= last; record++) states.set(`${record}/${entry}`, to);
      },
    },
    policy: {
      plan: { retries: 3, waits: { kind: 'backoff', firstMs: 10, capMs: 10 }, then: 'stop' },
      uncertain: 'auto',
      longestPauseMs: 1000,
    },
    refusals: { most: 0 },
    clock,
    random: () => 0.5,
    observer: {
      sent: () => {},
      settled: () => {},
      superseded: (items) => {
        superseded += items;
      },
      retried: () => {},
      paused: () => {},
    },
    writeRejects: async () => {},
    writeUncertain: async () => {},
    concurrency: 4,
    ahead: { least: 2, most: 2 },
    queueBytes: 2000,
    graceMs: 0,
  });
  const submitted = (async () => {
    for (let from = 0; from < rows.length; from += options.blockSize) {
      const open = rows
        .slice(from, from + options.blockSize)
        .filter(({ record, entry }) => !isDone(states.get(`${record}/${entry}`)));
      for (const chunk of planner.add(blockOf(open, operations, options.lastWins))) await sender.submit(chunk);
    }
    for (const chunk of planner.flush()) await sender.submit(chunk);
    await sender.drain();
  })();
  let done = false;
  void submitted.then(() => {
    done = true;
  });
  await clock.passUntil(() => done);
  await submitted;
  return { requests, superseded };
}

const isDone = (state: Settlement | undefined) => state !== undefined && state !== 'open' && state !== 'sending';

function blockOf(rows: readonly Row[], operations: LiveBlock['operations'], lastWins: boolean): LiveBlock {
  const items = rows.map(({ record, entry, who, item }) => ({
    json: JSON.stringify({ entry, who, set: item }),
    record,
    entry,
    lanes: [who],
  }));
  const block = makeBlock(items, operations);
  if (!lastWins) return block;
  const collapser = createCollapser([{ same: [['entry']] }, { same: [['entry']] }, undefined]);
  for (const [index, { who, entry }] of rows.entries())
    collapser.add(index, entry, `${who}`, { json: items[index]?.json ?? '', route: '', lanes: [`${who}`] });
  return new LiveBlock({ ...block.mapped, lastWins: collapser.take(items.length) }, block.load, operations);
}

const field = fc.oneof(
  { weight: 10, arbitrary: fc.integer({ min: 0, max: 3 }) },
  fc.constant(null),
  { weight: 3, arbitrary: fc.subarray(['x', 'y']) },
  fc.record({ a: fc.nat({ max: 2 }), b: fc.nat({ max: 2 }) }, { requiredKeys: [], noNullPrototype: true }),
);
const anItem = fc.record(
  { n: field, m: field, bad: fc.constantFrom(true, false, false, false) },
  { requiredKeys: ['bad'], noNullPrototype: true },
) as fc.Arbitrary<JsonObject>;
const someRows = fc
  .array(fc.tuple(fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 1, 2), fc.nat({ max: 2 }), anItem), {
    minLength: 1,
    maxLength: 40,
  })
  .map((list) => list.map(([entry, who, item], index): Row => ({ record: index + 1, entry, who, item })));
const sizes = fc.record({
  blockSize: fc.integer({ min: 2, max: 40 }),
  items: fc.integer({ min: 1, max: 12 }),
  partly: fc.constantFrom<Partly>('by index', 'as a whole'),
});

function asSentInOrder(rows: readonly Row[]): Platform {
  const platform = new Platform();
  for (const { entry, who, item } of rows) if (!isRefused(item)) platform.take({ entry, who, set: item });
  return platform;
}

test('with lastWins the platform ends up as without it, whatever it refuses, and every row is settled once', async () => {
  let collapsed = 0;
  await fc.assert(
    fc.asyncProperty(someRows, sizes, async (rows, size) => {
      const platform = new Platform();
      const states = new Map<string, Settlement>();
      const { superseded } = await run(rows, platform, states, { ...size, lastWins: true });
      collapsed += superseded;
      assert.equal(platform.state, asSentInOrder(rows).state);
      const count = (state: Settlement) => [...states.values()].filter((one) => one === state).length;
      assert.equal(count('skipped'), superseded);
      assert.equal(platform.stored, count('accepted'));
      assert.equal(count('accepted') + count('rejected') + superseded, rows.length);
    }),
    { numRuns: 1000 },
  );
  assert.ok(collapsed > 300, `only ${collapsed} items were superseded: the property would prove nothing`);
});

test('killed in the middle of any request and started again, it still does', async () => {
  let killed = 0;
  let collapsed = 0;
  await fc.assert(
    fc.asyncProperty(
      someRows.map((rows) => rows.filter(({ entry }) => entry !== 2)),
      sizes,
      fc.array(fc.tuple(fc.integer({ min: 1, max: 8 }), fc.boolean()), { minLength: 1, maxLength: 3 }),
      async (rows, size, kills) => {
        const platform = new Platform();
        const states = new Map<string, Settlement>();
        for (const [stopAfter, stored] of kills) {
          const { requests, superseded } = await run(rows, platform, states, {
            ...size,
            lastWins: true,
            stopAfter,
            stored,
          });
          if (requests >= stopAfter) killed += 1;
          collapsed += superseded;
        }
        const last = await run(rows, platform, states, { ...size, lastWins: true });
        collapsed += last.superseded;
        assert.equal(platform.state, asSentInOrder(rows).state);
        for (const { record, entry } of rows) assert.ok(isDone(states.get(`${record}/${entry}`)), `record ${record}`);
      },
    ),
    { numRuns: 300 },
  );
  assert.ok(killed > 100 && collapsed > 100, `${killed} kills, ${collapsed} superseded`);
});

test('a superseded row is in flight with the one that took its place, and is skipped with it', async () => {
  const rows: Row[] = [1, 2, 3].map((record) => ({ record, entry: 0, who: 1, item: { n: record } }));
  const platform = new Platform();
  const states = new Map<string, Settlement>();
  const options = { blockSize: 10, items: 5, partly: 'by index', lastWins: true } as const;
  await run(rows, platform, states, { ...options, stopAfter: 1, stored: true });
  assert.deepEqual([...states.values()], ['sending', 'sending', 'sending']);
  const { requests, superseded } = await run(rows, platform, states, options);
  assert.deepEqual([...states.values()].sort(), ['accepted', 'skipped', 'skipped']);
  assert.deepEqual([requests, superseded, platform.stored], [1, 2, 2]);
});

test('rows that the refused one had superseded are sent after all, the last of them first', async () => {
  const rows: Row[] = [
    { record: 1, entry: 0, who: 1, item: { n: 1 } },
    { record: 2, entry: 0, who: 1, item: { n: 2 } },
    { record: 3, entry: 0, who: 1, item: { n: 3, bad: true } },
  ];
  const platform = new Platform();
  const states = new Map<string, Settlement>();
  const options = { blockSize: 10, items: 5, partly: 'by index', lastWins: true } as const;
  const { requests, superseded } = await run(rows, platform, states, options);
  assert.deepEqual(Object.fromEntries(states), { '1/0': 'skipped', '2/0': 'accepted', '3/0': 'rejected' });
  assert.deepEqual([requests, superseded], [2, 1]);
});
