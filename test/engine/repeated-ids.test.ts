/** Ids that a platform keeps one item of, found by the real `validate` in what would be sent, for each target that has such. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import type { FedBlock } from '../../src/engine/feed.ts';
import { createRepeatedIds } from '../../src/engine/repeated-ids.ts';
import { keyHash } from '../../src/mapping/key-hash.ts';
import { runSeries } from '../support/command-series.ts';
import { createWorkdir } from '../support/workdir.ts';

const events = 'id,who,at\nA-1,7,2024-01-01T10:00:00Z\nA-2,7,2024-01-02T10:00:00Z\nA-1,8,2024-01-03T10:00:00Z\n';
const schemas: Readonly<Record<string, object>> = {
  customerio: {
    version: 1,
    target: 'customerio',
    key: 'who',
    items: [
      { operation: 'identify', fields: { userId: 'who' } },
      {
        operation: 'track',
        fields: { userId: 'who', event: { const: 'e' }, messageId: 'id', timestamp: { from: 'at', type: 'datetime' } },
      },
    ],
  },
  adobe: {
    version: 1,
    target: 'adobe',
    operation: 'event',
    fields: { _id: 'id', 'identityMap.CRMID': 'who', timestamp: { from: 'at', type: 'datetime' } },
  },
  datatalks: {
    version: 1,
    target: 'datatalks',
    operation: 'events',
    settings: { type: 'ticket_ev', hardId: ['id'], fields: { id: 'string', who: 'string' } },
    fields: { id: 'id', who: 'who' },
  },
};

test('validate tells of an id that the platform keeps one item of, with its place, over all files', async (t) => {
  const workdir = createWorkdir(t);
  workdir.file('a.csv', events);
  workdir.file('b.csv', 'id,who,at\nB-1,9,2024-01-04T10:00:00Z\nA-2,9,2024-01-05T10:00:00Z\n');
  const targets = Object.keys(schemas);
  for (const target of targets) workdir.file(`${target}.yaml`, JSON.stringify(schemas[target]));
  const results = await runSeries(
    workdir.path,
    targets.map((target) => ({
      args: ['validate', 'a.csv', 'b.csv', '-t', target, '-m', `${target}.yaml`, '--sandbox', '--json'],
    })),
  );
  for (const [index, target] of targets.entries()) {
    const { status, stdout, stderr } = results[index] ?? { status: -1, stdout: '', stderr: '' };
    assert.equal(status, 0, `${target}: ${stdout}${stderr}`);
    const { warnings } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}');
    const found = warnings.filter(({ code }: { code: string }) => code === 'id-repeated');
    assert.partialDeepStrictEqual(found, [{ count: 2, first: 'a.csv:4' }], target);
    assert.match(found[0].text, /^2 items have a (messageId|_id|Hard-ID \(id\)) that came before: \S+/);
  }
});

const once = { name: 'messageId', says: 'x' };
const block = (...ids: string[]) => ({
  mapped: {
    ids: Float64Array.from(ids, keyHash),
    entries: new Uint8Array(ids.length),
    firstRow: Uint32Array.from(ids.keys()),
  },
});
const fed = (given: object) => given as FedBlock;

const lineOf = () => 7;

test('an id that the mapping left open is none that could come again', async () => {
  const ids = createRepeatedIds([once], { folder: '/nowhere' });
  ids.took(fed(block('', 'a', '')), 'f', lineOf);
  ids.took(fed({ mapped: {} }), 'f', lineOf);
  ids.took(fed(block('b')), 'f', lineOf);
  assert.deepEqual(await ids.finish(), []);
});

test('of an operation whose ids may come again nothing is said', async () => {
  const ids = createRepeatedIds([undefined], { folder: '/nowhere' });
  ids.took(fed(block('a', 'a')), 'f', lineOf);
  assert.deepEqual(await ids.finish(), []);
});

test('an id that comes again is found in another file and when memory is full, and its place is that of the first', async (t) => {
  const { path: folder } = createWorkdir(t);
  const ids = createRepeatedIds([once, once], { folder, mostSlots: 4 });
  ids.took(fed(block('a', 'b', 'c', 'd', 'e')), 'f', (row) => row + 2);
  ids.took(fed(block('f', 'e', 'a')), 'g', (row) => row + 2);
  const text = '2 items have a messageId that came before: x';
  assert.deepEqual(await ids.finish(), [{ code: 'id-repeated', text, count: 2, first: 'g:3' }]);
  assert.deepEqual(readdirSync(folder), []);
});

test('ids that could not be compared are named, though none is known to have come again', async (t) => {
  const ids = createRepeatedIds([once], { folder: createWorkdir(t).file('a file', ''), mostSlots: 4 });
  ids.took(fed(block('a', 'b', 'c', 'd', 'd', 'e')), 'f', (row) => row + 2);
  const [warning, ...others] = await ids.finish();
  assert.partialDeepStrictEqual(warning, { code: 'ids-uncompared', count: 3, first: 'f:5' });
  assert.match(warning?.text ?? '', /^only 3 of 6 items could be compared by their messageId, since .* is no folder$/);
  assert.deepEqual(others, []);
});
