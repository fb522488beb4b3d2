/** Text into text, booleans, members of a list, and JSON. */
import { hash } from 'node:crypto';
import { type Json, rawNumber } from '../model/json.ts';
import { deepestJson, isTooDeep, isWellFormedJson, mayHoldHalves } from '../model/json-bounds.ts';
import type { FromText } from './numbers.ts';
import { Refusal } from './refusal.ts';

const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const label = '[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*';
const lastLabel = '(?:[A-Za-z]{2,}|[Xx][Nn]--[A-Za-z0-9-]*[A-Za-z0-9])';
/** As a whole, in one pass: addresses are what a load of persons spends most of its checking on. */
const address = new RegExp(String.raw`^${atom}(?:\.${atom})*@(?:${label}\.)+${lastLabel}$`);
const mostInLocalPart = 64;
const mostInDomain = 253;
const mostInLabel = 63;

const noEmail = new Refusal('value-email', 'expected one plain e-mail address, such as ada@example.com');
const spacedEmail = new Refusal(
  'value-email',
  'expected an e-mail address, and it has spaces around it: add trim: true',
);

/** The strictest of the platforms' rules (datatalks contract §6): no quotes, no spaces, ASCII only, at most 64 + 253 characters. */
export const emailFrom: FromText<string> = (text) => {
  const at = text.indexOf('@');
  const domainLength = text.length - at - 1;
  if (at < 1 || at > mostInLocalPart || domainLength > mostInDomain) return noEmail;
  if (!address.test(text)) return text.trim() === text ? noEmail : spacedEmail;
  return domainLength <= mostInLabel || hasShortLabels(text.slice(at + 1)) ? text : noEmail;
};

const hasShortLabels = (domain: string): boolean => domain.split('.').every(({ length }) => length <= mostInLabel);

export function booleanFrom(
  trueWords: readonly string[] = ['true'],
  falseWords: readonly string[] = ['false'],
): FromText<boolean> {
  const words = new Map<string, boolean>();
  for (const word of falseWords) words.set(word.toLowerCase(), false);
  for (const word of trueWords) words.set(word.toLowerCase(), true);
  const refused = new Refusal('value-boolean', `expected one of ${[...trueWords, ...falseWords].join(', ')}`);
  return (text) => words.get(text) ?? words.get(text.toLowerCase()) ?? refused;
}

const mostNamed = 12;

export function enumFrom(values: readonly string[]): FromText<string> {
  const allowed = new Set(values);
  const named = values.slice(0, mostNamed).join(', ');
  const refused = new Refusal('value-enum', `expected one of ${named}${values.length > mostNamed ? ', …' : ''}`);
  return (text) => (allowed.has(text) ? text : refused);
}

const noJson = new Refusal('value-json', 'expected valid JSON');
const deepJson = new Refusal('value-json', `expected JSON that nests at most ${deepestJson} levels deep`);
const halfInJson = new Refusal('value-json', 'the JSON holds half of a character, which cannot be sent');

export const jsonFrom: FromText = (text) => {
  if (isTooDeep(text)) return deepJson;
  try {
    const value = parseJson(text);
    return mayHoldHalves(text) && !isWellFormedJson(value) ? halfInJson : value;
  } catch {
    return noJson;
  }
};

/** `JSON.parse` that keeps the digits of numbers that a double would change. */
export function parseJson(text: string): Json {
  // TypeScript does not declare the reviver's third argument yet; this is the border to it.
  const revive = (_: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' && context?.source !== undefined && changed(value, context.source)
      ? rawNumber(context.source)
      : value;
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown) as Json;
}

const changed = (value: number, source: string): boolean =>
  Number.isInteger(value) ? !Number.isSafeInteger(value) : !Number.isFinite(value) || source.length > 17;

const halfCharacter = new Refusal(
  'value-string',
  'the text holds half of a character, so its hash would be of another text',
);

export const hashOf =
  (algorithm: string): FromText<string> =>
  (text) =>
    text.isWellFormed() ? hash(algorithm, text) : halfCharacter;
