/** Data Talks: types and fields are each customer's own, so the mapping declares them all. */
import type { JsonObject } from '../model/json.ts';
import type { DraftField, DraftSetting } from './draft.ts';
import { restyle } from './names.ts';
import { mayBeEmpty, type Plan, type Recipe } from './recipe.ts';

function datatalksSettings({ fields, keyField, isKeyUnique, fileWord }: Plan, entity: string): DraftSetting[] {
  const declared: JsonObject = {};
  for (const field of fields) {
    const type = datatalksType(field);
    const form: JsonObject = {
      type,
      ...(type === 'decimal' ? { format: 'number' } : {}),
      ...(mayBeEmpty(field) ? { optional: true } : {}),
    };
    declared[field.name] = Object.keys(form).length === 1 ? type : form;
  }
  const own = entity === 'profiles' || isKeyUnique ? keyField : uniqueField(fields);
  const derived = own === undefined ? 'event_id' : undefined;
  if (derived !== undefined) declared[derived] = 'string';
  return [
    { name: 'type', value: restyle(fileWord, 'snake'), choose: 'name of the data point type at Data Talks' },
    {
      name: 'hardId',
      value: [own ?? 'event_id'],
      choose: 'the fields that together make it unique, as agreed with Data Talks',
    },
    ...(derived === undefined
      ? []
      : [
          {
            name: 'deriveHardId',
            value: derived,
            note: 'no column is different in every row, so an id is made of the row',
          },
        ]),
    {
      name: 'fields',
      value: declared,
      note: 'as agreed with Data Talks: what it does not know is dropped without a word',
    },
  ];
}

function datatalksType({ style, evidence }: DraftField): string {
  const { type, split } = style;
  if (split !== undefined || evidence?.guess.kind === 'list') return 'list<string>';
  if (type === 'number') return 'decimal';
  return type === 'integer' || type === 'boolean' || type === 'date' || type === 'datetime' || type === 'email'
    ? type
    : 'string';
}

const uniqueField = (fields: readonly DraftField[]): string | undefined =>
  fields.find(
    ({ evidence }) =>
      evidence !== undefined &&
      evidence.guess.kind === 'text' &&
      evidence.empty === 0 &&
      evidence.distinct === evidence.rows,
  )?.name;

export const datatalks = (entity: string, about: Recipe['about']): Recipe => ({
  about,
  open: '',
  style: 'snake',
  takesLists: true,
  takesObjects: false,
  listsOfText: true,
  onEmpty: 'reject',
  onEmptyWhy:
    'Data Talks cannot keep what it holds: fields marked below say null where the file has gaps, and null clears them',
  gaps: 'null',
  settings: (plan) => datatalksSettings(plan, entity),
});
