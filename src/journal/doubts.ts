/** What an earlier run sent and was never told of: found in a load's state, and kept until a platform has answered for it. */
import { RangeSet } from './ranges.ts';
import type { JournalEvent, LoadState } from './state.ts';

/** What earlier runs left in doubt in one entry: sent, perhaps taken by the platform, and never answered for. */
export interface Doubt {
  readonly entry: number;
  readonly records: RangeSet;
  /** `resend`: to be sent again, and in doubt until that is answered. `hold`: not to be sent; they stay uncertain. */
  readonly fate: 'resend' | 'hold';
}

/**
 * The doubts of a load, and the events that make its state say so: rows to be sent again are *sending*, the others *uncertain*.
 * @param mayResend by entry
 * @param only the records that this is about, if not about all
 */
export function doubtsOf(
  load: number,
  state: LoadState,
  mayResend: readonly boolean[],
  only?: RangeSet,
): { readonly doubts: readonly Doubt[]; readonly events: readonly JournalEvent[] } {
  const doubts: Doubt[] = [];
  const events: JournalEvent[] = [];
  for (const [entry, sets] of state.entries.entries()) {
    const sending = only?.intersect(sets.sending) ?? sets.sending;
    const uncertain = only?.intersect(sets.uncertain) ?? sets.uncertain;
    const records = sending.union(uncertain);
    if (records.isEmpty) continue;
    const fate = mayResend[entry] ? 'resend' : 'hold';
    doubts.push({ entry, records, fate });
    const [to, from] = fate === 'resend' ? (['sending', uncertain] as const) : (['uncertain', sending] as const);
    // Without a commit where there is nothing to say: a run may ask for each of 10,000 files.
    if (!from.isEmpty) events.push({ load, entry, to, ranges: [...from] });
  }
  return { doubts, events };
}

/** By entry: what is sent again, and was perhaps taken before. */
export const resentBy = (doubts: readonly Doubt[], entries: number): readonly RangeSet[] =>
  Array.from(
    { length: entries },
    (_, entry) => doubts.find((doubt) => doubt.entry === entry && doubt.fate === 'resend')?.records ?? new RangeSet(),
  );

/** That this run's attempt was not taken says nothing of the earlier one. */
export function withoutDoubtful(event: JournalEvent, doubtful: RangeSet | undefined): JournalEvent {
  if (event.to !== 'open' || doubtful === undefined || doubtful.isEmpty) return event;
  const moved = new RangeSet();
  moved.addAll(event.ranges);
  return { ...event, ranges: [...moved.subtract(doubtful)] };
}
