import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dateReader } from '../../src/authoring/date-forms.ts';
import type { Guess } from '../../src/authoring/infer.ts';
import { rawNumber } from '../../src/model/json.ts';
import { evidenceOf } from '../support/authoring.ts';

type Part<T> = T extends unknown ? Partial<T> : never;
const cases: readonly (readonly [column: string, cells: readonly string[], guess: Part<Guess>])[] = [
  ['customer', ['00123', '00456'], { kind: 'text' }],
  ['amount', ['12', '-7', '0'], { kind: 'integer' }],
  ['customer_id', ['12', '13'], { kind: 'text' }],
  ['no_of_items', ['12', '13'], { kind: 'integer' }],
  ['points', ['1234567890123456', '1'], { kind: 'text' }],
  ['points', ['123456789012345', '1'], { kind: 'integer' }],
  ['anything', ['+46812345', '+46812346'], { kind: 'text' }],
  ['amount', ['1.5E+15', '2'], { kind: 'text' }],
  ['amount', ['1.5', '2'], { kind: 'number' }],
  ['amount', ['1,5', '22'], { kind: 'number', decimal: ',' }],
  ['amount', ['1.234,50', '2,00'], { kind: 'number', decimal: ',', thousands: '.' }],
  ['amount', ['1,234.50', '2.00'], { kind: 'number', thousands: ',' }],
  ['amount', ['1 234,50', '2,00'], { kind: 'number', decimal: ',', thousands: ' ' }],
  ['amount', ['1,234,567', '12'], { kind: 'integer', thousands: ',' }],
  ['amount', ['12', '12B'], { kind: 'text' }],
  ['subscribed', ['1', '0'], { kind: 'boolean', trueWord: '1', falseWord: '0' }],
  ['children', ['1', '0'], { kind: 'integer' }],
  ['answer', ['Yes', 'no'], { kind: 'boolean', trueWord: 'yes', falseWord: 'no' }],
  ['country', ['NO', 'NO'], { kind: 'text' }],
  ['whatever', ['ja', 'nee'], { kind: 'boolean', trueWord: 'ja', falseWord: 'nee' }],
  ['x', ['true', 'FALSE'], { kind: 'boolean' }],
  ['x', ['ada@example.com', ' bob@example.org '], { kind: 'email' }],
  ['x', ['2024-02-29', '2023-01-01'], { kind: 'date', needsZone: false }],
  ['x', ['31/01/2024', '01/02/2024'], { kind: 'date', format: 'dd/MM/yyyy' }],
  ['x', ['1/31/2024', '2/1/2024'], { kind: 'date', format: 'M/d/yyyy' }],
  ['x', ['31.1.2024', '1.12.2024'], { kind: 'date', format: 'd.M.yyyy' }],
  ['x', ['5 Jan 2024', '17 Dec 2023'], { kind: 'date', format: 'd MMM yyyy' }],
  ['x', ['31/01/24', '01/02/99'], { kind: 'date', format: 'dd/MM/yy', century: 1930 }],
  ['born', ['19851210', '20011231'], { kind: 'date', format: 'yyyyMMdd' }],
  ['points', ['19851210', '20011231'], { kind: 'integer' }],
  ['x', ['2024-02-29T10:00:00Z', '2024-02-29T10:00:00.123+02:00'], { kind: 'datetime', needsZone: false }],
  ['x', ['2024-02-29 10:00:00', '2024-03-01 10:00:00'], { kind: 'datetime', needsZone: true }],
  ['x', ['31/01/2024 10:00', '01/02/2024 23:59'], { kind: 'datetime', format: 'dd/MM/yyyy HH:mm', needsZone: true }],
  ['x', ['01/31/2024 3:05 PM', '02/01/2024 11:59 AM'], { kind: 'datetime', format: 'MM/dd/yyyy h:mm a' }],
  ['created_at', ['1709195400', '1709195401'], { kind: 'datetime', format: 'X' }],
  ['created_at', ['1709195400123', '1709195401123'], { kind: 'datetime', format: 'x' }],
  ['points', ['1709195400', '1709195401'], { kind: 'integer' }],
  ['x', ['tea;maps', 'tea', 'cats;tea'], { kind: 'list', separator: ';' }],
  ['x', ['tea|maps', 'tea'], { kind: 'list', separator: '|' }],
  ['tags', ['tea,maps', 'tea'], { kind: 'list', separator: ',' }],
  ['x', ['a|b', '|'], { kind: 'text' }],
  ['x', ['Doe, John', 'Roe, Jane'], { kind: 'text' }],
  ['notes', ['rang twice; no answer', 'ok'], { kind: 'text' }],
  ['x', ['{"a":1}', '[1]'], { kind: 'json' }],
  ['x', ['{a}', '[1]'], { kind: 'text' }],
  ['x', ['', ''], { kind: 'empty' }],
  ['x', ['  ', ''], { kind: 'empty' }],
];
for (const [column, cells, guess] of cases) {
  test(`${column} with ${JSON.stringify(cells)} is ${JSON.stringify(guess)}`, () => {
    assert.partialDeepStrictEqual(evidenceOf(column, cells).guess, guess);
  });
}

test('that day and month cannot be told apart is said, with both readings', () => {
  const { guess, choose } = evidenceOf('x', ['01/02/2024', '03/04/2024']);
  assert.partialDeepStrictEqual(guess, { kind: 'date', format: 'dd/MM/yyyy', swapped: 'MM/dd/yyyy' });
  assert.match(choose ?? '', /dd\/MM\/yyyy, or MM\/dd\/yyyy\?/);
});

for (const locale of ['nl', 'de', 'fr', 'sv', 'da', 'nb', 'es', 'it']) {
  for (const month of ['short', 'long'] as const) {
    test(`a year of dates with ${month} names of months in ${locale} is told by them, and read to the day`, () => {
      const written = new Intl.DateTimeFormat(locale, { day: 'numeric', month, year: 'numeric', timeZone: 'UTC' });
      const days = Array.from({ length: 12 }, (_, index) => Date.UTC(2024, index, 9 + index));
      const cells = days.map((day) => written.format(day));
      const { guess, choose } = evidenceOf('x', cells);
      assert.ok(guess.kind === 'date');
      assert.deepEqual([guess.locale, guess.misfits, choose], [locale, 0, undefined]);
      assert.deepEqual(
        cells.map((cell) => dateReader(guess)(cell)),
        days.map((day) => new Date(day).toISOString().slice(0, 10)),
      );
    });
  }
}

test('names of months that several languages share ask for a decision, and English ones do not', () => {
  const { guess, choose } = evidenceOf('x', ['5 okt 2024', '6 jan 2024']);
  assert.partialDeepStrictEqual(guess, { locale: 'nl', alsoLocales: ['de', 'sv', 'da', 'nb'] });
  assert.match(choose ?? '', /several languages \(nl, de, sv, da, nb\)/);
  const english = evidenceOf('x', ['5 jan 2024', '6 sep 2024']);
  assert.deepEqual([english.guess.kind, english.choose], ['date', undefined]);
});

test('one day above 12 settles the order of day and month', () => {
  const { guess, choose } = evidenceOf('x', ['01/13/2024', '03/04/2024']);
  assert.partialDeepStrictEqual(guess, { kind: 'date', format: 'MM/dd/yyyy', swapped: undefined });
  assert.equal(choose, undefined);
});

test('a time without a zone and a year of two digits ask for a decision', () => {
  assert.match(evidenceOf('x', ['2024-02-29 10:00']).choose ?? '', /name no zone/);
  assert.match(evidenceOf('x', ['31/01/24']).choose ?? '', /two-digit years/);
});

test('a comma that may part thousands or be a decimal comma is not guessed at', () => {
  const { guess, choose } = evidenceOf('amount', ['1,234', '5,678']);
  assert.equal(guess.kind, 'text');
  assert.match(choose ?? '', /decimal comma/);
});

test('words that stand for nothing are told from values, where the values have a type', () => {
  const { guess, emptyWords, empty } = evidenceOf('amount', ['12', 'N/A', '13', '']);
  assert.deepEqual([guess.kind, emptyWords, empty], ['integer', ['N/A'], 2]);
  assert.deepEqual(evidenceOf('country', ['NA', 'SE']).emptyWords, []);
  assert.deepEqual(evidenceOf('city', ['NULL', 'Lund']).emptyWords, ['NULL']);
});

test('a word among texts that may stand for nothing is asked for, not taken for it', () => {
  const { emptyWords, empty, choose } = evidenceOf('city', ['Lund', 'N/A', '-', 'NULL', 'Umeå', 'N/A']);
  assert.deepEqual([emptyWords, empty], [['NULL'], 1]);
  assert.equal(choose, '"N/A", "-": sent as they stand; if it means nothing, say emptyWords: ["N/A", "-"]');
  assert.equal(evidenceOf('grade', ['-', '-', '-']).choose, undefined);
  assert.equal(evidenceOf('city', ['Lund', 'Umeå']).choose, undefined);
});

test('a column of dates stays one when a few cells are damaged, and counts them', () => {
  const cells = [
    ...Array.from({ length: 30 }, (_, day) => `2024-01-${String((day % 28) + 1).padStart(2, '0')}`),
    '2024-02-30',
  ];
  const { guess, misfits } = evidenceOf('x', cells);
  assert.deepEqual([guess.kind, misfits], ['date', 1]);
});

test('a few words among numbers keep the column text, and what could be said instead is said', () => {
  const { guess, choose } = evidenceOf('amount', [...Array.from({ length: 30 }, (_, index) => `${index},5`), 'free']);
  assert.equal(guess.kind, 'text');
  assert.match(choose ?? '', /all but 1 of 31 are numbers.*decimal: ","/);
});

test('share of empty cells, distinct values and the ends of what was seen are counted', () => {
  assert.partialDeepStrictEqual(evidenceOf('amount', ['3', '', '12', '3']), {
    empty: 1,
    rows: 4,
    distinct: 2,
    least: '3',
    most: '12',
  });
  assert.partialDeepStrictEqual(evidenceOf('x', ['31/01/2024', '01/02/2023']), {
    least: '2023-02-01',
    most: '2024-01-31',
  });
  assert.partialDeepStrictEqual(evidenceOf('tier', ['gold', 'silver'], 5), { values: ['gold', 'silver'] });
});

test('NDJSON says itself what its values are, and text that looks like a number stays text', () => {
  assert.equal(evidenceOf('zip', ['00123', '22222']).guess.kind, 'text');
  assert.equal(evidenceOf('amount', [1, 2.5]).guess.kind, 'number');
  assert.equal(evidenceOf('amount', [1, 2]).guess.kind, 'integer');
  assert.equal(evidenceOf('x', [true, false]).guess.kind, 'boolean');
  assert.deepEqual(evidenceOf('x', [['a'], ['b', 'c']]).guess, { kind: 'list', of: 'text' });
  assert.partialDeepStrictEqual(evidenceOf('x', [1, 'a']), { guess: { kind: 'text' }, mixed: true });
  assert.partialDeepStrictEqual(evidenceOf('x', [rawNumber('12345678901234567890')]), {
    guess: { kind: 'text' },
    mixed: true,
  });
});

test('a cell of a megabyte is text, and no expression is let loose on it', () => {
  const started = performance.now();
  assert.equal(evidenceOf('x', ['1'.repeat(1_000_000), '2']).guess.kind, 'text');
  assert.equal(evidenceOf('x', [`${' '.repeat(500_000)}a;b`]).guess.kind, 'list');
  assert.ok(performance.now() - started < 2000);
});
