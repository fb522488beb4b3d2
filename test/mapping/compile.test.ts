import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { compileMapping } from '../../src/mapping/compile.ts';
import { parseMapping } from '../../src/mapping/load.ts';
import type { Fault } from '../../src/model/fault.ts';
import { UserError } from '../../src/model/fault.ts';
import type { FieldRule, Operation } from '../../src/targets/target.ts';
import {
  compileText,
  complaintsOf,
  csv,
  fakeTarget,
  mapOne,
  ndjson,
  openOperation,
  withFields,
} from '../support/fake-target.ts';

const complaints = (text: string, header: string[], operation: Partial<Operation> = {}) =>
  complaintsOf(() => compileText(text, csv(...header), openOperation({ name: 'put', ...operation })));

const rules: readonly FieldRule[] = [
  { name: 'Id', type: 'integer', required: true },
  { name: 'Email', type: 'email' },
  { name: 'Birth', type: 'date' },
  { name: 'Active', type: 'boolean' },
  { name: 'Tags', type: 'list' },
  { name: 'Address', type: 'object' },
  { name: 'traits.*' },
];

test('columns that the file lacks are named with their places and what was perhaps meant', () => {
  const text = withFields(
    '  a: { from: [mail, phone] }\n  b: { expr: "lower(emial) + row[\'nam\']" }',
    'key: e-mail\nwhere: contry != ""\n',
  );
  assert.deepEqual(complaints(text, ['email', 'phone', 'country', 'name']), [
    '4:6: the file has no column "e-mail" (did you mean "email"?)',
    '5:8: the file has no column "contry" (did you mean "country"?)',
    '7:15: the file has no column "mail" (did you mean "email"?)',
    '8:21: the file has no column "emial" (did you mean "email"?)',
    '8:30: the file has no column "nam" (did you mean "name"?)',
  ]);
});

test('a column that differs by case or blanks only is suggested', () => {
  assert.deepEqual(complaints(withFields('  a: full name'), [' Full Name']), [
    '5:6: the file has no column "full name" (did you mean " Full Name"?)',
  ]);
});

test('fields that the operation does not know, or that cannot be what it wants, are refused', () => {
  const text = withFields(
    [
      '  Id: x',
      '  Emial: x',
      '  Birth: { from: x, type: integer }',
      '  Active: { const: 1 }',
      '  Tags: x',
      '  Address: x',
      '  traits.anything.goes: x',
      '  email: x',
    ].join('\n'),
  );
  assert.deepEqual(complaints(text, ['x'], { fields: rules }), [
    '5:3: the operation wants an integer for "Id", and this gives text: say type: integer',
    '6:3: the operation put knows no field "Emial" (did you mean "Email"?)',
    '7:3: the operation wants a date for "Birth", and this gives an integer: say type: date',
    '8:3: the operation wants true or false for "Active", and this gives an integer: say type: boolean',
    '9:3: the operation wants a list for "Tags", and this gives text: split it, or say type: list',
    '10:3: the operation wants an object for "Address", and this gives text',
    '12:3: the operation knows no field "email" (did you mean "Email"?)'.replace('operation', 'operation put'),
  ]);
});

test('the nearest rule counts, wherever it stands in the list', () => {
  const near: readonly FieldRule[] = [
    { name: 'a.b', type: 'integer' },
    { name: 'a.*', type: 'boolean' },
    { name: '*' },
  ];
  for (const fields of [near, [...near].reverse()]) {
    assert.deepEqual(complaints(withFields('  a.b: x\n  a.c: x\n  d: x'), ['x'], { fields }), [
      '5:3: the operation wants an integer for "a.b", and this gives text: say type: integer',
      '6:3: the operation wants true or false for "a.*", and this gives text: say type: boolean',
    ]);
  }
});

test('what fits is accepted: text for a date, parts of an object, types of expressions, NDJSON without a type', () => {
  const text = withFields(
    '  Id: { expr: int(x) }\n  Birth: x\n  Email: { from: x, type: email }\n  Active: { expr: x == "1" }\n  Tags: { expr: "[x]" }\n  Address.City: x\n  traits: { expr: "{\'a\': x}" }',
  );
  assert.deepEqual(complaints(text, ['x'], { fields: rules }), []);
  const open = withFields('  Id: x\n  Tags: x\n  Active: x');
  assert.deepEqual(
    complaintsOf(() => compileText(open, ndjson, openOperation({ fields: rules }))),
    [],
  );
});

test('a field that the operation needs must be mapped', () => {
  const needs = { fields: [...rules, { name: 'Name', alwaysPresent: true }] };
  assert.deepEqual(complaints(withFields('  Email: x'), ['x'], needs), [
    '5:3: the operation put needs the field "Id", and the mapping does not give it',
    '5:3: the operation put needs the field "Name", and the mapping does not give it',
  ]);
});

test('without a safe default the mapping must decide about empty cells, field by field or at once', () => {
  const emptyCells = { allowed: ['null', 'keep'] as const, why: 'Null erases.' };
  const undecided =
    '  a: x\n  b: { from: x, required: true }\n  c: { const: 1 }\n  d: { from: x, default: 1 }\n  e: { expr: x }';
  assert.deepEqual(complaints(withFields(undecided), ['x'], { emptyCells }), [
    '5:3: an empty cell must be decided on for "a", "e": Null erases. Say onEmpty: null | keep, for each field or for the mapping',
  ]);
  assert.deepEqual(complaints(withFields(undecided, 'onEmpty: null\n'), ['x'], { emptyCells }), []);
  assert.deepEqual(
    complaints(withFields('  a: { from: x, onEmpty: omit }\n  b: x', 'onEmpty: omit\n'), ['x'], { emptyCells }),
    [
      '4:10: onEmpty: omit is not possible for the operation put: Null erases. Say null, keep or reject',
      '6:26: onEmpty: omit is not possible for the operation put: Null erases. Say null, keep or reject',
    ],
  );
  assert.deepEqual(complaints(withFields('  a: { from: x, type: integer, onEmpty: keep }'), ['x'], { emptyCells }), [
    '5:41: onEmpty: keep would send "" for a field of type integer: say omit, null or reject',
  ]);
});

test('dates, zones, expressions, maps and defaults are looked at before the first row', () => {
  const text = withFields(
    [
      '  a: { from: x, type: date, format: DD/MM/YYYY }',
      '  b: { from: x, type: datetime, zone: Europe/Stokholm }',
      '  c: { expr: "x + 1" }',
      '  d: { from: x, type: integer, map: { a: b } }',
      '  e: { from: x, type: integer, default: many }',
      '  f: { const: x, type: date }',
      '  g: { from: x, type: list<integer> }',
    ].join('\n'),
  );
  assert.deepEqual(complaints(text, ['x']), [
    '5:37: "DD" means nothing in a date pattern: write "dd"',
    '6:39: there is no zone "Europe/Stokholm": say UTC, +02:00 or a name such as Europe/Stockholm',
    '7:15: no such overload: string + int',
    '8:42: expected an integer: digits only, with or without a sign',
    '9:41: default does not fit type integer: expected an integer: digits only, with or without a sign',
    '10:15: const does not fit type date: expected a date that exists, written as yyyy-MM-dd',
    '11:23: a CSV cell is text: say what separates the elements, such as split: ";"',
  ]);
});

test("the target's type, operation and settings are checked with their places", () => {
  const kind = {
    type: 'real',
    aliases: ['everyday'],
    operations: {
      put: { summary: '', fields: [], settings: z.strictObject({ mode: z.enum(['append', 'replace']).optional() }) },
    },
  };
  const check = (text: string) =>
    complaintsOf(() => compileMapping(parseMapping(text, 'm.yaml'), csv('x'), fakeTarget(), kind));
  assert.deepEqual(check(withFields('  a: x', 'settings: { mode: apend, moode: 1 }\n')), [
    '2:9: the mapping is for target type "fake", and the run\'s target is of type "real"',
    '4:19: expected append, replace; found "apend" (did you mean "append"?)',
    '4:26: unknown key "moode" (did you mean "mode"?)',
  ]);
  assert.deepEqual(check(withFields('  a: x').replace('fake', 'everyday').replace('put', 'putt')), [
    '3:12: target type real has no operation "putt" (did you mean "put"?); it has put',
  ]);
});

test("a target's own refusal of settings becomes a complaint at the settings", () => {
  const target = {
    ...fakeTarget(),
    operation: () => {
      throw new UserError('settings-invalid', 'mode is wrong.', { hint: 'Say append.' });
    },
  };
  const mapping = parseMapping(withFields('  a: x', 'settings: { mode: 1 }\n'), 'm.yaml');
  assert.deepEqual(
    complaintsOf(() => compileMapping(mapping, csv('x'), target)),
    ['4:11: mode is wrong. Say append.'],
  );
});

const twoItems = `version: 1
target: fake
key: [id, kind]
where: id != ""
items:
  - operation: put
    fields: { Id: { from: id, type: integer }, Name: name }
  - operation: put
    when: kind == "b"
    fields: { Age: { from: age, type: integer }, Fixed: { const: 1 } }
`;
const header = ['id', 'kind', 'name', 'age'];

test('a row gives an item for each entry whose condition holds, and none when where is false', () => {
  const compiled = compileText(twoItems, csv(...header));
  assert.deepEqual(mapOne(compiled, ['1', 'b', 'Ada', '5']), [
    { Id: 1, Name: 'Ada' },
    { Age: 5, Fixed: 1 },
  ]);
  assert.deepEqual(mapOne(compiled, ['1', 'c', 'Ada', 'x']), [{ Id: 1, Name: 'Ada' }, undefined]);
  assert.equal(mapOne(compiled, ['', 'b', 'Ada', '5']), 'skipped');
});

test('all faults of a row are told, over all fields and entries, and nothing of the row is sent', () => {
  const compiled = compileText(twoItems, csv(...header));
  const faults = mapOne(compiled, ['x', 'b', 'Ada', 'y']) as readonly Fault[];
  assert.deepEqual(
    faults.map(({ field, column, value }) => [field, column, value]),
    [
      ['Id', 'id', 'x'],
      ['Age', 'age', 'y'],
    ],
  );
});

test("the target's faults are told beside the mapping's, once a field, with the column they come from", () => {
  const operation = openOperation({
    encode: () => ({
      faults: [
        { stage: 'map', code: 'field-missing', reason: 'Id is missing', field: 'Id' },
        { stage: 'map', code: 'field-range', reason: 'too long', field: 'Name' },
        { stage: 'map', code: 'item-empty', reason: 'nothing left' },
      ],
    }),
  });
  const compiled = compileText(
    withFields('  Id: { from: id, type: integer }\n  Name: name'),
    csv(...header),
    operation,
  );
  const codes = (row: string[]) =>
    (mapOne(compiled, row) as readonly Fault[]).map(({ code, column }) => [code, column]);
  assert.deepEqual(codes(['x', '', 'Ada', '']), [
    ['value-integer', 'id'],
    ['field-range', 'name'],
  ]);
  assert.deepEqual(codes(['1', '', 'Ada', '']), [
    ['field-missing', 'id'],
    ['field-range', 'name'],
    ['item-empty', undefined],
  ]);
});

test('a sensitive value is masked wherever its column is used, in the reason of the target too', () => {
  const operation = openOperation({
    encode: (item) => ({
      faults: [{ stage: 'map', code: 'field-format', reason: `"${item['B']}" is wrong`, field: 'B' }],
    }),
  });
  const text = withFields('  A: { from: x, type: integer, sensitive: true }\n  B: x\n  C: { expr: string(int(x)) }');
  const faults = mapOne(compileText(text, csv('x'), operation), ['s3cret']) as readonly Fault[];
  assert.equal(faults.length, 3);
  assert.ok(!JSON.stringify(faults).includes('s3cret'), JSON.stringify(faults));
  assert.equal(faults[2]?.reason, '"•••" is wrong');
});

test('a long value is cut in a fault', () => {
  const compiled = compileText(withFields('  A: { from: x, type: integer }'), csv('x'));
  const [fault] = mapOne(compiled, ['9'.repeat(10_000).concat('x')]) as readonly Fault[];
  assert.ok((fault?.value?.length ?? 0) < 200);
});

test('identity is made only when an operation asks, for the row and the entry, and so is the key', () => {
  const asked: number[] = [];
  const seen: string[] = [];
  const operation = openOperation({
    encode: (item, row) => {
      if (item['Fixed'] === 1) seen.push(row.identity, row.key, String(row.now));
      return { json: JSON.stringify(item), route: '', lanes: [] };
    },
  });
  const identity = (entry: number) => {
    asked.push(entry);
    return `id ${entry}`;
  };
  compileText(twoItems, csv(...header), operation).mapRow(['1', 'b', '', ''], { identity, now: 5 });
  assert.deepEqual(asked, [1]);
  assert.deepEqual(seen, ['id 1', '1\u001fb', '5']);
});

test('entries that are done are neither checked nor made', () => {
  const compiled = compileText(twoItems, csv(...header));
  const mapped = compiled.mapRow(['x', 'b', '', '5'], { identity: () => '', now: 0, done: (entry) => entry === 0 });
  assert.equal(mapped.kind, 'items');
  assert.deepEqual(mapped.kind === 'items' && mapped.items.map((item) => item?.json), [
    undefined,
    '{"Age":5,"Fixed":1}',
  ]);
});

test('no fault shows what a sensitive field reads or makes, however it reads it', () => {
  const operation = openOperation({
    encode: (item) => ({
      faults: Object.entries(item).map(([field, value]) => ({
        stage: 'map' as const,
        code: 'field-format',
        reason: `${JSON.stringify(value)} is wrong`,
        field,
      })),
    }),
  });
  const sensitive = [
    '{ expr: "upper(x)", sensitive: true }',
    '{ expr: \'row["x"] + "!"\', sensitive: true }',
    '{ expr: "row.map(k, row[k])[0]", sensitive: true }',
    '{ from: [y, x], split: ",", sensitive: true }',
  ];
  for (const field of sensitive) {
    const text = withFields(`  A: ${field}\n  B: { expr: "lower(x)" }\n  C: { from: x, upper: true }`);
    for (const [shape, row] of [
      [csv('x', 'y'), ['Hush', '']],
      [ndjson, { x: 'Hush' }],
    ] as const) {
      const faults = mapOne(compileText(text, shape, operation), row) as readonly Fault[];
      assert.ok(faults.length >= 3, JSON.stringify(faults));
      assert.doesNotMatch(JSON.stringify(faults), /hush/i, `${field} ${JSON.stringify(faults)}`);
    }
  }
});

test('a part of a sensitive value, and what it is a part of, are sensitive too', () => {
  const text = withFields(
    '  A: { from: person.tax.id, type: integer, sensitive: true }\n  B: { from: person.tax, type: integer }\n  C: { from: "person.tax.id[0]", type: integer }\n  D: { from: name, type: integer }',
  );
  const faults = mapOne(compileText(text, ndjson), {
    person: { tax: { id: ['hush'] } },
    name: 'said',
  }) as readonly Fault[];
  assert.equal(faults.length, 4);
  assert.doesNotMatch(JSON.stringify(faults), /hush/);
  assert.match(JSON.stringify(faults), /said/);
});

test('what reading says of a line quotes none of it where a column is sensitive', () => {
  const faults = [
    { stage: 'read', code: 'x', reason: 'not valid JSON: bad at character 9, near "hush"', value: 'hush' },
  ] as const;
  const compiled = compileText(withFields('  A: { from: x, sensitive: true }'), ndjson);
  assert.deepEqual(compiled.readFaults(faults), [
    { stage: 'read', code: 'x', reason: 'not valid JSON: bad at character 9' },
  ]);
  assert.equal(compileText(withFields('  A: x'), ndjson).readFaults(faults), faults);
});
