/** The long version of test/engine/validate-agrees: some thousand mappings, each with its file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tryTrials } from '../support/agreement.ts';

const runs = 6000;
/** Each starts its own threads. */
const inThreads = 60;

test('validate and push agree on every row of thousands of random files under random mappings', async (t) => {
  const tried = await tryTrials(t, runs);
  assert.ok(tried.ran > runs / 2, `only ${tried.ran} of ${runs} mappings could be used`);
});

test('they agree too when push maps in threads, which get rows out of blocks of a few bytes', async (t) => {
  const tried = await tryTrials(t, inThreads, 2);
  assert.ok(tried.ran > inThreads / 2, `only ${tried.ran} mappings could be used`);
});
