import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { resolveTarget } from '../../src/config/resolve.ts';
import type { FileTask } from '../../src/engine/block-mapping.ts';
import { createMapper } from '../../src/engine/mapper.ts';
import { openSource } from '../../src/input/source.ts';
import { loadMapping } from '../../src/mapping/load.ts';
import type { MappedBlock } from '../../src/model/block.ts';
import { root } from '../support/workdir.ts';

/** Every item, reject and skip of the fixture, or of `m.yaml` and `rows.csv` in a folder, as the run would take them in. */
async function mapWith(workers: number, blockBytes: number, folder?: string) {
  const env = { RAPTOR_STREAM_ID: '00000000-0000-4000-8000-000000000001' };
  const config = loadConfig('fixtures/cdp-load.yaml', root);
  const cio = { type: 'customerio', region: 'eu', apiKey: 'k' };
  const { settings } =
    folder === undefined
      ? resolveTarget('stream', config, env)
      : resolveTarget('cio', { ...config, content: { targets: { cio } } }, {});
  const [map, rows] =
    folder === undefined ? ['fixtures/people.map.yaml', 'fixtures/people.csv'] : ['m.yaml', 'rows.csv'];
  const mapping = await loadMapping(join(folder ?? root, map));
  const source = await openSource(join(folder ?? root, rows), 0, { blockBytes });
  const mapper = createMapper({ settings, mapping, now: 1_700_000_000_000 }, workers);
  const task: FileTask = { index: 0, description: source.description, loadKey: 'key', settled: [] };
  const blocks: Promise<MappedBlock>[] = [];
  try {
    for await (const block of source.blocks()) blocks.push(mapper.map(task, block));
    const mapped = await Promise.all(blocks);
    return {
      blocks: mapped.length,
      items: mapped.flatMap(({ bytes, starts, ends, firstRow, block }) =>
        [...starts].map((start, index) => [
          block.startRecord + (firstRow[index] ?? 0),
          Buffer.from(bytes.subarray(start, ends[index])).toString('utf8'),
        ]),
      ),
      lanes: mapped.flatMap(({ lanes }) => [...lanes]),
      rejected: mapped.flatMap(({ rejected }) => rejected),
      skipped: mapped
        .flatMap(({ skipped }) => skipped.flat())
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
    assert.deepEqual({ ...together, blocks: 0 }, { ...alone, blocks: 0 });
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
  assert.deepEqual({ ...together, blocks: 1 }, alone);
});
