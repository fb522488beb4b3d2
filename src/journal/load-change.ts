/** What a commit does to a load: the sum of the events since the last, and its ways to disk and into memory. */
import type { Checkpoint, Loads } from './loads.ts';
import { RangeSet } from './ranges.ts';
import {
  emptyState,
  entryOf,
  type JournalEvent,
  type LoadState,
  type Move,
  moveRecords,
  moveSet,
  recordStates,
} from './state.ts';

export interface LoadChange {
  /** By entry: where records went. */
  readonly moved: LoadState;
  /** By entry: records withdrawn. */
  readonly opened: readonly RangeSet[];
  readonly checkpoints: Checkpoint[];
  records?: number;
  completed?: number;
  reopened?: boolean;
}

export const emptyChange = (entries: number): LoadChange => ({
  moved: emptyState(entries),
  opened: Array.from({ length: entries }, () => new RangeSet()),
  checkpoints: [],
});

export function foldInto(change: LoadChange, event: JournalEvent): void {
  moveRecords(entryOf(change.moved, event.entry), event.to, event.ranges);
  const opened = change.opened[event.entry];
  if (event.to === 'open') opened?.addAll(event.ranges);
  else opened?.removeAll(event.ranges);
}

export function writeChange(loads: Loads, load: number, change: LoadChange): void {
  for (const [entry, sets] of change.moved.entries.entries()) {
    for (const to of recordStates) writeMove(loads, load, entry, to, sets[to]);
    writeMove(loads, load, entry, 'open', change.opened[entry]);
  }
  for (const checkpoint of change.checkpoints) loads.addCheckpoint(load, checkpoint);
  if (change.records !== undefined) loads.setRecords(load, change.records);
  if (change.reopened) loads.reopen(load);
  if (change.completed !== undefined) loads.complete(load, change.completed);
}

function writeMove(loads: Loads, load: number, entry: number, to: Move, ranges: RangeSet | undefined): void {
  if (ranges !== undefined && !ranges.isEmpty) loads.addEvent(load, entry, to, ranges);
}

/** The state on disk after a commit, kept in memory alike. */
export function applyChange(state: LoadState, change: LoadChange): void {
  for (const [entry, sets] of change.moved.entries.entries()) {
    const own = entryOf(state, entry);
    for (const to of recordStates) {
      if (!sets[to].isEmpty) moveSet(own, to, sets[to]);
    }
    const opened = change.opened[entry];
    if (opened !== undefined && !opened.isEmpty) moveSet(own, 'open', opened);
  }
}

/** How many rows of `events` a change has become. */
export function rowsOf(change: LoadChange): number {
  let rows = 0;
  for (const sets of change.moved.entries) for (const to of recordStates) rows += sets[to].isEmpty ? 0 : 1;
  for (const opened of change.opened) rows += opened.isEmpty ? 0 : 1;
  return rows;
}
