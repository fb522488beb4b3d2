import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CompiledMapping, compileMapping, type Row } from '../../src/mapping/compile.ts';
import { parseMapping } from '../../src/mapping/load.ts';
import { mappingHash } from '../../src/mapping/mapping-hash.ts';
import { runMappingTests } from '../../src/mapping/tests.ts';
import { compileText, complaintsOf, csv, fakeTarget, ndjson, openOperation } from '../support/fake-target.ts';

const header = ['order', 'customer', 'sku', 'qty', 'price'];
const grouped = (fields: string, rest = 'group: order\n') =>
  `version: 1\ntarget: fake\noperation: put\n${rest}fields:\n${fields}\n`;
const compiled = (fields: string, rest?: string): CompiledMapping => compileText(grouped(fields, rest), csv(...header));

function mapRows(mapping: CompiledMapping, rows: readonly Row[]) {
  const mapped = mapping.group?.mapRows(rows, { identity: () => 'id', now: 0 });
  assert.ok(mapped !== undefined);
  if (mapped.kind !== 'items') return mapped;
  return { ...mapped, items: mapped.items.map((item) => (item === undefined ? undefined : JSON.parse(item.json))) };
}

const rows = [
  ['A1', '7', 'TEA', '2', '4,10'],
  ['A1', '7', 'POT', '1', '19,90'],
  ['A1', '7', '', '', ''],
];
const lines = `  Order: order
  Lines:
    each: { where: 'sku != "CUP"', fields: { Sku: sku, Qty: { from: qty, type: integer }, Price.Net: { from: price, type: number, decimal: "," } } }
  Skus: { each: { value: { from: sku, lower: true } } }`;

test('fields are read from the first row, and each gives an element for each row that has something to give', () => {
  assert.deepEqual(mapRows(compiled(lines), rows), {
    kind: 'items',
    items: [
      {
        Order: 'A1',
        Lines: [
          { Sku: 'TEA', Qty: 2, Price: { Net: 4.1 } },
          { Sku: 'POT', Qty: 1, Price: { Net: 19.9 } },
        ],
        Skus: ['tea', 'pot'],
      },
    ],
  });
});

test('an empty list is an empty cell: left out, null, the default, or a reason to reject', () => {
  const of = (more: string) =>
    mapRows(compiled(`  O: order\n  L: { each: { value: sku, where: 'false' }${more} }`), rows);
  assert.deepEqual(of(''), { kind: 'items', items: [{ O: 'A1' }] });
  assert.deepEqual(of(', onEmpty: "null"'), { kind: 'items', items: [{ O: 'A1', L: null }] });
  assert.deepEqual(of(', onEmpty: keep'), { kind: 'items', items: [{ O: 'A1', L: [] }] });
  assert.deepEqual(of(', default: []'), { kind: 'items', items: [{ O: 'A1', L: [] }] });
  assert.partialDeepStrictEqual(of(', required: true'), {
    kind: 'rejected',
    faults: [{ code: 'value-missing', field: 'L' }],
  });
});

test('expressions have all rows as a list, on CSV and NDJSON, and sum adds decimals as on paper', () => {
  const csvSum = `  Count: { expr: "size(rows)" }
  Total: { expr: 'sum(rows.filter(r, r.price != "").map(r, int(r.qty) * double(replace(r.price, ",", "."))))' }
  Dear: { expr: 'rows.exists(r, r["sku"] == "POT")' }`;
  assert.partialDeepStrictEqual(mapRows(compiled(csvSum), rows), { items: [{ Count: 3, Total: 28.1, Dear: true }] });
  const json = compileText(
    grouped('  T: { expr: "sum(rows.map(r, r.n))" }\n  N: { each: { value: "deep.x[0]" } }'),
    ndjson,
  );
  const objects: Row[] = [
    { order: 1, n: 0.1, deep: { x: ['a'] } },
    { order: 1, n: 0.2 },
    { order: 1, n: 3 },
  ];
  assert.partialDeepStrictEqual(mapRows(json, objects), { items: [{ T: 3.3, N: ['a'] }] });
  const whole = compileText(grouped('  T: { expr: "sum(rows.map(r, r.n))" }'), ndjson);
  assert.partialDeepStrictEqual(
    mapRows(whole, [
      { order: 1, n: 2 },
      { order: 1, n: 3 },
    ]),
    { items: [{ T: 5 }] },
  );
});

test('faults name their rows, and an inner field is called by its list and its name', () => {
  const bad = [rows[0] ?? [], ['A1', '7', 'POT', 'x', 'y'], ['A1', '7', 'POT', '1', 'z']];
  const mapped = mapRows(compiled(lines), bad);
  assert.ok(mapped.kind === 'rejected');
  assert.deepEqual(
    mapped.faults.map(({ row, field, column, value }) => [row, field, column, value]),
    [
      [1, 'Lines[].Qty', 'qty', 'x'],
      [1, 'Lines[].Price.Net', 'price', 'y'],
      [2, 'Lines[].Price.Net', 'price', 'z'],
    ],
  );
});

test('a sensitive inner field is masked, by itself and by the list that it is in', () => {
  for (const fields of [
    '  L: { each: { fields: { Q: { from: qty, type: integer, sensitive: true } } } }',
    '  L: { sensitive: true, each: { fields: { Q: { from: qty, type: integer } } } }',
    '  L: { each: { value: { from: qty, type: integer } } }\n  S: { each: { value: { from: qty, sensitive: true } } }',
  ]) {
    const mapped = mapRows(compiled(fields), [rows[0] ?? [], ['A1', '7', 'POT', 'hush', '1']]);
    assert.ok(mapped.kind === 'rejected');
    assert.doesNotMatch(JSON.stringify(mapped), /hush/, fields);
    assert.equal(mapped.faults[0]?.column, 'qty');
  }
});

test('rows of one group must be about one person', () => {
  const mapping = compiled('  O: order', 'group: order\nkey: customer\n');
  const mapped = mapRows(mapping, [rows[0] ?? [], ['A1', '8', 'x', '1', '1']]);
  assert.partialDeepStrictEqual(mapped, {
    kind: 'rejected',
    faults: [{ code: 'group-mixed', row: 1, column: 'customer', value: '8' }],
  });
});

test('a column that is read once and differs within the group is worth a warning', () => {
  const mapped = mapRows(compiled('  O: order\n  Sku: sku'), rows);
  assert.partialDeepStrictEqual(mapped, {
    items: [{ O: 'A1', Sku: 'TEA' }],
    warnings: [{ row: 1, code: 'group-differs' }],
  });
});

test('one group gives an item for each entry, and where and when look at the first row', () => {
  const text = `version: 1
target: fake
group: [order, customer]
where: sku != "none"
items:
  - { operation: put, fields: { Customer: customer } }
  - { operation: put, when: "size(rows) > 1", fields: { Lines: { each: { value: sku } } } }
`;
  const mapping = compileText(text, csv(...header));
  assert.partialDeepStrictEqual(mapRows(mapping, rows), { items: [{ Customer: '7' }, { Lines: ['TEA', 'POT'] }] });
  assert.deepEqual(mapRows(mapping, rows.slice(0, 1)), { kind: 'items', items: [{ Customer: '7' }, undefined] });
  assert.deepEqual(mapRows(mapping, [['A1', '7', 'none', '', '']]), { kind: 'skipped' });
});

test('several columns make one name of a group, and only rows that have none of them have no group', () => {
  const group = compiled('  O: order', 'group: [order, customer]\n').group;
  const names = [
    ['a', 'bc'],
    ['ab', 'c'],
    ['', 'c'],
    ['', ''],
  ].map((row) => group?.groupOf([...row, '', '', '']));
  assert.equal(new Set(names).size, 4);
  assert.equal(names[3], undefined);
});

test('what cannot work is said with its place before the first row', () => {
  const complaints = (text: string) => complaintsOf(() => compileText(text, csv(...header)));
  assert.deepEqual(complaints(grouped('  L: { each: { value: sku } }', '')), [
    '5:8: each is a list of the rows of a group, and the mapping has no group',
  ]);
  assert.deepEqual(complaints(grouped('  L: { each: { } }')), [
    '6:8: each says nothing of its elements: give it fields or value',
  ]);
  assert.deepEqual(complaints(grouped('  L: { each: { value: sku }, type: json, from: sku }')), [
    '6:8: from and each exclude each other',
    '6:30: type does nothing beside each: say it of the fields in each',
    '6:42: from does nothing beside each: say it of the fields in each',
  ]);
  assert.deepEqual(complaints(grouped('  L: { each: { fields: { Q: { from: qyt } }, wehre: "true" } }')), [
    '6:46: unknown key "wehre" (did you mean "where"?)',
  ]);
  assert.deepEqual(complaints(grouped('  L: { each: { fields: { Q: { from: qyt } }, where: "skuu == sku" } }')), [
    '6:37: the file has no column "qyt" (did you mean "qty"?)',
    '6:54: the file has no column "skuu" (did you mean "sku"?)',
  ]);
  assert.deepEqual(complaints(grouped('  O: order', 'group: { by: [order, custmer] }\n')), [
    '4:22: the file has no column "custmer" (did you mean "customer"?)',
  ]);
  assert.deepEqual(complaints(grouped('  O: order', 'group: { by: order, mots: 3 }\n')), [
    '4:21: unknown key "mots" (did you mean "most"?)',
  ]);
  assert.deepEqual(complaints(grouped('  O: order\ntests: [{ row: { order: 1 }, rows: [{ order: 1 }], gives: {} }]')), [
    '7:9: row and rows exclude each other',
  ]);
  const lasting = openOperation({ lastWins: { same: [] } });
  assert.deepEqual(
    complaintsOf(() =>
      compileText(grouped('  O: order', 'key: order\ngroup: order\nlastWins: true\n'), csv(...header), lasting),
    ),
    ['6:11: lastWins and group exclude each other'],
  );
  const list = openOperation({ fields: [{ name: 'L', type: 'string' }] });
  assert.match(
    complaintsOf(() => compileText(grouped('  L: { each: { value: sku } }'), csv(...header), list)).join(),
    /wants text for "L", and this gives a list/,
  );
});

test('a test gives the rows of a group, and the places of unquoted numbers are found in them', () => {
  const text = `${grouped(lines)}tests:
  - rows: [{ order: 007, sku: TEA }, { order: 007, sku: 01 }]
    gives: { Order: "007", Lines: [{ Sku: TEA }, { Sku: "01" }] }
  - row: { order: 1, sku: CUP }
    gives: { Order: "1", Skus: [cup] }
  - rows: [{ order: 1, qty: 1 }, { order: 1, qty: x }]
    rejects: ["Lines[].Qty"]
`;
  const outcomes = runMappingTests(parseMapping(text, 'm.yaml'), fakeTarget());
  assert.deepEqual(
    outcomes.flatMap(({ differences }) => differences),
    [],
  );
});

test('the group is part of what the mapping means, and the order of inner fields is not', () => {
  const hash = (text: string) => mappingHash(parseMapping(text, 'm.yaml'));
  const one = hash(grouped('  L: { each: { fields: { A: sku, B: qty } } }'));
  assert.equal(
    hash(grouped('  L: { each: { fields: { B: { from: qty }, A: sku } } }', 'group: { by: [order] }\n')),
    one,
  );
  assert.notEqual(
    hash(grouped('  L: { each: { fields: { A: sku, B: qty } } }', 'group: { by: order, most: 2 }\n')),
    one,
  );
  assert.notEqual(hash(grouped('  L: { each: { fields: { A: sku, B: price } } }')), one);
  assert.equal(
    compileMapping(parseMapping(grouped('  A: sku', ''), 'm.yaml'), csv(...header), fakeTarget()).group,
    undefined,
  );
});
