import assert from 'node:assert/strict';
import { test } from 'node:test';
import { look } from '../../src/authoring/author.ts';
import { headless, isOtherEncoding, unreadable, valueless } from '../../src/authoring/file-doubts.ts';
import { type PlainRow, RowFault } from '../../src/input/parse.ts';

const headers: readonly (readonly [header: readonly string[], rows: readonly string[][], says: RegExp | undefined])[] =
  [
    [['id', 'email'], [['1', 'a@example.com']], undefined],
    [['1001', 'ada@example.com'], [['1002', 'bob@example.com']], /an e-mail address/],
    [['Ada', ' ada@example.com '], [['Bob', '']], /an e-mail address/],
    [
      ['Ada', '7', '2024-01-01'],
      [
        ['Bob', '9', '2024-01-02'],
        ['Eve', '3', '2024-01-02'],
      ],
      /values like those below \(integer, date\)/,
    ],
    [['17', '4,5'], [['18', '4,7']], /\(integer, number\)/],
    [['1001'], [['1002'], ['1003']], /\(integer\)/],
    // One such cell among names may be a name.
    [['name', '7'], [['Ada', '9']], undefined],
    [['name', '2023', '2024'], [['Ada', '9', '7']], undefined],
    [['0', '1', '2'], [['5', '9', '7']], undefined],
    [['name', '1', '2'], [['Ada', '9', '7']], undefined],
    [['name', '1', '3'], [['Ada', '9', '7']], /integer/],
    [['name', '2024-01-01', '2024-02-01'], [['Ada', '9', '7']], undefined],
    [['January', 'February'], [['9', '7']], undefined],
  ];

for (const [header, rows, says] of headers) {
  test(`${JSON.stringify(header)} above ${JSON.stringify(rows[0])} is ${says === undefined ? 'a header' : 'a row'}`, () => {
    const doubt = headless(header, look({ rows, header }).columns, 'f.csv');
    assert.equal(doubt?.code, says && 'init-header');
    if (says !== undefined) assert.match(doubt?.message ?? '', says);
    // It may be about a person.
    assert.doesNotMatch(`${doubt?.message}${doubt?.hint}`, /ada|1001/i);
  });
}

const broken = (code: string) => new RowFault([{ stage: 'read', code, reason: 'it is so' }]);

test('a file has another encoding when its letters beyond ASCII are no UTF-8, and not when a row of it is damaged', () => {
  const bad = broken('undecodable-bytes');
  const plain: PlainRow[] = [['1', 'Lund'], { a: 'Lund' }, broken('csv-columns')];
  assert.equal(isOtherEncoding(plain), false);
  assert.equal(isOtherEncoding([...plain, bad]), true);
  assert.equal(isOtherEncoding([...plain, bad, bad, ['1', 'Umeå']]), false);
  assert.equal(isOtherEncoding([...plain, bad, bad, { a: { b: 'Umeå' } }]), false);
});

test('that no row can be read is told with the first reason, and with the format that it was read in', () => {
  const rows = [broken('ndjson-syntax'), broken('ndjson-syntax')];
  const ndjson = unreadable(rows, 'f.json', false);
  assert.match(
    `${ndjson?.message} ${ndjson?.hint}`,
    /^No row of f\.json can be read\. The first: it is so \[ndjson-syntax\]\..*--format csv/,
  );
  assert.doesNotMatch(unreadable([broken('ndjson-not-object')], 'f.json', false)?.hint ?? '', /csv/);
  assert.match(unreadable([broken('csv-columns')], 'f.csv', true)?.hint ?? '', /--delimiter/);
  assert.equal(unreadable([...rows, { a: 1 }], 'f.json', false), undefined);
});

test('columns without a value give nothing to map', () => {
  const columns = (rows: string[][]) => look({ rows, header: ['a', 'b'] }).columns;
  assert.equal(
    valueless(
      columns([
        ['', ''],
        ['', ' '],
      ]),
      'f.csv',
    )?.code,
    'init-no-values',
  );
  assert.equal(
    valueless(
      columns([
        ['', ''],
        ['', 'x'],
      ]),
      'f.csv',
    ),
    undefined,
  );
});
