/**
 * Where a run writes what became of its rows. `push` has the journal behind it; `validate` keeps the same sets in memory,
 * so that both count by the same arithmetic.
 */
import type { Ledger } from '../delivery/ledger.ts';
import { applyEvent, countRows, emptyState, type LoadState, type RowCounts } from '../journal/state.ts';

export interface Book extends Ledger {
  /** A block of the load begins here: a resume may start from it. */
  checkpoint(load: number, at: { readonly record: number; readonly byte: number; readonly line: number }): void;
  /** The input was read to its end and has this many records. */
  finishReading(load: number, records: number): void;
  counts(load: number, records: number): RowCounts;
  /** Calls `tell` when nothing can be recorded any more, also while nobody records (a run waits for minutes at times). */
  whenBroken(tell: (reason: unknown) => void): void;
}

export function createMemoryBook(loads: number, entries: number): Book {
  const states: LoadState[] = Array.from({ length: loads }, () => emptyState(entries));
  const stateOf = (load: number) => {
    const state = states[load];
    if (state === undefined) throw new RangeError(`no load ${load} in this run`);
    return state;
  };
  return {
    async record(events) {
      for (const event of events) applyEvent(stateOf(event.load), event);
    },
    hurry: () => {},
    checkpoint: () => {},
    finishReading: () => {},
    counts: (load, records) => countRows(stateOf(load), records),
    whenBroken: () => {},
  };
}
