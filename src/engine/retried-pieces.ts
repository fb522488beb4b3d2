/** Cuts rows that are to be sent again into pieces that may be held at once; with a mapping that groups rows, at borders between groups. */
import type { RejectedRow } from '../journal/rejects.ts';
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
 * @param most rows of one group: one that has more is divided, and its parts say so
 * @param groupOf undefined: the row names no group
 */
export async function* piecesOfGroups(
  rows: PiecedRows,
  most: number,
  groupOf: NameOfGroup,
): AsyncGenerator<RetriedPiece> {
  let given: RejectedRow | undefined;
  let held: readonly RejectedRow[] = [];
  for (let from = 0; from < rows.count; ) {
    const to = rows.endOfPiece(from);
    const seen = [...held, ...(await rows.read(from, to))];
    from = to;
    const start = startOfLastGroup(seen, groupOf);
    const isWhole = to === rows.count;
    const isDivided = !isWhole && seen.length - start > most;
    const end = isWhole || isDivided ? seen.length : start;
    held = seen.slice(end);
    if (end === 0) continue;
    const after = isDivided ? 'group' : edgesBetween(seen[end - 1], seen[end], groupOf).after;
    yield { part: seen.slice(0, end), edges: { before: edgesBetween(given, seen[0], groupOf).before, after } };
    given = seen[end - 1];
  }
}

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
  return Math.max(0, start);
}
