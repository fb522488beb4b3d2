import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMapping } from '../../src/mapping/load.ts';
import { runMappingTests } from '../../src/mapping/tests.ts';
import { fakeTarget, openOperation, withFields } from '../support/fake-target.ts';

const fields = `  Id: { from: id, type: integer }
  Zip: zip
  Deep.Er: { from: city, onEmpty: null }
  Name: { expr: 'first + " " + last', trim: true }`;

const put = openOperation({
  name: 'put',
  emptyCells: { allowed: ['omit', 'null'], fallback: 'omit', why: '' },
  encode: (item) =>
    item['Zip'] === 'bad'
      ? { faults: [{ stage: 'limit', code: 'field-format', reason: 'bad', field: 'Zip' }] }
      : { json: JSON.stringify({ type: 'put', ...item, Zip: `zip ${item['Zip']}` }), route: '', lanes: [] },
});

function run(tests: string, rest = 'where: id != "0"\n') {
  const mapping = parseMapping(`${withFields(fields, rest)}tests:\n${tests}`, 'm.yaml');
  return runMappingTests(mapping, fakeTarget({ put }), { now: 0 });
}
const differences = (tests: string) => run(tests).map((outcome) => outcome.differences);

test('what a test names must be so, as mapped or as it goes out; the rest may be anything', () => {
  const outcomes = run(
    '  - row: { id: 7, zip: 00123, first: Ada }\n    gives: { Id: 7, Zip: "00123", Deep: { Er: null }, Name: Ada }\n' +
      '  - name: as sent\n    row: { id: "7", zip: "1" }\n    gives: { type: put, Zip: zip 1 }\n',
  );
  assert.deepEqual(
    outcomes.map(({ name, line, passed }) => [name, line, passed]),
    [
      ['test 1', 11, true],
      ['as sent', 13, true],
    ],
  );
  assert.deepEqual(outcomes[0]?.encoded, [{ type: 'put', Id: 7, Zip: 'zip 00123', Deep: { Er: null }, Name: 'Ada' }]);
});

test('each difference is a line of its own', () => {
  assert.deepEqual(
    differences('  - row: { id: "7", city: Lund }\n    gives: { Id: 8, Deep: { Er: Malmö, x: 1 }, Gone: 1 }\n'),
    [
      [
        'Id: expected 8; got 7',
        'Deep.Er: expected "Malmö"; got "Lund"',
        'Deep.x: expected 1; got nothing',
        'Gone: expected 1; got nothing',
      ],
    ],
  );
});

test('what a sensitive field gives, or one that reads its column, is masked in a difference, on both sides', () => {
  const of = (fields: string, test: string) =>
    runMappingTests(parseMapping(`${withFields(fields)}tests:\n  - ${test}\n`, 'm.yaml'), fakeTarget(), { now: 0 });
  const fields =
    '  Ssn: { from: ssn, sensitive: true }\n  Deep.Too: ssn\n  Deep.Town: town\n  List: { from: ssn, split: "-" }';
  const [outcome] = of(
    fields,
    'row: { ssn: 77-09, town: Lund }\n    gives: { Ssn: 77-08, Deep: { Too: x, Town: Umeå }, List: ["77", "08"] }',
  );
  assert.deepEqual(outcome?.differences, [
    'Ssn: expected "•••"; got "•••"',
    'Deep.Too: expected "•••"; got "•••"',
    'Deep.Town: expected "Umeå"; got "Lund"',
    'List[1]: expected "•••"; got "•••"',
  ]);
  const [missing] = of(
    '  Deep.Ssn: { from: ssn, sensitive: true }\n  Deep.Town: town',
    'row: { town: "" }\n    gives: { Deep: { Ssn: 77-09, Town: Lund } }',
  );
  assert.deepEqual(missing?.differences, ['Deep: expected {"Ssn":"•••","Town":"Lund"}; got nothing']);
  assert.doesNotMatch(JSON.stringify([outcome?.diff, missing?.diff]), /77|0[89]/);
});

test('a column of the row or a field of the item that is misspelt is told with the one that was meant', () => {
  const [row, field] = differences(
    '  - row: { id: "7", ctiy: Lund, other: 1 }\n    gives: { Deep: { Er: Lund } }\n  - row: { id: "7", city: Lund }\n    gives: { Dep: { Er: Lund }, Deep: { Err: Lund }, Unlike: 1 }\n',
  );
  assert.deepEqual(row?.slice(1), ['the mapping does not read the column "ctiy" of the test (did you mean "city"?)']);
  assert.deepEqual(field, [
    'Dep: expected {"Er":"Lund"}; got nothing (did you mean "Deep"?)',
    'Deep.Err: expected "Lund"; got nothing (did you mean "Er"?)',
    'Deep.Er: expected nothing; got "Lund"',
    'Unlike: expected 1; got nothing',
  ]);
  const [passed] = run('  - row: { id: "7", ctiy: Lund }\n    gives: { Id: 7 }\n');
  assert.equal(passed?.passed, true);
});

test('rejects lists all the fields at fault, no more and no fewer', () => {
  assert.deepEqual(differences('  - row: { id: x, zip: bad }\n    rejects: [Id, Zip]\n'), [[]]);
  assert.deepEqual(differences('  - row: { id: x, zip: bad }\n    rejects: [Id]\n'), [['Zip: rejected too: bad']]);
  assert.deepEqual(differences('  - row: { id: x }\n    rejects: [Id, Zip]\n'), [
    ['Zip: expected a fault; there is none'],
  ]);
  assert.deepEqual(differences('  - row: { id: "1" }\n    rejects: [Id]\n'), [
    ['expected the row to be rejected for Id; it gave an item'],
  ]);
});

test('skips holds for rows that where leaves out, and for no others', () => {
  assert.deepEqual(differences('  - row: { id: "0" }\n    skips: true\n'), [[]]);
  assert.deepEqual(differences('  - row: { id: "1" }\n    skips: true\n'), [
    ['expected the row to be skipped; it gave an item'],
  ]);
  assert.deepEqual(differences('  - row: { id: "0" }\n    gives: { Id: 0 }\n'), [
    ['expected an item; the row was skipped'],
  ]);
});

test('with items a test gives a list, null where there is none', () => {
  const text = `version: 1
target: fake
items:
  - operation: put
    fields: { Id: id }
  - operation: put
    when: more == "1"
    fields: { More: more }
tests:
  - { row: { id: a, more: "1" }, gives: [{ Id: a }, { More: "1" }] }
  - { row: { id: a, more: "" }, gives: [{ Id: a }, null] }
  - { row: { id: a, more: "1" }, gives: [{ Id: a }, null] }
  - { row: { id: a, more: "1" }, gives: [{ Id: a }] }
  - { row: { id: a, more: "1" }, gives: { Id: a } }
`;
  const outcomes = runMappingTests(parseMapping(text, 'm.yaml'), fakeTarget(), { now: 0 });
  assert.deepEqual(
    outcomes.map(({ differences: list }) => list),
    [
      [],
      [],
      ['items[1]: expected none; got {"More":"1"}'],
      ['gives lists 1, and the mapping has 2 items (null where there is none)'],
      ['gives must be a list: one item for each of items, null where there is none'],
    ],
  );
});

test('a row with a list or an object in it is NDJSON, and so is one that says so', () => {
  const mapping = (row: string) =>
    parseMapping(`${withFields('  N: n\n  D: a.b')}tests: [{ ${row}, gives: { N: 7 } }]\n`, 'm.yaml');
  const passed = (row: string) => runMappingTests(mapping(row), fakeTarget(), { now: 0 })[0]?.passed;
  assert.equal(passed('row: { n: 7, a: { b: 1 } }'), true);
  assert.equal(passed('row: { n: 7 }, input: ndjson'), true);
  assert.equal(passed('row: { n: 7 }'), false);
});
