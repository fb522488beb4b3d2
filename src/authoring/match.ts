/** Which column is meant by which field of an operation: by name, by the operation's own aliases, and by common synonyms. */
import type { FieldRule, FieldType } from '../targets/target.ts';
import type { Evidence, Guess } from './infer.ts';
import { folded, wordsOf } from './names.ts';
import { keyNames, owners, synonyms } from './vocabulary.ts';

export interface Match {
  readonly rule: FieldRule;
  readonly column: string;
}

const byName = 100;
const byAlias = 95;
const bySynonym = 60;
const withoutOwner = 10;
const lastStepOnly = 5;

const foldedSynonyms = synonyms.map((group) => new Set(group.map(folded)));

/** Each field has one column at most. A column may also stand for an identity, beside the field of its own. */
export function matchFields(columns: readonly Evidence[], rules: readonly FieldRule[]): Match[] {
  const candidates = rules
    .filter(({ name, type }) => !name.endsWith('*') && type !== 'object')
    .flatMap((rule) =>
      columns.flatMap((column) => {
        const score = column.guess.kind === 'empty' || !canHold(rule, column) ? 0 : scoreOf(rule, column.name);
        return score === 0 ? [] : [{ rule, column: column.name, score }];
      }),
    )
    .sort((a, b) => b.score - a.score);
  const takenRules = new Set<string>();
  const takenColumns = new Set<string>();
  const matches: Match[] = [];
  for (const { rule, column } of candidates) {
    const use = `${isIdentity(rule) ? 'identity' : 'field'} ${column}`;
    if (takenRules.has(rule.name) || takenColumns.has(use)) continue;
    takenRules.add(rule.name);
    takenColumns.add(use);
    matches.push({ rule, column });
  }
  for (const rule of rules) {
    // An event needs its moment: where no name tells, the only kind of column that can be it does.
    if (rule.required !== true || rule.type !== 'datetime' || takenRules.has(rule.name)) continue;
    const moment = columns.find(
      ({ name, guess, empty }) => guess.kind === 'datetime' && empty === 0 && !takenColumns.has(`field ${name}`),
    );
    if (moment !== undefined) matches.push({ rule, column: moment.name });
  }
  return matches.sort((a, b) => rules.indexOf(a.rule) - rules.indexOf(b.rule));
}

const isIdentity = ({ name }: FieldRule): boolean => name.startsWith('identityMap.');

/** How surely `column` means the field; 0 when it does not. */
export function scoreOf(rule: FieldRule, column: string): number {
  const leaf = rule.name.slice(rule.name.lastIndexOf('.') + 1);
  const names = [folded(rule.name), folded(leaf)];
  const aliases = (rule.alsoKnownAs ?? []).map(folded);
  return Math.max(
    ...spellings(column).map(({ name, penalty }) => {
      if (names.includes(name)) return byName - penalty;
      const alias = aliases.indexOf(name);
      if (alias >= 0) return byAlias - alias - penalty;
      const isSynonym = foldedSynonyms.some(
        (group) => group.has(name) && [...names, ...aliases].some((known) => group.has(known)),
      );
      return isSynonym ? bySynonym - penalty : 0;
    }),
    0,
  );
}

function spellings(column: string): { readonly name: string; readonly penalty: number }[] {
  const whole = { name: folded(column), penalty: 0 };
  const last = column.slice(column.lastIndexOf('.') + 1);
  const words = wordsOf(last);
  const found = [whole];
  if (last !== column) found.push({ name: folded(last), penalty: lastStepOnly });
  // `customer_email` is an e-mail address; `customer_id` is no `id` that might be anything's.
  if (words.length > 1 && owners.includes(words[0] ?? '') && words[1] !== 'id') {
    found.push({ name: words.slice(1).join(''), penalty: withoutOwner });
  }
  return found;
}

const kindsFor: Readonly<Record<Exclude<FieldType, 'any' | 'object' | 'string'>, readonly Guess['kind'][]>> = {
  integer: ['integer'],
  number: ['integer', 'number'],
  boolean: ['boolean'],
  date: ['date'],
  datetime: ['date', 'datetime'],
  email: ['email'],
  list: ['list'],
};

/** A field that takes the column's values, as far as the sample tells. */
export function canHold(rule: FieldRule, { guess }: Evidence): boolean {
  if (/email$/i.test(rule.name) || rule.name === 'personalEmail.address') return guess.kind === 'email';
  if (rule.type === undefined || rule.type === 'any' || rule.type === 'object') return true;
  if (rule.type === 'string') return guess.kind !== 'list' && guess.kind !== 'json';
  return kindsFor[rule.type].includes(guess.kind);
}

/** A customer id that a few rows lack is still the customer's; those rows belong to nobody. */
const fewGaps = 0.05;

/**
 * The column that says whom or what a row is about: by the usual names, else an e-mail address, else the first that is
 * different in every row. Never one with gaps if another one will do.
 */
export function proposeKey(columns: readonly Evidence[], about: keyof typeof keyNames): Evidence | undefined {
  const usable = columns.filter(({ guess, empty, rows }) => isKeyKind(guess) && empty < rows);
  const named = keyNames[about].flatMap((name) => usable.filter((column) => isNamed(column, name)));
  const whole = (column: Evidence) => column.empty === 0;
  const emails = about === 'person' ? usable.filter(({ guess }) => guess.kind === 'email') : [];
  const different = usable.filter(
    ({ distinct, rows, guess }) => distinct === rows && (guess.kind === 'text' || guess.kind === 'integer'),
  );
  const nearlyWhole = ({ empty, rows }: Evidence) => empty <= fewGaps * rows;
  return (
    named.find(whole) ?? named.find(nearlyWhole) ?? emails.find(whole) ?? different.find(whole) ?? named[0] ?? emails[0]
  );
}

const isNamed = ({ name }: Evidence, key: string): boolean =>
  folded(name) === folded(key) || folded(name.slice(name.lastIndexOf('.') + 1)) === folded(key);

const isKeyKind = ({ kind }: Guess): boolean => kind === 'text' || kind === 'integer' || kind === 'email';
