/** The files that people really send: what becomes of each row, and what the platform holds in the end. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'csv-parse/sync';
import { compileMapping } from '../../src/mapping/compile.ts';
import { loadMapping } from '../../src/mapping/load.ts';
import { createCustomerio } from '../../src/sandbox/customerio.ts';
import { customerio } from '../../src/targets/customerio.ts';

const folder = join(import.meta.dirname, '..', '..', 'fixtures', 'customerio');
const now = Date.UTC(2024, 2, 1, 12);

interface Loaded {
  readonly skipped: number;
  /** `record code field`, all faults of a row. */
  readonly rejected: readonly string[];
  readonly warnings: readonly string[];
  readonly jsons: readonly string[];
}

async function map(name: string, { delimiter = ',', ...config }: Record<string, string> = {}): Promise<Loaded> {
  const [header = [], ...rows]: string[][] = parse(readFileSync(join(folder, `${name}.csv`)), { delimiter });
  const own = customerio.config.parse({ region: 'eu', apiKey: 'a-key', ...config });
  const target = customerio.open(own, { baseUrl: customerio.defaults.baseUrl, headers: {} });
  const mapping = await loadMapping(join(folder, `${name}.map.yaml`));
  const compiled = compileMapping(mapping, { kind: 'csv', header }, target, customerio);
  let skipped = 0;
  const [rejected, warnings, jsons]: [string[], string[], string[]] = [[], [], []];
  rows.forEach((row, index) => {
    const identity = (entry: number) => `${index}:${entry}`.padStart(32, '0');
    const mapped = compiled.mapRow(row, { identity, now });
    if (mapped.kind === 'skipped') skipped++;
    else if (mapped.kind === 'rejected') {
      rejected.push(
        `${index + 1} ${[...new Set(mapped.faults.map(({ code, field }) => `${code} ${field}`))].join(', ')}`,
      );
    } else {
      for (const item of mapped.items) {
        if (item === undefined) continue;
        jsons.push(item.json);
        for (const { code } of item.warnings ?? []) warnings.push(`${index + 1} ${code}`);
      }
    }
  });
  return { skipped, rejected, warnings, jsons };
}

function platform() {
  const emulator = createCustomerio({ now: () => now, sleep: () => Promise.resolve() });
  return {
    take(jsons: readonly string[]) {
      for (let from = 0; from < jsons.length; from += 100) {
        const reply = emulator.handle({
          method: 'POST',
          path: '/eu/v1/batch',
          rawUrl: '/customerio/eu/v1/batch',
          query: new URLSearchParams(),
          headers: {
            authorization: `Basic ${Buffer.from('sandbox-eu-cdp-api-key:').toString('base64')}`,
            'content-type': 'application/json',
            'x-strict-mode': '1',
          },
          body: Buffer.from(`{"batch":[${jsons.slice(from, from + 100).join(',')}]}`),
        });
        assert.deepEqual(reply, { status: 200, body: {} });
      }
    },
    read(name: string): readonly Readonly<Record<string, unknown>>[] {
      const found = emulator.readOut(name, new URLSearchParams('region=eu'));
      return Array.isArray(found) ? found : assert.fail(name);
    },
  };
}

/** The file read by other means than the loader's. */
function source(name: string): readonly Readonly<Record<string, string>>[] {
  return parse(readFileSync(join(folder, `${name}.csv`)), { columns: true });
}

describe('fixtures of customerio', () => {
  it('customers: bad rows are told, each with its field; the others make people and orders', async () => {
    const { rejected, skipped, warnings, jsons } = await map('customers');
    assert.deepEqual(rejected, [
      '18 value-missing userId',
      '42 value-not-in-map traits.unsubscribed',
      '67 value-datetime timestamp',
      '91 value-number properties.total',
      '134 id-missing userId',
      '151 value-datetime traits.createdAt',
    ]);
    assert.deepEqual(warnings, ['102 may-trigger-campaigns', '121 beyond-workspace-limit']);

    const { take, read } = platform();
    take(jsons);
    const bad = new Set(rejected.map((text) => Number.parseInt(text, 10)));
    const rows = source('customers').filter((row, index) => row['status'] !== 'closed' && !bad.has(index + 1));
    assert.equal(skipped, source('customers').length - rows.length - bad.size);
    assert.deepEqual(
      read('people').map(({ id }) => id),
      rows.map((row) => row['customer_id']),
    );
    const orders = rows.filter((row) => row['last_order_id'] !== '');
    const money = (text = '') => Number(text.replace('.', '').replace(',', '.'));
    assert.deepEqual(
      read('events').map(({ person, name, properties }) => ({ person, name, properties })),
      orders.map((row) => ({
        person: row['customer_id'],
        name: 'Order Completed',
        properties: {
          orderId: row['last_order_id'],
          total: money(row['last_order_total']),
          currency: row['currency'],
          skus: row['last_order_items']?.split(';'),
        },
      })),
    );
    assert.equal(read('campaigns').length, 1);
    const optedOut = (person: Readonly<Record<string, unknown>>) =>
      JSON.stringify(person).includes('"unsubscribed":true');
    assert.equal(read('people').filter(optedOut).length, rows.filter((row) => row['opted_out'] === 'yes').length);
  });

  it('events: an event called "User Deleted" deletes nobody, and a line written twice counts once', async () => {
    const { rejected, jsons } = await map('events', { campaigns: 'refuse' });
    assert.deepEqual(rejected, [
      '24 destructive-name event',
      '41 id-missing userId',
      '56 may-trigger-campaigns timestamp',
      '62 field-missing event',
    ]);
    const { take, read } = platform();
    take(jsons);
    assert.deepEqual(
      read('dropped').map(({ reason }) => reason),
      ['duplicate'],
    );
    assert.equal(read('events').length, jsons.length - 1);
    assert.deepEqual(read('campaigns'), []);
  });

  it('companies: objects, and links to the people who order for them', async () => {
    const { rejected, jsons } = await map('companies', { delimiter: ';' });
    const { take, read } = platform();
    take(jsons);
    assert.deepEqual(rejected, []);
    assert.deepEqual([read('objects').length, read('relationships').length], [12, 11]);
  });

  it('erasure requests: some are deleted, some are blocked as well', async () => {
    const [customers, requests] = [await map('customers'), await map('erasure-requests')];
    const { take, read } = platform();
    take(customers.jsons);
    const before = read('people').map(({ id }) => id);
    take(requests.jsons);
    const asked = source('erasure-requests').map((row) => row['customer_id']);
    assert.deepEqual(
      read('people').map(({ id }) => id),
      before.filter((id) => !asked.includes(String(id))),
    );
    assert.equal(before.length - read('people').length, 5, 'one of the six never got in: that row was bad');
    assert.equal(read('suppressed').length, source('erasure-requests').filter((row) => row['block'] === 'yes').length);
  });
});
