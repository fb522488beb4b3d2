/** Disks that fail under what lies beside the journal: rejected rows, the copy of stdin, reports. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readRejects } from '../../src/journal/read-rejects.ts';
import { rowFiles } from '../../src/journal/rejects.ts';
import { namedInFlight } from '../support/in-flight.ts';
import { startRecorder } from '../support/recorder.ts';
import { createWorkdir, type Ran, type Workdir, writeStreamSetup } from '../support/workdir.ts';
import { isDead } from './aftermath.ts';
import { inPairs } from './in-pairs.ts';
import { csvOf, nameOfRow, sceneNamed } from './scenes.ts';
import { createStage } from './stage.ts';
import { countCallsOn, failingAt, killedAt, onlyOn } from './strace.ts';

/** So that the four random digits of a run's name are known beforehand; and one thread for files, so that calls are counted in one row. */
const known = { node: ['--random-seed=7'], env: { UV_THREADPOOL_SIZE: '1' } };

/** Where a run that starts now will write these rows: names of runs go by the minute. */
function pathsOf(workdir: Workdir, digits: string, name: string): string[] {
  return [0, 60_000].map((later) => {
    const [day, time] = new Date(Date.now() + later).toISOString().split('T');
    const minute = `${day?.replaceAll('-', '')}-${time?.slice(0, 5).replace(':', '')}`;
    return join(workdir.path, '.cdp-load', 'runs', `${minute}-${digits}`, name);
  });
}

const digitsOf = (ran: Ran): string => String(ran.summary['run']).split('-')[2] ?? '';

/** Everything that any run of this folder wrote down, by record. */
async function tracesIn(workdir: Workdir): Promise<Set<number>> {
  const runs = join(workdir.path, '.cdp-load', 'runs');
  const records = new Set<number>();
  for (const run of existsSync(runs) ? readdirSync(runs) : []) {
    for (const name of Object.values(rowFiles)) {
      const path = join(runs, run, name);
      if (existsSync(path)) for await (const { record } of readRejects(path)) records.add(record);
    }
  }
  return records;
}

function saysRejectsUnwritable(ran: Ran, where: string): void {
  const says = `${where}: ${ran.status} ${ran.signal}\n${ran.stdout}${ran.stderr}`;
  const said = ran.summary['event'] === 'error' ? ran.summary : (ran.summary['stopped'] as Record<string, unknown>);
  assert.equal(said?.['code'], 'rejects-unwritable', says);
  assert.match(String(said?.['hint']), /--state-dir/, says);
  assert.equal(ran.status, 5, says);
}

const faults = [
  { name: 'EIO', under: (call: string, nth: number) => failingAt(call, 'EIO', nth) },
  { name: 'ENOSPC', under: (call: string, nth: number) => failingAt(call, 'ENOSPC', nth) },
  { name: 'SIGKILL', under: killedAt },
] as const;

const rows = 16;
const unmappable = 3;
const refused = [6, 11, 12];
const bad = [unmappable, ...refused];
const push = ['push', 'p.csv', '-t', 'stream', '--json', '--chunk-size', '4', '--concurrency', '1'];

/** A platform that refuses some rows one by one, and a file of which another cannot even be mapped. */
async function setUp(t: TestContext, operation: 'person' | 'interaction') {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t, ({ body }) => (body.includes('refused@') ? { status: 413 } : {}));
  writeStreamSetup(workdir, platform.url, operation);
  const cells = (record: number) =>
    record === unmappable
      ? 'nobody,p@example.com'
      : `${record},${refused.includes(record) ? 'refused' : 'p'}@example.com`;
  workdir.file(
    'p.csv',
    ['customer_id,email', ...Array.from({ length: rows }, (_, index) => cells(index + 1)), ''].join('\n'),
  );
  return { workdir, platform };
}

for (const operation of ['person', 'interaction'] as const) {
  test(`${operation}: each write of rejected rows that fails or kills leaves no row without a trace, and the same command goes on`, async (t) => {
    const whole = await setUp(t, operation);
    const clean = await whole.workdir.run(push, known);
    assert.partialDeepStrictEqual(clean.summary, { read: rows, accepted: 12, rejected: 4, exit: 1 }, clean.stdout);
    const points = faults.flatMap((fault) =>
      ['write', 'fdatasync'].flatMap((call) => [1, 2, 3, 4].map((nth) => ({ fault, call, nth }))),
    );
    let hit = 0;
    await inPairs(points, async ({ fault, call, nth }) => {
      const where = `${fault.name} at ${call} ${nth}`;
      const { workdir, platform } = await setUp(t, operation);
      const paths = pathsOf(workdir, digitsOf(clean), rowFiles.rejected);
      const ran = await workdir.run(push, { ...known, under: onlyOn(paths, fault.under(call, nth)) });
      // Lines that come close together are written in one go.
      if (ran.status === 1 && nth > 2) return;
      hit += 1;
      if (fault.name === 'SIGKILL') assert.ok(isDead(ran), `${where}\n${ran.stdout}${ran.stderr}`);
      else {
        saysRejectsUnwritable(ran, where);
        assert.equal(ran.summary['event'], platform.heard.length > 0 ? 'summary' : 'error', where + ran.stdout);
      }

      const last = await workdir.run(push);
      const says = `${where}\n${ran.stdout}${last.stdout}${last.stderr}`;
      const named = namedInFlight(last.events);
      assert.equal(last.status, 1, says);
      const held = operation === 'person' ? 0 : named.size;
      assert.partialDeepStrictEqual(last.summary, { read: rows, uncertain: held, remaining: 0 }, says);
      const traces = await tracesIn(workdir);
      for (const record of bad) assert.ok(traces.has(record), `row ${record} left no trace; ${says}`);
      const times = new Map<number, number>();
      for (const { CustomerId } of platform.stored) {
        const id = Number(CustomerId);
        times.set(id, (times.get(id) ?? 0) + 1);
      }
      for (let record = 1; record <= rows; record++) {
        const count = times.get(record) ?? 0;
        if (bad.includes(record)) assert.equal(count, 0, says);
        else assert.ok(count === 1 || named.has(record), `row ${record} came ${count} times; ${says}`);
        if (operation === 'interaction') assert.ok(count <= 1, `row ${record} came ${count} times; ${says}`);
      }
    });
    assert.ok(hit >= points.length / 2, `only ${hit} of ${points.length} were hit`);
    t.diagnostic(`${hit} of ${points.length} hit`);
  });
}

test('customerio: the same of rows that could not be mapped: none is settled before its line is on the disk', async (t) => {
  const scene = sceneNamed('customerio track');
  const withBad = async () => {
    const stage = await createStage(t, scene, { flags: ['--concurrency', '2'] });
    stage.workdir.file(
      'rows.csv',
      csvOf(scene.rows)
        .replace(`${nameOfRow(7)},`, ',')
        .replace(`${nameOfRow(31)},`, ','),
    );
    return stage;
  };
  const clean = await withBad();
  const whole = await clean.workdir.run(clean.args, known);
  assert.partialDeepStrictEqual(whole.summary, { accepted: scene.rows - 2, rejected: 2, exit: 1 }, whole.stdout);
  const points = faults.flatMap((fault) => ['write', 'fdatasync'].map((call) => ({ fault, call })));
  await inPairs(points, async ({ fault, call }) => {
    const where = `${fault.name} at ${call}`;
    const stage = await withBad();
    const paths = pathsOf(stage.workdir, digitsOf(whole), rowFiles.rejected);
    const ran = await stage.workdir.run(stage.args, { ...known, under: onlyOn(paths, fault.under(call, 1)) });
    if (fault.name === 'SIGKILL') assert.ok(isDead(ran), `${where}\n${ran.stdout}${ran.stderr}`);
    else saysRejectsUnwritable(ran, where);
    const last = await stage.workdir.run(stage.args);
    const says = `${where}\n${ran.stdout}${last.stdout}${last.stderr}`;
    assert.partialDeepStrictEqual(last.summary, { accepted: scene.rows - 2, rejected: 2, remaining: 0, exit: 1 }, says);
    const lastRun = join(stage.workdir.path, '.cdp-load', 'runs', String(last.summary['run']), rowFiles.rejected);
    const lines = readFileSync(lastRun, 'utf8').trim().split('\n');
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { record: number }).record),
      [7, 31],
      says,
    );
    assert.deepEqual(new Set(scene.holds(stage.emulator).values()), new Set([1]), says);
  });
});

test('a disk that fails under the input ends the run with exit 2 when nothing was sent, with 5 when something was, and the same command goes on', async (t) => {
  const wide = 400;
  const exits: number[] = [];
  // More than may wait at once, so that the last look comes when many have left.
  const smallChunks = ['--chunk-size', '2', '--concurrency', '16'];
  const args = ['push', 'p.csv', '-t', 'stream', '--json', ...smallChunks];
  const stage = async (operation: 'person' | 'interaction') => {
    const workdir = createWorkdir(t);
    const platform = await startRecorder(t);
    writeStreamSetup(workdir, platform.url, operation);
    const lines = Array.from({ length: 8000 }, (_, index) => `${index + 1},p@example.com,${'x'.repeat(wide)}`);
    const file = workdir.file('p.csv', ['customer_id,email,more', ...lines, ''].join('\n'));
    return { workdir, platform, file };
  };
  const whole = await stage('person');
  const reads = await countCallsOn(whole.file, 'pread64', (under) => whole.workdir.run(args, { ...known, under }));
  // While it is looked at, while its rows are read, and while it is looked at once more.
  const nths = [0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 1].map((share) => Math.max(1, Math.round(share * reads)));
  const points = (['person', 'interaction'] as const).flatMap((operation) => nths.map((nth) => ({ operation, nth })));
  await inPairs(points, async ({ operation, nth }) => {
    const { workdir, platform, file } = await stage(operation);
    const ran = await workdir.run(args, { ...known, under: onlyOn([file], failingAt('pread64', 'EIO', `${nth}+`)) });
    const where = `${operation}, EIO from read ${nth} on: ${ran.stdout}${ran.stderr}`;
    exits.push(ran.status ?? 0);
    assert.equal(ran.status, platform.heard.length > 0 ? 5 : 2, where);
    assert.match(where, /"input-unreadable"/);
    assert.match(where, /EIO/);
    const last = await workdir.run(args);
    assert.partialDeepStrictEqual(last.summary, { accepted: 8000, remaining: 0, exit: 0 }, last.stdout + last.stderr);
    assert.equal(new Set(platform.stored.map(({ CustomerId }) => CustomerId)).size, 8000);
  });
  assert.deepEqual(new Set(exits), new Set([2, 5]), 'both must have happened');
  t.diagnostic(exits.join(', '));
});

test('a report that cannot be written says why, and one that a kill cut short is written whole the next time', async (t) => {
  const { workdir } = await setUp(t, 'person');
  for (const name of ['out.html', 'out.json']) {
    const validate = ['validate', 'p.csv', '-t', 'stream', '--json', '--report', name];
    for (const fault of faults) {
      const ran = await workdir.run(validate, { under: onlyOn([join(workdir.path, name)], fault.under('write', 1)) });
      const says = `${fault.name} at ${name}: ${ran.stdout}${ran.stderr}`;
      if (fault.name === 'SIGKILL') assert.ok(isDead(ran), says);
      else {
        assert.partialDeepStrictEqual(ran.summary, { event: 'error', code: 'report-unwritable', exit: 2 }, says);
        assert.match(String(ran.summary['message']), new RegExp(`${name}: ${fault.name}`), says);
      }
    }
    const last = await workdir.run(validate);
    assert.equal(last.status, 1, last.stdout + last.stderr);
    assert.match(workdir.read(name), name.endsWith('html') ? /<\/html>\s*$/ : /}\s*$/);
  }
});

test('a disk that is too small for the copy of stdin is named before a row is sent, and nothing stays on it', async (t) => {
  const { workdir, platform } = await setUp(t, 'person');
  const spool = join(workdir.path, '.cdp-load', 'spool');
  mkdirSync(spool, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', spool], { encoding: 'utf8' });
  if (mounted.status !== 0) return t.skip(`no file system can be mounted here: ${mounted.stderr}`);
  const stdin = `customer_id,email\n${'1,p@example.com\n'.repeat(5000)}`;
  const args = ['push', '-', '--format', 'csv', '-t', 'stream', '--json'];
  try {
    const ran = await workdir.run(args, { stdin });
    assert.partialDeepStrictEqual(
      ran.summary,
      { event: 'error', code: 'stdin-unspooled', exit: 5 },
      ran.stdout + ran.stderr,
    );
    assert.match(String(ran.summary['message']), /ENOSPC/);
    assert.deepEqual([platform.heard.length, readdirSync(spool)], [0, []]);
  } finally {
    spawnSync('umount', [spool]);
  }
  assert.equal((await workdir.run(args, { stdin })).status, 0);
});
