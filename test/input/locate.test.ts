import assert from 'node:assert/strict';
import { test } from 'node:test';
import { locate } from '../../src/input/locate.ts';

const rules = { format: 'csv', delimiter: 44, maxRow: 12 } as const;

test('records are told by where they stand, whatever number of them was expected', () => {
  const text = 'a,b\n\n"1\n2",3\r\nx"y,z\nlast';
  for (const expected of [0, 4, 1000]) {
    const found = locate(rules, Buffer.from(text), expected);
    const told = Array.from(found, ({ start, end, line, kind }) => ({ text: text.slice(start, end), line, kind }));
    assert.deepEqual(told, [
      { text: 'a,b', line: 0, kind: 'row' },
      { text: '"1\n2",3', line: 2, kind: 'row' },
      { text: 'x"y,z', line: 4, kind: 'broken' },
      { text: 'last', line: 5, kind: 'row' },
    ]);
    assert.equal(found.length, 4);
    assert.deepEqual(found.at(2), { start: 14, end: 19, line: 4, kind: 'broken', quoteFault: 'stray', faultAt: 15 });
  }
});

test('more records than there was room for keep their places', () => {
  const found = locate(rules, Buffer.from('ab\n'.repeat(1000)), 1);
  assert.equal(found.length, 1000);
  for (const index of [0, 15, 16, 17, 999])
    assert.partialDeepStrictEqual(found.at(index), { start: 3 * index, end: 3 * index + 2, line: index });
});

test('nothing is told behind a record that is too large', () => {
  const found = locate(rules, Buffer.from('a\n0123456789abcdef'), 2);
  assert.deepEqual(
    Array.from(found, ({ start, kind }) => [start, kind]),
    [
      [0, 'row'],
      [2, 'too-large'],
    ],
  );
});

test('a record that is not there is no record', () => {
  const found = locate(rules, Buffer.from('a\nb\n'), 2);
  for (const index of [-1, 2, 0.5, Number.NaN]) assert.throws(() => found.at(index), RangeError);
});
