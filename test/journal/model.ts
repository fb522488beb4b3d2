/** The journal's state as plainly as can be: a map from record to state, for each entry. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type JournalEvent,
  type LoadState,
  type RecordState,
  type RowCounts,
  recordStates,
} from '../../src/journal/state.ts';

type Event = Omit<JournalEvent, 'load'>;

export interface Model {
  readonly entries: readonly Map<number, RecordState>[];
  apply(event: Event): void;
}

export function model(entries: number): Model {
  const maps = Array.from({ length: entries }, () => new Map<number, RecordState>());
  return {
    entries: maps,
    apply({ entry, to, ranges }) {
      for (const [from, last] of ranges) {
        for (let record = from; record <= last; record += 1) {
          if (to === 'open') maps[entry]?.delete(record);
          else maps[entry]?.set(record, to);
        }
      }
    },
  };
}

export function assertAgrees(state: LoadState, expected: Model, rows: number): void {
  assert.equal(state.entries.length, expected.entries.length);
  for (const [entry, sets] of state.entries.entries()) {
    for (let record = 0; record <= rows + 1; record += 1) {
      const found = recordStates.filter((name) => sets[name].has(record));
      const wanted = expected.entries[entry]?.get(record);
      assert.deepEqual(found, wanted === undefined ? [] : [wanted], `record ${record} of entry ${entry}`);
    }
  }
}

export function modelCounts(expected: Model, rows: number): RowCounts {
  const counts = { accepted: 0, rejected: 0, skipped: 0, uncertain: 0, sending: 0, open: 0 };
  const byRank = ['rejected', 'uncertain', 'sending', 'open', 'accepted', 'skipped'] as const;
  for (let record = 1; record <= rows; record += 1) {
    const states = expected.entries.map((entry) => entry.get(record) ?? 'open');
    counts[byRank.find((name) => states.includes(name)) ?? 'open'] += 1;
  }
  return counts;
}

export const anyEvent = (entries: number, rows: number): fc.Arbitrary<Event> =>
  fc.record({
    entry: fc.nat(entries - 1),
    to: fc.constantFrom(...recordStates, 'open' as const),
    ranges: fc.array(
      fc
        .tuple(fc.integer({ min: 1, max: rows }), fc.nat(6))
        .map(([from, length]): [number, number] => [from, Math.min(rows, from + length)]),
      { minLength: 1, maxLength: 3 },
    ),
  });

export const anyEvents = (entries: number, rows: number) => fc.array(anyEvent(entries, rows), { maxLength: 40 });
