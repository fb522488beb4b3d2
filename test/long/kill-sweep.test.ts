/**
 * SIGKILL at every journal write and commit, and at every request: as it comes in, when it is stored, when its answer is
 * out. After each the same command goes on by itself, and what the platform holds is compared with the file.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namedInFlight } from '../support/in-flight.ts';
import type { Ran } from '../support/workdir.ts';
import { inPairs } from './in-pairs.ts';
import { nameOfRow, recordOf, type Scene, scenes } from './scenes.ts';
import { createStage, type Moment, type Stage } from './stage.ts';
import { countSystemCalls, killedAt } from './strace.ts';

const moments: readonly Moment[] = ['before storing', 'after storing', 'after the reply'];
const flags = ['--concurrency', '2'];

/** What strace says of the end is no help: it may end well when its child does not. */
const isDead = ({ summary }: Ran) => summary['event'] !== 'summary' && summary['event'] !== 'error';

/** Runs until it ends by itself, and compares both sides. Gives how many rows came more than once. */
async function finishAndCompare(scene: Scene, stage: Stage, killed: Ran, where: string): Promise<number> {
  assert.ok(isDead(killed), `${where}: it was not killed but ended\n${killed.stdout}${killed.stderr}`);
  const last = await stage.workdir.run(stage.args);
  const named = namedInFlight(last.events);
  const says = `${where}\n${last.stdout}${last.stderr}`;

  const held = scene.counts === 'once' ? 0 : named.size;
  assert.equal(last.status, held === 0 ? 0 : 1, says);
  const { rows } = scene;
  const isLoaded = (last.summary['alreadyLoaded'] as unknown[]).length === 1;
  if (!isLoaded)
    assert.partialDeepStrictEqual(
      last.summary,
      { read: rows, accepted: rows - held, uncertain: held, remaining: 0 },
      says,
    );

  const arrivals = stage.arrivals();
  const holds = scene.holds(stage.emulator);
  let doubles = 0;
  for (let record = 1; record <= rows; record++) {
    const name = nameOfRow(record);
    const isNamed = named.has(record);
    const mayMiss = isNamed && scene.counts === 'each time';
    assert.ok(holds.has(name) || mayMiss, `${name} is missing; ${says}`);
    assert.ok((holds.get(name) ?? 0) <= 1, `the platform holds ${name} ${holds.get(name)} times; ${says}`);
    const times = arrivals.get(name) ?? 0;
    if (times > 1) {
      doubles += 1;
      assert.ok(isNamed && times === 2, `${name} came ${times} times and was ${isNamed ? '' : 'not '}named; ${says}`);
    }
  }
  for (const name of holds.keys()) assert.ok(recordOf(name) <= rows, `${name} is nobody's; ${says}`);
  return doubles;
}

for (const scene of scenes) {
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
      doubles += await finishAndCompare(scene, stage, await done, `killed ${moment} of request ${request}`);
      if (request > 1) return;
      const before = stage.requests;
      stage.at('before storing', 1, () => assert.fail('a load that is complete was sent again'));
      const again = await stage.workdir.run(stage.args);
      assert.equal(again.status, 0, again.stdout + again.stderr);
      assert.equal((again.summary['alreadyLoaded'] as unknown[]).length, 1);
      assert.equal(stage.requests, before);
    });
    if (scene.counts === 'once') assert.ok(doubles > 0, 'nothing ever came twice: the test would prove nothing');
    t.diagnostic(`${points.length} kills, ${doubles} rows came twice and count once`);
  });

  test(`${scene.name}: killed at each write and commit of the journal, nothing is missing and nothing counts twice`, async (t) => {
    // The journal is the same for all: each call where a repetition would do harm, samples elsewhere.
    const isThorough = scene.counts === 'each time';
    const whole = await createStage(t, scene, { flags });
    const calls = await countSystemCalls(whole.workdir, whole.args, ['fsync', 'pwrite64']);
    const points = [
      ...everyOther(calls.fsync, isThorough ? 1 : 3).map((nth) => ({ call: 'fsync', nth })),
      ...everyOther(calls.pwrite64, isThorough ? 5 : 20).map((nth) => ({ call: 'pwrite64', nth })),
    ];
    assert.ok(calls.fsync >= 10, `only ${calls.fsync} commits`);
    let killed = 0;
    await inPairs(points, async ({ call, nth }) => {
      const stage = await createStage(t, scene, { flags });
      const ran = await stage.workdir.run(stage.args, { under: killedAt(call, nth) });
      // Commits are gathered by time: another run may need fewer of them.
      if (!isDead(ran) && nth > 10) return;
      killed += 1;
      await finishAndCompare(scene, stage, ran, `killed at ${call} ${nth}`);
    });
    assert.ok(killed > points.length * 0.6, `only ${killed} of ${points.length} were killed`);
    t.diagnostic(`${killed} kills at ${calls.fsync} commits and ${calls.pwrite64} writes`);
  });
}

const everyOther = (count: number, step: number): number[] =>
  Array.from({ length: Math.ceil(count / step) }, (_, index) => 1 + index * step);
