/** Rows put aside for a moment do not stay for good. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { spool, sweepSpool } from '../../src/engine/spool.ts';
import { type Surroundings, silenceMs } from '../../src/journal/holder.ts';
import { machine } from '../journal/workbench.ts';

function stateDirectory(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'spool-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** As a process leaves it that is killed. */
async function leftBehind(stateDir: string, by: Surroundings): Promise<string> {
  const { path } = await spool(Readable.from(['id\n1\n']), stateDir, by);
  return path;
}

test('stdin is put aside whole, for its owner only, and taken away', async (t) => {
  const folder = stateDirectory(t);
  const { path, release } = await spool(Readable.from(['id\n', '1\n']), folder, machine());
  assert.equal(readFileSync(path, 'utf8'), 'id\n1\n');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  release();
  assert.deepEqual(readdirSync(join(folder, 'spool')), []);
});

test('each pipe of a process has a copy of its own, and all are swept', async (t) => {
  const folder = stateDirectory(t);
  const by = machine({ pid: 41 });
  const copies = [0, 1].map((number) => spool(Readable.from([`${number}`]), folder, by, { as: 'p', number }));
  const paths = (await Promise.all(copies)).map(({ path }) => path);
  assert.deepEqual(
    paths.map((path) => readFileSync(path, 'utf8')),
    ['0', '1'],
  );
  sweepSpool(folder, machine(), Date.now());
  assert.deepEqual(paths.map(existsSync), [false, false]);
});

test('what a stdin that breaks had brought is taken away', async (t) => {
  const folder = stateDirectory(t);
  const breaking = Readable.from(
    (async function* () {
      yield 'id\n';
      throw new Error('broken');
    })(),
  );
  await assert.rejects(spool(breaking, folder, machine()), { code: 'stdin-unspooled', exit: 5, message: /broken/ });
  assert.deepEqual(readdirSync(join(folder, 'spool')), []);
});

test('a folder that cannot be written to is named, with the way out', async (t) => {
  const folder = stateDirectory(t);
  writeFileSync(join(folder, 'spool'), 'a file in its place');
  await assert.rejects(spool(Readable.from(['id\n']), folder, machine()), {
    code: 'stdin-unspooled',
    hint: /--state-dir/,
  });
});

test('copies of processes that are gone are swept, also when their number is in use again; others stay', async (t) => {
  const folder = stateDirectory(t);
  const dead = await leftBehind(folder, machine({ pid: 41 }));
  const reused = await leftBehind(folder, machine({ pid: 42, processStart: '1' }));
  const alive = await leftBehind(folder, machine({ pid: 43, processStart: '5' }));
  const own = await leftBehind(folder, machine());
  sweepSpool(folder, machine({}, { 42: '2', 43: '5' }), Date.now());
  assert.deepEqual([dead, reused, alive, own].map(existsSync), [false, false, true, true]);
});

test('a copy from another machine, or from before the last boot, is swept once it is silent', async (t) => {
  const folder = stateDirectory(t);
  const elsewhere = await leftBehind(folder, machine({ place: 'boot-0' }));
  const { mtimeMs } = statSync(elsewhere);
  sweepSpool(folder, machine(), mtimeMs + silenceMs);
  assert.ok(existsSync(elsewhere));
  sweepSpool(folder, machine(), mtimeMs + silenceMs + 1);
  assert.ok(!existsSync(elsewhere));
});

test('a copy in use gives a sign of life', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const folder = stateDirectory(t);
  const { path, release } = await spool(Readable.from(['id\n']), folder, machine());
  utimesSync(path, 1, 1);
  t.mock.timers.tick(10_000);
  assert.ok(statSync(path).mtimeMs > Date.now() - 60_000);
  release();
  writeFileSync(path, 'somebody else');
  utimesSync(path, 1, 1);
  t.mock.timers.tick(60_000);
  assert.equal(statSync(path).mtimeMs, 1000, 'it beats after the end');
});
