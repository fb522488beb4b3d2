import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RangeSet } from '../../src/journal/ranges.ts';
import type { RecordRange } from '../../src/model/block.ts';

const highest = 60;
const range = fc
  .tuple(fc.integer({ min: 0, max: highest }), fc.integer({ min: 0, max: 12 }))
  .map(([from, length]): RecordRange => [from, Math.min(highest, from + length)]);
const steps = fc.array(fc.record({ add: fc.boolean(), range }), { maxLength: 60 });
const sets = fc.array(range, { maxLength: 20 });

const numbersOf = (set: RangeSet) => [...set].flatMap(([from, to]) => numbers(from, to));
const numbers = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
const modelOf = (ranges: readonly RecordRange[]) => new Set(ranges.flatMap(([from, to]) => numbers(from, to)));
const sorted = (model: Iterable<number>) => [...model].sort((a, b) => a - b);

/** Sorted, not touching, and a size that is the truth: what every other property silently relies on. */
function assertSound(set: RangeSet): void {
  let last = -2;
  let size = 0;
  for (const [from, to] of set) {
    assert.ok(from > last + 1 && to >= from, `ranges overlap or touch: ${set}`);
    last = to;
    size += to - from + 1;
  }
  assert.equal(set.size, size);
  assert.equal(set.rangeCount, [...set].length);
}

test('any sequence of additions and removals gives what a plain set of numbers gives', () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const set = new RangeSet();
      const model = new Set<number>();
      for (const step of sequence) {
        const [from, to] = step.range;
        if (step.add) set.add(from, to);
        else set.remove(from, to);
        for (const number of numbers(from, to)) step.add ? model.add(number) : model.delete(number);
        assertSound(set);
      }
      assert.deepEqual(numbersOf(set), sorted(model));
      for (const number of numbers(0, highest + 2)) {
        assert.equal(set.has(number), model.has(number));
        const end = set.endOfRangeAt(number);
        assert.equal(end !== undefined, model.has(number));
        if (end !== undefined) assert.ok(model.has(end) && !model.has(end + 1));
      }
      assert.equal(set.first, sorted(model)[0]);
      assert.equal(set.last, sorted(model).at(-1));
    }),
    { numRuns: 500 },
  );
});

test('union, intersection and difference are those of plain sets, and leave both operands alone', () => {
  fc.assert(
    fc.property(sets, sets, (left, right) => {
      const [a, b] = [RangeSet.from(left), RangeSet.from(right)];
      const [modelA, modelB] = [modelOf(left), modelOf(right)];
      const [textA, textB] = [a.toString(), b.toString()];
      for (const [result, model] of [
        [a.union(b), modelA.union(modelB)],
        [a.intersect(b), modelA.intersection(modelB)],
        [a.subtract(b), modelA.difference(modelB)],
      ] as const) {
        assertSound(result);
        assert.deepEqual(numbersOf(result), sorted(model));
      }
      assert.deepEqual([a.toString(), b.toString()], [textA, textB]);
      assert.equal(a.equals(b), textA === textB);
    }),
    { numRuns: 500 },
  );
});

test('within and gaps of a window share it between them', () => {
  fc.assert(
    fc.property(sets, range, (ranges, [from, to]) => {
      const set = RangeSet.from(ranges);
      const model = modelOf(ranges);
      const [inside, outside] = [set.within(from, to), set.gaps(from, to)];
      assertSound(inside);
      assertSound(outside);
      assert.deepEqual(
        numbersOf(inside),
        numbers(from, to).filter((number) => model.has(number)),
      );
      assert.deepEqual(
        numbersOf(outside),
        numbers(from, to).filter((number) => !model.has(number)),
      );
    }),
    { numRuns: 500 },
  );
});

test('the text of a set reads back as the same set', () => {
  fc.assert(
    fc.property(sets, (ranges) => {
      const set = RangeSet.from(ranges);
      assert.ok(RangeSet.parse(set.toString()).equals(set));
      assert.equal(RangeSet.parse(set.toString()).size, set.size);
    }),
  );
  assert.equal(RangeSet.of([600, 710], [1, 500], [502, 502]).toString(), '1-500,502,600-710');
});

test('text that no set would write is refused, not read as something near it', () => {
  for (const text of [
    'x',
    '1-',
    '-1',
    '1,',
    '5-3',
    '3-3',
    '1,2',
    '5,3',
    '1-5,4-9',
    '1.5',
    '1e3',
    ' 1',
    '99999999999999999999',
  ]) {
    assert.throws(() => RangeSet.parse(text), SyntaxError, text);
  }
});

test('numbers that cannot be records are refused', () => {
  for (const [from, to] of [
    [-1, 2],
    [1.5, 2],
    [3, 2],
    [Number.NaN, 1],
    [1, Number.POSITIVE_INFINITY],
  ] as const) {
    assert.throws(() => new RangeSet().add(from, to), RangeError);
    assert.throws(() => new RangeSet().remove(from, to), RangeError);
  }
});

test('a set of 200,000 ranges takes changes at its end without copying the rest', () => {
  const set = new RangeSet();
  const started = performance.now();
  for (let record = 1; record <= 400_000; record += 2) set.add(record);
  assert.equal(set.rangeCount, 200_000);
  // Out of order near the end, as replies come.
  for (let record = 399_990; record > 399_000; record -= 2) set.add(record);
  assert.equal(set.rangeCount, 200_000 - 495);
  // Quadratic behaviour would take minutes; the bound is generous because machines are shared.
  assert.ok(performance.now() - started < 5_000);
});
