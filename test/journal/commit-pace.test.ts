import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextCommitAt } from '../../src/journal/commits.ts';

/** Commits that are always wanted, each taking so long: when they begin. */
function begins(tookMs: number, count: number): number[] {
  const starts: number[] = [];
  let now = 10_000;
  let notBefore = 0;
  for (let commit = 0; commit < count; commit++) {
    now = Math.max(now, notBefore);
    starts.push(now);
    notBefore = nextCommitAt(notBefore, now, now + tookMs);
    now += tookMs;
  }
  return starts;
}

const share = (tookMs: number): number => {
  const starts = begins(tookMs, 2001);
  return (1000 * tookMs) / ((starts[2000] ?? 0) - (starts[1000] ?? 0));
};

test('commits in a row take a fifth of the time, once the first are over', () => {
  for (const tookMs of [0.1, 0.5, 2, 8])
    assert.ok(Math.abs(share(tookMs) - 0.2) < 0.01, `${tookMs} ms: ${share(tookMs)}`);
});

test('on a slow disk a pause grows no longer than 50 ms', () => {
  const starts = begins(200, 50);
  assert.equal((starts[49] ?? 0) - (starts[48] ?? 0), 250);
});

test('the first few wait for nothing, also after a while without any', () => {
  assert.deepEqual(begins(2, 4), [10_000, 10_002, 10_004, 10_006]);
  const idle = nextCommitAt(nextCommitAt(0, 1000, 1008), 5000, 5008);
  assert.ok(idle <= 5008, String(idle));
});
