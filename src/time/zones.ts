/** Time zones: what moment a wall time is, and what the wall shows at a moment. */
import { dayMs } from './calendar.ts';
import { luxon } from './luxon.ts';

export interface Zone {
  readonly name: string;
  /** Milliseconds to add to UTC to get the wall's time at this moment. */
  offsetAt(moment: number): number;
}

/** What `ambiguous:` says; see {@link momentOf}. */
export type Ambiguity = 'earlier' | 'later' | 'reject';

export const utc: Zone = { name: 'UTC', offsetAt: () => 0 };

/** Two days: offsets are looked up at both ends, and only between ends that differ is the zone asked for each moment. */
const spanMs = 2 * dayMs;
const mostSpans = 100_000;

/** By name in lower case: a file that names zones in its times has as many ways to spell one as it likes. */
const known = new Map<string, Zone['offsetAt']>();

/** `UTC`, `+02:00` or an IANA name; undefined when there is no such zone. */
export function zoneNamed(name: string): Zone | undefined {
  if (/^(utc|z|gmt)$/i.test(name)) return utc;
  const fixed = /^([+-])(\d\d):([0-5]\d)$/.exec(name);
  if (fixed !== null) {
    const minutes = Number(fixed[2]) * 60 + Number(fixed[3]);
    if (minutes > 18 * 60) return undefined;
    const offset = (fixed[1] === '-' ? -minutes : minutes) * 60_000;
    return { name, offsetAt: () => offset };
  }
  const key = name.toLowerCase();
  let offsetAt = known.get(key);
  if (offsetAt === undefined && luxon().IANAZone.isValidZone(name)) {
    offsetAt = offsetsOf(name);
    known.set(key, offsetAt);
  }
  return offsetAt && { name, offsetAt };
}

/** Asking the platform takes microseconds, hence the cache. */
function offsetsOf(name: string): Zone['offsetAt'] {
  const zone = luxon().IANAZone.create(name);
  const exact = (moment: number) => Math.round(zone.offset(moment) * 60) * 1000;
  const atStart = new Map<number, number>();
  const startOffset = (span: number): number => {
    let offset = atStart.get(span);
    if (offset === undefined) {
      if (atStart.size >= mostSpans) atStart.clear();
      offset = exact(span * spanMs);
      atStart.set(span, offset);
    }
    return offset;
  };
  return (moment) => {
    const span = Math.floor(moment / spanMs);
    const offset = startOffset(span);
    return offset === startOffset(span + 1) ? offset : exact(moment);
  };
}

/**
 * The moment at which a wall in this zone shows `wall` (as milliseconds, see `wallMs`). A time that the clocks jumped over
 * is `gap`; one that came twice is decided by `ambiguity`.
 */
export function momentOf(zone: Zone, wall: number, ambiguity: Ambiguity): number | 'gap' | 'ambiguous' {
  // Offsets stay within a day of UTC, so those a day to either side are the two that may hold here.
  const before = zone.offsetAt(wall - dayMs);
  const after = zone.offsetAt(wall + dayMs);
  const first = wall - before;
  const isFirst = zone.offsetAt(first) === before;
  if (before === after && isFirst) return first;
  const second = wall - after;
  const isSecond = zone.offsetAt(second) === after;
  if (isFirst && isSecond) {
    if (ambiguity === 'reject') return 'ambiguous';
    return ambiguity === 'earlier' ? Math.min(first, second) : Math.max(first, second);
  }
  if (isFirst) return first;
  return isSecond ? second : 'gap';
}
