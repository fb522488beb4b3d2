/**
 * SIGKILL at every journal write and commit, and at every request: as it comes in, when it is stored, when its answer is
 * out. After each the same command goes on by itself, and what the platform holds is compared with the file.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Ran } from '../support/workdir.ts';
import {
  acceptedIsStored,
  compare,
  finishAndCompare,
  isDead,
  loadsOf,
  nothingIsLeft,
  runWithKiller,
} from './aftermath.ts';
import { inPairs } from './in-pairs.ts';
import { scenes } from './scenes.ts';
import { createStage, type Moment } from './stage.ts';
import { countLogged, countSystemCalls, killedAt, wasKilled } from './strace.ts';

const moments: readonly Moment[] = ['before storing', 'after storing', 'after the reply'];
const flags = ['--concurrency', '2'];

for (const [turn, scene] of scenes.entries()) {
  test(`${scene.name}: killed at each moment of each request, nothing is missing and nothing counts twice`, async (t) => {
    const whole = await createStage(t, scene, { flags });
    const ran = await whole.workdir.run(whole.args);
    assert.equal(ran.status, 0, ran.stdout + ran.stderr);
    const points = moments.flatMap((moment) =>
      Array.from({ length: whole.requests }, (_, index) => ({ moment, request: index + 1 })),
    );
    assert.ok(points.length >= 18);
    let doubles = 0;
    await inPairs(points, async ({ moment, request }) => {
      const stage = await createStage(t, scene, { flags });
      const { child, done } = stage.workdir.start(stage.args);
      stage.at(moment, request, () => {
        child.kill('SIGKILL');
        return done;
      });
      const where = `killed ${moment} of request ${request}`;
      const ran = await done;
      // Behind its last reply a run may be quicker at its end than the signal.
      if (moment !== 'after the reply' || request < whole.requests) isKilled(ran, where);
      doubles += await finishAndCompare(scene, stage, where);
      await nothingIsLeft(stage, where);
    });
    const armed = await runWithKiller(whole, [...whole.args, '--again']);
    assert.ok(isDead(armed), 'the killer that stands by at last runs kills nobody');
    if (scene.counts === 'once') assert.ok(doubles > 0, 'nothing ever came twice: the test would prove nothing');
    t.diagnostic(`${points.length} kills, ${doubles} rows came twice and count once`);
  });

  test(`${scene.name}: killed at each write and commit of the journal and at each line that is said, nothing is missing and nothing counts twice`, async (t) => {
    // What SQLite writes is the same for all, and much: each write where a repetition would do harm, else each in one of the scenes.
    const isThorough = scene.counts === 'each time';
    const calls = await usualCalls<'fsync' | 'pwrite64' | 'write'>(async () => {
      const whole = await createStage(t, scene, { flags });
      return countSystemCalls(whole.workdir, whole.args, ['fsync', 'pwrite64', 'write']);
    });
    const points = [
      ...from(1, calls.fsync, 1).map((nth) => ({ call: 'fsync' as const, nth })),
      ...(isThorough ? from(1, calls.pwrite64, 1) : from(1 + turn, calls.pwrite64, scenes.length)).map((nth) => ({
        call: 'pwrite64' as const,
        nth,
      })),
      ...from(1, calls.write, 1).map((nth) => ({ call: 'write' as const, nth })),
    ];
    // A new journal is synced as a whole, and what a run begins and ends with by itself; the rest is synced by other threads.
    assert.ok(calls.fsync >= 7, `only ${calls.fsync} syncs`);
    const killed = { fsync: 0, pwrite64: 0, write: 0 };
    await inPairs(points, async ({ call, nth }) => {
      const stage = await createStage(t, scene, { flags });
      const log = join(stage.workdir.path, 'calls.log');
      const ran = await stage.workdir.run(stage.args, { under: killedAt(call, nth, log) });
      const where = `killed at ${call} ${nth}`;
      if (!wasKilled(log)) {
        // Commits are gathered by time, and threads are woken by writing: each run makes as many calls as it needs.
        const made = countLogged(log, call);
        assert.ok(made < nth, `${where}: it made ${made} and was not killed\n${ran.stdout}${ran.stderr}`);
        compare(scene, stage, `not ${where}`, ran);
        return;
      }
      killed[call] += 1;
      acceptedIsStored(stage, where);
      await finishAndCompare(scene, stage, where);
      await nothingIsLeft(stage, where);
      // The other killer, too: it may end the run, but what is loaded stays as it is.
      const before = [stage.requests, loadsOf(stage)];
      await stage.workdir.run(stage.args, { under: killedAt(call, nth) });
      assert.deepEqual([stage.requests, loadsOf(stage)], before, where);
    });
    for (const call of ['fsync', 'pwrite64'] as const) {
      const tried = points.filter((point) => point.call === call).length;
      assert.ok(killed[call] > tried * 0.6, `only ${killed[call]} of ${tried} were killed at ${call}`);
    }
    assert.ok(killed.write >= 4, `only ${killed.write} were killed at other writes`);
    t.diagnostic(
      `${killed.fsync} kills at ${calls.fsync} syncs, ${killed.pwrite64} at ${calls.pwrite64} writes to the journal, ${killed.write} at ${calls.write} others`,
    );
  });
}

/** The fewest of three runs: one that compiled more, and kept it for the next, or waited more often, writes far more than others do. */
async function usualCalls<Call extends string>(
  count: () => Promise<Record<Call, number>>,
): Promise<Record<Call, number>> {
  const [one, two, three] = [await count(), await count(), await count()];
  const fewest = (call: Call) => Math.min(one[call], two[call], three[call]);
  return Object.fromEntries((Object.keys(one) as Call[]).map((call) => [call, fewest(call)])) as Record<Call, number>;
}

function isKilled(ran: Ran, where: string): void {
  assert.ok(isDead(ran), `${where}: it was not killed but ended\n${ran.stdout}${ran.stderr}`);
}

const from = (first: number, last: number, step: number): number[] =>
  Array.from({ length: Math.max(0, Math.ceil((last - first + 1) / step)) }, (_, index) => first + index * step);
