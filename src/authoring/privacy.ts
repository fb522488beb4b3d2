/** Columns that a person should think about before they leave the house: secrets, and what is about somebody. */
import type { Evidence } from './infer.ts';
import { folded, saysOneOf, wordsOf } from './names.ts';
import { flagWords, personalFields, personalNames, plainNames, secretNames, synonyms } from './vocabulary.ts';

export interface Privacy {
  /** `secret`: left out of the mapping. `personal`: mapped, and said. */
  readonly kind: 'secret' | 'personal';
  readonly why: string;
}

/** Forms that only a secret has, whatever the column is called. */
const secretForms: readonly (readonly [what: string, form: RegExp])[] = [
  ['a private key', /^-----BEGIN [A-Z ]*PRIVATE KEY/],
  ['a signed token', /^eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+$/],
  ['a password hash', /^\$(?:2[aby]|argon2\w*|6|5|1)\$/],
  ['an access key', /^(?:AKIA[0-9A-Z]{16}|gh[pousr]_\w{30,}|sk_(?:live|test)_\w{16,}|xox[abprs]-[\w-]{10,})$/],
];
const personalForms: readonly (readonly [what: string, form: RegExp])[] = [
  ['an IP address', /^(?:\d{1,3}\.){3}\d{1,3}$/],
  ['a phone number', /^\+\d[\d\s()-]{7,18}$/],
  ['a bank account', /^[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?$/],
];
const longestLookedAt = 5000;

/** @param texts some of the column's values */
export function privacyOf({ name, guess }: Evidence, texts: readonly string[]): Privacy | undefined {
  const words = wordsOf(name);
  const named = saysOneOf(words, secretNames);
  if (named !== undefined) return { kind: 'secret', why: `its name says "${named}"` };
  const short = texts.filter((text) => text.length <= longestLookedAt);
  const mostly = (test: (text: string) => boolean) =>
    short.length > 0 && short.filter(test).length >= 0.8 * short.length;
  for (const [what, form] of secretForms) {
    if (mostly((text) => form.test(text))) return { kind: 'secret', why: `its values look like ${what}` };
  }
  if (short.length >= 3 && mostly(isPaymentCard))
    return { kind: 'secret', why: 'its values look like numbers of payment cards' };
  if (guess.kind === 'email') return { kind: 'personal', why: 'an e-mail address' };
  // Whether one may ring somebody up is not their number.
  const isFlag = guess.kind === 'boolean' || saysOneOf(words, flagWords) !== undefined;
  for (const [what, names] of isFlag ? [] : personalNames) {
    if (saysOneOf(words, names) !== undefined) return { kind: 'personal', why: what };
  }
  if (!isFlag) {
    const whole = folded(name);
    const field = personalWholes.find(([, names]) => names.has(whole));
    if (field !== undefined) return { kind: 'personal', why: field[0] };
  }
  for (const [what, form] of personalForms)
    if (mostly((text) => form.test(text))) return { kind: 'personal', why: what };
  return undefined;
}

const personalWholes = personalFields.map(([what, synonym]): readonly [string, ReadonlySet<string>] => {
  const group = synonyms.find((names) => names.includes(synonym)) ?? [];
  return [what, new Set(group.map(folded))];
});

const plainWholes = new Set(plainNames.map(folded));
/** What a file about people has beside a column that is just called `name`. */
const ofPeople = new Set(['an e-mail address', 'a phone number', 'a name', 'a birth date', 'a national id']);

/** Of columns that nothing was found in, those that hold names when the file is about people. */
export function namesBeside(columns: readonly string[], found: ReadonlyMap<string, Privacy>): [string, Privacy][] {
  if (![...found.values()].some(({ why }) => ofPeople.has(why))) return [];
  return columns.flatMap((column): [string, Privacy][] =>
    found.has(column) || !plainWholes.has(folded(column)) ? [] : [[column, { kind: 'personal', why: 'a name' }]],
  );
}

/** Of the large card schemes, with the check digit right: one number in ten has that by chance, a column has not. */
function isPaymentCard(text: string): boolean {
  const digits = text.replace(/[ -]/g, '');
  if (!/^[3-6]\d{12,18}$/.test(digits)) return false;
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
