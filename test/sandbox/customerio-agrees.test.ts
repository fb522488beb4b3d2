/** The target and its emulator were written apart from each other, both from the contract: here they must meet. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Json, type JsonObject, rawNumber } from '../../src/model/json.ts';
import { createCustomerio } from '../../src/sandbox/customerio.ts';
import type { EmulatorReply } from '../../src/sandbox/emulator.ts';
import { customerio } from '../../src/targets/customerio.ts';

const origin = 'http://127.0.0.1:1/customerio';
const now = Date.UTC(2024, 2, 1, 12);

function meeting() {
  const emulator = createCustomerio({ now: () => now, sleep: () => Promise.resolve() });
  const { baseUrl, rate: _, ...own } = emulator.settings(origin);
  const target = customerio.open(customerio.config.parse(own), { baseUrl: String(baseUrl), headers: {} });
  let rows = 0;

  const encode = (operation: string, item: JsonObject) => {
    rows++;
    const identity = rows.toString(16).padStart(32, '0');
    return target.operation(operation, {}).encode(item, { identity, key: '', now });
  };
  const send = (texts: readonly string[]): EmulatorReply => {
    const operation = target.operation('identify', {});
    const { prefix, suffix } = operation.frame('batch');
    const body = Buffer.from(prefix + texts.join(',') + suffix);
    const plain = operation.request({ route: 'batch', items: texts.length, body: [body] });
    const { url, headers } = target.authorize(plain, new Date(now), undefined);
    const reply = emulator.handle({
      method: 'POST',
      path: new URL(url).pathname.replace('/customerio', ''),
      rawUrl: url,
      query: new URLSearchParams(),
      headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name.toLowerCase(), text])),
      body,
    });
    assert.ok(!(reply instanceof Promise));
    return reply;
  };
  const verdict = (texts: readonly string[]) => {
    const { status, body = '' } = send(texts);
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return target
      .operation('identify', {})
      .verdict(
        { kind: 'reply', status, headers: {}, body: text, truncated: false, receivedAt: now },
        { route: 'batch', items: texts.length, body: [] },
      );
  };
  const read = (name: string) => emulator.readOut(name, new URLSearchParams());
  return { emulator, target, encode, verdict, read };
}

const anyValue: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom('', ' ', 'u', 'ios', 'opened', 'viewed_content', 'User Deleted', ' Object Deleted', 'true', '7'),
  fc.constantFrom('2024-01-01', '2024-02-30', '2024-01-01T00:00:00Z', '2024-01-01T00:00:00', '2024-01-01T00:00+01:00'),
  fc.constantFrom(0, 1, -1, 1.5, 1_700_000_000_000, Number.NaN),
  fc.constantFrom(true, false, null),
  fc.constant(rawNumber('9007199254740993123')),
  fc.constantFrom<Json>([], {}, ['x'], { a: 1 }, { All: true }, { device: { token: 't', type: 'ios' } }),
  fc.constantFrom<Json>({ objectId: 'o' }, { objectId: 3, objectTypeId: '2' }, { objectTypeId: 'x' }),
  fc.constantFrom<Json>({ device: { token: 1, type: 'iOS' } }, { device: { token: '' } }, { device: 'x' }),
  fc.constantFrom<Json>({ cio_subscription_preferences: { topics: { topic_1: true } }, createdAt: '2024-01-01' }),
);
const fieldNames = [
  ...['userId', 'anonymousId', 'groupId', 'previousId', 'event', 'name', 'timestamp', 'messageId'],
  ...['traits', 'properties', 'context', 'integrations'],
];
const good: Record<string, JsonObject> = {
  identify: { userId: 'u', traits: { email: 'ada@example.org' } },
  track: { userId: 'u', event: 'Bought', properties: { total: 1 } },
  page: { anonymousId: 'a', name: 'Home' },
  screen: { userId: 'u', name: 'Home' },
  group: { groupId: 'g', userId: 'u', traits: { objectTypeId: '2' } },
  alias: { userId: 'u', previousId: 'p' },
  'user.delete': { userId: 'u' },
  'user.suppress': { userId: 'u' },
  'user.unsuppress': { userId: 'u' },
  'device.put': { userId: 'u', context: { device: { token: 't', type: 'android' } } },
  'device.delete': { userId: 'u', context: { device: { token: 't' } } },
  'relationship.delete': { userId: 'u', properties: { objectId: 'g' } },
  'object.delete': { anonymousId: 'a', properties: { objectId: 'g' } },
  'delivery.report': { properties: { deliveryId: 'd', metric: 'opened' } },
  'content.report': { properties: { actionType: 'viewed_content' } },
};

describe('customerio: what the target lets through, the platform takes', () => {
  for (const [operation, base] of Object.entries(good)) {
    it(operation, () => {
      const { emulator, encode, verdict, read } = meeting();
      let [passed, refused] = [0, 0];
      const changes = fc.dictionary(fc.constantFrom(...fieldNames), anyValue, { maxKeys: 3 });
      fc.assert(
        fc.property(changes, fc.subarray(Object.keys(base), { maxLength: 1 }), (changed, missing) => {
          const item: JsonObject = { ...base, ...changed };
          for (const name of missing) delete item[name];
          const encoded = encode(operation, item);
          if ('faults' in encoded) {
            refused++;
            return;
          }
          passed++;
          emulator.reset();
          assert.deepEqual(verdict([encoded.json]), { kind: 'accepted' });
          assert.deepEqual([read('dropped'), read('unknown-keys')], [[], {}]);
        }),
        { numRuns: 500, seed: 1 },
      );
      assert.ok(passed > 25 && refused > 50, `passed ${passed}, refused ${refused}: one side was hardly tried`);
    });
  }
});

describe('customerio: the two together', () => {
  const json = (operation: string, item: JsonObject, by: ReturnType<typeof meeting>): string => {
    const encoded = by.encode(operation, item);
    return 'faults' in encoded ? assert.fail(encoded.faults.map(({ reason }) => reason).join()) : encoded.json;
  };

  it('an event refused by name would have deleted the person', () => {
    const by = meeting();
    by.verdict([json('identify', { userId: 'u' }, by)]);
    const refused = by.encode('track', { userId: 'u', event: ' User Deleted' });
    assert.ok('faults' in refused);
    by.verdict([json('track', { userId: 'u', event: 'x' }, by).replace('"x"', '" User Deleted"')]);
    assert.deepEqual(by.read('people'), []);
  });

  it('sending the same bytes again changes nothing, for every operation', () => {
    for (const [operation, item] of Object.entries(good)) {
      const by = meeting();
      const text = json(operation, item, by);
      const setUp = [json('identify', { userId: 'v' }, by), json('group', { groupId: 'x', userId: 'v' }, by)];
      by.verdict([...setUp, text]);
      const before = by.read('digest');
      assert.deepEqual(by.verdict([...setUp, text]), { kind: 'accepted' });
      assert.deepEqual(by.read('digest'), before, operation);
    }
  });

  it('two rows with equal content are two events', () => {
    const by = meeting();
    const bought = { userId: 'u', event: 'Bought', timestamp: '2024-01-01T00:00:00Z' };
    by.verdict([json('track', bought, by), json('track', bought, by)]);
    assert.equal((by.read('events') as unknown[]).length, 2);
  });

  it('halving a refused batch leaves just the bad calls behind', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }), (goodOnes) => {
        const by = meeting();
        const texts = goodOnes.map((fine, index) => {
          const text = json('identify', { userId: `u${index}` }, by);
          return fine ? text : text.replace('"userId"', '"user"');
        });
        const settle = (part: readonly string[]): string[] => {
          const verdict = by.verdict(part);
          if (verdict.kind === 'accepted') return [];
          if (verdict.kind === 'rejected') return [...part];
          assert.equal(verdict.kind, 'split');
          const middle = Math.ceil(part.length / 2);
          return [...settle(part.slice(0, middle)), ...settle(part.slice(middle))];
        };
        assert.deepEqual(
          settle(texts),
          texts.filter((_, index) => goodOnes[index] === false),
        );
        assert.equal((by.read('people') as unknown[]).length, goodOnes.filter(Boolean).length);
      }),
      { numRuns: 50 },
    );
  });

  it('the largest request the target makes is taken', () => {
    const by = meeting();
    const { limits } = by.target.operation('identify', {});
    const texts: string[] = [];
    for (let bytes = 12; texts.length < limits.items; ) {
      const room = Math.min(32_000, limits.bytes - bytes - 1);
      const text = json('identify', { userId: 'u', traits: { text: 'x'.repeat(Math.max(0, room - 120)) } }, by);
      if (room < 200) break;
      texts.push(text);
      bytes += text.length + 1;
    }
    assert.ok(texts.length >= 15);
    assert.deepEqual(by.verdict(texts), { kind: 'accepted' });
  });

  it('the check tells a right region from a wrong one', () => {
    const { emulator } = meeting();
    const ask = (more: Record<string, unknown>) => {
      const { baseUrl, rate: _, ...own } = { ...emulator.settings(origin), ...more } as Record<string, unknown>;
      const { check } = customerio.open(customerio.config.parse(own), { baseUrl: String(baseUrl), headers: {} });
      if ('none' in check) return assert.fail(check.none);
      const [call] = check.calls;
      assert.ok(call?.authorize);
      const { url, headers } = call.authorize(call.request, new Date(now), undefined);
      const reply = emulator.handle({
        method: 'GET',
        path: new URL(url).pathname.replace('/customerio', ''),
        rawUrl: url,
        query: new URLSearchParams(),
        headers: { authorization: headers['Authorization'] ?? '' },
        body: Buffer.alloc(0),
      });
      assert.ok(!(reply instanceof Promise));
      const body = JSON.stringify(reply.body ?? {});
      return check.read(
        { kind: 'reply', status: reply.status, headers: {}, body, truncated: false, receivedAt: now },
        0,
      );
    };
    assert.equal(ask({}).ok, true);
    assert.equal(ask({ region: 'eu' }).hint, 'Set "region: us".');
    assert.equal(ask({ trackKey: 'wrong' }).ok, false);
  });
});
