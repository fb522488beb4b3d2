import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchFields, proposeKey } from '../../src/authoring/match.ts';
import { requireType } from '../../src/config/target-type.ts';
import type { FieldRule } from '../../src/targets/target.ts';
import { evidenceOf } from '../support/authoring.ts';

const identify = requireType('customerio').operations['identify']?.fields ?? [];
const record = requireType('adobe').operations['record']?.fields ?? [];
const mails = ['ada@example.com', 'bob@example.com'];

const fieldFor = (column: string, cells: readonly string[], rules: readonly FieldRule[]): string[] =>
  matchFields([evidenceOf(column, cells)], rules).map(({ rule }) => rule.name);

for (const name of [
  'email',
  'E-mail',
  'Email Address',
  'mail',
  'EMAIL_ADDRESS',
  'emailAddress',
  'customer_email',
  'e-post',
  'Courriel',
]) {
  test(`"${name}" is the e-mail address`, () => assert.deepEqual(fieldFor(name, mails, identify), ['traits.email']));
}
for (const [name, field] of [
  ['First Name', 'person.name.firstName'],
  ['Förnamn', 'person.name.firstName'],
  ['surname', 'person.name.lastName'],
  ['PLZ', 'homeAddress.postalCode'],
  ['Mobile Number', 'mobilePhone.number'],
] as const) {
  test(`"${name}" is ${field}`, () => assert.deepEqual(fieldFor(name, ['a1', 'b2'], record), [field]));
}

test('one column may be both an identity and a field', () => {
  assert.deepEqual(fieldFor('mail', mails, record), ['identityMap.Email', 'personalEmail.address']);
});

test('a name alone is not enough: what the field cannot hold is not put there', () => {
  assert.deepEqual(fieldFor('email', ['yes', 'no'], identify), []);
  assert.deepEqual(fieldFor('created_at', ['long ago', 'lately'], identify), []);
  assert.deepEqual(fieldFor('opted_out', ['yes', 'maybe'], identify), []);
});

test('of two columns for one field the surer name gets it', () => {
  const columns = [evidenceOf('id', ['1', '2']), evidenceOf('user_id', ['1', '2'])];
  assert.deepEqual(
    matchFields(columns, identify).map(({ column, rule }) => [column, rule.name]),
    [['user_id', 'userId']],
  );
});

const keyOf = (columns: Record<string, readonly string[]>, about: 'person' | 'thing' = 'person') =>
  proposeKey(
    Object.entries(columns).map(([name, cells]) => evidenceOf(name, cells)),
    about,
  )?.name;

test('the key is the column that is called so, before an address, before whatever differs in every row', () => {
  assert.equal(keyOf({ email: mails, order_id: ['1', '2'], customer_id: ['7', '7'] }), 'customer_id');
  assert.equal(keyOf({ colour: ['red', 'red'], 'E-Mail': mails, nick: ['a', 'b'] }), 'E-Mail');
  assert.equal(keyOf({ colour: ['red', 'red'], nick: ['a', 'b'] }), 'nick');
  assert.equal(keyOf({ sku: ['a', 'b'], id: ['1', '2'] }, 'thing'), 'sku');
});

test('a key that a few rows lack is still the key', () => {
  const ids = Array.from({ length: 40 }, (_, row) => (row === 7 ? '' : `c${row}`));
  const others = ids.map((_, row) => `o${row}`);
  assert.equal(keyOf({ other: others, customer_id: ids }), 'customer_id');
});

test('a column full of gaps is no key where another one will do', () => {
  assert.equal(keyOf({ customer_id: ['7', '', ''], email: [...mails, 'c@example.com'] }), 'email');
  assert.equal(keyOf({ colour: ['red', 'red'] }), undefined);
});
