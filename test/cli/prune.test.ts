/** What piles up beside the journal: runs that nobody needs, and copies of stdin whose process was killed. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { startRecorder } from '../support/recorder.ts';
import { createWorkdir, peopleCsv, writeStreamSetup } from '../support/workdir.ts';

const state = ['--state-dir', 'elsewhere'];

test('runs prune says what is lost, takes away old runs of the state directory that was named, and a file stays loaded', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', `${peopleCsv(4)}nobody,nowhere\n`);
  const push = ['push', 'p.csv', '-t', 'stream', '--json', ...state];
  const { summary } = await workdir.run(push);
  assert.partialDeepStrictEqual(summary, { accepted: 4, rejected: 1 });
  const folder = join(workdir.path, 'elsewhere', 'runs', String(summary['run']));
  const prune = ['runs', 'prune', '--older-than', '30d', ...state];
  const tooYoung = await workdir.run(prune);
  assert.match(tooYoung.stdout, /^Nothing that is done ended before /);

  const database = new DatabaseSync(join(workdir.path, 'elsewhere', 'journal.db'));
  const shift = 31 * 86_400_000;
  database.exec(
    `UPDATE runs SET started = started - ${shift}, ended = ended - ${shift}; UPDATE loads SET completed = completed - ${shift}`,
  );
  database.close();
  const dry = await workdir.run([...prune, '--dry-run']);
  assert.match(
    dry.stdout,
    new RegExp(
      `1 run that ended before .* would go.*${summary['run']}\nLost by it: no retry can send 1 rejected row any more\\.\n.*still known`,
    ),
  );
  assert.ok(existsSync(folder));
  const pruned = await workdir.run([...prune, '--json']);
  assert.partialDeepStrictEqual(pruned.summary, {
    event: 'pruned',
    dryRun: false,
    runs: [summary['run']],
    loads: 1,
    rejected: 1,
    uncertain: 0,
  });
  assert.ok(!existsSync(folder));
  assert.match((await workdir.run(['retry', String(summary['run']), ...state])).stderr, /run-unknown/);
  const again = await workdir.run(push);
  assert.equal((again.summary['alreadyLoaded'] as unknown[]).length, 1);
  assert.equal((await workdir.run(['runs', 'prune', '--older-than', '0d'])).status, 2);
});

test('a killed run leaves its copy of stdin behind, and the next one sweeps it', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t, () => ({ delay: 60_000 }));
  writeStreamSetup(workdir, platform.url);
  const spool = join(workdir.path, '.cdp-load', 'spool');
  const { child, done } = workdir.start(['push', '-', '-t', 'stream', '--format', 'csv'], { stdin: peopleCsv(4) });
  await platform.reached(1);
  child.kill('SIGKILL');
  await done;
  assert.equal(readdirSync(spool).length, 1);
  workdir.file('p.csv', peopleCsv(1));
  assert.equal((await workdir.run(['validate', 'p.csv', '-t', 'stream'])).status, 0);
  assert.deepEqual(readdirSync(spool), []);
});
