import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createInspection } from '../../src/engine/inspection.ts';
import { KeySet } from '../../src/engine/repeated-keys.ts';
import { keyHash } from '../../src/mapping/key-hash.ts';

test('a key set says of each key what a Set would say, through all its growing', () => {
  const keys = new KeySet();
  const set = new Set<number>();
  for (let index = 0; index < 60_000; index++) {
    const hash = keyHash(`key ${(index * 7919) % 40_000}`);
    assert.equal(keys.add(hash), set.has(hash) ? 'known' : 'new');
    set.add(hash);
  }
  assert.equal(set.size, 40_000);
});

test('a key set that is full says so instead of growing on, and is empty again after clear', () => {
  const keys = new KeySet({ mostSlots: 8 });
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6].map((hash) => keys.add(hash)),
    Array(6).fill('new'),
  );
  assert.equal(keys.add(7), 'full');
  keys.clear();
  assert.equal(keys.add(7), 'new');
});

test('a key set of several tables takes nearly as many keys as one of that size would', () => {
  const mostSlots = 1 << 14;
  const keys = new KeySet({ mostSlots });
  let taken = 0;
  while (keys.add(keyHash(`key ${taken}`)) === 'new') taken += 1;
  assert.ok(taken > mostSlots * (2 / 3) * 0.85 && taken <= mostSlots * (2 / 3) + 16, `${taken} keys`);
  for (let index = 0; index < taken; index++) assert.equal(keys.has(keyHash(`key ${index}`)), true);
  assert.equal(keys.has(keyHash('another')), false);
});

test('different keys have different hashes within 53 bits, and only the empty key has none', () => {
  assert.equal(keyHash(''), 0);
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2 }), (keys) => {
      const hashes = keys.map(keyHash);
      assert.equal(new Set(hashes).size, keys.length);
      for (const hash of hashes) assert.ok(Number.isSafeInteger(hash) && hash > 0);
    }),
  );
  const many = new Set(Array.from({ length: 200_000 }, (_, index) => keyHash(String(index).padStart(7, '0'))));
  assert.equal(many.size, 200_000);
});

const fed = (load: number, keys: readonly string[], startRecord = 1) =>
  ({
    load,
    rows: keys.length,
    bytes: 0,
    mapped: { block: { startRecord }, rejected: [], keys: Float64Array.from(keys, keyHash) },
  }) as unknown as Parameters<ReturnType<typeof createInspection>['took']>[0];

const inspectionOf = (keys?: KeySet) =>
  createInspection({
    mostRows: 0,
    mostRowsEach: 0,
    lineOf: ({ mapped }, row) => mapped.block.startRecord + row + 1,
    ...(keys === undefined ? {} : { keys }),
  });

test('keys that repeat within a file are counted over its blocks, the first with its place; rows without a key are not', () => {
  const inspection = inspectionOf();
  inspection.took(fed(1, ['a', '', 'b', '']), 'x.csv');
  inspection.took(fed(1, ['c', 'a', 'a'], 5), 'x.csv');
  assert.deepEqual(inspection.repeatedKeys, { rows: 2, first: 'x.csv:7', compared: 5, isWhole: true });
});

test('a key that stands in two files is no repetition', () => {
  const inspection = inspectionOf();
  inspection.took(fed(1, ['a']), 'x.csv');
  inspection.took(fed(2, ['a']), 'y.csv');
  assert.deepEqual(inspection.repeatedKeys, { rows: 0, first: undefined, compared: 2, isWhole: true });
});

test('when there is no room left, it is said how far the count goes', () => {
  const inspection = inspectionOf(new KeySet({ mostSlots: 4 }));
  inspection.took(fed(1, ['a', 'a', 'b', 'c', 'd', 'a']), 'x.csv');
  assert.deepEqual(inspection.repeatedKeys, { rows: 1, first: 'x.csv:3', compared: 4, isWhole: false });
});

test('rows at fault are kept up to a number of characters in all: one may be of many megabytes', () => {
  const rejected = (text: string) => ({
    record: 1,
    line: 2,
    byte: 0,
    faults: [{ stage: 'map', code: 'value-email', column: 'email', reason: 'no' }],
    source: { kind: 'text', text },
  });
  const inspection = createInspection({ mostRows: 10, mostRowsEach: 10, mostCharacters: 100, lineOf: () => 1 });
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
