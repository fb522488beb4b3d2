import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cellReader, parseCsv } from '../../src/input/csv-cells.ts';
import { allRecords, type Records } from '../../src/input/csv-rows.ts';

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
      assert.deepEqual(listed(allRecords(utf8, delimiter)), parseCsv(utf8, delimiter));
    }),
    { numRuns: 2000 },
  );
});

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
        const utf8 = Buffer.from(cut ? text.trimEnd() : text);
        const rows = listed(allRecords(utf8, ','));
        if (rows === undefined) return;
        told += 1;
        assert.deepEqual(rows, parseCsv(utf8, ','));
      },
    ),
    { numRuns: 2000 },
  );
  assert.ok(told > 1000, `only ${told} of them were read so`);
});

const delimiters = [',', ';', '\t', '|', '^', '\\', ']', '-', 'x'];
/** Texts with what CSV has a meaning for. */
const cellText = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('', 'a', '"', '""', 'å🎉', ' ', '\u0000', '\n', '\r\n', ...delimiters) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => text.toWellFormed()) },
);

/** How the writer of a file quotes: never without need, or always, by column and now and then by cell. */
const writer = (quotedColumns: readonly boolean[], delimiter: string) => (cells: readonly string[], odd: number) =>
  cells
    .map((cell, at) => {
      const mustBe = new RegExp(`["\\r\\n\\x${delimiter.charCodeAt(0).toString(16).padStart(2, '0')}]`).test(cell);
      return mustBe || quotedColumns[at] !== (odd === at) ? `"${cell.replaceAll('"', '""')}"` : cell;
    })
    .join(delimiter);

test('whatever records came before, one is read as the cells that it was written from', () => {
  const columns = 4;
  const row = fc.array(cellText, { minLength: columns, maxLength: columns });
  const rows = fc.array(fc.tuple(row, fc.nat(40)), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(
      fc.constantFrom(...delimiters),
      fc.array(fc.boolean(), { minLength: columns, maxLength: columns }),
      rows,
      rows,
      fc.boolean(),
      (delimiter, quotedColumns, before, after, isTold) => {
        const write = writer(quotedColumns, delimiter);
        const read = isTold ? cellReader({ delimiter, columns }) : cellReader({ delimiter });
        // More than enough for a form to be made, and for one more of what did not fit the first.
        const learned = Array.from({ length: Math.ceil(120 / before.length) }, () => before).flat();
        const then = Array.from({ length: Math.ceil(220 / after.length) }, () => after).flat();
        for (const [cells, odd] of [...learned, ...then]) assert.deepEqual(read(write(cells, odd)), cells);
      },
    ),
    { numRuns: 300 },
  );
});

test('a record of another width is read as csv-parse reads it', () => {
  const learned = ['a,"b",c', '"a",b,"c ""d"""'];
  fc.assert(
    fc.property(fc.constantFrom(...learned), fc.array(cellText, { minLength: 1, maxLength: 6 }), (first, cells) => {
      const read = cellReader({ delimiter: ',', columns: 3 });
      for (let count = 0; count < 150; count++) read(first);
      const record = writer([], ',')(cells, -1);
      assert.deepEqual(read(record), record === '' ? [''] : parseCsv(Buffer.from(record), ',')?.[0]);
    }),
    { numRuns: 200 },
  );
});

test('records without a width of their own have that of the first one, and any other is read all the same', () => {
  const read = cellReader({ delimiter: ',' });
  assert.deepEqual(read('key,value'), ['key', 'value']);
  for (let count = 0; count < 300; count++) assert.deepEqual(read(`${count},"v"`), [`${count}`, 'v']);
  assert.deepEqual(read('a,"b,b",c'), ['a', 'b,b', 'c']);
});

test('thousands of columns, and millions of doubled quotes, are read as csv-parse reads them', () => {
  const many = Array.from({ length: 6000 }, (_, index) => `cell ${index}`);
  const read = cellReader({ delimiter: ';', columns: many.length });
  for (let count = 0; count < 3; count++) {
    assert.deepEqual(read(many.join(';')), many);
    assert.deepEqual(read(many.map((cell) => `"${cell}"`).join(';')), many);
  }
  const two = cellReader({ delimiter: ',' });
  const quotes = '"'.repeat(4_200_000);
  for (const cell of ['a', quotes]) assert.deepEqual(two(`"${cell.replaceAll('"', '""')}",b`), [cell, 'b']);
});

test('records whose quotes are broken are not read at all', () => {
  const plain = 'a,b\n'.repeat(100);
  for (const broken of ['c"d,e\n', '"c"d,e\n', '"c,d\n'])
    assert.equal(listed(allRecords(Buffer.from(`${plain}${broken}${plain}`), ',')), undefined);
  assert.deepEqual(
    listed(allRecords(Buffer.from('"c\n\r\nd",e\r'.repeat(100)), ',')),
    Array(100).fill(['c\n\r\nd', 'e']),
  );
});

test('a form narrows to the kinds of cells that have stood in its columns', (t) => {
  const read = cellReader({ delimiter: ',', columns: 2 });
  const looks = t.mock.method(RegExp.prototype, 'exec');
  const formNow = () => String(looks.mock.calls.at(-1)?.this);
  read('a,"b"');
  const wide = formNow();
  for (let count = 0; count < 200; count++) read('a,"b"');
  const narrow = formNow();
  assert.ok(narrow.length < wide.length, `${narrow} is no narrower than ${wide}`);
  for (let count = 0; count < 400; count++) read('"a","b"');
  assert.ok(formNow().length > narrow.length);
  looks.mock.resetCalls();
  read('"a","b"');
  assert.equal(looks.mock.callCount(), 1);
});

test('of what looks alike nothing is split, whichever cells are wanted', (t) => {
  const records = ['a,b,c,d,1', '"a",b,c,"d ""d""",2'];
  for (const wanted of [undefined, [0], [4], [1, 2], [0, 2, 4], [], [0, 1, 2, 3, 4]]) {
    const read = cellReader({ delimiter: ',', columns: 5, wanted });
    const splits = t.mock.method(String.prototype, 'split');
    const looks = t.mock.method(RegExp.prototype, 'exec');
    for (let count = 0; count < 400; count++) read(records[count % 2] ?? '');
    assert.equal(splits.mock.callCount(), 0);
    looks.mock.resetCalls();
    for (let count = 0; count < 400; count++) read(records[count % 2] ?? '');
    assert.equal(looks.mock.callCount(), 400);
    looks.mock.restore();
    splits.mock.restore();
    const cells = ['a', 'b', 'c', 'd "d"', '2'];
    assert.deepEqual(
      read(records[1] ?? ''),
      cells.map((cell, column) => ((wanted?.includes(column as never) ?? true) ? cell : '')),
    );
  }
});
