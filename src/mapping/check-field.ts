/** Combinations of a field's keys that cannot work. Needs neither a header nor a target, so editors' users meet it first. */
import type { Complaint, Path } from './complaint.ts';
import type { LongField } from './schema.ts';

type Key = keyof LongField;

/** What a key needs beside it: types, by their name without `list<>`. */
const onlyWithTypes: Partial<Record<Key, readonly string[]>> = {
  format: ['date', 'datetime'],
  locale: ['date', 'datetime'],
  as: ['date', 'datetime'],
  twoDigitYearsFrom: ['date', 'datetime'],
  zone: ['datetime'],
  ambiguous: ['datetime'],
  asZone: ['datetime'],
  decimal: ['number', 'decimal'],
  thousands: ['integer', 'number', 'decimal'],
  trueWords: ['boolean'],
  falseWords: ['boolean'],
  values: ['enum'],
};

const neverWith: readonly (readonly [Key, Key, string])[] = [
  ['lower', 'upper', 'choose one'],
  ['required', 'default', 'with a default the value is never missing'],
  ['onEmpty', 'default', 'the default already says what an empty cell becomes'],
  ['hash', 'default', 'it would not be clear whether the default is hashed: write the default as an expression'],
  ['expr', 'map', 'map looks up the text of a column: write {"a": "b"}[column] in the expression'],
  ['expr', 'lookup', 'a lookup begins with the text of a column'],
  ['map', 'lookup', 'give the field of the second file the right values'],
  ['expr', 'emptyWords', 'it describes cells'],
];

const besideConst: readonly Key[] = ['const', 'type', 'sensitive', 'format', 'zone', 'values', 'as', 'asZone'];
const besideEach: readonly Key[] = ['each', 'required', 'onEmpty', 'default', 'sensitive'];
const unhashable = ['integer', 'number', 'boolean', 'json'];

/** `list<date>` → `date`, `list` → `string`, nothing → nothing. */
export const elementType = (type: LongField['type']): string | undefined =>
  type === 'list' ? 'string' : type?.startsWith('list<') ? type.slice(5, -1) : type;

export const isListType = (type: LongField['type']): boolean => type?.startsWith('list') ?? false;

export function checkField(field: LongField, path: Path): Complaint[] {
  const found: Complaint[] = [];
  const complain = (key: Key | undefined, text: string) =>
    found.push(key === undefined ? { path, text } : { path: [...path, key], text, atKey: true });
  const given = (key: Key) => field[key] !== undefined && field[key] !== false;

  const sources = (['from', 'const', 'expr', 'each'] as const).filter((key) => field[key] !== undefined);
  if (sources.length === 0 && field.transform === undefined) {
    complain(undefined, 'the field says nothing of its source: give it from, const or expr');
  }
  if (sources.length > 1) complain(sources[1], `${sources.join(' and ')} exclude each other`);

  const type = elementType(field.type);
  for (const [key, types] of Object.entries(onlyWithTypes) as [Key, readonly string[]][]) {
    if (field[key] !== undefined && !types.includes(type ?? '')) {
      const has = field.type === undefined ? 'and the field has no type' : `not ${field.type}`;
      complain(key, `${key} belongs to type ${types.join(' or ')}, ${has}`);
    }
  }
  for (const [one, other, why] of neverWith) {
    if (given(one) && given(other)) complain(other, `${one} and ${other} exclude each other: ${why}`);
  }
  if (field.required === true && field.onEmpty !== undefined && field.onEmpty !== 'reject') {
    complain('onEmpty', `required rejects an empty cell, and onEmpty says ${field.onEmpty}`);
  }
  if (field.const !== undefined) {
    for (const key of Object.keys(field) as Key[]) {
      if (given(key) && !besideConst.includes(key)) complain(key, `${key} does nothing beside const`);
    }
  }
  if (field.each !== undefined) {
    for (const key of Object.keys(field) as Key[]) {
      if (given(key) && !besideEach.includes(key))
        complain(key, `${key} does nothing beside each: say it of the fields in each`);
    }
    const { fields, value } = field.each;
    if (fields === undefined && value === undefined)
      complain('each', 'each says nothing of its elements: give it fields or value');
    if (fields !== undefined && value !== undefined) complain('each', 'fields and value exclude each other');
  }
  if (type === 'enum' && field.values === undefined) complain('type', 'an enum needs its values: [...]');
  if (field.split !== undefined && field.type !== undefined && !isListType(field.type)) {
    complain('type', `split gives a list: say type: list${field.type === 'string' ? '' : `<${field.type}>`}`);
  }
  if (field.hash !== undefined && unhashable.includes(type ?? '')) {
    complain('hash', `a hash is made of text, not of type ${field.type}`);
  }
  if (field.decimal !== undefined && field.decimal === field.thousands) {
    complain('thousands', 'decimal and thousands are the same character');
  }
  const falseWords = new Set((field.falseWords ?? ['false']).map((word) => word.toLowerCase()));
  const both = (field.trueWords ?? ['true']).find((word) => falseWords.has(word.toLowerCase()));
  if (type === 'boolean' && both !== undefined) complain('type', `"${both}" means both true and false`);
  return found;
}
