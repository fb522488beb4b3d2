import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '../../src/sandbox/digest.ts';

const [x, y] = [{ a: 1, b: { c: [1, 2], d: null } }, { a: 2 }];

describe('digest of a store', () => {
  it('does not hang on the order of rows or of keys', () => {
    assert.equal(digestOf([x, y]), digestOf([y, { b: { d: null, c: [1, 2] }, a: 1 }]));
  });

  it('hangs on the order in lists, on types, and on how often a row stands there', () => {
    assert.notEqual(digestOf([x]), digestOf([{ ...x, b: { ...x.b, c: [2, 1] } }]));
    assert.notEqual(digestOf([y]), digestOf([{ a: '2' }]));
    assert.notEqual(digestOf([x, y, y]), digestOf([x]), 'a pair does not vanish');
    assert.equal(digestOf([]), '0'.repeat(64));
  });
});
