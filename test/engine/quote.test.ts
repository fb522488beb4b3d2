import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLineFinder, createQuoter } from '../../src/engine/quote.ts';
import type { MappedBlock } from '../../src/model/block.ts';
import { read } from '../input/reading.ts';

const files: readonly (readonly [text: string, linesAreRows: boolean[]])[] = [
  ['a,b\n1,2\n3,4\n5,6\n', [true]],
  ['a,b\n1,2\n3,4', [true]],
  ['a,b\r1,2\r\n3,4\n', [true]],
  ['a,b\n1,2\n\n3,4\n', [false]],
  ['a,b\n1,2\n3,4\n\n', [false]],
  ['a,b\n\n1,2', [false]],
  ['a,b\n1,"2\n2"\n3,4\n', [false]],
  ['{"a":1}\n{"a":2}\n', [true]],
  ['{"a":1}\n \n{"a":2}', [false]],
  ['\n{"a":1}\r', [false]],
];

test('a line is found where a row is a line, and where one is not', async () => {
  for (const [text, linesAreRows] of files) {
    const format = text.trim().startsWith('{') ? 'ndjson' : 'csv';
    const { source, blocks, rows } = await read(Buffer.from(text), { format });
    const lineOf = createLineFinder([source.description]);
    const quote = createQuoter([source.description]);
    assert.deepEqual(
      blocks.map((block) => block.linesAreRows),
      linesAreRows,
      JSON.stringify(text),
    );
    for (const { bytes, ...block } of blocks) {
      const mapped = { block, source: bytes } as unknown as MappedBlock;
      for (let row = 0; row < block.records; row++) {
        const { line } = rows[block.startRecord - 1 + row] ?? { line: Number.NaN };
        assert.deepEqual([lineOf(mapped, row), quote(mapped, row).line], [line, line], JSON.stringify(text));
      }
    }
  }
});

test('of many blocks that are asked for in turn each has its own lines', async () => {
  const text = `a,b\n${Array.from({ length: 400 }, (_, row) => (row % 3 === 0 ? `${row},"x\n${row}"\n` : `${row},y\n`)).join('')}`;
  const { source, blocks, rows } = await read(Buffer.from(text), { format: 'csv', blockBytes: 200 });
  assert.ok(blocks.length > 10);
  const lineOf = createLineFinder([source.description]);
  for (const { bytes, ...block } of [...blocks, ...blocks.slice(0, 3)]) {
    const mapped = { block, source: bytes } as unknown as MappedBlock;
    const lines = Array.from({ length: block.records }, (_, row) => lineOf(mapped, row));
    assert.deepEqual(
      lines,
      rows.slice(block.startRecord - 1, block.startRecord - 1 + block.records).map(({ line }) => line),
    );
  }
});

test('a block of no file of the run is a bug', () => {
  const mapped = { block: { file: 3, startLine: 1, records: 1 }, source: new Uint8Array(0) } as unknown as MappedBlock;
  assert.throws(() => createLineFinder([])(mapped, 0), /no file 3/);
});
