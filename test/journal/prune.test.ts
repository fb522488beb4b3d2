/** Old runs go whole or not at all, and what was loaded is still known. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { Journal } from '../../src/journal/journal.ts';
import type { PlanRequest } from '../../src/journal/plan.ts';
import type { JournalRun } from '../../src/journal/run.ts';
import { type Bench, input, machine, push, request, workbench } from './workbench.ts';

const day = 86_400_000;
const of = (...paths: string[]): PlanRequest => request({ inputs: paths.map((path) => input(path)) });

/** Ten rows of each input: nine accepted, the last rejected; and a file of rejects. */
async function load(journal: Journal, what: PlanRequest, { wholly = true } = {}): Promise<JournalRun> {
  const run = journal.begin(push, what);
  for (const {
    load: { id },
  } of run.loads) {
    await run.checkpoint(id, { record: 1, byte: 0, line: 1 });
    await run.record(
      [
        { load: id, entry: 0, to: 'accepted', ranges: [[1, 9]] },
        { load: id, entry: 0, to: 'rejected', ranges: [[10, 10]] },
      ],
      [{ load: id, entry: 0, record: 1, value: 'receipt' }],
    );
    if (wholly) await run.finishReading(id, 10);
  }
  // That a load is complete goes with the commit after.
  run.flush();
  mkdirSync(run.directory, { recursive: true });
  writeFileSync(join(run.directory, 'rejects.ndjson'), 'x'.repeat(100));
  return run;
}

async function loaded(bench: Bench, what: PlanRequest, options?: { wholly: boolean }): Promise<JournalRun> {
  const run = await load(bench.open(), what, options);
  run.end({ exit: 1, totals: {} });
  return run;
}

const known = (bench: Bench): string[] =>
  bench
    .open()
    .runs()
    .map(({ id }) => id);
const rowsIn = (bench: Bench, table: string): number => {
  const database = new DatabaseSync(bench.path, { readOnly: true });
  try {
    return Number(database.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.['rows']);
  } finally {
    database.close();
  }
};

test('a run that is old enough goes with its rejects, and its file is still known to be loaded', async (t) => {
  const bench = workbench(t);
  const old = await loaded(bench, of('/old'));
  bench.now += 100 * day;
  const young = await loaded(bench, of('/young'));
  const seen = bench.open().plan(of('/old'));

  const wouldGo = bench.open().prune(bench.now - 90 * day, { dryRun: true });
  assert.deepEqual(wouldGo, { runs: [old.id], loads: 1, bytes: 100, rejected: 1, uncertain: 0 });
  assert.ok(known(bench).includes(old.id) && existsSync(old.directory), 'a dry run took it away');

  assert.deepEqual(bench.open().prune(bench.now - 90 * day, { dryRun: false }), wouldGo);
  assert.deepEqual(known(bench), [young.id]);
  assert.deepEqual([existsSync(old.directory), existsSync(young.directory)], [false, true]);
  assert.deepEqual([rowsIn(bench, 'checkpoints'), rowsIn(bench, 'receipts'), rowsIn(bench, 'loads')], [1, 1, 2]);
  assert.deepEqual(bench.open().plan(of('/old')), seen);
  assert.equal(bench.open().lastComplete(request().target, { path: '/old' })?.records, 10);
  assert.deepEqual(bench.open().prune(bench.now - 90 * day, { dryRun: false }).runs, []);
});

test('what is loaded again after a prune has other ids than each time before', async (t) => {
  const bench = workbench(t);
  const identities = new Set<string>();
  for (let time = 0; time < 3; time += 1) {
    const run = await loaded(bench, { ...of('/p'), again: true });
    identities.add(run.loads[0]?.load.identity ?? '');
    bench.now += 10 * day;
    bench.open().prune(bench.now - day, { dryRun: false });
  }
  assert.equal(identities.size, 3);
  assert.deepEqual(known(bench), []);
});

test('an unfinished load keeps its runs, those keep their other loads, and these keep their other runs', async (t) => {
  const bench = workbench(t);
  await loaded(bench, of('/a', '/open'), { wholly: false });
  const tied = await loaded(bench, of('/a', '/b'));
  const retry = bench.open().beginRetry(
    { ...push, kind: 'retry' },
    tied.loads.filter(({ load: { path } }) => path === '/b').map(({ load: { id } }) => id),
  );
  retry.end({ exit: 1, totals: {} });
  const free = await loaded(bench, of('/c'));
  bench.now += 100 * day;
  assert.deepEqual(bench.open().prune(bench.now - day, { dryRun: false }).runs, [free.id]);
  assert.equal(known(bench).length, 3);
  assert.equal(bench.open().plan(of('/open'))[0]?.kind, 'resume');

  // A retry of late keeps what it is about.
  const late = workbench(t);
  const first = await loaded(late, of('/d'));
  late.now += 100 * day;
  late
    .open()
    .beginRetry(
      { ...push, kind: 'retry' },
      first.loads.map(({ load: { id } }) => id),
    )
    .end({ exit: 0, totals: {} });
  assert.deepEqual(late.open().prune(late.now - day, { dryRun: false }).runs, []);
});

test('a run at work stays however long ago it began; one that crashed when all was done goes', async (t) => {
  const bench = workbench(t);
  const crashed = await load(bench.open({ surroundings: machine({ pid: 7 }) }), of('/crashed'));
  const working = await load(bench.open({ surroundings: machine({ pid: 8 }) }), of('/working'));
  bench.now += 100 * day;
  const journal = bench.open({ surroundings: machine({ pid: 9 }, { 8: '1000' }) });
  assert.deepEqual(journal.prune(bench.now - day, { dryRun: false }).runs, [crashed.id]);
  assert.ok(existsSync(working.directory));
  assert.equal(rowsIn(bench, 'leases'), 1);
  await working.record([{ load: working.loads[0]?.load.id ?? 0, entry: 0, to: 'rejected', ranges: [[9, 9]] }]);
});

test('of a load that was given up nothing stays', async (t) => {
  const bench = workbench(t);
  await loaded(bench, of('/p'), { wholly: false });
  await loaded(bench, { ...of('/p'), restart: true });
  bench.now += 100 * day;
  assert.equal(bench.open().prune(bench.now - day, { dryRun: false }).loads, 2);
  assert.equal(rowsIn(bench, 'loads'), 1);
  assert.equal(bench.open().plan(of('/p'))[0]?.kind, 'already-complete');
});

test('what validate left goes by the date in its name, and no other folder is touched', (t) => {
  const bench = workbench(t);
  const journal = bench.open();
  const names = [
    '20250101-0300-7f3a-validate',
    '20261120-0300-7f3a-validate',
    '20250101-0300-7f3a',
    'mine-validate',
    'mine',
  ];
  for (const name of names) mkdirSync(join(bench.folder, 'runs', name), { recursive: true });
  assert.deepEqual(journal.prune(bench.now - 90 * day, { dryRun: false }).runs, [names[0]]);
  assert.deepEqual(
    names.map((name) => existsSync(join(bench.folder, 'runs', name))),
    [false, true, true, true, true],
  );
});

test('a run whose name could lead out of the folder is left alone', async (t) => {
  const bench = workbench(t);
  const run = await loaded(bench, of('/p'));
  const outside = join(bench.folder, 'precious');
  mkdirSync(outside);
  const database = new DatabaseSync(bench.path);
  database.exec("UPDATE runs SET id = '../precious'; UPDATE run_loads SET run = '../precious'");
  database.close();
  bench.now += 100 * day;
  assert.deepEqual(bench.open().prune(bench.now - day, { dryRun: false }).runs, []);
  assert.ok(existsSync(outside) && existsSync(run.directory));
});
