/**
 * Date patterns in luxon's letters (`dd/MM/yyyy`, `d.M.yy HH:mm`), read and written here by hand, since it happens for every row. Names of months and
 * days are luxon's; see `names.ts`.
 */
import { four, isDay, isTimeOfDay, ordinalOf, setOrdinal, three, two, type WallTime, weekdayOf } from './calendar.ts';
import { halfReader, type NameReader, type NameToken, nameReader, nameWriter } from './names.ts';

type Piece = { readonly token: string } | { readonly literal: string };

const isNameToken = (token: string): token is NameToken => /^(M{3,4}|L{3,4}|E{3,4}|c{3,4})$/.test(token);

export interface Pattern {
  readonly text: string;
  readonly pieces: readonly Piece[];
  /** Has two-digit years. */
  readonly shortYears: boolean;
  readonly hasTime: boolean;
  /** Names an offset or a zone. */
  readonly hasZone: boolean;
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
    else if (Object.hasOwn(readers, piece) || isNameToken(piece) || piece === 'a') pieces.push({ token: piece });
    else if (piece === 'T') pieces.push({ literal: piece });
    else return unknownToken(piece);
  }
  return {
    text,
    pieces,
    shortYears: has(pieces, /^yy$/),
    hasTime: has(pieces, /^[HhmsSu]/),
    hasZone: has(pieces, /^[Zz]/),
  };
}

function unknownToken(piece: string): string {
  const meant: Readonly<Record<string, string>> = { Y: 'y', D: 'd' };
  const instead = meant[piece[0] ?? '']?.repeat(piece.length);
  return instead === undefined
    ? `"${piece}" means nothing in a date pattern (put plain text in single quotes)`
    : `"${piece}" means nothing in a date pattern: write "${instead}"`;
}

const has = (pieces: readonly Piece[], token: RegExp): boolean =>
  pieces.some((piece) => 'token' in piece && token.test(piece.token));

/** What keeps a date from being read by this pattern, or undefined. */
export function flawOf({ pieces }: Pattern): string | undefined {
  if (!has(pieces, /^y/)) return 'the pattern lacks a year (yyyy)';
  if (has(pieces, /^h/) && !has(pieces, /^a$/)) return 'the pattern lacks a (AM or PM) beside h; or HH for 24 hours';
  const monthOrDay = /^[MLd]/;
  if (has(pieces, /^o/)) {
    return has(pieces, monthOrDay) ? 'o is the day of the year: write no month and no day beside it' : undefined;
  }
  if (!has(pieces, /^[ML]/)) return 'the pattern lacks a month (MM)';
  if (!has(pieces, /^d/)) return 'the pattern lacks a day (dd)';
  return undefined;
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

// What is known of the text that is being read, beside its wall time.
let cursor = 0;
/** 0 for AM, 1 for PM, -1 where the text does not say. */
let half = -1;
/** From 1 for Monday, 0 where the text does not say. */
let weekday = 0;
/** Day of the year, -1 where the text does not say. */
let ordinal = -1;

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
const setNothing = () => {};
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

/** As the zone database spells them: `America/Argentina/Buenos_Aires`, `Etc/GMT+5`, `CET`. */
const zoneForm = /[a-z][a-z0-9_+/-]{0,63}/iy;

function readZone(text: string, wall: WallTime): boolean {
  zoneForm.lastIndex = cursor;
  const [name] = zoneForm.exec(text) ?? [];
  if (name === undefined) return false;
  wall.zone = name;
  cursor = zoneForm.lastIndex;
  return true;
}

const setOrdinalRead = (_: WallTime, value: number) => {
  ordinal = value;
};

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
  z: readZone,
  o: part(1, 3, setOrdinalRead),
  ooo: part(3, 3, setOrdinalRead),
};

function pieceReader(piece: Piece, next: Piece | undefined, locale: string | undefined): ReadPiece {
  if ('literal' in piece) return literalReader(piece.literal);
  const { token } = piece;
  const before = next !== undefined && 'literal' in next ? next.literal : '';
  if (token === 'a') {
    return namedReader(halfReader(locale, before), (_, place) => {
      half = place;
    });
  }
  if (!isNameToken(token)) return readers[token] ?? (() => false);
  return namedReader(
    nameReader(token, locale, before),
    /^[ML]/.test(token)
      ? (wall, place) => {
          wall.month = place + 1;
        }
      : (_, place) => {
          weekday = place + 1;
        },
  );
}

function namedReader(names: NameReader, set: (wall: WallTime, place: number) => void): ReadPiece {
  return (text, wall) => {
    const place = names.read(text, cursor);
    if (place < 0) return false;
    cursor = names.end;
    set(wall, place);
    return true;
  };
}

/** In any case, as names are. */
function literalReader(literal: string): ReadPiece {
  const folded = literal.toLowerCase();
  return (text) => {
    const to = cursor + literal.length;
    if (!text.startsWith(literal, cursor) && text.slice(cursor, to).toLowerCase() !== folded) return false;
    cursor = to;
    return true;
  };
}

/** @param century first of the hundred years that two digits stand for */
export function patternReader(pattern: Pattern, century: number | undefined, locale: string | undefined): ReadWall {
  const { pieces, shortYears } = pattern;
  const to24 = has(pieces, /^H/);
  const steps = pieces.map((piece, index) =>
    // The other hour has said it already.
    to24 && 'token' in piece && /^h/.test(piece.token)
      ? part(piece.token.length, 2, setNothing)
      : pieceReader(piece, pieces[index + 1], locale),
  );
  return (text, wall) => {
    wall.month = 1;
    wall.day = 1;
    wall.hour = 0;
    wall.minute = 0;
    wall.second = 0;
    wall.millisecond = 0;
    wall.offset = Number.NaN;
    wall.zone = '';
    cursor = 0;
    half = -1;
    weekday = 0;
    ordinal = -1;
    for (const step of steps) if (!step(text, wall)) return false;
    if (cursor !== text.length) return false;
    if (shortYears && century !== undefined) wall.year = century + ((((wall.year - century) % 100) + 100) % 100);
    // Beside an hour that counts to 24 it says nothing new, but must not say something else.
    if (half >= 0 && to24 && wall.hour >= 12 !== (half === 1)) return false;
    if (half === 1 && wall.hour < 12) wall.hour += 12;
    if (ordinal >= 0) setOrdinal(wall, ordinal);
    return (
      isDay(wall.year, wall.month, wall.day) &&
      isTimeOfDay(wall.hour, wall.minute, wall.second) &&
      (weekday === 0 || weekday === weekdayOf(wall))
    );
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
  o: (wall) => String(ordinalOf(wall)),
  ooo: (wall) => three(ordinalOf(wall)),
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
  const steps = pattern.pieces.map((piece): WritePiece => {
    if ('literal' in piece) return () => piece.literal;
    const { token } = piece;
    if (token === 'z') return () => zone;
    if (!isNameToken(token)) return writers[token] ?? (() => '');
    const write = nameWriter(token, locale);
    return /^[ML]/.test(token) ? ({ month }) => write(month) : (wall) => write(weekdayOf(wall));
  });
  return (wall, offset) => {
    let text = '';
    for (const step of steps) text += step(wall, offset);
    return text;
  };
}
