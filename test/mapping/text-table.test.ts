import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type TextTable, TextTableBuilder, textTableReader } from '../../src/mapping/text-table.ts';

const tableOf = (pairs: Iterable<readonly [string, string]>): TextTable => {
  const builder = new TextTableBuilder();
  for (const [key, value] of pairs) builder.add(key, value);
  return builder.finish();
};

const text = fc
  .oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.constantFrom('', 'a', 'aa', 'ab', '\ufffd', '🎉', 'å', '\0', 'constructor'),
  )
  .map((made) => made.toWellFormed());

test('a table finds what a Map does, also in another thread', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { maxLength: 40 }), fc.array(text), (pairs, others) => {
      const builder = new TextTableBuilder();
      const map = new Map<string, string>();
      for (const [key, value] of pairs) {
        const known = map.get(key) ?? value;
        map.set(key, known);
        assert.equal(builder.add(key, value), known);
        assert.equal(builder.count, map.size);
      }
      const find = textTableReader(structuredClone(builder.finish()));
      for (const key of [...map.keys(), ...others]) assert.equal(find(key), map.get(key));
    }),
    { numRuns: 500 },
  );
});

test('it grows to any number of entries, and finds each', () => {
  const count = 100_000;
  const keys = Array.from({ length: count }, (_, n) => `key ${n}`);
  const find = textTableReader(tableOf(keys.map((key, n) => [key, `värde ${n}`])));
  for (const [n, key] of keys.entries()) assert.equal(find(key), `värde ${n}`);
  assert.equal(find(`key ${count}`), undefined);
  const long = '本'.repeat(60_000);
  assert.equal(textTableReader(tableOf([[long, long]]))(long), long);
});

test('a longer key than any is not taken for the one that it begins with', () => {
  const find = textTableReader(tableOf([['abc', 'x']]));
  for (const key of ['abcd', 'abcdefgh', 'abcdefghi', 'abc🎉', 'abcé🎉', 'ab']) assert.equal(find(key), undefined, key);
  assert.equal(find('abc'), 'x');
});

test('half a character is no key, also where the sign for one that cannot be read is', () => {
  const find = textTableReader(tableOf([['\ufffd', 'x']]));
  assert.equal(find('\ufffd'), 'x');
  assert.equal(find('\ud83c'), undefined);
});

test('no copy is made for another thread', () => {
  const table = tableOf([['a', 'b']]);
  const other = structuredClone(table);
  Buffer.from(table.texts).write('ac');
  assert.equal(textTableReader(other)('a'), 'c');
});
