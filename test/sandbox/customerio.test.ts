import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { itemBytes } from '../../src/sandbox/customerio/item-bytes.ts';
import { type CustomerioOptions, createCustomerio } from '../../src/sandbox/customerio.ts';
import type { EmulatorReply } from '../../src/sandbox/emulator.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

type Call = Readonly<Record<string, unknown>>;

interface Sent {
  readonly region?: 'us' | 'eu';
  readonly path?: string;
  readonly method?: string;
  readonly key?: string;
  /** Value of X-Strict-Mode; null: no such header. */
  readonly strict?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

const keys = { us: 'sandbox-us-cdp-api-key', eu: 'sandbox-eu-cdp-api-key' };
const base64 = (text: string) => Buffer.from(text).toString('base64');
const hour = 3_600_000;

function sandbox(options: Partial<CustomerioOptions> = {}) {
  const clock = createVirtualClock(Date.UTC(2024, 2, 1, 12));
  const emulator = createCustomerio(clock, options);
  const raw = (body: string | Buffer, sent: Sent = {}): EmulatorReply => {
    const { region = 'us', path = `/${region}/v1/batch`, method = 'POST', strict = '1', headers = {} } = sent;
    const reply = emulator.handle({
      method,
      path,
      rawUrl: `/customerio${path}`,
      query: new URLSearchParams(),
      headers: {
        authorization: `Basic ${base64(`${sent.key ?? keys[region]}:`)}`,
        'content-type': 'application/json',
        ...(strict === null ? {} : { 'x-strict-mode': strict }),
        ...headers,
      },
      body: Buffer.from(body),
    });
    assert.ok(!(reply instanceof Promise));
    return reply;
  };
  const read = (name: string, query = '') => emulator.readOut(name, new URLSearchParams(query));
  const list = (name: string, query = ''): Call[] => {
    const found = read(name, query);
    assert.ok(Array.isArray(found), name);
    return found;
  };
  return {
    clock,
    emulator,
    raw,
    read,
    list,
    batch: (calls: readonly unknown[], sent: Sent = {}) => raw(JSON.stringify({ batch: calls }), sent),
    one: (type: string, call: Call, sent: Sent = {}) =>
      raw(JSON.stringify(call), { path: `/${sent.region ?? 'us'}/v1/${type}`, ...sent }),
    reasons: () => list('dropped').map(({ reason }) => reason),
    person: (id: string) => list('people').find((person) => person['id'] === id),
  };
}

const identify = (userId: string, traits: Call = {}) => ({ type: 'identify', userId, traits });
const track = (userId: string, event: string, more: Call = {}) => ({ type: 'track', userId, event, ...more });
const errorsOf = ({ body }: EmulatorReply): unknown =>
  typeof body === 'object' &&
  'meta' in body &&
  typeof body.meta === 'object' &&
  body.meta !== null &&
  'errors' in body.meta
    ? body.meta.errors
    : assert.fail(JSON.stringify(body));

describe('who may come in', () => {
  for (const [about, sent] of [
    ['an unknown key', { key: 'nobody' }],
    ['the key of the other region', { key: keys.eu }],
    ['no credentials', { headers: { authorization: '' } }],
    ['a key without its colon', { headers: { authorization: `Basic ${base64(keys.us)}` } }],
    ['a key with a password', { headers: { authorization: `Basic ${base64(`${keys.us}:x`)}` } }],
    ['a bearer token', { headers: { authorization: `Bearer ${keys.us}` } }],
  ] as const) {
    it(`${about}: 401 without a body in strict mode, 200 and nothing stored in permissive mode`, () => {
      const { batch, list, reasons } = sandbox();
      assert.deepEqual(batch([identify('u')], sent), { status: 401 });
      assert.deepEqual(batch([identify('u')], { ...sent, strict: null }), { status: 200, body: {} });
      assert.deepEqual(list('people'), []);
      assert.deepEqual(new Set(reasons()), new Set([about.includes('other region') ? 'region' : 'auth']));
    });
  }

  it('strict is the header with exactly "1"', () => {
    for (const strict of ['true', '0', '01', 'yes', ''] as const) {
      assert.equal(sandbox().batch([{}], { strict }).status, 200);
    }
    assert.equal(sandbox().batch([{}]).status, 400);
  });

  it('the two regions keep their own people', () => {
    const { batch, list } = sandbox();
    batch([identify('a')]);
    batch([identify('b')], { region: 'eu' });
    assert.deepEqual([list('people')[0]?.['id'], list('people', 'region=eu')[0]?.['id']], ['a', 'b']);
  });

  it('other paths are 404, other methods 405', () => {
    const { raw } = sandbox();
    for (const path of ['/us/v1/import', '/us/v2/batch', '/batch', '/asia/v1/batch', '/us/v1/batch/']) {
      assert.equal(raw('{}', { path }).status, 404, path);
    }
    for (const method of ['GET', 'PUT', 'DELETE']) assert.equal(raw('{}', { method }).status, 405);
  });

  it('the Track hosts tell the region of either account, to Track credentials only', () => {
    const { raw } = sandbox();
    const ask = (pair: string, host = 'track') =>
      raw('', {
        method: 'GET',
        path: `/${host}/api/v1/accounts/region`,
        headers: { authorization: `Basic ${base64(pair)}` },
      });
    assert.deepEqual(ask('sandbox-us-site:sandbox-us-track-key').body, {
      url: 'https://track.customer.io',
      region: 'us',
      environment_id: 3,
    });
    assert.deepEqual(ask('sandbox-eu-site:sandbox-eu-track-key', 'track-eu').body, {
      url: 'https://track-eu.customer.io',
      region: 'eu',
      environment_id: 4,
    });
    assert.equal(ask('sandbox-us-site:sandbox-eu-track-key').status, 401);
    assert.equal(ask(`${keys.us}:`).status, 401);
  });
});

describe('sizes', () => {
  const ofBytes = (bytes: number) => {
    const frame = Buffer.byteLength('{"batch":[]}');
    const item = (text: string) => JSON.stringify(identify('u', { text }));
    const room = bytes - frame - Buffer.byteLength(item(''));
    return `{"batch":[${item('ö'.repeat(Math.floor(room / 2)) + 'x'.repeat(room % 2))}]}`;
  };
  const wide = { itemBytes: 1_000_000 };

  it('a request of 500,000 bytes passes and one byte more does not', () => {
    assert.equal(sandbox(wide).raw(ofBytes(500_000)).status, 200);
    assert.equal(sandbox(wide).raw(ofBytes(500_001)).status, 400);
    assert.equal(sandbox({ ...wide, tooLargeStatus: 413 }).raw(ofBytes(500_001)).status, 413);
  });

  it('a call of 32,768 bytes passes and one byte more does not', () => {
    const frame = Buffer.byteLength('{"batch":[]}');
    assert.equal(sandbox().raw(ofBytes(32_768 + frame)).status, 200);
    const { raw, list } = sandbox();
    assert.equal(raw(ofBytes(32_769 + frame)).status, 400);
    assert.deepEqual(list('people'), []);
  });

  it('permissive mode drops the whole request and says 200', () => {
    const { raw, list, reasons } = sandbox();
    const { batch } = JSON.parse(ofBytes(40_000));
    assert.deepEqual(raw(JSON.stringify({ batch: [identify('small'), ...batch] }), { strict: null }), {
      status: 200,
      body: {},
    });
    assert.deepEqual([list('people'), reasons()], [[], ['size']]);
  });

  it('a call is measured as it came, not as it would be written again', () => {
    const spaced = `{ "context": {"a":{}}, "batch": [ {"type":"identify","userId":"u"  }, {"a":[{"b":"}]\\"{"}]} ]}`;
    assert.deepEqual(itemBytes(Buffer.from(spaced)), [
      '{"type":"identify","userId":"u"  }'.length,
      '{"a":[{"b":"}]\\"{"}]}'.length,
    ]);
  });

  it('every batch is measured call by call', () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), fc.jsonValue())), (calls) => {
        const sizes = calls.map((call) => Buffer.byteLength(JSON.stringify(call)));
        assert.deepEqual(itemBytes(Buffer.from(JSON.stringify({ batch: calls }))), sizes);
      }),
    );
  });
});

describe('validation', () => {
  const bad: readonly (readonly [string, unknown, string])[] = [
    ['a number', 7, 'must be an object'],
    ['no type', { userId: 'u' }, 'type is required'],
    [
      'an unknown type',
      { type: 'import', userId: 'u' },
      'type must be one of identify, track, page, screen, group, alias',
    ],
    ['identify without id', { type: 'identify' }, 'userId or anonymousId is required'],
    ['identify with a blank id', { type: 'identify', userId: '  ' }, 'userId or anonymousId is required'],
    ['a number as id', { type: 'identify', userId: 7 }, 'userId must be a string'],
    ['traits that are a list', { type: 'identify', userId: 'u', traits: [] }, 'traits must be an object'],
    ['an empty messageId', { ...identify('u'), messageId: '' }, 'messageId must not be empty'],
    [
      'a time without a zone',
      { ...identify('u'), timestamp: '2024-01-01T00:00:00' },
      'timestamp must be an ISO 8601 date-time',
    ],
    [
      'a time in milliseconds',
      { ...identify('u'), timestamp: 1_700_000_000_000 },
      'timestamp must be an ISO 8601 date-time',
    ],
    [
      'integrations that are no booleans',
      { ...identify('u'), integrations: { All: 'true' } },
      'integrations must hold booleans',
    ],
    ['track without event', { type: 'track', userId: 'u' }, 'event is required'],
    ['track without id', { type: 'track', event: 'e' }, 'userId or anonymousId or groupId is required'],
    ['page with a groupId only', { type: 'page', groupId: 'g' }, 'userId or anonymousId is required'],
    ['screen without id', { type: 'screen', name: 'n' }, 'userId or anonymousId is required'],
    ['group without groupId', { type: 'group', userId: 'u' }, 'groupId is required'],
    [
      'an object type that is a number',
      { type: 'group', groupId: 'g', traits: { objectTypeId: 1 } },
      'traits.objectTypeId must be a stringified integer',
    ],
    ['alias without previousId', { type: 'alias', userId: 'u' }, 'previousId is required'],
    ['User Deleted for a visitor', { type: 'track', anonymousId: 'a', event: 'User Deleted' }, 'userId is required'],
    [
      'User Suppressed for a visitor',
      { type: 'track', anonymousId: 'a', event: 'User Suppressed' },
      'userId is required',
    ],
    [
      'a device without token',
      track('u', 'Device Created or Updated', { context: { device: { type: 'ios' } } }),
      'context.device.token is required',
    ],
    [
      'a device without type',
      track('u', 'Device Created or Updated', { context: { device: { token: 't' } } }),
      'context.device.type must be ios or android',
    ],
    ['Relationship Deleted without object', track('u', 'Relationship Deleted'), 'properties.objectId is required'],
    [
      'Relationship Deleted with a type as text',
      track('u', 'Relationship Deleted', { properties: { objectId: 'o', objectTypeId: '1' } }),
      'properties.objectTypeId must be an integer',
    ],
    [
      'Object Deleted for a user',
      track('u', 'Object Deleted', { properties: { objectId: 'o' } }),
      'anonymousId is required',
    ],
    [
      'a delivery report with an odd metric',
      track('u', 'Report Delivery Event', { properties: { deliveryId: 'd', metric: 'lost' } }),
      'properties.metric must be one of delivered, clicked, converted, opened',
    ],
    ['a content report without activity', track('u', 'Report Content Event'), 'properties.activityType is required'],
  ];

  for (const [about, call, text] of bad) {
    it(`${about} refuses the whole strict batch, and is dropped alone in permissive mode`, () => {
      const strict = sandbox();
      const reply = strict.batch([identify('good'), call]);
      assert.equal(reply.status, 400);
      assert.deepEqual(errorsOf(reply), [text]);
      assert.deepEqual(strict.list('people'), []);

      const permissive = sandbox();
      assert.deepEqual(permissive.batch([identify('good'), call], { strict: null }), { status: 200, body: {} });
      assert.deepEqual(
        permissive.list('people').map(({ id }) => id),
        ['good'],
      );
      assert.deepEqual(permissive.reasons(), ['invalid']);
    });
  }

  it('says all that is wrong with a batch', () => {
    const reply = sandbox().batch([{ type: 'identify' }, { type: 'track', userId: 'u' }]);
    assert.deepEqual(errorsOf(reply), ['userId or anonymousId is required', 'event is required']);
  });

  it('stores the good calls and answers 400 all the same where it is told to', () => {
    const { batch, list } = sandbox({ badItem: 'partial' });
    assert.equal(batch([identify('good'), {}]).status, 400);
    assert.deepEqual(
      list('people').map(({ id }) => id),
      ['good'],
    );
  });

  it('a refused batch leaves no messageIds behind, so its halves may be sent again', () => {
    const { batch, list } = sandbox();
    const good = { ...identify('good'), messageId: 'm1' };
    batch([good, {}]);
    assert.equal(batch([good]).status, 200);
    assert.equal(list('people').length, 1);
  });

  it('a body that is no JSON: 400 in strict mode, 200 in permissive mode or as told', () => {
    assert.equal(sandbox().raw('{"batch":[').status, 400);
    assert.equal(sandbox().raw('{"batch":[', { strict: null }).status, 200);
    assert.equal(sandbox({ unparsableStatus: 400 }).raw('{"batch":[', { strict: null }).status, 400);
    assert.equal(sandbox().raw('{"calls":[]}').status, 400);
    assert.equal(sandbox().raw('{"batch":[]}', { headers: { 'content-type': 'text/plain' } }).status, 400);
  });

  it('each call has a path of its own, where type may be left out but not differ', () => {
    const { one, list } = sandbox();
    assert.equal(one('identify', { userId: 'u' }).status, 200);
    assert.equal(one('track', { type: 'page', userId: 'u', event: 'e' }).status, 400);
    assert.equal(list('people').length, 1);
  });

  it('an empty strict batch is accepted', () => assert.equal(sandbox().batch([]).status, 200));
});

describe('de-duplication', () => {
  const bought = { ...track('u', 'Bought'), messageId: 'm1' };

  it('counts one messageId once within the window, and again after it', async () => {
    const { batch, list, reasons, clock } = sandbox();
    batch([bought, bought]);
    await clock.pass(24 * hour - 1);
    batch([bought]);
    assert.deepEqual([list('events').length, reasons()], [1, ['duplicate', 'duplicate']]);
    await clock.pass(1);
    batch([bought]);
    assert.equal(list('events').length, 2);
  });

  it('is by source: the other region takes it', () => {
    const { batch, list } = sandbox();
    batch([bought]);
    batch([bought], { region: 'eu' });
    assert.equal(list('events', 'region=eu').length, 1);
  });

  it('calls without a messageId are never the same', () => {
    const { batch, list } = sandbox();
    batch([track('u', 'Bought'), track('u', 'Bought')]);
    assert.equal(list('events').length, 2);
  });
});

describe('people', () => {
  it('traits are merged; null and "" remove', () => {
    const { batch, person } = sandbox();
    batch([identify('u', { a: 1, b: 2, c: 3 }), identify('u', { b: null, c: '', d: { e: 4 } })]);
    assert.deepEqual(person('u')?.['traits'], { a: 1, d: { e: 4 } });
  });

  it('dotted preferences change one topic, a nested object replaces them all', () => {
    const { batch, person } = sandbox();
    const name = 'cio_subscription_preferences';
    batch([identify('u', { [name]: { topics: { topic_1: true, topic_2: true } } })]);
    batch([identify('u', { [`${name}.topics.topic_1`]: false })]);
    assert.deepEqual(person('u')?.['traits'], { [name]: { topics: { topic_1: false, topic_2: true } } });
    batch([identify('u', { [name]: { topics: { topic_3: true } } })]);
    assert.deepEqual(person('u')?.['traits'], { [name]: { topics: { topic_3: true } } });
  });

  it('an e-mail address as id is the e-mail, and an e-mail alone identifies', () => {
    const { batch, person } = sandbox();
    batch([identify('ada@example.org'), { type: 'identify', userId: '', traits: { email: 'bo@example.org' } }]);
    assert.deepEqual(person('ada@example.org')?.['traits'], { email: 'ada@example.org' });
    assert.ok(person('bo@example.org'));
  });

  it('an event for an unknown id creates the person', () => {
    const { batch, person } = sandbox();
    batch([track('u', 'Bought')]);
    assert.ok(person('u'));
  });

  it("a visitor's traits and events become the person's once both ids come together", () => {
    const { batch, person, list } = sandbox();
    batch([
      { type: 'identify', anonymousId: 'a', traits: { seen: 1, plan: 'free' } },
      { type: 'page', anonymousId: 'a', name: 'Home' },
      { type: 'identify', userId: 'u', anonymousId: 'a', traits: { plan: 'pro' } },
      { type: 'page', anonymousId: 'a', name: 'Prices' },
    ]);
    assert.deepEqual(person('u'), { id: 'u', traits: { seen: 1, plan: 'pro' }, anonymousIds: ['a'] });
    assert.deepEqual(
      list('events').map((event) => event['person']),
      ['u', 'u'],
    );
    assert.deepEqual(list('visitors'), []);
  });

  it('a visitor who belongs to somebody stays theirs, also through a merge', () => {
    const { batch, list } = sandbox();
    const page = { type: 'page', anonymousId: 'a', name: 'Home' };
    batch([{ ...identify('u', { plan: 'pro' }), anonymousId: 'a' }, { ...identify('v'), anonymousId: 'a' }, page]);
    assert.equal(list('events')[0]?.['person'], 'u');
    batch([{ type: 'alias', userId: 'w', previousId: 'u' }, page]);
    assert.deepEqual(
      list('events').map(({ person }) => person),
      ['w', 'w'],
    );
  });

  it('alias merges the previous id: traits, events, devices, links, and what comes later', () => {
    const { batch, list, person } = sandbox();
    batch([
      identify('old', { a: 1, b: 1 }),
      identify('new', { b: 2 }),
      track('old', 'Bought'),
      track('old', 'Device Created or Updated', { context: { device: { token: 't', type: 'ios' } } }),
      { type: 'group', groupId: 'acme', userId: 'old' },
      { type: 'alias', userId: 'new', previousId: 'old' },
      identify('old', { c: 3 }),
    ]);
    assert.deepEqual(
      list('people').map(({ id }) => id),
      ['new'],
    );
    assert.deepEqual(person('new')?.['traits'], { a: 1, b: 2, c: 3 });
    for (const name of ['events', 'devices', 'relationships']) assert.equal(list(name)[0]?.['person'], 'new', name);
  });

  it('keep the digits of numbers that a double cannot hold', () => {
    const { raw, list } = sandbox();
    raw('{"batch":[{"type":"identify","userId":"u","traits":{"card":9007199254740993123}}]}');
    assert.match(JSON.stringify(list('people')), /9007199254740993123/);
  });
});

describe('objects', () => {
  const group = (more: Call = {}, traits: Call = {}) => ({ type: 'group', groupId: 'acme', ...more, traits });

  it('have a type, attributes of their own, and links with attributes', () => {
    const { batch, list } = sandbox();
    batch([
      group({ userId: 'u' }, { name: 'Acme', relationshipAttributes: { role: 'admin' } }),
      group({}, { objectTypeId: '2', name: 'Other' }),
      group({}, { name: null, size: 3 }),
    ]);
    assert.deepEqual(list('objects'), [
      { type: '1', id: 'acme', attributes: { size: 3 } },
      { type: '2', id: 'acme', attributes: { name: 'Other' } },
    ]);
    assert.deepEqual(list('relationships'), [{ person: 'u', type: '1', id: 'acme', attributes: { role: 'admin' } }]);
  });

  it('are unlinked and deleted by their events', () => {
    const { batch, list } = sandbox();
    batch([
      group({ userId: 'u' }),
      group({ userId: 'v' }),
      track('u', 'Relationship Deleted', { properties: { objectId: 'acme' } }),
    ]);
    assert.deepEqual(
      list('relationships').map((link) => link['person']),
      ['v'],
    );
    batch([
      { type: 'track', anonymousId: 'x', event: 'Object Deleted', properties: { objectId: 'acme', objectTypeId: 2 } },
    ]);
    assert.equal(list('objects').length, 1);
    batch([{ type: 'track', anonymousId: 'x', event: 'Object Deleted', properties: { objectId: 'acme' } }]);
    assert.deepEqual([list('objects'), list('relationships'), list('people').length], [[], [], 2]);
  });
});

describe('events with a meaning of their own', () => {
  const device = (token: string, type = 'ios') => ({ context: { device: { token, type } } });

  it('User Deleted removes the person with events, devices and links; the id may come back', () => {
    const { batch, list } = sandbox();
    const setUp = [
      identify('u'),
      track('u', 'Bought'),
      track('u', 'Device Created or Updated', device('t')),
      { type: 'group', groupId: 'g', userId: 'u' },
    ];
    batch([...setUp, track('u', ' User Deleted ')]);
    for (const name of ['people', 'events', 'devices', 'relationships']) assert.deepEqual(list(name), [], name);
    batch([identify('u')]);
    assert.equal(list('people').length, 1);
  });

  it('User Suppressed blocks the id with a silent 200 until User Unsuppressed', () => {
    const { batch, list, reasons } = sandbox();
    batch([identify('u'), track('u', 'User Suppressed')]);
    assert.equal(batch([identify('u'), track('u', 'Bought')]).status, 200);
    assert.deepEqual([list('people'), list('events'), list('suppressed')], [[], [], ['u']]);
    assert.deepEqual(reasons(), ['suppressed', 'suppressed']);
    batch([track('u', 'User Unsuppressed')]);
    assert.deepEqual(list('people'), []);
    batch([identify('u')]);
    assert.deepEqual(list('people').length, 1);
  });

  it('devices are put by token, move between people, and are deleted', () => {
    const { batch, list } = sandbox();
    batch([
      track('u', 'Device Created or Updated', device('t')),
      track('v', 'Device Created or Updated', device('t', 'android')),
    ]);
    assert.deepEqual(
      list('devices').map(({ token, person }) => [token, person]),
      [['t', 'v']],
    );
    batch([track('u', 'User Deleted')]);
    assert.equal(list('devices').length, 1);
    batch([track('v', 'Device Deleted', { context: { device: { token: 't' } } })]);
    assert.deepEqual([list('devices'), list('events')], [[], []]);
  });

  it('reports need nobody', () => {
    const { batch, list } = sandbox();
    batch([
      { type: 'track', event: 'Report Delivery Event', properties: { deliveryId: 'd', metric: 'opened' } },
      { type: 'track', event: 'Report Content Event', properties: { activityType: 'x', actionType: 'viewed_content' } },
    ]);
    assert.deepEqual(
      list('reports').map(({ event }) => event),
      ['Report Delivery Event', 'Report Content Event'],
    );
  });
});

describe('what it tells', () => {
  it('marks events that would start campaigns: no timestamp, or younger than 72 hours', () => {
    const { batch, list, clock } = sandbox();
    const at = (hours: number) => new Date(clock.now() - hours * hour).toISOString();
    batch([
      track('u', 'none'),
      track('u', 'young', { timestamp: at(71.9) }),
      track('u', 'old', { timestamp: at(72) }),
      { type: 'page', userId: 'u', name: 'older', timestamp: at(100) },
    ]);
    assert.deepEqual(
      list('campaigns').map(({ name }) => name),
      ['none', 'young'],
    );
    assert.equal(list('events').length, 4);
    assert.equal(list('events', 'offset=1&limit=2').length, 2);
  });

  it('names top-level keys that no document knows', () => {
    const { batch, read } = sandbox();
    batch([{ ...identify('u'), receivedOn: 1 }]);
    assert.deepEqual(read('unknown-keys'), { receivedOn: 1 });
  });

  it('has one digest for one content, in whatever order and with whatever messageIds it came', () => {
    const [one, other, third] = [sandbox(), sandbox(), sandbox()];
    const calls = [
      identify('a', { x: 1, y: 2 }),
      track('b', 'e', { timestamp: '2024-01-01T00:00:00.000Z' }),
      identify('c'),
    ];
    one.batch(calls);
    other.batch([...calls].reverse().map((call, index) => ({ ...call, messageId: `m${index}` })));
    third.batch(calls.slice(1));
    assert.deepEqual(other.read('digest'), one.read('digest'));
    assert.notDeepEqual(third.read('digest'), one.read('digest'));
  });

  it('forgets everything on reset', () => {
    const { batch, emulator, list, read } = sandbox();
    const empty = read('digest');
    batch([identify('u'), track('u', 'e'), {}], { strict: null });
    emulator.reset();
    assert.deepEqual([read('digest'), list('dropped'), emulator.summary()], [empty, [], []]);
  });

  it('sums up in a line for each region', () => {
    const { batch, emulator } = sandbox();
    batch([identify('u'), track('u', 'e')]);
    assert.deepEqual(emulator.summary(), [
      'region us: 1 person, 1 event (1 of them would start campaigns), 0 objects, 0 relationships',
    ]);
  });

  it('takes options, and refuses unknown ones', () => {
    const { raw } = sandbox();
    const set = (options: object) => raw(JSON.stringify(options), { method: 'PUT', path: '/__options' }).status;
    assert.equal(set({ tooLarge: 413 }), 400);
    assert.equal(set({ badItem: 'partial' }), 200);
  });
});
