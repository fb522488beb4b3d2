import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseKeepingDigits, parseToTheLetter, rawNumber } from '../../src/model/json.ts';

type Reviver = Parameters<typeof JSON.parse>[1];
interface Context {
  readonly source?: string;
}
const long = /^-?(?:[0-9][0-9.]{15}|[0-9.]+[eE][+-]?[0-9]{3})/;
const asSpelled = (_key: string, value: unknown, { source = '' }: Context = {}) =>
  typeof value === 'number' && String(value) !== source ? rawNumber(source) : value;
const asSpelledIfLong = (key: string, value: unknown, context: Context = {}) =>
  long.test(context.source ?? '') ? asSpelled(key, value, context) : value;
const readers = [
  [parseKeepingDigits, asSpelledIfLong as Reviver],
  [parseToTheLetter, asSpelled as Reviver],
] as const;

test('text is parsed to the same as with a reviver that sees every number', () => {
  const near = fc.bigInt({ min: 12345678901234567000n, max: 12345678901234570000n }).map(String);
  const number = fc.oneof(
    near,
    near,
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((double) => JSON.stringify(double)),
    fc.constantFrom('0', '1e-400', '1e400', '10000000000000000', '10000000000000000.1', '1.2345678901234567e+19'),
    fc.constantFrom('-0', '-0.0', '1', '1.0', '1.10', '1.1', '12.5', '1E2', '100', '0.30000000000000004'),
  );
  const text = fc.oneof(near, number, fc.string()).map((value) => JSON.stringify(`,${value}`));
  const { value } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      number,
      text,
      fc.array(tie('value'), { maxLength: 4 }).map((values) => `[${values.join(', ')}]`),
      fc
        .array(fc.tuple(fc.constantFrom('"a"', '"b"', '"0"', '"__proto__"'), tie('value')), { maxLength: 4 })
        .map((pairs) => `{${pairs.map((pair) => pair.join(':')).join()}}`),
    ),
  }));
  fc.assert(
    fc.property(value, (json) => {
      for (const line of [json, `{"v":${json}}`]) {
        for (const [parse, reviver] of readers)
          assert.equal(JSON.stringify(parse(line)), JSON.stringify(JSON.parse(line, reviver)));
      }
    }),
    { numRuns: 3000 },
  );
});

test('text that is no JSON is refused as JSON.parse refuses it', () => {
  for (const text of ['', '{"a":12345678901234567890', '[1e400,]', '12345678901234567890x'])
    for (const [parse] of readers) assert.throws(() => parse(text), SyntaxError);
});
