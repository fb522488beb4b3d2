/** How a column is to be converted, from what it holds, what the field wants and what the platform takes. */

import type { LongField } from '../mapping/schema.ts';
import { isRawNumber } from '../model/json.ts';
import type { FieldRule } from '../targets/target.ts';
import type { Evidence, Guess } from './infer.ts';
import type { Recipe } from './recipe.ts';

type Style = { -readonly [Key in keyof LongField]: LongField[Key] };

/** @returns undefined when the field cannot hold what the column holds */
export function styleOf(
  evidence: Evidence,
  rule: FieldRule | undefined,
  recipe: Recipe,
  isNdjson: boolean,
): LongField | undefined {
  const { guess, name } = evidence;
  const wantsText = recipe.textOnly === true || rule?.type === 'string';
  const converted = conversion(guess, { wantsText, rule, recipe, isNdjson, evidence });
  if (converted === undefined) return undefined;
  const style: Style = { from: name, ...converted };
  if (evidence.trim) style.trim = true;
  if (evidence.emptyWords.length > 0) style.emptyWords = [...evidence.emptyWords];
  return style;
}

interface Around {
  readonly wantsText: boolean;
  readonly rule: FieldRule | undefined;
  readonly recipe: Recipe;
  readonly isNdjson: boolean;
  readonly evidence: Evidence;
}

function conversion(guess: Guess, around: Around): Style | undefined {
  const { wantsText, recipe, isNdjson, evidence } = around;
  const asText: Style = isNdjson && holdsOtherThanText(evidence) ? { type: 'string' } : {};
  switch (guess.kind) {
    case 'empty':
      return undefined;
    case 'email':
      return { type: 'email', trim: true, lower: true };
    case 'list':
      if (wantsText || !recipe.takesLists) return isNdjson ? undefined : asText;
      if (isNdjson)
        return { type: guess.of === 'number' && recipe.listsOfText !== true ? 'list<number>' : 'list<string>' };
      return { split: guess.separator ?? ';', trim: true };
    case 'json':
      if (!isNdjson) return wantsText || recipe.takesObjects !== true ? asText : { type: 'json' };
      if (wantsText) return undefined;
      if (recipe.takesObjects === 'in lists') return Array.isArray(evidence.example) ? {} : undefined;
      return recipe.takesObjects ? {} : undefined;
    case 'text':
      return asText;
    default:
      return wantsText ? asText : scalarStyle(guess, around);
  }
}

const holdsOtherThanText = ({ mixed, guess, example }: Evidence): boolean =>
  mixed || ['integer', 'number', 'boolean'].includes(guess.kind) || typeof example === 'number' || isRawNumber(example);

type ScalarGuess = Exclude<Guess, { kind: 'empty' | 'text' | 'email' | 'json' } | { kind: 'list' }>;

function scalarStyle(guess: ScalarGuess, { rule, recipe }: Around): Style {
  switch (guess.kind) {
    case 'integer':
      return { type: 'integer', ...(guess.thousands === undefined ? {} : { thousands: guess.thousands }) };
    case 'number':
      return {
        type: 'number',
        ...(guess.decimal === undefined ? {} : { decimal: guess.decimal }),
        ...(guess.thousands === undefined ? {} : { thousands: guess.thousands }),
      };
    case 'boolean':
      return {
        type: 'boolean',
        ...(guess.trueWord === undefined ? {} : { trueWords: [guess.trueWord] }),
        ...(guess.falseWord === undefined ? {} : { falseWords: [guess.falseWord] }),
      };
    default: {
      // A moment that has only a day: midnight, in a zone that a person must confirm.
      const isDayForMoment = guess.kind === 'date' && rule?.name === 'timestamp';
      const kind = isDayForMoment ? 'datetime' : guess.kind;
      const format = guess.format ?? (isDayForMoment ? 'yyyy-MM-dd' : undefined);
      const as = rule?.type === 'datetime' || rule?.type === 'date' ? undefined : recipe.dateAs?.[kind];
      return {
        type: kind,
        ...(format === undefined ? {} : { format }),
        ...(guess.needsZone || isDayForMoment ? { zone: 'UTC' } : {}),
        ...(guess.locale === undefined ? {} : { locale: guess.locale }),
        ...(guess.century === undefined ? {} : { twoDigitYearsFrom: guess.century }),
        ...(as === undefined ? {} : { as }),
      };
    }
  }
}
