/** The equation of every summary is checked by the run itself: what does not add up is an internal error, exit 70. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { loadConfig } from '../../src/config/load.ts';
import { resolveTarget } from '../../src/config/resolve.ts';
import { createThreadedTransport } from '../../src/delivery/threaded-transport.ts';
import type { Transport } from '../../src/delivery/transport.ts';
import { type Book, createMemoryBook } from '../../src/engine/book.ts';
import type { Feed } from '../../src/engine/feed.ts';
import { executeRun, type RunOrder, type RunWorld } from '../../src/engine/run.ts';
import { RowFile, rowFiles } from '../../src/journal/rejects.ts';
import { systemClock } from '../../src/model/clock.ts';
import { Exit, exitOf, UserError } from '../../src/model/fault.ts';
import type { RowCounts } from '../../src/report/summary.ts';
import { startThread } from '../../src/threads/start.ts';
import { makeBlock, makeOperation } from '../support/blocks.ts';

const concurrency = 4;
const nothing: RowCounts = { read: 0, accepted: 0, rejected: 0, skipped: 0, uncertain: 0, remaining: 0 };

function runOf(
  t: TestContext,
  counts: RowCounts,
  interrupt = new AbortController().signal,
  book: Book = createMemoryBook(1, 1),
  given: { feed?: Partial<Feed>; order?: Partial<RunOrder>; world?: Partial<RunWorld> } = {},
) {
  const directory = mkdtempSync(join(tmpdir(), 'cdp-load-run-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const env = { RAPTOR_ACCOUNT_ID: '12345', RAPTOR_STREAM_ID: '3f0c7d52-8a1e-4b6f-9c33-0d7e5a1b2c44' };
  let wasRead = false;
  const feed: Feed = {
    names: ['p.csv'],
    bytesTotal: 0,
    rowsBefore: 0,
    nameOf: () => 'p.csv',
    quote: () => {
      throw new Error('there are no rows');
    },
    async run(_take, isStopped) {
      wasRead = !isStopped();
      return wasRead;
    },
    counts: () => counts,
    close: async () => {},
    ...given.feed,
  };
  const order: RunOrder = {
    run: 'r-1',
    command: 'push',
    resolved: resolveTarget('raptor', loadConfig(undefined, directory), env),
    operations: [],
    feed,
    alreadyLoaded: [],
    resumed: 0,
    rejectedBefore: new Map(),
    acceptedBefore: 0,
    limits: { concurrency: 1 },
    uncertain: 'auto',
    ...given.order,
  };
  const world: RunWorld = {
    clock: systemClock,
    random: () => 0,
    book,
    reporter: {
      started() {},
      notice() {},
      progress() {},
      paused() {},
      finished() {},
      close() {},
    },
    transport: undefined,
    rejects: new RowFile(directory, rowFiles.rejected),
    uncertain: new RowFile(directory, rowFiles.uncertain),
    mask: (text) => text,
    interrupt,
    commandAgain: 'cdp-load push p.csv',
    retryCommand: undefined,
    ...given.world,
  };
  return { ran: executeRun(order, world), wasRead: () => wasRead };
}

test('a run whose rows do not add up ends as an internal error, exit 70, and shows what it found', async (t) => {
  const lost = { ...nothing, read: 10, accepted: 9 };
  const error: unknown = await runOf(t, lost).ran.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Error);
  assert.match(error.message, /do not add up.*"read":10.*"accepted":9/);
  assert.equal(exitOf(error), Exit.internal);
  assert.equal(Exit.internal, 70);
});

test('a run that says it is complete while rows remain is an internal error too', async (t) => {
  await assert.rejects(runOf(t, { ...nothing, read: 10, accepted: 9, remaining: 1 }).ran, /do not add up/);
});

test('a run whose rows add up says how it went', async (t) => {
  const good = await runOf(t, { ...nothing, read: 10, accepted: 10 }).ran;
  assert.equal(good.exit, Exit.ok);
  const some = await runOf(t, { ...nothing, read: 10, accepted: 9, rejected: 1 }).ran;
  assert.equal(some.exit, Exit.someRowsFailed);
});

test('a signal that came before the run began stops it before a row is read', async (t) => {
  const { ran, wasRead } = runOf(t, nothing, AbortSignal.abort(Exit.interrupted));
  const summary = await ran;
  assert.equal(summary.exit, Exit.interrupted);
  assert.equal(summary.complete, false);
  assert.equal(wasRead(), false);
});

test('a journal that breaks while nobody records stops the run', async (t) => {
  const lost = new UserError('journal-unwritable', 'it is gone', { exit: Exit.gaveUpRetrying });
  const book: Book = { ...createMemoryBook(1, 1), whenBroken: (tell) => tell(lost) };
  const { ran, wasRead } = runOf(t, nothing, undefined, book);
  await assert.rejects(ran, lost);
  assert.equal(wasRead(), false);
});

test('a request that leaves after the input has failed is no "nothing was sent": exit 5', async (t) => {
  const operation = makeOperation({ repeatable: false, limits: { items: 1, bytes: 100 } });
  const memory = createMemoryBook(1, 1);
  const failed = Promise.withResolvers<void>();
  const book: Book = {
    ...memory,
    // The disk takes its time: the chunk is announced when the input has failed already.
    async record(events) {
      await failed.promise;
      return memory.record(events);
    },
  };
  let sent = 0;
  const { ran } = runOf(t, { ...nothing, read: 1, accepted: 1 }, undefined, book, {
    feed: {
      async run(take) {
        const { mapped } = makeBlock([{ json: '{}', record: 1 }], [operation]);
        await take({ mapped, load: 0, rows: 1, bytes: 1 });
        assert.equal(sent, 0);
        setImmediate(failed.resolve);
        throw new UserError('input-unreadable', 'p.csv: cannot be read (EIO)');
      },
    },
    order: { operations: [operation] },
    world: {
      transport: {
        async send() {
          sent += 1;
          return { kind: 'reply', status: 200, headers: {}, body: '', truncated: false, receivedAt: 0 };
        },
        close: async () => {},
      },
    },
  });
  const summary = await ran;
  assert.equal(sent, 1);
  assert.equal(summary.stopped?.code, 'input-unreadable');
  assert.equal(summary.exit, Exit.gaveUpRetrying);
});

test('when the thread that sends dies, the run ends with 70, and what had left is left in doubt', async (t) => {
  const arrived = new Set<number>();
  const enough = Promise.withResolvers<void>();
  // The first answer opens the way for more than one at a time; those get none.
  const server = createServer(async (request, response) => {
    arrived.add((JSON.parse(await text(request)) as [{ record: number }])[0].record);
    if (arrived.size === 1) response.end();
    if (arrived.size === 3) enough.resolve();
  });
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const operation = makeOperation({
    limits: { items: 1, bytes: 100 },
    request: ({ body }) => ({ method: 'POST', url, headers: {}, body }),
  });
  const items = Array.from({ length: 50 }, (_, n) => ({ json: `{"record":${n + 1}}`, record: n + 1 }));
  const memory = createMemoryBook(1, 1);
  const states = new Map<number, string>();
  const book: Book = {
    ...memory,
    record(events) {
      for (const { to, ranges } of events)
        for (const [from, last] of ranges) for (let record = from; record <= last; record++) states.set(record, to);
      return memory.record(events);
    },
  };
  let thread: Worker | undefined;
  const options = { connections: concurrency, timeoutMs: 60_000, connectTimeoutMs: 5000 };
  const transport = createThreadedTransport(options, (...given) => {
    thread = startThread(...given);
    return thread;
  });
  const { ran } = runOf(t, nothing, undefined, book, {
    feed: {
      async run(take) {
        await take({ mapped: makeBlock(items, [operation]).mapped, load: 0, rows: items.length, bytes: 1 });
        return true;
      },
    },
    order: { operations: [operation], limits: { concurrency } },
    world: { transport },
  });
  const failed = ran.then(
    () => undefined,
    (error: unknown) => error,
  );
  await enough.promise;
  await thread?.terminate();
  const error = await failed;
  assert.match(String(error), /the thread that sends has ended/);
  assert.equal(exitOf(error), Exit.internal);
  const stateOf = (record: number) => states.get(record) ?? 'open';
  assert.equal(stateOf(1), 'accepted');
  for (const record of arrived) if (record > 1) assert.equal(stateOf(record), 'sending', `record ${record}`);
  // What was just about to leave may be in doubt as well, but nothing is taken for loaded.
  const others = items.map(({ record }) => record).filter((record) => !arrived.has(record));
  assert.ok(others.every((record) => stateOf(record) !== 'accepted'));
  assert.ok(others.filter((record) => stateOf(record) === 'open').length > items.length / 2);
});

for (const command of ['push', 'validate'] as const) {
  test(`${command} gives the memory of a block back once all of it is settled, and not before`, async (t) => {
    const operation = makeOperation({ limits: { items: 1, bytes: 100 } });
    const memory = createMemoryBook(1, 1);
    const { mapped } = makeBlock(
      [
        { json: '{"a":1}', record: 1 },
        { json: '{"a":2}', record: 2 },
      ],
      [operation],
    );
    const left: number[] = [];
    const book: Book = {
      ...memory,
      record(events) {
        if (events.some(({ to }) => to === 'accepted')) left.push(mapped.bytes.length);
        return memory.record(events);
      },
    };
    const { ran } = runOf(t, { ...nothing, read: 2, accepted: 2 }, undefined, book, {
      feed: {
        async run(take) {
          await take({ mapped, load: 0, rows: 2, bytes: 1 });
          return true;
        },
      },
      order: { operations: [operation], command },
      world: { transport: command === 'push' ? yes : undefined },
    });
    await ran;
    assert.deepEqual(left, [15, 15]);
    assert.equal(mapped.bytes.length, 0);
  });
}

const yes: Transport = {
  send: async () => ({ kind: 'reply', status: 200, headers: {}, body: '', truncated: false, receivedAt: 0 }),
  close: async () => {},
};
