import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromCel } from '../../src/mapping/cel-values.ts';
import { Refusal } from '../../src/mapping/refusal.ts';
import { deepestJson } from '../../src/model/json-bounds.ts';

test('what a function gives becomes JSON of its own, and nothing that it keeps is changed', () => {
  const at = new Date(0);
  const given = Object.freeze({ zero: -0, none: undefined, at, list: Object.freeze([1n, undefined]) });
  const made = fromCel(given) as Record<string, unknown>;
  assert.deepEqual(made, { zero: 0, at: '1970-01-01T00:00:00Z', list: [1, null] });
  assert.notEqual(made, given);
  assert.equal(given.at, at);
  const plain = { a: { b: 'c' } };
  const copy = fromCel(plain) as typeof plain;
  assert.deepEqual(copy, plain);
  assert.ok(copy !== plain && copy.a !== plain.a);
});

test('objects without a prototype and maps are objects, with whatever is called __proto__', () => {
  const bare = Object.assign(Object.create(null), { a: 1, ['__proto__']: { b: 2 } });
  const entries: [unknown, unknown][] = [
    ['__proto__', 1],
    [2n, 'two'],
    [true, undefined],
    [Symbol('x'), 3],
  ];
  for (const [value, json] of [
    [bare, '{"a":1,"__proto__":{"b":2}}'],
    [new Map(entries), '{"2":"two","__proto__":1,"Symbol(x)":3}'],
  ] as const) {
    const made = fromCel(value);
    assert.equal(JSON.stringify(made), json);
    assert.equal(Object.getPrototypeOf(made), Object.prototype);
  }
});

test('what is no JSON is refused wherever it stands', () => {
  class Own {}
  const deep = JSON.parse('{"a":'.repeat(deepestJson + 1) + 1 + '}'.repeat(deepestJson + 1)) as unknown;
  for (const bad of [
    Number.NaN,
    () => 1,
    Symbol('x'),
    new Own(),
    new Uint8Array(1),
    '\ud800',
    new Date(Number.NaN),
    deep,
  ])
    for (const value of [bad, { a: 1, b: bad }, [bad], new Map([['k', bad]])])
      assert.ok(fromCel(value) instanceof Refusal);
  assert.ok(fromCel({ '\ud800': 1 }) instanceof Refusal);
});
