/**
 * What stands between us and a platform answers in its place, or spoils its answer. None of it may make a row count as accepted
 * that the platform does not have, and once it is out of the way the same command brings the rest.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FaultScript } from '../../src/sandbox/faults.ts';
import { acceptedIn, acceptedIsStored } from './aftermath.ts';
import { inPairs } from './in-pairs.ts';
import { nameOfRow, scenes } from './scenes.ts';
import { createStage } from './stage.ts';

type Action = FaultScript[number]['action'];
const instead = (status: number, more: Partial<Extract<Action, { do: 'reply' }>> = {}): Action => ({
  ...more,
  do: 'reply',
  status,
  stored: false,
});

/** Words of somebody else with the very status of success are not told apart where a platform says nothing of its bodies. */
const bodiesAreUnknown = new Set(['raptor', 'relay42']);

const actions: readonly { readonly what: string; readonly action: Action; readonly except?: ReadonlySet<string> }[] = [
  { what: 'a page with 200', action: { do: 'html', status: 200, stored: false } },
  { what: 'a page with 201', action: { do: 'html', status: 201, stored: false } },
  { what: 'words with 200', action: instead(200, { body: 'OK' }), except: bodiesAreUnknown },
  { what: 'words with 202', action: instead(202, { body: 'Accepted' }), except: new Set(['relay42']) },
  { what: '204', action: instead(204), except: new Set(['relay42']) },
  {
    what: 'JSON of somebody else with 200',
    action: instead(200, { body: { hello: 'world' } }),
    except: new Set([...bodiesAreUnknown, 'customerio', 'datatalks']),
  },
  { what: 'the true answer cut short', action: { do: 'truncate' } },
  { what: 'the true status with nothing', action: { do: 'empty' } },
  { what: '302 to a login', action: instead(302, { headers: { location: '/login' } }) },
  { what: '407', action: instead(407) },
  { what: '418', action: instead(418, { body: 'short and stout' }) },
];

for (const scene of scenes) {
  test(`${scene.name}: what is not the platform's answer accepts no row, and the same command goes on without it`, async (t) => {
    const exits: string[] = [];
    const due = actions.filter(({ except }) => !except?.has(scene.type));
    await inPairs(due, async ({ what, action }) => {
      const flags = ['--concurrency', '1'];
      const stage = await createStage(t, scene, { flags, config: { timeout: '2s', retries: 1 } });
      const { hits } = stage.sandbox.script(scene.type, [{ from: 2, action }]);
      const ran = await stage.workdir.run(stage.args);
      const where = `${what}\n${ran.stdout}${ran.stderr}`;
      exits.push(`${what}: ${ran.status}`);
      assert.ok(Number(hits[0]) > 0, where);
      assert.equal(ran.summary['event'], 'summary', where);
      acceptedIsStored(stage, where);
      const holds = scene.holds(stage.emulator);
      for (const [from, to] of acceptedIn(stage))
        for (let record = from; record <= to; record++) assert.ok(holds.has(nameOfRow(record)), `${record}: ${where}`);

      stage.sandbox.script(scene.type, []);
      const last = await stage.workdir.run(stage.args);
      const says = `${where}${last.stdout}${last.stderr}`;
      // 4xx that mean nothing are the row's own fault at some platforms.
      const [held, rejected] = [ran, last].reduce(
        ([held, rejected], { summary }) => [
          Math.max(held, Number(summary['uncertain'] ?? 0)),
          Math.max(rejected, Number(summary['rejected'] ?? 0)),
        ],
        [0, 0],
      );
      const mayMiss = (scene.counts === 'each time' ? held : 0) + rejected;
      const after = scene.holds(stage.emulator);
      assert.ok(after.size >= stage.rows - mayMiss, `${after.size} of ${stage.rows} are there; ${says}`);
      for (const [row, times] of after) assert.equal(times, 1, `${row} counts ${times} times; ${says}`);
    });
    t.diagnostic(exits.sort().join(', '));
  });
}
