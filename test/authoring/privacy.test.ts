import assert from 'node:assert/strict';
import { test } from 'node:test';
import { look } from '../../src/authoring/author.ts';
import { privacyOf } from '../../src/authoring/privacy.ts';
import { authored, evidenceOf } from '../support/authoring.ts';

const kindOf = (column: string, cells: readonly string[]) => privacyOf(evidenceOf(column, cells), cells)?.kind;

for (const [column, cells, kind] of [
  ['password', ['a', 'b'], 'secret'],
  ['userPasswordHash', ['a', 'b'], 'secret'],
  ['API-Key', ['a', 'b'], 'secret'],
  ['cvv', ['123', '321'], 'secret'],
  ['whatever', ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc'], 'secret'],
  ['whatever', ['$2b$10$abcdefghijklmnopqrstuv'], 'secret'],
  ['whatever', ['4111111111111111', '5500005555555559', '4012888888881881'], 'secret'],
  ['loyalty', ['4111111111111112', '5500005555555550', '4012888888881880'], undefined],
  ['whatever', ['ada@example.com'], 'personal'],
  ['First Name', ['Ada'], 'personal'],
  ['whatever', ['+46 70 123 45 67'], 'personal'],
  ['whatever', ['192.0.2.7'], 'personal'],
  ['personnummer', ['19850101-1234'], 'personal'],
  ['email_opt_in', ['yes', 'no'], undefined],
  ['product_name', ['Tea'], undefined],
  ['Voornaam', ['Ada'], 'personal'],
  ['Prénom', ['Ada'], 'personal'],
  ['Geburtsdatum', ['10.12.1985'], 'personal'],
  ['Straße', ['Hauptweg 1'], 'personal'],
  ['nombre', ['Ada'], 'personal'],
  ['nombre_producto', ['Té'], undefined],
  ['spinning', ['1'], undefined],
] as const) {
  test(`${column} with ${JSON.stringify(cells)}: ${kind ?? 'nothing to say'}`, () => {
    assert.equal(kindOf(column, cells), kind);
  });
}

test('a column that is just called name holds names in a file about people, and those are not shown', () => {
  const kindsIn = (header: string[], row: string[]) =>
    [...look({ header, rows: [row] }).privacy].map(([column, { why }]) => [column, why]);
  assert.deepEqual(kindsIn(['Name', 'sku'], ['Teapot', '7']), []);
  assert.deepEqual(kindsIn(['Name', 'E-Mail', 'Customer Name', 'brand name'], ['Ada', 'ada@example.com', 'A', 'B']), [
    ['E-Mail', 'an e-mail address'],
    ['Name', 'a name'],
    ['Customer Name', 'a name'],
  ]);
  const rows = Array.from({ length: 9 }, (_, index) => [`p${index}@example.com`, ['Ada', 'Bob'][index % 2] ?? '']);
  const { text } = authored({ header: ['email', 'name'], rows }, { target: 'customerio' });
  assert.doesNotMatch(text, /Ada|Bob/);
});
