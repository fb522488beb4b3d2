import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { comment, inline, quoted } from '../../src/authoring/yaml-text.ts';
import type { Json } from '../../src/model/json.ts';
import { targetTypes } from '../../src/targets/index.ts';
import { authored, type Table, troubleWith } from '../support/authoring.ts';

const days = (count: number, day: (index: number) => string) => Array.from({ length: count }, (_, index) => day(index));
const two = (value: number) => String(value).padStart(2, '0');

/** Everything that some operation somewhere needs, in tidy columns. */
const people: Table = {
  header: [
    'customer_id',
    'Email Address',
    'First Name',
    'birth',
    'occurred_at',
    'event_name',
    'tier',
    'spent',
    'tags',
    'opt_in',
    'city',
    'password',
    'unused',
  ].concat([
    'sku',
    'previous_id',
    'platform',
    'device_token',
    'object_id',
    'delivery_id',
    'metric',
    'loyalty_id',
    'actionType',
  ]),
  rows: days(40, (index) => String(index)).map((index) => {
    const row = Number(index);
    return [
      `00${100 + row}`,
      `Person${row}@Example.com`,
      `Zebedee${row % 3}`,
      `${two((row % 28) + 1)}/03/1985`,
      `2024-01-${two((row % 28) + 1)}T10:00:00Z`,
    ]
      .concat([
        'Order Completed',
        ['gold', 'silver'][row % 2] ?? '',
        row % 6 === 0 ? 'N/A' : ` ${row},50`,
        row % 3 === 0 ? '' : 'tea;maps',
        row % 2 === 0 ? 'ja' : 'nej',
      ])
      .concat([
        row % 4 === 0 ? '' : 'Lund',
        `hunter${row}`,
        '',
        `SKU-${row}`,
        `old-${row}`,
        'ios',
        `token-${row}-abc`,
        `C-${row}`,
      ])
      .concat([`D-${row}`, 'opened', `L-${row}`, 'viewed_content']);
  }),
};

for (const { type, operations } of targetTypes) {
  for (const operation of Object.keys(operations)) {
    test(`${type} ${operation}: a tidy file gives a mapping whose test and whose rows pass`, () => {
      const { text } = authored(people, { target: type, operation });
      assert.deepEqual(troubleWith(text, people, type), []);
    });
  }
}

for (const { type } of targetTypes) {
  test(`${type}: NDJSON with nesting, lists and numbers gives a mapping whose test and whose rows pass`, () => {
    const rows = days(20, (index) => String(index)).map((index) => ({
      id: `u-${index}`,
      contact: { email: `p${index}@example.com`, phone: null },
      seen: '2024-02-03T10:00:00+02:00',
      points: Number(index),
      big: 12.25,
      tags: ['a', 'b'],
      lines: [{ sku: 'x', quantity: 1 }],
      vip: index === '3',
    }));
    const { text } = authored({ rows }, { target: type });
    assert.deepEqual(troubleWith(text, { rows }, type), []);
  });

  test(`${type}: nothing of a person and no secret stands in the mapping`, () => {
    const { text } = authored(people, { target: type });
    for (const value of ['Zebedee', 'Person', '@Example.com', 'hunter']) assert.ok(!text.includes(value), value);
    assert.match(text, /# left out: password: looks like a secret/);
    assert.match(text, /# left out: unused: empty in every row/);
  });

  test(`${type}: no empty cell can erase without a word`, () => {
    const { draft, text } = authored(people, { target: type });
    assert.notEqual(draft.onEmpty, 'null');
    assert.notEqual(draft.onEmpty, 'keep');
    const erasing = draft.fields.filter(({ style }) => style.onEmpty === 'null');
    // Data Talks clears what is left out as well: there is no way to keep it but to reject the row.
    assert.deepEqual(erasing.length > 0, type === 'datatalks');
    if (erasing.length > 0)
      assert.match(text, /onEmpty: reject {2}# Data Talks cannot keep what it holds: .*null clears them/);
  });
}

test('without gaps a Raptor record is complete, so nothing is said of missing columns', () => {
  const { text } = authored({ header: ['id', 'name'], rows: [['1', 'a']] }, { target: 'raptor' });
  assert.doesNotMatch(text, /ignoreMissingColumns/);
  assert.match(text, /onEmpty: reject/);
});

test('the evidence, the flags and the choices stand where they belong', () => {
  const { text } = authored(people, { target: 'raptor' });
  assert.match(text, /^# yaml-language-server: \$schema=\.\/s\.json\n/);
  assert.match(text, /^key: customer_id {2}# proposed: different in each of the rows looked at$/m);
  assert.match(
    text,
    /^ {2}Email: .*# e-mail addresses; never empty; personal: an e-mail address$|^ {2}EmailAddress: .*personal: an e-mail address$/m,
  );
  assert.match(text, /^ {2}Tier: tier {2}# one of gold, silver; never empty$/m);
  assert.match(text, /^ {2}# CHOOSE: how is the dataflow set in the Data Manager\?/m);
  assert.match(text, /^ {2}City: city {2}# .*25 % empty/m);
});

test('names of months in another language are read by it, in the rows and in the test', () => {
  const rows = ['5. März 2024', '17. Oktober 2023', '1. Mai 2024'].map((day, index) => [`c${index}`, day]);
  const table = { header: ['id', 'last_seen'], rows };
  const { text } = authored(table, { target: 'raptor' });
  assert.match(text, /^ {2}LastSeen: \{ from: last_seen, type: date, format: d\. MMMM yyyy, locale: de \} /m);
  assert.match(text, /^ {6}last_seen: "29\. Februar 2024"$/m);
  assert.deepEqual(troubleWith(text, table, 'raptor'), []);
});

test('--key decides, and the column goes to the identity', () => {
  const { draft } = authored(people, { target: 'relay42', key: 'loyalty_id' });
  assert.equal(draft.key, 'loyalty_id');
  assert.deepEqual(draft.fields[0]?.style, { from: 'loyalty_id', required: true });
  assert.throws(() => authored(people, { target: 'relay42', key: 'loyalty' }), { code: 'init-key' });
});

test('columns that the target declares already are not declared again', () => {
  const { text } = authored(people, { target: 'raptor', given: { columns: {}, writeMode: 'append' } });
  assert.doesNotMatch(text, /columns:|writeMode:/);
});

test('names that nothing is left of, that are taken, or that an object has anyway, still give fields of their own', () => {
  const header = ['id', '%', '#', 'a b', 'a-b', '__proto__', 'constructor', 'größe'];
  const table = { header, rows: [header.map((_, index) => `v${index}`)] };
  const { draft, text } = authored(table, { target: 'customerio' });
  assert.deepEqual(
    draft.fields.map(({ name }) => name),
    ['userId', 'traits.column', 'traits.column2', 'traits.aB', 'traits.aB2', 'traits.constructor', 'traits.größe'],
  );
  assert.deepEqual(troubleWith(text, table, 'customerio'), []);
  assert.match(text, /# left out: __proto__: a name that programs stumble over/);
});

test('words that other readers of YAML take for something else stand in quotes', () => {
  for (const word of ['no', 'Yes', 'null', 'TRUE', '~', '1', '1e3', '', ' a'])
    assert.equal(quoted(word), JSON.stringify(word));
  for (const word of ['First Name', 'crm-id', 'größe']) assert.equal(quoted(word), word);
});

test('property: text and JSON come back from YAML as they were', () => {
  const json = fc.jsonValue({ maxDepth: 3 }).map((value) => value as Json);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), json, (text, value) => {
      const wellFormed = text.toWellFormed();
      assert.deepEqual(parse(`key: ${quoted(wellFormed)}  # c`), { key: wellFormed });
      assert.deepEqual(parse(`${quoted(wellFormed || 'k')}: 1`), { [wellFormed || 'k']: 1 });
      assert.deepEqual(parse(`{ key: ${inline(JSON.parse(JSON.stringify(value)))} }`), {
        key: JSON.parse(JSON.stringify(value)),
      });
      assert.equal(parse(`${comment(text)}\n1`), 1);
    }),
  );
});

test('a header of ten thousand columns, or with a name of three thousand characters, gives a mapping that can be read', () => {
  const header = ['id', 'k'.repeat(3000), ...Array.from({ length: 10_000 }, (_, index) => `column ${index}`)];
  const table = { header, rows: [header.map((_, index) => `v${index}`)] };
  const { text } = authored(table, { target: 'raptor' });
  assert.match(text, /# left out: k{40}…: a name of more than 150 characters$/m);
  assert.match(text, /# left out: .* and 7991 more: more than 2000 such fields are too many$/m);
  assert.deepEqual(troubleWith(text, table, 'raptor'), []);
});
