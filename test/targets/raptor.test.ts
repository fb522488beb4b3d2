import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rawNumber } from '../../src/model/json.ts';
import { raptor } from '../../src/targets/raptor.ts';
import { type ReplyCase, runContract } from './contract.ts';

const streamId = '3f0c7d52-8a1e-4b6f-9c33-0d7e5a1b2c44';
const privacyKey = 'planted-privacy-key-5577';
const config = { accountId: '12345', streamId, privacyKey };

const columns = {
  CustomerId: { type: 'integer', required: true, identifier: true },
  Email: { type: 'email', identifier: true },
  FirstName: 'string',
  Points: 'integer',
  Balance: 'decimal',
  Newsletter: 'boolean',
  Joined: 'datetime',
  Tier: { type: 'enum', values: ['gold', 'silver'] },
  Interests: 'array<string>',
};
const person = { operation: 'person', settings: { writeMode: 'append', columns } };
const ada = {
  CustomerId: 7,
  Email: 'ada@example.com',
  FirstName: 'Ada',
  Points: 120,
  Balance: rawNumber('12345678901234567.89'),
  Newsletter: true,
  Joined: '2024-02-29T08:30:00Z',
  Tier: 'gold',
  Interests: ['tea', 'maps'],
};
const bo = { ...ada, CustomerId: 8, Email: 'bo@example.com', FirstName: 'Bo Sjöberg', Newsletter: null, Interests: [] };
const without = (...names: string[]) =>
  Object.fromEntries(Object.entries(ada).filter(([name]) => !names.includes(name)));

const interaction = { operation: 'interaction', settings: { columns: { OrderId: 'string', Lines: 'array<object>' } } };
const order = { OrderId: 'A-1001', Lines: [{ Sku: 'TEA-1', Qty: 2 }] };
const product = { operation: 'catalog', settings: { writeMode: 'append' } };

const split = {
  retries: 8,
  waits: { kind: 'backoff', firstMs: 1000, capMs: 60_000 },
  then: 'split',
} as const;

/** Contract §5, which holds for all three streams. */
const streamReplies = (operation: string): ReplyCase[] => [
  { operation, reply: { status: 200 }, gives: { kind: 'accepted' } },
  {
    operation,
    reply: { status: 200, body: '{"ok":false}' },
    name: 'whatever its body',
    gives: { kind: 'accepted' },
  },
  {
    operation,
    reply: { status: 200, body: 'OK', headers: { 'content-type': 'text/html; charset=utf-8' } },
    name: 'whatever its type',
    gives: { kind: 'accepted' },
  },
  {
    operation,
    reply: { status: 200, body: '<html>Sign in</html>' },
    name: 'a page of something in between',
    gives: { kind: 'fatal', code: 'reply-unreadable' },
  },
  { operation, reply: { status: 400, body: 'no JSON' }, gives: { kind: 'fatal', code: 'bad-request' } },
  { operation, reply: { status: 401 }, gives: { kind: 'fatal', code: 'unauthorized' } },
  {
    operation,
    reply: { status: 408 },
    gives: { kind: 'retry', code: 'timed-out', scope: 'request', taken: 'unknown', plan: split },
  },
  { operation, reply: { status: 413 }, gives: { kind: 'split', code: 'platform-too-large', because: 'size' } },
  {
    operation,
    reply: { status: 429, headers: { 'retry-after': '7' } },
    gives: { kind: 'retry', code: 'rate-limited', after: 7000, scope: 'target', taken: 'no' },
  },
  {
    operation,
    reply: { status: 429, headers: { 'retry-after': 'Fri, 01 Mar 2024 12:00:30 GMT' } },
    name: 'with a date',
    gives: { kind: 'retry', code: 'rate-limited', after: 30_000, scope: 'target', taken: 'no' },
  },
  ...[500, 502, 503].map(
    (status): ReplyCase => ({
      operation,
      reply: { status },
      gives: { kind: 'retry', code: 'server-error', scope: 'request', taken: 'unknown' },
    }),
  ),
  ...([301, 307] as const).map(
    (status): ReplyCase => ({
      operation,
      reply: { status, headers: { location: 'https://elsewhere.example' } },
      gives: { kind: 'fatal', code: 'redirected' },
    }),
  ),
  { operation, reply: { status: 403 }, gives: { kind: 'fatal', code: 'forbidden' } },
  { operation, reply: { status: 404 }, gives: { kind: 'fatal', code: 'not-found' } },
  { operation, reply: { status: 418 }, gives: { kind: 'fatal', code: 'unexpected-status' } },
  { operation, reply: { status: 204 }, gives: { kind: 'fatal', code: 'unexpected-status' } },
  {
    operation,
    reply: { failure: 'refused', sent: 'no' },
    gives: { kind: 'retry', code: 'no-connection', scope: 'request', taken: 'no' },
  },
  {
    operation,
    reply: { failure: 'reset', sent: 'unknown' },
    gives: { kind: 'retry', code: 'no-connection', scope: 'request', taken: 'unknown' },
  },
  {
    operation,
    reply: { failure: 'timed-out', sent: 'unknown' },
    gives: { kind: 'retry', code: 'timed-out', scope: 'request', taken: 'unknown', plan: split },
  },
];

const deletion = { operation: 'person.delete' };
const overwrite = { operation: 'person', settings: { columns, writeMode: 'overwrite' } };
const documented = [200, 400, 401, 408, 413, 429, 500, 503, 301];
const streamLimits = { limits: { items: 500, bytes: 1_000_000 }, itemBytes: 999_998 };

runContract({
  type: 'raptor',
  config,
  secrets: [streamId, privacyKey],
  documented: {
    person: documented,
    interaction: documented,
    catalog: documented,
    'person.delete': [200, 400, 401, 408, 429, 500],
  },
  golden: [
    { ...person, name: 'person', items: [ada, bo] },
    { ...person, name: 'person-draft', config: { draft: true }, items: [ada] },
    { ...interaction, name: 'interaction', items: [order] },
    { ...product, name: 'catalog', items: [{ ProductId: 'TEA-1', Name: 'Grønn te 🍵', Price: rawNumber('49.90') }] },
    { ...deletion, name: 'person.delete', items: [{ UserId: '00123' }] },
  ],
  refusals: [
    { ...person, name: 'a missing column', item: without('Points'), faults: ['field-missing Points'] },
    {
      ...person,
      name: 'a misspelt column is two faults',
      item: { ...without('Points'), points: 1 },
      faults: ['field-missing Points', 'field-unknown points'],
    },
    {
      ...person,
      name: 'all faults are told',
      item: { ...ada, Points: 'x', Tier: 'tin' },
      faults: ['field-type Points', 'field-enum Tier'],
    },
    {
      ...person,
      name: 'digits as text in a number column',
      item: { ...ada, Points: '123' },
      faults: ['field-type Points'],
    },
    {
      ...person,
      name: 'an integer above two billion',
      item: { ...ada, Points: 2_000_000_001 },
      faults: ['field-range Points'],
    },
    {
      ...person,
      name: 'an integer below minus two billion',
      item: { ...ada, Points: -2_000_000_001 },
      faults: ['field-range Points'],
    },
    {
      ...person,
      name: 'an integer of 19 digits',
      item: { ...ada, Points: rawNumber('9007199254740993001') },
      faults: ['field-range Points'],
    },
    {
      ...person,
      name: 'a fraction in an integer column',
      item: { ...ada, Points: 1.5 },
      faults: ['field-type Points'],
    },
    {
      ...person,
      name: 'a fraction that a double would round away',
      item: { ...ada, Points: rawNumber('1.00000000000000000001') },
      faults: ['field-type Points'],
    },
    {
      ...person,
      name: 'infinity, which JSON would write as null',
      item: { ...ada, Balance: Infinity },
      faults: ['field-type Balance'],
    },
    { ...person, name: 'a boolean as text', item: { ...ada, Newsletter: 'true' }, faults: ['field-type Newsletter'] },
    {
      ...person,
      name: 'a moment without a zone',
      item: { ...ada, Joined: '2024-02-29T08:30:00' },
      faults: ['field-format Joined'],
    },
    {
      ...person,
      name: 'a moment with an offset',
      item: { ...ada, Joined: '2024-02-29T08:30:00+01:00' },
      faults: ['field-format Joined'],
    },
    {
      ...person,
      name: 'a day that does not exist',
      item: { ...ada, Joined: '2023-02-29' },
      faults: ['field-format Joined'],
    },
    {
      ...person,
      name: 'an hour that does not exist',
      item: { ...ada, Joined: '2024-02-29T24:00:00Z' },
      faults: ['field-format Joined'],
    },
    {
      ...person,
      name: 'two addresses in one',
      item: { ...ada, Email: 'a@example.com, b@example.com' },
      faults: ['field-email Email'],
    },
    {
      ...person,
      name: 'a list with an element of another type',
      item: { ...ada, Interests: ['tea', 1] },
      faults: ['field-type Interests'],
    },
    {
      ...person,
      name: 'text where a list belongs',
      item: { ...ada, Interests: 'tea;maps' },
      faults: ['field-type Interests'],
    },
    {
      ...person,
      name: 'an empty required column',
      item: { ...ada, CustomerId: null },
      faults: ['field-missing CustomerId'],
    },
    { ...person, name: 'an empty object', item: {}, faults: ['item-empty'] },
    { ...person, name: 'nothing but empty values', item: { CustomerId: null, FirstName: '' }, faults: ['item-empty'] },
    {
      ...interaction,
      name: 'a list of values where objects belong',
      item: { ...order, Lines: ['TEA-1'] },
      faults: ['field-type Lines'],
    },
    {
      operation: 'person',
      settings: { writeMode: 'append', columns: { Cookie: 'personal-id', Email: { type: 'email', identifier: true } } },
      name: 'no identifier at all',
      item: { Cookie: null, Email: '' },
      faults: ['item-empty'],
    },
    {
      operation: 'person',
      settings: { writeMode: 'append', columns: { Cookie: 'personal-id', Name: 'string' } },
      name: 'a name, but nobody to give it to',
      item: { Cookie: null, Name: 'Ada' },
      faults: ['id-missing'],
    },
    ...['null', ' 17', 'N/A', '0'].map((Cookie) => ({
      operation: 'person',
      settings: { writeMode: 'append', columns: { Cookie: 'personal-id' } },
      name: `"${Cookie}" as an identifier`,
      item: { Cookie },
      faults: ['field-format Cookie'],
    })),
    { ...product, name: 'an object as a value', item: { Size: { w: 1 } }, faults: ['field-type Size'] },
    {
      ...product,
      name: 'an integer that overflows, though no columns are declared',
      item: { Ean: 4006381333931 },
      faults: ['field-range Ean'],
    },
    { ...product, name: 'nothing but empty values', item: { ProductId: '', Name: null }, faults: ['item-empty'] },
    { ...deletion, name: 'nobody', item: { UserId: '' }, faults: ['id-missing UserId'] },
    { ...deletion, name: 'an id as a number', item: { UserId: 123 }, faults: ['field-type UserId'] },
    { ...deletion, name: 'spaces around the id', item: { UserId: ' 123' }, faults: ['field-format UserId'] },
    {
      ...deletion,
      name: 'more than an id',
      item: { UserId: '1', Email: 'a@example.com' },
      faults: ['field-unknown Email'],
    },
  ],
  replies: [
    ...['person', 'interaction', 'catalog'].flatMap(streamReplies),
    {
      ...overwrite,
      name: 'in overwrite mode',
      reply: { status: 413 },
      gives: { kind: 'fatal', code: 'platform-too-large' },
    },
    {
      ...overwrite,
      name: 'in overwrite mode',
      reply: { status: 408 },
      gives: { kind: 'retry', code: 'timed-out', scope: 'request', taken: 'unknown', plan: { ...split, then: 'stop' } },
    },
    { ...deletion, reply: { status: 200, body: 'OK' }, gives: { kind: 'accepted' } },
    { ...deletion, reply: { status: 400 }, gives: { kind: 'rejected', code: 'platform-rejected' } },
    { ...deletion, reply: { status: 404 }, gives: { kind: 'rejected', code: 'platform-rejected' } },
    { ...deletion, reply: { status: 401 }, gives: { kind: 'fatal', code: 'unauthorized' } },
    {
      ...deletion,
      reply: { status: 408 },
      gives: { kind: 'retry', code: 'timed-out', scope: 'request', taken: 'unknown' },
    },
    {
      ...deletion,
      reply: { status: 429 },
      gives: { kind: 'retry', code: 'rate-limited', scope: 'target', taken: 'no' },
    },
    {
      ...deletion,
      reply: { status: 500 },
      gives: { kind: 'retry', code: 'server-error', scope: 'request', taken: 'unknown' },
    },
    {
      ...deletion,
      reply: { failure: 'reset', sent: 'unknown' },
      gives: { kind: 'retry', code: 'no-connection', scope: 'request', taken: 'unknown' },
    },
  ],
  limits: [
    { ...person, ...streamLimits, sized: (text) => ({ ...ada, FirstName: text }) },
    { ...interaction, ...streamLimits, sized: (text) => ({ ...order, OrderId: text }) },
    { ...product, ...streamLimits, sized: (text) => ({ ProductId: text }) },
    { ...deletion, limits: { items: 1, bytes: 1_000_000 }, sized: (text) => ({ UserId: text }) },
  ],
});

describe('raptor beyond the common contract', () => {
  const common = { baseUrl: raptor.defaults.baseUrl, headers: {} };
  const open = (more: object = {}) => raptor.open(raptor.config.parse({ ...config, ...more }), common);
  const row = { identity: 'f'.repeat(32), key: 'k', now: 0 };

  it('refuses person and catalog without a declared write mode', () => {
    for (const name of ['person', 'catalog']) {
      assert.throws(() => open().operation(name, {}), {
        name: 'UserError',
        code: 'settings-invalid',
        message: /write mode/,
      });
    }
    assert.ok(open({ writeMode: 'append' }).operation('person', {}));
    assert.ok(open().operation('interaction', {}));
  });

  it('refuses to overwrite interactions', () => {
    assert.throws(() => open().operation('interaction', { writeMode: 'overwrite' }), { code: 'settings-invalid' });
  });

  it('takes overwrite for a load of one request that destroys', () => {
    const operation = open().operation('catalog', { writeMode: 'overwrite' });
    assert.equal(operation.limits.singleRequest, true);
    assert.match(operation.destroys ?? '', /removes all/);
    const append = open().operation('catalog', { writeMode: 'append' });
    assert.equal(append.limits.singleRequest, undefined);
    assert.equal(append.destroys, undefined);
  });

  it('refuses what is declared twice, or differently in two places', () => {
    const twice = () => open({ columns: { A: 'string' } }).operation('interaction', { columns: { A: 'string' } });
    assert.throws(twice, { code: 'settings-invalid', message: /twice/ });
    const differs = () => open({ writeMode: 'overwrite' }).operation('person', { writeMode: 'append' });
    assert.throws(differs, { code: 'settings-invalid', message: /writeMode is overwrite with the target but append/ });
  });

  it('sends x-isdraft only when true, and says which mode it is in', () => {
    for (const draft of [true, false]) {
      const operation = open({ draft }).operation('person', { writeMode: 'append' });
      const request = operation.request({ route: '', items: 0, body: [] });
      assert.equal(request.headers['x-isdraft'], draft ? 'true' : undefined);
      assert.match(operation.notices?.[0] ?? '', draft ? /^Draft mode/ : /^Live mode/);
      assert.match(operation.notices?.join('\n') ?? '', /only acknowledges/);
    }
    assert.notEqual(open({ draft: true }).identity, open().identity);
  });

  it('lets columns be missing only where the dataflow ignores that', () => {
    const partial = open().operation('person', { ...person.settings, ignoreMissingColumns: true });
    assert.ok('json' in partial.encode({ CustomerId: 7, Points: 1 }, row));
    assert.ok('faults' in partial.encode({ Points: 1 }, row), 'a required column must be there all the same');
    assert.equal(partial.emptyCells.fallback, 'omit');
    const whole = open().operation('person', person.settings);
    assert.equal(whole.emptyCells.fallback, undefined);
    assert.ok(!whole.emptyCells.allowed.includes('omit'));
    assert.ok(whole.fields.every(({ alwaysPresent }) => alwaysPresent));
  });

  it('takes integers of two billion, null in a column that is not required, and nulls that erase', () => {
    const operation = open().operation('person', person.settings);
    for (const Points of [2_000_000_000, -2_000_000_000, null]) {
      assert.ok('json' in operation.encode({ ...ada, Points }, row), String(Points));
    }
  });

  it('gives persons and products a lane by key or identifier, and interactions none', () => {
    const lanes = (name: string, settings: object, item: object, key: string) => {
      const encoded = open()
        .operation(name, settings)
        .encode({ ...item }, { ...row, key });
      return 'faults' in encoded ? assert.fail() : encoded.lanes;
    };
    assert.deepEqual(lanes('person', person.settings, ada, 'k'), ['k']);
    assert.deepEqual(lanes('person', person.settings, ada, ''), ['CustomerId 7', 'Email "ada@example.com"']);
    assert.deepEqual(lanes('catalog', { writeMode: 'append' }, { Id: 'x' }, 'k'), ['k']);
    assert.deepEqual(lanes('interaction', interaction.settings, order, 'k'), []);
  });

  it('resends persons and products by itself, but not interactions', () => {
    assert.equal(open().operation('person', person.settings).repeatable, true);
    assert.equal(open().operation('catalog', { writeMode: 'append' }).repeatable, true);
    assert.equal(open().operation('interaction', interaction.settings).repeatable, false);
  });

  it('needs the privacy key for deletions, and warns of the 14 days', () => {
    const noKey = raptor.open(raptor.config.parse({ accountId: '12345', streamId }), common);
    assert.throws(() => noKey.operation('person.delete', {}), { code: 'settings-invalid', message: /key of its own/ });
    assert.match(open().operation('person.delete', {}).notices?.join() ?? '', /14 days/);
  });

  it('refuses account ids and stream ids of another form', () => {
    for (const wrong of [{ accountId: '123' }, { accountId: '123456' }, { accountId: 12345 }, { streamId: 'abc' }]) {
      assert.equal(raptor.config.safeParse({ ...config, ...wrong }).success, false, JSON.stringify(wrong));
    }
  });
});
