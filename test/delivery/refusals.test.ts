import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRefusals } from '../../src/delivery/refusals.ts';
import { Exit } from '../../src/model/fault.ts';
import type { Reason } from '../../src/model/verdict.ts';

const refusal = (reason = 'no such type', more: Partial<Reason> = {}): Reason => ({
  code: 'platform-rejected',
  reason,
  ...more,
});
const times = (count: number, reason = refusal()): Reason[] => Array.from({ length: count }, () => reason);

test('the first 20 items refused with the same words stop a run, one fewer does not', () => {
  const refusals = createRefusals();
  assert.equal(refusals.count({}, times(19)), undefined);
  const stop = refusals.count({}, times(1));
  assert.equal(stop?.exit, Exit.tooManyErrors);
  assert.equal(stop?.reason?.code, 'identical-refusals');
  assert.match(
    stop?.reason?.reason ?? '',
    /^the first 20 items to be answered for were all refused with the same words: no such type$/,
  );
  assert.match(stop?.reason?.hint ?? '', /--identical-refusals 0/);
});

test('numbers and what is quoted may differ, other words may not', () => {
  const said = (one: (index: number) => string) => {
    const refusals = createRefusals();
    const reasons = Array.from({ length: 20 }, (_, index) => refusal(one(index)));
    return refusals.count({}, reasons) !== undefined;
  };
  assert.ok(said((index) => `item ${index}: "p${index}" is unknown`));
  assert.ok(!said((index) => (index % 2 === 0 ? 'too long' : 'too short')));
});

test('an acceptance ends the wall, and from then on it takes ten times as many', () => {
  const refusals = createRefusals({ most: 3 });
  refusals.count({}, times(2));
  refusals.accepted();
  assert.equal(refusals.count({}, times(29)), undefined);
  const stop = refusals.count({}, times(1));
  assert.match(stop?.reason?.reason ?? '', /^30 items in a row .* none was accepted in between/);
});

test('a load that has worked in an earlier run is given the same patience', () => {
  assert.equal(createRefusals({ hasWorked: true }).count({}, times(199)), undefined);
  assert.notEqual(createRefusals({ hasWorked: true }).count({}, times(200)), undefined);
});

test('the user comes before the operation, the operation before the default, and 0 is never', () => {
  const stops = (count: number, most: number | undefined, own: number | undefined) =>
    createRefusals({ most }).count(own === undefined ? {} : { identicalRefusals: own }, times(count)) !== undefined;
  assert.deepEqual([stops(4, undefined, 5), stops(5, undefined, 5)], [false, true]);
  assert.deepEqual([stops(5, 6, 5), stops(6, 6, 5)], [false, true]);
  assert.ok(!stops(100_000, 0, 5));
});

test('a platform that is at fault by its code stops by its own count, whatever the texts and whatever went before', () => {
  const refusals = createRefusals();
  refusals.accepted();
  const failures = Array.from({ length: 10 }, (_, index) => refusal(`request ${'x'.repeat(index)}`, { stopAfter: 10 }));
  assert.equal(refusals.count({}, failures.slice(0, 9)), undefined);
  assert.notEqual(refusals.count({}, failures.slice(9)), undefined);
  assert.equal(createRefusals({ most: 0 }).count({}, failures), undefined);
});

test('whatever comes, a run stops exactly when the last so many answers were one refusal', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('yes', 'a', 'b'), { maxLength: 80 }), (answers) => {
      const refusals = createRefusals({ most: 3, hasWorked: false });
      let hasWorked = false;
      answers.forEach((answer, index) => {
        if (answer === 'yes') {
          hasWorked = true;
          refusals.accepted();
          return;
        }
        const most = hasWorked ? 30 : 3;
        const last = answers.slice(Math.max(0, index + 1 - most), index + 1);
        const isWall = last.length === most && last.every((one) => one === answer);
        assert.equal(refusals.count({}, [refusal(answer)]) !== undefined, isWall);
      });
    }),
  );
});
