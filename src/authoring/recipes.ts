/** What `init` must know of an operation beside its fields: what its rows are about, where other columns go, which settings to propose. */
import type { JsonObject } from '../model/json.ts';
import type { EmptyPolicy, FieldRule } from '../targets/target.ts';
import type { DraftField, DraftSetting } from './draft.ts';
import { type NameStyle, restyle } from './names.ts';
import type { keyNames } from './vocabulary.ts';

export interface Recipe {
  readonly about: keyof typeof keyNames;
  /** Field that says whom the item is about, filled from the key. */
  readonly id?: string;
  /** What a person must look up for `id`, and for `open`. */
  readonly idChoice?: string;
  readonly openChoice?: string | undefined;
  /** Where columns go that no field is known for; absent: they are left out. */
  readonly open?: string | undefined;
  readonly style: NameStyle;
  readonly takesLists: boolean;
  readonly takesObjects: boolean | 'in lists';
  /** Lists hold nothing else. */
  readonly listsOfText?: true;
  /** Everything is text there. */
  readonly textOnly?: true;
  /** How dates are best written there. */
  readonly dateAs?: { readonly date: string; readonly datetime: string };
  /** Fields under `open`, at most. */
  readonly most?: number;
  /** What an empty cell does, where no field may be harmed by it. */
  readonly onEmpty: EmptyPolicy;
  readonly onEmptyWhy: string;
  /** Of the operation's fields, those that `init` may fill. */
  readonly rules?: (rule: FieldRule) => boolean;
  readonly settings: (plan: Plan) => DraftSetting[];
  /** For fields that are empty in some rows, where rejecting those rows would be the only other choice. */
  readonly gaps?: EmptyPolicy;
  /** Where what an empty cell may do hangs on the settings. */
  readonly emptyCells?: (plan: Plan) => { readonly onEmpty: EmptyPolicy; readonly onEmptyWhy: string } | undefined;
}

/** What settings are made of. */
export interface Plan {
  readonly fields: readonly DraftField[];
  /** Fields that the operation needs and no column gives. */
  readonly lacking: number;
  /** Output field that the key goes to. */
  readonly keyField: string | undefined;
  /** No two rows of the sample have the same key. */
  readonly isKeyUnique: boolean;
  /** The file's name as a word: `crm-customers.csv` → `crmCustomers`. */
  readonly fileWord: string;
  /** The configured target's own settings; empty when none is configured. */
  readonly given: Readonly<Record<string, unknown>>;
}

const mayBeEmpty = ({ style, evidence }: DraftField): boolean => style.required !== true && (evidence?.empty ?? 0) > 0;
const none = () => [];
const keepsWhatIsThere = 'an empty cell leaves what is stored as it is';

const bare: Recipe = {
  about: 'person',
  style: 'camel',
  takesLists: true,
  takesObjects: true,
  onEmpty: 'omit',
  onEmptyWhy: keepsWhatIsThere,
  settings: none,
};

// Raptor

function raptorSettings(plan: Plan, operation: string): DraftSetting[] {
  const { fields, keyField, given } = plan;
  const columns: JsonObject = {};
  for (const field of fields) {
    const type = raptorType(field);
    const identifies = field.name === keyField || (operation === 'person' && type === 'email');
    const isRequired = field.style.required === true;
    columns[field.name] =
      identifies || isRequired
        ? { type, ...(isRequired ? { required: true } : {}), ...(identifies ? { identifier: true } : {}) }
        : type;
  }
  return [
    ...(operation === 'interaction' || given['writeMode'] !== undefined
      ? []
      : [
          {
            name: 'writeMode',
            value: 'append',
            choose: 'how is the dataflow set in the Data Manager? overwrite replaces the whole data set',
          },
        ]),
    ...(recordsHaveGaps(plan) && given['ignoreMissingColumns'] === undefined
      ? [
          {
            name: 'ignoreMissingColumns',
            value: true,
            choose:
              'tick "Ignore missing columns?" in the dataflow\'s File Mapping step, or records with gaps are dropped there',
          },
        ]
      : []),
    ...(given['columns'] === undefined
      ? [
          {
            name: 'columns',
            value: columns,
            note: 'as they are declared in the dataflow: what differs is dropped there without a word',
          },
        ]
      : []),
  ];
}

const recordsHaveGaps = ({ fields, lacking }: Plan): boolean => lacking > 0 || fields.some(mayBeEmpty);

/** Without the dataflow's "ignore missing columns" a record must have all columns, and both null and "" overwrite. */
function raptorEmptyCells(plan: Plan): ReturnType<NonNullable<Recipe['emptyCells']>> {
  const mayLack = plan.given['ignoreMissingColumns'];
  if (mayLack === true || (mayLack === undefined && recordsHaveGaps(plan))) return undefined;
  return {
    onEmpty: 'reject',
    onEmptyWhy: 'null would erase, and without "ignore missing columns" nothing may be left out',
  };
}

const mostRaptorInteger = 2_000_000_000; // raptor contract §4

function raptorType({ style, evidence }: DraftField): string {
  const { type, split } = style;
  const of = evidence?.guess.kind === 'list' ? evidence.guess.of : 'text';
  if (split !== undefined || type?.startsWith('list')) return of === 'number' ? 'array<decimal>' : 'array<string>';
  if (type === 'integer') {
    const ends = [Number(evidence?.least ?? 0), Number(evidence?.most ?? 0)];
    return ends.every((end) => Math.abs(end) <= mostRaptorInteger) ? 'integer' : 'decimal';
  }
  if (type === 'number') return 'decimal';
  if (type === 'date' || type === 'datetime') return 'datetime';
  if (type === 'boolean' || type === 'email') return type;
  return evidence?.guess.kind === 'json' ? 'array' : 'string';
}

const raptor = (operation: 'person' | 'interaction' | 'catalog', about: Recipe['about']): Recipe => ({
  about,
  open: '',
  style: 'pascal',
  takesLists: true,
  takesObjects: 'in lists',
  onEmpty: 'omit',
  onEmptyWhy: `${keepsWhatIsThere}; null would erase it`,
  settings: (plan) => raptorSettings(plan, operation),
  emptyCells: raptorEmptyCells,
});

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

// Data Talks

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

const datatalks = (entity: string, about: Recipe['about']): Recipe => ({
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
