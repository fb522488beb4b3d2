import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RangeSet } from '../../src/journal/ranges.ts';
import type { RecordRange } from '../../src/model/block.ts';

/** Around the borders of pages, and over whole ones. */
const starts = [0, 4090, 8185, 20_470];
const range = fc
  .tuple(fc.constantFrom(...starts), fc.integer({ min: 0, max: 40 }), fc.oneof(fc.nat(12), fc.nat(12), fc.nat(9000)))
  .map(([start, from, length]): RecordRange => [start + from, start + from + length]);
const highest = 20_470 + 40 + 9000;
const steps = fc.array(fc.record({ add: fc.boolean(), range }), { maxLength: 60, size: 'max' });
const sets = fc.array(range, { maxLength: 20, size: 'max' });

/** A byte for each number. */
class Model {
  readonly there = new Uint8Array(highest + 2);

  static of(ranges: readonly RecordRange[]): Model {
    const model = new Model();
    for (const [from, to] of ranges) model.there.fill(1, from, to + 1);
    return model;
  }

  /** Of two, number by number. */
  static from(left: Model, right: Model, holds: (left: boolean, right: boolean) => boolean): Model {
    const model = new Model();
    for (let at = 0; at < model.there.length; at++)
      model.there[at] = Number(holds(left.there[at] === 1, right.there[at] === 1));
    return model;
  }

  get ranges(): RecordRange[] {
    const found: RecordRange[] = [];
    for (let from = this.there.indexOf(1); from !== -1; ) {
      const gap = this.there.indexOf(0, from);
      found.push([from, gap - 1]);
      from = this.there.indexOf(1, gap);
    }
    return found;
  }
}

/** The ranges that the model has, and a size and a count that are the truth: what every other property silently relies on. */
function assertSame(set: RangeSet, model: Model): void {
  const { ranges } = model;
  assert.deepEqual([...set], ranges);
  assert.equal(
    set.size,
    ranges.reduce((size, [from, to]) => size + to - from + 1, 0),
  );
  assert.equal(set.isEmpty, ranges.length === 0);
  assert.equal(set.rangeCount, ranges.length);
  assert.equal(set.first, ranges[0]?.[0]);
  assert.equal(set.last, ranges.at(-1)?.[1]);
}

test('any sequence of additions and removals gives what a plain set of numbers gives', () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const set = new RangeSet();
      const model = new Model();
      for (const step of sequence) {
        const [from, to] = step.range;
        if (step.add) set.add(from, to);
        else set.remove(from, to);
        model.there.fill(Number(step.add), from, to + 1);
        assertSame(set, model);
      }
      for (const [from, to] of model.ranges) {
        assert.equal(set.nextFrom(from), from);
        assert.ok((set.nextFrom(to + 1) ?? highest + 2) > to + 1);
        for (const inside of [from, to]) {
          assert.ok(set.has(inside));
          assert.equal(set.endOfRangeAt(inside), to);
        }
        for (const outside of [from - 1, to + 1].filter((number) => number >= 0)) {
          assert.ok(!set.has(outside));
          assert.equal(set.endOfRangeAt(outside), undefined);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('union, intersection and difference are those of plain sets, and leave both operands alone', () => {
  fc.assert(
    fc.property(sets, sets, (left, right) => {
      const [a, b] = [RangeSet.from(left), RangeSet.from(right)];
      const [modelA, modelB] = [Model.of(left), Model.of(right)];
      assertSame(
        a.union(b),
        Model.from(modelA, modelB, (one, other) => one || other),
      );
      assertSame(
        a.intersect(b),
        Model.from(modelA, modelB, (one, other) => one && other),
      );
      assertSame(
        a.subtract(b),
        Model.from(modelA, modelB, (one, other) => one && !other),
      );
      const emptied = a.clone();
      emptied.removeSet(emptied);
      assertSame(emptied, new Model());
      a.clone().add(0, highest);
      b.clone().remove(0, highest);
      assertSame(a, modelA);
      assertSame(b, modelB);
    }),
    { numRuns: 500 },
  );
});

test('a window of a set is what stands in it', () => {
  fc.assert(
    fc.property(sets, range, (ranges, [from, to]) => {
      const set = RangeSet.from(ranges);
      const model = Model.of(ranges);
      const inside = set.within(from, to);
      assertSame(
        inside,
        Model.from(model, Model.of([[from, to]]), (one, other) => one && other),
      );
      inside.remove(0, highest);
      assertSame(set, model);
    }),
    { numRuns: 500 },
  );
});

test('a range as wide as numbers go takes no longer than any other', () => {
  const set = RangeSet.of([1, Number.MAX_SAFE_INTEGER - 1]);
  set.remove(7_000_000_000);
  assert.equal(set.toString(), '1-6999999999,7000000001-9007199254740990');
  assert.equal(set.size, Number.MAX_SAFE_INTEGER - 2);
  assert.equal(set.within(6_999_999_990, 7_000_000_010).size, 20);
  assert.equal(set.union(RangeSet.of([7_000_000_000, 7_000_000_000])).toString(), '1-9007199254740990');
});

test('the text of a set reads back as the same set', () => {
  fc.assert(
    fc.property(sets, (ranges) => {
      const set = RangeSet.from(ranges);
      assertSame(RangeSet.parse(set.toString()), Model.of(ranges));
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

test('a set of 200,000 ranges takes changes anywhere without copying the rest', () => {
  const set = new RangeSet();
  const started = performance.now();
  for (let record = 1; record <= 400_000; record += 2) set.add(record);
  assert.equal(set.rangeCount, 200_000);
  // Out of order near the end, as replies come.
  for (let record = 399_990; record > 399_000; record -= 2) set.add(record);
  assert.equal(set.rangeCount, 200_000 - 495);
  for (let record = 1; record <= 400_000; record += 4) set.remove(record);
  assert.equal(set.rangeCount, 100_000);
  assert.equal(RangeSet.parse(set.toString()).subtract(set).size, 0);
  assert.equal(RangeSet.parse(set.toString()).size, set.size);
  // Quadratic behaviour would take minutes; the bound is generous because machines are shared.
  assert.ok(performance.now() - started < 5_000);
});
