/** The recipes of all operations, by target type. */
import type { FieldRule } from '../targets/target.ts';
import { datatalks } from './datatalks-recipes.ts';
import type { DraftSetting } from './draft.ts';
import { raptor } from './raptor-recipes.ts';
import { bare, keepsWhatIsThere, mayBeEmpty, type Plan, type Recipe } from './recipe.ts';

// Adobe

const identityOf = (name: string): string | undefined => /^identityMap\.([^.]+)$/.exec(name)?.[1];

function adobeSettings({ fields, keyField, given }: Plan): DraftSetting[] {
  const identities = fields.flatMap((field) => (identityOf(field.name) === undefined ? [] : [field]));
  const primary =
    identities.find(({ name }) => name === keyField) ?? identities.find((field) => !mayBeEmpty(field)) ?? identities[0];
  return [
    ...(primary === undefined
      ? []
      : [
          {
            name: 'primaryIdentity',
            value: identityOf(primary.name) ?? '',
            note: 'the identity that each row must have',
          },
        ]),
    ...destination(given, ['datasetId', 'schemaId', 'flowId']),
  ];
}

const destination = (given: Plan['given'], names: readonly string[]): DraftSetting[] =>
  names
    .filter((name) => given[name] === undefined)
    .map((name) => ({ name, value: '…', isComment: true, note: 'here, or with the target for all mappings' }));

const adobe = (about: Recipe['about'], more: Partial<Recipe> = {}): Recipe => ({
  about,
  id: 'identityMap.CustomerId',
  idChoice: 'name of the identity namespace, as it is called at Adobe',
  open: '_yourtenant.',
  openChoice: "write your tenant's name for _yourtenant, or the standard field that is meant",
  style: 'camel',
  takesLists: true,
  takesObjects: true,
  onEmpty: 'omit',
  onEmptyWhy: 'an empty cell is left out: Adobe refuses null',
  rules: ({ name }) => name !== '_id',
  settings: adobeSettings,
  ...more,
});

// Relay42

const year = 31_536_000;
const partnerType: DraftSetting = {
  name: 'partnerType',
  value: 1001,
  choose: 'number of the id space of partnerId, as set in ID matching',
};
const relay42 = (open: string | undefined, settings: Recipe['settings'], more: Partial<Recipe> = {}): Recipe => ({
  about: 'person',
  id: 'partnerId',
  ...(open === undefined ? {} : { open }),
  style: 'camel',
  takesLists: false,
  takesObjects: false,
  // Any other form must be set by hand in every audience (relay42 contract §6).
  dateAs: { date: 'yyyy-MM-dd 00:00', datetime: 'yyyy-MM-dd HH:mm' },
  onEmpty: 'omit',
  onEmptyWhy: 'an empty cell is left out; a fact is replaced as a whole',
  rules: ({ name }) => name === 'partnerId' || name === 'mappingPartnerId' || name === 'itemKey',
  settings,
  ...more,
});
const factSettings = ({ fileWord }: Plan): DraftSetting[] => [
  partnerType,
  { name: 'factName', value: fileWord, choose: 'name of the fact' },
  { name: 'factTtl', value: year, choose: 'seconds until the fact is gone; this is a year' },
];
const interactionSettings = ({ fileWord }: Plan): DraftSetting[] => [
  partnerType,
  { name: 'interactionType', value: 'engagement', choose: 'engagement, conversion, pageView, …' },
  { name: 'type', value: fileWord, choose: 'name of the engagement' },
];
const mappingSettings = (): DraftSetting[] => [
  partnerType,
  { name: 'mappingPartnerType', value: 1002, choose: 'number of the id space of mappingPartnerId' },
];
const feedSettings = ({ fileWord }: Plan): DraftSetting[] => [
  { name: 'feedPrefix', value: fileWord, choose: 'prefix of the feed, exactly as typed in the user interface' },
];
const mostFactProperties = 64; // relay42 contract §4

// Customer.io

const customerio = (open: string | undefined, more: Partial<Recipe> = {}): Recipe => ({
  ...bare,
  id: 'userId',
  ...(open === undefined ? {} : { open }),
  onEmptyWhy: `${keepsWhatIsThere}; null or "" would erase it`,
  ...more,
});

const recipes: Readonly<Record<string, Readonly<Record<string, Recipe>>>> = {
  raptor: {
    person: raptor('person', 'person'),
    interaction: raptor('interaction', 'person'),
    catalog: raptor('catalog', 'thing'),
    'person.delete': {
      ...bare,
      id: 'UserId',
      onEmpty: 'reject',
      onEmptyWhy: 'without an id there is nobody to delete',
    },
  },
  adobe: {
    record: adobe('person'),
    event: adobe('person'),
    raw: adobe('person', {
      id: '',
      open: '',
      openChoice: undefined,
      settings: ({ given }) => destination(given, ['flowId']),
      onEmptyWhy: keepsWhatIsThere,
    }),
    merge: adobe('person', { settings: (plan) => adobeSettings(plan).filter(({ name }) => name !== 'schemaId') }),
    delete: adobe('person', {
      open: undefined,
      settings: (plan) => adobeSettings(plan).filter(({ name }) => name !== 'schemaId'),
      rules: ({ name }) => name.startsWith('identityMap.'),
    }),
  },
  relay42: {
    'facts.add': relay42('properties.', factSettings, { most: mostFactProperties }),
    'facts.update': relay42('properties.', factSettings, { most: mostFactProperties }),
    'facts.delete': relay42(undefined, (plan) => factSettings(plan).slice(0, 2)),
    'interactions.add': relay42('variables.', interactionSettings),
    'interactions.update': relay42('variables.', interactionSettings),
    'mappings.add': relay42(undefined, mappingSettings),
    'mappings.delete': relay42(undefined, mappingSettings),
    'profile.delete': relay42(undefined, () => [partnerType]),
    'datafeed.put': relay42('values.', feedSettings, { about: 'thing', id: 'itemKey', textOnly: true }),
    'datafeed.delete': relay42(undefined, feedSettings, { about: 'thing', id: 'itemKey' }),
    'connector.activate': relay42(undefined, () => [
      partnerType,
      { name: 'connectorId', value: '00000000-0000-4000-8000-000000000000', choose: "the connector's id" },
    ]),
  },
  customerio: {
    identify: customerio('traits.'),
    group: customerio('traits.', { about: 'thing', id: 'groupId' }),
    alias: customerio(undefined),
    'object.delete': customerio('properties.', { id: 'anonymousId' }),
  },
  datatalks: {
    profiles: datatalks('profiles', 'person'),
    events: datatalks('events', 'person'),
    inventory: datatalks('inventory', 'thing'),
  },
};

/** An operation without a recipe of its own gets one that its fields tell. */
export function recipeFor(type: string, operation: string, rules: readonly FieldRule[]): Recipe {
  const own = recipes[type]?.[operation];
  if (own !== undefined) return own;
  const open = ['traits.', 'properties.', 'values.', ''].find((prefix) =>
    rules.some(({ name }) => name === `${prefix}*`),
  );
  return customerio(open);
}
