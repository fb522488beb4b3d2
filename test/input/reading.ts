/** Shared by the tests of the input side: reads bytes through the whole path and says what came of each row. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { parserFor, RowFault, withoutTuple } from '../../src/input/parse.ts';
import { type Border, openStream, type Source, type SourceOptions } from '../../src/input/source.ts';
import type { Block } from '../../src/model/block.ts';

export interface ReadRow {
  readonly record: number;
  readonly line: number;
  readonly byte: number;
  /** Cells, or the object as JSON text; undefined for a row that cannot be read. */
  readonly value: readonly string[] | string | undefined;
  readonly faults: readonly { readonly code: string; readonly reason: string; readonly column?: string }[];
  readonly source: { readonly kind: 'json' | 'text'; readonly text: string };
}

/** A stream that gives `bytes` in pieces of `size`. */
export function inPieces(bytes: Uint8Array, size = 64 * 1024): Readable {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return Readable.from(pieces, { objectMode: false });
}

export async function blocksOf(source: Source, from?: Border): Promise<Block[]> {
  const blocks: Block[] = [];
  for await (const block of source.blocks(from)) {
    // What a worker gets: the memory is moved away from whoever cut the block.
    blocks.push(structuredClone(block, { transfer: [block.bytes.buffer as ArrayBuffer] }));
  }
  return blocks;
}

export function rowsOf(source: Source, blocks: readonly Block[]): ReadRow[] {
  const parse = parserFor(source.description);
  return blocks.flatMap((block) => {
    const parsed = parse(block);
    return Array.from({ length: parsed.length }, (_, i): ReadRow => {
      const row = withoutTuple(parsed.row(i));
      const failed = row instanceof RowFault;
      if (block.linesAreRows) assert.equal(parsed.position(i).line, block.startLine + i);
      return {
        record: block.startRecord + i,
        ...parsed.position(i),
        value: failed ? undefined : Array.isArray(row) ? row : JSON.stringify(row),
        faults: failed ? row.faults : [],
        source: parsed.source(i),
      };
    });
  });
}

/** Reads `bytes` as a stream; the order of keys in the answer is fixed, so that two answers can be compared. */
export async function read(
  bytes: Uint8Array,
  options: SourceOptions = {},
  pieces?: number,
  from?: Border,
): Promise<{ readonly source: Source; readonly blocks: readonly Block[]; readonly rows: readonly ReadRow[] }> {
  const source = await openStream(inPieces(bytes, pieces), 0, options, 'test.csv');
  const blocks = await blocksOf(source, from);
  return { source, blocks, rows: rowsOf(source, blocks) };
}
