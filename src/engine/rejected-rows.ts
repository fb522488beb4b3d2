/**
 * How many rows are rejected, over all runs of the loads: what `--max-errors` is about. A row of several items is one row,
 * however many of them were refused and in however many runs.
 */
import { RangeSet } from '../journal/ranges.ts';
import type { RecordRange } from '../model/block.ts';

/** Rejected by earlier runs, by load. */
export type RejectedBefore = ReadonlyMap<number, RangeSet>;

export interface RejectedRows {
  add(load: number, ranges: readonly RecordRange[]): void;
  readonly count: number;
}

/** @param entries items that a row may give; of one item only the number need be kept */
export function createRejectedRows(before: RejectedBefore, entries: number): RejectedRows {
  const sets = new Map<number, RangeSet>();
  let count = 0;
  for (const [load, rows] of before) {
    count += rows.size;
    if (entries > 1) sets.set(load, rows.clone());
  }
  return {
    add(load, ranges) {
      if (entries === 1) {
        for (const [from, to] of ranges) count += to - from + 1;
        return;
      }
      const rows = sets.get(load) ?? new RangeSet();
      sets.set(load, rows);
      const known = rows.size;
      rows.addAll(ranges);
      count += rows.size - known;
    },
    get count() {
      return count;
    },
  };
}
