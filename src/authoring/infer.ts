/** What a column holds, told from a sample of it, with the evidence. Where a value could be harmed by a type it stays text. */

import { digitsOf, numberFrom } from '../mapping/numbers.ts';
import { Refusal } from '../mapping/refusal.ts';
import { emailFrom, jsonFrom } from '../mapping/texts.ts';
import { isRawNumber, type Json } from '../model/json.ts';
import { type DateGuess, dateReader, guessDates } from './date-forms.ts';
import { saysOneOf, wordsOf } from './names.ts';
import { almostNumbers, fits, guessNumbers } from './number-forms.ts';
import type { ColumnSample } from './sample.ts';
import { flagWords, idWords, listWords, nothingWords, proseWords, timeWords, truthWords } from './vocabulary.ts';

export type Guess =
  | { readonly kind: 'empty' | 'text' | 'email' | 'json' }
  | { readonly kind: 'integer' | 'number'; readonly decimal?: string; readonly thousands?: string }
  | { readonly kind: 'boolean'; readonly trueWord?: string; readonly falseWord?: string }
  | DateGuess
  | { readonly kind: 'list'; readonly separator?: string; readonly of: 'text' | 'number' };

export interface Evidence {
  readonly name: string;
  readonly rows: number;
  /** Cells with nothing in them, or with a word that means nothing. */
  readonly empty: number;
  readonly distinct: number;
  readonly guess: Guess;
  /** Values have spaces around them. */
  readonly trim: boolean;
  /** Words that stand for an empty cell. */
  readonly emptyWords: readonly string[];
  /** Of numbers and dates their values, of texts their lengths. */
  readonly least?: string;
  readonly most?: string;
  /** All values, where they are few and come again and again. */
  readonly values?: readonly string[];
  /** Why it is what it is, where that is not plain. */
  readonly why?: string;
  /** What only a person can know, and must decide. */
  readonly choose?: string;
  /** Values that are not what the others are: their rows will be rejected. */
  readonly misfits: number;
  readonly example: Json | undefined;
  /** NDJSON values that are not text, in a column that will be text. */
  readonly mixed: boolean;
}

/** Longer cells are text, whatever they look like: no expression is let loose on them. */
const longestLookedAt = 4096;
const mostValues = 12;

export function inferColumn(sample: ColumnSample): Evidence {
  const { values, opaque } = sample;
  const texts = values.filter((value) => typeof value === 'string');
  if (values.length === 0) return evidence(sample, [], { guess: { kind: 'empty' } });
  if (opaque) return evidence(sample, [], { guess: { kind: 'json' }, why: 'objects, or lists of them' });
  if (texts.length === values.length) return inferTexts(sample, texts);
  return inferJson(sample);
}

/** NDJSON says itself what a value is. */
function inferJson(sample: ColumnSample): Evidence {
  const { values } = sample;
  const words = wordsOf(sample.name);
  const isNumber = (value: Json) => typeof value === 'number' || isRawNumber(value);
  if (values.every((value) => typeof value === 'boolean')) return evidence(sample, [], { guess: { kind: 'boolean' } });
  if (values.every(Array.isArray)) {
    const elements = values.flat();
    const of = elements.every(isNumber) ? 'number' : 'text';
    const isPlain = of === 'number' || elements.every((element) => typeof element === 'string');
    return evidence(sample, [], { guess: isPlain ? { kind: 'list', of } : { kind: 'json' } });
  }
  if (!values.every(isNumber)) {
    return evidence(sample, values.map(textOf), {
      guess: { kind: 'text' },
      mixed: true,
      example: values[0],
      why: 'values of several types',
    });
  }
  const texts = values.map(textOf);
  const typed = guessNumbers(texts, words) ?? inferDates(texts, words);
  return evidence(sample, texts, {
    ...(typed ?? { guess: { kind: 'number' } }),
    example: values[0],
    mixed: typed?.guess.kind === 'text',
  });
}

const textOf = (value: Json): string =>
  typeof value === 'string'
    ? value
    : typeof value === 'number' || isRawNumber(value)
      ? digitsOf(value)
      : JSON.stringify(value);

type Finding = Partial<Evidence> & { readonly guess: Guess };

function inferTexts(sample: ColumnSample, given: readonly string[]): Evidence {
  const trim = given.some((value) => value !== value.trim());
  const texts = trim ? given.map((value) => value.trim()).filter((value) => value !== '') : given;
  if (texts.length === 0) return evidence(sample, [], { guess: { kind: 'empty' }, trim });
  if (texts.some((text) => text.length > longestLookedAt))
    return evidence(sample, texts, { guess: { kind: 'text' }, trim });
  const always = new Set<string>(nothingWords.everywhere);
  const typedToo = new Set<string>([...nothingWords.everywhere, ...nothingWords.amongTyped]);
  const words = wordsOf(sample.name);
  const attempts = [texts, texts.filter((text) => !typedToo.has(text))];
  for (const rest of attempts) {
    if (rest.length === 0 || (rest !== texts && rest.length === texts.length)) continue;
    const typed = inferTyped(rest, words);
    if (typed !== undefined) return evidence(sample, rest, { ...typed, trim, emptyWords: left(texts, typedToo, rest) });
  }
  const plain = texts.filter((text) => !always.has(text));
  const rest = plain.length > 0 ? plain : texts;
  const text = inferText(rest, words);
  const choose = text.choose ?? doubtfulWords(rest, typedToo);
  return evidence(sample, rest, {
    ...text,
    ...(choose === undefined ? {} : { choose }),
    trim,
    emptyWords: left(texts, always, rest),
  });
}

/** A word that stands for nothing elsewhere may be a value here: beside others it is asked for, alone it is one. */
function doubtfulWords(texts: readonly string[], words: ReadonlySet<string>): string | undefined {
  const found = [...new Set(texts.filter((text) => words.has(text)))];
  if (found.length === 0 || texts.every((text) => words.has(text))) return undefined;
  const listed = found.map((word) => JSON.stringify(word)).join(', ');
  return `${listed}: sent as ${found.length === 1 ? 'it stands' : 'they stand'}; if it means nothing, say emptyWords: [${listed}]`;
}

const left = (texts: readonly string[], words: ReadonlySet<string>, rest: readonly string[]): string[] =>
  rest.length === texts.length ? [] : [...new Set(texts.filter((text) => words.has(text)))];

const inferTyped = (texts: readonly string[], words: readonly string[]): Finding | undefined =>
  inferEmails(texts) ??
  inferBooleans(texts, words) ??
  inferDates(texts, words) ??
  guessNumbers(texts, words) ??
  inferJsonText(texts) ??
  inferList(texts, words);

function inferEmails(texts: readonly string[]): Finding | undefined {
  const misfits = texts.filter((text) => emailFrom(text) instanceof Refusal).length;
  return texts.length - misfits >= 0.9 * texts.length ? { guess: { kind: 'email' }, misfits } : undefined;
}

function inferBooleans(texts: readonly string[], words: readonly string[]): Finding | undefined {
  const seen = new Set<string>();
  for (const text of texts) {
    seen.add(text.toLowerCase());
    if (seen.size > 2) return undefined;
  }
  const isFlag = saysOneOf(words, flagWords) !== undefined;
  const pair = truthWords.find((one) => [...seen].every((word) => one.includes(word)));
  if (pair === undefined) return undefined;
  const [trueWord, falseWord] = pair;
  // One word alone may be a country (NO) or an answer of another kind; digits may be a count.
  if (trueWord !== 'true' && !isFlag && (seen.size < 2 || trueWord === '1')) return undefined;
  return { guess: trueWord === 'true' ? { kind: 'boolean' } : { kind: 'boolean', trueWord, falseWord } };
}

function inferDates(texts: readonly string[], words: readonly string[]): Finding | undefined {
  const guess = guessDates(texts, { mayBeNumber: saysOneOf(words, timeWords) !== undefined });
  if (guess === undefined) return undefined;
  const choices = [
    ...(guess.swapped === undefined
      ? []
      : [`day and month cannot be told apart (no day above 12): ${guess.format}, or ${guess.swapped}?`]),
    ...(guess.alsoLocales === undefined
      ? []
      : [
          `names of months in several languages (${[guess.locale, ...guess.alsoLocales].join(', ')}): locale says which`,
        ]),
    ...(guess.century === undefined
      ? []
      : [`two-digit years: which hundred years? Here ${guess.century} to ${guess.century + 99}`]),
    ...(guess.needsZone ? ['the times name no zone: which one? UTC, Europe/Stockholm, …'] : []),
  ];
  return { guess, misfits: guess.misfits, ...(choices.length === 0 ? {} : { choose: choices.join('; ') }) };
}

function inferJsonText(texts: readonly string[]): Finding | undefined {
  const isJson = texts.every((text) => /^[[{]/.test(text)) && fits(texts, jsonFrom);
  return isJson ? { guess: { kind: 'json' } } : undefined;
}

const longestPart = 40;

function inferList(texts: readonly string[], words: readonly string[]): Finding | undefined {
  if (saysOneOf(words, proseWords) !== undefined) return undefined;
  const isNamedList = saysOneOf(words, listWords) !== undefined;
  for (const separator of [';', '|', ',']) {
    const several = texts.filter((text) => text.includes(separator));
    const wanted = isNamedList ? 1 : 0.2 * texts.length;
    if (several.length === 0 || several.length < wanted || (separator === ',' && !isNamedList)) continue;
    const isFilled = (text: string) => text.split(separator).some((part) => part.trim() !== '');
    const parts = several.flatMap((text) => text.split(separator));
    const areShort = parts.every((part) => part.length <= longestPart && part.trim().split(/\s+/).length <= 4);
    // Texts for people end in a full stop now and then, and have a space behind their commas and semicolons.
    const readsAsProse = parts.some((part) => /[.!?]$/.test(part.trim()));
    if (areShort && !readsAsProse && several.every(isFilled)) return { guess: { kind: 'list', separator, of: 'text' } };
  }
  return undefined;
}

function inferText(texts: readonly string[], words: readonly string[]): Finding {
  const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
  if (texts.every((text) => uuid.test(text))) return { guess: { kind: 'text' }, why: 'UUIDs' };
  if (saysOneOf(words, timeWords) !== undefined && texts.every((text) => /\d/.test(text)) && texts.length > 0) {
    const shown = shapes(texts);
    if (shown.length > 1 && texts.some((text) => /^\d{1,4}[-./]\d{1,2}[-./]\d{1,4}/.test(text))) {
      return {
        guess: { kind: 'text' },
        choose: `dates written in several ways (${shown.join(', ')}): one format reads only one of them`,
      };
    }
  }
  const almost = saysOneOf(words, idWords) === undefined ? almostNumbers(texts) : undefined;
  if (almost !== undefined) return { guess: { kind: 'text' }, choose: almost };
  return { guess: { kind: 'text' } };
}

/** The commonest outlines of texts: digits as 9, letters as a. */
function shapes(texts: readonly string[]): string[] {
  const counted = new Map<string, number>();
  for (const text of texts) {
    const outline = text.replace(/\d/g, '9').replace(/\p{L}+/gu, 'a');
    counted.set(outline, (counted.get(outline) ?? 0) + 1);
  }
  return [...counted]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 3)
    .map(([outline]) => outline);
}

function evidence(sample: ColumnSample, texts: readonly string[], found: Finding): Evidence {
  const counted = new Map<string, number>();
  for (const text of texts) counted.set(text, (counted.get(text) ?? 0) + 1);
  const filled = found.guess.kind === 'empty' ? 0 : texts.length === 0 ? sample.values.length : texts.length;
  const isFew = counted.size > 0 && counted.size <= mostValues && texts.length >= 3 * counted.size;
  return {
    name: sample.name,
    rows: sample.rows,
    empty: sample.rows - filled,
    distinct: counted.size,
    trim: false,
    emptyWords: [],
    misfits: 0,
    example: texts[0] ?? sample.values[0],
    mixed: false,
    ...(found.guess.kind === 'text' && isFew ? { values: [...counted.keys()] } : {}),
    ...rangeOf(found.guess, [...counted.keys()]),
    ...found,
  };
}

function rangeOf(guess: Guess, texts: readonly string[]): { least?: string; most?: string } {
  if (texts.length === 0) return {};
  if (guess.kind === 'text') {
    const lengths = texts.map(({ length }) => length);
    return ends(lengths, String);
  }
  if (guess.kind === 'integer' || guess.kind === 'number') {
    const read = numberFrom(guess);
    const numbers = texts.flatMap((text) => {
      const value = read(text);
      return value instanceof Refusal ? [] : [Number(digitsOf(value))];
    });
    return ends(numbers, String);
  }
  if (guess.kind === 'date' || guess.kind === 'datetime') {
    const read = dateReader(guess);
    const days = texts.map((text) => String(read(text)).slice(0, 10)).filter((day) => /^\d{4}-\d\d-\d\d$/.test(day));
    const [least, most] = [days.reduce((a, b) => (a < b ? a : b), '9'), days.reduce((a, b) => (a > b ? a : b), '')];
    return { least, most };
  }
  return {};
}

function ends(values: readonly number[], write: (value: number) => string): { least?: string; most?: string } {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return values.length === 0 ? {} : { least: write(least), most: write(most) };
}
