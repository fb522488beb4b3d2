import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeySet } from '../../src/engine/key-set.ts';
import { keyHash } from '../../src/mapping/key-hash.ts';

test('a key set says of each key what a Set would say, through all its growing', () => {
  const keys = new KeySet(1 << 20);
  const set = new Set<number>();
  for (let index = 0; index < 60_000; index++) {
    const hash = keyHash(`key ${(index * 7919) % 40_000}`);
    assert.equal(keys.add(hash), set.has(hash) ? 'known' : 'new');
    set.add(hash);
  }
  assert.equal(set.size, 40_000);
});

test('a key set that is full says so of a new key instead of growing on, and is empty again after clear', () => {
  const keys = new KeySet(8);
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6].map((hash) => keys.add(hash)),
    Array(6).fill('new'),
  );
  assert.equal(keys.add(7), 'full');
  assert.equal(keys.add(6), 'known');
  keys.clear();
  assert.equal(keys.add(7), 'new');
});

test('a key set of several tables takes nearly as many keys as one of that size would', () => {
  const mostSlots = 1 << 14;
  const keys = new KeySet(mostSlots);
  let taken = 0;
  while (keys.add(keyHash(`key ${taken}`)) === 'new') taken += 1;
  assert.ok(taken > mostSlots * (2 / 3) * 0.85 && taken <= mostSlots * (2 / 3) + 16, `${taken} keys`);
  for (let index = 0; index < taken; index++) assert.equal(keys.has(keyHash(`key ${index}`)), true);
  assert.equal(keys.has(keyHash('another')), false);
});
