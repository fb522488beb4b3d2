/** What the contract suite does not ask: ids, instants, lanes, warnings, addresses, the check. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type JsonObject, rawNumber } from '../../src/model/json.ts';
import { customerio } from '../../src/targets/customerio.ts';
import type { RowContext } from '../../src/targets/target.ts';

const apiKey = 'planted-cdp-api-key-0815';
const siteId = 'site-4711';
const trackKey = 'planted-track-key-0816';
const base64 = (text: string) => Buffer.from(text).toString('base64');

const longAgo = '2024-01-04T10:00:00.000Z';
const ada = { userId: 'u-1001', timestamp: longAgo, traits: { email: 'ada@example.org' } };
const order = { userId: 'u-1001', event: 'Order Completed', timestamp: longAgo, properties: { total: 12.5 } };
const device = { userId: 'u-1001', timestamp: longAgo, context: { device: { token: 't0k', type: 'iOS' } } };
const operations = Object.keys(customerio.operations);

const row: RowContext = { identity: '00112233445566778899aabbccddeeff', key: '', now: Date.UTC(2024, 2, 1, 12) };
const open = (more: Readonly<Record<string, unknown>> = {}, baseUrl = customerio.defaults.baseUrl) =>
  customerio.open(customerio.config.parse({ region: 'us', apiKey, ...more }), { baseUrl, headers: {} });

function encode(operation: string, item: JsonObject, context: Partial<RowContext> = {}, more = {}) {
  const encoded = open(more)
    .operation(operation, {})
    .encode(item, { ...row, ...context });
  if ('faults' in encoded) assert.fail(encoded.faults.map(({ reason }) => reason).join('; '));
  const json: unknown = JSON.parse(encoded.json);
  assert.ok(typeof json === 'object' && json !== null);
  return { ...encoded, call: json as Readonly<Record<string, unknown>> };
}
const warningsOf = (...args: Parameters<typeof encode>) => (encode(...args).warnings ?? []).map(({ code }) => code);

describe('ids of messages', () => {
  it('are the same for one row and operation in any number of attempts, and differ otherwise', () => {
    const idOf = (operation: string, item: JsonObject, identity: string) =>
      encode(operation, item, { identity }).call['messageId'];
    const [one, other] = ['0'.repeat(32), `${'0'.repeat(31)}1`];
    assert.equal(idOf('track', order, one), idOf('track', order, one));
    const ids = [idOf('track', order, one), idOf('track', order, other), idOf('identify', ada, one)];
    assert.equal(new Set(ids).size, 3);
    for (const id of ids)
      assert.match(String(id), /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('differ when only the tail of a long identity does', () => {
    const ids = ['a', 'b'].map((tail) => encode('track', order, { identity: '0'.repeat(63) + tail }).call['messageId']);
    assert.notEqual(ids[0], ids[1]);
  });

  it('of ULID form begin with the time of the event, and are the same without one', () => {
    const idOf = (item: JsonObject) => String(encode('track', item, {}, { messageId: 'ulid' }).call['messageId']);
    const withTime = idOf({ ...order, timestamp: '2016-07-30T23:54:10.259Z' });
    assert.match(withTime, /^01ARZ3NDEK[0-9A-HJKMNP-TV-Z]{16}$/); // the example of the ULID specification
    const { timestamp: _, ...without } = order;
    assert.match(idOf(without), /^0{10}[0-9A-HJKMNP-TV-Z]{16}$/);
    assert.equal(idOf(without), idOf(without));
    assert.equal(withTime.slice(10), idOf(without).slice(10));
  });

  it('may be mapped, and are then sent as text', () => {
    assert.equal(encode('track', { ...order, messageId: 12 }).call['messageId'], '12');
  });

  it('are told where they were mapped, in the form that is sent', () => {
    for (const messageId of [12, ' a']) {
      const { id, call } = encode('track', { ...order, messageId });
      assert.equal(id, call['messageId']);
    }
    assert.equal(encode('track', order).id, undefined);
    assert.equal(encode('track', { ...order, messageId: '' }).id, undefined);
  });
});

describe('calls', () => {
  it('carry ids as strings, with all their digits', () => {
    const { call } = encode('identify', { userId: rawNumber('9007199254740993'), anonymousId: 7 });
    assert.deepEqual([call['userId'], call['anonymousId']], ['9007199254740993', '7']);
  });

  it('leave an empty id, timestamp and name out', () => {
    const { call } = encode('page', { userId: 'u', anonymousId: '', timestamp: null, name: '' });
    assert.deepEqual(Object.keys(call), ['type', 'messageId', 'userId', 'properties']);
  });

  it('carry instants as ISO 8601 in UTC with milliseconds', () => {
    for (const [given, sent] of [
      ['2024-01-04T10:00:00+02:00', '2024-01-04T08:00:00.000Z'],
      ['2024-01-04T10:00:00+0200', '2024-01-04T08:00:00.000Z'], // as long as the form that is sent
      ['2024-01-04T10:00Z', '2024-01-04T10:00:00.000Z'],
      ['2024-01-04T10:00:59Z', '2024-01-04T10:00:59.000Z'],
      ['2024-01-04T24:00:00Z', '2024-01-05T00:00:00.000Z'],
      ['2024-02-29T24:00:00.000Z', '2024-03-01T00:00:00.000Z'],
      ['2024-01-04', '2024-01-04T00:00:00.000Z'],
      ['2024-02-29T23:59:59.123456-0530', '2024-03-01T05:29:59.123Z'],
    ] as const) {
      const { call } = encode('identify', { userId: 'u', timestamp: given, traits: { createdAt: given } });
      assert.deepEqual([call['timestamp'], call['traits']], [sent, { createdAt: sent }]);
    }
  });

  it('keep null and "" among the traits: the mapping asked to erase', () => {
    assert.deepEqual(encode('identify', { userId: 'u', traits: { a: null, b: '' } }).call['traits'], {
      a: null,
      b: '',
    });
  });

  it('leave out empty cells unless told otherwise', () => {
    for (const name of operations) assert.equal(open().operation(name, {}).emptyCells.fallback, 'omit');
  });

  it('share a request whatever their operation', () => {
    const opened = operations.map((name) => open().operation(name, {}));
    assert.deepEqual(new Set(opened.map(({ family }) => family)), new Set(['batch']));
    assert.equal(encode('identify', ada).route, encode('user.delete', { userId: 'u' }).route);
  });

  it('never have a context for the whole batch', () => {
    assert.deepEqual(open().operation('track', {}).frame('batch'), { prefix: '{"batch":[', suffix: ']}' });
  });

  it('have a lane for every id they touch', () => {
    for (const [operation, item, lanes] of [
      ['identify', { userId: '1', anonymousId: '2' }, ['u:1', 'a:2']],
      ['group', { groupId: 'g', userId: '1' }, ['u:1', 'g:g']],
      ['alias', { userId: '1', previousId: '2' }, ['u:1', 'u:2']],
      ['device.put', device, ['u:u-1001', 'd:t0k']],
      ['relationship.delete', { userId: '1', properties: { objectId: 'g' } }, ['u:1', 'g:g']],
      ['object.delete', { anonymousId: '2', properties: { objectId: 'g' } }, ['a:2', 'g:g']],
    ] as const) {
      assert.deepEqual(encode(operation, item).lanes, lanes, operation);
      assert.equal(open().operation(operation, {}).laned, true);
    }
  });
});

describe('destructive operations', () => {
  it('are just those that delete, block, unlink or merge', () => {
    const destructive = operations.filter((name) => customerio.operations[name]?.destroys !== undefined);
    assert.deepEqual(destructive, [
      'alias',
      'user.delete',
      'user.suppress',
      'device.delete',
      'relationship.delete',
      'object.delete',
    ]);
  });

  it('an event that only resembles one is an ordinary event', () => {
    assert.equal(encode('track', { ...order, event: 'user deleted' }).call['event'], 'user deleted');
    assert.equal(encode('track', { ...order, event: 'User Deleted Soon ' }).call['event'], 'User Deleted Soon');
  });
});

describe('warnings', () => {
  const hours = (count: number) => new Date(row.now - count * 3_600_000).toISOString();

  it('name events that can start campaigns: without a timestamp, of the last 72 hours, of the future', () => {
    const { timestamp: _, ...without } = order;
    for (const item of [
      without,
      { ...order, timestamp: hours(71.99) },
      { ...order, timestamp: hours(72) },
      { ...order, timestamp: hours(-1) },
    ]) {
      assert.deepEqual(warningsOf('track', item), ['may-trigger-campaigns']);
      assert.deepEqual(warningsOf('track', item, {}, { campaigns: 'allow' }), []);
    }
    assert.deepEqual(warningsOf('track', { ...order, timestamp: hours(72.01) }), []);
    assert.deepEqual(warningsOf('page', { userId: 'u' }), ['may-trigger-campaigns']);
    assert.deepEqual(warningsOf('screen', { userId: 'u' }), ['may-trigger-campaigns']);
    assert.deepEqual(warningsOf('identify', { userId: 'u' }), []);
    assert.deepEqual(warningsOf('user.delete', { userId: 'u' }), []);
  });

  it('name what the workspace may cut, at the limit and one byte above it', () => {
    const beyond = ['beyond-workspace-limit'];
    const pairs: readonly (readonly [JsonObject, JsonObject])[] = [
      [{ userId: 'é'.repeat(75) }, { userId: `${'é'.repeat(75)}x` }],
      [
        { userId: 'u', traits: { ['n'.repeat(150)]: 1 } },
        { userId: 'u', traits: { ['n'.repeat(151)]: 1 } },
      ],
      [
        { userId: 'u', traits: { a: '語'.repeat(333) } },
        { userId: 'u', traits: { a: '語'.repeat(334) } },
      ],
      [
        { userId: 'u', traits: { a: ['x'.repeat(996)] } },
        { userId: 'u', traits: { a: ['x'.repeat(997)] } },
      ],
      [
        { userId: 'u', traits: manyTraits(300) },
        { userId: 'u', traits: manyTraits(301) },
      ],
    ];
    for (const [fits, tooLong] of pairs) {
      assert.deepEqual(warningsOf('identify', fits), []);
      assert.deepEqual(warningsOf('identify', tooLong), beyond);
    }
    assert.deepEqual(warningsOf('track', { ...order, event: 'e'.repeat(100) }), []);
    assert.deepEqual(warningsOf('track', { ...order, event: 'e'.repeat(101) }), beyond);
    assert.deepEqual(warningsOf('track', { ...order, properties: { text: 'x'.repeat(2000) } }), []);
  });

  it('name milliseconds where a date stands, and ids in the form of internal ones', () => {
    const milliseconds = { last_seen_at: 1_700_000_000_000, lastOrderDate: '1700000000000', total: 1_700_000_000_000 };
    assert.deepEqual(warningsOf('identify', { userId: 'u', traits: milliseconds }), ['epoch-milliseconds']);
    assert.deepEqual(warningsOf('identify', { userId: 'u', traits: { total: 1_700_000_000_000 } }), []);
    assert.deepEqual(warningsOf('identify', { userId: 'u', traits: { last_seen_at: 1_700_000_000 } }), []);
    assert.deepEqual(warningsOf('identify', { userId: 'cio_03000001' }), ['internal-id']);
  });
});

const manyTraits = (count: number): JsonObject =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`trait${index}`, index]));

describe('the target', () => {
  const urlOf = (region: string, baseUrl?: string) =>
    open({ region }, baseUrl).operation('track', {}).request({ route: '', items: 0, body: [] }).url;

  it('is reached in its region, or where it is told', () => {
    assert.equal(urlOf('us'), 'https://cdp.customer.io/v1/batch');
    assert.equal(urlOf('eu'), 'https://cdp-eu.customer.io/v1/batch');
    assert.equal(urlOf('eu', 'http://127.0.0.1:1/x/'), 'http://127.0.0.1:1/x/batch');
  });

  it('must be told its region, and not two of them', () => {
    assert.equal(customerio.config.safeParse({ apiKey }).success, false);
    assert.throws(() => open({}, 'https://cdp-eu.customer.io/v1'), { code: 'settings-invalid' });
  });

  it('needs both Track credentials or neither', () => {
    assert.equal(customerio.config.safeParse({ region: 'us', apiKey, siteId }).success, false);
  });

  it('names the form of the key that travels, so that it is masked wherever a request is shown', () => {
    assert.deepEqual(open().secretTexts, [base64(`${apiKey}:`)]);
  });

  it('says so when nothing will be verified', () => {
    assert.deepEqual(open().notices, []);
    assert.match(open({ strict: false }).notices.join(), /sent, unverified/);
  });

  it('says that an event may double after the unknown window, and only where it can', () => {
    assert.match((open().operation('track', {}).notices ?? []).join(), /may double/);
    assert.deepEqual(open().operation('identify', {}).notices, []);
  });

  it("quotes the platform's words whatever their shape", () => {
    const words = (body: object) => {
      const chunk = { route: 'batch', items: 1, body: [] };
      const reply = {
        kind: 'reply',
        status: 400,
        headers: {},
        body: JSON.stringify(body),
        truncated: false,
        receivedAt: 0,
      } as const;
      const verdict = open().operation('track', {}).verdict(reply, chunk);
      return verdict.kind === 'rejected' ? verdict.reason.reason : assert.fail(verdict.kind);
    };
    assert.equal(words({ meta: { errors: ['a', 'b'] } }), 'the platform answered 400: a; b');
    assert.equal(words({ meta: { error: 'a' } }), 'the platform answered 400: a');
    assert.equal(words({ errors: [{ field: 'f', reason: 'r', message: 'm' }] }), 'the platform answered 400: f: r: m');
    assert.equal(words({ code: 'c', message: 'm' }), 'the platform answered 400: m');
    assert.equal(words({ odd: 1 }), 'the platform answered 400: {"odd":1}');
    assert.equal(words({ meta: { errors: [...'abcdefg'] } }), 'the platform answered 400: a; b; c; d; e; and 2 more');
  });
});

describe('check', () => {
  const reply = (status: number, body: unknown) =>
    ({ kind: 'reply', status, headers: {}, body: JSON.stringify(body), truncated: false, receivedAt: 0 }) as const;
  const callOf = (more: Readonly<Record<string, unknown>>) => {
    const { check } = open(more);
    return 'none' in check ? assert.fail(check.none) : check;
  };

  it('has no harmless call without Track credentials', () => {
    const { check } = open();
    assert.ok('none' in check && check.none.includes('siteId'));
  });

  it('asks the Track host for the region, with the Track credentials and not with the key', () => {
    const { calls } = callOf({ siteId, trackKey });
    const [call] = calls;
    assert.ok(call?.authorize);
    const request = call.authorize(call.request, new Date(0), undefined);
    assert.equal(request.url, 'https://track.customer.io/api/v1/accounts/region');
    assert.equal(request.headers['Authorization'], `Basic ${base64(`${siteId}:${trackKey}`)}`);
  });

  it('reads the region as the contract describes it', () => {
    const { read } = callOf({ siteId, trackKey });
    assert.equal(read(reply(200, { url: 'https://track.customer.io', region: 'us', environment_id: 3 }), 0).ok, true);
    const eu = read(reply(200, { url: 'https://track-eu.customer.io', region: 'eu', environment_id: 3 }), 0);
    assert.deepEqual([eu.ok, eu.hint], [false, 'Set "region: eu".']);
    assert.equal(read(reply(401, {}), 0).ok, false);
    assert.equal(read(reply(200, {}), 0).ok, false);
    assert.equal(read({ kind: 'failure', code: 'refused', message: 'no', sent: 'no' }, 0).ok, false);
  });

  it('creates a throw-away person when asked to, in strict mode even where strict is off', () => {
    const { about, calls, read } = callOf({ preflight: true, strict: false });
    assert.match(about, /creates that person/);
    assert.equal(calls[0]?.request.headers['X-Strict-Mode'], '1');
    const body = Buffer.concat(calls[0]?.request.body ?? []).toString();
    assert.equal(body, '{"batch":[{"type":"identify","userId":"cdp-load-preflight","traits":{}}]}');
    assert.equal(read(reply(200, {}), 0).ok, true);
    const refusal = read(reply(401, { meta: { error: `no ${apiKey}` } }), 0);
    assert.equal(refusal.ok, false);
    assert.ok(!JSON.stringify(refusal).includes(apiKey));
  });
});
