/** The target and its emulator were written apart from each other, both from the contract: here they must meet. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createTokenCache } from '../../src/delivery/token-cache.ts';
import { createTransport } from '../../src/delivery/transport.ts';
import { type Json, type JsonObject, rawNumber } from '../../src/model/json.ts';
import type { ApiReply, ApiRequest } from '../../src/model/request.ts';
import { type AdobeOptions, adobeEmulator, createAdobe } from '../../src/sandbox/adobe.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { adobe } from '../../src/targets/adobe.ts';
import type { Operation, Target } from '../../src/targets/target.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const origin = 'http://127.0.0.1:1/adobe';
const start = Date.UTC(2024, 2, 1, 12);

function meeting(options: AdobeOptions = {}, more: Readonly<Record<string, unknown>> = {}) {
  const clock = createVirtualClock(start);
  const emulator = createAdobe(clock, options);
  const { baseUrl, ...own } = { ...emulator.settings(origin), ...more } as Record<string, unknown>;
  const target = adobe.open(adobe.config.parse(own), { baseUrl: String(baseUrl), headers: { 'X-Team': 'crm' } });
  const exchange = async ({ method, url, headers, body }: ApiRequest): Promise<ApiReply> => {
    const { pathname, search } = new URL(url);
    const reply = await emulator.handle({
      method,
      path: pathname.replace('/adobe', ''),
      rawUrl: pathname + search,
      query: new URLSearchParams(search),
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
      body: Buffer.concat(body),
    });
    const text = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? '');
    return { kind: 'reply', status: reply.status, headers: {}, body: text, truncated: false, receivedAt: clock.now() };
  };
  const tokens = target.token === undefined ? undefined : createTokenCache(target.token, exchange, clock);
  let rows = 0;
  const encode = (operation: Operation, item: JsonObject) =>
    operation.encode(item, { identity: (++rows).toString(16).padStart(32, '0'), key: '', now: clock.now() });
  const send = async (operation: Operation, items: readonly string[]) => {
    const { prefix, suffix } = operation.frame('');
    const chunk = {
      route: '',
      items: items.length,
      body: [Buffer.from(prefix + items.join(',') + suffix)],
    };
    const got = await tokens?.get();
    const token = got !== undefined && 'token' in got ? got.token : undefined;
    return operation.verdict(await exchange(target.authorize(operation.request(chunk), new Date(start), token)), chunk);
  };
  const push = async (operation: Operation, ...items: JsonObject[]) =>
    send(
      operation,
      items.map((item) => {
        const encoded = encode(operation, item);
        return 'faults' in encoded ? assert.fail(JSON.stringify(encoded.faults)) : encoded.json;
      }),
    );
  const read = (name: string) => emulator.readOut(name, new URLSearchParams());
  const total = (name: 'failed' | 'dropped') => (read(name) as { total: number }).total;
  const provision = (operation: Operation, settings: Readonly<Record<string, unknown>> = {}) =>
    emulator.provision(operation.name, operation.fields, settings, own);
  return { emulator, target, clock, tokens, encode, send, push, read, total, provision, own };
}

const ada = { identityMap: { Email: 'ada@example.org' }, person: { name: { firstName: 'Ada' } } };
const visit = { timestamp: '2024-03-01T11:00:00Z', eventType: 'web.visit', identityMap: { Email: 'ada@example.org' } };
const primary = { primaryIdentity: 'Email' };

describe('target and emulator', () => {
  it('agree on every operation, in either mode, with a token and without one', async () => {
    for (const options of [{}, { auth: false }, { itemShape: 'uuid' }] as const) {
      for (const mode of ['batch', 'single'] as const) {
        const { target, push, read, own, total } = meeting(options, { mode });
        const accepted = { kind: 'accepted' };
        const dataset = String(own['datasetId']);
        assert.deepEqual(await push(target.operation('record', primary), ada), accepted);
        assert.deepEqual(await push(target.operation('event', primary), visit), accepted);
        assert.deepEqual(await push(target.operation('raw', {}), { first: 'Ada' }), accepted);
        assert.deepEqual(await push(target.operation('merge', primary), { ...ada, city: 'Umeå' }), accepted);
        assert.deepEqual((read(`lake/${dataset}`) as unknown[]).length, 3);
        assert.deepEqual((read(`profile/${dataset}`) as unknown[]).length, 2, 'one person, one event');
        const { identityMap } = ada;
        assert.deepEqual(await push(target.operation('delete', primary), { identityMap }), accepted);
        assert.deepEqual((read(`profile/${dataset}`) as unknown[]).length, 1, 'the event');
        assert.equal(total('failed'), 0);
      }
    }
  });

  it('agree on which message was refused, in both shapes, also when the status is text', async () => {
    for (const itemShape of ['documented', 'uuid'] as const) {
      const { target, encode, send, emulator, read, own } = meeting({ itemShape });
      const operation = target.operation('record', primary);
      const texts = [1, 2, 3, 4].map((points) => {
        const encoded = encode(operation, { ...ada, points });
        return 'faults' in encoded ? assert.fail() : encoded.json;
      });
      texts[2] = '{"header":1}';
      emulator.spoil({ kind: 'text-status' });
      const verdict = await send(operation, texts);
      assert.equal(verdict.kind, 'partial');
      assert.deepEqual(verdict.kind === 'partial' ? [...verdict.rejected.keys()] : [], [2]);
      assert.equal((read(`lake/${String(own['datasetId'])}`) as unknown[]).length, 3);
    }
  });

  it('agree that a short answer says nothing of single messages, unless it has indexes', async () => {
    const short = { kind: 'short', missing: 1 } as const;
    const documented = meeting();
    documented.emulator.spoil(short);
    const record = documented.target.operation('record', primary);
    assert.equal((await documented.push(record, ada, ada, ada)).kind, 'retry');
    const uuid = meeting({ itemShape: 'uuid' });
    uuid.emulator.spoil(short);
    const verdict = await uuid.push(uuid.target.operation('record', primary), ada, ada, ada);
    assert.deepEqual(verdict.kind === 'partial' ? verdict.retry : verdict, [2]);
  });

  it('agree that the wrong organisation stops the run', async () => {
    const { target, push } = meeting({}, { imsOrgId: 'X@AdobeOrg' });
    assert.equal((await push(target.operation('record', primary), ada, ada)).kind, 'fatal');
    assert.equal((await push(target.operation('merge', primary), ada)).kind, 'fatal');
  });

  it('agree on a token that aged: asked for again once it is dropped', async () => {
    for (const badTokenStatus of [401, 403] as const) {
      const { target, push, clock, tokens, read } = meeting({ tokenSeconds: 3600, badTokenStatus });
      const record = target.operation('record', primary);
      const held = await tokens?.get();
      await clock.pass(3_000_000);
      assert.equal((await push(record, ada)).kind, 'accepted');
      assert.equal((read('state') as { tokens: number }).tokens, 1);
      await clock.pass(400_000);
      assert.equal((await push(record, ada)).kind, 'accepted', 'renewed five minutes ahead');
      assert.equal((read('state') as { tokens: number }).tokens, 2);
      const aged = target.authorize(record.request({ route: '', items: 1, body: [] }), new Date(0), 'x');
      assert.equal(aged.headers['Authorization'], 'Bearer x');
      assert.ok(held !== undefined && 'token' in held);
    }
  });

  it('agree on bad credentials and on a bad token', async () => {
    const wrong = meeting({}, { clientSecret: 'wrong' });
    const got = await wrong.tokens?.get();
    assert.ok(got !== undefined && 'reason' in got && got.reason.code === 'unauthorized');
    assert.deepEqual((await wrong.push(wrong.target.operation('record', primary), ada)).kind, 'reauthorize');
    const open = meeting({}, { auth: 'none' });
    assert.deepEqual((await open.push(open.target.operation('record', primary), ada)).kind, 'fatal');
  });

  it('agree on the canary: a row that fails is named with its violation, one that passes is stored', async () => {
    const { target, push, provision, read, own } = meeting({}, { syncValidation: true });
    const record = target.operation('record', primary);
    const schema = { points: 'integer' };
    provision(record, { schema });
    const bad = await push(record, { identityMap: ada.identityMap, points: 'seven' });
    assert.match(
      bad.kind === 'rejected' ? bad.reason.reason : bad.kind,
      /#\/points: expected type: Long, found: String/,
    );
    assert.equal((await push(record, { identityMap: ada.identityMap, points: 7 })).kind, 'accepted');
    assert.equal((read(`lake/${String(own['datasetId'])}`) as unknown[]).length, 1);
    const elsewhere = meeting({ isVa7: false }, { syncValidation: true });
    const verdict = await elsewhere.push(elsewhere.target.operation('record', primary), ada);
    assert.equal(verdict.kind === 'fatal' ? verdict.reason.code : verdict.kind, 'sync-check-unavailable');
  });

  it("a canary at the target's pace is never told to slow down, and a little faster is", async () => {
    const run = async (rate: number) => {
      const { target, push, clock } = meeting({ auth: false }, { syncValidation: true });
      const record = target.operation('record', primary);
      for (let count = 0; count < 130; count++) {
        if ((await push(record, ada)).kind !== 'accepted') return 'slowed down';
        await clock.pass(1000 / rate);
      }
      return 'through';
    };
    assert.equal(await run(meeting({}, { syncValidation: true }).target.pace?.rate ?? 0), 'through');
    assert.equal(await run(1.1), 'slowed down');
  });

  it('find the same event again when a chunk is sent twice', async () => {
    const { target, encode, send, read, own } = meeting();
    const operation = target.operation('event', primary);
    const encoded = encode(operation, visit);
    if ('faults' in encoded) assert.fail();
    for (const _ of [1, 2]) assert.equal((await send(operation, [encoded.json])).kind, 'accepted');
    const dataset = String(own['datasetId']);
    assert.deepEqual(
      [`lake/${dataset}`, `profile/${dataset}`].map((name) => (read(name) as unknown[]).length),
      [2, 1],
    );
  });

  it('what the target lets through under a declared schema never fails later', async () => {
    const schema = {
      'person.name.firstName': { type: 'string', minLength: 1, maxLength: 5 },
      'person.birthDate': 'date',
      seen: 'date-time',
      long: 'long',
      byte: 'byte',
      rate: { type: 'double', minimum: 0, maximum: 1 },
      member: 'boolean',
      tier: { type: 'string', enum: ['gold', 'silver'], required: true },
      'tags[]': 'string',
      'orders[].total': 'double',
      extra: 'object',
    };
    const value: fc.Arbitrary<Json> = fc.oneof(
      fc.constantFrom<Json>(
        '',
        'gold',
        'Ada',
        '2024-02-29',
        '2023-02-29',
        '2024-02-29T10:00:00Z',
        '2024-02-29T10:00:00',
      ),
      fc.constantFrom<Json>(
        '2024-02-29T10:00:00.123456789+14:00',
        '2024-02-29T24:00:00Z',
        '1'.repeat(38),
        'x'.repeat(1025),
      ),
      fc.constantFrom<Json>(
        0,
        1,
        -129,
        128,
        129,
        0.5,
        1e21,
        2 ** 53,
        true,
        null,
        rawNumber('9007199254740993'),
        rawNumber('7'),
      ),
      fc.constantFrom<Json>(
        [],
        ['a'],
        [1],
        [null],
        {},
        { a: 1 },
        { a: null },
        [{ total: 1 }],
        [{ total: 'x' }],
        [{ sum: 1 }],
      ),
      fc.constantFrom<Json>(
        [{ id: 'a', primary: true }],
        [{ id: '' }],
        [{ id: 7 }],
        [{ id: 'a', authenticatedState: 'x' }],
      ),
    );
    const item = fc
      .record(
        {
          identityMap: fc.dictionary(fc.constantFrom('Email', 'ECID', 'CRMID'), value),
          person: fc.oneof(
            value,
            fc.record({ name: fc.record({ firstName: value }), birthDate: value }, { requiredKeys: [] }),
          ),
          seen: value,
          long: value,
          byte: value,
          rate: value,
          member: value,
          tags: value,
          orders: value,
          extra: value,
          unknown: value,
          _id: value,
          timestamp: value,
        },
        { requiredKeys: [] },
      )
      .chain((odd) => fc.subarray(Object.keys(odd), { maxLength: 2 }).map((names) => ({ odd, names })));
    const good = { tier: 'gold', timestamp: '2024-03-01T11:00:00Z', identityMap: { Email: 'a@b.se' } };
    const outcomes = { sent: 0, refused: 0 };
    for (const name of ['record', 'event']) {
      const { target, encode, send, total, provision } = meeting({ auth: false });
      const settings = { schema };
      const operation = target.operation(name, settings);
      provision(operation, settings);
      await fc.assert(
        fc.asyncProperty(item, async ({ odd, names }) => {
          const picked = Object.fromEntries(Object.entries(odd).filter(([key]) => names.includes(key)));
          const encoded = encode(operation, { ...good, ...picked } as JsonObject);
          if ('faults' in encoded) {
            outcomes.refused += 1;
            return;
          }
          outcomes.sent += 1;
          const before = total('failed') + total('dropped');
          assert.equal((await send(operation, [encoded.json])).kind, 'accepted');
          assert.equal(total('failed') + total('dropped'), before, encoded.json);
        }),
        { numRuns: 600 },
      );
    }
    assert.ok(outcomes.sent > 200 && outcomes.refused > 200, JSON.stringify(outcomes));
  });

  it('what the target refuses would have failed or been dropped', async () => {
    const { target, encode, send, emulator, total, own } = meeting({ auth: false });
    const event = target.operation('event', {});
    emulator.provision('event', [{ name: '*' }], {}, own);
    const cases: JsonObject[] = [
      { ...visit, timestamp: '2024-03-01' },
      { ...visit, timestamp: '2024-03-01T13:00:00Z' },
      { ...visit, page: { name: null } },
      { ...visit, _id: 7 },
      { ...visit, identityMap: { ECID: '1' } },
      { ...visit, identityMap: { Email: 'x'.repeat(1025) } },
    ];
    for (const item of cases) {
      assert.ok('faults' in encode(event, item), JSON.stringify(item));
      const shaped = { ...item, identityMap: inXdm(item['identityMap']), _id: item['_id'] ?? 'x' };
      const encoded = encode(event, visit);
      if ('faults' in encoded) assert.fail();
      const message = JSON.parse(encoded.json);
      message.body.xdmEntity = shaped;
      const before = total('failed') + total('dropped');
      assert.equal((await send(event, [JSON.stringify(message)])).kind, 'accepted');
      assert.equal(total('failed') + total('dropped'), before + 1, JSON.stringify(item));
    }
  });

  it('meet over the wire', async () => {
    const server = await startSandbox({ platforms: [adobeEmulator] });
    const transport = createTransport({ connections: 1, timeoutMs: 5000, connectTimeoutMs: 5000 });
    try {
      const { baseUrl, ...own } = server.emulator('adobe').settings(server.url('adobe'));
      const target: Target = adobe.open(adobe.config.parse(own), { baseUrl: String(baseUrl), headers: {} });
      assert.ok('calls' in target.check && target.token !== undefined);
      const [call] = target.check.calls;
      if (call?.authorize === undefined) assert.fail();
      const answer = await transport.send(call.authorize(call.request, new Date(), undefined));
      assert.equal(target.check.read(answer, 0).ok, true);
      const got = target.token.read(await transport.send(target.token.request()));
      if (!('token' in got)) assert.fail(JSON.stringify(got));
      const operation = target.operation('event', primary);
      const encoded = operation.encode(visit, { identity: '0'.repeat(32), key: '', now: Date.now() });
      if ('faults' in encoded) assert.fail();
      const { prefix, suffix } = operation.frame('');
      const chunk = {
        route: '',
        items: 1,
        body: [Buffer.from(prefix + encoded.json + suffix)],
      };
      const reply = await transport.send(target.authorize(operation.request(chunk), new Date(), got.token));
      assert.deepEqual(operation.verdict(reply, chunk), { kind: 'accepted' }, JSON.stringify(reply));
      assert.equal(server.emulator('adobe').summary().length, 1);
    } finally {
      await transport.close();
      await server.close();
    }
  });
});

function inXdm(map: Json | undefined): Json {
  const entries = typeof map === 'object' && map !== null ? Object.entries(map) : [];
  return Object.fromEntries(entries.map(([name, id]): [string, Json] => [name, [{ id: id as Json }]]));
}
