import assert from 'node:assert/strict';
import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { openDatabase } from '../../src/journal/database.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { schemaSteps } from '../../src/journal/schema.ts';
import { failure, input, machine, push, request, temporaryFolder, workbench } from './workbench.ts';

const fixtures = new URL('../../fixtures/journal/', import.meta.url).pathname;
const versions = readdirSync(fixtures).filter((name) => /^v\d+\.db$/.test(name));

test('a journal of every version of the schema is kept', () => {
  assert.deepEqual(
    versions.sort(),
    schemaSteps.map((_, index) => `v${index + 1}.db`),
  );
});

for (const version of versions) {
  test(`the journal ${version} is read, and its unfinished load goes on`, async (t) => {
    const folder = temporaryFolder(t);
    copyFileSync(join(fixtures, version), join(folder, 'journal.db'));
    const journal = openJournal(folder, { surroundings: machine({ pid: 7 }) });
    t.after(() => journal.close());
    const [complete, open] = journal.plan(request({ inputs: [input('/data/done.csv'), input('/data/people.csv')] }));
    assert.ok(complete?.kind === 'already-complete' && open?.kind === 'resume');
    assert.deepEqual(complete.counts, { accepted: 8, rejected: 1, skipped: 1, uncertain: 0, sending: 0, open: 0 });
    assert.equal(journal.runs().length, 2);
    const run = journal.begin(push, request());
    const [doubt] = await run.recover(open.load.id, [true]);
    assert.equal(doubt?.records.toString(), '121-130,141-150');
    assert.deepEqual(run.resumePoint(open.load.id).from, { record: 101, byte: 4020, line: 102 });
    run.end({ exit: 5, totals: {} });
  });
}

const twoSteps = [...schemaSteps, 'CREATE TABLE later (note TEXT) STRICT'];

test('an older journal takes the missing steps once and keeps what is in it', (t) => {
  const bench = workbench(t);
  bench.open().begin(push, request());
  for (const _ of ['first', 'second']) {
    const database = openDatabase(bench.path, { steps: twoSteps });
    assert.equal(database.prepare('PRAGMA user_version').get()?.['user_version'], twoSteps.length);
    assert.equal(database.prepare('SELECT count(*) AS n FROM loads').get()?.['n'], 1);
    assert.equal(database.prepare('SELECT count(*) AS n FROM later').get()?.['n'], 0);
    database.close();
  }
});

test('a journal from a later version is refused and left as it is', (t) => {
  const bench = workbench(t);
  openDatabase(bench.path, { steps: twoSteps }).close();
  assert.throws(() => bench.open(), failure('journal-newer', /Update cdp-load/));
  openDatabase(bench.path, { steps: twoSteps }).close();
});

test('a step that fails leaves the journal at the version it had', (t) => {
  const bench = workbench(t);
  bench.open().close();
  const broken = [...schemaSteps, 'CREATE TABLE later (note TEXT) STRICT; CREATE TABLE loads (id INTEGER)'];
  assert.throws(() => openDatabase(bench.path, { steps: broken }));
  const database = new DatabaseSync(bench.path);
  t.after(() => database.close());
  assert.equal(database.prepare('PRAGMA user_version').get()?.['user_version'], schemaSteps.length);
  assert.equal(database.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'later'").get()?.['n'], 0);
});
