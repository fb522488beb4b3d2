/**
 * The fifteen things a row can become at Customer.io, as data: six calls (contract §2) and nine events whose mere names
 * delete, block, link or report (§2.2). Each of those nine is an operation of its own, and its name is refused as the
 * event of an ordinary `track`.
 */
import type { JsonObject } from '../../model/json.ts';
import type { FieldRule } from '../target.ts';
import { type PreferenceMode, readGroupTraits, readPersonTraits } from './attributes.ts';
import type { Findings } from './findings.ts';
import { contentReport, deliveryReport, device, deviceToken, linkedObject } from './semantic-events.ts';

export const idNames = ['userId', 'anonymousId', 'groupId', 'previousId'] as const;
export type IdName = (typeof idNames)[number];

/** What the mapping's `settings:` may hold, after defaults. */
export interface CallSettings {
  readonly subscriptionPreferences?: PreferenceMode | undefined;
}

/** The parts of an item, as they are sent. */
export interface CallBody {
  readonly attributes: JsonObject | undefined;
  readonly context: JsonObject | undefined;
}

export interface Call {
  readonly type: 'identify' | 'track' | 'page' | 'screen' | 'group' | 'alias';
  readonly summary: string;
  readonly destroys?: string;
  readonly ids: readonly IdName[];
  /** At least one id of each group must be there. */
  readonly needs: readonly (readonly IdName[])[];
  /** Name of the event, where the operation fixes it. */
  readonly event?: string;
  /** Text field beside the ids. */
  readonly named?: 'event' | 'name';
  /** Where the attributes stand; always sent, because the vendor's own clients insist on it (contract §6). */
  readonly attributes?: 'traits' | 'properties';
  /** Recent ones can start campaigns (contract §5.4). */
  readonly startsCampaigns?: boolean;
  /** Checks reserved attributes and gives them as they are sent. */
  readonly readAttributes?: (attributes: JsonObject, findings: Findings, settings: CallSettings) => JsonObject;
  /** Checks the context and gives it as it is sent. */
  readonly readContext?: (context: JsonObject | undefined, findings: Findings) => JsonObject | undefined;
  /** Lane of an id that stands among the attributes or in the context. */
  readonly alsoAbout?: (item: CallBody) => string | undefined;
  /** Beside ids and common fields. */
  readonly fields: readonly FieldRule[];
}

const personTraits: readonly FieldRule[] = [
  { name: 'traits.email', type: 'email', alsoKnownAs: ['email', 'e-mail', 'mail', 'email_address'] },
  {
    name: 'traits.createdAt',
    type: 'datetime',
    about: 'When the person signed up',
    alsoKnownAs: ['created_at', 'createdAt', 'signup_at', 'signup_date', 'registered_at'],
  },
  {
    name: 'traits.unsubscribed',
    type: 'boolean',
    about: 'true stops all mail, SMS and push. Everything the platform cannot read as true means subscribed',
    alsoKnownAs: ['unsubscribed', 'opted_out', 'opt_out'],
  },
  { name: 'traits.cio_subscription_preferences.topics.*', type: 'boolean', about: 'topic_<id>: true or false' },
  {
    name: 'traits.cio_subscription_preferences.channels.*',
    type: 'boolean',
    about: 'email, sms, push …: true or false',
  },
  { name: 'traits.firstName', type: 'string', alsoKnownAs: ['first_name', 'firstname', 'given_name'] },
  { name: 'traits.lastName', type: 'string', alsoKnownAs: ['last_name', 'lastname', 'surname', 'family_name'] },
  { name: 'traits.*', type: 'any', about: 'Anything else known of the person' },
];
const anyProperties: FieldRule = { name: 'properties.*', type: 'any', about: 'Anything else known of the event' };
const objectProperties: readonly FieldRule[] = [
  { name: 'properties.objectId', type: 'string', required: true, alsoKnownAs: ['object_id', 'group_id', 'company_id'] },
  { name: 'properties.objectTypeId', type: 'integer', about: 'Kind of object; 1 when absent' },
  anyProperties,
];
const deviceContext: readonly FieldRule[] = [
  {
    name: 'context.device.token',
    type: 'string',
    required: true,
    alsoKnownAs: ['device_token', 'push_token', 'token'],
  },
  anyProperties,
];

const anyone = [['userId', 'anonymousId']] as const satisfies Call['needs'];
const user = [['userId']] as const satisfies Call['needs'];

/** In the order help lists them. */
export const calls = {
  identify: {
    type: 'identify',
    summary: 'Create or update a person',
    ids: ['userId', 'anonymousId'],
    needs: anyone,
    attributes: 'traits',
    readAttributes: (traits, findings, { subscriptionPreferences = 'change' }) =>
      readPersonTraits(traits, subscriptionPreferences, findings),
    fields: personTraits,
  },
  track: {
    type: 'track',
    summary: 'Add an event to a person or an object',
    ids: ['userId', 'anonymousId', 'groupId'],
    needs: [['userId', 'anonymousId', 'groupId']],
    named: 'event',
    attributes: 'properties',
    startsCampaigns: true,
    fields: [
      { name: 'event', type: 'string', required: true, alsoKnownAs: ['event', 'event_name', 'event_type', 'action'] },
      anyProperties,
    ],
  },
  page: {
    type: 'page',
    summary: 'Add a page view',
    ids: ['userId', 'anonymousId'],
    needs: anyone,
    named: 'name',
    attributes: 'properties',
    startsCampaigns: true,
    fields: [
      { name: 'name', type: 'string', alsoKnownAs: ['page', 'page_name'] },
      { name: 'properties.url', type: 'string', alsoKnownAs: ['url'] },
      { name: 'properties.title', type: 'string', alsoKnownAs: ['title'] },
      { name: 'properties.category', type: 'string', alsoKnownAs: ['category'] },
      anyProperties,
    ],
  },
  screen: {
    type: 'screen',
    summary: 'Add a screen view of an app',
    ids: ['userId', 'anonymousId'],
    needs: anyone,
    named: 'name',
    attributes: 'properties',
    startsCampaigns: true,
    fields: [{ name: 'name', type: 'string', alsoKnownAs: ['screen', 'screen_name'] }, anyProperties],
  },
  group: {
    type: 'group',
    summary: 'Create or update an object (a company, a course), and link a person to it when one is named',
    ids: ['groupId', 'userId', 'anonymousId'],
    needs: [['groupId']],
    attributes: 'traits',
    readAttributes: (traits, findings) => readGroupTraits(traits, findings),
    fields: [
      { name: 'traits.objectTypeId', type: 'string', about: 'Kind of object, a whole number; 1 when absent' },
      { name: 'traits.relationshipAttributes.*', type: 'any', about: 'Attributes of the link, not of the object' },
      { name: 'traits.*', type: 'any', about: 'Anything else known of the object' },
    ],
  },
  alias: {
    type: 'alias',
    summary: 'Merge what is known under previousId into userId',
    destroys: 'merges the person previousId into the person userId, which cannot be undone',
    ids: ['userId', 'previousId'],
    needs: [['userId'], ['previousId']],
    fields: [],
  },
  'user.delete': {
    type: 'track',
    event: 'User Deleted',
    summary: 'Delete a person',
    destroys: 'deletes the person',
    ids: ['userId'],
    needs: user,
    attributes: 'properties',
    fields: [anyProperties],
  },
  'user.suppress': {
    type: 'track',
    event: 'User Suppressed',
    summary: 'Delete a person and block the id from ever being added again (for compliance only)',
    destroys: 'deletes the person and blocks the id from being added again',
    ids: ['userId'],
    needs: user,
    attributes: 'properties',
    fields: [anyProperties],
  },
  'user.unsuppress': {
    type: 'track',
    event: 'User Unsuppressed',
    summary: 'Lift the block of a suppressed id; nothing that was deleted comes back',
    ids: ['userId'],
    needs: user,
    attributes: 'properties',
    fields: [anyProperties],
  },
  'device.put': {
    type: 'track',
    event: 'Device Created or Updated',
    summary: "Create or update a person's push device",
    ids: ['userId'],
    needs: user,
    attributes: 'properties',
    readContext: device,
    alsoAbout: deviceToken,
    fields: [
      {
        name: 'context.device.type',
        type: 'string',
        required: true,
        about: 'ios or android',
        alsoKnownAs: ['platform', 'os'],
      },
      ...deviceContext,
    ],
  },
  'device.delete': {
    type: 'track',
    event: 'Device Deleted',
    summary: "Delete a person's push device",
    destroys: "deletes the person's push device",
    ids: ['userId'],
    needs: user,
    attributes: 'properties',
    readContext: (context, findings) => device(context, findings, { typed: false }),
    alsoAbout: deviceToken,
    fields: deviceContext,
  },
  'relationship.delete': {
    type: 'track',
    event: 'Relationship Deleted',
    summary: 'Unlink a person from an object',
    destroys: 'removes the link between the person and the object, with its attributes',
    ids: ['userId'],
    needs: user,
    attributes: 'properties',
    readAttributes: linkedObject,
    alsoAbout: objectId,
    fields: objectProperties,
  },
  'object.delete': {
    type: 'track',
    event: 'Object Deleted',
    summary: 'Delete an object',
    destroys: 'deletes the object with all its links',
    ids: ['anonymousId'],
    needs: [['anonymousId']],
    attributes: 'properties',
    readAttributes: linkedObject,
    alsoAbout: objectId,
    fields: objectProperties,
  },
  'delivery.report': {
    type: 'track',
    event: 'Report Delivery Event',
    summary: 'Report what became of a message',
    ids: ['userId', 'anonymousId'],
    needs: [],
    attributes: 'properties',
    readAttributes: deliveryReport,
    fields: [
      { name: 'properties.deliveryId', type: 'string', required: true, alsoKnownAs: ['delivery_id'] },
      { name: 'properties.metric', type: 'string', required: true, about: 'delivered, opened, clicked or converted' },
      { name: 'properties.recipient', type: 'string' },
      { name: 'properties.reason', type: 'string' },
      { name: 'properties.href', type: 'string' },
      anyProperties,
    ],
  },
  'content.report': {
    type: 'track',
    event: 'Report Content Event',
    summary: 'Report that an anonymous in-app message was seen or clicked',
    ids: ['userId', 'anonymousId'],
    needs: [],
    attributes: 'properties',
    readAttributes: contentReport,
    fields: [
      { name: 'properties.actionType', type: 'string', required: true, about: 'viewed_content or clicked_content' },
      anyProperties,
    ],
  },
} as const satisfies Record<string, Call>;

export type CallName = keyof typeof calls;
export const callNames = Object.keys(calls);

export const callOf = (name: string): Call | undefined =>
  Object.hasOwn(calls, name) ? (calls as Record<string, Call>)[name] : undefined;

function objectId({ attributes }: CallBody): string | undefined {
  const id = attributes?.['objectId'];
  return typeof id === 'string' ? `g:${id}` : undefined;
}

/** Event name → the operation that must be named instead (contract §2.2, "loader safety"). */
export const reservedEvents: ReadonlyMap<string, { operation: string; summary: string }> = new Map(
  Object.entries<Call>(calls).flatMap(([operation, { event, summary }]) =>
    event === undefined ? [] : [[event, { operation, summary }]],
  ),
);
