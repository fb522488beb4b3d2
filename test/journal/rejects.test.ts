import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readRejects } from '../../src/journal/read-rejects.ts';
import { type RejectedRow, RowFile, rowFiles } from '../../src/journal/rejects.ts';
import { failure, temporaryFolder } from './workbench.ts';

const rowAt = (record: number, change: Partial<RejectedRow> = {}): RejectedRow => ({
  file: '/data/people.csv',
  line: record + 1,
  record,
  byte: record * 40,
  faults: [{ stage: 'map', code: 'not-a-number', reason: 'expected an integer, got "x"', column: 'id', value: 'x' }],
  source: { kind: 'json', text: `{"id":"x","n":${record}}` },
  ...change,
});

async function readAll(path: string): Promise<RejectedRow[]> {
  const rows: RejectedRow[] = [];
  for await (const row of readRejects(path)) rows.push(row);
  return rows;
}

test('a row becomes one line with its place, its fault and its source', async (t) => {
  const file = new RowFile(join(temporaryFolder(t), 'runs', 'r1'), rowFiles.rejected);
  await file.write([rowAt(7)]);
  assert.equal(
    readFileSync(file.path, 'utf8'),
    '{"file":"/data/people.csv","line":8,"record":7,"byte":280,"stage":"map","code":"not-a-number","reason":"expected an integer, got \\"x\\"","column":"id","value":"x","source":{"id":"x","n":7}}\n',
  );
  await file.close();
});

test('no file appears without a row, and file and folder are for their owner only', async (t) => {
  const directory = join(temporaryFolder(t), 'runs', 'r1');
  const file = new RowFile(directory, rowFiles.uncertain);
  await file.write([]);
  await file.close();
  assert.equal(existsSync(directory), false);
  const second = new RowFile(directory, rowFiles.uncertain);
  await second.write([rowAt(1)]);
  await second.close();
  assert.equal(statSync(second.path).mode & 0o777, 0o600);
  assert.equal(statSync(directory).mode & 0o777, 0o700);
});

test('a source keeps its digits, repeated keys and odd numbers to the letter', async (t) => {
  const text = '{"id":12345678901234567890,"a":1,"a":2,"x":1.10,"y":-0,"__proto__":{"z":1e400}}';
  const file = new RowFile(temporaryFolder(t), rowFiles.rejected);
  await file.write([rowAt(1, { source: { kind: 'json', text } })]);
  await file.close();
  assert.ok(readFileSync(file.path, 'utf8').includes(`"source":${text}}\n`));
  const [row] = await readAll(file.path);
  assert.equal(row?.source.text, '{"id":12345678901234567890,"a":2,"x":1.10,"y":-0,"__proto__":{"z":1e400}}');
});

test('a source with line breaks between its tokens stays on one line', async (t) => {
  const file = new RowFile(temporaryFolder(t), rowFiles.rejected);
  await file.write([rowAt(1, { source: { kind: 'json', text: '{"a":\r\n1,\n"b":"\\n"}' } })]);
  await file.close();
  assert.equal(readFileSync(file.path, 'utf8').split('\n').length, 2);
  assert.equal((await readAll(file.path))[0]?.source.text, '{"a":1,"b":"\\n"}');
});

test('a source that only claims to be JSON is kept as text', async (t) => {
  const file = new RowFile(temporaryFolder(t), rowFiles.rejected);
  const source = { kind: 'json', text: '{"a":1,' } as const;
  await file.write([rowAt(1, { source })]);
  await file.close();
  assert.deepEqual((await readAll(file.path))[0]?.source, { kind: 'text', text: source.text });
});

const anyRow = fc
  .record({
    record: fc.integer({ min: 1, max: 1e9 }),
    entry: fc.option(fc.nat(3), { nil: undefined }),
    reasons: fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 3 }),
    source: fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => ({ kind: 'text' as const, text })),
      fc.jsonValue().map((value) => ({ kind: 'json' as const, text: JSON.stringify({ value }) })),
    ),
  })
  .map(({ record, entry, reasons, source }) =>
    rowAt(record, {
      source,
      faults: reasons.map((reason) => ({ stage: 'send', code: 'platform-rejected', reason, field: 'a.b' })),
      ...(entry === undefined ? {} : { entry }),
    }),
  );

test('what was written reads back the same, in order, over any number of writes at once', async (t) => {
  const folder = temporaryFolder(t);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(anyRow, { maxLength: 20 }), { maxLength: 5 }), async (batches) => {
      run += 1;
      const file = new RowFile(join(folder, String(run)), rowFiles.rejected);
      await Promise.all(batches.map((rows) => file.write(rows)));
      await file.close();
      assert.equal(file.rows, batches.flat().length);
      if (file.rows > 0) assert.deepEqual(await readAll(file.path), batches.flat());
    }),
    { numRuns: 60 },
  );
});

test('a line longer than any buffer, with U+2028 in it, is one line', async (t) => {
  const file = new RowFile(temporaryFolder(t), rowFiles.rejected);
  const text = `é\u2028😀`.repeat(100_000);
  await file.write([rowAt(1, { source: { kind: 'text', text } }), rowAt(2)]);
  await file.close();
  const rows = await readAll(file.path);
  assert.equal(rows.length, 2);
  assert.equal(rows[0]?.source.text, text);
});

test('a last line cut by a crash is left out; a broken line before it is an error that names it', async (t) => {
  const folder = temporaryFolder(t);
  const file = new RowFile(folder, rowFiles.rejected);
  await file.write([rowAt(1), rowAt(2)]);
  await file.close();
  appendFileSync(file.path, '{"file":"/data/people.csv","line":');
  assert.equal((await readAll(file.path)).length, 2);
  appendFileSync(file.path, '\n');
  await assert.rejects(readAll(file.path), failure('rejects-unreadable', /^Line 3 of /));
  writeFileSync(join(folder, 'other.ndjson'), '{"id":1}\n');
  await assert.rejects(readAll(join(folder, 'other.ndjson')), failure('rejects-unreadable', /^Line 1 of /));
  await assert.rejects(readAll(folder), failure('rejects-unreadable', /cannot be read: EISDIR/));
});

test('a line counts as written only when the disk has it; what comes meanwhile goes together', async (t) => {
  const file = new RowFile(temporaryFolder(t), rowFiles.rejected);
  const handle = await open(file.path.replace('rejects', 'other'), 'a');
  const prototype: FileHandle = Object.getPrototypeOf(handle);
  await handle.close();
  const synced: number[] = [];
  const original = prototype.datasync;
  t.mock.method(prototype, 'datasync', async function (this: FileHandle) {
    synced.push(readFileSync(file.path, 'utf8').split('\n').length - 1);
    assert.equal(file.rows, synced.at(-2) ?? 0, 'it counts rows that are on their way');
    await original.call(this);
  });
  const first = file.write([rowAt(1)]);
  await Promise.resolve();
  await Promise.all([first, file.write([rowAt(2)]), file.write([rowAt(3)])]);
  assert.deepEqual(synced, [1, 3]);
  t.mock.method(prototype, 'datasync', async () => {
    throw new Error('the disk fails');
  });
  await assert.rejects(file.write([rowAt(4)]), failure('rejects-unwritable', /the disk fails/));
  assert.equal(file.rows, 3);
  await assert.rejects(file.close(), failure('rejects-unwritable'));
});

test('a file that cannot be written refuses this row and every later one', async (t) => {
  const directory = temporaryFolder(t);
  mkdirSync(join(directory, rowFiles.rejected));
  const file = new RowFile(directory, rowFiles.rejected);
  await assert.rejects(file.write([rowAt(1)]), failure('rejects-unwritable'));
  // Well again, but a line may be lost or cut in two by now.
  rmdirSync(join(directory, rowFiles.rejected));
  await assert.rejects(file.write([rowAt(2)]), failure('rejects-unwritable'));
  await assert.rejects(file.close(), failure('rejects-unwritable'));
});
