/** The target and its emulator were written apart from each other, both from the contract: here they must meet. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/model/json.ts';
import { createRaptorEmulator } from '../../src/sandbox/raptor.ts';
import { raptor } from '../../src/targets/raptor.ts';

const columns = {
  Id: { type: 'string', required: true, identifier: true },
  Email: 'email',
  Count: 'integer',
  Amount: 'decimal',
  Since: 'datetime',
  Active: 'boolean',
  Tier: { type: 'enum', values: ['gold', 'silver'] },
  Tags: 'array<string>',
  Lines: 'array<object>',
  Any: 'array',
};
const flush = new URLSearchParams('flush=1');
const row = { identity: 'f'.repeat(32), key: '', now: 0 };

const value: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom(
    '',
    'x',
    '123',
    'ada@example.com',
    'a@b',
    'true',
    'gold',
    '2024-02-29',
    '2024-02-30',
    '2024-02-29T08:30:00Z',
    '2024-02-29T08:30:00',
  ),
  fc.constantFrom(0, 1, -1, 1.5, 2_000_000_000, 2_000_000_001, -2_000_000_001, 1e21),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.oneof(fc.string(), fc.integer(), fc.constant(null)), { maxLength: 2 }),
  fc.array(fc.constant({ Sku: 'x' }), { maxLength: 2 }),
  fc.constant({ nested: 1 }),
);

/** Good in most columns, so that the interesting one is not always drowned. */
const good: JsonObject = {
  Id: 'a',
  Email: 'ada@example.com',
  Count: 1,
  Amount: 1.5,
  Since: '2024-02-29T08:30:00Z',
  Active: true,
  Tier: 'gold',
  Tags: ['tea'],
  Lines: [{ Sku: 'x' }],
  Any: [1, 'x'],
};
const record = fc
  .record(Object.fromEntries(Object.keys(good).map((name) => [name, value])), { requiredKeys: [] })
  .chain((changes) =>
    fc
      .tuple(
        fc.subarray(Object.keys(changes), { maxLength: 2 }),
        fc.subarray(Object.keys(good), { maxLength: 1 }),
        fc.boolean(),
      )
      .map(([changed, missing, drop]) => {
        const item: JsonObject = { ...good };
        for (const name of changed) item[name] = changes[name] ?? null;
        if (drop) for (const name of missing) delete item[name];
        return item;
      }),
  );

describe('raptor: what the target lets through, the platform keeps', () => {
  for (const ignoreMissingColumns of [false, true]) {
    it(`with ignoreMissingColumns ${ignoreMissingColumns}`, () => {
      const emulator = createRaptorEmulator({ now: () => 0, sleep: () => Promise.resolve() });
      const { baseUrl, ...own } = emulator.settings('http://127.0.0.1:1/raptor');
      const settings = { writeMode: 'append', columns, ignoreMissingColumns };
      const target = raptor.open(raptor.config.parse(own), { baseUrl: String(baseUrl), headers: {} });
      const operation = target.operation('person', settings);
      let [passed, refused] = [0, 0];

      fc.assert(
        fc.property(record, (item) => {
          emulator.reset();
          emulator.provision('person', [], settings, own);
          const encoded = operation.encode(item, row);
          if ('faults' in encoded) {
            refused++;
            return;
          }
          passed++;
          const body = Buffer.from(`[${encoded.json}]`);
          const { url, headers } = operation.request({
            route: '',
            items: 1,
            body: [body],
          });
          const reply = emulator.handle({
            method: 'POST',
            path: new URL(url).pathname.replace('/raptor', ''),
            rawUrl: url,
            query: new URLSearchParams(),
            headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name.toLowerCase(), text])),
            body,
          });
          assert.deepEqual(reply, { status: 200 });
          assert.deepEqual(emulator.readOut('insights', flush), []);
          const kept = Object.entries(item).filter(([, held]) => held !== null);
          assert.deepEqual(JSON.parse(JSON.stringify(emulator.readOut('rows', flush))), [Object.fromEntries(kept)]);
        }),
        { numRuns: 500, seed: 1 },
      );
      assert.ok(passed > 50 && refused > 50, `passed ${passed}, refused ${refused}: one side was hardly tried`);
    });
  }
});
