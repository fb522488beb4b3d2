/**
 * Moves the borders of blocks to borders between groups, before the blocks are handed to whoever maps them. The last group of a block is carried over
 * to the next one, so a block may be larger than it was cut; only a group that is too large to be sent is ever divided, and then its parts say so.
 *
 * Memory holds one block and one group. What is given lies in a buffer of its own; a block of which only copies were given is freed.
 */
import { RecordScanner } from '../input/borders.ts';
import { rulesOf, type SourceDescription } from '../input/description.ts';
import { unitSize, unitsOf } from '../input/encodings.ts';
import { locate } from '../input/locate.ts';
import { parserFor } from '../input/parse.ts';
import type { CompiledGroup } from '../mapping/group.ts';
import { mostGroupBytes, nameOf } from '../mapping/map-groups.ts';
import { type Block, freeBytes, type GroupEdges } from '../model/block.ts';

export interface GroupCutting {
  readonly description: SourceDescription;
  readonly group: Pick<CompiledGroup, 'groupOf' | 'most'>;
  /** Records after this one are left alone. Of a group that reaches beyond it nothing is given. */
  readonly upTo?: number | undefined;
  /** Told when the limit falls inside a group, with the record before that group. */
  readonly onCut?: (lastRecord: number) => void;
}

/** The rows of a group that are waiting for the next block. */
interface Carried {
  readonly key: string;
  readonly start: Pick<Block, 'file' | 'startByte' | 'startLine' | 'startRecord'>;
  /** Each in a buffer of its own. */
  readonly parts: Uint8Array[];
  records: number;
  endByte: number;
  /** Where its last row starts. */
  lastByte: number;
}

/** What is given of a block of which not all may be. */
interface Cut {
  readonly rows: number;
  readonly after: GroupEdges['after'];
  readonly dropsCarried?: boolean;
  /** Set when a group is left whole though it began before the limit: the record before it. */
  readonly lastRecord?: number;
}

export async function* cutAtGroups(blocks: AsyncIterable<Block>, cutting: GroupCutting): AsyncGenerator<Block> {
  const { description, group, onCut } = cutting;
  const upTo = cutting.upTo ?? Number.POSITIVE_INFINITY;
  const look = blockReader(description, group);
  let carried: Carried | undefined;
  /** The group that is too large and whose first part has been given. */
  let dividing: string | undefined;
  let before: GroupEdges['before'] = 'border';
  let sequence = 0;

  const give = (block: Block, edges: GroupEdges, last: boolean): Block => ({
    ...block,
    sequence: sequence++,
    edges,
    last,
  });
  /** What is carried, and `count` rows of the block behind it. */
  const joined = (seen: SeenBlock, count: number): Block => {
    if (carried === undefined) return seen.take(0, count);
    const whole = count === 0 ? joinParts(carried) : join(carried, seen.view(0, count), description);
    carried = undefined;
    return whole;
  };

  /** What may be given of the block in which the limit falls; `limit` is its first row beyond. */
  const cutAt = (seen: SeenBlock, limit: number): Cut => {
    const key = seen.keyAt(limit);
    const whole: Cut = { rows: limit, after: key === undefined ? 'unknown' : 'border' };
    if (key === undefined) return whole;
    let start = limit;
    while (start > 0 && seen.keyAt(start - 1) === key) start--;
    const inDivided = start === 0 && dividing === key;
    const inCarried = start === 0 && carried?.key === key ? carried : undefined;
    if (start === limit && !inDivided && inCarried === undefined) return whole;
    const rows = limit - start + (inCarried?.records ?? 0);
    const firstByte = inCarried?.start.startByte ?? seen.byteAt(start);
    const lastByte = limit > 0 ? seen.byteAt(limit - 1) : (inCarried?.lastByte ?? firstByte);
    // Of a group that is too large every row is rejected, wherever the limit falls.
    if (inDivided || rows > group.most || lastByte - firstByte > mostGroupBytes) return { rows: limit, after: 'group' };
    const lastRecord = (inCarried?.start.startRecord ?? seen.block.startRecord + start) - 1;
    return { rows: start, after: 'border', dropsCarried: inCarried !== undefined, lastRecord };
  };

  for await (const block of blocks) {
    const seen = look(block);
    try {
      const count = block.records;
      const opens = seen.keyAt(0);
      if (dividing !== undefined && opens !== dividing) {
        dividing = undefined;
        before = 'border';
      }
      const continues = carried !== undefined && opens === carried.key;

      const limit = upTo - block.startRecord + 1;
      if (limit < count) {
        const cut = cutAt(seen, limit);
        if (carried !== undefined && cut.dropsCarried) carried = undefined;
        if (cut.rows > 0 || carried !== undefined)
          yield give(joined(seen, cut.rows), { before, after: cut.after }, false);
        if (cut.lastRecord !== undefined) onCut?.(cut.lastRecord);
        return;
      }

      const tail = seen.keyAt(count - 1);
      let from = count - 1;
      if (tail !== undefined) while (from > 0 && seen.keyAt(from - 1) === tail) from--;
      const isOneGroup = tail !== undefined && from === 0;

      if (dividing !== undefined && isOneGroup) {
        yield give(seen.take(0, count), { before, after: block.last ? 'border' : 'group' }, block.last);
        continue;
      }
      dividing = undefined;
      if (block.last) {
        if (carried !== undefined && !continues && isOneGroup) {
          yield give(joinParts(carried), { before, after: 'border' }, false);
          carried = undefined;
          before = 'border';
        }
        yield give(joined(seen, count), { before, after: 'border' }, true);
        return;
      }
      if (tail === undefined) {
        yield give(joined(seen, count), { before, after: 'border' }, false);
        before = 'unknown';
        continue;
      }
      if (isOneGroup && continues && carried !== undefined) {
        extend(carried, seen, description);
      } else {
        if (carried !== undefined || from > 0) {
          yield give(joined(seen, from), { before, after: 'border' }, false);
          before = from > 0 && seen.keyAt(from - 1) === undefined ? 'unknown' : 'border';
        }
        carried = carry(seen, from, tail);
      }
      if (carried.records > group.most || carried.lastByte - carried.start.startByte > mostGroupBytes) {
        yield give(joinParts(carried), { before, after: 'group' }, false);
        carried = undefined;
        dividing = tail;
        before = 'group';
      }
    } finally {
      seen.release();
    }
  }
  // A source whose last block does not say so cannot be; but nothing may be lost.
  if (carried !== undefined) yield give(joinParts(carried), { before, after: 'border' }, true);
}

/** A block whose keys are read where they are asked for: mostly a few at its ends. */
interface SeenBlock {
  readonly block: Block;
  /** Undefined: the row cannot be read, or names no group. */
  keyAt(index: number): string | undefined;
  byteAt(index: number): number;
  /** Rows `from` up to, not including, `to`, as long as the block is there. */
  view(from: number, to: number): Block;
  /** The same in a buffer that nobody else reads: that of the block where it is all of it, else a copy. */
  take(from: number, to: number): Block;
  /** Frees the block, unless it was taken whole. */
  release(): void;
}

/** Rows parsed at once: enough for most groups, few enough to cost little. */
const rowsAtOnce = 32;

function blockReader(description: SourceDescription, group: GroupCutting['group']): (block: Block) => SeenBlock {
  const parse = parserFor(description);
  const rules = rulesOf(description);
  const unit = unitSize(description.coding);
  return (block) => {
    const located = locate(rules, unitsOf(block.bytes, description.coding), block.records);
    const keys = new Map<number, string | undefined>();
    const byteAt = (index: number) => block.startByte + located.at(index).start * unit;
    let isTaken = false;
    const view = (from: number, to: number): Block => {
      if (from === 0 && to === located.length) return block;
      const start = located.at(from).start * unit;
      const end = to === located.length ? block.bytes.length : located.at(to).start * unit;
      return {
        ...block,
        startByte: from === 0 ? block.startByte : byteAt(from),
        startLine: from === 0 ? block.startLine : block.startLine + located.at(from).line,
        startRecord: block.startRecord + from,
        records: to - from,
        bytes: block.bytes.subarray(from === 0 ? 0 : start, end),
        ownsBuffer: false,
      };
    };
    const readAround = (index: number) => {
      // Whoever asks goes forwards from the start or backwards from the end.
      const from = keys.has(index + 1) || index === located.length - 1 ? Math.max(0, index - rowsAtOnce + 1) : index;
      const to = from === index ? Math.min(located.length, index + rowsAtOnce) : index + 1;
      const part = parse(view(from, to));
      for (let row = from; row < to; row++) keys.set(row, nameOf(part.row(row - from), group));
    };
    return {
      block,
      keyAt(index) {
        if (!keys.has(index)) readAround(index);
        return keys.get(index);
      },
      byteAt,
      view,
      take(from, to) {
        const part = view(from, to);
        if (part.ownsBuffer !== true) return { ...part, bytes: joinedBytes([part.bytes]), ownsBuffer: true };
        isTaken = true;
        return part;
      },
      release() {
        if (block.ownsBuffer === true && !isTaken) freeBytes(block.bytes);
      },
    };
  };
}

function carry(seen: SeenBlock, from: number, key: string): Carried {
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

function extend(carried: Carried, seen: SeenBlock, description: SourceDescription): void {
  const { block } = seen;
  carried.parts.push(...gapBefore(block, carried, description), seen.take(0, block.records).bytes);
  carried.records += block.records;
  carried.endByte = block.startByte + block.bytes.length;
  carried.lastByte = seen.byteAt(block.records - 1);
}

function joinParts({ start, parts, records }: Carried): Block {
  const [only] = parts;
  const bytes = parts.length === 1 && only !== undefined ? only : joinedBytes(parts);
  if (bytes !== only) parts.forEach(freeBytes);
  return { ...start, records, bytes, ownsBuffer: true, sequence: 0, last: false };
}

function join(carried: Carried, block: Block, description: SourceDescription): Block {
  const { start, parts, records } = carried;
  const bytes = joinedBytes([...parts, ...gapBefore(block, carried, description), block.bytes]);
  parts.forEach(freeBytes);
  return { ...block, ...start, records: records + block.records, bytes, ownsBuffer: true };
}

/** In a buffer of their own: Node's `concat` may take a part of one that others use. */
function joinedBytes(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
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
