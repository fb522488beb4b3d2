/** The fixtures, from the files' bytes to what the emulated platform holds, against what the files themselves say. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, describe, it } from 'node:test';
import { parse } from 'csv-parse/sync';
import { DateTime } from 'luxon';
import { LiveBlock } from '../../src/delivery/live-block.ts';
import { createTransport, type Transport } from '../../src/delivery/transport.ts';
import { openSource } from '../../src/input/source.ts';
import { compileMapping } from '../../src/mapping/compile.ts';
import { loadMapping } from '../../src/mapping/load.ts';
import { blockMapper } from '../../src/mapping/map-block.ts';
import { relay42Emulator } from '../../src/sandbox/relay42.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { relay42 } from '../../src/targets/relay42.ts';
import type { Target } from '../../src/targets/target.ts';
import { deliver } from '../support/deliver.ts';

const fixture = (name: string) => new URL(`../../fixtures/relay42/${name}`, import.meta.url).pathname;
const rowsOf = (name: string, delimiter: string): Record<string, string>[] =>
  parse(readFileSync(fixture(name)), { columns: true, bom: true, delimiter });

let sandbox: Sandbox;
let target: Target;
let transport: Transport;
const read = (name: string) => sandbox.emulator('relay42').readOut(name, new URLSearchParams());

before(async () => {
  sandbox = await startSandbox({ platforms: [relay42Emulator] });
  const {
    baseUrl,
    rate: _rate,
    concurrency: _concurrency,
    ...own
  } = sandbox.emulator('relay42').settings(sandbox.url('relay42'));
  target = relay42.open(relay42.config.parse(own), { baseUrl: String(baseUrl), headers: {} });
  transport = createTransport({ connections: 16, timeoutMs: 10_000, connectTimeoutMs: 5000 });
});
beforeEach(() => sandbox.emulator('relay42').reset());
after(async () => {
  await transport.close();
  await sandbox.close();
});

/** Loads the file and gives its rejected rows: `line field`. */
async function load(name: string): Promise<string[]> {
  const mapping = await loadMapping(fixture(`${name}.map.yaml`));
  const source = await openSource(fixture(`${name}.csv`), 0);
  const { description } = source;
  assert.ok(description.csv);
  const compiled = compileMapping(mapping, { kind: 'csv', header: description.csv.header }, target, relay42);
  const operations = compiled.entries.map(({ operation }) => operation);
  for (const { operation, settings } of mapping.entries) {
    sandbox.emulator('relay42').provision(operation, [], settings, {});
  }
  const map = blockMapper(description, compiled, { loadKey: 'fixture', now: 0 });
  const blocks: LiveBlock[] = [];
  for await (const block of source.blocks()) blocks.push(new LiveBlock(map(block), 1, operations));
  await source.close();
  assert.deepEqual(await deliver(target, transport, blocks), []);
  return blocks.flatMap(({ mapped }) =>
    mapped.rejected.map(({ line, faults }) => `${line} ${[...new Set(faults.map(({ field }) => field))].join(' ')}`),
  );
}

describe('relay42 fixtures', () => {
  it('load each customer into one profile, as the last of their rows has it', async () => {
    assert.deepEqual(await load('crm-customers'), [
      '29 partnerId',
      '61 properties.since',
      '93 properties.points',
      '126 properties.tier',
      '159 mappingPartnerId',
      '190 properties.email',
      '223 properties.changed',
    ]);
    assert.deepEqual([read('races'), read('overlaps')], [[], []]);

    const expected = new Map<string, Record<string, unknown>>();
    for (const row of rowsOf('crm-customers.csv', ';')) {
      const id = row['customer_id'] ?? '';
      // The generator numbers those that are bad from 90300 on.
      if (id === '' || Number(id) >= 90_300) continue;
      const before = expected.get(id) ?? {};
      const known = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== ''));
      expected.set(id, { ...before, ...customerIn(known) });
    }
    const held = new Map(
      (read('profiles') as Held[]).map(({ ids, facts }) => [
        ids['2001']?.[0] ?? '',
        {
          ...Object.fromEntries(Object.entries(facts).map(([name, { properties }]) => [name, properties])),
          hashes: ids['1012']?.length ?? 0,
          card: ids['7001']?.[0],
        },
      ]),
    );
    assert.equal(held.size, 188);
    for (const [id, customer] of expected) {
      assert.deepEqual(JSON.parse(JSON.stringify(held.get(id))), JSON.parse(JSON.stringify(customer)), id);
    }
  });

  it('load purchases as engagements with their real time among the variables', async () => {
    assert.deepEqual(await load('store-purchases'), ['13 partnerId', '32 variables.total', '46 variables.purchasedAt']);
    const sales = rowsOf('store-purchases.csv', ',').filter(({ kind }) => kind === 'sale');
    const held = (read('profiles') as Held[]).flatMap(({ interactions }) => interactions);
    assert.equal(held.length, sales.length - 3);
    const one = sales[0] ?? {};
    const found = held.find(({ variables }) => variables['receipt'] === one['receipt']);
    assert.deepEqual(found?.variables, {
      receipt: one['receipt'],
      store: one['store'],
      total: one['total']?.replace(',', '.'),
      purchasedAt: inUtc(one['purchased_at'] ?? '', 'yyyy-MM-dd HH:mm:ss'),
    });
    assert.deepEqual([read('races'), read('overlaps')], [[], []]);
  });

  it('load products into a feed of texts', async () => {
    assert.deepEqual(await load('products'), ['8 itemKey']);
    const { products = {} } = read('feeds') as Record<string, Record<string, Record<string, string>>>;
    const rows = rowsOf('products.csv', ',').filter(({ sku }) => sku !== '');
    assert.deepEqual(Object.keys(products).sort(), rows.map(({ sku }) => sku).sort());
    for (const { sku = '', title, price } of rows) {
      assert.deepEqual([products[sku]?.['title'], products[sku]?.['price']], [title, price]);
    }
  });
});

interface Held {
  readonly ids: Record<string, string[]>;
  readonly facts: Record<string, { readonly properties: unknown }>;
  readonly interactions: readonly { readonly variables: Record<string, string> }[];
}

const inUtc = (local: string, format: string): string =>
  DateTime.fromFormat(local, format, { zone: 'Europe/Amsterdam' }).toUTC().toFormat('yyyy-MM-dd HH:mm');
const yesNo: Readonly<Record<string, string>> = { ja: 'yes', nee: 'no' };

/** What a row's filled cells make of its customer. */
function customerIn(row: Record<string, string>): Record<string, unknown> {
  const { tier, points, member_since: since = '', home_store: store, loyalty_card: card, email } = row;
  const loyalty = { tier, points: Number(points), since: `${since.split('-').reverse().join('-')} 00:00`, store };
  const consent = {
    email: yesNo[row['consent_email'] ?? ''],
    sms: yesNo[row['consent_sms'] ?? ''],
    changed: inUtc(row['consent_changed'] ?? '', 'dd-MM-yyyy HH:mm'),
  };
  return {
    ...(tier === undefined ? {} : { loyalty }),
    consent,
    hashes: email === undefined ? 0 : 1,
    ...(card === undefined ? {} : { card }),
  };
}
