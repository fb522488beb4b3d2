/** Which way of writing numbers a column follows, and what looks like a number and must not become one. */
import { integerFrom, numberFrom } from '../mapping/numbers.ts';
import { Refusal } from '../mapping/refusal.ts';
import { saysOneOf } from './names.ts';
import { countWords, idWords } from './vocabulary.ts';

export interface NumberFinding {
  readonly guess: { readonly kind: 'text' } | ({ readonly kind: 'integer' | 'number' } & NumberStyle);
  readonly why?: string;
  readonly choose?: string;
}

type NumberStyle = { readonly decimal?: string; readonly thousands?: string };

const numberStyles: readonly NumberStyle[] = [
  {},
  { decimal: ',' },
  { thousands: ',' },
  { decimal: ',', thousands: '.' },
  { decimal: ',', thousands: ' ' },
  { thousands: ' ' },
  { thousands: "'" },
];
/** Whether the loader reads every text so. */
export const fits = (texts: readonly string[], read: (text: string) => unknown): boolean =>
  texts.every((text) => !(read(text) instanceof Refusal));
/** A double keeps any number of 15 digits. */
const mostDigits = 15;

/** Numbers, or text that looks like numbers and must stay text, with why. Undefined: neither. */
export function guessNumbers(texts: readonly string[], words: readonly string[]): NumberFinding | undefined {
  if (!texts.every((text) => /^[+-]?\d[\d.,' \u00a0\u202f]*(?:[eE][+-]?\d+)?$/.test(text))) return undefined;
  const asText = (why: string): NumberFinding => ({ guess: { kind: 'text' }, why });
  if (texts.some((text) => /^[+-]?0\d/.test(text))) return asText('leading zeros, so it stays text');
  if (texts.some((text) => text.startsWith('+'))) return asText('a plus sign, so it stays text');
  if (texts.some((text) => /[eE]/.test(text)))
    return asText('digits that a spreadsheet has shortened: they are lost already');
  if (texts.some((text) => text.replace(/\D/g, '').length > mostDigits)) {
    return asText('more digits than a number keeps, so it stays text');
  }
  if (texts.every((text) => /^-?\d+$/.test(text))) {
    const isId = saysOneOf(words, idWords) !== undefined && saysOneOf(words, countWords) === undefined;
    return isId ? asText('digits, kept as text: the name is that of an id or a code') : { guess: { kind: 'integer' } };
  }
  const withComma = texts.filter((text) => text.includes(','));
  if (
    withComma.length > 0 &&
    fits(texts, numberFrom({ decimal: ',' })) &&
    fits(texts, numberFrom({ thousands: ',' }))
  ) {
    return {
      ...asText('kept as text until that is decided'),
      choose:
        'is the comma a decimal comma or does it part thousands? Say type: number and decimal: "," or thousands: ","',
    };
  }
  const style = numberStyles.find((one) => fits(texts, numberFrom(one)));
  if (style === undefined) return undefined;
  if (style.thousands !== undefined && fits(texts, integerFrom(style)))
    return { guess: { kind: 'integer', thousands: style.thousands } };
  return { guess: { kind: 'number', ...style } };
}

/** What could be said of a column of text most of whose values are numbers. */
export function almostNumbers(texts: readonly string[]): string | undefined {
  const styled = numberStyles
    .map((style) => ({ style, misfits: texts.filter((text) => numberFrom(style)(text) instanceof Refusal).length }))
    .reduce((best, one) => (one.misfits < best.misfits ? one : best));
  if (styled.misfits > 0 && styled.misfits <= 0.1 * texts.length) {
    const style = Object.entries(styled.style).map(([key, character]) => `, ${key}: "${character}"`);
    return `all but ${styled.misfits} of ${texts.length} are numbers: say type: number${style.join('')} to have the others rejected`;
  }
  return undefined;
}
