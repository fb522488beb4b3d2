import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Quoter } from '../../src/engine/quote.ts';
import { createReturning } from '../../src/engine/returning-groups.ts';
import { keyHash } from '../../src/mapping/key-hash.ts';
import type { MappedBlock } from '../../src/model/block.ts';
import { makeBlock, makeOperation } from '../support/blocks.ts';

const none = { any: false, has: () => false };

/** A block of groups of one row each. */
function blockOf(names: readonly string[]): MappedBlock {
  const items = names.map((name, index) => ({ json: JSON.stringify(name), record: index + 1 }));
  const { mapped } = makeBlock(items, [makeOperation()]);
  const groups = {
    hashes: Float64Array.from(names, keyHash),
    firstRow: Uint32Array.from(names, (_, index) => index),
  };
  return { ...mapped, groups };
}

const quoteFrom =
  (names: readonly string[]): Quoter =>
  (_, row) => ({
    record: row + 1,
    line: row + 2,
    byte: 0,
    source: { kind: 'json', text: `{"order":"${names[row]}"}` },
  });

test('a group that comes again is told with its name and line, and how many do', () => {
  const names = ['a', 'b', 'a', 'c', 'b'];
  const returning = createReturning({ by: ['order'], most: 10 }, quoteFrom(names), none);
  assert.deepEqual(returning.took(blockOf(['x', 'y']), 1).warnings, []);
  const { warnings } = returning.took(blockOf(names), 1);
  assert.deepEqual(
    warnings.map(({ code, count, line }) => [code, count, line]),
    [['group-returns', 2, 4]],
  );
  assert.match(warnings[0]?.text ?? '', /^the group order "a" came again at line 4/);
});

/** Eight slots, two thirds of them in use. */
const mostSlots = 8;
const kept = 6;

test('of more groups than are remembered the last ones are, in whatever blocks they come, and another load begins anew', () => {
  const loads = fc.array(
    fc.array(fc.array(fc.integer({ min: 0, max: 30 }).map(String), { minLength: 1, maxLength: 12 }), { maxLength: 8 }),
    { minLength: 1, maxLength: 3 },
  );
  fc.assert(
    fc.property(loads, (blocks) => {
      const returning = createReturning({ by: ['order'], most: 10 }, quoteFrom([]), none, { mostSlots });
      for (const [load, ofLoad] of blocks.entries()) {
        let recent = new Set<string>();
        let older = new Set<string>();
        for (const names of ofLoad) {
          let expected = 0;
          for (const name of names) {
            if (recent.has(name) || older.has(name)) expected += 1;
            if (recent.size === kept && !recent.has(name)) [older, recent] = [recent, new Set()];
            recent.add(name);
          }
          const counted = returning.took(blockOf(names), load).warnings.reduce((sum, { count }) => sum + count, 0);
          assert.equal(counted, expected);
        }
      }
    }),
    { numRuns: 300 },
  );
});
