import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allRecords, parseQuoted, type Records, readRecords } from '../../src/input/csv-rows.ts';

const piece = fc.oneof(
  fc.constantFrom(',', ';', '\t', '\n', '\r', '\r\n', '\n\n', ' ', '\u0000', '\ufeff', 'å', '本', '🎉', '=', "'", '\\'),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
);
const unquoted = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('').toWellFormed().replaceAll('"', ''));

const listed = (read: Records | undefined) =>
  read && Array.from({ length: read.count }, (_, index) => read.record(index));

test('text without a quote is split into the very records that csv-parse gives', () => {
  fc.assert(
    fc.property(unquoted, fc.constantFrom(',', ';', '\t', '|'), (text, delimiter) => {
      const utf8 = Buffer.from(text);
      assert.deepEqual(listed(allRecords(utf8, delimiter)), parseQuoted(utf8, delimiter));
    }),
    { numRuns: 2000 },
  );
});

const around = (text: string, delimiter = ',') => {
  const utf8 = Buffer.from(text);
  const whole = parseQuoted(utf8, delimiter);
  const rules = { format: 'csv', delimiter: delimiter.charCodeAt(0), maxRow: 1_000_000 } as const;
  return { whole, rows: listed(readRecords(utf8, delimiter, rules, whole?.length ?? 0)) };
};

const quotedCell = fc
  .array(
    fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(',', 'å', '🎉', ' ', 'a', ';') },
      { weight: 1, arbitrary: fc.constantFrom('""', '""\0', '\n', '\r\n', '\r', '\n\n') },
    ),
    { maxLength: 5 },
  )
  .map((parts) => `"${parts.join('')}"`);
const plainCell = fc.constantFrom('', 'a', 'bc', 'å', '🎉 x', '\u0000', ' ');
const anyRecord = fc
  .array(fc.oneof({ weight: 2, arbitrary: plainCell }, { weight: 1, arbitrary: quotedCell }), {
    minLength: 1,
    maxLength: 5,
  })
  .map((cells) => cells.join(','));

test('text with quotes is read as csv-parse reads all of it', () => {
  let told = 0;
  const lineBreak = fc.constantFrom('\n', '\r\n', '\r', '\n\n');
  fc.assert(
    fc.property(
      fc.array(fc.tuple(anyRecord, lineBreak), { minLength: 1, maxLength: 40 }),
      fc.boolean(),
      (lines, cut) => {
        const text = lines.flat().join('');
        const { whole, rows } = around(cut ? text.trimEnd() : text);
        if (rows === undefined) return;
        told += 1;
        assert.deepEqual(rows, whole);
      },
    ),
    { numRuns: 2000 },
  );
  assert.ok(told > 1000, `only ${told} of them were read so`);
});

test('quotes that only enclose are read, however many; where others are many, or something is out of order, csv-parse has the whole', () => {
  const plain = 'a,b\n'.repeat(100);
  const enclosed = '"c, ","d"\n'.repeat(100);
  assert.deepEqual(around(enclosed).rows, Array(100).fill(['c, ', 'd']));
  assert.deepEqual(around(enclosed.replaceAll('\n', '\r')).rows, Array(100).fill(['c, ', 'd']));
  const doubled = '"c ""d""",e\n';
  assert.deepEqual(around(`${plain}${doubled}${enclosed}`).rows?.[100], ['c "d"', 'e']);
  // They may stand together: all of the block counts.
  assert.equal(around(`${doubled.repeat(20)}${plain}`).rows?.length, 120);
  assert.equal(around(doubled.repeat(100)).rows, undefined);
  assert.equal(around(`${plain}${doubled.repeat(40)}`).rows, undefined);
  assert.deepEqual(around('"c\n\r\nd",e\n'.repeat(100)).rows, Array(100).fill(['c\n\r\nd', 'e']));
  assert.equal(around(`${plain}c"d,e\n${plain}`).rows, undefined);
});
