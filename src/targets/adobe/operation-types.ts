/** What can be done with rows at Adobe, and what each way needs in a mapping's `settings:`. */
import * as z from 'zod';
import type { FieldRule, OperationType } from '../target.ts';
import { destinationShape } from './config.ts';

const { datasetId, flowId, schemaId, contentType, sourceName, schema } = destinationShape;

const primaryIdentity = z
  .string()
  .min(1)
  .describe('Namespace in identityMap whose identity is the primary one ("Email"); each row must have it');

const messageSettings = z.strictObject({
  datasetId: datasetId.optional(),
  flowId: flowId.optional(),
  schemaId: schemaId.optional(),
  contentType: contentType.optional(),
  sourceName: sourceName.optional(),
  primaryIdentity: primaryIdentity.optional(),
  schema: schema.optional(),
});

const rawSettings = z.strictObject({
  flowId: flowId.optional(),
  repeatable: z
    .boolean()
    .default(false)
    .describe('Data Prep gives the same row the same _id, or the rows are records: sending one twice does no harm'),
});

const mergeSettings = z.strictObject({
  datasetId: datasetId.optional(),
  flowId: flowId.optional(),
  primaryIdentity: primaryIdentity.optional(),
  identityDatasetId: datasetId
    .optional()
    .describe(
      "Also create identities, in this dataset: another one than the rows', same schema, enabled for Identity, not for Profile",
    ),
  repeatable: z
    .boolean()
    .default(true)
    .describe('Say false when the Data Prep mapping uses upsert_array_append: a second sending would append again'),
});

const deleteSettings = z.strictObject({
  datasetId: datasetId.optional(),
  flowId: flowId.optional(),
  primaryIdentity: primaryIdentity.optional(),
});

export const settingsOf = {
  record: messageSettings,
  event: messageSettings,
  raw: rawSettings,
  merge: mergeSettings,
  delete: deleteSettings,
} as const;

export type MessageSettings = z.output<typeof messageSettings>;
/** Of `merge`; `delete` has the first three. */
export type UpsertSettings = z.output<typeof deleteSettings> &
  Partial<Pick<z.output<typeof mergeSettings>, 'identityDatasetId' | 'repeatable'>>;

const identityMap: readonly FieldRule[] = [
  {
    name: 'identityMap.Email',
    type: 'any',
    about: "The e-mail address as an identity: text, or XDM's own list of {id, primary, authenticatedState}",
    alsoKnownAs: ['email', 'e-mail', 'mail', 'email_address'],
  },
  {
    name: 'identityMap.ECID',
    type: 'any',
    about: 'Experience Cloud id, exactly 38 digits',
    alsoKnownAs: ['ecid', 'mcid', 'marketing_cloud_id'],
  },
  {
    name: 'identityMap.*',
    type: 'any',
    about: "An identity of another namespace: text, a list of texts, or XDM's own list",
  },
  { name: 'identityMap', type: 'object', about: "The whole map in XDM's own shape" },
];

const anythingElse: FieldRule = {
  name: '*',
  type: 'any',
  about: "Any path of the dataset's XDM schema; custom fields lie under the tenant, as _acme.loyalty.points",
};

const personFields: readonly FieldRule[] = [
  { name: 'person.name.firstName', type: 'string', alsoKnownAs: ['first_name', 'firstname', 'given_name'] },
  { name: 'person.name.lastName', type: 'string', alsoKnownAs: ['last_name', 'lastname', 'surname', 'family_name'] },
  { name: 'person.birthDate', type: 'date', alsoKnownAs: ['birth_date', 'birthdate', 'birthday', 'date_of_birth'] },
  { name: 'person.gender', type: 'string', alsoKnownAs: ['gender', 'sex'] },
  { name: 'personalEmail.address', type: 'string', alsoKnownAs: ['email', 'e-mail', 'mail'] },
  { name: 'mobilePhone.number', type: 'string', alsoKnownAs: ['mobile', 'phone', 'mobile_phone'] },
  { name: 'homeAddress.street1', type: 'string', alsoKnownAs: ['street', 'address', 'address1'] },
  { name: 'homeAddress.city', type: 'string', alsoKnownAs: ['city', 'town'] },
  { name: 'homeAddress.postalCode', type: 'string', alsoKnownAs: ['zip', 'postcode', 'postal_code', 'zip_code'] },
  { name: 'homeAddress.country', type: 'string', alsoKnownAs: ['country'] },
  { name: 'homeAddress.countryCode', type: 'string', alsoKnownAs: ['country_code'] },
];

const ownEventFields: readonly FieldRule[] = [
  {
    name: '_id',
    type: 'string',
    about:
      'What makes the event this one: Profile keeps the first of each _id. Left out, it is made from the place of the row in this load; map it (order id, "hash: sha256") when later files repeat events',
    alsoKnownAs: ['event_id', 'id', 'uuid'],
  },
  {
    name: 'timestamp',
    type: 'datetime',
    required: true,
    about: 'When it happened, with a zone; not in the future',
    alsoKnownAs: ['time', 'event_time', 'occurred_at', 'created_at', 'ts'],
  },
];

/** Fields that are known whatever schema is declared. */
export const ownFields = (name: 'record' | 'event'): readonly FieldRule[] =>
  name === 'event' ? [...ownEventFields, ...identityMap] : [{ name: '_id', type: 'string' }, ...identityMap];

export const deletePersons = "permanently removes the persons' records of the dataset from the Profile store";

export const operationTypes = {
  record: {
    summary: 'current state of a person (XDM Individual Profile): each row replaces what its dataset held of them',
    settings: messageSettings,
    fields: [...identityMap, ...personFields, anythingElse],
  },
  event: {
    summary: 'something that happened (XDM ExperienceEvent): kept for ever, told apart by _id',
    settings: messageSettings,
    fields: [
      ...ownEventFields,
      { name: 'eventType', type: 'string', alsoKnownAs: ['event', 'event_type', 'event_name', 'type'] },
      ...identityMap,
      anythingElse,
    ],
  },
  raw: {
    summary: 'rows as they are, mapped to XDM by a Data Prep flow at Adobe',
    settings: rawSettings,
    fields: [{ name: '*', type: 'any', about: 'Whatever the Data Prep mapping reads' }],
  },
  merge: {
    summary: 'changes some fields of a person and leaves the others; reaches Profile only, never the data lake',
    settings: mergeSettings,
    fields: [...identityMap, anythingElse],
  },
  delete: {
    summary: "removes the person's record of this dataset from Profile",
    settings: deleteSettings,
    fields: [...identityMap, anythingElse],
    destroys: deletePersons,
  },
} as const satisfies Record<string, OperationType>;

export type OperationName = keyof typeof operationTypes;
