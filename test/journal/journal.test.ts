import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { Doubt } from '../../src/journal/doubts.ts';
import { RangeSet } from '../../src/journal/ranges.ts';
import type { JournalRun } from '../../src/journal/run.ts';
import type { RecordRange } from '../../src/model/block.ts';
import { type Bench, input, machine, push, request, start, workbench } from './workbench.ts';

const firstLoad = (run: JournalRun): number => {
  const load = run.loads[0]?.load.id;
  assert.ok(load !== undefined);
  return load;
};

test('what was recorded is there after the journal was closed and opened again', async (t) => {
  const bench = workbench(t);
  const journal = bench.open();
  const run = journal.begin(push, request());
  const load = firstLoad(run);
  await run.record([
    { load, entry: 0, to: 'sending', ranges: [[1, 100]] },
    { load, entry: 0, to: 'skipped', ranges: [[101, 103]] },
  ]);
  await run.record([
    {
      load,
      entry: 0,
      to: 'accepted',
      ranges: [
        [1, 50],
        [52, 90],
      ],
    },
  ]);
  await run.record([{ load, entry: 0, to: 'rejected', ranges: [[51, 51]] }]);
  await run.record([{ load, entry: 0, to: 'open', ranges: [[95, 100]] }]);
  run.end({ exit: 5, totals: { read: 103 } });
  journal.close();

  const [decision] = bench.open().plan(request());
  assert.ok(decision?.kind === 'resume');
  assert.deepEqual(decision.counts, { accepted: 89, rejected: 1, skipped: 3, uncertain: 0, sending: 4, open: 6 });
  assert.equal(decision.state.entries[0]?.sending.toString(), '91-94');
});

test('a record is on disk when its promise resolves, and not in the state before', async (t) => {
  const bench = workbench(t);
  const run = bench.open().begin(push, request());
  const load = firstLoad(run);
  const done = run.record([{ load, entry: 0, to: 'sending', ranges: [[1, 5]] }]);
  assert.equal(run.counts(load).sending, 0);
  await done;
  assert.equal(run.counts(load).sending, 5);
  const [seen] = bench.open().plan(request());
  assert.ok(seen?.kind === 'resume' && seen.counts.sending === 5);
});

test('records asked for in one turn share a commit, and their order is kept', async (t) => {
  const run = workbench(t).open().begin(push, request());
  const load = firstLoad(run);
  const promises = [
    run.record([{ load, entry: 0, to: 'sending', ranges: [[1, 10]] }]),
    run.record([{ load, entry: 0, to: 'accepted', ranges: [[1, 4]] }]),
    run.record([{ load, entry: 0, to: 'open', ranges: [[3, 6]] }]),
    run.record([{ load, entry: 0, to: 'sending', ranges: [[4, 4]] }]),
  ];
  await Promise.all(promises);
  assert.equal(run.commits, 1);
  const sets = run.state(load).entries[0];
  assert.equal(sets?.accepted.toString(), '1-2');
  assert.equal(sets?.sending.toString(), '4,7-10');
  assert.equal(run.openWithin(load, 0, 1, 12).toString(), '3,5-6,11-12');
});

test('a load is complete once it was read to its end and every record is settled in every entry, and not before', async (t) => {
  const bench = workbench(t);
  const journal = bench.open();
  const two = request({ operations: ['person', 'interaction'] });
  const run = journal.begin(push, two);
  const load = firstLoad(run);
  await run.record([
    { load, entry: 0, to: 'accepted', ranges: [[1, 3]] },
    { load, entry: 1, to: 'accepted', ranges: [[1, 1]] },
    { load, entry: 1, to: 'skipped', ranges: [[2, 2]] },
  ]);
  await run.finishReading(load, 3);
  assert.equal(run.isComplete(load), false);
  await run.record([{ load, entry: 1, to: 'uncertain', ranges: [[3, 3]] }]);
  assert.equal(run.isComplete(load), true);
  bench.now += 60_000;
  run.end({ exit: 1, totals: { read: 3 } });

  const [decision] = bench.open().plan(two);
  assert.ok(decision?.kind === 'already-complete');
  assert.equal(decision.load.completed, start);
  assert.equal(decision.load.lastRun, run.id);
  assert.deepEqual(decision.counts, { accepted: 2, rejected: 0, skipped: 0, uncertain: 1, sending: 0, open: 0 });
});

test('records beyond the end that was read keep a load from being complete', async (t) => {
  const run = workbench(t).open().begin(push, request());
  const load = firstLoad(run);
  await run.record([{ load, entry: 0, to: 'accepted', ranges: [[2, 4]] }]);
  await run.finishReading(load, 3);
  assert.equal(run.isComplete(load), false);
});

/** Records 16 to 20 were in flight when the run died. */
async function crashInFlight(bench: Bench): Promise<number> {
  const crashed = bench.open({ surroundings: machine({ pid: 7 }) }).begin(push, request());
  const load = firstLoad(crashed);
  await crashed.record([
    { load, entry: 0, to: 'sending', ranges: [[1, 20]] },
    { load, entry: 0, to: 'accepted', ranges: [[1, 15]] },
  ]);
  return load;
}

test('what was in flight at a crash and must not be sent again is uncertain, and every later run finds it', async (t) => {
  const bench = workbench(t);
  const load = await crashInFlight(bench);
  for (const pid of [8, 9]) {
    const run = bench.open({ surroundings: machine({ pid }) }).begin(push, request());
    const doubts = await run.recover(load, [false]);
    assert.deepEqual(doubts.map(print), ['0: 16-20 hold']);
    assert.equal(run.counts(load).uncertain, 5);
  }
});

test('what was in flight and may be sent again is found by every run, until one of them has an answer for it', async (t) => {
  const bench = workbench(t);
  const load = await crashInFlight(bench);
  const begin = (pid: number) => bench.open({ surroundings: machine({ pid }) }).begin(push, request());

  // It dies before it could say a word.
  assert.deepEqual((await begin(8).recover(load, [true])).map(print), ['0: 16-20 resend']);

  // Its own attempt at 16 to 18 was not taken, which says nothing of the one before; 21 and 22 it was the first to try.
  const second = begin(9);
  assert.deepEqual((await second.recover(load, [true])).map(print), ['0: 16-20 resend']);
  await second.record([{ load, entry: 0, to: 'sending', ranges: [[16, 22]] }]);
  await second.record([
    { load, entry: 0, to: 'accepted', ranges: [[19, 19]] },
    {
      load,
      entry: 0,
      to: 'open',
      ranges: [
        [16, 18],
        [21, 22],
      ],
    },
  ]);
  assert.equal(second.state(load).entries[0]?.sending.toString(), '16-18,20');
  assert.equal(second.counts(load, 22).open, 2);
  second.end({ exit: 5, totals: {} });

  assert.deepEqual((await begin(10).recover(load, [false])).map(print), ['0: 16-18,20 hold']);
  // Held until then, and now to be sent again.
  assert.deepEqual((await begin(11).recover(load, [true])).map(print), ['0: 16-18,20 resend']);
  assert.deepEqual((await begin(12).recover(load, [true])).map(print), ['0: 16-18,20 resend']);
});

const print = ({ entry, records, fate }: Doubt) => `${entry}: ${records} ${fate}`;

test('a retry that finds rows in doubt does not complete their load before it has said so', async (t) => {
  const bench = workbench(t);
  const journal = bench.open({ surroundings: machine({ pid: 7 }) });
  const first = journal.begin(push, request());
  const load = firstLoad(first);
  await first.record([{ load, entry: 0, to: 'rejected', ranges: [[1, 10]] }]);
  await first.finishReading(load, 10);
  first.end({ exit: 1, totals: {} });
  await journal
    .beginRetry({ ...push, kind: 'retry' }, [load])
    .record([{ load, entry: 0, to: 'sending', ranges: [[3, 4]] }]);

  const next = bench.open({ surroundings: machine({ pid: 8 }) }).beginRetry({ ...push, kind: 'retry' }, [load]);
  assert.deepEqual((await next.recover(load, [false])).map(print), ['0: 3-4 hold']);
  assert.equal(next.isComplete(load), false);
  await next.finishReading(load, 10);
  assert.equal(next.isComplete(load), true);
});

test('a retry of rows that are held opens their load before it sends one, and leaves other held rows alone', async (t) => {
  const bench = workbench(t);
  const journal = bench.open();
  const first = journal.begin(push, request());
  const load = firstLoad(first);
  await first.record([{ load, entry: 0, to: 'uncertain', ranges: [[1, 10]] }]);
  await first.finishReading(load, 10);
  first.end({ exit: 1, totals: {} });
  const retry = journal.beginRetry({ ...push, kind: 'retry' }, [load]);
  assert.deepEqual((await retry.recover(load, [true], RangeSet.of([3, 4]))).map(print), ['0: 3-4 resend']);
  assert.equal(retry.isComplete(load), false);
  assert.equal(retry.state(load).entries[0]?.uncertain.toString(), '1-2,5-10');
});

test('a resume goes on at the last block that starts at or before the first unsettled record', async (t) => {
  const bench = workbench(t);
  const run = bench.open().begin(push, request({ operations: ['a', 'b'] }));
  const load = firstLoad(run);
  assert.deepEqual(run.resumePoint(load), { firstUnsettled: 1 });
  for (const record of [1, 101, 201]) await run.checkpoint(load, { record, byte: record * 10, line: record + 1 });
  await run.record([
    { load, entry: 0, to: 'accepted', ranges: [[1, 250]] },
    { load, entry: 1, to: 'skipped', ranges: [[1, 40]] },
    {
      load,
      entry: 1,
      to: 'accepted',
      ranges: [
        [41, 199],
        [201, 250],
      ],
    },
  ]);
  assert.deepEqual(run.resumePoint(load), { firstUnsettled: 200, from: { record: 101, byte: 1010, line: 102 } });
  await run.record([{ load, entry: 1, to: 'rejected', ranges: [[200, 200]] }]);
  assert.deepEqual(run.resumePoint(load), { firstUnsettled: 251, from: { record: 201, byte: 2010, line: 202 } });
});

test('a retry takes up a complete load; it is open while its rows are on the way, and complete again after', async (t) => {
  const bench = workbench(t);
  const journal = bench.open();
  const first = journal.begin(push, request());
  const load = firstLoad(first);
  await first.record([
    { load, entry: 0, to: 'accepted', ranges: [[1, 8]] },
    { load, entry: 0, to: 'rejected', ranges: [[9, 10]] },
  ]);
  await first.finishReading(load, 10);
  first.end({ exit: 1, totals: {} });

  const retry = journal.beginRetry({ ...push, kind: 'retry' }, [load]);
  assert.equal(retry.isComplete(load), true);
  await retry.finishReading(load, 10);
  await retry.record([{ load, entry: 0, to: 'sending', ranges: [[9, 10]] }]);
  assert.equal(retry.isComplete(load), false);
  assert.equal(bench.open().plan(request())[0]?.kind, 'resume');
  await retry.record([{ load, entry: 0, to: 'accepted', ranges: [[9, 10]] }]);
  assert.equal(retry.isComplete(load), true);
  retry.end({ exit: 0, totals: {} });
  const [decision] = journal.plan(request());
  assert.ok(decision?.kind === 'already-complete' && decision.counts.accepted === 10);
});

test('receipts are kept with the load, the last one for a record', async (t) => {
  const bench = workbench(t);
  const run = bench.open().begin(push, request());
  const load = firstLoad(run);
  await run.record(
    [{ load, entry: 0, to: 'accepted', ranges: [[1, 2]] }],
    [
      { load, entry: 0, record: 2, value: 'two' },
      { load, entry: 0, record: 1, value: 'one' },
    ],
  );
  await run.record([], [{ load, entry: 0, record: 2, value: 'zwei' }]);
  assert.deepEqual(
    [...run.receipts(load)],
    [
      { entry: 0, record: 1, value: 'one' },
      { entry: 0, record: 2, value: 'zwei' },
    ],
  );
});

test('runs are listed with their outcome and loads, the latest first', async (t) => {
  const bench = workbench(t);
  const journal = bench.open();
  const first = journal.begin(push, request());
  await first.record([{ load: firstLoad(first), entry: 0, to: 'accepted', ranges: [[1, 3]] }]);
  first.end({ exit: 5, totals: { read: 3, accepted: 3 } });
  bench.now += 1000;
  const second = bench.open({ surroundings: machine({ pid: 55 }) }).begin(push, request());
  const around = machine({ pid: 56 }, { 55: '1000' });
  const [latest, earlier] = bench.open({ surroundings: around }).runs();
  assert.equal(latest?.id, second.id);
  assert.equal(latest?.outcome, 'running');
  assert.equal(bench.open().runs()[0]?.outcome, 'crashed');
  assert.equal(bench.open({ surroundings: machine({ host: 'beta' }) }).runs()[0]?.outcome, 'unknown');
  assert.equal(earlier?.outcome, 'ended');
  assert.match(first.id, /^20261121-0300-[0-9a-f]{4}$/);
  const report = journal.run(first.id);
  assert.deepEqual(report.totals, { read: 3, accepted: 3 });
  assert.equal(report.exit, 5);
  assert.equal(report.loads[0]?.counts.accepted, 3);
  assert.equal(report.loads[0]?.load.path, '/data/people.csv');
});

test('the last complete load of a target is found by mapping, operations and path', async (t) => {
  const bench = workbench(t);
  const journal = bench.open();
  const target = request().target;
  assert.equal(journal.lastComplete(target, { mapping: 'mapping-1' }), undefined);
  for (const [path, records] of [
    ['/a', 10],
    ['/b', 20],
  ] as const) {
    const run = journal.begin(push, request({ inputs: [input(path)] }));
    await run.record([{ load: firstLoad(run), entry: 0, to: 'accepted', ranges: [[1, records]] }]);
    await run.finishReading(firstLoad(run), records);
    bench.now += 1000;
    run.end({ exit: 0, totals: {} });
  }
  assert.equal(journal.lastComplete(target, { mapping: 'mapping-1' })?.records, 20);
  assert.equal(journal.lastComplete(target, { operations: ['person'], path: '/a' })?.records, 10);
  assert.equal(journal.lastComplete(target, { operations: ['other'] }), undefined);
  assert.equal(journal.lastComplete('elsewhere', {}), undefined);
});

test('after an end nothing more is recorded, and the load is free', async (t) => {
  const bench = workbench(t);
  const journal = bench.open();
  const run = journal.begin(push, request());
  run.end({ exit: 0, totals: {} });
  await assert.rejects(run.record([]), /has ended/);
  journal.begin(push, request());
});

test('an end commits what was still waiting', async (t) => {
  const bench = workbench(t);
  const journal = bench.open();
  const run = journal.begin(push, request());
  const load = firstLoad(run);
  const waiting = run.record([{ load, entry: 0, to: 'accepted', ranges: [[1, 3]] }]);
  const finished = run.finishReading(load, 3);
  run.end({ exit: 0, totals: {} });
  await Promise.all([waiting, finished]);
  assert.equal(journal.plan(request())[0]?.kind, 'already-complete');
});

test('a load that is not held by the run cannot be written to', async (t) => {
  const run = workbench(t).open().begin(push, request());
  assert.throws(() => void run.record([{ load: 999, entry: 0, to: 'accepted', ranges: [[1, 1]] }]), RangeError);
  assert.throws(
    () => void run.record([{ load: firstLoad(run), entry: 1, to: 'accepted', ranges: [[1, 1]] }]),
    RangeError,
  );
});

test('the journal and its side files are readable by their owner only', async (t) => {
  const bench = workbench(t);
  const run = bench.open().begin(push, request());
  await run.record([{ load: firstLoad(run), entry: 0, to: 'accepted', ranges: [[1, 1]] }]);
  for (const file of [bench.path, `${bench.path}-wal`, `${bench.path}-shm`]) {
    assert.equal(statSync(file).mode & 0o777, 0o600, file);
  }
});

test('10,000 small files in one run are a matter of a few commits', async (t) => {
  const bench = workbench(t);
  const journal = bench.open();
  const inputs = Array.from({ length: 10_000 }, (_, index) => input(`/data/${index}.csv`));
  const run = journal.begin(push, request({ inputs }));
  for (const { load } of run.loads) assert.deepEqual(await run.recover(load.id, [true]), []);
  assert.equal(run.commits, 0);
  const settled = run.loads.map(async ({ load: { id: load } }) => {
    const sending = run.record([{ load, entry: 0, to: 'sending', ranges: [[1, 3]] }]);
    void run.finishReading(load, 3);
    await sending;
    await run.record([{ load, entry: 0, to: 'accepted', ranges: [[1, 3]] }]);
  });
  await Promise.all(settled);
  run.end({ exit: 0, totals: {} });
  assert.ok(run.commits < 50, `${run.commits} commits`);
  const decisions = journal.plan(request({ inputs }));
  assert.ok(decisions.every((decision) => decision.kind === 'already-complete'));
});

/** Rows of `events`, looked at from outside. */
function storedEvents(path: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return Number(database.prepare('SELECT count(*) AS n FROM events').get()?.['n']);
  } finally {
    database.close();
  }
}

async function acceptEachAlone(run: JournalRun, from: number, to: number): Promise<void> {
  const load = firstLoad(run);
  for (let record = from; record <= to; record += 1) {
    const done = run.record([{ load, entry: 0, to: 'accepted', ranges: [[record, record]] }]);
    run.flush();
    await done;
  }
}

test('a load of many ranges is not summed up when it is taken up again, and its events count on', async (t) => {
  const bench = workbench(t);
  const journal = bench.open();
  const first = journal.begin(push, request());
  const load = firstLoad(first);
  const ranges = Array.from({ length: 200 }, (_, index): RecordRange => [2 * index + 1, 2 * index + 1]);
  const skipped = first.record([{ load, entry: 0, to: 'skipped', ranges }]);
  first.flush();
  await skipped;
  first.end({ exit: 5, totals: {} });

  const second = journal.begin(push, request());
  assert.equal(storedEvents(bench.path), 1);
  assert.equal(second.counts(load).skipped, 200);
  await acceptEachAlone(second, 401, 5_399);
  assert.equal(storedEvents(bench.path), 5_000);
  await acceptEachAlone(second, 5_400, 5_400);
  assert.equal(storedEvents(bench.path), 0);
  assert.partialDeepStrictEqual(second.counts(load), { skipped: 200, accepted: 5_000 });
  second.end({ exit: 5, totals: {} });
});

test('events are summed up when a load is taken up again, when it is complete, and when they are very many', async (t) => {
  const bench = workbench(t);
  const journal = bench.open();
  const first = journal.begin(push, request());
  const load = firstLoad(first);
  await acceptEachAlone(first, 1, 30);
  assert.equal(storedEvents(bench.path), 30);
  first.end({ exit: 5, totals: {} });

  const second = journal.begin(push, request());
  assert.equal(storedEvents(bench.path), 0);
  assert.equal(second.counts(load).accepted, 30);
  await acceptEachAlone(second, 31, 5_080);
  assert.ok(storedEvents(bench.path) < 100, `${storedEvents(bench.path)} left`);
  await second.finishReading(load, 5_080);
  second.end({ exit: 0, totals: {} });
  assert.equal(storedEvents(bench.path), 0);
  const [decision] = bench.open().plan(request());
  assert.ok(decision?.kind === 'already-complete' && decision.counts.accepted === 5_080);
});

test('a journal without a write-ahead log records as well, each commit on disk when it returns', async (t) => {
  const bench = workbench(t);
  bench.open().close();
  const plain = new DatabaseSync(bench.path);
  plain.exec('PRAGMA journal_mode = DELETE');
  plain.close();
  const journal = bench.open();
  const run = journal.begin(push, request());
  const load = firstLoad(run);
  const recorded = run.record([{ load, entry: 0, to: 'accepted', ranges: [[1, 5]] }]);
  run.hurry();
  await recorded;
  await run.finishReading(load, 5);
  run.end({ exit: 0, totals: {} });
  assert.equal(existsSync(`${bench.path}-wal`), false);
  assert.equal(bench.open().run(run.id).loads[0]?.counts.accepted, 5);
});
