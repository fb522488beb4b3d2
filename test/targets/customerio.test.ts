import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type JsonObject, rawNumber } from '../../src/model/json.ts';
import { customerio } from '../../src/targets/customerio.ts';
import { type GoldenCase, type LimitCase, type RefusalCase, type ReplyCase, runContract } from './contract.ts';

const apiKey = 'planted-cdp-api-key-0815';
const siteId = 'site-4711';
const trackKey = 'planted-track-key-0816';
const config = { region: 'us', apiKey, siteId, trackKey };
const base64 = (text: string) => Buffer.from(text).toString('base64');

const longAgo = '2024-01-04T10:00:00.000Z';
const ada = { userId: 'u-1001', timestamp: longAgo, traits: { email: 'ada@example.org', plan: 'pro' } };
const order = {
  userId: 'u-1001',
  event: 'Order Completed',
  timestamp: longAgo,
  properties: { orderId: rawNumber('9007199254740993123'), total: 12.5, currency: 'EUR' },
};
const device = { userId: 'u-1001', timestamp: longAgo, context: { device: { token: 't0k', type: 'iOS' } } };

const golden: readonly GoldenCase[] = [
  {
    operation: 'identify',
    name: 'identify',
    items: [
      {
        ...ada,
        traits: {
          ...ada.traits,
          createdAt: '2021-01-31',
          unsubscribed: 'False',
          city: null,
          cio_subscription_preferences: { topics: { topic_3: false }, channels: { email: true } },
        },
        context: { active: false },
      },
      { anonymousId: 'a-1', messageId: 'mine-1' },
    ],
  },
  {
    operation: 'identify',
    settings: { subscriptionPreferences: 'replace' },
    name: 'identify-eu-replace',
    config: { region: 'eu' },
    items: [{ userId: 'u-1', traits: { cio_subscription_preferences: { topics: { topic_3: false } } } }],
  },
  { operation: 'track', name: 'track', items: [order] },
  { operation: 'track', name: 'track-ulid', config: { messageId: 'ulid' }, items: [order] },
  { operation: 'track', name: 'track-permissive', config: { strict: false }, items: [order] },
  {
    operation: 'page',
    name: 'page',
    items: [
      { anonymousId: 'a-1', name: 'Startseite ☕', timestamp: longAgo, properties: { url: 'https://x.example/' } },
    ],
  },
  { operation: 'screen', name: 'screen', items: [{ userId: 'u-1001', name: 'Home', timestamp: longAgo }] },
  {
    operation: 'group',
    name: 'group',
    items: [
      {
        groupId: 'acme',
        userId: 'u-1001',
        traits: { objectTypeId: 2, name: 'Acme', relationshipAttributes: { role: 'admin' } },
        integrations: { All: true, Mixpanel: false },
      },
    ],
  },
  { operation: 'alias', name: 'alias', items: [{ userId: 'u-1001', previousId: 'a-1' }] },
  { operation: 'user.delete', name: 'user.delete', items: [{ userId: 'u-1001' }] },
  {
    operation: 'user.suppress',
    name: 'user.suppress',
    items: [{ userId: 'u-1001', timestamp: '2024-03-01T10:00:00+01:00' }],
  },
  { operation: 'user.unsuppress', name: 'user.unsuppress', items: [{ userId: 'u-1001' }] },
  { operation: 'device.put', name: 'device.put', items: [device] },
  {
    operation: 'device.delete',
    name: 'device.delete',
    items: [{ userId: 'u-1', context: { device: { token: 't0k' } } }],
  },
  {
    operation: 'relationship.delete',
    name: 'relationship.delete',
    items: [{ userId: 'u-1001', properties: { objectId: 42, objectTypeId: '2' } }],
  },
  {
    operation: 'object.delete',
    name: 'object.delete',
    items: [{ anonymousId: 'loader', properties: { objectId: 'acme' } }],
  },
  {
    operation: 'delivery.report',
    name: 'delivery.report',
    items: [{ properties: { deliveryId: 'RPILAgUBcRhIBqSfeiIwdIYJKxTY', metric: 'opened' }, timestamp: longAgo }],
  },
  { operation: 'content.report', name: 'content.report', items: [{ properties: { actionType: 'clicked_content' } }] },
];

const reservedNames = [
  'User Deleted',
  'User Suppressed',
  'User Unsuppressed',
  'Device Created or Updated',
  'Device Deleted',
  'Relationship Deleted',
  'Object Deleted',
  'Report Delivery Event',
  'Report Content Event',
];

const refusals: readonly RefusalCase[] = [
  ...reservedNames.flatMap((event): RefusalCase[] => [
    {
      operation: 'track',
      name: `"${event}" as an event`,
      item: { ...order, event },
      faults: ['destructive-name event'],
    },
    {
      operation: 'track',
      name: `"${event}" between blanks`,
      item: { ...order, event: ` \t${event}\u00a0` },
      faults: ['destructive-name event'],
    },
  ]),
  { operation: 'identify', name: 'no id', item: { traits: {} }, faults: ['id-missing userId'] },
  { operation: 'identify', name: 'a blank id', item: { ...ada, userId: ' \t' }, faults: ['id-missing userId'] },
  { operation: 'identify', name: 'null as id', item: { ...ada, userId: null }, faults: ['id-missing userId'] },
  { operation: 'identify', name: 'a truth value as id', item: { ...ada, userId: true }, faults: ['field-type userId'] },
  { operation: 'identify', name: 'a fraction as id', item: { ...ada, userId: 1.5 }, faults: ['field-type userId'] },
  {
    operation: 'identify',
    name: 'a field of another call',
    item: { ...ada, event: 'x' },
    faults: ['field-unknown event'],
  },
  { operation: 'identify', name: 'traits that are text', item: { ...ada, traits: 'x' }, faults: ['field-type traits'] },
  ...['yes', 'Y', '', null, 2, 'on'].map(
    (unsubscribed): RefusalCase => ({
      operation: 'identify',
      name: `unsubscribed ${JSON.stringify(unsubscribed)}, which would subscribe`,
      item: { ...ada, traits: { unsubscribed } },
      faults: ['field-enum traits.unsubscribed'],
    }),
  ),
  {
    operation: 'identify',
    name: 'an unknown channel and a topic that is text',
    item: { ...ada, traits: { cio_subscription_preferences: { channels: { fax: true }, topics: { topic_1: 'no' } } } },
    faults: [
      'field-enum traits.cio_subscription_preferences.channels.fax',
      'field-type traits.cio_subscription_preferences.topics.topic_1',
    ],
  },
  {
    operation: 'identify',
    name: 'a number that JSON would turn into null, which erases',
    item: { ...ada, traits: { score: Number.NaN } },
    faults: ['field-range traits.score'],
  },
  {
    operation: 'identify',
    name: 'createdAt in milliseconds',
    item: { ...ada, traits: { createdAt: 1_700_000_000_000 } },
    faults: ['field-range traits.createdAt'],
  },
  {
    operation: 'identify',
    name: 'createdAt as people write it',
    item: { ...ada, traits: { createdAt: '31/01/2021' } },
    faults: ['field-format traits.createdAt'],
  },
  ...['2024-05-04T10:00:00', '2024-02-30', '1714816800000', 'yesterday', 1_714_816_800_000].map(
    (timestamp): RefusalCase => ({
      operation: 'track',
      name: `timestamp ${JSON.stringify(timestamp)}`,
      item: { ...order, timestamp },
      faults: ['field-format timestamp'],
    }),
  ),
  { operation: 'track', name: 'no event', item: { userId: 'u', timestamp: longAgo }, faults: ['field-missing event'] },
  { operation: 'track', name: 'a blank event', item: { ...order, event: '  ' }, faults: ['field-missing event'] },
  {
    operation: 'track',
    name: 'all that is wrong with it at once',
    item: { event: 'x', timestamp: 'y', messageId: 'm'.repeat(101), integrations: { All: 'yes' } },
    faults: ['id-missing userId', 'field-format timestamp', 'field-type integrations.All', 'field-range messageId'],
  },
  {
    operation: 'page',
    name: 'only a groupId',
    item: { groupId: 'g', timestamp: longAgo },
    faults: ['field-unknown groupId', 'id-missing userId'],
  },
  { operation: 'screen', name: 'no id', item: { name: 'Home', timestamp: longAgo }, faults: ['id-missing userId'] },
  { operation: 'group', name: 'no groupId', item: { userId: 'u' }, faults: ['id-missing groupId'] },
  {
    operation: 'group',
    name: 'the old name of objectTypeId, and a new one that is text',
    item: { groupId: 'g', traits: { object_type_id: '1', objectTypeId: 'company' } },
    faults: ['field-unknown traits.object_type_id', 'field-type traits.objectTypeId'],
  },
  {
    operation: 'group',
    name: 'relationshipAttributes that are text',
    item: { groupId: 'g', traits: { relationshipAttributes: 'admin' } },
    faults: ['field-type traits.relationshipAttributes'],
  },
  { operation: 'alias', name: 'one id only', item: { userId: 'u' }, faults: ['id-missing previousId'] },
  {
    operation: 'alias',
    name: 'twice the same',
    item: { userId: 'u', previousId: 'u' },
    faults: ['field-range previousId'],
  },
  {
    operation: 'user.delete',
    name: 'an anonymousId only',
    item: { anonymousId: 'a' },
    faults: ['field-unknown anonymousId', 'id-missing userId'],
  },
  {
    operation: 'device.put',
    name: 'no token, and a fridge',
    item: { userId: 'u', context: { device: { type: 'fridge' } } },
    faults: ['id-missing context.device.token', 'field-enum context.device.type'],
  },
  {
    operation: 'device.put',
    name: 'no device at all',
    item: { userId: 'u' },
    faults: ['id-missing context.device.token', 'field-missing context.device.type'],
  },
  {
    operation: 'relationship.delete',
    name: 'no object',
    item: { userId: 'u', properties: { objectTypeId: 'x' } },
    faults: ['id-missing properties.objectId', 'field-type properties.objectTypeId'],
  },
  {
    operation: 'object.delete',
    name: 'no anonymousId',
    item: { properties: { objectId: 'o' } },
    faults: ['id-missing anonymousId'],
  },
  {
    operation: 'delivery.report',
    name: 'no id and an unknown metric',
    item: { properties: { metric: 'smelt' } },
    faults: ['id-missing properties.deliveryId', 'field-enum properties.metric'],
  },
  {
    operation: 'content.report',
    name: 'no action',
    item: { properties: {} },
    faults: ['field-missing properties.actionType'],
  },
  {
    operation: 'track',
    name: 'a recent event when campaigns are refused',
    config: { campaigns: 'refuse' },
    item: { ...order, timestamp: '2024-02-29T12:00:00Z' },
    faults: ['may-trigger-campaigns timestamp'],
  },
];

const refused = { meta: { errors: ['userId or anonymousId is required'] } };

/** Contract §5.2. All operations travel in one batch, so the table is the same for all. */
const repliesOf = (operation: string): ReplyCase[] => [
  { operation, reply: { status: 200, body: '{}' }, gives: { kind: 'accepted' } },
  {
    operation,
    reply: { status: 200, body: '<html>Sign in</html>' },
    name: 'from something in between',
    gives: { kind: 'fatal', code: 'reply-unreadable' },
  },
  {
    operation,
    reply: { status: 200, body: refused },
    name: 'that complains',
    gives: { kind: 'fatal', code: 'reply-unreadable' },
  },
  {
    operation,
    reply: { status: 400, body: refused },
    gives: { kind: 'split', code: 'platform-rejected', because: 'blame' },
  },
  {
    operation,
    reply: { status: 400, body: refused },
    items: 1,
    name: 'of a single call',
    gives: { kind: 'rejected', code: 'platform-rejected' },
  },
  { operation, reply: { status: 401 }, gives: { kind: 'fatal', code: 'unauthorized' } },
  { operation, reply: { status: 403 }, gives: { kind: 'fatal', code: 'forbidden' } },
  { operation, reply: { status: 404 }, gives: { kind: 'fatal', code: 'not-found' } },
  {
    operation,
    reply: { status: 408 },
    gives: { kind: 'retry', code: 'timed-out', scope: 'request', taken: 'unknown' },
  },
  { operation, reply: { status: 413 }, gives: { kind: 'split', code: 'platform-too-large', because: 'size' } },
  {
    operation,
    reply: { status: 429 },
    name: 'without Retry-After',
    gives: { kind: 'retry', code: 'rate-limited', scope: 'target', taken: 'no' },
  },
  {
    operation,
    reply: { status: 429, headers: { 'retry-after': '3' } },
    gives: { kind: 'retry', code: 'rate-limited', after: 3000, scope: 'target', taken: 'no' },
  },
  ...[500, 502, 503, 504, 522, 524].map(
    (status): ReplyCase => ({
      operation,
      reply: { status },
      gives: { kind: 'retry', code: 'server-error', scope: 'request', taken: 'unknown' },
    }),
  ),
  ...[301, 302, 307, 308].map(
    (status): ReplyCase => ({
      operation,
      reply: { status, headers: { location: 'https://cdp-eu.customer.io/v1/batch' } },
      gives: { kind: 'fatal', code: 'redirected' },
    }),
  ),
  ...[202, 405, 415, 422].map(
    (status): ReplyCase => ({ operation, reply: { status }, gives: { kind: 'fatal', code: 'unexpected-status' } }),
  ),
  {
    operation,
    reply: { failure: 'refused', sent: 'no' },
    gives: { kind: 'retry', code: 'no-connection', scope: 'request', taken: 'no' },
  },
  {
    operation,
    reply: { failure: 'timed-out', sent: 'unknown' },
    gives: { kind: 'retry', code: 'timed-out', scope: 'request', taken: 'unknown' },
  },
];

const operations = Object.keys(customerio.operations);
const statuses = [200, 400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 504, 522, 524];

/** A good item of each operation that holds a text once. */
const sized: Record<string, (text: string) => JsonObject> = {
  alias: (text) => ({ userId: 'u', previousId: text }),
  'device.put': (text) => ({ ...device, properties: { text } }),
  'device.delete': (text) => ({ ...device, properties: { text } }),
  'delivery.report': (text) => ({ properties: { deliveryId: 'd', metric: 'opened', text } }),
  'content.report': (text) => ({ properties: { actionType: 'viewed_content', text } }),
  'relationship.delete': (text) => ({ userId: 'u', properties: { objectId: 'o', text } }),
  'object.delete': (text) => ({ anonymousId: 'a', properties: { objectId: 'o', text } }),
  identify: (text) => ({ userId: 'u', traits: { text } }),
  group: (text) => ({ groupId: 'g', traits: { text } }),
  track: (text) => ({ userId: 'u', event: 'e', properties: { text } }),
};
const limits: readonly LimitCase[] = operations.map((operation) => ({
  operation,
  limits: { items: 100, bytes: 480_000 },
  itemBytes: 32_000,
  sized: sized[operation] ?? ((text) => ({ userId: 'u', properties: { text } })),
}));

runContract({
  type: 'customerio',
  config,
  secrets: [apiKey, trackKey, base64(`${apiKey}:`), base64(`${siteId}:${trackKey}`)],
  golden,
  refusals,
  replies: [...repliesOf('identify'), ...operations.filter((name) => name !== 'identify').flatMap(briefReplies)],
  documented: Object.fromEntries(operations.map((name) => [name, name === 'identify' ? statuses : [200, 400]])),
  limits,
});

function briefReplies(operation: string): ReplyCase[] {
  return repliesOf(operation).slice(0, 5);
}

test('no setting makes a target faster than Customer.io takes without dropping calls unsaid', () => {
  const common = { baseUrl: customerio.defaults.baseUrl, headers: {} };
  assert.equal(customerio.open(customerio.config.parse(config), common).pace?.rate, 1000);
});
