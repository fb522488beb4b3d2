import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { resolveTarget } from '../../src/config/resolve.ts';
import { type FileTask, groupedBlocks } from '../../src/engine/block-mapping.ts';
import { createMapper } from '../../src/engine/mapper.ts';
import { openSource } from '../../src/input/source.ts';
import { loadMapping } from '../../src/mapping/load.ts';
import { type MappedBlock, skippedBy } from '../../src/model/block.ts';
import { root } from '../support/workdir.ts';

/** Every item, reject and skip of the fixture, or of `m.yaml` and the rows in a folder, as the run would take them in. */
async function mapWith(workers: number, blockBytes: number, folder?: string, rowsFile = 'rows.csv') {
  const env = { RAPTOR_STREAM_ID: '00000000-0000-4000-8000-000000000001' };
  const config = loadConfig('fixtures/cdp-load.yaml', root);
  const cio = { type: 'customerio', region: 'eu', apiKey: 'k' };
  const { settings } =
    folder === undefined
      ? resolveTarget('stream', config, env)
      : resolveTarget('cio', { ...config, content: { targets: { cio } } }, {});
  const [map, rows] = folder === undefined ? ['fixtures/people.map.yaml', 'fixtures/people.csv'] : ['m.yaml', rowsFile];
  const mapping = await loadMapping(join(folder ?? root, map));
  const source = await openSource(join(folder ?? root, rows), 0, { blockBytes });
  const mapper = createMapper({ settings, mapping, now: 1_700_000_000_000 }, workers);
  const task: FileTask = { index: 0, description: source.description, loadKey: 'key', settled: [] };
  const blocks: Promise<MappedBlock>[] = [];
  try {
    const isMoved: boolean[] = [];
    for await (const block of groupedBlocks(source.blocks(), mapping, source.description)) {
      blocks.push(mapper.map(task, block));
      isMoved.push(block.bytes.length === 0);
    }
    const mapped = await Promise.all(blocks);
    return {
      blocks: mapped.length,
      /** Of the blocks after the first, which is mapped in this thread: whether their bytes are in another thread now. */
      isMoved: isMoved.slice(1),
      items: mapped.flatMap(({ bytes, starts, ends, firstRow, block }) =>
        [...starts].map((start, index) => [
          block.startRecord + (firstRow[index] ?? 0),
          Buffer.from(bytes.subarray(start, ends[index])).toString('utf8'),
        ]),
      ),
      lanes: mapped.flatMap(({ lanes }) => [...lanes]),
      rejected: mapped.flatMap(({ rejected }) => rejected),
      skipped: mapped
        .flatMap((block) => block.skipped.flatMap((_, entry) => skippedBy(block, entry)))
        .flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i)),
      sources: Buffer.concat(mapped.map(({ source: bytes }) => bytes)).toString('latin1'),
    };
  } finally {
    await mapper.close();
    await source.close();
  }
}

test('items, rejects, positions, lanes and skips are the same for any number of threads and any size of blocks', async () => {
  const alone = await mapWith(0, 256 * 1024);
  assert.equal(alone.items.length, 2376);
  assert.equal(alone.rejected.length, 12);
  for (const [workers, blockBytes] of [
    [1, 3000],
    [2, 20_000],
    [3, 64 * 1024],
  ] as const) {
    const together = await mapWith(workers, blockBytes);
    assert.ok(together.blocks > 3, `${together.blocks} blocks`);
    assert.deepEqual({ ...together, blocks: 0, isMoved: [] }, { ...alone, blocks: 0, isMoved: [] });
  }
});

test('a worker that fails is an error of the run, not a silence', async () => {
  const env = { RAPTOR_STREAM_ID: '00000000-0000-4000-8000-000000000001' };
  const { settings } = resolveTarget('stream', loadConfig('fixtures/cdp-load.yaml', root), env);
  const mapping = await loadMapping(`${root}/fixtures/people.map.yaml`);
  const mapper = createMapper({ settings: { ...settings, type: 'nowhere' }, mapping, now: 0 }, 1);
  const source = await openSource(`${root}/fixtures/people.csv`, 0, {});
  const task = { index: 0, description: source.description, loadKey: '', settled: [] };
  for await (const block of source.blocks()) {
    // The first block is this thread's.
    await assert.rejects(mapper.map(task, block));
    await assert.rejects(mapper.map(task, block), /nowhere/);
    break;
  }
  await mapper.close();
  await source.close();
});

test("what a worker gives back is nobody else's, also where the input shared its buffer", async (t) => {
  const env = { RAPTOR_STREAM_ID: '00000000-0000-4000-8000-000000000001' };
  const { settings } = resolveTarget('stream', loadConfig('fixtures/cdp-load.yaml', root), env);
  const mapping = await loadMapping(`${root}/fixtures/people.map.yaml`);
  const mapper = createMapper({ settings, mapping, now: 0 }, 1);
  t.after(() => mapper.close());
  const source = await openSource(`${root}/fixtures/people.csv`, 0, {});
  t.after(() => source.close());
  const task = { index: 0, description: source.description, loadKey: '', settled: [] };
  for await (const block of source.blocks()) {
    const shared = { ...block, ownsBuffer: false };
    const here = await mapper.map(task, shared);
    const there = await mapper.map(task, shared);
    assert.deepEqual([here.block.ownsBuffer, there.block.ownsBuffer], [false, true]);
    assert.equal(block.bytes.length, there.source.length);
    break;
  }
});

test('a transform of the mapping, a map and a lookup from files give the same in every thread', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mapper-'));
  t.after(() => rm(folder, { recursive: true }));
  const files = {
    'hooks.mjs': 'export const row = (row) => row.id % 7 === 0 ? null : { ...row, twice: row.id * 2 };\n',
    'levels.yaml': 'a: gold\nb: silver\n',
    'towns.ndjson': '{"code":"l","name":"Lund"}\n{"code":"u","name":"Umeå"}\n',
    'm.yaml':
      'version: 1\ntarget: customerio\noperation: identify\nkey: id\ntransform: { function: hooks.mjs#row, adds: [twice] }\nfields:\n  userId: id\n  traits.twice: twice\n  traits.level: { from: level, map: levels.yaml }\n  traits.town: { from: town, lookup: { file: towns.ndjson, key: code, value: name } }\n',
    'rows.csv': `id,level,town\n${Array.from({ length: 900 }, (_, i) => `${i},${'abc'[i % 3]},${'lu'[i % 2]}\n`).join('')}`,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const alone = await mapWith(0, 256 * 1024, folder);
  assert.deepEqual([alone.blocks, alone.items.length, alone.rejected.length], [1, 514, 257]);
  assert.deepEqual((JSON.parse(String(alone.items[0]?.[1])) as { traits: unknown }).traits, {
    twice: 2,
    level: 'silver',
    town: 'Umeå',
  });
  const together = await mapWith(2, 500, folder);
  assert.ok(together.blocks > 9);
  assert.deepEqual({ ...together, blocks: 1, isMoved: [] }, alone);
});

/** Two of each person, lines of two forms, and here and there one that cannot be read. */
const ndjsonRows = Array.from({ length: 900 }, (_, n) => {
  const row = { id: n >> 1, level: 'abc'[n % 3], mail: `P${n}@X.DK`, ...(n % 50 === 0 ? { more: [n] } : {}) };
  return n % 7 === 6 ? 'no JSON\n' : `${JSON.stringify(row)}\n`;
});

test('a block is moved to its worker, not copied', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mapper-'));
  t.after(() => rm(folder, { recursive: true }));
  const fields = 'fields: { userId: id, traits.level: level }\n';
  await writeFile(join(folder, 'm.yaml'), `version: 1\ntarget: customerio\noperation: identify\nkey: id\n${fields}`);
  await writeFile(join(folder, 'rows.ndjson'), ndjsonRows.join(''));
  const { isMoved } = await mapWith(1, 4000, folder, 'rows.ndjson');
  assert.ok(isMoved.length > 5);
  assert.ok(isMoved.every(Boolean));
});

for (const [what, mapping] of Object.entries({
  'rows of NDJSON, and of a function that changes the row it is given,':
    'version: 1\ntarget: customerio\noperation: identify\nkey: id\nfields:\n  userId: { from: id, transform: hooks.mjs#spoil }\n  traits.mail: mail\n  traits.level: level\n',
  'groups that end amid blocks':
    'version: 1\ntarget: customerio\noperation: identify\nkey: id\ngroup: id\nfields:\n  userId: id\n  traits.all: { each: { fields: { mail: mail, level: level } } }\n',
})) {
  test(`${what} give the same for any number of threads and any size of blocks`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'mapper-'));
    t.after(() => rm(folder, { recursive: true }));
    await writeFile(
      join(folder, 'hooks.mjs'),
      'export const spoil = (value, row) => { row.mail = "spoilt"; return value; };\n',
    );
    await writeFile(join(folder, 'm.yaml'), mapping);
    await writeFile(join(folder, 'rows.ndjson'), ndjsonRows.join(''));
    const alone = await mapWith(0, 256 * 1024, folder, 'rows.ndjson');
    assert.ok(alone.items.length > 100 && alone.rejected.length > 100, `${alone.items.length} items`);
    for (const [workers, blockBytes] of [
      [1, 1000],
      [2, 3000],
      [2, 20_000],
    ] as const) {
      const { isMoved, blocks, ...together } = await mapWith(workers, blockBytes, folder, 'rows.ndjson');
      assert.ok(blocks > 1 && isMoved.length > 0);
      assert.deepEqual({ ...together, blocks: 1, isMoved: [] }, alone);
    }
  });
}
