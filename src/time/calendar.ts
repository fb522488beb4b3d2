/** The proleptic Gregorian calendar as arithmetic, without a Date for each cell. */

/** A time as it is read off a clock and a calendar. One instance is used over and over by each parser. */
export interface WallTime {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  millisecond: number;
  /** Minutes east of UTC, where the text says so; NaN where it does not. */
  offset: number;
  /** The zone that the text names, `""` where it names none. */
  zone: string;
}

export const newWallTime = (): WallTime => ({
  year: 0,
  month: 1,
  day: 1,
  hour: 0,
  minute: 0,
  second: 0,
  millisecond: 0,
  offset: Number.NaN,
  zone: '',
});

export const dayMs = 86_400_000;

const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

/** 0 where there is no such month. */
export const daysInMonth = (year: number, month: number): number =>
  month === 2 && isLeap(year) ? 29 : (monthLengths[month - 1] ?? 0);

export const isDay = (year: number, month: number, day: number): boolean =>
  year >= 1 && month >= 1 && month <= 12 && day >= 1 && (day <= 28 || day <= daysInMonth(year, month));

export const isTimeOfDay = (hour: number, minute: number, second: number): boolean =>
  hour < 24 && minute < 60 && second < 60;

/** Days since 1970-01-01. Counts years from March, so that the leap day comes last. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}

/** Day of the year, from 1. */
export const ordinalOf = ({ year, month, day }: WallTime): number =>
  daysFromCivil(year, month, day) - daysFromCivil(year, 1, 1) + 1;

/** Sets month and day to this day of the wall's year; to none that exists, where the year has no such day. */
export function setOrdinal(wall: WallTime, ordinal: number): void {
  let month = 1;
  let day = ordinal;
  for (; month <= 12 && day > daysInMonth(wall.year, month); month++) day -= daysInMonth(wall.year, month);
  wall.month = month;
  wall.day = day;
}

/** From 1 for Monday to 7 for Sunday. The epoch was a Thursday. */
export function weekdayOf({ year, month, day }: WallTime): number {
  const days = (daysFromCivil(year, month, day) + 3) % 7;
  return (days < 0 ? days + 7 : days) + 1;
}

/** Milliseconds from the epoch to this wall time, were the wall in UTC. */
export const wallMs = (wall: WallTime): number =>
  daysFromCivil(wall.year, wall.month, wall.day) * dayMs +
  wall.hour * 3_600_000 +
  wall.minute * 60_000 +
  wall.second * 1000 +
  wall.millisecond;

/** The reverse of {@link wallMs}, into `wall`. */
export function setWall(wall: WallTime, ms: number): void {
  const days = Math.floor(ms / dayMs);
  let rest = ms - days * dayMs;
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  wall.day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  wall.month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  wall.year = yearOfEra + era * 400 + (wall.month <= 2 ? 1 : 0);
  wall.hour = Math.floor(rest / 3_600_000);
  rest -= wall.hour * 3_600_000;
  wall.minute = Math.floor(rest / 60_000);
  rest -= wall.minute * 60_000;
  wall.second = Math.floor(rest / 1000);
  wall.millisecond = rest - wall.second * 1000;
}

const pairs = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'));

export const two = (value: number): string => pairs[value] ?? String(value);

export const four = (value: number): string =>
  value >= 1000 && value <= 9999 ? String(value) : String(value).padStart(4, '0');

export const three = (value: number): string => String(value).padStart(3, '0');
