import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { rowsOfRecords } from '../../src/engine/held-rows.ts';
import { survey } from '../../src/engine/survey.ts';
import type { Border } from '../../src/input/blocks.ts';
import { openSource } from '../../src/input/source.ts';
import { RangeSet } from '../../src/journal/ranges.ts';

const rows = 400;
const options = { blockBytes: 200 };

/** A file of many small blocks, some rows over several lines, and the starts of its blocks. */
async function stage(folder: string) {
  const path = join(folder, 'people.csv');
  const row = (n: number) => (n % 7 === 0 ? `${n},"over\ntwo"\n` : `${n},plain ${n}\n`);
  writeFileSync(path, `id,note\n${Array.from({ length: rows }, (_, index) => row(index + 1)).join('')}`);
  const [file] = await survey([{ name: 'people.csv', path }], options, () => undefined as never);
  assert.ok(file !== undefined);
  const borders: Border[] = [];
  const source = await openSource(path, 0, options);
  for await (const { startByte, startLine, startRecord } of source.blocks())
    borders.push({ byte: startByte, line: startLine, record: startRecord });
  await source.close();
  assert.ok(borders.length > 20);
  return { file, borders };
}

const before = (borders: readonly Border[]) => (record: number) =>
  borders.findLast((border) => border.record <= record);

test('held rows are the same however many borders are known, wherever they stand', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cdp-load-held-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { file, borders } = await stage(folder);
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 1, max: rows }), { minLength: 1, maxLength: 20 }),
      fc.subarray(borders),
      // A border that does not hold any more: the file was edited in its middle.
      fc.boolean(),
      async (records, known, isOff) => {
        const wanted = RangeSet.from(records.map((record) => [record, record] as const).sort(([a], [b]) => a - b));
        const moved = isOff ? known.map((border) => ({ ...border, byte: border.byte + 1 })) : known;
        const found = await rowsOfRecords(file, wanted, options, before(moved));
        const all = await rowsOfRecords(file, wanted, options, () => undefined);
        assert.deepEqual(found, all);
        assert.deepEqual(
          found.map(({ record }) => record),
          records.toSorted((a, b) => a - b),
        );
        for (const { record, source } of found) assert.match(JSON.stringify(source), new RegExp(`\\b${record}\\b`));
      },
    ),
    { numRuns: 150 },
  );
});

test('rows at the end of a file are found without reading what comes before them', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cdp-load-held-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { file, borders } = await stage(folder);
  const asked: number[] = [];
  const known = before(borders);
  const found = await rowsOfRecords(
    file,
    RangeSet.from([
      [2, 2],
      [rows - 1, rows],
    ]),
    options,
    (record) => {
      asked.push(record);
      return known(record);
    },
  );
  assert.deepEqual(
    found.map(({ record }) => record),
    [2, rows - 1, rows],
  );
  // Once for the first row, and once for each block that was read with rows still wanted: the first one, and at the end.
  assert.ok(asked.length <= 4, String(asked));
});
