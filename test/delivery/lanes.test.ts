import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { type Chunk, eachLane } from '../../src/delivery/chunk.ts';
import { createLaneTable } from '../../src/delivery/lane-table.ts';
import { createLanes, type Turn } from '../../src/delivery/lanes.ts';
import { makeBlock, makeOperation } from '../support/blocks.ts';

function chunkWith(lanes: readonly number[]): Chunk {
  const operation = makeOperation({ laned: true });
  const block = makeBlock([{ json: '1', record: 1, lanes }], [operation]);
  return {
    operation,
    route: '',
    segments: [{ block, from: 0, to: 1 }],
    items: 1,
    bytes: 1,
    laned: true,
    repeatable: true,
  };
}

const lanesOf = (chunk: Chunk): number[] => {
  const lanes: number[] = [];
  eachLane(chunk, (lane) => lanes.push(lane));
  return lanes;
};

test('the table of lanes gives back what was put last, whatever has left meanwhile', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: -40, max: 40 }), fc.boolean()), { maxLength: 300 }), (moves) => {
      const live = new Set<number>();
      const model = new Map<number, number>();
      const table = createLaneTable((number) => live.has(number));
      for (const [index, [lane, leaves]] of moves.entries()) {
        const number = index + 1;
        live.add(number);
        const before = table.swap(lane, number);
        const expected = model.get(lane) ?? 0;
        assert.equal(live.has(before) ? before : 0, live.has(expected) ? expected : 0);
        model.set(lane, number);
        if (leaves) live.delete(number);
      }
    }),
  );
});

test('the table grows with what is alive, and forgets the rest', () => {
  const table = createLaneTable((number) => number > 9_000);
  for (let lane = 0; lane < 10_000; lane++) assert.equal(table.swap(lane * 7919, lane + 1), 0);
  for (let lane = 9_500; lane < 10_000; lane++) assert.equal(table.swap(lane * 7919, 20_000 + lane), lane + 1);
});

test('chunks of one lane never overlap and leave in the order in which they came, whatever the others do', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 3 }), { maxLength: 40 }),
      fc.infiniteStream(fc.nat({ max: 100 })),
      (all, choices) => {
        const lanes = createLanes();
        const chunks = all.map(chunkWith);
        const busy = new Map<Chunk, Turn>();
        const left: Chunk[] = [];
        let entered = 0;
        const choice = choices[Symbol.iterator]();
        while (left.length < chunks.length) {
          const next = chunks[entered];
          if (next !== undefined && Number(choice.next().value) < 60) {
            lanes.enter(next);
            entered += 1;
          }
          for (let turn = lanes.takeRunnable(); turn !== undefined; turn = lanes.takeRunnable()) {
            const taken = lanesOf(turn.chunk);
            for (const other of busy.keys())
              assert.ok(!lanesOf(other).some((lane) => taken.includes(lane)), 'two overlap');
            busy.set(turn.chunk, turn);
          }
          assert.ok(busy.size > 0 || entered < chunks.length || left.length === chunks.length, 'nobody can go on');
          const done = [...busy.values()][Number(choice.next().value) % Math.max(1, busy.size)];
          if (done !== undefined && (entered === chunks.length || Number(choice.next().value) < 40)) {
            busy.delete(done.chunk);
            left.push(done.chunk);
            lanes.leave(done);
          }
        }
        for (const lane of [1, 2, 3, 4, 5]) {
          const inLane = (list: readonly Chunk[]) => list.filter((chunk) => lanesOf(chunk).includes(lane));
          assert.deepEqual(inLane(left), inLane(chunks));
        }
        assert.equal(lanes.waiting, 0);
      },
    ),
  );
});

test('a chunk that has been inside for long still holds its lane when the table has forgotten those that have left', () => {
  const lanes = createLanes();
  const [first, last] = [chunkWith([0]), chunkWith([0])];
  lanes.enter(first);
  const turn = lanes.takeRunnable();
  assert.ok(turn?.chunk === first);
  for (let lane = 1; lane < 2000; lane++) {
    const other = chunkWith([lane * 7919]);
    lanes.enter(other);
    const its = lanes.takeRunnable();
    assert.ok(its?.chunk === other);
    lanes.leave(its);
  }
  lanes.enter(last);
  assert.equal(lanes.takeRunnable(), undefined);
  lanes.leave(turn);
  assert.equal(lanes.takeRunnable()?.chunk, last);
});

/** Run by itself, with flags under which only a collection of the nursery, made by hand, frees anything. */
const manyPassThrough = `
  import { createLanes } from ${JSON.stringify(new URL('../../src/delivery/lanes.ts', import.meta.url).href)};
  const lanes = createLanes();
  const inside = [];
  for (let made = 1; made <= 5000; made++) {
    const mapped = { lanes: Int32Array.of(made % 500), laneStarts: Uint32Array.of(0, 1), payload: new ArrayBuffer(50_000) };
    lanes.enter({ laned: true, segments: [{ block: { mapped }, from: 0, to: 1 }] });
    for (let turn = lanes.takeRunnable(); turn !== undefined; turn = lanes.takeRunnable()) inside.push(turn);
    if (inside.length > 100) lanes.leave(inside.shift());
    if (made % 100 === 0) gc({ type: 'minor' });
  }
  console.log(process.memoryUsage().arrayBuffers);
`;

test('a chunk that has left is kept alive by nothing: its payload goes with the next small collection', async () => {
  const flags = ['--expose-gc', '--external-memory-accounted-in-global-limit', '--heap-growing-percent=1000'];
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...flags,
    ...['--no-concurrent-array-buffer-sweeping', '--input-type=module', '--eval', manyPassThrough],
  ]);
  // Of 250 MB that passed through, 5 MB are inside.
  assert.ok(Number(stdout) < 7_000_000, stdout);
});
