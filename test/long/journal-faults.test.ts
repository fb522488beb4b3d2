/** A disk that fails or fills in the middle of a run: said plainly, nothing counted that is not on disk, and the same command goes on when the disk is well. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Ran } from '../support/workdir.ts';
import { acceptedIsStored, compare, finishAndCompare, isDead, nothingIsLeft, runWithKiller } from './aftermath.ts';
import { inPairs } from './in-pairs.ts';
import { nameOfRow, type Scene, sceneNamed } from './scenes.ts';
import { createStage, type Stage } from './stage.ts';
import { countSystemCalls, failingAt, type When } from './strace.ts';

const scene = sceneNamed('raptor person');
const flags = ['--concurrency', '2'];

/** Ended by its own word, and by no other than that the journal cannot be written. */
function saysSo(ran: Ran, where: string): void {
  const says = `${where}: ${ran.status} ${ran.signal}\n${ran.stdout}${ran.stderr}`;
  const said = saidOf(ran);
  assert.equal(said?.['code'], 'journal-unwritable', says);
  assert.equal(ran.status, ran.summary['exit'], says);
  assert.ok(ran.status === 5 || ran.status === 2, says);
  assert.match(String(said?.['hint']), /\S/, says);
}

/** Before anything was sent an error says it all; after that it stands in the summary. Undefined: it ended well. */
const saidOf = ({ summary }: Ran): Readonly<Record<string, unknown>> | undefined =>
  summary['event'] === 'error' ? summary : (summary['stopped'] as Record<string, unknown> | undefined);

async function completes(stage: Stage, { rows }: Scene, where: string): Promise<void> {
  const last = await stage.workdir.run(stage.args);
  assert.equal(last.status, 0, `${where}\n${last.stdout}${last.stderr}`);
  const arrivals = stage.arrivals();
  for (let record = 1; record <= rows; record++) assert.ok(arrivals.has(nameOfRow(record)), `${where}: ${record}`);
}

for (const error of ['EIO', 'ENOSPC'] as const) {
  test(`${error} from then on, at each call of the journal: the run stops with journal-unwritable, and completes later`, async (t) => {
    const whole = await createStage(t, scene, { flags });
    const calls = await countSystemCalls(whole.workdir, whole.args, ['fsync', 'pwrite64']);
    const points = [
      ...Array.from({ length: Math.floor(calls.fsync / 4) }, (_, index) => ({ call: 'fsync', nth: 1 + index * 4 })),
      ...Array.from({ length: Math.floor(calls.pwrite64 / 16) }, (_, index) => ({
        call: 'pwrite64',
        nth: 1 + index * 16,
      })),
    ];
    let stopped = 0;
    await inPairs(points, async ({ call, nth }) => {
      const where = `${call} ${nth} and after`;
      const stage = await createStage(t, scene, { flags });
      const ran = await stage.workdir.run(stage.args, { under: failingAt(call, error, `${nth}+`) });
      // What fails when all is settled is only the tidying up.
      if (saidOf(ran) === undefined) {
        assert.ok(nth > points.length, `${where}: nobody noticed\n${ran.stdout}`);
      } else {
        stopped += 1;
        saysSo(ran, where);
      }
      await completes(stage, scene, where);
    });
    assert.ok(stopped > points.length / 2, `only ${stopped} of ${points.length} stopped`);
    t.diagnostic(`${stopped} of ${points.length} stopped`);
  });
}

/** Of every platform that differs in what a repetition does: none, harm, none by an id, none by a derived key. */
const differing = ['raptor person', 'raptor interaction', 'customerio track', 'datatalks events'].map(sceneNamed);

for (const each of differing) {
  test(`${each.name}: single calls of the journal that fail, and every so-many-th: said by name, nothing missing, and only named rows twice`, async (t) => {
    const whole = await createStage(t, each, { flags });
    const { fsync, pwrite64 } = await countSystemCalls(whole.workdir, whole.args, ['fsync', 'pwrite64']);
    const spread = (call: string, count: number, pieces: number) =>
      Array.from({ length: pieces }, (_, index) => ({ call, nth: 1 + Math.floor((index * count) / pieces) }));
    const points: { call: string; nth: When }[] = [
      ...spread('fsync', fsync, 6),
      ...spread('pwrite64', pwrite64, 6),
      ...[2, 5, 11].map((nth) => ({ call: 'fsync', nth: `${nth}+${nth}` as const })),
      ...[7, 31].map((nth) => ({ call: 'pwrite64', nth: `${nth}+${nth}` as const })),
    ];
    let stopped = 0;
    await inPairs(
      points.map((point, index) => ({ ...point, error: index % 2 === 0 ? ('EIO' as const) : ('ENOSPC' as const) })),
      async ({ call, nth, error }) => {
        const where = `${error} at ${call} ${nth}`;
        const stage = await createStage(t, each, { flags });
        const ran = await stage.workdir.run(stage.args, { under: failingAt(call, error, nth) });
        // A checkpoint that fails is made another time.
        if (saidOf(ran) === undefined) assert.equal(ran.status, 0, `${where}\n${ran.stdout}${ran.stderr}`);
        else {
          stopped += 1;
          saysSo(ran, where);
        }
        acceptedIsStored(stage, where);
        await finishAndCompare(each, stage, where);
        await nothingIsLeft(stage, where);
      },
    );
    assert.ok(stopped > points.length / 2, `only ${stopped} of ${points.length} stopped`);
    t.diagnostic(`${stopped} of ${points.length} stopped`);
  });
}

test('damage anywhere in the journal or its log after a kill is named with the way out before a row is sent, or does not matter', async (t) => {
  const points = ['journal.db', 'journal.db-wal'].flatMap((file) =>
    Array.from({ length: 10 }, (_, index) => ({ file, share: (index + 0.5) / 10 })),
  );
  let named = 0;
  await inPairs(points, async ({ file, share }) => {
    const where = `64 bytes at ${share} of ${file}`;
    const stage = await createStage(t, scene, { flags });
    const { child, done } = stage.workdir.start(stage.args);
    stage.at('after storing', 4, () => {
      child.kill('SIGKILL');
      return done;
    });
    assert.ok(isDead(await done));
    const path = join(stage.workdir.path, '.cdp-load', file);
    const content = readFileSync(path);
    // The end of the log may as well have been cut off by a power cut: nobody can tell.
    const usable = file.endsWith('-wal') ? content.length * 0.8 : content.length;
    content.fill(0xa5, Math.floor(usable * share), Math.floor(usable * share) + 64);
    writeFileSync(path, content);
    const { requests } = stage;
    const ran = await stage.workdir.run(stage.args);
    const says = `${where}\n${ran.stdout}${ran.stderr}`;
    if (ran.status === 0) {
      // Room that is not in use, or pages of the file that the log has anew.
      assert.equal(file, 'journal.db', says);
      compare(scene, stage, where, ran);
      return;
    }
    named += 1;
    assert.partialDeepStrictEqual(ran.summary, { event: 'error', code: 'journal-corrupt', exit: 2 }, says);
    assert.match(String(ran.summary['hint']), /backup|move it away/, says);
    assert.equal(stage.requests, requests, says);
    assert.deepEqual(readFileSync(path), content, 'what there is to look at was changed');
  });
  assert.ok(named >= 10, `only ${named} were named`);
  t.diagnostic(`${named} of ${points.length} named`);
});

test('a state folder that became read-only between two runs stops the second before it sends, and is no loss', async (t) => {
  const stage = await createStage(t, scene, { flags });
  const state = join(stage.workdir.path, '.cdp-load');
  mkdirSync(state);
  const mount = (...args: string[]) => spawnSync('mount', [...args, state], { encoding: 'utf8' });
  const mounted = mount('-t', 'tmpfs', 'tmpfs');
  if (mounted.status !== 0) return t.skip(`no file system can be mounted here: ${mounted.stderr}`);
  try {
    assert.ok(isDead(await runWithKiller(stage, stage.args)));
    const { requests } = stage;
    assert.equal(mount('-o', 'remount,ro').status, 0);
    saysSo(await stage.workdir.run(stage.args), 'read-only');
    assert.equal(stage.requests, requests);
    assert.equal(mount('-o', 'remount,rw').status, 0);
    await finishAndCompare(scene, stage, 'writable again');
  } finally {
    spawnSync('umount', [state]);
  }
});

test('a full disk stops the run, and the same command completes it once there is room', async (t) => {
  const rows = 3000;
  const big = { ...scene, rows };
  const stage = await createStage(t, scene, { rows, flags });
  const state = join(stage.workdir.path, '.cdp-load');
  mkdirSync(state);
  const mount = (...args: string[]) => spawnSync('mount', [...args, state], { encoding: 'utf8' });
  const mounted = mount('-t', 'tmpfs', '-o', 'size=160k', 'tmpfs');
  if (mounted.status !== 0) return t.skip(`no file system can be mounted here: ${mounted.stderr}`);
  try {
    saysSo(await stage.workdir.run(stage.args), 'a disk of 160 kB');
    assert.equal(mount('-o', 'remount,size=16m').status, 0);
    await completes(stage, big, 'with room again');
  } finally {
    spawnSync('umount', [state]);
  }
});
