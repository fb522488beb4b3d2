/**
 * Where the records of a load stand. A load's mapping has one or several entries (`items:`), and each entry sorts the
 * records into five disjoint sets; what is in none is open. Everything that happens is an event that moves records from
 * wherever they are to one state, so the state is the fold of the events and nothing else.
 */
import type { RecordRange } from '../model/block.ts';
import { RangeSet } from './ranges.ts';

export const recordStates = ['sending', 'accepted', 'rejected', 'skipped', 'uncertain'] as const;
export type RecordState = (typeof recordStates)[number];
/** `open` = withdrawn: certainly not taken by the platform, to be sent (again). */
export type Move = RecordState | 'open';

export interface JournalEvent {
  readonly load: number;
  /** Index into the mapping's entries. */
  readonly entry: number;
  readonly to: Move;
  readonly ranges: readonly RecordRange[];
}

export type EntryState = Readonly<Record<RecordState, RangeSet>>;

export interface LoadState {
  readonly entries: readonly EntryState[];
}

export function emptyState(entries: number): LoadState {
  return {
    entries: Array.from({ length: entries }, () => ({
      sending: new RangeSet(),
      accepted: new RangeSet(),
      rejected: new RangeSet(),
      skipped: new RangeSet(),
      uncertain: new RangeSet(),
    })),
  };
}

/** Changes `state` in place (a set of 100,000 ranges is not copied for one record); depends on nothing else. */
export function applyEvent(state: LoadState, event: Pick<JournalEvent, 'entry' | 'to' | 'ranges'>): void {
  moveRecords(entryOf(state, event.entry), event.to, event.ranges);
}

export function moveRecords(sets: EntryState, to: Move, ranges: readonly RecordRange[]): void {
  for (const name of recordStates) {
    if (name !== to) sets[name].removeAll(ranges);
  }
  if (to !== 'open') sets[to].addAll(ranges);
}

/** The same for many ranges. */
export function moveSet(sets: EntryState, to: Move, moved: RangeSet): void {
  for (const name of recordStates) {
    if (name !== to) sets[name].removeSet(moved);
  }
  if (to !== 'open') sets[to].addSet(moved);
}

export function entryOf(state: LoadState, entry: number): EntryState {
  const sets = state.entries[entry];
  if (sets === undefined) throw new RangeError(`The load has no entry ${entry}, only ${state.entries.length}`);
  return sets;
}

/** Records of `[from, to]` that are to be sent for this entry: in none of the five sets. */
export function openWithin(state: LoadState, entry: number, from: number, to: number): RangeSet {
  const sets = entryOf(state, entry);
  let open = RangeSet.of([from, to]);
  for (const name of recordStates) {
    if (!sets[name].isEmpty) open = open.subtract(sets[name].within(from, to));
  }
  return open;
}

/** The lowest record that is not settled in every entry; one past the last when all are. Uncertain counts as settled: it is held. */
export function firstUnsettled(state: LoadState): number {
  let first = Number.POSITIVE_INFINITY;
  for (const sets of state.entries) {
    let record = 1;
    for (let end = settledEnd(sets, record); end !== undefined; end = settledEnd(sets, record)) record = end + 1;
    first = Math.min(first, record);
  }
  return first;
}

const settledEnd = (sets: EntryState, record: number): number | undefined =>
  sets.accepted.endOfRangeAt(record) ??
  sets.skipped.endOfRangeAt(record) ??
  sets.rejected.endOfRangeAt(record) ??
  sets.uncertain.endOfRangeAt(record);

/** Whether records 1 to `records` are settled in every entry. The sets are disjoint, so their sizes say it. */
export function isSettled(state: LoadState, records: number): boolean {
  return state.entries.every(
    (sets) =>
      sets.accepted.size + sets.rejected.size + sets.skipped.size + sets.uncertain.size === records &&
      highestRecord(sets) <= records,
  );
}

/** Whether so many stored events cost more to read than their sum. The more ranges it has, the more it costs itself, so the rarer it is made. */
export function isWorthSummingUp(state: LoadState, events: number): boolean {
  const ranges = state.entries.reduce(
    (sum, sets) => recordStates.reduce((before, name) => before + sets[name].rangeCount, sum),
    0,
  );
  return events >= ranges / 2;
}

/** Nothing of the load can have reached the platform, so starting it over cannot double anything. */
export function isUntouched(state: LoadState): boolean {
  return state.entries.every((sets) => sets.sending.isEmpty && sets.accepted.isEmpty && sets.uncertain.isEmpty);
}

const highestRecord = (sets: EntryState): number => Math.max(...recordStates.map((name) => sets[name].last ?? 0));

/** Rows by state. A row is one thing, whatever its number of entries: the worst of them names it. */
export interface RowCounts {
  readonly accepted: number;
  readonly rejected: number;
  readonly skipped: number;
  readonly uncertain: number;
  readonly sending: number;
  /** Known to exist (read, or touched before) and in no other state. */
  readonly open: number;
}

/**
 * Counts rows 1 to `records` (default: to the highest one touched): rejected if any entry is, else uncertain if any is,
 * else sending, else open, else accepted if any entry is, else skipped. By range arithmetic, so the cost is in ranges.
 */
export function countRows(state: LoadState, records?: number): RowCounts {
  const rows = records ?? Math.max(0, ...state.entries.map(highestRecord));
  const whole = rows === 0 ? new RangeSet() : RangeSet.of([1, rows]);
  const open = state.entries.reduce(
    (union, _, entry) => (rows === 0 ? union : union.union(openWithin(state, entry, 1, rows))),
    new RangeSet(),
  );
  let left = whole;
  const take = (set: RangeSet): number => {
    const before = left.size;
    left = left.subtract(set);
    return before - left.size;
  };
  const anyEntry = (name: RecordState) =>
    state.entries.reduce((union, sets) => (sets[name].isEmpty ? union : union.union(sets[name])), new RangeSet());
  const rejected = take(anyEntry('rejected'));
  const uncertain = take(anyEntry('uncertain'));
  const sending = take(anyEntry('sending'));
  const opened = take(open);
  const accepted = take(anyEntry('accepted'));
  return { rejected, uncertain, sending, open: opened, accepted, skipped: left.size };
}
