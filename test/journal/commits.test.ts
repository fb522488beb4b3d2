import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Committer } from '../../src/journal/commits.ts';
import { openDatabase } from '../../src/journal/database.ts';
import { Loads } from '../../src/journal/loads.ts';
import { Locks } from '../../src/journal/locks.ts';
import type { JournalEvent } from '../../src/journal/state.ts';
import { destination, input, machine, start, workbench } from './workbench.ts';

const sent: JournalEvent = { load: 1, entry: 0, to: 'sending', ranges: [[1, 5]] };

/** A committer of one load, before a disk whose syncs end when the test says so. */
function createBench(t: TestContext) {
  const { path } = workbench(t);
  const database = openDatabase(path);
  t.after(() => database.close());
  const loads = new Loads(database);
  const locks = new Locks(database, machine());
  const load = loads.create(destination, input('/data/people.csv'), 'run', start);
  locks.acquire('run', [load], start);
  const syncs: ((error: Error | null) => void)[] = [];
  const broke: unknown[] = [];
  let waited = 0;
  let failsNow: Error | undefined;
  const committer = new Committer({
    path,
    run: 'run',
    database,
    loads,
    locks,
    log: {
      begin: (done) => void syncs.push(done),
      finish() {
        waited += 1;
        if (failsNow !== undefined) throw failsNow;
      },
    },
    entriesOf: () => 1,
    committed: () => {},
    broke: (reason) => void broke.push(reason),
  });
  return {
    committer,
    syncs,
    broke,
    waited: () => waited,
    failNow: (error: Error) => {
      failsNow = error;
    },
    /** Rows of `events`, whether they are on disk or not. */
    events: () => database.prepare('SELECT count(*) AS n FROM events').get()?.['n'],
  };
}

const stateOf = (promise: Promise<void>): Promise<string> =>
  Promise.race([
    promise.then(
      () => 'done',
      () => 'refused',
    ),
    sleep(20).then(() => 'open'),
  ]);

const turnOfLoop = () => new Promise((resolve) => setImmediate(resolve));
const brokenDisk = Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO', syscall: 'fsync' });

test('a record is kept when the log has been synced, not when it has been committed', async (t) => {
  const { committer, syncs, events } = createBench(t);
  const done = committer.record([sent]);
  committer.hurry();
  await turnOfLoop();
  assert.equal(events(), 1);
  assert.equal(await stateOf(done), 'open');
  syncs[0]?.(null);
  await done;
  assert.equal(committer.commits, 1);
});

test('while one commit is being synced the next gathers, however much of a hurry there is', async (t) => {
  const { committer, syncs, events } = createBench(t);
  const first = committer.record([sent]);
  committer.hurry();
  await turnOfLoop();
  const others = [6, 7, 8].map((record) => {
    const recorded = committer.record([{ ...sent, ranges: [[record, record]] }]);
    committer.hurry();
    return recorded;
  });
  await sleep(20);
  assert.deepEqual([syncs.length, events()], [1, 1]);
  syncs[0]?.(null);
  await first;
  while (syncs.length < 2) await turnOfLoop();
  syncs[1]?.(null);
  await Promise.all(others);
  assert.deepEqual([committer.commits, events()], [2, 2]);
});

test('without a hurry more is waited for; with one it is not', async (t) => {
  const { committer, syncs } = createBench(t);
  const begun = performance.now();
  void committer.record([sent]);
  while (syncs.length < 1) await turnOfLoop();
  assert.ok(performance.now() - begun >= 49, `${performance.now() - begun} ms`);
});

test('a sync that fails refuses what was committed, what gathers, and all that comes', async (t) => {
  const { committer, syncs, broke } = createBench(t);
  const first = committer.record([sent]);
  committer.hurry();
  await turnOfLoop();
  const second = committer.record([sent]);
  syncs[0]?.(brokenDisk);
  const refusal = { code: 'journal-unwritable', message: /EIO/ };
  await assert.rejects(first, refusal);
  await assert.rejects(second, refusal);
  await assert.rejects(committer.record([sent]), refusal);
  assert.throws(() => committer.flush(), refusal);
  assert.equal(broke.length, 1);
  assert.equal(syncs.length, 1);
  assert.equal(committer.commits, 0);
});

test('a flush waits for what is being synced and commits what gathers; the sync that ends later says no more than whether it failed', async (t) => {
  const { committer, syncs, waited, events, broke } = createBench(t);
  const first = committer.record([sent]);
  committer.hurry();
  await turnOfLoop();
  const second = committer.record([{ ...sent, to: 'accepted' }]);
  committer.flush();
  assert.deepEqual([committer.commits, waited(), events()], [2, 2, 2]);
  await Promise.all([first, second]);
  syncs[0]?.(null);
  assert.deepEqual([committer.commits, broke.length], [2, 0]);
  syncs[0]?.(brokenDisk);
  assert.deepEqual([committer.commits, broke.length], [2, 1]);
  await assert.rejects(committer.record([sent]), { code: 'journal-unwritable' });
});

test('a flush whose sync fails throws, and refuses the rest', async (t) => {
  const { committer, failNow } = createBench(t);
  failNow(brokenDisk);
  const done = committer.record([sent]);
  assert.throws(() => committer.flush(), { code: 'journal-unwritable' });
  await assert.rejects(done, { code: 'journal-unwritable' });
  assert.equal(committer.commits, 0);
});
