import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Chunk } from '../../src/delivery/chunk.ts';
import { createLanes } from '../../src/delivery/lanes.ts';
import { makeOperation } from '../support/blocks.ts';

const chunkWith = (lanes: readonly number[]): Chunk => ({
  operation: makeOperation(),
  route: '',
  segments: [],
  items: 1,
  bytes: 1,
  lanes,
  repeatable: true,
});

test('chunks of one lane never overlap and leave in the order in which they came, whatever the others do', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 3 }), { maxLength: 40 }),
      fc.infiniteStream(fc.nat({ max: 100 })),
      (all, choices) => {
        const lanes = createLanes();
        const chunks = all.map(chunkWith);
        const busy = new Set<Chunk>();
        const left: Chunk[] = [];
        let entered = 0;
        const choice = choices[Symbol.iterator]();
        while (left.length < chunks.length) {
          const next = chunks[entered];
          if (next !== undefined && Number(choice.next().value) < 60) {
            lanes.enter(next);
            entered += 1;
          }
          for (let taken = lanes.takeRunnable(); taken !== undefined; taken = lanes.takeRunnable()) {
            for (const other of busy)
              assert.ok(!other.lanes.some((lane) => taken?.lanes.includes(lane)), 'two overlap');
            busy.add(taken);
          }
          assert.ok(busy.size > 0 || entered < chunks.length || left.length === chunks.length, 'nobody can go on');
          const done = [...busy][Number(choice.next().value) % Math.max(1, busy.size)];
          if (done !== undefined) {
            busy.delete(done);
            left.push(done);
            lanes.leave(done);
          }
        }
        for (const lane of [1, 2, 3, 4, 5]) {
          const inLane = (list: readonly Chunk[]) => list.filter((chunk) => chunk.lanes.includes(lane));
          assert.deepEqual(inLane(left), inLane(chunks));
        }
        assert.equal(lanes.waiting, 0);
      },
    ),
  );
});
