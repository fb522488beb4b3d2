/** Names of months, days and halves of the day in the languages of the platform's CLDR, in the Gregorian calendar. */
import { luxon } from './luxon.ts';

export type NameToken = 'MMM' | 'MMMM' | 'LLL' | 'LLLL' | 'EEE' | 'EEEE' | 'ccc' | 'cccc';

interface Names {
  /** As they stand within a date, and by themselves (`März`, `Mär`), from January or Monday on. */
  readonly within: readonly string[];
  readonly alone: readonly string[];
}

const english = 'en-US';

function namesOf(token: NameToken, locale = english): Names {
  const { Info } = luxon();
  const length = token.length === 3 ? 'short' : 'long';
  const options = { locale };
  return /^[ML]/.test(token)
    ? { within: Info.monthsFormat(length, options), alone: Info.months(length, options) }
    : { within: Info.weekdaysFormat(length, options), alone: Info.weekdays(length, options) };
}

/** Reads the name at `from`: its place among the names, -1 where none stands there, and where it ends. */
export interface NameReader {
  read(text: string, from: number): number;
  readonly end: number;
}

/**
 * In any case, with or without its full stop; of a month or day, the form within a date and the form by itself.
 * @param before what stands behind the name, as far as it is known: in `03.Jan.2024` the full stop is not the name's
 */
export function nameReader(token: NameToken, locale: string | undefined, before = ''): NameReader {
  const { within, alone } = namesOf(token, locale);
  return readerOf([...within, ...alone], within.length, before);
}

/** 0 for the first half of the day, 1 for the second: AM and PM, or what they are called in the language. */
export function halfReader(locale: string | undefined, before = ''): NameReader {
  const names = locale === undefined ? [] : luxon().Info.meridiems({ locale });
  return readerOf(['AM', 'PM', ...names], 2, before);
}

/** @param count how many names there are before they begin again in another form */
function readerOf(names: readonly string[], count: number, before: string): NameReader {
  const ordered = names.map((name, index) => ({
    name,
    index: index % count,
    letters: name.replaceAll('.', '').length,
  }));
  // Of `mar` and `mars` the longer is tried first.
  ordered.sort((a, b) => b.letters - a.letters);
  const forms = ordered.map(({ name }) => `(${formOf(name)})`).join('|');
  const form = new RegExp(`(?:${forms})(?=${literally(before)})`, 'iy');
  const reader = {
    end: 0,
    read(text: string, from: number): number {
      form.lastIndex = from;
      const found = form.exec(text);
      if (found === null) return -1;
      reader.end = form.lastIndex;
      for (let n = 0; n < ordered.length; n++) if (found[n + 1] !== undefined) return ordered[n]?.index ?? -1;
      return -1;
    },
  };
  return reader;
}

const literally = (text: string): string => text.replace(/[\\^$*+?()[\]{}|.]/g, '\\$&');

const formOf = (name: string): string =>
  literally(name)
    .replaceAll('\\.', '\\.?')
    .replace(/[ \u00a0\u202f]/g, '[ \\u00a0\\u202f]');

/** @returns from 1 for January or Monday to its name: of a month in either form, of a day as it stands alone */
export function nameWriter(token: NameToken, locale: string | undefined): (number: number) => string {
  const { within, alone } = namesOf(token, locale);
  const names = token.startsWith('M') ? within : alone;
  return (number) => names[number - 1] ?? '';
}
