/**
 * Date patterns in luxon's letters (`dd/MM/yyyy`, `d.M.yy HH:mm`). What consists of digits is read and written here by hand,
 * since it happens for every row; names of months and days, and names of zones, go to luxon.
 */
import { four, isDay, isTimeOfDay, setWall, three, two, type WallTime } from './calendar.ts';
import { luxon } from './luxon.ts';

type Piece = { readonly token: string } | { readonly literal: string };

/** Letters that luxon must read or write: names, ordinals, zone names. */
const named = ['MMM', 'MMMM', 'LLL', 'LLLL', 'EEE', 'EEEE', 'ccc', 'cccc', 'o', 'ooo', 'z'];

export interface Pattern {
  readonly text: string;
  readonly pieces: readonly Piece[];
  /** Has two-digit years. */
  readonly shortYears: boolean;
  readonly hasTime: boolean;
  /** Names an offset or a zone. */
  readonly hasZone: boolean;
  readonly needsLuxon: boolean;
}

/** Reads `text` into `wall` and says whether it could. Days and times that do not exist could not. */
export type ReadWall = (text: string, wall: WallTime) => boolean;

/** The pattern, or what is wrong with it. */
export function parsePattern(text: string): Pattern | string {
  const pieces: Piece[] = [];
  for (const [piece, quoted, letters] of text.matchAll(/'([^']*)'|([A-Za-z])\2*|[^A-Za-z']+|'/g)) {
    if (piece === "'") return 'a quote is not closed';
    if (quoted !== undefined) pieces.push({ literal: quoted });
    else if (letters === undefined) pieces.push({ literal: piece });
    else if (Object.hasOwn(readers, piece) || named.includes(piece)) pieces.push({ token: piece });
    else if (piece === 'T') pieces.push({ literal: piece });
    else return unknownToken(piece);
  }
  const has = (test: RegExp) => pieces.some((piece) => 'token' in piece && test.test(piece.token));
  return {
    text,
    pieces,
    shortYears: has(/^yy$/),
    hasTime: has(/^[HhmsSu]/),
    hasZone: has(/^[Zz]/),
    needsLuxon: has(new RegExp(`^(${named.join('|')})$`)),
  };
}

function unknownToken(piece: string): string {
  const meant: Readonly<Record<string, string>> = { Y: 'y', D: 'd' };
  const instead = meant[piece[0] ?? '']?.repeat(piece.length);
  return instead === undefined
    ? `"${piece}" means nothing in a date pattern (put plain text in single quotes)`
    : `"${piece}" means nothing in a date pattern: write "${instead}"`;
}

/** What is missing for a date, or undefined. */
export function missingParts({ pieces }: Pattern): string | undefined {
  const has = (letter: RegExp) => pieces.some((piece) => 'token' in piece && letter.test(piece.token));
  if (!has(/^y/)) return 'a year (yyyy)';
  if (has(/^o/)) return undefined;
  if (!has(/^[ML]/)) return 'a month (MM)';
  if (!has(/^d/)) return 'a day (dd)';
  if (has(/^h/) && !has(/^a$/)) return 'a (AM or PM) beside h; or HH for 24 hours';
  return undefined;
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

let cursor = 0;
let half: 'am' | 'pm' | undefined;

/** Reads between `least` and `most` digits at the cursor; -1 when there are too few. */
function digits(text: string, least: number, most: number): number {
  let value = 0;
  let seen = 0;
  while (seen < most) {
    const code = text.charCodeAt(cursor);
    if (!isDigit(code)) break;
    value = value * 10 + code - 48;
    cursor++;
    seen++;
  }
  return seen < least ? -1 : value;
}

type ReadPiece = (text: string, wall: WallTime) => boolean;

const part =
  (least: number, most: number, set: (wall: WallTime, value: number) => void): ReadPiece =>
  (text, wall) => {
    const value = digits(text, least, most);
    if (value < 0) return false;
    set(wall, value);
    return true;
  };

const setHour = (wall: WallTime, value: number) => {
  wall.hour = value;
};
const setHalfDayHour = (wall: WallTime, value: number) => {
  wall.hour = value >= 1 && value <= 12 ? value % 12 : 99;
};
const fraction: ReadPiece = (text, wall) => {
  const from = cursor;
  if (digits(text, 1, 9) < 0) return false;
  wall.millisecond = Number(text.slice(from, Math.min(cursor, from + 3)).padEnd(3, '0'));
  return true;
};

function readOffset(text: string, wall: WallTime): boolean {
  const sign = text[cursor];
  cursor++;
  if (sign === 'Z' || sign === 'z') {
    wall.offset = 0;
    return true;
  }
  if (sign !== '+' && sign !== '-') return false;
  const hours = digits(text, 1, 2);
  if (hours < 0 || hours > 18) return false;
  let minutes = 0;
  if (text[cursor] === ':') {
    cursor++;
    minutes = digits(text, 2, 2);
  } else if (isDigit(text.charCodeAt(cursor))) minutes = digits(text, 2, 2);
  if (minutes < 0 || minutes > 59) return false;
  wall.offset = (sign === '-' ? -1 : 1) * (hours * 60 + minutes);
  return true;
}

function readHalf(text: string): boolean {
  const word = text.slice(cursor, cursor + 2).toLowerCase();
  if (word !== 'am' && word !== 'pm') return false;
  half = word;
  cursor += 2;
  return true;
}

const readers: Readonly<Record<string, ReadPiece>> = {
  yyyy: part(4, 4, (wall, value) => {
    wall.year = value;
  }),
  yy: part(2, 2, (wall, value) => {
    wall.year = value;
  }),
  MM: part(2, 2, (wall, value) => {
    wall.month = value;
  }),
  M: part(1, 2, (wall, value) => {
    wall.month = value;
  }),
  dd: part(2, 2, (wall, value) => {
    wall.day = value;
  }),
  d: part(1, 2, (wall, value) => {
    wall.day = value;
  }),
  HH: part(2, 2, setHour),
  H: part(1, 2, setHour),
  hh: part(2, 2, setHalfDayHour),
  h: part(1, 2, setHalfDayHour),
  mm: part(2, 2, (wall, value) => {
    wall.minute = value;
  }),
  m: part(1, 2, (wall, value) => {
    wall.minute = value;
  }),
  ss: part(2, 2, (wall, value) => {
    wall.second = value;
  }),
  s: part(1, 2, (wall, value) => {
    wall.second = value;
  }),
  SSS: part(3, 3, (wall, value) => {
    wall.millisecond = value;
  }),
  S: fraction,
  u: fraction,
  Z: readOffset,
  ZZ: readOffset,
  ZZZ: readOffset,
  a: readHalf,
};

/** @param century first of the hundred years that two digits stand for */
export function patternReader(pattern: Pattern, century: number | undefined, locale: string | undefined): ReadWall {
  const read = pattern.needsLuxon ? luxonReader(pattern, locale) : plainReader(pattern);
  return (text, wall) => {
    wall.month = 1;
    wall.day = 1;
    wall.hour = 0;
    wall.minute = 0;
    wall.second = 0;
    wall.millisecond = 0;
    wall.offset = Number.NaN;
    if (!read(text, wall)) return false;
    if (pattern.shortYears && century !== undefined) {
      wall.year = century + ((((wall.year - century) % 100) + 100) % 100);
    }
    return isDay(wall.year, wall.month, wall.day) && isTimeOfDay(wall.hour, wall.minute, wall.second);
  };
}

function plainReader({ pieces }: Pattern): ReadWall {
  const steps = pieces.map((piece): ReadPiece => {
    if ('token' in piece) return readers[piece.token] ?? (() => false);
    const { literal } = piece;
    return (text) => {
      if (!text.startsWith(literal, cursor)) return false;
      cursor += literal.length;
      return true;
    };
  });
  return (text, wall) => {
    cursor = 0;
    half = undefined;
    for (const step of steps) if (!step(text, wall)) return false;
    if (half === 'pm' && wall.hour < 12) wall.hour += 12;
    return cursor === text.length;
  };
}

const longestForLuxon = 100;

function luxonReader({ text: format, hasZone }: Pattern, locale: string | undefined): ReadWall {
  const { DateTime } = luxon();
  const options = { zone: 'utc', locale: locale ?? 'en-US' };
  return (text, wall) => {
    if (text.length > longestForLuxon) return false;
    const read = DateTime.fromFormat(text, format, options);
    if (!read.isValid) return false;
    setWall(wall, read.toMillis());
    // With a zone in the text luxon has found the moment already, and gives it in UTC.
    wall.offset = hasZone ? 0 : Number.NaN;
    return true;
  };
}

type WritePiece = (wall: WallTime, offset: number) => string;

const writers: Readonly<Record<string, WritePiece>> = {
  yyyy: ({ year }) => four(year),
  yy: ({ year }) => two(year % 100),
  MM: ({ month }) => two(month),
  M: ({ month }) => String(month),
  dd: ({ day }) => two(day),
  d: ({ day }) => String(day),
  HH: ({ hour }) => two(hour),
  H: ({ hour }) => String(hour),
  hh: ({ hour }) => two(hour % 12 || 12),
  h: ({ hour }) => String(hour % 12 || 12),
  mm: ({ minute }) => two(minute),
  m: ({ minute }) => String(minute),
  ss: ({ second }) => two(second),
  s: ({ second }) => String(second),
  SSS: ({ millisecond }) => three(millisecond),
  S: ({ millisecond }) => String(millisecond),
  u: ({ millisecond }) => three(millisecond),
  a: ({ hour }) => (hour < 12 ? 'AM' : 'PM'),
  Z: (_, offset) => offsetText(offset, ':'),
  ZZ: (_, offset) => offsetText(offset, ':'),
  ZZZ: (_, offset) => offsetText(offset, ''),
};

const offsetText = (ms: number, separator: string): string => {
  const minutes = Math.abs(Math.round(ms / 60_000));
  return `${ms < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${separator}${two(minutes % 60)}`;
};

/** @returns from a wall time and its zone's offset in milliseconds to text */
export function patternWriter(pattern: Pattern, zone: string, locale: string | undefined): WritePiece {
  if (pattern.needsLuxon) {
    const { DateTime } = luxon();
    return (wall) =>
      DateTime.fromObject(
        {
          year: wall.year,
          month: wall.month,
          day: wall.day,
          hour: wall.hour,
          minute: wall.minute,
          second: wall.second,
          millisecond: wall.millisecond,
        },
        { zone, locale: locale ?? 'en-US' },
      ).toFormat(pattern.text);
  }
  const steps = pattern.pieces.map((piece): WritePiece => {
    if ('literal' in piece) return () => piece.literal;
    return writers[piece.token] ?? (() => '');
  });
  return (wall, offset) => {
    let text = '';
    for (const step of steps) text += step(wall, offset);
    return text;
  };
}
