/** What `validate` says is what `push` does: proven on random files under random mappings, for all five targets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAgreement, newTally, trialFolder, tryTrials } from '../support/agreement.ts';
import type { Trial } from '../support/both-ways.ts';

const runs = 400;
/** Long versions stand in test/long. */
test('validate and push agree on every row of random files under random mappings, and no platform refuses or drops what was let through', async (t) => {
  const tried = await tryTrials(t, runs);
  // A generator whose mappings are all refused, or whose rows are all of one kind, would prove nothing.
  assert.ok(tried.ran > runs / 2, `only ${tried.ran} of ${runs} mappings could be used`);
  assert.ok(tried.accepted > 100 && tried.rejected > 100, `${tried.accepted} accepted, ${tried.rejected} rejected`);
  assert.ok(tried.codes.size > 10, [...tried.codes].join());
});

/** Found by the property, each once a row that the platform took and dropped or that was sent broken. */
const counterexamples: Readonly<Record<string, { readonly trial: Trial; readonly code: string }>> = {
  'a number where every XDM schema has text, without a declared schema': {
    code: 'field-type',
    trial: ndjson('adobe', 'record', { 'identityMap.CRMID': 'id', 'person.name.firstName': 'x' }, '{"id":"C-1","x":7}'),
  },
  'an expression that cuts a character in two': {
    code: 'expression-result',
    trial: ndjson(
      'customerio',
      'identify',
      { userId: 'id', 'traits.a': { expr: 'x.substring(0, 1)' } },
      '{"id":"C-1","x":"🐢"}',
    ),
  },
  'a transform that cuts a character in two': {
    code: 'transform-failed',
    trial: ndjson(
      'customerio',
      'identify',
      { userId: 'id', 'traits.a': { from: 'x', transform: 'tidy.mjs#half' } },
      '{"id":"C-1","x":"🐢"}',
    ),
  },
  'JSON in a cell with half of a character': {
    code: 'value-json',
    trial: ndjson(
      'customerio',
      'identify',
      { userId: 'id', 'traits.a': { from: 'x', type: 'json' } },
      '{"id":"C-1","x":"[\\"\\\\ud83d\\"]"}',
    ),
  },
};

function ndjson(target: string, operation: string, fields: Trial['mapping'], line: string): Trial {
  return {
    target,
    config: {},
    mapping: { version: 1, target, operation, fields },
    file: { name: 'trial.ndjson', bytes: Buffer.from(`${line}\n`) },
    source: { format: 'ndjson' },
    blockBytes: 1,
  };
}

for (const [name, { trial, code }] of Object.entries(counterexamples)) {
  test(`is told by both before anything is sent: ${name}`, async (t) => {
    const tried = newTally();
    await assertAgreement(trial, trialFolder(t), tried);
    assert.deepEqual([...tried.codes], [code]);
  });
}

test('warnings stand in one order, wherever blocks begin', async (t) => {
  const line = (order: string, x: string) => `{"order":"${order}","x":"${x}"}\n`;
  const fields = { Id: 'order', X: 'x', Lines: { each: { fields: { x: 'x' } } } };
  const trial: Trial = {
    target: 'raptor',
    config: { writeMode: 'append' },
    mapping: { version: 1, target: 'raptor', operation: 'interaction', onEmpty: 'keep', group: 'order', fields },
    // Group 1 returns before the rows of group 3 differ.
    file: {
      name: 'trial.ndjson',
      bytes: Buffer.from([line('1', 'a'), line('2', 'a'), line('1', 'a'), line('3', 'a'), line('3', 'b')].join('')),
    },
    source: { format: 'ndjson' },
    blockBytes: 1,
  };
  const tried = newTally();
  await assertAgreement(trial, trialFolder(t), tried);
  assert.equal(tried.accepted, 5);
});
