import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RangeSet } from '../../src/journal/ranges.ts';
import {
  applyEvent,
  countRows,
  emptyState,
  entryOf,
  firstUnsettled,
  isSettled,
  isUntouched,
  isWorthSummingUp,
  moveSet,
  openWithin,
  type recordStates,
} from '../../src/journal/state.ts';
import { anyEvents, assertAgrees, model, modelCounts } from './model.ts';

const rows = 30;

test('any sequence of events leaves every record where the last event that names it put it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }).chain((entries) => fc.tuple(fc.constant(entries), anyEvents(entries, rows))),
      ([entries, events]) => {
        const state = emptyState(entries);
        const bySets = emptyState(entries);
        const expected = model(entries);
        for (const event of events) {
          applyEvent(state, event);
          moveSet(entryOf(bySets, event.entry), event.to, RangeSet.from(event.ranges));
          expected.apply(event);
        }
        assertAgrees(state, expected, rows);
        assertAgrees(bySets, expected, rows);
        assert.deepEqual(countRows(state, rows), modelCounts(expected, rows));

        const settled = (record: number) =>
          expected.entries.every((entry) => !['sending', 'open'].includes(entry.get(record) ?? 'open'));
        const all = Array.from({ length: rows + 1 }, (_, index) => index + 1);
        assert.equal(
          firstUnsettled(state),
          all.find((record) => !settled(record)),
        );
        for (const records of [rows - 1, rows]) {
          const beyond = expected.entries.some((entry) => [...entry.keys()].some((record) => record > records));
          assert.equal(isSettled(state, records), !beyond && all.slice(0, records).every(settled));
        }
        const reached = expected.entries.some((entry) =>
          [...entry.values()].some((to) => to !== 'rejected' && to !== 'skipped'),
        );
        assert.equal(isUntouched(state), !reached);
        assert.equal(
          openWithin(state, 0, 3, rows - 3).size,
          all.filter((record) => record >= 3 && record <= rows - 3 && !expected.entries[0]?.has(record)).length,
        );
      },
    ),
    { numRuns: 400 },
  );
});

test('a row is named by the worst of its entries', () => {
  const state = emptyState(2);
  const put = (entry: number, to: (typeof recordStates)[number], record: number) =>
    applyEvent(state, { entry, to, ranges: [[record, record]] });
  put(0, 'accepted', 1);
  put(1, 'rejected', 1);
  put(0, 'accepted', 2);
  put(1, 'uncertain', 2);
  put(0, 'accepted', 3);
  put(1, 'sending', 3);
  put(0, 'accepted', 4);
  put(0, 'accepted', 5);
  put(1, 'skipped', 5);
  put(0, 'skipped', 6);
  put(1, 'skipped', 6);
  assert.deepEqual(countRows(state, 7), { rejected: 1, uncertain: 1, sending: 1, open: 2, accepted: 1, skipped: 1 });
  assert.deepEqual(countRows(emptyState(2)), {
    rejected: 0,
    uncertain: 0,
    sending: 0,
    open: 0,
    accepted: 0,
    skipped: 0,
  });
});

test('events are summed up where that is less to read: not a few for hundreds of ranges', () => {
  const state = emptyState(2);
  for (let record = 1; record < 1000; record += 2) state.entries[1]?.skipped.add(record);
  assert.equal(state.entries[1]?.skipped.rangeCount, 500);
  assert.equal(isWorthSummingUp(state, 249), false);
  assert.equal(isWorthSummingUp(state, 250), true);
  assert.equal(isWorthSummingUp(emptyState(1), 0), true);
});
