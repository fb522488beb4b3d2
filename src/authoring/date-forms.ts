/** Which way of writing dates a column follows. A form counts only if the loader itself reads the cells by it. */
import { dateFrom, datetimeFrom } from '../mapping/dates.ts';
import type { FromText } from '../mapping/numbers.ts';
import { Refusal } from '../mapping/refusal.ts';

export interface DateGuess {
  readonly kind: 'date' | 'datetime';
  /** As `format:` says it; undefined for ISO. */
  readonly format: string | undefined;
  /** Language of the names of months; undefined for English, and where there are none. */
  readonly locale: string | undefined;
  /** Other languages that read every cell as well. */
  readonly alsoLocales?: readonly string[];
  /** The cells name no zone, so the mapping must. */
  readonly needsZone: boolean;
  /** Two-digit years: first of the hundred years they are taken for. */
  readonly century: number | undefined;
  /** Reads every cell as well, with day and month changed over. */
  readonly swapped: string | undefined;
  /** Cells that are no such date. */
  readonly misfits: number;
}

interface Form {
  readonly kind: 'date' | 'datetime';
  readonly format: string | undefined;
  readonly locale: string | undefined;
  readonly needsZone: boolean;
  readonly century: number | undefined;
  readonly read: FromText;
}

/** Two digits are taken for 1930 to 2029: the oldest people are born before, the latest events happen before its end. */
const firstYear = 1930;

const digitDates = ['dd/MM/yyyy', 'MM/dd/yyyy', 'd/M/yyyy', 'M/d/yyyy', 'dd.MM.yyyy', 'd.M.yyyy', 'dd-MM-yyyy']
  .concat(['MM-dd-yyyy', 'd-M-yyyy', 'M-d-yyyy', 'yyyy/MM/dd', 'yyyy/M/d', 'yyyy.MM.dd', 'yyyy-M-d'])
  .concat(['dd/MM/yy', 'MM/dd/yy', 'd/M/yy', 'M/d/yy', 'dd.MM.yy', 'd.M.yy', 'dd-MM-yy', 'MM-dd-yy']);
const wordDates = [
  'd MMM yyyy',
  'dd-MMM-yyyy',
  'd-MMM-yyyy',
  'MMM d, yyyy',
  'd MMMM yyyy',
  'MMMM d, yyyy',
  'dd-MMM-yy',
];
/** Whose month names are tried when the English ones do not read a column; of two that read it alike the first is taken. */
const locales = ['nl', 'de', 'fr', 'sv', 'da', 'nb', 'es', 'it'];
const localDates = [
  ...wordDates.slice(0, 5),
  'd. MMM yyyy',
  'd. MMMM yyyy',
  "d 'de' MMMM 'de' yyyy",
  'dd-MMM-yy',
].filter((format) => !format.startsWith('MMM'));
const localTimes = ['HH:mm', 'HH:mm:ss'];
const times = ['HH:mm', 'HH:mm:ss', 'HH:mm:ss.S', 'H:mm', 'H:mm:ss', 'h:mm a', 'hh:mm a', 'h:mm:ss a', 'hh:mm:ss a'];
const betweens = [' ', ', ', "'T'"];

const nobody = () => {};

function makeForm(kind: Form['kind'], format: string | undefined, needsZone: boolean, locale?: string): Form {
  const isShort = format !== undefined && /(?<!y)yy(?!y)/.test(format);
  const century = isShort ? firstYear : undefined;
  const style = {
    ...(format === undefined ? {} : { format }),
    ...(locale === undefined ? {} : { locale }),
    ...(needsZone ? { zone: 'UTC' } : {}),
    ...(century === undefined ? {} : { twoDigitYearsFrom: century }),
  };
  return {
    kind,
    format,
    locale,
    needsZone,
    century,
    read: kind === 'date' ? dateFrom(style, nobody) : datetimeFrom(style, nobody),
  };
}

let known: readonly Form[] | undefined;

/** In order of preference: of two that read a column alike, the first is taken. Made when first asked for. */
function allForms(): readonly Form[] {
  known ??= [
    makeForm('date', undefined, false),
    makeForm('datetime', undefined, false),
    makeForm('datetime', undefined, true),
    ...[...digitDates, ...wordDates].map((format) => makeForm('date', format, false)),
    ...['yyyy-MM-dd', ...digitDates, ...wordDates.slice(0, 5)].flatMap((date) =>
      times.flatMap((time) => betweens.map((between) => makeForm('datetime', `${date}${between}${time}`, true))),
    ),
    makeForm('datetime', "yyyyMMdd'T'HHmmss", true),
  ];
  return known;
}

let knownLocal: readonly Form[] | undefined;

/** The same dates with the names of other languages. */
function localForms(): readonly Form[] {
  knownLocal ??= locales.flatMap((locale) => [
    ...localDates.map((format) => makeForm('date', format, false, locale)),
    ...localDates.flatMap((date) => localTimes.map((time) => makeForm('datetime', `${date} ${time}`, true, locale))),
  ]);
  return knownLocal;
}

const compactDate = makeForm('date', 'yyyyMMdd', false);
const unixSeconds = makeForm('datetime', 'X', false);
const unixMilliseconds = makeForm('datetime', 'x', false);

/** Cells tried first: a form that reads none of them is not looked at again. */
const firstLook = 8;
/** A column of dates stays one when a few cells are damaged; they will be rejected, and that is right. */
const enough = 0.9;
const holdsName = /\p{L}{3}/u;
const looksLikeDate = /^(?=.*\d)[\p{L}\d][\p{L}\d\s./:,+-]{5,39}$/u;

/** @param mayBeNumber the name speaks of a time, so digits alone may be one too */
export function guessDates(
  values: readonly string[],
  { mayBeNumber }: { readonly mayBeNumber: boolean },
): DateGuess | undefined {
  const first = values.slice(0, firstLook);
  if (first.every((value) => /^\d+$/.test(value))) return mayBeNumber ? guessDigits(values) : undefined;
  if (!first.some((value) => looksLikeDate.test(value))) return undefined;
  const score = (forms: readonly Form[]) =>
    forms
      .filter(({ read }) => first.some((value) => !(read(value) instanceof Refusal)))
      .map((form) => ({ form, misfits: misfitsOf(form, values) }));
  const scored = score(allForms());
  // English is right where it reads every name; `jan` and `juni` are those of half of Europe.
  if (first.some((value) => holdsName.test(value)) && !scored.some(({ misfits }) => misfits === 0))
    scored.push(...score(localForms()));
  const least = Math.min(...scored.map(({ misfits }) => misfits));
  const best = scored.find(({ misfits }) => misfits === least);
  if (best === undefined || values.length - least < enough * values.length) return undefined;
  const other = best.form.format === undefined ? undefined : exchanged(best.form.format);
  const swapped = scored.find(({ form, misfits }) => form.format === other && misfits === least && other !== undefined);
  const { kind, format, locale, needsZone, century } = best.form;
  const alsoLocales = scored.flatMap(({ form, misfits }) =>
    misfits === least && form.format === format && form.locale !== undefined && form.locale !== locale
      ? [form.locale]
      : [],
  );
  return {
    kind,
    format,
    locale,
    ...(locale === undefined || alsoLocales.length === 0 ? {} : { alsoLocales }),
    needsZone,
    century,
    swapped: swapped?.form.format,
    misfits: least,
  };
}

/** How the loader will read the column. */
export const dateReader = ({ kind, format, needsZone, locale }: DateGuess): FromText =>
  makeForm(kind, format, needsZone, locale).read;

const misfitsOf = ({ read }: Form, values: readonly string[]): number =>
  values.reduce((sum, value) => sum + (read(value) instanceof Refusal ? 1 : 0), 0);

/** Eight digits are a day, ten seconds since 1970, thirteen milliseconds: only where every cell is one of the last decades. */
function guessDigits(values: readonly string[]): DateGuess | undefined {
  const form = [
    { form: compactDate, test: /^(?:19|20)\d{6}$/ },
    { form: unixSeconds, test: /^[1-3]\d{9}$/ },
    { form: unixMilliseconds, test: /^[1-3]\d{12}$/ },
  ].find(({ form, test }) => values.every((value) => test.test(value)) && misfitsOf(form, values) === 0)?.form;
  if (form === undefined) return undefined;
  const { kind, format } = form;
  return { kind, format, locale: undefined, needsZone: false, century: undefined, swapped: undefined, misfits: 0 };
}

/** `dd/MM/yyyy` ↔ `MM/dd/yyyy`; undefined where the order cannot be mistaken. */
export function exchanged(format: string): string | undefined {
  const [, lead = '', first = '', between = '', second = ''] =
    /^(|.*?yy)(d{1,2}|M{1,2})([/.-])(d{1,2}|M{1,2})(?![dM])/.exec(format) ?? [];
  if (first === '' || lead !== '' || first.charAt(0) === second.charAt(0)) return undefined;
  return `${second}${between}${first}${format.slice(first.length + between.length + second.length)}`;
}
