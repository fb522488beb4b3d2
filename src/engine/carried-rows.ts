/** The rows of a group that reaches beyond its block, until the rest of it comes. */
import { RecordScanner } from '../input/borders.ts';
import { rulesOf, type SourceDescription } from '../input/description.ts';
import { unitSize, unitsOf } from '../input/encodings.ts';
import { type Block, freeBytes } from '../model/block.ts';
import { joinedBytes, type SeenBlock } from './seen-block.ts';

export interface Carried {
  readonly key: string;
  readonly start: Pick<Block, 'file' | 'startByte' | 'startLine' | 'startRecord'>;
  /** Each in a buffer of its own. */
  readonly parts: Uint8Array[];
  records: number;
  endByte: number;
  /** Where its last row starts. */
  lastByte: number;
}

/** From row `from` to the end of its block. */
export function carry(seen: SeenBlock, from: number, key: string): Carried {
  const { block } = seen;
  const { file, startByte, startLine, startRecord, bytes, records } = seen.take(from, block.records);
  return {
    key,
    start: { file, startByte, startLine, startRecord },
    parts: [bytes],
    records,
    endByte: block.startByte + block.bytes.length,
    lastByte: seen.byteAt(block.records - 1),
  };
}

/** By all rows of the next block. */
export function extend(carried: Carried, seen: SeenBlock, description: SourceDescription): void {
  const { block } = seen;
  carried.parts.push(...gapBefore(block, carried, description), seen.take(0, block.records).bytes);
  carried.records += block.records;
  carried.endByte = block.startByte + block.bytes.length;
  carried.lastByte = seen.byteAt(block.records - 1);
}

export function joinParts({ start, parts, records }: Carried): Block {
  const [only] = parts;
  const bytes = parts.length === 1 && only !== undefined ? only : joinedBytes(parts);
  if (bytes !== only) parts.forEach(freeBytes);
  return { ...start, records, bytes, ownsBuffer: true, sequence: 0, last: false };
}

/** Together with the first rows of the next block, which are copied. */
export function join(carried: Carried, block: Block, description: SourceDescription): Block {
  const { start, parts, records } = carried;
  const bytes = joinedBytes([...parts, ...gapBefore(block, carried, description), block.bytes]);
  parts.forEach(freeBytes);
  const { linesAreRows: _, ...rest } = block;
  return { ...rest, ...start, records: records + block.records, bytes, ownsBuffer: true };
}

const lf = 10;
const cr = 13;
const blank = 32;

/**
 * Blank lines between two blocks belong to neither. Positions are counted from a block's start, so where two blocks become one as many bytes and
 * line breaks must stand between them: other blank lines of the same length do.
 */
function gapBefore(block: Block, { start, parts, endByte }: Carried, description: SourceDescription): Uint8Array[] {
  const unit = unitSize(description.coding);
  const units = (block.startByte - endByte) / unit;
  if (units === 0) return [];
  const breaks = block.startLine - start.startLine - linesIn(Buffer.concat(parts), description);
  const filled: number[] = [];
  if (description.format === 'ndjson') {
    filled.push(...new Array<number>(units - breaks).fill(blank), ...new Array<number>(breaks).fill(lf));
  } else {
    // In CSV a line with blanks is a row: the bytes above one for each break are those of CRLF. A lone LF might complete a CR that stands before it.
    for (let index = 0; index < breaks; index++) filled.push(...(index < units - breaks ? [cr, lf] : [cr]));
  }
  const bytes = new Uint8Array(units * unit);
  const low = description.coding === 'utf-16be' ? 1 : 0;
  for (const [index, code] of filled.entries()) bytes[index * unit + low] = code;
  return [bytes];
}

function linesIn(bytes: Uint8Array, description: SourceDescription): number {
  const units = unitsOf(bytes, description.coding);
  const scanner = new RecordScanner(rulesOf(description));
  let lines = 0;
  for (let at = 0; at < units.length; lines += scanner.lines) at = scanner.next(units, at, units.length, true);
  return lines;
}
