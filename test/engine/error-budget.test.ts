import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOverBudget } from '../../src/engine/error-budget.ts';

test('a budget of rows is used up by one row more than it allows', () => {
  assert.equal(isOverBudget({ rows: 3 }, 3, 3), false);
  assert.equal(isOverBudget({ rows: 3 }, 4, 4), true);
  assert.equal(isOverBudget({ rows: 0 }, 1, 1_000_000), true);
});

test('a share waits for 1,000 rows, and is then counted exactly', () => {
  assert.equal(isOverBudget({ percent: 2 }, 999, 999), false);
  assert.equal(isOverBudget({ percent: 2 }, 20, 1000), false);
  assert.equal(isOverBudget({ percent: 2 }, 21, 1000), true);
});

test('without a budget nothing is too much', () => {
  assert.equal(isOverBudget(undefined, 1_000_000, 1_000_000), false);
});
