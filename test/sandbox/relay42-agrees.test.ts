/** The target and its emulator were written apart from each other, both from the contract: here they must meet. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { createTransport, type Transport } from '../../src/delivery/transport.ts';
import { type Json, type JsonObject, rawNumber } from '../../src/model/json.ts';
import type { ApiReply } from '../../src/model/request.ts';
import type { Emulator } from '../../src/sandbox/emulator.ts';
import { createRelay42, relay42Emulator } from '../../src/sandbox/relay42.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { relay42 } from '../../src/targets/relay42.ts';
import type { Operation, Target } from '../../src/targets/target.ts';
import { makeBlock } from '../support/blocks.ts';
import { deliver } from '../support/deliver.ts';

const row = { identity: '0'.repeat(32), key: '', now: 0 };
const connectorId = '1f0e9a44-3c4b-4a55-9d1c-0a4b6a6f3f10';

function openFor(emulator: Emulator, origin: string): Target {
  const { baseUrl, rate: _rate, concurrency: _concurrency, ...own } = emulator.settings(origin);
  emulator.provision('datafeed.put', [], { feedPrefix: 'products' }, own);
  emulator.provision('connector.activate', [], { connectorId }, own);
  return relay42.open(relay42.config.parse(own), { baseUrl: String(baseUrl), headers: {} });
}

/** Without a network, and at no time at all. */
function meeting() {
  const origin = 'http://127.0.0.1:1/relay42';
  const emulator = createRelay42({ now: () => 0, sleep: () => Promise.resolve() }, { budget: Number.MAX_SAFE_INTEGER });
  const target = openFor(emulator, origin);
  const send = async (operation: Operation, item: JsonObject) => {
    const encoded = operation.encode(item, row);
    if ('faults' in encoded) return encoded.faults;
    const { prefix, suffix } = operation.frame(encoded.route);
    const body = [Buffer.from(prefix + encoded.json + suffix)];
    const chunk = { route: encoded.route, items: 1, body };
    const request = target.authorize(operation.request(chunk), new Date(0), undefined);
    const url = new URL(request.url);
    const reply = await emulator.handle({
      method: request.method,
      path: url.pathname.replace('/relay42', ''),
      rawUrl: url.pathname + url.search,
      query: url.searchParams,
      headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value])),
      body: Buffer.concat(request.body),
    });
    const text = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? '');
    const given: ApiReply = {
      kind: 'reply',
      status: reply.status,
      headers: {},
      body: text,
      truncated: false,
      receivedAt: 0,
    };
    return operation.verdict(given, chunk);
  };
  return { emulator, target, send };
}

const anyText = fc.oneof(
  fc.constantFrom('', ' ', 'x', '..', '.', 'a/b', 'a+b@x.nl', '%2F', '&x=1', '#', '?', 'Åsa 🐢', '__proto__', '42'),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.constantFrom('a\ud800', 'a\u0000b', 'a\r\nb'),
);
const anyValue: fc.Arbitrary<Json> = fc.oneof(
  anyText,
  fc.constantFrom<Json>(
    0,
    1,
    -1,
    1.5,
    42,
    59,
    60,
    504_576_000,
    504_576_001,
    630_720_001,
    Number.NaN,
    true,
    false,
    null,
  ),
  fc.constantFrom<Json>(rawNumber('9007199254740993001'), rawNumber('1.50'), rawNumber('3600')),
  fc.constantFrom<Json>([], ['x'], {}, { a: 'x' }, { a: 1, b: rawNumber('1.50') }, { a: { b: 1 } }, { '': 'x' }),
  fc.constantFrom<Json>([{ journeyId: 'j', stepId: 1 }], [{ journey: 1 }], 'SITE', 'NO_MERGE', 'INSERT', 'REMOVE'),
);
const names = [
  ...['partnerId', 'partnerType', 'factName', 'factTtl', 'properties', 'interactionType', 'type', 'ttl', 'variables'],
  ...['forceInsert', 'operationType', 'mergeType', 'partnerNumber', 'partnerCookie', 'value', 'products', 'content'],
  ...['experimentNumber', 'url', 'optOutAdapting', 'mappingPartnerId', 'mappingPartnerType', 'itemKey', 'values'],
  ...['journeyFilters', 'somethingElse'],
];

const one = { partnerType: 2001 };
const interaction = (interactionType: string, more: JsonObject): readonly [string, object, JsonObject] => [
  'interactions.add',
  one,
  { partnerId: 'C-1', interactionType, ...more },
];
const good: readonly (readonly [operation: string, settings: object, item: JsonObject])[] = [
  ['facts.add', { ...one, factTtl: 3600 }, { partnerId: 'C-1', factName: 'loyalty', properties: { tier: 'gold' } }],
  ['facts.update', { ...one, factTtl: 3600 }, { partnerId: 'C-1', factName: 'loyalty', properties: { tier: 'gold' } }],
  ['facts.delete', one, { partnerId: 'C-1', factName: 'loyalty' }],
  interaction('bannerView', { identifier: 'spring' }),
  interaction('conversion', { transactionId: 'A', value: 1.5, products: [{ sku: 'x' }], variables: { a: 'b' } }),
  interaction('engagement', { type: 'visit', content: ['x'], variables: { a: 'b' } }),
  interaction('experimentMatch', { experimentGroupNumber: 1, experimentNumber: 2 }),
  interaction('pageView', { url: 'https://x.example' }),
  interaction('sessionStart', { url: 'https://x.example' }),
  interaction('userPreferences', { optOutAdapting: true }),
  interaction('sync', { partnerNumber: 1012, partnerCookie: 'h' }),
  interaction('thirdPartySync', { partnerNumber: 1012, partnerCookie: 'h' }),
  interaction('externalFact', { type: 'loyalty', ttl: 60, variables: { tier: 'gold' } }),
  ['interactions.update', one, { partnerId: 'C-1', interactionType: 'pageView', url: 'https://x.example' }],
  ['mappings.add', { ...one, mappingPartnerType: 1012 }, { partnerId: 'C-1', mappingPartnerId: 'h' }],
  ['mappings.delete', { ...one, mappingPartnerType: 1012 }, { partnerId: 'C-1', mappingPartnerId: 'h' }],
  ['profile.delete', one, { partnerId: 'C-1' }],
  ['datafeed.put', { feedPrefix: 'products' }, { itemKey: 'TEA-1', values: { title: 'Tea' } }],
  ['datafeed.delete', { feedPrefix: 'products' }, { itemKey: 'TEA-1' }],
  ['connector.activate', { ...one, connectorId }, { partnerId: 'C-1' }],
];

describe('relay42: what the target lets through, the platform takes', () => {
  for (const [name, settings, base] of good) {
    it(`${name} ${base['interactionType'] ?? ''}`, async () => {
      const { emulator, target, send } = meeting();
      const operation = target.operation(name, settings);
      const known = await send(operation, base);
      assert.ok(
        'kind' in known && (known.kind === 'accepted' || known.kind === 'skipped' || known.kind === 'rejected'),
      );
      let [taken, refused] = [0, 0];
      const ownNames = fc.constantFrom(...Object.keys(base), ...names);
      await fc.assert(
        fc.asyncProperty(
          fc.dictionary(ownNames, anyValue, { maxKeys: 3 }),
          fc.subarray(Object.keys(base), { maxLength: 1 }),
          async (changed, missing) => {
            const item: JsonObject = { ...base, ...changed };
            for (const absent of missing) delete item[absent];
            const verdict = await send(operation, item);
            if (!('kind' in verdict)) {
              refused++;
              return;
            }
            taken++;
            // What is not there cannot be changed, and that is all the platform may find fault with.
            const code = 'reason' in verdict ? verdict.reason.code : 'accepted';
            assert.ok(
              code === 'accepted' || code === 'not-found',
              `${JSON.stringify(verdict)} ${JSON.stringify(item)}`,
            );
          },
        ),
        { numRuns: 400, seed: 42 },
      );
      assert.ok(taken > 20 && refused > 40, `taken ${taken}, refused ${refused}: one side was hardly tried`);
      assert.deepEqual(emulator.readOut('overlaps', new URLSearchParams()), []);
    });
  }
});

describe('relay42: a load over the network', () => {
  let sandbox: Sandbox;
  let target: Target;
  let transport: Transport;
  const read = (name: string) => sandbox.emulator('relay42').readOut(name, new URLSearchParams());

  before(async () => {
    sandbox = await startSandbox({ platforms: [relay42Emulator] });
    target = openFor(sandbox.emulator('relay42'), sandbox.url('relay42'));
    transport = createTransport({ connections: 16, timeoutMs: 10_000, connectTimeoutMs: 5000 });
  });
  beforeEach(() => {
    sandbox.emulator('relay42').reset();
  });
  after(async () => {
    await transport.close();
    await sandbox.close();
  });

  const settings = { ...one, factTtl: 3600, factName: 'loyalty' };
  // Forced in, so that the two facts of a customer go in two requests.
  const consent = { ...one, factTtl: 3600, factName: 'consent', forceInsert: true };
  const ids = { ...one, mappingPartnerType: 1012, via: 'profileId' };
  const entries: readonly (readonly [
    name: string,
    settings: object,
    item: (customer: number, round: number) => JsonObject,
  ])[] = [
    ['facts.add', settings, (customer, round) => ({ partnerId: `C-${customer}`, properties: { round } })],
    ['facts.add', consent, (customer) => ({ partnerId: `C-${customer}`, properties: { email: 'yes' } })],
    ['mappings.add', ids, (customer) => ({ partnerId: `C-${customer}`, mappingPartnerId: `h-${customer}` })],
  ];

  /** Every customer twice, each row as two facts and an id, through planner and sender as in a run. */
  async function load(customers: number, { laned }: { laned: boolean }) {
    const operations = entries.map(([name, given]) => target.operation(name, given));
    const numbers = new Map<string, number>();
    const numberOf = (lane: string) => {
      const number = numbers.get(lane) ?? numbers.size;
      numbers.set(lane, number);
      return number;
    };
    const items = [0, 1].flatMap((round) =>
      Array.from({ length: customers }, (_, customer) =>
        entries.map(([, , item], entry) => {
          const encoded = operations[entry]?.encode(item(customer, round), row);
          if (encoded === undefined || 'faults' in encoded) assert.fail('refused');
          const { json, route, lanes } = encoded;
          const record = round * customers + customer + 1;
          return { json, route, entry, record, lanes: laned ? lanes.map(numberOf) : [] };
        }),
      ).flat(),
    );
    assert.deepEqual(await deliver(target, transport, [makeBlock(items, operations)]), []);
  }

  it('makes one profile of each customer, with both facts, both ids and the later row’s values', async () => {
    await load(40, { laned: true });
    assert.deepEqual([read('races'), read('overlaps')], [[], []]);
    const profiles = read('profiles') as {
      ids: Record<string, string[]>;
      facts: Record<string, { properties: unknown }>;
    }[];
    const held = profiles.map(({ ids: own, facts }) => [
      own,
      Object.fromEntries(Object.entries(facts).map(([name, { properties }]) => [name, properties])),
    ]);
    const expected = Array.from({ length: 40 }, (_, customer) => [
      { 1012: [`h-${customer}`], 2001: [`C-${customer}`] },
      { consent: { email: 'yes' }, loyalty: { round: 1 } },
    ]);
    const byText = (list: unknown[]) => list.map((entry) => JSON.stringify(entry)).sort();
    assert.deepEqual(byText(held), byText(expected));
  });

  it('would make two profiles of some without lanes', async () => {
    await load(10, { laned: false });
    assert.notDeepEqual(read('races'), []);
    assert.notDeepEqual(read('overlaps'), []);
  });

  it('deletes an id by a body that arrives', async () => {
    await load(1, { laned: true });
    const operation = target.operation('mappings.delete', { ...one, mappingPartnerType: 1012 });
    const encoded = operation.encode({ partnerId: 'C-0', mappingPartnerId: 'h-0' }, row);
    if ('faults' in encoded) assert.fail('refused');
    const chunk = { route: encoded.route, items: 1, body: [Buffer.from(`[${encoded.json}]`)] };
    const reply = await transport.send(target.authorize(operation.request(chunk), new Date(0), undefined));
    assert.deepEqual(operation.verdict(reply, chunk), { kind: 'accepted' });
    const [profile] = read('profiles') as { ids: unknown }[];
    assert.deepEqual(profile?.ids, { 2001: ['C-0'] });
  });

  it('proves a login by one call that leaves nothing behind', async () => {
    if ('none' in target.check) assert.fail('there is a check');
    for (const { request } of target.check.calls) {
      const reply = await transport.send(target.authorize(request, new Date(0), undefined));
      assert.equal(target.check.read(reply, 0).ok, true);
      const stranger = await transport.send(request);
      assert.equal(target.check.read(stranger, 0).ok, false);
    }
    assert.deepEqual(read('profiles'), []);
    assert.deepEqual(read('counts'), { statuses: { 403: 1, 404: 1 }, locked: false });
  });
});
