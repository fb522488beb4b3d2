import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { type FieldValue, itemBuilder } from '../../src/mapping/item-builder.ts';
import { itemReader, RefusedValues } from '../../src/mapping/item-reader.ts';
import { Refusal } from '../../src/mapping/refusal.ts';

const refusal = new Refusal('value-missing', 'none');
const value: fc.Arbitrary<FieldValue> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<FieldValue>('', 'a', 0, null, true, [], [1], { a: 1 }) },
  { weight: 1, arbitrary: fc.constant(undefined) },
);
const key = fc.constantFrom(
  'a',
  'b',
  '0',
  '7',
  'a.b',
  '"',
  "'",
  '`',
  '${',
  '}',
  '\\',
  '\n',
  '\u2028',
  'item',
  'constructor',
  'toString',
);
/** No path leads through the end of another one. */
const paths = fc.array(fc.array(key, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 40 }).map((all) =>
  all.filter((steps, index) =>
    all.slice(0, index).every((other) => {
      const shared = Math.min(steps.length, other.length);
      return JSON.stringify(steps.slice(0, shared)) !== JSON.stringify(other.slice(0, shared));
    }),
  ),
);

const fieldsOf = (all: readonly (readonly string[])[]) =>
  all.map((steps, index) => ({ steps, read: (row: unknown) => (row as readonly FieldValue[])[index] }));

test('an item holds what its fields gave, in their order, under the keys of their paths', () => {
  fc.assert(
    fc.property(paths, fc.array(value, { minLength: 40, maxLength: 40 }), (all, values) => {
      const given = values.slice(0, all.length);
      const made = itemReader(fieldsOf(all))(given as never);
      assert.deepEqual(JSON.stringify(made), JSON.stringify(itemBuilder(all)(given)));
      const present = given.filter((one) => one !== undefined);
      if (present.length === given.length)
        for (const [index, steps] of all.entries())
          assert.equal(
            steps.reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], made),
            given[index],
          );
      // Nothing that was left out stands there as undefined: targets look at keys.
      assert.ok(!JSON.stringify(made, (_, one) => (one === undefined ? 'left' : one)).includes('"left"'));
    }),
    { numRuns: 1000 },
  );
});

test('where a value is refused all of them are given back, and the rest can be put together', () => {
  const all = [['a'], ['b', 'c'], ['b', 'd'], ['e', 'f']];
  const given = [refusal, 1, undefined, refusal];
  const made = itemReader(fieldsOf(all))(given as never);
  assert.ok(made instanceof RefusedValues);
  assert.deepEqual(made.values, given);
  assert.deepEqual(itemBuilder(all)(given), { b: { c: 1 } });
});

test('more fields than code is written for, and names that an object does not take as a key, make the same', () => {
  const many = Array.from({ length: 700 }, (_, index) => [`f${index}`]);
  const given = many.map((_, index) => (index % 3 === 0 ? undefined : index));
  assert.deepEqual(itemReader(fieldsOf(many))(given as never), itemBuilder(many)(given));
  for (const most of [16, 17, 500, 501])
    assert.deepEqual(Object.keys(itemReader(fieldsOf(many.slice(0, most)))(many.map(() => 1) as never)).length, most);
  assert.deepEqual(itemReader([])([]), {});
});

test('a Node that compiles no text makes the same', () => {
  const module = new URL('../../src/mapping/item-reader.ts', import.meta.url).href;
  const script = `const { itemReader } = await import(${JSON.stringify(module)});
    console.log(JSON.stringify(itemReader([{ steps: ['a', 'b'], read: (row) => row[0] }])(['x'])));`;
  const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '-e', script];
  const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8' });
  assert.equal(stdout.trim(), '{"a":{"b":"x"}}', stderr);
});
