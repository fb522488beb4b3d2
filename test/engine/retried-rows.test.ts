/** Rows of earlier runs, found in their files and cut into pieces: nothing may depend on how many are held at once. */
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { piecesOfGroups } from '../../src/engine/retried-pieces.ts';
import { findRetriedRows, RetriedRows } from '../../src/engine/retried-rows.ts';
import { createRetryFeed } from '../../src/engine/retry-feed.ts';
import type { Load } from '../../src/journal/loads.ts';
import { RangeSet } from '../../src/journal/ranges.ts';
import { rowLines } from '../../src/journal/read-rejects.ts';
import { type RejectedRow, RowFile, rowFiles } from '../../src/journal/rejects.ts';
import { emptyState } from '../../src/journal/state.ts';
import { parseMapping } from '../../src/mapping/load.ts';
import type { MappedBlock, RecordRange } from '../../src/model/block.ts';
import { failure, temporaryFolder } from '../journal/workbench.ts';
import { fakeTarget, openOperation } from '../support/fake-target.ts';

const load: Load = {
  id: 4,
  identity: 'ab'.repeat(32),
  state: 'open',
  created: 0,
  lastRun: 'r1',
  target: 'fake',
  targetName: 'fake',
  mapping: 'm',
  operations: ['put'],
  path: '/data/orders.csv',
  fingerprint: { size: 1, head: '', tail: '' },
};
const loadOf = (file: string) => (file === load.path ? load : undefined);

const rowAt = (record: number, row: object, group?: RecordRange): RejectedRow => ({
  file: load.path,
  line: record + 1,
  record,
  byte: record * 40,
  faults: [{ stage: 'map', code: 'value-integer', reason: 'expected a whole number' }],
  source: { kind: 'json', text: JSON.stringify(row) },
  ...(group === undefined ? {} : { group }),
});

function freshFolder(t: TestContext): () => string {
  const folder = temporaryFolder(t);
  let run = 0;
  return () => join(folder, `run-${run++}`);
}

async function writeRows(
  directory: string,
  name: keyof typeof rowFiles,
  rows: readonly RejectedRow[],
): Promise<string> {
  const file = new RowFile(directory, rowFiles[name]);
  await file.write(rows);
  await file.close();
  return file.path;
}

async function rowsIn(
  paths: readonly string[],
  options: { mostRows?: number; mostBytes?: number },
): Promise<RetriedRows> {
  const rows = new RetriedRows(paths, options);
  for (const [file, path] of paths.entries()) for await (const line of rowLines(path)) rows.add(file, line);
  rows.sort();
  return rows;
}

const anyGroup = fc.option(
  fc.tuple(fc.integer({ min: 1, max: 60 }), fc.nat(5)).map(([from, more]): RecordRange => [from, from + more]),
  { nil: undefined },
);
const anyRows = fc.array(
  fc
    .tuple(fc.integer({ min: 1, max: 60 }), fc.string({ unit: 'binary' }), anyGroup)
    .map(([record, note, group]) => rowAt(record, { id: '12345678901234567890', note }, group)),
  { minLength: 1, maxLength: 40 },
);

test('rows of two files are one list in the order of records, the later line of a record counting', async (t) => {
  const fresh = freshFolder(t);
  await fc.assert(
    fc.asyncProperty(anyRows, anyRows, fc.array(fc.nat(70)), async (rejected, uncertain, wanted) => {
      const directory = fresh();
      await writeRows(directory, 'rejected', rejected);
      await writeRows(directory, 'uncertain', uncertain);
      const { loads, unreadable } = await findRetriedRows(directory, loadOf, ['rejected', 'uncertain']);
      const model = new Map([...rejected, ...uncertain].map((row) => [row.record, row]));
      const expected = [...model.values()].sort((a, b) => a.record - b.record);
      const { rows } = loads[0] ?? assert.fail();
      assert.deepEqual([loads.length, unreadable, rows.count], [1, 0, expected.length]);
      assert.deepEqual(await rows.read(0, rows.count), expected);
      assert.equal(rows.records.toString(), RangeSet.from(expected.map(({ record }) => [record, record])).toString());
      for (let record = 0; record < 70; record++) assert.deepEqual(rows.groupOf(record), model.get(record)?.group);
      const records = RangeSet.from(wanted.map((record) => [record, record]));
      const within = (await Array.fromAsync(rows.within(records))).flat();
      assert.deepEqual(
        within,
        expected.filter(({ record }) => records.has(record)),
      );
    }),
    { numRuns: 60 },
  );
});

test('a piece has so many rows and so many bytes at most, and one row at least', async (t) => {
  const path = await writeRows(
    freshFolder(t)(),
    'rejected',
    Array.from({ length: 30 }, (_, index) => rowAt(index + 1, { note: 'x'.repeat(index === 9 ? 9000 : 10) })),
  );
  const ends = (rows: RetriedRows) => {
    const found: number[] = [];
    for (let from = 0; from < rows.count; from = found.at(-1) ?? 30) found.push(rows.endOfPiece(from));
    return found;
  };
  assert.deepEqual(ends(await rowsIn([path], { mostRows: 8 })), [8, 16, 24, 30]);
  assert.deepEqual(ends(await rowsIn([path], { mostBytes: 5000 })), [9, 10, 30]);
});

test('rows that cannot be read again, and those of other files, are counted and left out', async (t) => {
  const directory = freshFolder(t)();
  const torn: RejectedRow = { ...rowAt(2, {}), source: { kind: 'text', text: '1,"' } };
  await writeRows(directory, 'rejected', [rowAt(1, {}), torn, { ...rowAt(3, {}), file: 'other.csv' }]);
  const { loads, unreadable } = await findRetriedRows(directory, loadOf, ['rejected', 'uncertain']);
  assert.deepEqual([loads[0]?.rows.count, unreadable], [1, 2]);
});

test('a file of rows that changes while it is read is an error, not other rows', async (t) => {
  const path = await writeRows(freshFolder(t)(), 'rejected', [rowAt(1, {}), rowAt(2, {})]);
  const rows = await rowsIn([path], {});
  appendFileSync(path, 'more');
  assert.equal((await rows.read(0, 2)).length, 2);
  const changed = failure('rejects-unreadable', /was changed while it was read/);
  const [one, two] = readFileSync(path, 'utf8').split('\n');
  for (const text of [`${two}\n${one}\n`, `${one?.replace(/\{\}\}$/, '""}')}\n${two}\n`, 'x', '']) {
    writeFileSync(path, text);
    await assert.rejects(rows.read(0, 2), changed, text);
  }
  rmSync(path);
  await assert.rejects(rows.read(0, 2), failure('rejects-unreadable', /cannot be read: ENOENT/));
});

test('a line that is nested more deeply than any row is no line of such a file', async (t) => {
  const path = await writeRows(freshFolder(t)(), 'rejected', [rowAt(1, { deep: 'here' })]);
  writeFileSync(path, readFileSync(path, 'utf8').replace('"here"', `${'['.repeat(50_000)}${']'.repeat(50_000)}`));
  await assert.rejects(rowsIn([path], {}), failure('rejects-unreadable', /^Line 1 of /));
});

test('rows here and there are read as many at a time as those that adjoin', async (t) => {
  const path = await writeRows(
    freshFolder(t)(),
    'rejected',
    Array.from({ length: 30 }, (_, index) => rowAt(2 * index + 1, {})),
  );
  const rows = await rowsIn([path], { mostRows: 8 });
  const pieces = await Array.fromAsync(rows.within(rows.records));
  assert.deepEqual(
    pieces.map((piece) => piece.length),
    [8, 8, 8, 6],
  );
  assert.deepEqual(
    pieces.flat().map(({ record }) => record),
    Array.from({ length: 30 }, (_, index) => 2 * index + 1),
  );
});

test('a piece is no wider than its rows can be counted from its first', async (t) => {
  const records = [1, 0xffff_ffff, 0x1_0000_0000, 0x1_0000_0001];
  const path = await writeRows(
    freshFolder(t)(),
    'rejected',
    records.map((record) => rowAt(record, {})),
  );
  const rows = await rowsIn([path], {});
  assert.equal(rows.endOfPiece(0), 3);
  assert.equal(rows.endOfPiece(3), 4);
});

const mappingText = (group: string) => `version: 1
target: fake
operation: put
${group}fields:
  Order: order
  ${group === '' ? 'Qty: { from: qty, type: integer }' : 'Lines: { each: { fields: { Qty: { from: qty, type: integer } } } }'}
`;
const identified = openOperation({
  encode: (item, { identity }) => ({ json: JSON.stringify({ ...item, identity }), route: '', lanes: [] }),
});

/** All that becomes of the rows, and how many were held at once. */
async function retried(path: string, group: string, mostRows: number) {
  const rows = await rowsIn([path], { mostRows });
  const run = { state: () => emptyState(1), finishReading: () => Promise.resolve() };
  const mapping = parseMapping(mappingText(group), 'm.yaml');
  const feed = createRetryFeed(
    [{ load, name: load.path, rows }],
    run,
    mapping,
    fakeTarget({ put: identified }),
    [true],
    0,
  );
  const blocks: MappedBlock[] = [];
  let most = 0;
  await feed.run(
    async ({ mapped, rows: held }) => {
      blocks.push(mapped);
      most = Math.max(most, held);
    },
    () => false,
  );
  const found = blocks.flatMap(({ block, bytes, starts, ends, firstRow, lastRow }) =>
    [...starts].map((start, item) => [
      block.startRecord + (firstRow[item] ?? 0),
      block.startRecord + (lastRow[item] ?? 0),
      Buffer.from(bytes.subarray(start, ends[item])).toString(),
    ]),
  );
  const rejected = blocks.flatMap((block) => block.rejected.map(({ record, faults }) => [record, faults[0]?.code]));
  return { items: found, rejected, most };
}

/** Records with gaps, orders that follow each other, some without a name. */
const madeRows = fc
  .array(
    fc.record({
      gap: fc.constantFrom(1, 1, 1, 1, 2),
      order: fc.constantFrom('a', 'a', 'a', 'a', 'b', ''),
      qty: fc.constantFrom('1', '2', '3', '4', 'x'),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((made) => {
    let record = 0;
    return made.map(({ gap, order, qty }) => {
      record += gap;
      return rowAt(record, { order, qty });
    });
  });

for (const group of ['', 'group: { by: order, most: 4 }\n']) {
  test(`what becomes of retried rows does not depend on the pieces (${group === '' ? 'one by one' : 'in groups'})`, async (t) => {
    const fresh = freshFolder(t);
    await fc.assert(
      fc.asyncProperty(madeRows, fc.integer({ min: 1, max: 9 }), async (rows, mostRows) => {
        const path = await writeRows(fresh(), 'rejected', rows);
        const { most, ...inPieces } = await retried(path, group, mostRows);
        const { most: _, ...whole } = await retried(path, group, 1000);
        assert.deepEqual(inPieces, whole);
        assert.ok(most <= mostRows + (group === '' ? 0 : 4), `${most} rows held at once`);
      }),
      { numRuns: 150 },
    );
  });
}

test('a group of too many bytes is not sent by a retry either, however few its rows are', async (t) => {
  const at = (record: number, byte: number) => ({ ...rowAt(record, { order: 'a', qty: '1' }), byte });
  const mostBytes = 16 * 1024 * 1024;
  for (const [last, codes] of [
    [mostBytes, []],
    [mostBytes + 1, Array(3).fill('group-too-large')],
  ] as const) {
    const path = await writeRows(freshFolder(t)(), 'rejected', [at(1, 0), at(2, 100), at(3, last)]);
    for (const mostRows of [1, 2, 3]) {
      const { rejected } = await retried(path, 'group: order\n', mostRows);
      assert.deepEqual(
        rejected.map(([, code]) => code),
        codes,
      );
    }
  }
});

test('of a group that goes on, and of a neighbour without a name, the pieces say so', async (t) => {
  const orders = ['a', 'a', 'a', 'a', 'b', '', 'c', 'c'];
  const path = await writeRows(
    freshFolder(t)(),
    'rejected',
    orders.map((order, index) => rowAt(index + 1, { order })),
  );
  const rows = await rowsIn([path], { mostRows: 3 });
  const pieces = await Array.fromAsync(
    piecesOfGroups(rows, 2, ({ source }) => (JSON.parse(source.text) as { order: string }).order || undefined),
  );
  assert.deepEqual(
    pieces.map(({ part, edges }) => [part.length, edges?.before, edges?.after]),
    [
      [3, 'border', 'group'],
      [2, 'group', 'unknown'],
      [1, 'border', 'border'],
      [2, 'unknown', 'border'],
    ],
  );
});
