import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import { openDatabase } from '../../src/journal/database.ts';
import { Journal, openJournal } from '../../src/journal/journal.ts';
import type { LoadState } from '../../src/journal/state.ts';
import { anyEvents, assertAgrees, model } from './model.ts';
import { type Bench, failure, input, machine, push, request, temporaryFolder, workbench } from './workbench.ts';

const rows = 40;

function openedState(folder: string): LoadState {
  const journal = openJournal(folder, { surroundings: machine({ pid: 7 }) });
  try {
    const [decision] = journal.plan(request({ operations: ['a', 'b'] }));
    assert.ok(decision?.kind === 'resume', decision?.kind);
    return decision.state;
  } finally {
    journal.close();
  }
}

const printed = (state: LoadState): string =>
  JSON.stringify(state.entries.map((sets) => Object.entries(sets).map(([name, set]) => `${name}:${set}`)));

/** Copies the journal's files as a crash at this moment would leave them. */
function copyOf(bench: Bench, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const suffix of ['', '-wal']) {
    if (existsSync(bench.path + suffix)) copyFileSync(bench.path + suffix, join(to, `journal.db${suffix}`));
  }
}

test('the state that is recovered after any commit is the state of the events up to it', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyEvents(2, rows), { minLength: 1, maxLength: 6 }), async (batches) => {
      const bench = workbench(t);
      const run = bench.open().begin(push, request({ operations: ['a', 'b'] }));
      const load = run.loads[0]?.load.id ?? 0;
      const expected = model(2);
      for (const [index, events] of batches.entries()) {
        // In pieces, so that the folding of several calls into one commit is what is tried.
        await Promise.all(events.map((event) => run.record([{ ...event, load }])));
        for (const event of events) expected.apply(event);
        assertAgrees(run.state(load), expected, rows);
        const copy = join(bench.folder, `after-${index}`);
        copyOf(bench, copy);
        assertAgrees(openedState(copy), expected, rows);
      }
    }),
    { numRuns: 15 },
  );
});

/** A journal with a history of some commits, in one file or with its log beside it; and each state it went through. */
async function someHistory(bench: Bench): Promise<{ states: string[]; inOneFile(): void }> {
  const journal = bench.open();
  const run = journal.begin(push, request({ operations: ['a', 'b'] }));
  const load = run.loads[0]?.load.id ?? 0;
  const states = [printed(run.state(load))];
  for (let step = 1; step <= 12; step += 1) {
    await run.record([
      { load, entry: 0, to: 'sending', ranges: [[step * 10, step * 10 + 9]] },
      { load, entry: 1, to: 'accepted', ranges: [[step * 20, step * 20 + 7]] },
    ]);
    states.push(printed(run.state(load)));
  }
  return { states, inOneFile: () => journal.close() };
}

/** Either it is said to be damaged, or the state is one that was once on disk. Returns which. */
function tryOpen(folder: string, states: readonly string[]): number | 'corrupt' {
  try {
    const at = states.indexOf(printed(openedState(folder)));
    assert.ok(at >= 0, 'a state that never was');
    return at;
  } catch (error) {
    failure('journal-corrupt', /move it away/)(error);
    return 'corrupt';
  }
}

test('a journal cut short anywhere is said to be damaged, and never taken for an empty one', async (t) => {
  const bench = workbench(t);
  const { states, inOneFile } = await someHistory(bench);
  inOneFile();
  const whole = readFileSync(bench.path);
  const folder = temporaryFolder(t);
  const path = join(folder, 'journal.db');
  const step = 509;
  for (let length = 0; length < whole.length; length += step) {
    writeFileSync(path, whole.subarray(0, length));
    assert.equal(tryOpen(folder, states), 'corrupt', `cut to ${length} bytes`);
  }
  writeFileSync(path, whole);
  assert.equal(tryOpen(folder, states), states.length - 1);
});

test('a log cut short anywhere gives a state that was once on disk, the later the longer it is', async (t) => {
  const bench = workbench(t);
  const { states } = await someHistory(bench);
  const log = readFileSync(`${bench.path}-wal`);
  assert.ok(log.length > 4096);
  const folder = temporaryFolder(t);
  const seen = new Set<number>();
  let last = 0;
  for (let length = log.length - 4000 * 30; length <= log.length; length += 1999) {
    if (length < 0) continue;
    rmSync(folder, { recursive: true, force: true });
    copyOf(bench, folder);
    truncateSync(join(folder, 'journal.db-wal'), length);
    const at = tryOpenEarly(folder, states);
    assert.ok(at >= last, `state ${at} after ${last}`);
    last = at;
    seen.add(at);
  }
  assert.ok(seen.size > 5, 'the cuts should fall among the commits');
});

/** Cut before its first commit, the load is not there yet: state 0, like that of a load without events. */
function tryOpenEarly(folder: string, states: readonly string[]): number {
  const journal = openJournal(folder, { surroundings: machine({ pid: 7 }) });
  const [decision] = journal.plan(request({ operations: ['a', 'b'] }));
  journal.close();
  if (decision?.kind === 'new') return 0;
  const at = tryOpen(folder, states);
  assert.ok(typeof at === 'number');
  return at;
}

/** Where the last transaction of a log begins. */
function lastTransactionOf(log: Buffer): number {
  const frame = 24 + log.readUInt32BE(8);
  const commits: number[] = [];
  for (let at = 32; at + frame <= log.length; at += frame) if (log.readUInt32BE(at + 4) !== 0) commits.push(at + frame);
  return commits.at(-2) ?? 32;
}

test('a byte changed anywhere in the log is noticed, but for the last transaction, which may as well have been cut off', async (t) => {
  const bench = workbench(t);
  const { states } = await someHistory(bench);
  const log = readFileSync(`${bench.path}-wal`);
  const last = lastTransactionOf(log);
  const folder = temporaryFolder(t);
  const places = [
    ...Array.from({ length: 32 }, (_, at) => at),
    ...Array.from({ length: Math.floor((log.length - 32) / 2999) }, (_, index) => 32 + index * 2999),
    // The header of a frame: page, size after the commit, salts, checksums.
    ...[0, 5, 9, 13, 17, 21].map((at) => 32 + 2 * (24 + log.readUInt32BE(8)) + at),
    last + 30,
  ];
  let noticed = 0;
  for (const at of places) {
    rmSync(folder, { recursive: true, force: true });
    copyOf(bench, folder);
    const damaged = Buffer.from(log);
    damaged[at] = (damaged[at] ?? 0) ^ 0xff;
    writeFileSync(join(folder, 'journal.db-wal'), damaged);
    const found = tryOpen(folder, states);
    if (at >= last) assert.equal(found, states.length - 2, `a byte of the last transaction, ${at}`);
    else assert.equal(found, 'corrupt', `byte ${at}`);
    if (found === 'corrupt') {
      noticed += 1;
      assert.deepEqual(readFileSync(join(folder, 'journal.db-wal')), damaged, 'what was left to look at is gone');
    }
  }
  assert.ok(noticed > 60, `${noticed} changes noticed`);
});

test('what a transaction that was rolled back left behind in the log is no damage', async (t) => {
  const bench = workbench(t);
  const { states } = await someHistory(bench);
  const [short, long] = await Promise.all(
    [1, 60].map(async (ranges) => {
      const folder = join(bench.folder, `copy-${ranges}`);
      copyOf(bench, folder);
      const journal = openJournal(folder, { surroundings: machine({ pid: 7 }) });
      t.after(() => journal.close());
      const run = journal.begin(push, request({ operations: ['a', 'b'] }));
      const load = run.loads[0]?.load.id ?? 0;
      const spread = Array.from({ length: ranges * 100 }, (_, index): [number, number] => [
        index * 3 + 1,
        index * 3 + 1,
      ]);
      await run.record([{ load, entry: 0, to: 'rejected', ranges: spread }]);
      return { log: readFileSync(join(folder, 'journal.db-wal')), state: printed(run.state(load)) };
    }),
  );
  assert.ok(short !== undefined && long !== undefined && long.log.length > short.log.length + 2 * 4120);
  assert.deepEqual(short.log.subarray(16, 24), long.log.subarray(16, 24), 'two logs, not one that went on in two ways');
  const folder = temporaryFolder(t);
  copyOf(bench, folder);
  writeFileSync(join(folder, 'journal.db-wal'), Buffer.concat([short.log, long.log.subarray(short.log.length)]));
  assert.equal(tryOpen(folder, [...states, short.state]), states.length);
});

test('a byte changed anywhere in what was recorded is noticed', async (t) => {
  const bench = workbench(t);
  const { states, inOneFile } = await someHistory(bench);
  inOneFile();
  const whole = readFileSync(bench.path);
  const folder = temporaryFolder(t);
  let noticed = 0;
  // Every digit of every range that the file holds.
  for (let at = 0; at < whole.length; at += 1) {
    const text = whole.subarray(at, at + 7).toString('latin1');
    if (!/^\d{2,3}-\d{2,3}/.test(text) || /\d/.test(String.fromCharCode(whole[at - 1] ?? 0))) continue;
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] ?? 0) === 0x31 ? 0x32 : 0x31;
    writeFileSync(join(folder, 'journal.db'), damaged);
    const found = tryOpen(folder, states);
    if (found === 'corrupt') noticed += 1;
    // Digits in pages that are no longer in use, or of the run's name, are of no consequence.
    else assert.equal(found, states.length - 1);
  }
  assert.ok(noticed >= 24, `${noticed} changes noticed`);
});

for (const [claim, says, make] of [
  [
    'a file that is no database',
    /not a database/,
    (path: string) => writeFileSync(path, 'name;email\nada;ada@example.com\n'.repeat(100)),
  ],
  ['an empty file', /it is empty/, (path: string) => writeFileSync(path, '')],
  [
    "another program's database",
    /a database, but not a journal/,
    (path: string) => void new DatabaseSync(path).exec('CREATE TABLE songs (name TEXT); PRAGMA user_version = 1'),
  ],
  ['a log without its journal', /it is gone/, (path: string) => writeFileSync(`${path}-wal`, 'x'.repeat(4096))],
] as const) {
  test(`${claim} in the journal's place is refused and left as it is`, (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, 'journal.db');
    make(path);
    const before = existsSync(path) ? readFileSync(path) : undefined;
    assert.throws(() => openJournal(folder), failure('journal-corrupt', says));
    assert.deepEqual(existsSync(path) ? readFileSync(path) : undefined, before);
  });
}

test('a state directory that cannot be made or written says so with exit 5', (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'file');
  writeFileSync(file, '');
  assert.throws(
    () => openJournal(join(file, 'state')),
    (error) =>
      failure('journal-unwritable', /--state-dir/)(error) &&
      error instanceof Error &&
      'exit' in error &&
      error.exit === 5,
  );
});

test('a journal that may only be read can be looked at, but no run begins', (t) => {
  const bench = workbench(t);
  bench.open().close();
  const journal = new Journal(bench.folder, bench.path, new DatabaseSync(bench.path, { readOnly: true }), {});
  t.after(() => journal.close());
  assert.equal(journal.plan(request())[0]?.kind, 'new');
  assert.throws(() => journal.begin(push, request()), failure('journal-unwritable'));
});

test('on a full disk the run is stopped, nothing unrecorded counts, and what was recorded is still there', async (t) => {
  const bench = workbench(t);
  const database = openDatabase(bench.path);
  const journal = new Journal(bench.folder, bench.path, database, { surroundings: machine(), every: () => () => {} });
  const run = journal.begin(push, request());
  const load = run.loads[0]?.load.id ?? 0;
  const pages = database.prepare('PRAGMA page_count').get()?.['page_count'];
  database.exec(`PRAGMA max_page_count = ${Number(pages) + 3}`);
  let recorded = 0;
  const fill = async () => {
    for (let at = 1; at < 1_000_000; at += 2000) {
      const ranges = Array.from({ length: 500 }, (_, index): [number, number] => [at + index * 3, at + index * 3 + 1]);
      await run.record([{ load, entry: 0, to: 'accepted', ranges }]);
      recorded += 1000;
    }
  };
  await assert.rejects(fill(), failure('journal-unwritable', /full/));
  assert.ok(recorded > 0);
  assert.equal(run.counts(load).accepted, recorded);
  await assert.rejects(
    run.record([{ load, entry: 0, to: 'accepted', ranges: [[1, 1]] }]),
    failure('journal-unwritable'),
  );
  await assert.rejects(run.finishReading(load, 5), failure('journal-unwritable'));
  assert.throws(() => run.end({ exit: 0, totals: {} }), failure('journal-unwritable'));
  journal.close();

  const [decision] = bench.open({ surroundings: machine({ pid: 8 }) }).plan(request());
  assert.ok(decision?.kind === 'resume');
  assert.equal(decision.counts.accepted, recorded);
});

test('a journal that is moved away under a run stops it at its next sign of life, or at its end', async (t) => {
  for (const notice of ['renew', 'end'] as const) {
    const bench = workbench(t);
    const run = bench.open().begin(push, request());
    renameSync(bench.path, `${bench.path}.away`);
    if (notice === 'renew') {
      run.renew();
      await assert.rejects(run.record([]), failure('journal-unwritable', /moved or deleted/));
    } else {
      assert.throws(() => run.end({ exit: 0, totals: {} }), failure('journal-unwritable', /moved or deleted/));
    }
  }
});

test('a run is told of a journal that it lost though it records nothing, and a folder that cannot be looked at is no crash', async (t) => {
  for (const lose of [
    ({ path }: Bench) => rmSync(path),
    ({ folder }: Bench) => {
      // The system refuses to follow a link to itself.
      renameSync(folder, `${folder}.away`);
      t.after(() => rmSync(`${folder}.away`, { recursive: true }));
      symlinkSync(folder, folder);
    },
  ]) {
    const bench = workbench(t);
    let beat = () => {};
    const every = (_ms: number, work: () => void) => {
      beat = work;
      return () => {};
    };
    const run = bench.open({ every }).begin(push, request());
    const told: unknown[] = [];
    run.whenBroken((reason) => told.push(reason));
    beat();
    assert.deepEqual(told, []);
    lose(bench);
    beat();
    beat();
    assert.equal(told.length, 1);
    assert.ok(failure('journal-unwritable', /moved or deleted/)(told[0]));
  }
});

test('a journal that another process keeps for itself is busy, not damaged', (t) => {
  const bench = workbench(t);
  const database = openDatabase(bench.path);
  database.exec('PRAGMA busy_timeout = 0');
  const journal = new Journal(bench.folder, bench.path, database, { surroundings: machine() });
  t.after(() => journal.close());
  const other = new DatabaseSync(bench.path);
  t.after(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  assert.throws(() => journal.begin(push, request({ inputs: [input('/x')] })), failure('journal-busy'));
});
