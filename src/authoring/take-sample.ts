/** Rows from the head, the middle and the tail of a file, in bounded memory. */
import { type PlainRow, parserFor, withoutTuple } from '../input/parse.ts';
import type { Source } from '../input/source.ts';
import { type Block, freeBytes } from '../model/block.ts';

/** Memory holds three blocks of this size at most, and the rows made of them. */
export const sampleBlockBytes = 512 * 1024;

export interface Sample {
  readonly rows: readonly PlainRow[];
  /** Rows of the whole input (or of what `limit` lets through). */
  readonly rowsInFile: number;
}

/**
 * All blocks pass by, because only reading from the start tells for sure where a record begins; three of them are kept and
 * parsed. A small file is one block and so looked at whole.
 * @param limit look at no row after this one
 */
export async function takeSample(source: Source, limit = Number.POSITIVE_INFINITY): Promise<Sample> {
  const parse = parserFor(source.description);
  const middleByte = (source.description.size ?? 0) / 2;
  let head: Block | undefined;
  let middle: Block | undefined;
  let tail: Block | undefined;
  let rowsInFile = 0;
  for await (const block of source.blocks()) {
    rowsInFile = block.startRecord + block.records - 1;
    let passed: Block | undefined;
    if (head === undefined) head = block;
    else if (block.startByte <= middleByte) [passed, middle] = [middle, block];
    else [passed, tail] = [tail, block];
    if (passed?.ownsBuffer === true) freeBytes(passed.bytes);
    if (rowsInFile >= limit) break;
  }
  const rows = [head, middle, tail].flatMap((block) => {
    if (block === undefined) return [];
    const { length, row } = parse(block);
    const wanted = Math.min(length, Math.max(0, limit - block.startRecord + 1));
    return Array.from({ length: wanted }, (_, index) => withoutTuple(row(index)));
  });
  return { rows, rowsInFile: Math.min(rowsInFile, limit) };
}
