import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { columnSamples } from '../../src/authoring/sample.ts';
import { takeSample } from '../../src/authoring/take-sample.ts';
import { RowFault } from '../../src/input/parse.ts';
import { openSource, openStream } from '../../src/input/source.ts';
import type { Block } from '../../src/model/block.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { createWorkdir } from '../support/workdir.ts';

const columnsOf = (rows: readonly JsonObject[]) =>
  Object.fromEntries(
    columnSamples(rows, undefined).columns.map(({ name, values, opaque }) => [name, opaque ? 'opaque' : values]),
  );

test('cells are turned into columns without the empty ones; rows that cannot be read do not count', () => {
  const { columns, rows } = columnSamples([['1', ''], new RowFault([]), ['2', 'x']], ['a', 'b']);
  assert.equal(rows, 2);
  assert.deepEqual(
    columns.map(({ name, values, rows: looked }) => [name, values, looked]),
    [
      ['a', ['1', '2'], 2],
      ['b', ['x'], 2],
    ],
  );
});

test('nested objects become paths, lists stay values', () => {
  assert.deepEqual(columnsOf([{ a: { b: 1, c: { d: 'x' } }, e: ['x'] }]), { 'a.b': [1], 'a.c.d': ['x'], e: [['x']] });
});

test('an object that is null in some rows is still taken apart', () => {
  assert.deepEqual(columnsOf([{ a: null }, { a: { b: 1 } }]), { 'a.b': [1] });
});

test('what is an object here and a value there can only be mapped whole', () => {
  assert.deepEqual(columnsOf([{ a: 1 }, { a: { b: 1 } }]), { a: 'opaque' });
  assert.deepEqual(columnsOf([{ a: { b: 1 } }, { a: 1 }]), { a: 'opaque' });
});

test('lists of objects and keys that are no steps of a path are left whole', () => {
  assert.deepEqual(columnsOf([{ a: [{ b: 1 }], c: { 'x.y': 1 } }]), { a: 'opaque', c: 'opaque' });
});

test('keys that are data do not become a thousand columns', () => {
  const { columns, unseen } = columnSamples(
    [{ by: Object.fromEntries(Array.from({ length: 1500 }, (_, id) => [`u${id}`, id])) }],
    undefined,
  );
  assert.deepEqual([columns.length, unseen], [1000, 500]);
});

test('of a long file head, middle and tail are looked at, and all rows are counted', async (t) => {
  const lines = Array.from({ length: 9000 }, (_, row) => `${row + 1},"two\nlines"`);
  const path = createWorkdir(t).file('long.csv', ['n,note', ...lines, ''].join('\n'));
  const source = await openSource(path, 0, { blockBytes: 4096 });
  const { rows, rowsInFile } = await takeSample(source);
  await source.close();
  const numbers = rows.map((row) => Number((row as string[])[0]));
  assert.equal(rowsInFile, 9000);
  assert.ok(numbers.length < 1000, `${numbers.length} rows`);
  assert.deepEqual([numbers[0], numbers.at(-1)], [1, 9000]);
  assert.ok(numbers.some((number) => number > 4000 && number < 5000));
});

test('of the blocks that pass by only three are kept', async (t) => {
  const lines = Array.from({ length: 9000 }, (_, row) => `${row + 1},"two\nlines"`);
  const path = createWorkdir(t).file('long.csv', ['n,note', ...lines, ''].join('\n'));
  const source = await openSource(path, 0, { blockBytes: 4096 });
  const passed: Block[] = [];
  const blocks = async function* () {
    for await (const block of source.blocks()) {
      passed.push(block);
      yield block;
    }
  };
  await takeSample({ ...source, blocks });
  await source.close();
  const kept = passed.filter(({ bytes }) => bytes.length > 0);
  assert.ok(passed.length > 10, `${passed.length} blocks`);
  assert.deepEqual([kept.length, kept[0], kept.at(-1)], [3, passed[0], passed.at(-1)]);
});

test('--limit bounds what is looked at', async () => {
  const source = await openStream(Readable.from([Buffer.from('n\n1\n2\n3\n')]), 0, { format: 'csv' });
  assert.deepEqual(await takeSample(source, 2), { rows: [['1'], ['2']], rowsInFile: 2 });
});
