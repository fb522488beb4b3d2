import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { type JsonObject, rawNumber } from '../../src/model/json.ts';
import type { ApiReply } from '../../src/model/request.ts';
import { datatalks } from '../../src/targets/datatalks.ts';
import type { HarmlessCall } from '../../src/targets/target.ts';
import { firstAttempt, type ReplyCase, runContract } from './contract.ts';

const accessKeyId = 'AKIDEXAMPLE';
const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const config = { accessKeyId, secretAccessKey };

const fields = {
  customer_id: 'integer',
  first_name: { type: 'string', optional: true },
  email: { type: 'email', optional: true },
  birth_date: { type: 'date', optional: true },
  last_seen: { type: 'datetime', optional: true },
  total_spent: { type: 'decimal', optional: true, format: 'text' },
  balance: { type: 'decimal', optional: true },
  is_member: { type: 'boolean', optional: true },
  interests: { type: 'list<string>', optional: true },
} as const;
const profileSettings = { type: 'person', hardId: ['customer_id'], fields };
const profiles = { operation: 'profiles', settings: profileSettings };
const ada = {
  customer_id: 90017,
  first_name: 'Ada',
  email: 'ada@example.com',
  birth_date: '1990-02-28',
  last_seen: '2021-03-18 11:35:24',
  total_spent: '123.75',
  balance: rawNumber('12345678901234567.89'),
  is_member: true,
  interests: ['football', 'hockey'],
};
const without = (...names: string[]) =>
  Object.fromEntries(Object.entries(ada).filter(([name]) => !names.includes(name)));

const eventSettings = {
  type: 'ticket_ev',
  hardId: ['event_id'],
  fields: { event_id: 'string', event_datetime: 'datetime', customer_id: 'integer', type: 'string' },
};
const events = { operation: 'events', settings: eventSettings };
const ticket = { event_id: 'T-5521-3', event_datetime: '2024-03-01 19:30:00', customer_id: 90017, type: 'season' };
const derivedEvents = { operation: 'events', settings: { ...eventSettings, deriveHardId: 'event_id' } };

const inventory = {
  operation: 'inventory',
  settings: { type: 'match', hardId: ['item_id'], fields: { item_id: 'string', name: 'string' } },
};
const match = { item_id: 'M-2024-07', name: 'Hemmamatch 7: Malmö – Öster' };

const waits = { kind: 'backoff', firstMs: 1000, capMs: 30_000 } as const;
const answer = (more: object) => ({
  success: true,
  messages: [''],
  requestId: '0b8f5c1e-77aa-4c8e-9a67-2f5d3e4c1b0a',
  datatalksId: '6e1b4d0c-1b2a-4f3e-8d9c-0a1b2c3d4e5f',
  key: accessKeyId,
  ...more,
});

/** Contract §5, the same for all three entities. */
const repliesFor = (operation: string): ReplyCase[] => [
  {
    operation,
    reply: { status: 200, body: answer({}) },
    gives: { kind: 'accepted', receipts: { 0: '6e1b4d0c-1b2a-4f3e-8d9c-0a1b2c3d4e5f' } },
  },
  { operation, name: 'without the five fields', reply: { status: 200, body: {} }, gives: { kind: 'accepted' } },
  {
    operation,
    name: 'that says it failed',
    reply: { status: 200, body: answer({ success: false, messages: ['Invalid email'] }) },
    gives: { kind: 'rejected', code: 'platform-rejected' },
  },
  ...['<html>Welcome</html>', '', '[]'].map(
    (body): ReplyCase => ({
      operation,
      name: `with ${body === '' ? 'nothing' : body} for an answer`,
      reply: { status: 200, body },
      gives: {
        kind: 'retry',
        code: 'reply-unreadable',
        scope: 'request',
        taken: 'unknown',
        plan: { retries: 3, waits, then: 'stop' },
      },
    }),
  ),
  {
    operation,
    name: 'that says nothing of success',
    reply: { status: 202, body: {} },
    gives: {
      kind: 'retry',
      code: 'reply-unreadable',
      scope: 'request',
      taken: 'unknown',
      plan: { retries: 3, waits, then: 'stop' },
    },
  },
  { operation, reply: { status: 302 }, gives: { kind: 'fatal', code: 'redirected' } },
  {
    operation,
    reply: { status: 400, body: answer({ success: false, messages: ['Invalid email'], datatalksId: null }) },
    gives: { kind: 'rejected', code: 'platform-rejected' },
  },
  { operation, reply: { status: 401 }, gives: { kind: 'fatal', code: 'unauthorized' } },
  {
    operation,
    reply: { status: 403, body: { message: 'Missing Authentication Token' } },
    gives: { kind: 'fatal', code: 'forbidden' },
  },
  { operation, reply: { status: 404 }, gives: { kind: 'fatal', code: 'not-found' } },
  {
    operation,
    reply: { status: 408 },
    gives: { kind: 'retry', code: 'timed-out', scope: 'request', taken: 'unknown' },
  },
  {
    operation,
    reply: { status: 413, body: { message: 'Request Too Long' } },
    gives: { kind: 'rejected', code: 'platform-too-large' },
  },
  {
    operation,
    reply: { status: 429, headers: { 'retry-after': '7' }, body: { message: 'Too Many Requests' } },
    gives: { kind: 'retry', code: 'rate-limited', after: 7000, scope: 'target', taken: 'no' },
  },
  {
    operation,
    reply: { status: 500, body: answer({ success: false, messages: ['Internal error'] }) },
    gives: {
      kind: 'retry',
      code: 'server-error',
      scope: 'request',
      taken: 'unknown',
      plan: { retries: 3, waits, then: 'reject' },
    },
  },
  {
    operation,
    reply: { status: 502, body: { message: 'Internal server error' } },
    gives: { kind: 'retry', code: 'server-error', scope: 'request', taken: 'unknown' },
  },
  {
    operation,
    reply: { status: 503, headers: { 'retry-after': 'Fri, 01 Mar 2024 12:00:30 GMT' } },
    gives: { kind: 'retry', code: 'server-error', after: 30_000, scope: 'target', taken: 'unknown' },
  },
  {
    operation,
    reply: { status: 504, body: { message: 'Endpoint request timed out' } },
    gives: { kind: 'retry', code: 'timed-out', scope: 'request', taken: 'unknown' },
  },
  { operation, reply: { status: 418 }, gives: { kind: 'fatal', code: 'unexpected-status' } },
  {
    operation,
    reply: { failure: 'econnrefused', sent: 'no' },
    gives: { kind: 'retry', code: 'no-connection', scope: 'request', taken: 'no' },
  },
  {
    operation,
    reply: { failure: 'timed-out', sent: 'unknown' },
    gives: { kind: 'retry', code: 'timed-out', scope: 'request', taken: 'unknown' },
  },
];

const acceptedEmails = ['ada@example.com', 'a.b+c@sub.example.co', "o'neil@example.org"];
const refusedEmails = [
  'mma a@gma.com',
  '“cogwheel the orange”@example.com',
  '"cogwheel"@example.com',
  'ada@',
  '@x.se',
  'a@b',
  'a..b@x.se',
  'a@@x.se',
  'a@x..se',
  '.a@x.se',
  'a.@x.se',
  'a@-x.se',
  'a@x-.se',
  'a@x.s',
  'a@x.s1',
  'åsa@example.com',
  `${'a'.repeat(65)}@x.se`,
  `a@${'x'.repeat(251)}.se`,
];
const refusedDates = [
  '2024-02-30',
  '29/02/2024',
  '2024-2-9',
  '2024-02-29Z',
  '2024-02-29+01:00',
  '2023-02-29',
  '2024-13-01',
  '2024-00-10',
  '2024-01-00',
  '1900-02-29',
];
const refusedDatetimes = [
  '2024-03-01',
  '2024-03-01T19:30:00',
  '2024-03-01 24:00:00',
  '2024-03-01 19:60:00',
  '2024-02-30 19:30:00',
  '2024-02-30T19:30:00Z',
];

const documented = [200, 400, 403, 413, 429, 500, 502, 504];
const limits = { items: 1, bytes: 256_000 };

runContract({
  type: 'datatalks',
  config,
  secrets: [accessKeyId, secretAccessKey],
  freshHeaders: ['X-Amz-Date', 'Authorization'],
  documented: { profiles: documented, events: documented, inventory: documented },
  golden: [
    { ...profiles, name: 'profiles', items: [ada] },
    {
      ...profiles,
      name: 'profiles-v2-staging-group',
      config: { version: 'v2', environment: 'staging', groupKey: 'main_group', region: 'eu-north-1' },
      items: [{ ...without('interests', 'balance'), email: null, interests: null, balance: null }],
    },
    { ...events, name: 'events', items: [ticket] },
    { ...derivedEvents, name: 'events-derived-id', items: [{ ...ticket, event_id: undefined }].map(withoutUndefined) },
    { ...inventory, name: 'inventory', items: [match] },
    {
      operation: 'inventory',
      settings: { ...inventory.settings, datatalksIdFrom: 'known_as' },
      name: 'inventory-by-datatalks-id',
      items: [{ known_as: '6e1b4d0c-1b2a-4f3e-8d9c-0a1b2c3d4e5f', ...match }],
    },
  ],
  refusals: [
    { ...profiles, name: 'a Hard-ID of null', item: { ...ada, customer_id: null }, faults: ['id-missing customer_id'] },
    { ...profiles, name: 'a missing Hard-ID', item: without('customer_id'), faults: ['id-missing customer_id'] },
    { ...events, name: 'an empty Hard-ID', item: { ...ticket, event_id: '' }, faults: ['id-missing event_id'] },
    {
      ...profiles,
      name: 'a missing optional field, which would be erased',
      item: without('email'),
      faults: ['field-missing email'],
    },
    {
      ...events,
      name: 'a missing field that is not optional',
      item: withoutUndefined({ ...ticket, type: undefined }),
      faults: ['field-missing type'],
    },
    {
      ...profiles,
      name: 'a misspelt field, which would be dropped, is two faults',
      item: { ...without('email'), e_mail: 'ada@example.com' },
      faults: ['field-unknown e_mail', 'field-missing email'],
    },
    {
      ...derivedEvents,
      name: 'a Hard-ID both mapped and derived',
      item: { ...ticket },
      faults: ['field-unknown event_id'],
    },
    {
      ...profiles,
      name: 'every fault of an item at once',
      item: { ...ada, customer_id: 1.5, email: 'a@b', birth_date: '2024-02-30', is_member: 'Yes' },
      faults: ['field-type customer_id', 'field-email email', 'field-format birth_date', 'field-type is_member'],
    },
    ...['birth_date', 'last_seen', 'total_spent', 'balance', 'is_member', 'interests', 'email'].map((name) => ({
      ...profiles,
      name: `an empty text in ${name}, which is no text`,
      item: { ...ada, [name]: '' },
      faults: [`field-format ${name}`],
    })),
    { ...profiles, name: 'an id as text', item: { ...ada, customer_id: '90017' }, faults: ['field-type customer_id'] },
    {
      ...profiles,
      name: 'an id with a fraction of many digits',
      item: { ...ada, customer_id: rawNumber('90071992547409930.5') },
      faults: ['field-type customer_id'],
    },
    {
      ...profiles,
      name: 'an id that lost digits',
      item: { ...ada, customer_id: 2 ** 53 },
      faults: ['field-type customer_id'],
    },
    { ...profiles, name: 'a number as text', item: { ...ada, first_name: 7 }, faults: ['field-type first_name'] },
    { ...profiles, name: 'money as a number', item: { ...ada, total_spent: 1.5 }, faults: ['field-type total_spent'] },
    { ...profiles, name: 'money with a comma', item: { ...ada, balance: '1,5' }, faults: ['field-type balance'] },
    { ...profiles, name: 'infinity', item: { ...ada, balance: Infinity }, faults: ['field-type balance'] },
    {
      ...profiles,
      name: 'an object, where the data is flat',
      item: { ...ada, first_name: { given: 'Ada' } },
      faults: ['field-type first_name'],
    },
    {
      ...profiles,
      name: 'a list with an element of another type',
      item: { ...ada, interests: ['a', 1] },
      faults: ['field-type interests'],
    },
    ...refusedEmails.map((email) => ({
      ...profiles,
      name: `the address ${email.slice(0, 40)}`,
      item: { ...ada, email },
      faults: ['field-email email'],
    })),
    ...refusedDates.map((birth_date) => ({
      ...profiles,
      name: `the date ${birth_date}`,
      item: { ...ada, birth_date },
      faults: ['field-format birth_date'],
    })),
    ...refusedDatetimes.map((last_seen) => ({
      ...profiles,
      name: `the datetime ${last_seen}`,
      item: { ...ada, last_seen },
      faults: ['field-format last_seen'],
    })),
    {
      operation: 'inventory',
      settings: { ...inventory.settings, datatalksIdFrom: 'known_as' },
      name: 'a datatalksId in upper case',
      item: { ...match, known_as: '6E1B4D0C-1B2A-4F3E-8D9C-0A1B2C3D4E5F' },
      faults: ['field-format known_as'],
    },
  ],
  replies: ['profiles', 'events', 'inventory'].flatMap(repliesFor),
  limits: [
    { ...profiles, limits, itemBytes: 256_000, sized: (text) => ({ ...ada, first_name: text }) },
    { ...events, limits, itemBytes: 256_000, sized: (text) => ({ ...ticket, event_id: text }) },
    { ...inventory, limits, itemBytes: 256_000, sized: (text) => ({ ...match, name: text }) },
  ],
});

function withoutUndefined(item: Record<string, unknown>): JsonObject {
  return JSON.parse(JSON.stringify(item));
}

describe('datatalks beyond the common contract', () => {
  const row = { identity: 'f0e1d2c3'.repeat(8), key: 'k', now: 0 };
  const open = (more: object = {}, common: object = {}) =>
    datatalks.open(datatalks.config.parse({ ...config, ...more }), {
      baseUrl: datatalks.defaults.baseUrl,
      headers: {},
      ...common,
    });
  const encode = (settings: object, item: object, operation = 'profiles') =>
    open()
      .operation(operation, settings)
      .encode({ ...item }, row);
  const jsonOf = (settings: object, item: object, operation = 'profiles') => {
    const encoded = encode(settings, item, operation);
    return 'faults' in encoded ? assert.fail(encoded.faults[0]?.reason) : JSON.parse(encoded.json);
  };
  const replyOf = (status: number, body: unknown): ApiReply => ({
    kind: 'reply',
    status,
    headers: {},
    body: typeof body === 'string' ? body : JSON.stringify(body),
    truncated: false,
    receivedAt: 0,
  });
  const reasonOf = (status: number, body: unknown) => {
    const verdict = open()
      .operation('profiles', profileSettings)
      .verdict(replyOf(status, body), { route: '', items: 1, body: [] });
    return 'reason' in verdict ? verdict.reason : assert.fail(`${verdict.kind} has no reason`);
  };

  for (const [region, signature] of [
    ['eu-west-1', '7b2595e884fc463797c8f5ab0503e191707e5599bef72043205550edeffdfa48'],
    ['eu-north-1', '9cebdf6811df10d93d1b195ea77bdc1a3c641aae2bb87cbb08453a6df495848e'],
  ] as const) {
    it(`signs the contract's test vector for ${region}`, () => {
      const target = open({ region });
      const operation = target.operation('profiles', {
        type: 'person',
        hardId: ['customer_id'],
        fields: { customer_id: 'integer', email: 'email', signup_date: 'date' },
      });
      const item = { customer_id: 90017, email: 'ada@example.com', signup_date: '2024-02-29' };
      const encoded = operation.encode(item, row);
      if ('faults' in encoded) assert.fail();
      const body = Buffer.from(encoded.json);
      assert.equal(body.length, 99);
      const request = operation.request({ route: '', items: 1, body: [body] });
      // In two pieces the body is still one body.
      for (const pieces of [[body], [body.subarray(0, 40), body.subarray(40)]]) {
        const { headers } = target.authorize({ ...request, body: pieces }, firstAttempt, undefined);
        assert.equal(headers['X-Amz-Date'], '20240301T120000Z');
        assert.equal(
          headers['Authorization'],
          `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240301/${region}/execute-api/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=${signature}`,
        );
      }
    });
  }

  it('dates each attempt with the moment it is made', () => {
    const target = open();
    const chunk = { route: '', items: 1, body: [Buffer.from('{}')] };
    const request = target.operation('profiles', profileSettings).request(chunk);
    const moments = ['2024-03-01T12:00:00.900Z', '2024-03-01T12:00:01.000Z', '2024-03-02T00:00:00Z'];
    const dates = moments.map((now) => target.authorize(request, new Date(now), undefined).headers['X-Amz-Date']);
    assert.deepEqual(dates, ['20240301T120000Z', '20240301T120001Z', '20240302T000000Z']);
  });

  it('signs no header of the user, and lets none take the place of its own', () => {
    const target = open({}, { headers: { 'X-Team': 'crm' } });
    const chunk = { route: '', items: 1, body: [Buffer.from('{}')] };
    const request = target.operation('profiles', profileSettings).request(chunk);
    const signed = target.authorize(request, firstAttempt, undefined);
    assert.equal(signed.headers['X-Team'], 'crm');
    assert.match(signed.headers['Authorization'] ?? '', /SignedHeaders=content-type;host;x-amz-date,/);
    for (const name of ['content-type', 'HOST', 'X-Amz-Date', 'Authorization']) {
      assert.throws(() => open({}, { headers: { [name]: 'x' } }), { code: 'settings-invalid' });
    }
  });

  it('goes where environment and version point, unless baseUrl says otherwise', () => {
    const urlOf = (more: object, common?: object) =>
      open(more, common).operation('events', eventSettings).request({ route: '', items: 1, body: [] }).url;
    assert.equal(urlOf({}), 'https://api.datatalks.se/v3/events');
    assert.equal(urlOf({ version: 'v2' }), 'https://api.datatalks.se/v2/events');
    assert.equal(urlOf({ environment: 'staging' }), 'https://staging.api.datatalks.se/v3/events');
    const own = { baseUrl: 'http://127.0.0.1:4100/datatalks/' };
    assert.equal(urlOf({ environment: 'staging' }, own), 'http://127.0.0.1:4100/datatalks/v3/events');
  });

  it('is another destination under another key, group, version or environment, but not another region', () => {
    const { identity } = open();
    for (const more of [
      { accessKeyId: 'AKIDOTHER' },
      { groupKey: 'g' },
      { version: 'v2' },
      { environment: 'staging' },
    ]) {
      assert.notEqual(open(more).identity, identity, JSON.stringify(more));
    }
    assert.equal(open({ region: 'eu-north-1' }).identity, identity);
  });

  it('accepts the addresses that the contract names as good, and trims what stands around them', () => {
    for (const email of acceptedEmails) assert.equal(jsonOf(profileSettings, { ...ada, email }).data.email, email);
    assert.equal(jsonOf(profileSettings, { ...ada, email: ' ada@example.com ' }).data.email, 'ada@example.com');
  });

  it('leaves the item it was given as it was', () => {
    const item = { ...ada, email: ' ada@example.com ' };
    assert.ok('json' in open().operation('profiles', profileSettings).encode(item, row));
    assert.equal(item.email, ' ada@example.com ');
  });

  it('tells an instant with a zone in the zone that the settings name', () => {
    const told = (last_seen: string, more: object = {}) =>
      jsonOf({ ...profileSettings, ...more }, { ...ada, last_seen }).data.last_seen;
    const zone = 'Europe/Stockholm';
    assert.equal(told('2024-03-01T19:30:00Z'), '2024-03-01 19:30:00');
    assert.equal(told('2024-03-01T19:30:00.999+01:00'), '2024-03-01 18:30:00');
    assert.equal(told('2024-03-01 19:30Z'), '2024-03-01 19:30:00');
    assert.equal(told('2024-03-31T00:59:59Z', { zone }), '2024-03-31 01:59:59');
    assert.equal(told('2024-03-31T01:00:00Z', { zone }), '2024-03-31 03:00:00');
    assert.equal(told('2023-12-31T23:30:00Z', { zone }), '2024-01-01 00:30:00');
    assert.equal(told('2024-03-01 19:30:00', { zone }), '2024-03-01 19:30:00', 'a text without a zone stays');
  });

  it('holds to the form that a field is declared to have', () => {
    const settings = (type: string, format: string) => ({
      type: 't',
      hardId: ['id'],
      fields: { id: 'string', at: { type, format } },
    });
    const short = settings('datetime', 'yyyy-MM-dd HH:mm');
    assert.equal(jsonOf(short, { id: '1', at: '2024-03-01 19:30' }).data.at, '2024-03-01 19:30');
    assert.equal(jsonOf(short, { id: '1', at: '2024-03-01T19:30:59Z' }).data.at, '2024-03-01 19:30');
    assert.ok('faults' in encode(short, { id: '1', at: '2024-03-01 19:30:00' }));
    assert.ok('json' in encode(settings('date', 'dd/MM/yyyy'), { id: '1', at: '29/02/2024' }));
    assert.ok('faults' in encode(settings('date', 'dd/MM/yyyy'), { id: '1', at: '02/29/2024' }));
    assert.ok('faults' in encode(settings('decimal', 'number'), { id: '1', at: '1.5' }));
  });

  it('sends 19 digits as 19 digits', () => {
    const encoded = encode(profileSettings, { ...ada, customer_id: rawNumber('9007199254740993001') });
    if ('faults' in encoded) assert.fail();
    assert.match(encoded.json, /"customer_id":9007199254740993001,/);
    assert.deepEqual(encoded.lanes, ['profiles:person:9007199254740993001']);
  });

  it('lets an optional field be missing, or its cell be left out, only when told so', () => {
    const lenient = { ...profileSettings, allowMissingOptional: true };
    assert.ok(!('email' in jsonOf(lenient, without('email')).data));
    assert.ok('faults' in encode(lenient, without('customer_id')));
    const cells = (settings: object) => open().operation('profiles', settings).emptyCells;
    assert.deepEqual(cells(lenient).allowed, ['null', 'omit', 'keep', 'reject']);
    assert.deepEqual(cells(profileSettings).allowed, ['null', 'keep', 'reject']);
    assert.equal(cells(profileSettings).fallback, 'null');
  });

  it('makes a mapping name every field that would be erased otherwise', () => {
    const ruled = (settings: object) =>
      open()
        .operation('profiles', settings)
        .fields.filter(({ alwaysPresent }) => alwaysPresent)
        .map(({ name }) => name);
    assert.deepEqual(ruled(profileSettings), Object.keys(fields));
    assert.deepEqual(ruled({ ...profileSettings, allowMissingOptional: true }), ['customer_id']);
  });

  it('takes null in every field but the Hard-ID', () => {
    const nothing = Object.fromEntries(Object.keys(ada).map((name) => [name, null]));
    assert.equal(jsonOf(profileSettings, { ...nothing, customer_id: 1 }).data.email, null);
  });

  it('warns of an empty text in a text field, and sends it', () => {
    const encoded = encode(profileSettings, { ...ada, first_name: '' });
    if ('faults' in encoded) assert.fail();
    assert.deepEqual(
      encoded.warnings?.map(({ code }) => code),
      ['text-empty'],
    );
  });

  it('tells the Hard-ID of an event, which is kept once, and of nothing else', () => {
    const idOf = (entity: string, settings: object, item: JsonObject) => {
      const encoded = open().operation(entity, settings).encode(item, row);
      return 'faults' in encoded ? assert.fail() : encoded.id;
    };
    assert.equal(idOf('events', eventSettings, ticket), ticket.event_id);
    const two = { ...eventSettings, hardId: ['event_id', 'customer_id'] };
    assert.notEqual(idOf('events', two, ticket), idOf('events', two, { ...ticket, customer_id: 1 }));
    const { event_id: _, ...item } = ticket;
    assert.equal(idOf('events', { ...eventSettings, deriveHardId: 'event_id' }, item), undefined);
    assert.equal(idOf('profiles', profileSettings, ada), undefined);
  });

  it('derives a Hard-ID that is the same whenever the row is the same', () => {
    const settings = { ...eventSettings, deriveHardId: 'event_id' };
    const { event_id: _, ...item } = ticket;
    const first = jsonOf(settings, item, 'events').data;
    assert.equal(first.event_id, 'f0e1d2c3'.repeat(4));
    assert.deepEqual(jsonOf(settings, item, 'events').data, first);
    const alone = { type: 't', hardId: ['id'], fields: { id: 'string' }, deriveHardId: 'id' };
    assert.deepEqual(jsonOf(alone, {}, 'events'), { type: 't', data: { id: 'f0e1d2c3'.repeat(4) } });
    assert.ok(
      !open()
        .operation('events', settings)
        .fields.some(({ name }) => name === 'event_id'),
    );
  });

  it('keeps one request in flight for each Hard-ID, whatever else the rows say', () => {
    const two = { ...profileSettings, hardId: ['customer_id', 'first_name'] };
    const strict = { ...two, fields: { ...fields, first_name: 'string' } };
    const lanesOf = (settings: object, item: object) => {
      const encoded = encode(settings, item);
      return 'faults' in encoded ? assert.fail() : encoded.lanes;
    };
    assert.deepEqual(lanesOf(strict, ada), lanesOf(strict, { ...ada, email: null }));
    assert.notDeepEqual(lanesOf(strict, ada), lanesOf(strict, { ...ada, first_name: 'Bo' }));
    assert.equal(open().operation('profiles', strict).laned, true);
    assert.equal(open().operation('events', derivedEvents.settings).laned, false);
  });

  it('resends by itself, but for events and inventory only as long as an upsert may be assumed', () => {
    const operation = (name: string, settings: object) => open().operation(name, settings);
    assert.equal(operation('profiles', profileSettings).repeatable, true);
    assert.equal(operation('events', eventSettings).repeatable, true);
    assert.match(operation('events', eventSettings).notices?.join() ?? '', /assumed to replace/);
    assert.equal(operation('events', { ...eventSettings, assumeUpsert: false }).repeatable, false);
    assert.throws(() => operation('profiles', { ...profileSettings, assumeUpsert: false }), {
      code: 'settings-invalid',
    });
  });

  it('refuses settings that cannot work, and names the place', () => {
    const wrong: [object, RegExp][] = [
      [{ hardId: ['nobody'] }, /hardId\.0: nobody is not among the declared fields/],
      [{ hardId: ['email'] }, /hardId\.0: email is declared optional/],
      [{ hardId: ['customer_id', 'customer_id'] }, /stands here twice/],
      [{ hardId: [] }, /hardId/],
      [{ deriveHardId: 'email' }, /deriveHardId: email is not part of the Hard-ID/],
      [{ deriveHardId: 'customer_id' }, /must be declared as string/],
      [{ zone: 'Europe/Atlantis' }, /zone: there is no time zone/],
      [{ fields: { ...fields, 'a.b': 'string' } }, /flat/],
      [{ fields: { ...fields, birth_date: { type: 'date', format: 'yyyy-MM-dd HH' } } }, /names a time/],
      [{ fields: { ...fields, birth_date: { type: 'date', format: 'yyyy-MM-ddZ' } } }, /letter "Z"/],
      [{ fields: { ...fields, last_seen: { type: 'datetime', format: 'yyyy-MM-dd' } } }, /lacks HH/],
      [{ fields: { ...fields, email: { type: 'email', format: 'x' } } }, /means nothing/],
      [{ datatalksIdFrom: 'email' }, /two places/],
    ];
    for (const [more, message] of wrong) {
      assert.throws(() => open().operation('profiles', { ...profileSettings, ...more }), {
        code: 'settings-invalid',
        message,
      });
    }
  });

  it('takes a larger body when told so, up to what the gateway takes', () => {
    const bytes = (maxBytes: number) => open({}, { maxBytes }).operation('profiles', profileSettings).limits.bytes;
    assert.equal(bytes(1_000_000), 1_000_000);
    assert.equal(bytes(50_000_000), 10_000_000);
  });

  it('tells the 403s apart, each with the hint that helps', () => {
    const cases: [string, RegExp][] = [
      ['Missing Authentication Token', /address that does not exist/],
      ['The security token included in the request is invalid.', /Check accessKeyId/],
      ['The request signature we calculated does not match the signature you provided.', /Check secretAccessKey/],
      ['User: arn:aws:iam::1:user/x is not authorized to perform: execute-api:Invoke', /ask Data Talks/],
      ['Signature expired: 20240301T120000Z is now earlier than 20240301T130000Z', /clock/],
      ['Credential should be scoped to a valid region.', /set region/],
      ['Forbidden by the office', /show them the text above/],
    ];
    for (const [message, hint] of cases) {
      const reason = reasonOf(403, { message });
      assert.match(reason.hint ?? '', hint);
      assert.ok(reason.reason.includes(message.slice(0, 30)));
    }
  });

  it('quotes the messages, never the echoed key, even of a body that is cut off', () => {
    const { reason } = reasonOf(400, answer({ success: false, messages: ['Bad a', '', 'Bad b'], key: 'AKIDSOMEONE' }));
    assert.equal(reason, 'the platform answered 400: Bad a; Bad b');
    assert.doesNotMatch(reasonOf(400, '{"success":false, "key": "AKIDSOMEONE').reason, /AKIDSOMEONE/);
  });

  it('gives refusals of two records the same words, and server errors their requestId', () => {
    const refusal = (requestId: string) =>
      reasonOf(400, answer({ success: false, messages: ['no type x'], requestId }));
    assert.deepEqual(refusal('1'), refusal('2'));
    const failure = reasonOf(500, answer({ success: false, messages: ['oops'], requestId: 'r-17' }));
    assert.match(failure.reason, /oops \(requestId r-17\)/);
    assert.equal(failure.stopAfter, 10);
  });

  describe('check', () => {
    const check = (more: object = {}) => open(more).check as HarmlessCall;

    it('is a signed record that names and holds nothing, for each likely region, its own first', () => {
      const regionsOf = (more: object) =>
        check(more).calls.map(({ request, authorize }) => {
          assert.equal(Buffer.concat(request.body).toString(), '{}');
          const signed = authorize?.(request, firstAttempt, undefined);
          return signed?.headers['Authorization']?.split('/')[2];
        });
      assert.deepEqual(regionsOf({}), ['eu-west-1', 'eu-north-1']);
      assert.deepEqual(regionsOf({ region: 'eu-north-1' }), ['eu-north-1', 'eu-west-1']);
      assert.deepEqual(regionsOf({ region: 'us-east-1' }), ['us-east-1', 'eu-west-1', 'eu-north-1']);
    });

    it('is content with 400, and says which region to set', () => {
      const refused = replyOf(400, answer({ success: false, messages: ["'type' is missing"], datatalksId: null }));
      assert.deepEqual(check().read(refused, 0), {
        ok: true,
        says: 'the signature is good in region eu-west-1; the empty record was refused as it should be',
      });
      const other = check().read(refused, 1);
      assert.deepEqual([other.ok, other.conclusive, other.hint], [false, true, 'Set region: eu-north-1']);
    });

    it('reads 403 by its table and other answers as failures, without secrets', () => {
      const wrongRegion = check().read(replyOf(403, { message: 'Credential should be scoped to a valid region.' }), 0);
      assert.equal(wrongRegion.ok, false);
      assert.match(wrongRegion.hint ?? '', /region/);
      assert.equal(wrongRegion.conclusive, undefined);
      const noRight = replyOf(403, { message: 'User: x is not authorized to perform: execute-api:Invoke' });
      assert.deepEqual([check().read(noRight, 0).conclusive, check().read(noRight, 1).conclusive], [undefined, true]);
      assert.equal(check().read(replyOf(500, { message: 'x', key: accessKeyId }), 0).ok, false);
      const failure = { kind: 'failure', code: 'x', message: `via ${accessKeyId}`, sent: 'no' } as const;
      assert.doesNotMatch(check().read(failure, 0).says, /AKID/);
    });
  });

  describe('fixtures', () => {
    const folder = join(import.meta.dirname, '..', '..', 'fixtures', 'datatalks');
    for (const name of ['ticket-buyers', 'ticket-purchases', 'matches']) {
      it(`${name}.map.yaml declares what it sends, and its tests give what Data Talks takes`, () => {
        const mapping = parse(readFileSync(join(folder, `${name}.map.yaml`), 'utf8'));
        const operation = open().operation(mapping.operation, mapping.settings);
        const sent = Object.keys(mapping.fields);
        assert.deepEqual(new Set(sent), new Set(operation.fields.map((field) => field.name)));
        const given: JsonObject[] = mapping.tests.flatMap(({ gives }: { gives?: JsonObject }) => gives ?? []);
        assert.ok(given.length > 0);
        for (const item of given) {
          const encoded = operation.encode(item, row);
          if ('faults' in encoded) assert.fail(encoded.faults[0]?.reason);
          assert.deepEqual(Object.keys(JSON.parse(encoded.json).data), sent);
        }
      });
    }
  });
});
