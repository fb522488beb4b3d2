import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileExpression } from '../../src/mapping/expression.ts';

const complaint = (text: string): string | undefined => {
  const compiled = compileExpression(text, { kind: 'csv', header: ['total', 'name'] }, { expects: 'any' });
  return 'evaluate' in compiled ? undefined : compiled[0]?.text;
};

test('a call that there is not is told with the one that was meant', () => {
  assert.equal(
    complaint('total.replace(" ", "")'),
    'no such call: string.replace(string, string); the function is replace(string, string, string): string',
  );
  assert.match(complaint('uper(name)') ?? '', /^no such call: uper\(string\) \(did you mean "upper"\?\)$/);
  assert.match(complaint('frobnicate(name)') ?? '', /docs\/mapping\.md lists the functions/);
});

test('what is missing is told in the letters of the expression', () => {
  assert.equal(complaint('upper(name'), 'Expected ")", got the end of the expression');
  assert.equal(complaint('name +'), 'Unexpected token: the end of the expression');
});

test('a header that was cut at the wrong delimiter is told as that', () => {
  const compiled = compileExpression('name', { kind: 'csv', header: ['id;name'] }, { expects: 'any' });
  assert.ok(!('evaluate' in compiled));
  assert.match(compiled[0]?.text ?? '', /no column "name"; its only column is "id;name": .*--delimiter ";"/);
});
