/**
 * Platforms that know what each row must look like, under chance faults and kills: what we call accepted they have, at every
 * moment at which we can be asked; whole, as computed from the row; and under one key, however often it came.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FaultScript } from '../../src/sandbox/faults.ts';
import { acceptedIn } from './aftermath.ts';
import { nameOfRow, recordOf, sceneNamed } from './scenes.ts';
import { createStage } from './stage.ts';

const slowDown = (seed: number, path?: string): FaultScript => {
  const where = path === undefined ? {} : { path };
  return [
    { ...where, probability: 0.08, seed, action: { do: 'reply', status: 429, headers: { 'retry-after': '0' } } },
    { ...where, probability: 0.1, seed: seed + 6, action: { do: 'delay', ms: 30 } },
  ];
};
const anything = (seed: number, path?: string): FaultScript => {
  const where = path === undefined ? {} : { path };
  return [
    ...slowDown(seed, path),
    { ...where, probability: 0.06, seed: seed + 1, action: { do: 'reply', status: 500, stored: true } },
    { ...where, probability: 0.05, seed: seed + 2, action: { do: 'cut', when: 'before' } },
    { ...where, probability: 0.05, seed: seed + 3, action: { do: 'cut', when: 'in-reply' } },
    { ...where, probability: 0.05, seed: seed + 4, action: { do: 'cut', when: 'after' } },
    { ...where, probability: 0.02, seed: seed + 5, action: { do: 'hang', stored: true } },
  ];
};

/** One item as it arrived. */
interface Arrived {
  readonly name: string;
  /** What the platform de-duplicates on; undefined where it is the row's own id. */
  readonly key?: string;
  readonly payload: unknown;
}

interface Oracle {
  readonly scene: string;
  readonly rows: number;
  readonly faults: (seed: number) => FaultScript;
  /** Items of one request; of one that is about no row (a token), none. */
  readonly items: (body: string, url: string) => readonly Arrived[];
  readonly expected: (record: number) => unknown;
}

const emailOf = (record: number) => `p${record}@example.com`;
const raptorRecords: Oracle['items'] = (body) =>
  (JSON.parse(body) as { CustomerId: string }[]).map((payload) => ({ name: payload.CustomerId, payload }));
const raptorRecord: Oracle['expected'] = (record) => ({ CustomerId: nameOfRow(record), Email: emailOf(record) });

const oracles: readonly Oracle[] = [
  { scene: 'raptor person', rows: 600, faults: anything, items: raptorRecords, expected: raptorRecord },
  // What may have been taken is held: few rows are, and none is stored twice.
  { scene: 'raptor interaction', rows: 600, faults: slowDown, items: raptorRecords, expected: raptorRecord },
  {
    scene: 'adobe event',
    rows: 600,
    faults: (seed) => anything(seed, '^/collection'),
    items(body) {
      if (!body.startsWith('{"messages"')) return [];
      const { messages } = JSON.parse(body) as {
        messages: { body: { xdmEntity: { _id: string; eventType: string } } }[];
      };
      return messages.map(({ body: { xdmEntity } }) => {
        const { _id: key, ...payload } = xdmEntity;
        return { name: payload.eventType, key, payload };
      });
    },
    expected: (record) => ({
      timestamp: '2024-03-01T12:00:00Z',
      eventType: nameOfRow(record),
      identityMap: { Email: [{ id: emailOf(record), primary: true }] },
    }),
  },
  {
    scene: 'relay42 facts',
    rows: 40,
    // After a 50x this target waits for minutes (contract §5).
    faults: slowDown,
    items: (body, url) =>
      (JSON.parse(body) as unknown[]).map((payload) => ({ name: /row-\d{6}/.exec(url)?.[0] ?? '', payload })),
    expected: (record) => ({ factName: 'loyalty', factTtl: 31_536_000, properties: { email: emailOf(record) } }),
  },
  {
    scene: 'customerio track',
    rows: 600,
    faults: anything,
    items: (body) =>
      (JSON.parse(body) as { batch: { messageId: string; userId: string }[] }).batch.map(
        ({ messageId: key, ...payload }) => ({ name: payload.userId, key, payload }),
      ),
    expected: (record) => ({
      type: 'track',
      userId: nameOfRow(record),
      event: 'Order Completed',
      timestamp: '2024-03-01T12:00:00.000Z',
      properties: {},
    }),
  },
  {
    scene: 'datatalks events',
    rows: 80,
    faults: anything,
    items(body) {
      const { type, data } = JSON.parse(body) as { type: string; data: { event_id: string; visitor: string } };
      const { event_id: key, ...payload } = data;
      return [{ name: payload.visitor, key, payload: { type, ...payload } }];
    },
    expected: (record) => ({ type: 'visit', event_datetime: '2024-03-01 12:00:00', visitor: nameOfRow(record) }),
  },
];

for (const { scene: name, rows, faults, items, expected } of oracles) {
  for (const seed of [1, 100]) {
    test(`${name}: under chance faults (seed ${seed}) and kills, what is accepted is stored, as computed, under one key`, async (t) => {
      const scene = sceneNamed(name);
      // A published rate would be halved by every fault, and only cost time here.
      const flags = ['--concurrency', '4', '--rate', '1000'];
      const stage = await createStage(t, scene, { rows, flags, config: { timeout: '1s' } });
      const script = faults(seed);
      const { hits } = stage.sandbox.script(scene.type, script);
      let acceptedAtKills = 0;
      const compare = (when: string): number => {
        const holds = scene.holds(stage.emulator);
        const accepted = acceptedIn(stage);
        for (const [from, to] of accepted) {
          for (let record = from; record <= to; record++)
            assert.ok(holds.has(nameOfRow(record)), `${when}: row ${record} is called accepted and is not there`);
        }
        for (const [row, times] of holds) assert.equal(times, 1, `${when}: ${row} counts ${times} times`);
        return accepted.size;
      };
      let kills = 0;
      for (const [request, moment] of [
        [9, 'after storing'],
        [7, 'before storing'],
        [8, 'after the reply'],
      ] as const) {
        const { child, done } = stage.workdir.start(stage.args);
        stage.at(moment, request, () => {
          child.kill('SIGKILL');
          return done;
        });
        if ((await done).signal === 'SIGKILL') kills += 1;
        acceptedAtKills += compare(`killed ${moment} of request ${request}`);
      }
      const ran = await stage.workdir.run(stage.args);
      const says = ran.stdout + ran.stderr;
      const held = Number(ran.summary['uncertain']);
      assert.equal(ran.status, held > 0 ? 1 : 0, says);
      assert.ok(scene.counts === 'each time' || held === 0, says);
      assert.equal(compare('at the end'), rows - held);
      assert.equal(ran.summary['accepted'], rows - held, says);

      const keys = new Map<string, string>();
      const times = new Map<string, number>();
      for (const [index, body] of stage.bodies.entries()) {
        for (const { name: row, key, payload } of items(body, stage.urls[index] ?? '')) {
          assert.deepEqual(payload, expected(recordOf(row)), `${row} is not what the file says`);
          times.set(row, (times.get(row) ?? 0) + 1);
          if (key === undefined) continue;
          assert.equal(keys.get(row) ?? key, key, `${row} came under two keys`);
          keys.set(row, key);
        }
      }
      if (keys.size > 0) assert.equal(new Set(keys.values()).size, rows, 'two rows share a key');
      const again = [...times.values()].filter((count) => count > 1).length;
      assert.ok(kills === 3 && acceptedAtKills > 0, `${kills} kills, ${acceptedAtKills} accepted by then`);
      const struck = hits.filter((count) => count > 0).length;
      assert.ok(struck >= (script.length > 2 ? 5 : 1), `faults ${hits}`);
      // Where a repetition would count nothing may come twice; elsewhere some must, or keys and subset were not tried.
      assert.ok(scene.counts === 'each time' ? again === 0 : again > 0, `${again} rows came more than once`);
      t.diagnostic(`${hits.join(', ')} faults; ${again} rows came more than once; ${held} held`);
    });
  }
}
