import assert from 'node:assert/strict';
import { test } from 'node:test';
import { costOf, isWithin, outsideOf } from '../../scripts/bench/figure.ts';

/** How often the true median lies between the values that `outside` leaves at either end: of all ways in which they may fall on either side of it. */
function coverage(values: number, outside: number): number {
  let within = 0;
  for (let sides = 0; sides < 2 ** values; sides++) {
    let below = 0;
    for (let bits = sides; bits > 0; bits >>>= 1) below += bits & 1;
    if (below > outside && values - below > outside) within += 1;
  }
  return within / 2 ** values;
}

test('as many values are left out as the range may lose to hold the true median 97 times of 100', () => {
  for (const values of [7, 8, 13, 16]) {
    assert.ok(coverage(values, outsideOf(values)) >= 0.97);
    assert.ok(coverage(values, outsideOf(values) + 1) < 0.97);
  }
});

test('a cost is told by its range, and where that is too wide it is not', () => {
  const ones = Array<number>(13).fill(1);
  const alike = costOf([0.9, 0.95, ...Array<number>(9).fill(1.01), 1.2, 1.3], ones);
  assert.deepEqual([alike.percent, alike.from, alike.to].map(Math.round), [1, 1, 1]);
  assert.equal(isWithin(alike, 3), true);
  const wide = costOf([0.9, 0.95, 0.96, ...Array<number>(7).fill(1.01), 1.1, 1.2, 1.3], ones);
  assert.equal(isWithin(wide, 3), 'unclear');
});
