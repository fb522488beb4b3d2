/** Cuts rows that are to be sent again into pieces that may be held at once; with a mapping that groups rows, at borders between groups. */
import type { RejectedRow } from '../journal/rejects.ts';
import { mostGroupBytes } from '../mapping/map-groups.ts';
import type { GroupEdges } from '../model/block.ts';
import type { RetriedRows } from './retried-rows.ts';

export interface RetriedPiece {
  readonly part: readonly RejectedRow[];
  /** Where rows are grouped. */
  readonly edges?: GroupEdges;
}

/** What of the rows is asked for here. */
export type PiecedRows = Pick<RetriedRows, 'count' | 'endOfPiece' | 'read'>;

export async function* piecesOf(rows: PiecedRows): AsyncGenerator<RetriedPiece> {
  for (let from = 0; from < rows.count; ) {
    const to = rows.endOfPiece(from);
    yield { part: await rows.read(from, to) };
    from = to;
  }
}

type NameOfGroup = (row: RejectedRow) => string | undefined;

/**
 * @param most rows of one group: one that has more, or more bytes than are held, is divided, and its parts say so
 * @param groupOf undefined: the row names no group
 */
export async function* piecesOfGroups(
  rows: PiecedRows,
  most: number,
  groupOf: NameOfGroup,
): AsyncGenerator<RetriedPiece> {
  let given: RejectedRow | undefined;
  /** Of one group, which may go on. */
  let held: RejectedRow[] = [];
  const give = (part: readonly RejectedRow[], after: GroupEdges['after']): RetriedPiece => {
    const { before } = edgesBetween(given, part[0], groupOf);
    given = part.at(-1);
    return { part, edges: { before, after } };
  };
  for (let from = 0; from < rows.count; ) {
    const to = rows.endOfPiece(from);
    const read = await rows.read(from, to);
    from = to;
    const last = held.at(-1);
    const { after } = edgesBetween(last, read[0], groupOf);
    if (last !== undefined && after !== 'group') {
      yield give(held, after);
      held = [];
    }
    const start = startOfLastGroup(read, groupOf);
    if (start > 0) {
      yield give([...held, ...read.slice(0, start)], edgesBetween(read[start - 1], read[start], groupOf).after);
      held = [];
    }
    for (const row of read.slice(start)) held.push(row);
    if (!isTooLarge(held, most)) continue;
    yield give(held, rows.count === to ? 'border' : 'group');
    held = [];
  }
  if (held.length > 0) yield give(held, 'border');
}

const isTooLarge = (group: readonly RejectedRow[], most: number): boolean =>
  group.length > most || (group.at(-1)?.byte ?? 0) - (group[0]?.byte ?? 0) > mostGroupBytes;

/** `after` of what ends with the one row, `before` of what begins with the other. */
function edgesBetween(last: RejectedRow | undefined, next: RejectedRow | undefined, groupOf: NameOfGroup): GroupEdges {
  if (last === undefined || next === undefined || next.record !== last.record + 1)
    return { before: 'border', after: 'border' };
  const [group, other] = [groupOf(last), groupOf(next)];
  if (group !== undefined && group === other) return { before: 'group', after: 'group' };
  return { before: group === undefined ? 'unknown' : 'border', after: other === undefined ? 'unknown' : 'border' };
}

function startOfLastGroup(rows: readonly RejectedRow[], groupOf: NameOfGroup): number {
  let start = rows.length - 1;
  while (start > 0 && edgesBetween(rows[start - 1], rows[start], groupOf).after === 'group') start--;
  return start;
}
