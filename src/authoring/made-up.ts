/** Values for a generated test: in the form of the real ones, and nobody's. */

import { digitsOf } from '../mapping/numbers.ts';
import { isRawNumber, type Json } from '../model/json.ts';
import { newWallTime, setWall } from '../time/calendar.ts';
import { parsePattern, patternWriter } from '../time/pattern.ts';
import type { DraftField } from './draft.ts';
import type { Guess } from './infer.ts';

/** 2024-02-29 08:30 UTC: a day that exists in leap years only. */
const someMoment = 1_709_195_400_000;
const someInteger = 42;
const longest = 40;

/** What a row of the source could hold in the field's column. */
export function madeUp({ evidence, privacy }: DraftField, isNdjson: boolean): Json {
  if (evidence === undefined) return null;
  const { guess, values, example } = evidence;
  switch (guess.kind) {
    case 'email':
      return 'ada@example.com';
    case 'boolean':
      return isNdjson ? true : (guess.trueWord ?? 'true');
    case 'integer': {
      const isUsual = Number(evidence.least) <= someInteger && someInteger <= Number(evidence.most);
      const integer = isUsual ? someInteger : Number(evidence.least ?? someInteger);
      return isNdjson && typeof example !== 'string' ? integer : String(integer);
    }
    case 'number':
      return isNdjson && typeof example !== 'string' ? 12.5 : `12${guess.decimal ?? '.'}5`;
    case 'date':
    case 'datetime':
      return isNdjson && typeof example !== 'string' ? Number(dateText(guess)) : dateText(guess);
    case 'list':
      if (!isNdjson) return ['one', 'two'].join(guess.separator ?? ';');
      return guess.of === 'number' ? [1, 2] : ['one', 'two'];
    case 'json':
      if (!isNdjson) return typeof example === 'string' && example.startsWith('[') ? '[1]' : '{"a":1}';
      return Array.isArray(example) ? [{ a: 1 }] : { a: 1 };
    default: {
      // A word that many rows share is nobody's.
      const shared = privacy === undefined ? values?.[0] : undefined;
      if (shared !== undefined && !evidence.mixed) return shared;
      if (typeof example === 'string') return inFormOf(example);
      return typeof example === 'number' || isRawNumber(example) ? inFormOf(digitsOf(example)) : 'abc';
    }
  }
}

function dateText(guess: Extract<Guess, { kind: 'date' | 'datetime' }>): string {
  const { kind, format, needsZone, locale } = guess;
  if (format === 'X') return String(someMoment / 1000);
  if (format === 'x') return String(someMoment);
  const iso = kind === 'date' ? 'yyyy-MM-dd' : `yyyy-MM-dd'T'HH:mm:ss${needsZone ? '' : "'Z'"}`;
  const pattern = parsePattern(format ?? iso);
  if (typeof pattern === 'string') return '';
  const wall = newWallTime();
  setWall(wall, someMoment);
  return patternWriter(pattern, 'UTC', locale)(wall, 0);
}

/** Every digit another digit and every letter another letter: length, case and leading zeros stay. */
export function inFormOf(text: string): string {
  if (/^https?:/i.test(text)) return 'https://example.com/a';
  let digit = 0;
  let letter = 0;
  let leading = true;
  const made = [...text.slice(0, longest)]
    .map((character) => {
      if (/\d/.test(character)) {
        if (leading && character === '0') return '0';
        leading = false;
        digit = (digit % 9) + 1;
        return String(digit);
      }
      leading = true;
      if (!/\p{L}/u.test(character)) return /[!-~]/.test(character) ? character : ' ';
      const lower = String.fromCharCode(97 + (letter++ % 26));
      return /\p{Lu}/u.test(character) ? lower.toUpperCase() : lower;
    })
    .join('')
    .trim();
  return /[\da-z]/i.test(made) ? made : 'abc';
}
