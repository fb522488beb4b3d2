/** A platform that knows what each row must look like, under chance faults: what we call accepted it has, whole, under one key. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FaultScript } from '../../src/sandbox/faults.ts';
import { nameOfRow, sceneNamed } from './scenes.ts';
import { createStage } from './stage.ts';

const chance = (seed: number): FaultScript => [
  { probability: 0.06, seed, action: { do: 'reply', status: 429, headers: { 'retry-after': '0' } } },
  { probability: 0.06, seed: seed + 1, action: { do: 'reply', status: 500, stored: true } },
  { probability: 0.05, seed: seed + 2, action: { do: 'cut', when: 'before' } },
  { probability: 0.05, seed: seed + 3, action: { do: 'cut', when: 'in-reply' } },
  { probability: 0.05, seed: seed + 4, action: { do: 'cut', when: 'after' } },
  { probability: 0.02, seed: seed + 5, action: { do: 'hang', stored: true } },
  { probability: 0.1, seed: seed + 6, action: { do: 'delay', ms: 30 } },
];

for (const seed of [1, 100]) {
  test(`under chance faults (seed ${seed}) and kills, what is accepted is stored, as computed from the row, under one key`, async (t) => {
    const rows = 600;
    const stage = await createStage(t, sceneNamed('customerio track'), {
      rows,
      flags: ['--concurrency', '4'],
      config: { timeout: '1s' },
    });
    const { hits } = stage.sandbox.script('customerio', chance(seed));
    let kills = 0;
    for (const request of [7, 11]) {
      const { child, done } = stage.workdir.start(stage.args);
      stage.at('after storing', request, () => {
        child.kill('SIGKILL');
        return done;
      });
      if ((await done).signal === 'SIGKILL') kills += 1;
    }
    const ran = await stage.workdir.run(stage.args);
    assert.equal(ran.status, 0, ran.stdout + ran.stderr);
    assert.equal(ran.summary['accepted'], rows);
    assert.ok(kills > 0 && hits.filter((times) => times > 0).length >= 5, `${kills} kills, faults ${hits}`);

    const keys = new Map<string, string>();
    for (const body of stage.bodies) {
      for (const { messageId, ...item } of (JSON.parse(body) as { batch: Record<string, unknown>[] }).batch) {
        const name = String(item['userId']);
        assert.deepEqual(item, {
          type: 'track',
          userId: name,
          event: 'Order Completed',
          timestamp: '2024-03-01T12:00:00.000Z',
          properties: {},
        });
        assert.equal(keys.get(name) ?? messageId, messageId, `${name} came under two keys`);
        keys.set(name, String(messageId));
      }
    }
    for (let record = 1; record <= rows; record++) assert.ok(keys.has(nameOfRow(record)), `row ${record} is missing`);
    assert.equal(new Set(keys.values()).size, rows, 'two rows share a key');
    const again = [...stage.arrivals().values()].filter((times) => times > 1).length;
    assert.ok(again > 0, 'nothing ever came twice: the keys were not tried');
    t.diagnostic(`${hits.join(', ')} faults; ${again} rows came more than once`);
  });
}
