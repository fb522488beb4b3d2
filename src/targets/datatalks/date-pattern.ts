/**
 * Dates and times as Data Talks wants them: fixed-width text without a zone, in a pattern that is `yyyy-MM-dd` or
 * `yyyy-MM-dd HH:mm:ss` unless the field's mapping at Data Talks says otherwise (contract §6). The letters are those of
 * mapping files: yyyy MM dd HH mm ss.
 */

import { four, isDay, newWallTime, setWall, two, type WallTime } from '../../time/calendar.ts';
import type { Zone } from '../../time/zones.ts';

export interface DatePattern {
  /** Whether the text has this form and names a day and time that exist. */
  matches(text: string): boolean;
  render(time: WallTime): string;
}

const units = { yyyy: 'year', MM: 'month', dd: 'day', HH: 'hour', mm: 'minute', ss: 'second' } as const;
type Letters = keyof typeof units;
const isLetters = (token: string): token is Letters => Object.hasOwn(units, token);

const zeroCode = 0x30;
const nineCode = 0x39;

/** Compiles a pattern, or says in words why it is none. A pattern for a date must name no time; one for a datetime must. */
export function compilePattern(pattern: string, kind: 'date' | 'datetime'): DatePattern | string {
  const tokens = pattern.match(/yyyy|MM|dd|HH|mm|ss|[\s\S]/g) ?? [];
  const used = new Set<string>();
  const literals: { at: number; code: number }[] = [];
  const fields: { unit: (typeof units)[Letters]; from: number; to: number }[] = [];
  let at = 0;
  for (const token of tokens) {
    if (isLetters(token)) {
      if (used.has(token)) return `names ${token} twice`;
      used.add(token);
      fields.push({ unit: units[token], from: at, to: at + token.length });
    } else if (/[a-z]/i.test(token) && token !== 'T') {
      return `has the letter ${JSON.stringify(token)}; it knows yyyy MM dd HH mm ss, and no zone`;
    } else {
      literals.push({ at, code: token.charCodeAt(0) });
    }
    at += token.length;
  }
  for (const needed of ['yyyy', 'MM', 'dd']) if (!used.has(needed)) return `lacks ${needed}`;
  if (kind === 'date' && ['HH', 'mm', 'ss'].some((token) => used.has(token)))
    return 'names a time, but the field is a date';
  if (kind === 'datetime' && !used.has('HH')) return 'lacks HH';
  const width = at;

  return {
    matches(text) {
      if (text.length !== width) return false;
      for (const literal of literals) if (text.charCodeAt(literal.at) !== literal.code) return false;
      let year = 0;
      let month = 0;
      let day = 0;
      for (const field of fields) {
        let number = 0;
        for (let i = field.from; i < field.to; i++) {
          const code = text.charCodeAt(i);
          if (code < zeroCode || code > nineCode) return false;
          number = number * 10 + code - zeroCode;
        }
        if (field.unit === 'year') year = number;
        else if (field.unit === 'month') month = number;
        else if (field.unit === 'day') day = number;
        else if (number > (field.unit === 'hour' ? 23 : 59)) return false;
      }
      return isDay(year, month, day);
    },
    render(time) {
      let text = '';
      for (const token of tokens) {
        if (!isLetters(token)) text += token;
        else text += token === 'yyyy' ? four(time.year) : two(time[units[token]]);
      }
      return text;
    },
  };
}

const instantForm = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d)(?:\.\d+)?)?(?:Z|([+-])(\d\d):?(\d\d))$/;
const plainTime = compiled('yyyy-MM-dd HH:mm:ss');

/** Epoch milliseconds of an ISO 8601 text that carries a zone (`2024-03-01T19:30:00+01:00`); undefined for anything else. Fractions are cut. */
export function instantMs(text: string): number | undefined {
  const parts = instantForm.exec(text);
  if (parts === null) return undefined;
  const [, date, time, seconds = '00', sign, offsetHours = '0', offsetMinutes = '0'] = parts;
  const plain = `${date} ${time}:${seconds}`;
  if (!plainTime.matches(plain) || Number(offsetHours) > 14 || Number(offsetMinutes) > 59) return undefined;
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000;
  return Date.parse(`${plain.replace(' ', 'T')}Z`) + (sign === '-' ? offset : -offset);
}

/** What calendar and clock show in a zone at a moment. One instance is given again and again. */
export function clockOf(zone: Zone): (epochMs: number) => WallTime {
  const wall = newWallTime();
  return (epochMs) => {
    setWall(wall, epochMs + zone.offsetAt(epochMs));
    return wall;
  };
}

function compiled(pattern: string): DatePattern {
  const result = compilePattern(pattern, 'datetime');
  if (typeof result === 'string') throw new Error(`pattern ${pattern} ${result}`);
  return result;
}
