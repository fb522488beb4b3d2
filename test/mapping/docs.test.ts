import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compileMapping } from '../../src/mapping/compile.ts';
import { extraFunctions } from '../../src/mapping/functions.ts';
import { parseMapping } from '../../src/mapping/load.ts';
import { mappingShapes, scalarTypes } from '../../src/mapping/schema.ts';
import { runMappingTests } from '../../src/mapping/tests.ts';
import { csv, fakeTarget } from '../support/fake-target.ts';

const page = readFileSync(new URL('../../docs/mapping.md', import.meta.url), 'utf8');

/** First cells of the table whose header begins with `head`, in the nth table of that kind. */
function tableKeys(head: string, nth = 0): string[] {
  const tables = [...page.matchAll(new RegExp(`^\\| ${head} \\|.*\\n\\|[-|]+\\n((?:\\|.*\\n)+)`, 'gm'))];
  return [...(tables[nth]?.[1] ?? '').matchAll(/^\| `([^`]+)`/gm)].map(([, key]) => key ?? '');
}

test('the page has every key of a mapping, and none that does not exist', () => {
  const { mapping, entry, field, each, group, transform, test: tests } = mappingShapes;
  assert.deepEqual(tableKeys('key', 0).sort(), [...mapping].sort());
  assert.deepEqual(tableKeys('key', 1).sort(), [...entry].sort());
  assert.deepEqual(tableKeys('key', 2).sort(), [...field].sort());
  assert.deepEqual(tableKeys('key of `each`').sort(), [...each].sort());
  assert.deepEqual(tableKeys('key of `group`').sort(), [...group].sort());
  assert.deepEqual(tableKeys('key of `transform`').sort(), [...transform].sort());
  assert.deepEqual(tableKeys('key', 3).sort(), [...tests].sort());
});

test('the page has every type and every extra function', () => {
  assert.deepEqual(tableKeys('type'), [...scalarTypes, 'list<…>']);
  const names = (signatures: readonly string[]) => signatures.map((text) => text.slice(0, text.indexOf('('))).sort();
  assert.deepEqual(names(tableKeys('function')), names(extraFunctions.map(({ signature }) => signature)));
});

test("the page's mappings are whole, and their tests pass", () => {
  const texts = [...page.matchAll(/```yaml\n(version:[\s\S]*?)```/g)].map(([, text]) => text ?? '');
  const columns = ['country', 'last_name', 'order_id', 'sku', 'quantity', 'price'];
  const outcomes = texts.flatMap((text) => {
    const mapping = parseMapping(text, 'mapping.md');
    const named = mapping.entries[0]?.fields.flatMap(({ from }) => from ?? []) ?? [];
    compileMapping(mapping, csv(...new Set([...named, ...columns])), fakeTarget());
    return runMappingTests(mapping, fakeTarget(), { now: 0 });
  });
  assert.deepEqual(
    outcomes.flatMap(({ differences }) => differences),
    [],
  );
  assert.deepEqual([texts.length, outcomes.length], [2, 3]);
});
