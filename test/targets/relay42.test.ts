import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type JsonObject, rawNumber } from '../../src/model/json.ts';
import type { ApiReply } from '../../src/model/request.ts';
import { relay42 } from '../../src/targets/relay42.ts';
import { type GoldenCase, type LimitCase, type RefusalCase, type ReplyCase, runContract } from './contract.ts';

const accessToken = 'planted+token/4711';
const bearerToken = 'eyJhbGciOiJIUzI1NiJ9.cGxhbnRlZA.c2ln';
const basic = Buffer.from(`loader@shop.example:${accessToken}`).toString('base64');
const config = { siteNumber: '1234', apiId: 'loader@shop.example', accessToken, bearerToken, auth: 'basic' };

const year = 31_536_000;
const facts = { partnerType: 2001, factTtl: year };
const loyalty = {
  partnerId: 'C-90017',
  factName: 'loyalty',
  properties: { tier: 'gold', points: '1200', since: '2022-05-01 00:00' },
};
const consent = { partnerId: 'C-90017', factName: 'consent', properties: { email: 'yes' } };
const interactions = { partnerType: 2001 };
const purchase = {
  partnerId: 'C-90017',
  interactionType: 'engagement',
  type: 'storePurchase',
  variables: { orderId: 'A-1001', total: '249.50', purchasedAt: '2024-03-01 12:00' },
};
const mappings = { partnerType: 2001, mappingPartnerType: 1012 };
const emailHash = { partnerId: 'C-90017', mappingPartnerId: '9f2c4e' };
const product = { itemKey: 'TEA/1', values: { title: 'Grønn te 🍵', price: rawNumber('4.50'), organic: true } };
const connectorId = '1f0e9a44-3c4b-4a55-9d1c-0a4b6a6f3f10';
const profileId = '6c1d2a5e-9d1b-4c6f-8a37-5b8f1e2d3c4b';

/** One interaction of each type, with every property it may have. */
const properties: readonly JsonObject[] = [
  { interactionType: 'bannerView', identifier: 'spring', subIdentifier: 'top', referral: 'mail' },
  {
    interactionType: 'conversion',
    transactionId: 'A-1001',
    value: rawNumber('249.50'),
    products: [{ sku: 'TEA-1', quantity: 2 }],
    variables: { channel: 'store' },
  },
  { interactionType: 'engagement', type: 'storeVisit', content: { store: 'Utrecht' }, variables: { minutes: 12 } },
  { interactionType: 'experimentMatch', experimentGroupNumber: 2, experimentNumber: 17 },
  { interactionType: 'pageView', url: 'https://shop.example/tea', source: 'app' },
  { interactionType: 'sessionStart', url: 'https://shop.example/', source: 'app' },
  { interactionType: 'userPreferences', optOutRemarketing: true, optOutAdapting: false },
  { interactionType: 'sync', partnerNumber: 1012, partnerCookie: '9f2c4e' },
  { interactionType: 'thirdPartySync', partnerNumber: 7001, partnerCookie: 'cookie-1' },
  { interactionType: 'externalFact', type: 'loyalty', ttl: year, variables: { tier: 'gold' } },
];
const everyType = properties.map((interaction) => ({ partnerId: 'C-90017', ...interaction }));

const golden: readonly GoldenCase[] = [
  { operation: 'facts.add', settings: facts, name: 'facts.add', items: [loyalty, consent] },
  {
    operation: 'facts.add',
    settings: { ...facts, forceInsert: true, renewMappingTtl: true },
    name: 'facts.add-forced-id-to-encode',
    items: [{ ...consent, partnerId: 'ål+b@x.nl&c=1' }],
  },
  {
    operation: 'facts.add',
    settings: facts,
    config: { auth: 'bearer' },
    name: 'facts.add-bearer',
    items: [consent],
  },
  { operation: 'facts.update', settings: facts, name: 'facts.update', items: [loyalty] },
  {
    operation: 'facts.delete',
    settings: { partnerType: 2001 },
    name: 'facts.delete',
    items: [
      { partnerId: 'C-90017', factName: 'loyalty' },
      { partnerId: 'C-90017', factName: 'consent & co' },
    ],
  },
  { operation: 'interactions.add', settings: interactions, name: 'interactions.add', items: everyType },
  {
    operation: 'interactions.add',
    settings: { ...interactions, interactionType: 'externalFact', type: 'loyalty', operationType: 'REMOVE' },
    name: 'interactions.add-remove-fact',
    items: [{ partnerId: 'C-90017' }],
  },
  { operation: 'interactions.update', settings: interactions, name: 'interactions.update', items: [purchase] },
  {
    operation: 'mappings.add',
    settings: mappings,
    name: 'mappings.add',
    items: [emailHash, { ...emailHash, mappingPartnerType: 1010, mappingPartnerId: 'b7' }],
  },
  {
    operation: 'mappings.add',
    settings: { ...mappings, via: 'profileId', mergeType: 'MERGE_NO_OVERRIDE' },
    name: 'mappings.add-via-profile-id-1',
    items: [emailHash],
  },
  {
    operation: 'mappings.add',
    settings: { ...mappings, via: 'profileId', mergeType: 'MERGE_NO_OVERRIDE' },
    name: 'mappings.add-via-profile-id-2',
    items: [emailHash],
    carry: profileId,
  },
  { operation: 'mappings.delete', settings: mappings, name: 'mappings.delete', items: [emailHash] },
  {
    operation: 'profile.delete',
    settings: { partnerType: 2001 },
    name: 'profile.delete',
    items: [{ partnerId: 'C-90017' }],
  },
  {
    operation: 'datafeed.put',
    settings: { feedPrefix: 'products', ttl: 86_400 },
    name: 'datafeed.put',
    items: [product],
  },
  {
    operation: 'datafeed.delete',
    settings: { feedPrefix: 'products' },
    name: 'datafeed.delete',
    items: [{ itemKey: 'TEA/1' }],
  },
  {
    operation: 'connector.activate',
    settings: { partnerType: 2001, connectorId, journeyFilters: [{ journeyId: 'j-1', stepId: 's-2' }] },
    name: 'connector.activate',
    items: [{ partnerId: 'C-90017' }],
  },
];

const hundred = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`p${n}`, 'x']));
const add = { operation: 'facts.add', settings: facts };
const event = { operation: 'interactions.add', settings: interactions };

const refusals: readonly RefusalCase[] = [
  { ...add, name: 'no id', item: { ...loyalty, partnerId: '' }, faults: ['id-missing partnerId'] },
  {
    ...add,
    name: 'a fraction as an id',
    item: { ...loyalty, partnerId: rawNumber('1.5') },
    faults: ['field-type partnerId'],
  },
  {
    ...add,
    name: 'an id with half a surrogate pair, which no URL can hold',
    item: { ...loyalty, partnerId: 'x\ud800' },
    faults: ['field-format partnerId'],
  },
  {
    ...add,
    name: 'an id with a line end',
    item: { ...loyalty, partnerId: 'x\r\ny' },
    faults: ['field-format partnerId'],
  },
  {
    operation: 'facts.add',
    settings: { factTtl: year },
    name: 'no partner type anywhere',
    item: loyalty,
    faults: ['field-missing partnerType'],
  },
  {
    ...add,
    name: 'a partner type that is no number',
    item: { ...loyalty, partnerType: 'crm' },
    faults: ['field-type partnerType'],
  },
  {
    operation: 'facts.add',
    settings: { partnerType: 2001 },
    name: 'no time to live anywhere',
    item: loyalty,
    faults: ['field-missing factTtl'],
  },
  ...[59, 504_576_001].map((factTtl) => ({
    ...add,
    name: `a time to live of ${factTtl} s`,
    item: { ...loyalty, factTtl },
    faults: ['field-range factTtl'],
  })),
  { ...add, name: 'a time to live as text', item: { ...loyalty, factTtl: '3600' }, faults: ['field-type factTtl'] },
  {
    ...add,
    name: 'no name',
    item: { partnerId: 'C-1', properties: {} },
    faults: ['field-missing factName'],
  },
  { ...add, name: 'a name of blanks', item: { ...loyalty, factName: ' ' }, faults: ['field-missing factName'] },
  {
    ...add,
    name: 'a name with a tab',
    item: { ...loyalty, factName: 'loy\talty' },
    faults: ['field-format factName'],
  },
  {
    ...add,
    name: '65 properties',
    item: { ...loyalty, properties: hundred(65) },
    faults: ['too-many-parts properties'],
  },
  {
    ...add,
    name: 'a nested value, a null and an unwritable number, all told',
    item: { ...loyalty, properties: { a: { b: 1 }, c: null, d: Infinity, e: ['x'] } },
    faults: [
      'field-type properties.a',
      'field-null properties.c',
      'field-type properties.d',
      'field-type properties.e',
    ],
  },
  {
    ...add,
    name: 'half a surrogate pair in a name and in a value',
    item: { ...loyalty, properties: { 'x\ud800': 1, y: 'x\ud800' } },
    faults: ['field-format properties', 'field-format properties.y'],
  },
  {
    ...add,
    name: 'a property outside properties',
    item: { ...loyalty, tier: 'gold' },
    faults: ['field-unknown tier'],
  },
  {
    operation: 'facts.delete',
    settings: { partnerType: 2001 },
    name: 'no fact to delete',
    item: { partnerId: 'C-1' },
    faults: ['field-missing factName'],
  },
  {
    operation: 'facts.delete',
    settings: { partnerType: 2001 },
    name: 'properties on a deletion',
    item: loyalty,
    faults: ['field-unknown properties'],
  },
  { ...event, name: 'no type', item: { partnerId: 'C-1' }, faults: ['field-missing interactionType'] },
  {
    ...event,
    name: 'an unknown type',
    item: { ...purchase, interactionType: 'purchase' },
    faults: ['field-enum interactionType'],
  },
  {
    ...event,
    name: "another type's property",
    item: { ...purchase, url: 'https://x.example' },
    faults: ['field-unknown url'],
  },
  {
    ...event,
    name: 'an engagement without a name',
    item: { partnerId: 'C-1', interactionType: 'engagement' },
    faults: ['field-missing type'],
  },
  {
    ...event,
    name: 'nothing but a type',
    item: { partnerId: 'C-1', interactionType: 'pageView' },
    faults: ['item-empty interactionType'],
  },
  {
    ...event,
    name: 'a fact without a time to live',
    item: { partnerId: 'C-1', interactionType: 'externalFact', type: 'loyalty' },
    faults: ['field-missing ttl'],
  },
  {
    ...event,
    name: 'a fact of 65 variables',
    item: { partnerId: 'C-1', interactionType: 'externalFact', type: 'a', ttl: 60, variables: hundred(65) },
    faults: ['too-many-parts variables'],
  },
  {
    ...event,
    name: 'a value as text',
    item: { partnerId: 'C-1', interactionType: 'conversion', value: '249.50' },
    faults: ['field-type value'],
  },
  {
    ...event,
    name: 'products that are no list',
    item: { partnerId: 'C-1', interactionType: 'conversion', products: 'tea' },
    faults: ['field-type products'],
  },
  {
    ...event,
    name: 'an experiment with a fraction and without its group',
    item: { partnerId: 'C-1', interactionType: 'experimentMatch', experimentNumber: 1.5 },
    faults: ['field-missing experimentGroupNumber', 'field-type experimentNumber'],
  },
  {
    ...event,
    name: 'a preference as text',
    item: { partnerId: 'C-1', interactionType: 'userPreferences', optOutAdapting: 'no' },
    faults: ['field-type optOutAdapting'],
  },
  {
    ...event,
    name: 'a merge that a row asks for',
    item: { partnerId: 'C-1', interactionType: 'sync', partnerNumber: 1, partnerCookie: 'x', mergeType: 'SITE' },
    faults: ['field-enum mergeType'],
  },
  {
    ...event,
    name: 'a deletion that a row asks for',
    item: { partnerId: 'C-1', interactionType: 'externalFact', type: 'loyalty', operationType: 'REMOVE' },
    faults: ['field-enum operationType'],
  },
  {
    ...event,
    name: 'half an id to sync',
    item: { partnerId: 'C-1', interactionType: 'thirdPartySync', partnerNumber: 1 },
    faults: ['field-missing partnerCookie'],
  },
  {
    operation: 'mappings.add',
    settings: mappings,
    name: 'nothing to map',
    item: { partnerId: 'C-1' },
    faults: ['id-missing mappingPartnerId'],
  },
  {
    operation: 'mappings.add',
    settings: { partnerType: 2001 },
    name: 'an id of no known space',
    item: emailHash,
    faults: ['field-missing mappingPartnerType'],
  },
  {
    operation: 'mappings.add',
    settings: mappings,
    name: 'a merge that a row asks for',
    item: { ...emailHash, mergeType: 'SITE' },
    faults: ['field-unknown mergeType'],
  },
  {
    operation: 'datafeed.put',
    settings: { feedPrefix: 'products' },
    name: 'nothing to store',
    item: { itemKey: 'TEA-1' },
    faults: ['item-empty values'],
  },
  {
    operation: 'datafeed.put',
    settings: { feedPrefix: 'products' },
    name: 'a list, a null and a time to live out of range',
    item: { itemKey: 'TEA-1', ttl: 630_720_001, values: { a: ['x'], b: null } },
    faults: ['field-range ttl', 'field-type values.a', 'field-type values.b'],
  },
  {
    operation: 'datafeed.delete',
    settings: { feedPrefix: 'products' },
    name: 'a key that a URL takes for a step upwards',
    item: { itemKey: '..' },
    faults: ['field-format itemKey'],
  },
  {
    operation: 'connector.activate',
    settings: { partnerType: 2001, connectorId },
    name: 'filters of another shape',
    item: { partnerId: 'C-1', journeyFilters: [{ journey: 1 }] },
    faults: ['field-type journeyFilters'],
  },
];

const slowDown = {
  retries: Number.MAX_SAFE_INTEGER,
  waits: { kind: 'backoff', firstMs: 1000, capMs: 60_000 },
  then: 'stop',
} as const;
const writes = ['facts.add', 'interactions.add', 'mappings.add', 'datafeed.put', 'connector.activate'];
const others = ['facts.update', 'interactions.update'];
const deletions = ['facts.delete', 'mappings.delete', 'profile.delete', 'datafeed.delete'];
const operations = [...writes, ...others, ...deletions];

/** Contract §5. */
const replies: readonly ReplyCase[] = [
  ...operations.flatMap((operation): ReplyCase[] => [
    { operation, items: 1, reply: { status: 400 }, gives: { kind: 'rejected', code: 'platform-rejected' } },
    { operation, reply: { status: 401 }, gives: { kind: 'fatal', code: 'unauthorized' } },
    {
      operation,
      reply: { status: 403, body: { errorCode: 403, message: 'Forbidden' } },
      gives: { kind: 'fatal', code: 'forbidden' },
    },
    {
      operation,
      reply: { status: 404 },
      gives: writes.includes(operation)
        ? { kind: 'rejected', code: 'not-found' }
        : { kind: 'skipped', code: 'not-found' },
    },
    {
      operation,
      reply: { status: 429 },
      gives: { kind: 'retry', code: 'rate-limited', scope: 'target', taken: 'no', counts: false, plan: slowDown },
    },
    ...[500, 502, 503, 504].map(
      (status): ReplyCase => ({
        operation,
        reply: { status, body: '<html>busy</html>' },
        gives: { kind: 'retry', code: 'server-error', scope: 'target', taken: 'unknown' },
      }),
    ),
    {
      operation,
      reply: { failure: 'reset', sent: 'unknown' },
      gives: { kind: 'retry', code: 'no-connection', scope: 'target', taken: 'unknown' },
    },
    { operation, reply: { status: 302 }, gives: { kind: 'fatal', code: 'redirected' } },
  ]),
  ...[...writes, ...others]
    .filter((operation) => operation !== 'connector.activate')
    .map((operation): ReplyCase => ({ operation, reply: { status: 201 }, gives: { kind: 'accepted' } })),
  ...deletions.map((operation): ReplyCase => ({ operation, reply: { status: 204 }, gives: { kind: 'accepted' } })),
  { operation: 'connector.activate', reply: { status: 202 }, gives: { kind: 'accepted' } },
  {
    operation: 'facts.add',
    name: 'with the profile id as bare text',
    reply: { status: 201, body: profileId },
    gives: { kind: 'accepted' },
  },
  {
    operation: 'facts.add',
    name: 'of several items',
    reply: { status: 400 },
    gives: { kind: 'split', code: 'platform-rejected', because: 'blame' },
  },
  {
    operation: 'facts.add',
    name: 'with a wait named',
    reply: { status: 429, headers: { 'retry-after': '7' } },
    gives: {
      kind: 'retry',
      code: 'rate-limited',
      after: 7000,
      scope: 'target',
      taken: 'no',
      counts: false,
      plan: slowDown,
    },
  },
  {
    operation: 'facts.add',
    name: "with somebody else's page",
    reply: { status: 200, body: '<!doctype html><title>Sign in</title>' },
    gives: { kind: 'fatal', code: 'reply-unreadable' },
  },
  {
    operation: 'facts.add',
    reply: { status: 413 },
    gives: { kind: 'split', code: 'platform-too-large', because: 'size' },
  },
  {
    operation: 'facts.add',
    reply: { status: 408 },
    gives: { kind: 'retry', code: 'timed-out', scope: 'target', taken: 'unknown' },
  },
  { operation: 'facts.add', reply: { status: 407 }, gives: { kind: 'fatal', code: 'unexpected-status' } },
  {
    operation: 'facts.add',
    items: 1,
    reply: { status: 418 },
    gives: { kind: 'rejected', code: 'unexpected-status' },
  },
  {
    operation: 'facts.add',
    reply: { failure: 'refused', sent: 'no' },
    gives: { kind: 'retry', code: 'no-connection', scope: 'target', taken: 'no' },
  },
  {
    operation: 'facts.add',
    reply: { failure: 'timed-out', sent: 'unknown' },
    gives: { kind: 'retry', code: 'timed-out', scope: 'target', taken: 'unknown' },
  },
  ...[
    ['a JSON string', JSON.stringify(profileId)],
    ['bare text', `${profileId}\n`],
    ['an object', { profileId }],
  ].map(
    ([shape, body]): ReplyCase => ({
      operation: 'mappings.add',
      settings: { ...mappings, via: 'profileId' },
      name: `profile id as ${shape}`,
      reply: { status: 200, body: body ?? '' },
      gives: { kind: 'next', carry: profileId },
    }),
  ),
  {
    operation: 'mappings.add',
    settings: { ...mappings, via: 'profileId' },
    name: 'no profile id in it',
    reply: { status: 200, body: '{"profile":{}}' },
    gives: { kind: 'rejected', code: 'reply-unreadable' },
  },
  {
    operation: 'mappings.add',
    settings: { ...mappings, via: 'profileId' },
    name: 'the profile is unknown',
    reply: { status: 404 },
    gives: { kind: 'skipped', code: 'not-found' },
  },
  {
    operation: 'mappings.add',
    settings: { ...mappings, via: 'profileId' },
    name: 'asking writes nothing',
    reply: { status: 503 },
    gives: { kind: 'retry', code: 'server-error', scope: 'target', taken: 'no' },
  },
  {
    operation: 'mappings.add',
    settings: { ...mappings, via: 'profileId' },
    name: 'a refused question is nobody’s fault',
    reply: { status: 400 },
    gives: { kind: 'rejected', code: 'platform-rejected' },
  },
  {
    operation: 'mappings.add',
    settings: { ...mappings, via: 'profileId' },
    carry: profileId,
    name: 'second step',
    reply: { status: 201, body: '{}' },
    gives: { kind: 'accepted' },
  },
  {
    operation: 'mappings.add',
    settings: { ...mappings, via: 'profileId' },
    carry: profileId,
    name: 'second step',
    reply: { status: 503 },
    gives: { kind: 'retry', code: 'server-error', scope: 'target', taken: 'unknown' },
  },
];

const common = [400, 401, 403, 404, 429, 500, 503];
const documented = Object.fromEntries(
  operations.map((operation) => {
    const success = operation === 'connector.activate' ? 202 : deletions.includes(operation) ? 204 : 201;
    return [operation, [...common, success]];
  }),
);

const many = { items: 50, bytes: 512_000 };
const one = { items: 1, bytes: 512_000 };
const limits: readonly LimitCase[] = [
  ...(['facts.add', 'facts.update'] as const).map((operation) => ({
    operation,
    settings: facts,
    limits: many,
    itemBytes: 511_998,
    sized: (text: string) => ({ ...loyalty, properties: { tier: text } }),
  })),
  {
    operation: 'facts.delete',
    settings: { partnerType: 2001 },
    limits: { items: 50, bytes: 2000 },
    itemBytes: 1998,
    // A name must not hold the control characters that the suite tries elsewhere.
    sized: (text) => ({ partnerId: 'C-90017', factName: text.replace('\n', ' ') }),
  },
  ...(['interactions.add', 'interactions.update'] as const).map((operation) => ({
    operation,
    settings: interactions,
    limits: many,
    itemBytes: 511_981,
    sized: (text: string) => ({ ...purchase, variables: { note: text } }),
  })),
  ...(['mappings.add', 'mappings.delete'] as const).map((operation) => ({
    operation,
    settings: mappings,
    limits: many,
    itemBytes: 511_998,
    sized: (text: string) => ({ ...emailHash, mappingPartnerId: text.replace('\n', ' ') }),
  })),
  {
    operation: 'profile.delete',
    settings: { partnerType: 2001 },
    limits: one,
    sized: (text) => ({ partnerId: text.replace('\n', ' ') }),
  },
  {
    operation: 'datafeed.put',
    settings: { feedPrefix: 'products' },
    limits: one,
    itemBytes: 512_000,
    sized: (text) => ({ itemKey: 'TEA-1', values: { title: text } }),
  },
  {
    operation: 'datafeed.delete',
    settings: { feedPrefix: 'products' },
    limits: one,
    sized: (text) => ({ itemKey: text.replace('\n', ' ') }),
  },
  {
    operation: 'connector.activate',
    settings: { partnerType: 2001, connectorId },
    limits: one,
    sized: (text) => ({ partnerId: text.replace('\n', ' ') }),
  },
];

runContract({
  type: 'relay42',
  config,
  secrets: [accessToken, bearerToken, basic],
  documented,
  golden,
  refusals,
  replies,
  limits,
});

describe('relay42 beyond the common contract', () => {
  const open = (more: object = {}) =>
    relay42.open(relay42.config.parse({ ...config, ...more }), { baseUrl: 'https://api.relay42.com', headers: {} });
  const row = { identity: 'f'.repeat(32), key: 'k', now: 0 };
  const encode = (operation: string, settings: object, item: JsonObject) => {
    const encoded = open().operation(operation, settings).encode(item, row);
    return 'faults' in encoded ? assert.fail(JSON.stringify(encoded.faults)) : encoded;
  };
  const reply = (status: number, body = ''): ApiReply => ({
    kind: 'reply',
    status,
    headers: {},
    body,
    truncated: false,
    receivedAt: 0,
  });

  it('gives items of one profile one route, and items of two profiles, id spaces or options two', () => {
    const route = (settings: object, item: JsonObject) => encode('facts.add', { ...facts, ...settings }, item).route;
    assert.equal(route({}, loyalty), route({}, consent));
    const all = [
      route({}, loyalty),
      route({}, { ...loyalty, partnerId: 'C-90018' }),
      route({}, { ...loyalty, partnerType: 2009 }),
      route({ forceInsert: true }, loyalty),
      route({ renewMappingTtl: false }, loyalty),
    ];
    assert.equal(new Set(all).size, all.length);
  });

  it('keeps mappings that ask for the profile id first out of requests that do not', () => {
    const family = (settings: object) => open().operation('mappings.add', { ...mappings, ...settings }).family;
    assert.notEqual(family({ via: 'profileId' }), family({}));
  });

  it('has a lane for every id that an item touches', () => {
    assert.deepEqual(encode('facts.add', facts, loyalty).lanes, ['2001:C-90017']);
    assert.deepEqual(encode('mappings.add', mappings, emailHash).lanes, ['2001:C-90017', '1012:9f2c4e']);
    assert.deepEqual(encode('mappings.delete', mappings, emailHash).lanes, ['2001:C-90017', '1012:9f2c4e']);
    const sync = { partnerId: 'C-1', interactionType: 'sync', partnerNumber: 1012, partnerCookie: '9f2c4e' };
    assert.deepEqual(encode('interactions.add', interactions, sync).lanes, ['2001:C-1', '1012:9f2c4e']);
    for (const name of Object.keys(relay42.operations)) {
      const { settings, items } = golden.find(({ operation }) => operation === name) ?? assert.fail(name);
      assert.equal(open().operation(name, settings).laned, true, name);
      const { lanes } = encode(name, { ...(settings as object) }, items[0] ?? {});
      assert.equal(lanes[0], name.startsWith('datafeed') ? 'products/entries/TEA%2F1' : '2001:C-90017', name);
    }
  });

  it('keeps all digits of an id that comes as a number', () => {
    const id = rawNumber('9007199254740993001');
    assert.match(encode('facts.add', facts, { ...loyalty, partnerId: id }).route, /9007199254740993001/);
    assert.match(
      encode('mappings.add', mappings, { ...emailHash, mappingPartnerId: id }).json,
      /"9007199254740993001"/,
    );
  });

  it('takes 64 properties and the shortest and longest time to live', () => {
    assert.ok(encode('facts.add', facts, { ...loyalty, properties: hundred(64) }).json);
    for (const factTtl of [60, 504_576_000]) assert.ok(encode('facts.add', facts, { ...loyalty, factTtl }).json);
    for (const ttl of [60, 630_720_000])
      assert.ok(encode('datafeed.put', { feedPrefix: 'p' }, { ...product, ttl }).json);
  });

  it('keeps a feed column called __proto__', () => {
    const values = JSON.parse('{"__proto__":"x"}') as JsonObject;
    const { json } = encode('datafeed.put', { feedPrefix: 'p' }, { itemKey: 'k', values });
    assert.equal(json, '{"values":{"__proto__":"x"}}');
  });

  it('warns of dates in another form than the platform’s own, once for each', () => {
    const codes = (since: string) => encode('facts.add', facts, { ...loyalty, properties: { since } }).warnings?.length;
    assert.equal(codes('2022-05-01 00:00'), undefined);
    assert.equal(codes('2022-05-01T00:00:00Z'), 1);
    assert.equal(codes('2022-05-01'), 1);
    assert.equal(codes('2022-05-01 and later'), undefined);
  });

  it('warns of ids beyond 512 and names beyond 128 characters, and sends them', () => {
    assert.equal(encode('facts.add', facts, { ...loyalty, partnerId: 'x'.repeat(512) }).warnings, undefined);
    assert.equal(encode('facts.add', facts, { ...loyalty, partnerId: 'x'.repeat(513) }).warnings?.length, 1);
    assert.equal(encode('facts.add', facts, { ...loyalty, factName: 'x'.repeat(128) }).warnings, undefined);
    assert.equal(encode('facts.add', facts, { ...loyalty, factName: 'x'.repeat(129) }).warnings?.length, 1);
  });

  it('costs one for the call and one for each thing written', () => {
    const cost = (name: string, settings: object, items: number, carry?: string) =>
      open().operation(name, settings).cost(items, carry);
    assert.equal(cost('facts.add', facts, 2), 3);
    assert.equal(cost('interactions.add', interactions, 5), 6);
    assert.equal(cost('mappings.add', mappings, 2), 3);
    assert.equal(cost('mappings.add', { ...mappings, via: 'profileId' }, 2), 1);
    assert.equal(cost('mappings.add', { ...mappings, via: 'profileId' }, 2, profileId), 3);
    assert.equal(cost('facts.delete', { partnerType: 1 }, 2), 1);
    assert.equal(cost('datafeed.put', { feedPrefix: 'p' }, 1), 1);
  });

  it('resends by itself what may be sent twice, and nothing else', () => {
    const repeatable = (name: string, settings: object) => open().operation(name, settings).repeatable;
    assert.equal(repeatable('facts.add', { ...facts, forceInsert: true }), true);
    assert.equal(repeatable('interactions.add', interactions), false);
    assert.equal(repeatable('interactions.add', { ...interactions, interactionType: 'engagement' }), false);
    assert.equal(repeatable('interactions.add', { ...interactions, interactionType: 'externalFact' }), true);
    assert.equal(repeatable('interactions.add', { ...interactions, interactionType: 'sync' }), true);
    assert.equal(repeatable('interactions.add', { interactionType: 'sync', mergeType: 'SITE' }), false);
    assert.equal(repeatable('mappings.add', mappings), true);
    assert.equal(repeatable('mappings.add', { ...mappings, mergeType: 'SITE' }), false);
    assert.equal(repeatable('profile.delete', { partnerType: 1 }), true);
    assert.equal(repeatable('datafeed.put', { feedPrefix: 'p' }), true);
    assert.equal(repeatable('connector.activate', { partnerType: 1, connectorId }), false);
  });

  it('says what is destroyed by deletions, SITE merges and removed facts, and by nothing else', () => {
    const destroys = (name: string, settings: object) => open().operation(name, settings).destroys;
    for (const name of deletions) assert.ok(relay42.operations[name]?.destroys, name);
    assert.equal(destroys('mappings.add', mappings), undefined);
    assert.equal(destroys('mappings.add', { ...mappings, mergeType: 'MERGE_NO_OVERRIDE' }), undefined);
    assert.match(destroys('mappings.add', { ...mappings, mergeType: 'SITE' }) ?? '', /merges profiles for good/);
    assert.match(destroys('interactions.add', { ...interactions, mergeType: 'SITE' }) ?? '', /merges profiles/);
    assert.match(destroys('interactions.add', { ...interactions, operationType: 'REMOVE' }) ?? '', /deletes facts/);
    assert.equal(destroys('interactions.add', interactions), undefined);
  });

  it('lets a row merge or remove only where the settings say so', () => {
    const sync = { partnerId: 'C-1', interactionType: 'sync', partnerNumber: 1, partnerCookie: 'x', mergeType: 'SITE' };
    assert.match(encode('interactions.add', { ...interactions, mergeType: 'SITE' }, sync).json, /"mergeType":"SITE"/);
    const remove = { partnerId: 'C-1', interactionType: 'externalFact', type: 'a', operationType: 'REMOVE' };
    const { json } = encode('interactions.add', { ...interactions, operationType: 'REMOVE' }, remove);
    assert.equal(json, '{"interactionType":"externalFact","type":"a","operationType":"REMOVE"}');
  });

  it('refuses settings that the type of interaction has no place for', () => {
    const settings = { ...interactions, interactionType: 'pageView', ttl: 60 };
    assert.throws(() => open().operation('interactions.add', settings), {
      code: 'settings-invalid',
      message: /pageView has no ttl/,
    });
  });

  it('requires in the row what the settings do not give', () => {
    const required = (name: string, settings: object) =>
      open()
        .operation(name, settings)
        .fields.filter((field) => field.required)
        .map((field) => field.name);
    assert.deepEqual(required('facts.add', { ...facts, factName: 'loyalty' }), ['partnerId']);
    assert.deepEqual(required('facts.add', {}), ['partnerId', 'partnerType', 'factName', 'factTtl']);
    assert.deepEqual(required('mappings.add', {}), [
      'partnerId',
      'partnerType',
      'mappingPartnerId',
      'mappingPartnerType',
    ]);
    assert.deepEqual(required('interactions.add', {}), ['partnerId', 'partnerType', 'interactionType']);
    const fact = { ...interactions, interactionType: 'externalFact', ttl: 60 };
    assert.deepEqual(required('interactions.add', fact), ['partnerId', 'type']);
  });

  it('tells that unchanged facts keep their old expiry, or that writing them anew may start journeys', () => {
    const notices = (more: object) =>
      open()
        .operation('facts.add', { ...facts, ...more })
        .notices?.join() ?? '';
    assert.match(notices({}), /keeps its old expiry.*31536000 s/);
    assert.match(notices({ forceInsert: true }), /though they have not changed.*may start journeys/);
    assert.equal(notices({ loadIntervalSeconds: 86_400 }), '');
    assert.equal(notices({ loadIntervalSeconds: year / 2 }), '');
    assert.match(notices({ loadIntervalSeconds: year / 2 + 1 }), /may be missing until the next load/);
  });

  it('tells that interactions cannot be dated back, and that connectors reach people', () => {
    assert.match(open().operation('interactions.add', interactions).notices?.join() ?? '', /dated back/);
    const settings = { partnerType: 1, connectorId };
    assert.match(open().operation('connector.activate', settings).notices?.join() ?? '', /real people/);
  });

  it('climbs 1, 2, 4, 8, 16 and 30 minutes together, and then stops', () => {
    assert.deepEqual(open().retry, {
      retries: 6,
      waits: { kind: 'ladder', stepsMs: [60_000, 120_000, 240_000, 480_000, 960_000, 1_800_000] },
      then: 'stop',
    });
  });

  it('stops after 20 refusals of one text, whatever the operation', () => {
    for (const { operation, settings } of golden) {
      assert.equal(open().operation(operation, settings).identicalRefusals, 20);
    }
  });

  it('explains the lock-out in the hint of a 403, and the site number in that of a 401', () => {
    const operation = open().operation('facts.add', facts);
    const chunk = { route: '', items: 1, body: [] };
    const hint = (status: number) => {
      const verdict = operation.verdict(reply(status), chunk);
      return 'reason' in verdict ? verdict.reason.hint : undefined;
    };
    assert.match(hint(403) ?? '', /lock the API for 15 minutes/);
    assert.match(hint(401) ?? '', /siteNumber/);
  });

  it('keeps facts of one name out of one request, whatever else they hold, and no others', () => {
    const operation = open().operation('facts.add', facts);
    const nameIn = (factName: string, more: JsonObject = {}) => {
      const encoded = operation.encode({ ...loyalty, ...more, factName }, row);
      return 'faults' in encoded ? assert.fail(JSON.stringify(encoded.faults)) : operation.apart?.(encoded.json);
    };
    const text = fc.string({ unit: fc.constantFrom('a', '"', '\\', '}', '🍵'), minLength: 1, maxLength: 3 });
    // Names that begin alike.
    fc.assert(
      fc.property(text, text, text, (beginning, end, otherEnd) => {
        const [one, other] = [beginning + end, beginning + otherEnd];
        assert.equal(nameIn(one), nameIn(one, { factTtl: 172_800, properties: { tier: '"factName":"x"' } }));
        assert.equal(nameIn(one) === nameIn(other), one === other);
      }),
    );
  });

  it('quotes the message of an error reply, not its wrapping', () => {
    const operation = open().operation('facts.add', facts);
    const chunk = { route: '', items: 1, body: [] };
    const verdict = operation.verdict(reply(400, '{"errorCode":400,"message":"factTtl too short"}'), chunk);
    assert.equal('reason' in verdict && verdict.reason.reason, 'the platform answered 400: factTtl too short');
  });

  it('checks a login by one question about nobody, which 200 and 404 answer well', () => {
    const { check } = open();
    if ('none' in check) assert.fail('there is a check');
    assert.deepEqual(
      check.calls.map(({ request }) => `${request.method} ${request.url}`),
      ['GET https://api.relay42.com/v1/site-1234/profiles/42/profileId?partnerId=00000000-0000-0000-0000-000000000000'],
    );
    const read = (status: number, body = '') => check.read(reply(status, body), 0);
    assert.equal(read(404).ok, true);
    assert.equal(read(200, '"x"').ok, true);
    assert.equal(read(200, '<html>').ok, false);
    for (const status of [400, 401, 403, 429, 500]) assert.equal(read(status).ok, false, String(status));
    assert.match(read(403).hint ?? '', /15 minutes/);
    assert.match(read(401).hint ?? '', /siteNumber/);
    assert.doesNotMatch(read(403, `bad ${basic}`).says, new RegExp(basic));
    assert.equal(check.read({ kind: 'failure', code: 'x', message: 'refused', sent: 'no' }, 0).ok, false);
  });

  it('takes a whole pair of credentials, or a token, and says which where both are there', () => {
    const problem = (given: object) => {
      const parsed = relay42.config.safeParse({ siteNumber: 1234, ...given });
      return parsed.success ? 'none' : parsed.error.issues.map(({ path }) => path.join('.')).join();
    };
    assert.equal(problem({ apiId: 'a', accessToken: 'b' }), 'none');
    assert.equal(problem({ bearerToken: 'b' }), 'none');
    assert.equal(problem({ apiId: 'a', accessToken: 'b', bearerToken: 'c' }), 'auth');
    assert.equal(problem({ apiId: 'a', accessToken: 'b', bearerToken: 'c', auth: 'bearer' }), 'none');
    assert.equal(problem({ apiId: 'a' }), 'accessToken');
    assert.equal(problem({ accessToken: 'a' }), 'apiId');
    assert.equal(problem({}), 'apiId');
    assert.equal(problem({ auth: 'bearer', apiId: 'a', accessToken: 'b' }), 'bearerToken');
    assert.equal(problem({ apiId: 'a:b', accessToken: 'b' }), 'apiId');
    assert.equal(problem({ siteNumber: 'site-1234', bearerToken: 'b' }), 'siteNumber');
    assert.equal(problem({ siteNumber: 0, bearerToken: 'b' }), 'siteNumber');
  });
});
