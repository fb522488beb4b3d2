import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createInspection } from '../../src/engine/inspection.ts';
import { keyHash } from '../../src/mapping/key-hash.ts';
import { createWorkdir } from '../support/workdir.ts';

const fed = (load: number, keys: readonly string[], startRecord = 1) =>
  ({
    load,
    rows: keys.length,
    bytes: 0,
    mapped: { block: { startRecord }, rejected: [], keys: Float64Array.from(keys, keyHash) },
  }) as unknown as Parameters<ReturnType<typeof createInspection>['took']>[0];

const inspectionOf = (options: { folder?: string; mostSlots?: number } = {}) =>
  createInspection({
    folder: '/nowhere',
    mostRows: 0,
    mostRowsEach: 0,
    lineOf: ({ block }, row) => block.startRecord + row + 1,
    ...options,
  });

test('keys that repeat within a file are counted over its blocks, the first with its place; rows without a key are not', async () => {
  const inspection = inspectionOf();
  inspection.took(fed(1, ['a', '', 'b', '']), 'x.csv');
  inspection.took(fed(1, ['c', 'a', 'a'], 5), 'x.csv');
  assert.deepEqual((await inspection.finish()).repeatedKeys, { rows: 2, first: 'x.csv:7', compared: 5, isWhole: true });
});

test('a key that stands in two files is no repetition, whether it fitted into memory or not', async (t) => {
  for (const mostSlots of [undefined, 4]) {
    const inspection = inspectionOf({
      folder: createWorkdir(t).path,
      ...(mostSlots === undefined ? {} : { mostSlots }),
    });
    inspection.took(fed(1, ['a', 'b', 'c', 'd', 'e']), 'x.csv');
    inspection.took(fed(2, ['e', 'd', 'c', 'b', 'a']), 'y.csv');
    const whole = { rows: 0, first: undefined, compared: 10, isWhole: true };
    assert.deepEqual((await inspection.finish()).repeatedKeys, whole);
  }
});

test('when keys cannot be put aside, it is said how many were compared, and why no more', async (t) => {
  const inspection = inspectionOf({ folder: createWorkdir(t).file('a file', ''), mostSlots: 4 });
  inspection.took(fed(1, ['a', 'a', 'b', 'c', 'd', 'a']), 'x.csv');
  const { repeatedKeys } = await inspection.finish();
  assert.partialDeepStrictEqual(repeatedKeys, { rows: 2, first: 'x.csv:3', compared: 5, isWhole: false });
  assert.match(repeatedKeys?.isWhole === false ? repeatedKeys.why : '', /is there and is no folder/);
});

test('without keys nothing is said of them', async () => {
  const inspection = inspectionOf();
  inspection.took(fed(1, ['', '']), 'x.csv');
  assert.deepEqual(await inspection.finish(), { warnings: [] });
});

test('rows at fault are kept up to a number of characters in all: one may be of many megabytes', () => {
  const rejected = (text: string) => ({
    record: 1,
    line: 2,
    byte: 0,
    faults: [{ stage: 'map', code: 'value-email', column: 'email', reason: 'no' }],
    source: { kind: 'text', text },
  });
  const inspection = createInspection({
    folder: '/nowhere',
    mostRows: 10,
    mostRowsEach: 10,
    mostCharacters: 100,
    lineOf: () => 1,
  });
  const mapped = {
    block: { startRecord: 1 },
    rejected: ['x'.repeat(60), 'y'.repeat(60), 'z'.repeat(40), 'w'].map(rejected),
  };
  inspection.took({ load: 0, rows: 4, bytes: 0, mapped } as unknown as Parameters<typeof inspection.took>[0], 'a.csv');
  assert.deepEqual(
    inspection.rows.map(({ source }) => source.text[0]),
    ['x', 'z'],
  );
});
