/** Property: whatever a tidy file holds, the mapping proposed for it reads every row, and its own test passes. */
import { test } from 'node:test';
import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/model/json.ts';
import { targetTypes } from '../../src/targets/index.ts';
import { authored, troubleWith } from '../support/authoring.ts';

const two = (value: number) => String(value).padStart(2, '0');
const day = fc.tuple(
  fc.integer({ min: 1940, max: 2024 }),
  fc.integer({ min: 1, max: 12 }),
  fc.integer({ min: 1, max: 28 }),
);
const clock = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }));
const word = fc.stringMatching(/^[A-Za-zÅÄÖåäöß]{1,12}$/);
const mail = fc.stringMatching(/^[a-z]{1,8}\.[a-z]{1,8}@[a-z]{1,8}\.(?:com|se)$/);
const digits = fc.stringMatching(/^\d{1,20}$/);
const money = fc.tuple(fc.integer({ min: 0, max: 99_999 }), fc.integer({ min: 0, max: 99 }));

const monthNames = (locale: string) =>
  Array.from({ length: 12 }, (_, month) =>
    new Intl.DateTimeFormat(locale, { month: 'long', timeZone: 'UTC' }).format(Date.UTC(2024, month, 9)),
  );
const [spanish, german] = [monthNames('es'), monthNames('de')];

/** Kinds of columns, each with one way of writing its cells. */
const kinds: readonly fc.Arbitrary<string>[] = [
  word,
  digits,
  fc.integer().map(String),
  mail,
  money.map(([whole, part]) => `${whole},${two(part)}`),
  money.map(([whole, part]) => `${whole}.${two(part)}`),
  money.map(([whole, part]) => `${whole.toLocaleString('en-US')}.${two(part)}`),
  day.map(([y, m, d]) => `${y}-${two(m)}-${two(d)}`),
  day.map(([y, m, d]) => `${two(d)}/${two(m)}/${y}`),
  day.map(([y, m, d]) => `${m}/${d}/${y}`),
  day.map(([y, m, d]) => `${two(d)}.${two(m)}.${two(y % 100)}`),
  fc.tuple(day, clock).map(([[y, m, d], [h, min]]) => `${y}-${two(m)}-${two(d)} ${two(h)}:${two(min)}`),
  fc.tuple(day, clock).map(([[y, m, d], [h, min]]) => `${two(d)}/${two(m)}/${y} ${two(h)}:${two(min)}`),
  fc.tuple(day, clock).map(([[y, m, d], [h, min]]) => `${y}-${two(m)}-${two(d)}T${two(h)}:${two(min)}:00Z`),
  day.map(([y, m, d]) => `${d} ${spanish[m - 1]} ${y}`),
  day.map(([y, m, d]) => `${d}. ${german[m - 1]} ${y}`),
  fc.constantFrom('yes', 'no'),
  fc.constantFrom('1', '0'),
  fc.constantFrom('gold', 'silver'),
  fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(';')),
  fc.stringMatching(/^[\p{L}\p{P}\p{S}\d]{1,20}$/u).map((text) => text.toWellFormed()),
];
const names = fc.uniqueArray(
  fc.oneof(
    word,
    fc.constantFrom(
      'Email',
      'created_at',
      'first name',
      'tags',
      'active',
      'zip',
      'amount',
      'a.b',
      'NULL',
      'date',
      'é;"',
      'no',
    ),
  ),
  { minLength: 1, maxLength: 6 },
);

const table = fc.tuple(names, fc.integer({ min: 1, max: 12 })).chain(([columns, length]) =>
  fc
    .tuple(
      ...columns.map(() =>
        fc
          .tuple(fc.constantFrom(...kinds), fc.boolean())
          .chain(([kind, gaps]) =>
            fc.array(gaps ? fc.option(kind, { nil: '' }) : kind, { minLength: length, maxLength: length }),
          ),
      ),
    )
    .map((cells) => ({
      header: ['customer_id', ...columns.filter((name) => name !== 'customer_id')],
      rows: Array.from({ length }, (_, row) => [`C-${row}`, ...cells.map((column) => column[row] ?? '')]),
    })),
);

for (const { type } of targetTypes) {
  test(`${type}: every row of a random tidy CSV passes`, () => {
    fc.assert(
      fc.property(table, (given) => {
        const { text } = authored(given, { target: type });
        const trouble = troubleWith(text, given, type);
        if (trouble.length > 0) throw new Error(`${trouble.join('\n')}\n${text}`);
      }),
      { numRuns: 30 },
    );
  });

  test(`${type}: every row of a random tidy NDJSON passes`, () => {
    const value: fc.Arbitrary<Json> = fc.oneof(
      word,
      fc.integer({ min: -2_000_000, max: 2_000_000 }),
      fc.boolean(),
      mail,
    );
    const row = fc.record({
      // Not any word: "na" and "nil" are no ids to Raptor, and such rows are rightly turned down.
      id: word.map((text) => `C-${text}`),
      flat: value,
      maybe: fc.option(word, { nil: null }),
      deep: fc.record({ a: value }),
      list: fc.array(word),
    });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 8 }), (rows) => {
        const given = { rows: rows as JsonObject[] };
        const { text } = authored(given, { target: type });
        const trouble = troubleWith(text, given, type);
        if (trouble.length > 0) throw new Error(`${trouble.join('\n')}\n${text}`);
      }),
      { numRuns: 20 },
    );
  });
}
