import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseQuoted, splitRecords } from '../../src/input/csv-rows.ts';

const piece = fc.oneof(
  fc.constantFrom(',', ';', '\t', '\n', '\r', '\r\n', '\n\n', ' ', '\u0000', '\ufeff', 'å', '本', '🎉', '=', "'", '\\'),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
);
const unquoted = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('').toWellFormed().replaceAll('"', ''));

test('text without a quote is split into the very records that csv-parse gives', () => {
  fc.assert(
    fc.property(unquoted, fc.constantFrom(',', ';', '\t', '|'), (text, delimiter) => {
      const utf8 = Buffer.from(text);
      assert.deepEqual(splitRecords(utf8, delimiter), parseQuoted(utf8, delimiter));
    }),
    { numRuns: 2000 },
  );
});
