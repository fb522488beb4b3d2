/**
 * Dates and times out of text. The commonest forms (ISO, and patterns of digits) are read by hand; see `time/pattern.ts`.
 * A time becomes a moment only by an offset in the text or a declared zone, never by the zone of this machine.
 */
import {
  dayMs,
  daysFromCivil,
  four,
  isDay,
  isTimeOfDay,
  newWallTime,
  setWall,
  three,
  two,
  type WallTime,
  wallMs,
} from '../time/calendar.ts';
import { flawOf, type Pattern, parsePattern, patternReader, patternWriter, type ReadWall } from '../time/pattern.ts';
import { momentOf, utc, type Zone, zoneNamed } from '../time/zones.ts';
import type { FromText } from './numbers.ts';
import { Refusal } from './refusal.ts';
import type { LongField } from './schema.ts';

type DateKeys = 'format' | 'zone' | 'ambiguous' | 'twoDigitYearsFrom' | 'locale' | 'as' | 'asZone';
export type DateStyle = Pick<LongField, DateKeys>;
export type Complain = (key: keyof LongField, text: string) => void;

export function dateFrom(style: DateStyle, complain: Complain): FromText<string> {
  const { format } = style;
  const pattern = format === undefined ? undefined : readablePattern('format', format, style, complain);
  if (pattern?.hasZone) complain('format', 'a date has no zone: say type: datetime');
  const written = style.as === undefined ? undefined : writablePattern(style.as, style, complain);
  if (written?.hasZone) complain('as', 'a date has no zone: say type: datetime');
  const write = written === undefined ? undefined : patternWriter(written, utc.name, style.locale);
  const wall = newWallTime();
  const refused = new Refusal('value-date', `expected a date that exists, written as ${format ?? 'yyyy-MM-dd'}`);
  const read = pattern === undefined ? readIsoDate : patternReader(pattern, style.twoDigitYearsFrom, style.locale);

  // The two commonest forms need no more than a look at ten characters.
  if (write === undefined && pattern === undefined) return (text) => (readIsoDate(text, wall) ? text : refused);
  if (write === undefined && (format === 'dd/MM/yyyy' || format === 'dd.MM.yyyy' || format === 'dd-MM-yyyy')) {
    return (text) => (read(text, wall) ? `${text.slice(6)}-${text.slice(3, 5)}-${text.slice(0, 2)}` : refused);
  }
  if (write === undefined) {
    return (text) => (read(text, wall) ? `${four(wall.year)}-${two(wall.month)}-${two(wall.day)}` : refused);
  }
  return (text) => (read(text, wall) ? write(wall, 0) : refused);
}

export function datetimeFrom(style: DateStyle, complain: Complain): FromText<string | number> {
  const zone = namedZone('zone', style.zone, complain);
  const readMoment = momentReader(style, zone, complain);
  const write = momentWriter(style, complain);
  const keepsText = style.format === undefined && style.as === undefined && style.asZone === undefined;
  return (text) => {
    const moment = readMoment(text);
    if (moment instanceof Refusal) return moment;
    // Read already, and already in the form that goes out: 2024-02-29T12:00:00Z.
    if (keepsText && text.length === 20 && text.charCodeAt(19) === 90 && text.charCodeAt(10) === 84) return text;
    return write(moment);
  };
}

type ReadMoment = (text: string) => number | Refusal;

function momentReader(style: DateStyle, zone: Zone | undefined, complain: Complain): ReadMoment {
  const { format } = style;
  if (format === 'X' || format === 'x') {
    if (zone !== undefined) complain('zone', 'Unix time needs no zone');
    return unixReader(format === 'X' ? 1000 : 1);
  }
  const pattern = format === undefined ? undefined : readablePattern('format', format, style, complain);
  if (pattern !== undefined && !pattern.hasZone && zone === undefined && style.zone === undefined) {
    complain('format', 'the source names no zone, so the mapping must: zone: Europe/Stockholm (or UTC)');
  }
  const wall = newWallTime();
  const read = pattern === undefined ? readIso : patternReader(pattern, style.twoDigitYearsFrom, style.locale);
  const ambiguity = style.ambiguous ?? 'earlier';
  const expected = format ?? 'yyyy-MM-ddTHH:mm:ss and an offset or Z';
  const refused = new Refusal('value-datetime', `expected a date and time that exist, written as ${expected}`);
  const onlyDate = new Refusal(
    'value-datetime',
    'expected a date and time, and there is only a date: say format: yyyy-MM-dd if midnight is meant',
  );
  const noZone = new Refusal('value-zone', 'the time names no zone and the field declares none');
  // A name out of the text may be nothing to show.
  const place = (declared: boolean) => (declared ? zone?.name : 'the zone that it names');
  const gap = (declared: boolean) =>
    new Refusal('time-gap', `this time never was in ${place(declared)}: the clocks were put forward over it`);
  const twice = (declared: boolean) =>
    new Refusal('time-ambiguous', `this time was twice in ${place(declared)}: the clocks were put back`);
  const noSuchZone = new Refusal('value-zone', 'there is no zone of the name that stands in the time');
  return (text) => {
    if (!read(text, wall)) return pattern === undefined && readIsoDate(text, wall) ? onlyDate : refused;
    const atWall = wallMs(wall);
    if (!Number.isNaN(wall.offset)) return inRange(atWall - wall.offset * 60_000) ?? refused;
    const declared = wall.zone === '';
    const there = declared ? zone : zoneNamed(wall.zone);
    if (there === undefined) return declared ? noZone : noSuchZone;
    const moment = momentOf(there, atWall, ambiguity);
    if (moment === 'gap') return gap(declared);
    return moment === 'ambiguous' ? twice(declared) : (inRange(moment) ?? refused);
  };
}

/** Years 1 to 9999: outside, the text would need a sign or more digits. */
const first = daysFromCivil(1, 1, 1) * dayMs;
const last = daysFromCivil(10_000, 1, 1) * dayMs - 1;
const inRange = (moment: number): number | undefined => (moment >= first && moment <= last ? moment : undefined);

function unixReader(unitMs: number): ReadMoment {
  const refused = new Refusal('value-datetime', `expected Unix time in ${unitMs === 1 ? 'milliseconds' : 'seconds'}`);
  return (text) => {
    if (text.length > 20 || !/^-?\d+(\.\d+)?$/.test(text)) return refused;
    return inRange(Math.round(Number(text) * unitMs)) ?? refused;
  };
}

function momentWriter(style: DateStyle, complain: Complain): (moment: number) => string | number {
  const { as } = style;
  const zone = namedZone('asZone', style.asZone, complain) ?? utc;
  if (as === 'X') return (moment) => Math.floor(moment / 1000);
  if (as === 'x') return (moment) => moment;
  const wall = newWallTime();
  if (as === undefined) {
    const local = style.asZone !== undefined && zone !== utc;
    const pattern = parsePattern("yyyy-MM-dd'T'HH:mm:ssZZ");
    if (local && typeof pattern !== 'string') return inZone(zone, patternWriter(pattern, zone.name, undefined), wall);
    return (moment) => {
      setWall(wall, moment);
      const { year, month, day, hour, minute, second, millisecond } = wall;
      const fraction = millisecond === 0 ? '' : `.${three(millisecond)}`;
      return `${four(year)}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}${fraction}Z`;
    };
  }
  const pattern = writablePattern(as, style, complain);
  return pattern === undefined ? () => '' : inZone(zone, patternWriter(pattern, zone.name, style.locale), wall);
}

const inZone =
  (zone: Zone, write: (wall: WallTime, offset: number) => string, wall: WallTime) =>
  (moment: number): string => {
    const offset = zone.offsetAt(moment);
    setWall(wall, moment + offset);
    return write(wall, offset);
  };

function namedZone(key: 'zone' | 'asZone', name: string | undefined, complain: Complain): Zone | undefined {
  if (name === undefined) return undefined;
  const zone = zoneNamed(name);
  if (zone === undefined)
    complain(key, `there is no zone "${name}": say UTC, +02:00 or a name such as Europe/Stockholm`);
  return zone;
}

function checkedPattern(key: 'format' | 'as', text: string, style: DateStyle, complain: Complain): Pattern | undefined {
  const pattern = parsePattern(text);
  if (typeof pattern === 'string') {
    complain(key, pattern);
    return undefined;
  }
  if (style.locale !== undefined && !isLocale(style.locale)) {
    complain('locale', `there is no locale "${style.locale}": say sv, en-US or the like`);
    return undefined;
  }
  return pattern;
}

const writablePattern = (text: string, style: DateStyle, complain: Complain): Pattern | undefined =>
  checkedPattern('as', text, style, complain);

function readablePattern(key: 'format', text: string, style: DateStyle, complain: Complain): Pattern | undefined {
  const pattern = checkedPattern(key, text, style, complain);
  if (pattern === undefined) return undefined;
  const flaw = flawOf(pattern);
  if (flaw !== undefined) complain(key, flaw);
  if (pattern.shortYears && style.twoDigitYearsFrom === undefined) {
    complain(key, 'two-digit years are refused unless the field says which century: twoDigitYearsFrom: 1930');
  }
  return pattern;
}

function isLocale(name: string): boolean {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(name).length > 0;
  } catch {
    return false;
  }
}

/** Two digits at `index`, or something far out of any range. */
function pair(text: string, index: number): number {
  const tens = text.charCodeAt(index) - 48;
  const ones = text.charCodeAt(index + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : 999_999;
}

function readDatePart(text: string, wall: WallTime): boolean {
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return false;
  wall.year = pair(text, 0) * 100 + pair(text, 2);
  wall.month = pair(text, 5);
  wall.day = pair(text, 8);
  return wall.year <= 9999 && isDay(wall.year, wall.month, wall.day);
}

const readIsoDate: ReadWall = (text, wall) => text.length === 10 && readDatePart(text, wall);

/** ISO 8601's extended form with hours and minutes at least; a space may stand for the T. */
const readIso: ReadWall = (text, wall) => {
  const { length } = text;
  if (length < 16 || length > 35 || !readDatePart(text, wall)) return false;
  const between = text.charCodeAt(10);
  if ((between !== 84 && between !== 32) || text.charCodeAt(13) !== 58) return false;
  wall.hour = pair(text, 11);
  wall.minute = pair(text, 14);
  wall.second = 0;
  wall.millisecond = 0;
  let at = 16;
  if (text.charCodeAt(at) === 58) {
    wall.second = pair(text, 17);
    at = 19;
    const point = text.charCodeAt(at);
    if (point === 46 || point === 44) {
      const from = ++at;
      while (text.charCodeAt(at) >= 48 && text.charCodeAt(at) <= 57) at++;
      if (at === from || at - from > 9) return false;
      wall.millisecond = Number(text.slice(from, Math.min(at, from + 3)).padEnd(3, '0'));
    }
  }
  if (!isTimeOfDay(wall.hour, wall.minute, wall.second)) return false;
  return readIsoOffset(text, at, wall);
};

function readIsoOffset(text: string, from: number, wall: WallTime): boolean {
  let at = from;
  wall.offset = Number.NaN;
  if (at === text.length) return true;
  const sign = text.charCodeAt(at++);
  if (sign === 90) {
    wall.offset = 0;
    return at === text.length;
  }
  if (sign !== 43 && sign !== 45) return false;
  const hours = pair(text, at);
  at += 2;
  let minutes = 0;
  if (at < text.length) {
    if (text.charCodeAt(at) === 58) at++;
    minutes = pair(text, at);
    at += 2;
  }
  if (hours > 18 || minutes > 59) return false;
  wall.offset = (sign === 45 ? -1 : 1) * (hours * 60 + minutes);
  return at === text.length;
}
