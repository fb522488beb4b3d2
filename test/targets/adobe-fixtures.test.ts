/** The fixtures, from the files' bytes to what the emulated platform holds, against what the files themselves say. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
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
import { runMappingTests } from '../../src/mapping/tests.ts';
import { createAdobe } from '../../src/sandbox/adobe.ts';
import { canonicalJson } from '../../src/sandbox/digest.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { adobe } from '../../src/targets/adobe.ts';
import type { Target } from '../../src/targets/target.ts';
import { deliver } from '../support/deliver.ts';

const fixture = (name: string) => new URL(`../../fixtures/adobe/${name}`, import.meta.url).pathname;
const now = Date.UTC(2024, 5, 1);

let sandbox: Sandbox;
let config: Readonly<Record<string, unknown>>;
let target: Target;
let transport: Transport;
const read = (name: string): unknown => sandbox.emulator('adobe').readOut(name, new URLSearchParams());
/** The border: the emulator gives rows. */
const held = (store: 'lake' | 'profile') =>
  read(`${store}/${String(config['datasetId'])}`) as Record<string, unknown>[];

before(async () => {
  const platform = {
    platform: 'adobe',
    create: (clock: Parameters<typeof createAdobe>[0]) => createAdobe(clock, { auth: false }),
  };
  sandbox = await startSandbox({ platforms: [platform] });
  const { baseUrl, ...own } = sandbox.emulator('adobe').settings(sandbox.url('adobe'));
  config = own;
  target = adobe.open(adobe.config.parse(own), { baseUrl: String(baseUrl), headers: {}, maxRecords: 50 });
  transport = createTransport({ connections: 16, timeoutMs: 10_000, connectTimeoutMs: 5000 });
});
beforeEach(() => sandbox.emulator('adobe').reset());
after(async () => {
  await transport.close();
  await sandbox.close();
});

/** Loads the file and gives its rejected rows, `line field`, and the warnings' codes. */
async function load(name: string, kind: 'csv' | 'ndjson'): Promise<{ rejected: string[]; warnings: string[] }> {
  const mapping = await loadMapping(fixture(`${name}.map.yaml`));
  const source = await openSource(fixture(`${name}.${kind}`), 0);
  const { description } = source;
  const shape =
    description.csv === undefined
      ? { kind: 'ndjson' as const }
      : { kind: 'csv' as const, header: description.csv.header };
  const compiled = compileMapping(mapping, shape, target, adobe);
  const operations = compiled.entries.map(({ operation }) => operation);
  for (const [index, { name: operation, fields }] of operations.entries()) {
    sandbox.emulator('adobe').provision(operation, fields, mapping.entries[index]?.settings ?? {}, config);
  }
  const map = blockMapper(description, compiled, { loadKey: 'fixture', now });
  const blocks: LiveBlock[] = [];
  for await (const block of source.blocks()) blocks.push(new LiveBlock(map(block), 1, operations));
  await source.close();
  assert.deepEqual(await deliver(target, transport, blocks), []);
  return {
    rejected: blocks.flatMap(({ mapped }) =>
      mapped.rejected.map(({ line, faults }) => `${line} ${[...new Set(faults.map(({ field }) => field))].join(' ')}`),
    ),
    warnings: blocks.flatMap(({ mapped }) => mapped.warnings.map(({ code, count }) => `${count} ${code}`)),
  };
}

const filled = (object: Record<string, unknown>): Record<string, unknown> | undefined => {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined && value !== '');
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
};
const sorted = (rows: readonly unknown[]) => rows.map(canonicalJson).sort();

describe('adobe fixtures', () => {
  it('pass the tests written inside their mappings', async () => {
    for (const name of ['profiles', 'web-events']) {
      const mapping = await loadMapping(fixture(`${name}.map.yaml`));
      const outcomes = runMappingTests(mapping, target, { kind: adobe, now });
      assert.ok(outcomes.length >= 2);
      for (const outcome of outcomes) assert.deepEqual(outcome.differences, [], outcome.name);
    }
  });

  it('load each person once into Profile, as the last of their rows has them, and every row into the lake', async () => {
    const { rejected, warnings } = await load('profiles', 'csv');
    assert.deepEqual(rejected, [
      '22 identityMap.CRMID',
      '47 identityMap.ECID',
      '82 person.birthDate',
      '112 _acmecorp.loyalty.tier',
      '127 _acmecorp.loyalty.points',
      '152 _acmecorp.emailOptIn',
      '172 identityMap.Email personalEmail.address _acmecorp.loyalty.points',
      '187 person.name.firstName',
    ]);
    assert.deepEqual(warnings, []);
    assert.deepEqual([read('failed'), read('dropped')], Array(2).fill({ total: 0, samples: [] }));

    const bad = new Set(rejected.map((text) => Number.parseInt(text, 10)));
    const rows: Record<string, string>[] = parse(readFileSync(fixture('profiles.csv')), { columns: true });
    // No field of this file has a line break in it, so record and line go together.
    const good = rows.filter((_, index) => !bad.has(index + 2)).map(personIn);
    assert.deepEqual(sorted(held('lake')), sorted(good));
    const last = new Map(good.map((person) => [canonicalJson(person.identityMap.CRMID), person]));
    assert.equal(last.size, good.length - 4);
    assert.deepEqual(sorted(held('profile')), sorted([...last.values()]));
  });

  it('load each event once into Profile and each copy into the lake, but for the one that is too large', async () => {
    const { rejected, warnings } = await load('web-events', 'ndjson');
    assert.deepEqual(rejected, [
      '31 timestamp',
      '51 timestamp',
      '71 identityMap.ECID',
      '91 identityMap.ECID',
      '111 web.webPageDetails.name',
      '131 ',
    ]);
    assert.deepEqual(warnings, ['1 profile-too-large']);
    const bad = new Set(rejected.map((text) => Number.parseInt(text, 10)));
    const lines = readFileSync(fixture('web-events.ndjson'), 'utf8').trimEnd().split('\n');
    const good = lines.filter((_, index) => !bad.has(index + 1)).map((line) => eventIn(JSON.parse(line)));
    assert.deepEqual(sorted(held('lake')), sorted(good));
    const unique = new Map(good.map((event) => [event._id, event]));
    assert.equal(unique.size, good.length - 1, 'one event came twice');
    unique.delete(createHash('sha256').update('long:1').digest('hex'));
    assert.deepEqual(sorted(held('profile')), sorted([...unique.values()]));
    assert.equal((read('dropped') as { total: number }).total, 1);
  });
});

/** What the platform should hold of a row, computed from the row alone. */
function personIn(row: Record<string, string>) {
  const cell = (name: string) => (row[name] === '' ? undefined : row[name]);
  const ids = (id: string | undefined, more = {}) => (id === undefined ? undefined : [{ id, ...more }]);
  const [day, month, year] = (row['birth_date'] ?? '').split('/');
  const phone = (row['mobile'] ?? '').replace(/\D/g, '');
  const updated = DateTime.fromFormat(row['updated_at'] ?? '', 'yyyy-MM-dd HH:mm', { zone: 'Europe/Stockholm' });
  const interests = (row['interests'] ?? '').split('|').filter((text) => text !== '');
  const loyalty = filled({
    tier: cell('tier'),
    points: cell('points') === undefined ? undefined : Number(row['points']),
    since: cell('member_since'),
  });
  return {
    identityMap: { CRMID: ids(row['crm_id'], { primary: true }), ECID: ids(cell('ecid')), Email: ids(cell('email')) },
    person: {
      name: { firstName: row['first_name'], lastName: row['last_name'] },
      birthDate: year === undefined ? undefined : `${year}-${month}-${day}`,
    },
    personalEmail: filled({ address: cell('email') }),
    mobilePhone: phone === '' ? undefined : { number: `+${phone}` },
    homeAddress: {
      street1: row['street'],
      postalCode: row['postcode'],
      city: row['city'],
      countryCode: row['country'],
    },
    _acmecorp: {
      loyalty,
      interests: interests.length === 0 ? undefined : interests,
      emailOptIn: cell('email_optin') === undefined ? undefined : row['email_optin'] === 'Y',
      crmUpdatedAt: updated.toUTC().toISO({ suppressMilliseconds: true }),
    },
  };
}

interface WebEvent {
  readonly event_id: string;
  readonly ts: string;
  readonly type: string;
  readonly visitor: { readonly ecid: string; readonly email?: string };
  readonly page: { readonly url: string; readonly name: string };
  readonly items?: readonly {
    readonly sku: string;
    readonly name: string;
    readonly qty: number;
    readonly total: number;
  }[];
  readonly order?: { readonly id: string; readonly total: number; readonly currency: string };
}

function eventIn({ event_id, ts, type, visitor, page, items, order }: WebEvent) {
  return {
    _id: createHash('sha256').update(event_id).digest('hex'),
    timestamp: ts,
    eventType: type,
    identityMap: {
      ECID: [{ id: visitor.ecid, primary: true }],
      Email: visitor.email === undefined ? undefined : [{ id: visitor.email.toLowerCase() }],
    },
    web: { webPageDetails: { URL: page.url, name: page.name } },
    commerce:
      order === undefined
        ? undefined
        : { order: { purchaseID: order.id, priceTotal: order.total, currencyCode: order.currency } },
    productListItems: items?.map(({ sku, name, qty, total }) => ({ SKU: sku, name, quantity: qty, priceTotal: total })),
  };
}
