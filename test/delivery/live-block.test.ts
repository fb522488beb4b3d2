import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chunkBytes, itemBytes, release } from '../../src/delivery/chunk.ts';
import { LiveBlock } from '../../src/delivery/live-block.ts';
import { createPlanner } from '../../src/delivery/plan.ts';
import { makeBlock, makeOperation, textOf } from '../support/blocks.ts';

const operation = makeOperation({ limits: { items: 3, bytes: 1000 } });

const itemsOf = (count: number, from: number) =>
  Array.from({ length: count }, (_, index) => ({ json: `{"n":${from + index}}`, record: from + index }));

/** The block with a source of its own, or one that others read, too. */
function withSource(live: LiveBlock, ownsBuffer: boolean): LiveBlock {
  const source = new Uint8Array(8);
  return new LiveBlock({ ...live.mapped, source, block: { ...live.mapped.block, ownsBuffer } }, 1, live.operations);
}

test('the memory of a block is given back with the last of its chunks, in whatever order they are released', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 1, maxLength: 5 }),
      fc.infiniteStream(fc.nat()),
      (sizes, chances) => {
        const planner = createPlanner();
        let from = 1;
        const blocks = sizes.map((size) => {
          const live = withSource(makeBlock(itemsOf(size, from), [operation], from), true);
          from += size + 1;
          return live;
        });
        const chunks = blocks.flatMap((live) => {
          const closed = planner.add(live);
          live.release();
          return closed;
        });
        chunks.push(...planner.flush());
        const texts = new Map(chunks.map((chunk) => [chunk, textOf(chunkBytes(chunk))]));
        while (chunks.length > 0) {
          const isNeeded = (live: LiveBlock) =>
            chunks.some(({ segments }) => segments.some(({ block }) => block === live));
          for (const live of blocks) {
            assert.equal(live.mapped.bytes.length > 0, isNeeded(live));
            assert.equal(live.mapped.source.length > 0, isNeeded(live));
          }
          for (const chunk of chunks) assert.equal(textOf(chunkBytes(chunk)), texts.get(chunk));
          const [next] = chunks.splice((chances.next().value ?? 0) % chunks.length, 1);
          if (next !== undefined) release(next);
        }
        for (const { mapped } of blocks) assert.equal(mapped.bytes.length + mapped.source.length, 0);
      },
    ),
  );
});

test('bytes that are a small part of a buffer are left alone: others read it, too', () => {
  const pool = new Uint8Array(8192);
  const { mapped, operations } = makeBlock(itemsOf(1, 1), [operation]);
  const bytes = pool.subarray(100, 107);
  bytes.set(mapped.bytes);
  new LiveBlock({ ...mapped, bytes }, 1, operations).release();
  assert.equal(pool.length, 8192);
});

test('an input buffer that others read, too, is left alone', () => {
  const live = withSource(makeBlock(itemsOf(1, 1), [operation]), false);
  live.release();
  assert.equal(live.mapped.bytes.length, 0);
  assert.equal(live.mapped.source.length, 8);
});

test('who asks for what was given back is told, and gets nothing else in its place', () => {
  const live = makeBlock(itemsOf(2, 1), [operation]);
  live.release();
  assert.throws(() => itemBytes(live, 1), TypeError);
});
