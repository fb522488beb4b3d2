import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileExpression, type Expression } from '../../src/mapping/expression.ts';
import { extraFunctions } from '../../src/mapping/functions.ts';
import { Refusal } from '../../src/mapping/refusal.ts';
import type { Row } from '../../src/mapping/row-shape.ts';
import { csv, ndjson } from '../support/fake-target.ts';

const header = ['full name', 'a', 'b', 'type', 'age', 'list', 'time'];
const row = ['Ada L', 'hello', '', 't', '42', '1,2,3', '29/02/2024 12:00'];

function compiled(text: string, shape = csv(...header), expects: 'bool' | 'any' = 'any'): Expression {
  const result = compileExpression(text, shape, { expects });
  assert.ok('evaluate' in result, JSON.stringify(result));
  return result;
}

function value(text: string, of: Row = row, shape = csv(...header)): unknown {
  const result = compiled(text, shape).evaluate(of);
  return result instanceof Refusal ? result.code : JSON.parse(JSON.stringify(result ?? null));
}

const results: readonly (readonly [text: string, gives: unknown])[] = [
  ['a + "!"', 'hello!'],
  ['row["full name"] + a', 'Ada Lhello'],
  ['row.a', 'hello'],
  ['row["type"]', 't'],
  ['int(age) + 1', 43],
  ['int(age) * 1.5', 63],
  ['string(9007199254740993)', '9007199254740993'],
  ['a == "hello" ? {"x": [1, "y"]} : {}', { x: [1, 'y'] }],
  ['uint(3)', 3],
  ['timestamp("2024-01-01T00:00:00Z")', '2024-01-01T00:00:00Z'],
  ['duration("3s")', '3s'],
  ['optional.none()', null],
  ['row["list"].split(",").map(x, int(x)).filter(x, x > 1)', [2, 3]],
  ['int(a)', 'expression-failed'],
  ['9223372036854775807 + int(age)', 'expression-failed'],
  ['1.0 / 0.0', 'expression-result'],
  ['lower("ÅÄÖ") + upper("å")', 'åäöÅ'],
  ['capitalize("ANNA-karin o\'neil")', "Anna-Karin O'neil"],
  ['squeeze("  a \t b ")', 'a b'],
  ['digits("+46 (0)8-12")', '460812'],
  ['replace(a, "l", "$&")', 'he$&$&o'],
  ['replace(a, "", "x")', 'expression-failed'],
  ['padStart(age, 5, "0")', '00042'],
  ['firstOf([b, a])', 'hello'],
  ['compact([b, a])', ['hello']],
  ['distinct([1, 2, 1])', [1, 2]],
  ['sorted(["b", "a"])', ['a', 'b']],
  ['sha256("")', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['parseDate(time, "dd/MM/yyyy HH:mm", "Europe/Stockholm")', '2024-02-29T11:00:00Z'],
  ['parseDate(a, "dd/MM/yyyy HH:mm", "Europe/Stockholm")', 'expression-failed'],
  [
    'formatDate(parseDate(time, "dd/MM/yyyy HH:mm", "UTC"), "yyyy-MM-dd HH:mm", "America/New_York")',
    '2024-02-29 07:00',
  ],
  ['a.matches("^h.*o$")', true],
  ['a.matches("(?i)H\\\\wL{2}O")', true],
  ['a.matches(b + "(?=x)")', 'expression-failed'],
];

for (const [text, gives] of results) {
  test(`${text} gives ${JSON.stringify(gives)}`, () => assert.deepEqual(value(text), gives));
}

test('whole JSON numbers are ints, long ones keep their digits, and missing keys are null', () => {
  const of = JSON.parse('{"n":7,"d":1.5,"o":{"x":{"y":1}},"tags":["A"],"__proto__":{"z":1}}');
  const give = (text: string) => value(text, of, ndjson);
  assert.deepEqual(give('n + 1'), 8);
  assert.deepEqual(give('n * d'), 10.5);
  assert.deepEqual(give('missing == null'), true);
  assert.deepEqual(give('has(row.missing)'), false);
  assert.deepEqual(give('o.x.y'), 1);
  assert.deepEqual(give('o.?q.orValue("none")'), 'none');
  assert.deepEqual(give('tags.map(t, lower(t))'), ['a']);
  assert.deepEqual(give('row["__proto__"].z'), 1);
  assert.deepEqual(give('o.constructor'), 'expression-failed');
});

const refused: readonly (readonly [text: string, offset: number, says: RegExp])[] = [
  ['a + bb', 4, /no column "bb" \(did you mean "b"\?\)/],
  ['row["ful name"]', 0, /no column "ful name" \(did you mean "full name"\?\)/],
  ['a ==', 4, /Unexpected/],
  ['age > 3', 0, /no such overload: string > int/],
  ['list.split(",")', 0, /the column list is row\["list"\]/],
  ['type', 0, /row\["…"\]/],
  ['b"xx"', 0, /gives bytes/],
  ['a.matches("(?=x)")', 0, /linear time/],
  ['a.matches("(")', 0, /no valid regular expression/],
  [`a${' + a'.repeat(3000)}`, 0, /longer than 10000/],
  [`a${' + a'.repeat(1000)}`, -1, /nodes|depth/i],
  ['[1].map(x, [1].map(y, [1].map(z, 1)))', 0, /nested more than 2 deep/],
  [`[a]${'.map(x, x + x)'.repeat(9)}`, 0, /more than 8 list macros/],
  [`[a]${'.map(x, x + x + x + x)'.repeat(5)}`, 0, /without bound/],
  [`[a]${'.map(x, [x, x, x, x])'.repeat(5)}`, 0, /without bound/],
  [
    'cel.bind(x, a + a, cel.bind(y, x + x + x + x, cel.bind(z, y + y + y + y, z + z + z + z + z + z + z + z + z + z + z + z + z + z + z + z + z)))',
    0,
    /without bound/,
  ],
];

for (const [text, offset, says] of refused) {
  test(`refused: ${text.slice(0, 50)}`, () => {
    const result = compileExpression(text, csv(...header), { expects: 'any' });
    assert.ok(!('evaluate' in result));
    assert.match(result[0]?.text ?? '', says);
    if (offset >= 0) assert.equal(result[0]?.offset, offset);
  });
}

test('an integer of the expression keeps its digits', () => {
  const result = compiled('9007199254740993').evaluate(row);
  assert.equal(JSON.stringify(result), '9007199254740993');
});

test('a condition must be true or false', () => {
  const faults = compileExpression('a', csv('a'), { expects: 'bool' });
  assert.ok(!('evaluate' in faults));
  assert.match(faults[0]?.text ?? '', /must be true or false; this gives string/);
  const result = compiled('a', ndjson, 'bool').evaluate({ a: 'x' });
  assert.ok(result instanceof Refusal);
  assert.equal(result.code, 'expression-result');
});

test('a regular expression that would backtrack for years answers at once', () => {
  const started = process.cpuUsage().user;
  assert.equal(value('a.matches("^(a|a)*(a*)*b$")', ['a'.repeat(50_000)], csv('a')), false);
  assert.ok(process.cpuUsage().user - started < 5_000_000);
});

test('macros refuse rows so large that going over them would not end', () => {
  const long = ['1,'.repeat(60_000)];
  assert.equal(value('a.split(",").map(x, x + "y")', long, csv('a')), 'expression-too-heavy');
  assert.equal(
    value('a.split(",").map(x, a.split(",").exists(y, y == x))', ['1,'.repeat(3000)], csv('a')),
    'expression-too-heavy',
  );
  assert.equal(value('l.exists(x, l.exists(y, x == y))', { l: Array(5000).fill(1) }, ndjson), 'expression-too-heavy');
  assert.equal(value('a.split(",").size()', long, csv('a')), 60_001);
});

test('a result too long to be sent is refused before it is made', () => {
  assert.equal(value('replace(a, "x", a)', ['x'.repeat(100_000)], csv('a')), 'expression-failed');
  const many = `[${Array(100).fill('a').join(',')}]`;
  assert.equal(value(many, ['x'.repeat(1_000_000)], csv('a')), 'expression-result');
});

test('words of the evaluator that may quote a value are left out where a column is sensitive', () => {
  const open = compileExpression('bool(a)', csv('a'), { expects: 'any' });
  const discreet = compileExpression('bool(a)', csv('a'), {
    expects: 'any',
    sensitive: { any: true, has: (name) => name === 'a' },
  });
  assert.ok('evaluate' in open && 'evaluate' in discreet);
  const say = (expression: Expression) => (expression.evaluate(['hush']) as Refusal).reason;
  assert.ok(say(open).includes('hush'));
  assert.equal(say(discreet), 'the expression "bool(a)" failed');
});

test('every extra function says what it does', () => {
  for (const { signature, about } of extraFunctions) assert.ok(about.length > 5, signature);
});
