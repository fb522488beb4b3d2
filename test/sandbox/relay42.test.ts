import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRelay42, type Relay42Options } from '../../src/sandbox/relay42.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const minute = 60_000;
const connectorId = '1f0e9a44-3c4b-4a55-9d1c-0a4b6a6f3f10';
const basic = (login: string) => `Basic ${Buffer.from(login).toString('base64')}`;

interface Call {
  readonly method?: string;
  /** Path and query below `/v1/site-1234`. */
  readonly to: string;
  readonly body?: unknown;
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly site?: string;
}

function start(options: Partial<Relay42Options> = {}) {
  const clock = createVirtualClock();
  const emulator = createRelay42(clock, options);
  const { apiId, accessToken } = emulator.settings('http://127.0.0.1:1/relay42');
  emulator.provision('datafeed.put', [], { feedPrefix: 'products' }, {});
  emulator.provision('connector.activate', [], { connectorId }, {});
  const login = { authorization: basic(`${apiId}:${accessToken}`) };

  /** Sends without waiting: two calls begun one after the other are in flight together. */
  const begin = ({ method = 'POST', to, body, raw, headers, site = '1234' }: Call) => {
    const { pathname, search, searchParams } = new URL(`/v1/site-${site}${to}`, 'http://127.0.0.1');
    const text = raw ?? (body === undefined ? '' : JSON.stringify(body));
    const type: Record<string, string> = text === '' ? {} : { 'content-type': 'application/json;charset=utf-8' };
    return Promise.resolve(
      emulator.handle({
        method,
        path: pathname,
        rawUrl: `/relay42${pathname}${search}`,
        query: searchParams,
        headers: { ...login, ...type, ...headers },
        body: Buffer.from(text),
      }),
    );
  };
  const call = async (given: Call) => {
    const reply = begin(given);
    await clock.pass(20);
    return reply;
  };
  const status = async (given: Call) => (await call(given)).status;
  const readOut = (name: string, query = '') =>
    JSON.parse(JSON.stringify(emulator.readOut(name, new URLSearchParams(query)))) as Record<string, unknown>[];
  const profileOf = (partnerId: string, partnerType = 2001) =>
    emulator.readOut('profiles', new URLSearchParams({ partnerType: String(partnerType), partnerId })) as {
      profileId: string;
      ids: unknown;
      facts: Record<string, { properties: unknown; ttl: number; createdAt: number }>;
      interactions: Record<string, unknown>[];
    } | null;
  return { clock, emulator, begin, call, status, readOut, profileOf };
}

const factsTo = (id: string, more = '') => `/profiles/2001/facts?partnerId=${id}${more}`;
const loyalty = (tier = 'gold', factTtl = 3600) => ({ factName: 'loyalty', factTtl, properties: { tier } });
const put = (id: string, fact: object = loyalty(), more = ''): Call => ({ to: factsTo(id, more), body: [fact] });
const mappingsTo = (id: string, mergeType = 'NO_MERGE') =>
  `/profiles/2001/mappings?partnerId=${id}&mergeType=${mergeType}`;
const hashId = (partnerId = 'h1') => ({ partnerId, partnerType: 1012 });

describe('relay42 emulator: access', () => {
  it('answers 403 to a wrong or missing login, and 401 to a user of another site', async () => {
    const { status } = start();
    const get = { method: 'GET', to: '/profiles/42/profileId?partnerId=x' };
    assert.equal(await status(get), 404);
    assert.equal(await status({ ...get, headers: { authorization: '' } }), 403);
    assert.equal(await status({ ...get, headers: { authorization: basic('sandbox@relay42.example:wrong') } }), 403);
    const elsewhere = basic('elsewhere@relay42.example:elsewhere-access-token');
    assert.equal(await status({ ...get, headers: { authorization: elsewhere } }), 401);
    assert.equal(await status({ ...get, site: '9999' }), 401);
    assert.equal(await status({ ...get, headers: { authorization: 'Bearer sandbox.relay42.jwt' } }), 404);
  });

  it('locks everybody out for 15 minutes after five bad logins, and only then lets the good ones in again', async () => {
    const { clock, status, readOut } = start();
    const bad = { ...put('C-1'), headers: { authorization: basic('a:b') } };
    for (let n = 1; n <= 4; n++) assert.equal(await status(bad), 403);
    assert.equal(await status(put('C-1')), 201, 'a good login in between starts the count anew');
    for (let n = 1; n <= 5; n++) assert.equal(await status(bad), 403);
    assert.equal(await status(put('C-1')), 403);
    assert.equal((readOut('counts') as unknown as { locked: boolean }).locked, true);
    await clock.pass(15 * minute - 100);
    assert.equal(await status(put('C-1')), 403);
    await clock.pass(100);
    assert.equal(await status(put('C-1')), 201);
  });

  it('takes a call and its facts from a budget by the second, and processes nothing beyond it', async () => {
    const { clock, status, profileOf } = start({ budget: 6 });
    const two = { to: factsTo('C-1'), body: [loyalty(), { factName: 'consent', factTtl: 60 }] };
    assert.equal(await status(two), 201);
    assert.equal(await status({ ...two, to: factsTo('C-2') }), 201);
    assert.equal(await status({ ...two, to: factsTo('C-3') }), 429);
    assert.equal(profileOf('C-3'), null);
    await clock.pass(500);
    assert.equal(await status({ ...two, to: factsTo('C-3') }), 201);
    assert.equal(await status({ method: 'GET', to: '/profiles/2001/profileId?partnerId=C-1' }), 429);
    await clock.pass(170);
    assert.equal(await status({ method: 'GET', to: '/profiles/2001/profileId?partnerId=C-1' }), 200);
  });

  it('counts a deletion as one, whatever its body', async () => {
    const { status } = start({ budget: 4 });
    assert.equal(await status(put('C-1')), 201);
    const del = { method: 'DELETE', to: '/profiles/2001/mappings?partnerId=C-1', body: ['a', 'b', 'c'].map(hashId) };
    assert.equal(await status(del), 404);
    assert.equal(await status(del), 404);
  });

  it('lets a call that costs more than a second’s budget through when the bucket is full', async () => {
    const { clock, status } = start({ budget: 2 });
    const four = { to: factsTo('C-1'), body: ['a', 'b', 'c', 'd'].map((factName) => ({ factName, factTtl: 60 })) };
    assert.equal(await status(four), 201);
    assert.equal(await status(four), 429);
    await clock.pass(2500);
    assert.equal(await status(four), 201);
  });
});

describe('relay42 emulator: what is refused', () => {
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`p${n}`, 1]));
  const interaction = (one: unknown) => ({
    to: '/profiles/2001/interactions?partnerId=C-1',
    body: { interactions: [one] },
  });
  const feed = { to: '/datafeeds/products/entries/k', body: { values: { a: 'x' } } };
  const activate = { to: '/journeyorchestration/2001/mappings/activate?partnerId=C-1' };
  const cases: readonly (readonly [about: string, call: Call])[] = [
    ['no partner id', { to: '/profiles/2001/facts', body: [loyalty()] }],
    ['an empty partner id', put('')],
    ['a partner type that is no number', { to: '/profiles/crm/facts?partnerId=C-1', body: [loyalty()] }],
    ['facts that are no JSON', { to: factsTo('C-1'), raw: '[{' }],
    ['facts as an object', { to: factsTo('C-1'), body: loyalty() }],
    ['a body that is not called JSON', { ...put('C-1'), headers: { 'content-type': 'text/plain' } }],
    ['a fact without a name', put('C-1', { factTtl: 60 })],
    ['a fact without a time to live', put('C-1', { factName: 'a' })],
    ['a time to live as text', put('C-1', { factName: 'a', factTtl: '60' })],
    ['a time to live of 59 s', put('C-1', loyalty('gold', 59))],
    ['a time to live above 16 years', put('C-1', loyalty('gold', 504_576_001))],
    ['65 properties', put('C-1', { factName: 'a', factTtl: 60, properties: many })],
    ['properties as a list', put('C-1', { factName: 'a', factTtl: 60, properties: ['x'] })],
    ['a fact that holds a partner id', put('C-1', { ...loyalty(), partnerId: 'C-1' })],
    ['forceInsert that is neither true nor false', put('C-1', loyalty(), '&forceInsert=yes')],
    ['one bad fact among good ones', { to: factsTo('C-1'), body: [loyalty(), { factName: 'a' }] }],
    ['interactions as an array', { to: '/profiles/2001/interactions?partnerId=C-1', body: [] }],
    ['an unknown interaction', interaction({ interactionType: 'purchase' })],
    ['an inherited name as interaction', interaction({ interactionType: 'constructor' })],
    ['a property of another type', interaction({ interactionType: 'pageView', type: 'x' })],
    ['an engagement without a name', interaction({ interactionType: 'engagement' })],
    ['a conversion with a value as text', interaction({ interactionType: 'conversion', value: '1' })],
    ['half an id to sync', interaction({ interactionType: 'sync', partnerNumber: 1 })],
    [
      'a partner number as text',
      interaction({ interactionType: 'thirdPartySync', partnerNumber: '1', partnerCookie: 'c' }),
    ],
    ['an external fact without a time to live', interaction({ interactionType: 'externalFact', type: 'a' })],
    [
      'an external fact of 65 variables',
      interaction({ interactionType: 'externalFact', type: 'a', ttl: 60, variables: many }),
    ],
    ['mappings as an object', { to: mappingsTo('C-1'), body: hashId() }],
    ['a mapping with its type as text', { to: mappingsTo('C-1'), body: [{ partnerId: 'h', partnerType: '1012' }] }],
    ['an unknown merge type', { to: mappingsTo('C-1', 'MERGE'), body: [hashId()] }],
    ['fact names that are no array', { method: 'DELETE', to: factsTo('C-1', '&fact=loyalty') }],
    ['no fact to delete', { method: 'DELETE', to: factsTo('C-1') }],
    ['mappings to delete without a body', { method: 'DELETE', to: mappingsTo('C-1') }],
    ['a number in a feed', { ...feed, body: { values: { a: 1 } } }],
    ['a feed entry without values', { ...feed, body: { a: 'x' } }],
    ['a feed time to live above 20 years', { ...feed, to: `${feed.to}?ttl=630720001` }],
    ['a connector that is no UUID', { ...activate, body: { connectorId: 'c' } }],
    ['a journey filter of another shape', { ...activate, body: { connectorId, journeyFilters: [{ journey: 1 }] } }],
  ];
  for (const [about, call] of cases) {
    it(`answers 400 to ${about}, and stores nothing`, async () => {
      const { status, readOut, emulator } = start();
      assert.equal(await status(call), 400);
      assert.deepEqual(readOut('profiles'), []);
      assert.deepEqual(emulator.summary(), []);
    });
  }

  it('answers 404 to paths and methods that it does not have', async () => {
    const { status } = start();
    for (const call of [
      { to: '/profiles/2001/traits?partnerId=C-1', body: [] },
      { method: 'PATCH', to: factsTo('C-1'), body: [] },
      { to: '/datafeeds/unknown/entries/k', body: { values: {} } },
      { to: '/datafeeds/products/entries', body: [] },
      { ...activate, body: { connectorId } },
    ]) {
      assert.equal(await status(call), 404, call.to);
    }
  });

  it('reads what is not called UTF-8 as something else', async () => {
    const { call, profileOf } = start();
    await call({ ...put('C-1', loyalty('Åsa')), headers: { 'content-type': 'application/json' } });
    assert.deepEqual(profileOf('C-1')?.facts['loyalty']?.properties, { tier: 'Ã\u0085sa' });
  });
});

describe('relay42 emulator: facts', () => {
  it('answers 201 with the profile’s id, under which the profile can be reached in space 42', async () => {
    const { call, status, profileOf } = start();
    const reply = await call(put('C-1'));
    assert.equal(reply.status, 201);
    const id = JSON.parse(String(reply.body)) as string;
    assert.equal(profileOf(id, 42)?.profileId, profileOf('C-1')?.profileId);
    assert.equal(await status({ to: `/profiles/42/facts?partnerId=${id}`, body: [loyalty('silver')] }), 201);
    assert.deepEqual(profileOf('C-1')?.facts['loyalty']?.properties, { tier: 'silver' });
    assert.equal(await status({ to: '/profiles/42/facts?partnerId=nobody', body: [loyalty()] }), 404);
  });

  it('leaves an unchanged fact alone, expiry included, unless it is forced in', async () => {
    const { clock, status, profileOf, readOut } = start();
    await status(put('C-1'));
    const first = profileOf('C-1')?.facts['loyalty']?.createdAt ?? 0;
    await clock.pass(minute);
    assert.equal(await status(put('C-1')), 201);
    assert.equal(profileOf('C-1')?.facts['loyalty']?.createdAt, first);
    assert.equal(readOut('engine').length, 1);
    await status(put('C-1', loyalty(), '&forceInsert=true'));
    assert.ok((profileOf('C-1')?.facts['loyalty']?.createdAt ?? 0) > first);
    assert.equal(readOut('engine').length, 2);
    await status(put('C-1', loyalty('silver')));
    await status(put('C-1', loyalty('silver', 7200)));
    assert.equal(readOut('engine').length, 4);
  });

  it('replaces a fact as a whole', async () => {
    const { status, profileOf } = start();
    await status(put('C-1', { factName: 'a', factTtl: 60, properties: { x: 1, y: 2 } }));
    await status(put('C-1', { factName: 'a', factTtl: 60, properties: { y: 3 } }));
    assert.deepEqual(profileOf('C-1')?.facts['a']?.properties, { y: 3 });
  });

  it('shows a fact until its time is over, and takes the same one as new afterwards', async () => {
    const { clock, status, profileOf, readOut, call } = start();
    await status(put('C-1', loyalty('gold', 60)));
    await clock.pass(minute - 1000);
    assert.ok(profileOf('C-1')?.facts['loyalty']);
    await clock.pass(1000);
    assert.deepEqual(profileOf('C-1')?.facts, {});
    assert.deepEqual((await call({ method: 'GET', to: factsTo('C-1') })).body, []);
    assert.deepEqual(readOut('facts'), []);
    await status(put('C-1', loyalty('gold', 60)));
    assert.ok(profileOf('C-1')?.facts['loyalty']);
    assert.equal(readOut('engine').length, 2);
  });

  it('updates with PUT only those that exist', async () => {
    const { status, profileOf } = start();
    assert.equal(await status({ ...put('C-1'), method: 'PUT' }), 404);
    assert.equal(profileOf('C-1'), null);
    await status(put('C-1'));
    assert.equal(await status({ ...put('C-1', loyalty('silver')), method: 'PUT' }), 201);
    assert.deepEqual(profileOf('C-1')?.facts['loyalty']?.properties, { tier: 'silver' });
  });

  it('deletes facts by a JSON array of names in the query, and says 404 when there is none', async () => {
    const { status, profileOf } = start();
    await status({ to: factsTo('C-1'), body: [loyalty(), { factName: 'consent', factTtl: 60 }] });
    const del = { method: 'DELETE', to: factsTo('C-1', `&fact=${encodeURIComponent('["loyalty"]')}`) };
    assert.equal(await status(del), 204);
    assert.deepEqual(Object.keys(profileOf('C-1')?.facts ?? {}), ['consent']);
    assert.equal(await status(del), 404);
    assert.equal(await status({ ...del, to: del.to.replace('C-1', 'C-2') }), 404);
  });
});

describe('relay42 emulator: two requests for one profile', () => {
  it('makes two profiles of one new id, tells of it, and finds the later one from then on', async () => {
    const { clock, begin, readOut, emulator, profileOf } = start();
    const both = [begin(put('C-1')), begin(put('C-1', loyalty('silver')))];
    await clock.pass(20);
    const ids = (await Promise.all(both)).map(({ body }) => JSON.parse(String(body)));
    assert.equal(new Set(ids).size, 2);
    assert.deepEqual(readOut('races'), [{ partnerType: '2001', partnerId: 'C-1', profiles: ids }]);
    assert.equal(readOut('profiles').length, 2);
    assert.equal(profileOf('C-1')?.profileId, ids[1]);
    assert.match(emulator.summary().join('\n'), /1 id has two profiles/);
  });

  it('makes one profile of two requests one after the other, and sees no overlap', async () => {
    const { status, readOut } = start();
    await status(put('C-1'));
    await status(put('C-1', loyalty('silver')));
    assert.deepEqual(readOut('races'), []);
    assert.deepEqual(readOut('overlaps'), []);
    assert.equal(readOut('profiles').length, 1);
  });

  it('sees requests overlap that reach one profile by different ids', async () => {
    const { clock, begin, status, readOut } = start();
    await status(put('C-1'));
    await status({ to: mappingsTo('C-1'), body: [hashId()] });
    const both = [begin(put('C-1')), begin({ to: '/profiles/1012/facts?partnerId=h1', body: [loyalty('silver')] })];
    await clock.pass(20);
    await Promise.all(both);
    assert.equal(readOut('overlaps').length, 1);
    assert.deepEqual(readOut('races'), []);
  });

  it('sees a mapping overlap with a request for the id that it maps', async () => {
    const { clock, begin, readOut } = start();
    const both = [
      begin({ to: mappingsTo('C-1'), body: [hashId()] }),
      begin({ to: '/profiles/1012/facts?partnerId=h1', body: [loyalty()] }),
    ];
    await clock.pass(20);
    await Promise.all(both);
    assert.deepEqual(
      readOut('overlaps').map(({ id }) => id),
      ['1012:h1'],
    );
  });
});

describe('relay42 emulator: interactions', () => {
  const to = '/profiles/2001/interactions?partnerId=C-1';

  it('appends what it gets, again and again, at the time of arrival', async () => {
    const { clock, status, profileOf } = start();
    const body = {
      interactions: [{ interactionType: 'engagement', type: 'visit', variables: { at: '2020-01-01 00:00' } }],
    };
    await status({ to, body });
    await status({ to, body });
    const stored = profileOf('C-1')?.interactions ?? [];
    assert.equal(stored.length, 2);
    assert.equal(stored[1]?.['timestamp'], clock.now() - 12);
  });

  it('takes all ten types, and turns facts and ids into facts and ids', async () => {
    const { status, profileOf } = start();
    const interactions = [
      { interactionType: 'bannerView', identifier: 'spring' },
      { interactionType: 'conversion', transactionId: 'A', value: 9.5, products: [], variables: {} },
      { interactionType: 'engagement', type: 'visit', content: { a: [1] } },
      { interactionType: 'experimentMatch', experimentGroupNumber: 1, experimentNumber: 2 },
      { interactionType: 'pageView', url: 'https://x.example', source: 'app' },
      { interactionType: 'sessionStart', url: 'https://x.example' },
      { interactionType: 'userPreferences', optOutRemarketing: true },
      { interactionType: 'sync', partnerNumber: 1012, partnerCookie: 'h1', mergeType: 'NO_MERGE' },
      { interactionType: 'thirdPartySync', partnerNumber: 7001, partnerCookie: 'c' },
      { interactionType: 'externalFact', type: 'loyalty', ttl: 3600, variables: { tier: 'gold' } },
    ];
    assert.equal(await status({ to, body: { interactions } }), 201);
    assert.equal(profileOf('C-1')?.interactions.length, 9);
    assert.deepEqual(profileOf('C-1')?.ids, { 1012: ['h1'], 2001: ['C-1'] });
    assert.deepEqual(profileOf('C-1')?.facts['loyalty']?.properties, { tier: 'gold' });
    const remove = { interactionType: 'externalFact', type: 'loyalty', operationType: 'REMOVE' };
    assert.equal(await status({ to, body: { interactions: [remove] } }), 201);
    assert.deepEqual(profileOf('C-1')?.facts, {});
  });

  it('updates with PUT only those that exist', async () => {
    const { status } = start();
    const call = { to, body: { interactions: [{ interactionType: 'pageView', url: 'x' }] } };
    assert.equal(await status({ ...call, method: 'PUT' }), 404);
    assert.equal(await status(call), 201);
    assert.equal(await status({ ...call, method: 'PUT' }), 201);
  });
});

describe('relay42 emulator: mappings', () => {
  /** C-1 and C-2 are two profiles with a fact of one name each; h1 belongs to C-2. */
  async function twoProfiles(mergeType: string) {
    const running = start();
    const { status } = running;
    await status(put('C-1', loyalty('of C-1')));
    await status(put('C-2', loyalty('of C-2')));
    await status(put('C-2', { factName: 'consent', factTtl: 60, properties: {} }));
    await status({ to: mappingsTo('C-2'), body: [hashId()] });
    assert.equal(await status({ to: mappingsTo('C-1', mergeType), body: [hashId()] }), 201);
    return running;
  }

  it('moves nothing with NO_MERGE', async () => {
    const { profileOf, readOut } = await twoProfiles('NO_MERGE');
    assert.equal(readOut('profiles').length, 2);
    assert.deepEqual(profileOf('C-1')?.ids, { 2001: ['C-1'] });
    assert.deepEqual(profileOf('h1', 1012)?.ids, { 1012: ['h1'], 2001: ['C-2'] });
  });

  for (const [mergeType, tier] of [
    ['SITE', 'of C-1'],
    ['MERGE_NO_OVERRIDE', 'of C-2'],
  ] as const) {
    it(`makes one profile of two with ${mergeType}, and keeps the fact ${tier}`, async () => {
      const { profileOf, readOut } = await twoProfiles(mergeType);
      assert.equal(readOut('profiles').length, 1);
      for (const [id, type] of [['C-1'], ['C-2'], ['h1', 1012]] as const) {
        assert.deepEqual(profileOf(id, type)?.ids, { 1012: ['h1'], 2001: ['C-1', 'C-2'] });
      }
      assert.deepEqual(profileOf('C-1')?.facts['loyalty']?.properties, { tier });
      assert.ok(profileOf('C-1')?.facts['consent']);
    });
  }

  it('takes PUT like POST, and adds an id to a profile addressed by its own id', async () => {
    const { call, status, profileOf } = start();
    const id = JSON.parse(String((await call(put('C-1'))).body)) as string;
    assert.equal(await status({ method: 'PUT', to: `/profiles/42/mappings?partnerId=${id}`, body: [hashId()] }), 201);
    assert.deepEqual(profileOf('C-1')?.ids, { 1012: ['h1'], 2001: ['C-1'] });
    assert.deepEqual((await call({ method: 'GET', to: '/profiles/2001/mappings?partnerId=C-1' })).body, {
      1012: 'h1',
      2001: 'C-1',
    });
    assert.deepEqual((await call({ method: 'GET', to: '/profiles/2001/mappings/1012?partnerId=C-1' })).body, ['h1']);
  });

  it('deletes ids by a body, and says 404 when there is none', async () => {
    const { status, profileOf } = start();
    await status(put('C-1'));
    await status({ to: mappingsTo('C-1'), body: [hashId()] });
    const del = { method: 'DELETE', to: '/profiles/2001/mappings?partnerId=C-1', body: [hashId()] };
    assert.equal(await status(del), 204);
    assert.equal(profileOf('h1', 1012), null);
    assert.deepEqual(profileOf('C-1')?.ids, { 2001: ['C-1'] });
    assert.equal(await status(del), 404);
  });
});

describe('relay42 emulator: the rest', () => {
  it('deletes a profile with all its ids', async () => {
    const { status, profileOf, readOut } = start();
    await status(put('C-1'));
    await status({ to: mappingsTo('C-1'), body: [hashId()] });
    const del = { method: 'DELETE', to: '/profiles/2001/profile?partnerId=C-1' };
    assert.equal(await status(del), 204);
    assert.deepEqual(readOut('profiles'), []);
    assert.equal(profileOf('h1', 1012), null);
    assert.equal(await status(del), 404);
  });

  it('writes, overwrites, reads, forgets and deletes entries of a feed that was set up', async () => {
    const { clock, status, call, readOut } = start();
    const to = '/datafeeds/products/entries/TEA%2F1';
    assert.equal(await status({ to, body: { values: { title: 'Tea' } } }), 201);
    assert.equal(await status({ to, body: { values: { title: 'Green tea' } } }), 201);
    assert.deepEqual(readOut('feeds'), { products: { 'TEA/1': { title: 'Green tea' } } });
    const read = await call({ method: 'GET', to: '/datafeeds/products/entries?key=TEA/1,x' });
    assert.deepEqual(JSON.parse(JSON.stringify(read.body)), { 'TEA/1': { title: 'Green tea' } });
    assert.equal(await status({ method: 'DELETE', to }), 204);
    assert.equal(await status({ method: 'DELETE', to }), 404);
    await status({ to: `${to}?ttl=60`, body: { values: {} } });
    await clock.pass(minute);
    assert.deepEqual(readOut('feeds'), { products: {} });
  });

  it('activates a connector that was set up, for a profile that exists', async () => {
    const { status, readOut } = start();
    const call = { to: '/journeyorchestration/2001/mappings/activate?partnerId=C-1', body: { connectorId } };
    assert.equal(await status(call), 404);
    await status(put('C-1'));
    assert.equal(await status(call), 202);
    assert.equal(readOut('activations').length, 1);
    const other = { ...call, body: { connectorId: connectorId.replace('1f', '2f') } };
    assert.equal(await status(other), 404);
  });

  it('tells in a line what it holds, and forgets everything when asked', async () => {
    const { status, emulator } = start();
    await status(put('C-1'));
    assert.deepEqual(emulator.summary(), ['site 1234: 1 profile with 1 id, 1 fact and 0 interactions']);
    emulator.reset();
    assert.deepEqual(emulator.summary(), []);
  });
});
