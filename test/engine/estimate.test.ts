import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimateRun } from '../../src/engine/estimate.ts';
import { estimateText, repeatedKeysText } from '../../src/report/estimate-text.ts';

const work = { requests: 100, cost: 400, costUnit: 'call or written part' };

test('without a limit on the cost, the answers decide: rounds of as many requests as may be in flight', () => {
  const estimate = estimateRun({ ...work, requests: 101 }, { concurrency: 4, rate: undefined, timeoutMs: 60_000 });
  assert.equal(estimate.seconds, 26 * 0.3);
  assert.equal(estimate.limitedBy, 'answers');
  assert.equal(estimate.slowestSeconds, 26 * 60);
  assert.match(estimateText(estimate), /about 7\.8 s: 4 requests in flight, each answered in 0\.3 s \(assumed\)\.$/);
});

test('a limit on the cost decides when it is the slower of the two, also for the worst case', () => {
  const estimate = estimateRun(work, { concurrency: 50, rate: 2, timeoutMs: 1000 });
  assert.deepEqual([estimate.seconds, estimate.limitedBy, estimate.slowestSeconds], [200, 'rate', 200]);
  assert.match(
    estimateText(estimate),
    /^A run would cost 400 calls or written parts and take about 3 min 20 s: at 2 calls or written parts a second\.$/,
  );
});

test('what was not compared is said', () => {
  assert.equal(
    repeatedKeysText({ rows: 0, first: undefined, compared: 9, isWhole: true }),
    'No key comes twice in a file.',
  );
  assert.equal(
    repeatedKeysText({ rows: 1, first: 'a.csv:3', compared: 1000, isWhole: false, why: 'ENOSPC' }),
    '1 row has a key that stood in the file before (first at a.csv:3); only 1,000 rows could be compared, since not all could be put aside on disk and read back: ENOSPC.',
  );
});
