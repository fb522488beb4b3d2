import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keyHash } from '../../src/mapping/key-hash.ts';

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
