import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRejectedRows } from '../../src/engine/rejected-rows.ts';
import { RangeSet } from '../../src/journal/ranges.ts';
import type { RecordRange } from '../../src/model/block.ts';

test('a row counts once, however many of its items are refused and whichever run refused them', () => {
  const range = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.nat({ max: 3 }));
  const ranges = fc.array(range).map((list) => list.map(([from, more]): RecordRange => [from, from + more]));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 1 }), ranges)), ranges, (added, before) => {
      const set = new RangeSet();
      set.addAll(before);
      const rejected = createRejectedRows(new Map([[0, set]]), 2);
      const model = new Set<string>();
      const note = (load: number, list: readonly RecordRange[]) => {
        for (const [from, to] of list) for (let record = from; record <= to; record++) model.add(`${load} ${record}`);
      };
      note(0, before);
      for (const [load, list] of added) {
        rejected.add(load, list);
        note(load, list);
      }
      assert.equal(rejected.count, model.size);
      const untouched = new RangeSet();
      untouched.addAll(before);
      assert.equal(set.toString(), untouched.toString(), 'the journal’s own set was changed');
    }),
  );
});

test('of rows of one item the number is enough', () => {
  const rejected = createRejectedRows(new Map([[7, RangeSet.of([1, 10])]]), 1);
  rejected.add(7, [[11, 12]]);
  rejected.add(8, [[1, 1]]);
  assert.equal(rejected.count, 13);
});
