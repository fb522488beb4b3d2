import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseKeepingDigits, rawNumber } from '../../src/model/json.ts';

const long = /^-?(?:[0-9][0-9.]{15}|[0-9.]+[eE][+-]?[0-9]{3})/;
const revive = (_key: string, value: unknown, { source = '' }: { source?: string } = {}) =>
  typeof value === 'number' && long.test(source) && String(value) !== source ? rawNumber(source) : value;
const byReviver = (text: string): unknown => JSON.parse(text, revive as Parameters<typeof JSON.parse>[1]);

test('text is parsed to the same as with a reviver that sees every number', () => {
  const near = fc.bigInt({ min: 12345678901234567000n, max: 12345678901234570000n }).map(String);
  const number = fc.oneof(
    near,
    near,
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((double) => JSON.stringify(double)),
    fc.constantFrom('0', '1e-400', '1e400', '10000000000000000', '10000000000000000.1', '1.2345678901234567e+19'),
  );
  const text = fc.oneof(near, fc.string()).map((value) => JSON.stringify(`,${value}`));
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
      for (const line of [json, `{"v":${json}}`])
        assert.equal(JSON.stringify(parseKeepingDigits(line)), JSON.stringify(byReviver(line)));
    }),
    { numRuns: 3000 },
  );
});

test('text that is no JSON is refused as JSON.parse refuses it', () => {
  for (const text of ['', '{"a":12345678901234567890', '[1e400,]', '12345678901234567890x'])
    assert.throws(() => parseKeepingDigits(text), SyntaxError);
});
