import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { seededRandom } from '../../src/sandbox/faults.ts';
import {
  assertHolds,
  centralEurope,
  csvCell,
  lightFaults,
  loadIntoEmulator,
  twoDigits,
} from '../support/emulated-load.ts';

const rows = 50_000;

const columns = [
  ...['crm_id', 'ecid', 'email', 'first_name', 'last_name', 'birth_date', 'mobile', 'street', 'postcode', 'city'],
  ...['country', 'tier', 'points', 'member_since', 'email_optin', 'interests', 'updated_at'],
];

/** The one dataset there is. */
const datasetOf = (ask: (name: string) => unknown): string => {
  const [dataset] = (ask('datasets') as { id: string; profile: number }[]).filter(({ profile }) => profile > 0);
  return dataset?.id ?? assert.fail('no dataset holds anything');
};

test('Adobe’s Profile holds each person of 50,000 records as the last one of each says', async (t) => {
  const random = seededRandom(11);
  const below = (most: number) => Math.floor(random() * most);
  const pick = (...values: string[]) => values[below(values.length)] ?? '';
  const expected = new Map<string, unknown>();
  const fates = { accepted: 0, rejected: 0 };
  const lines = [columns.join(',')];

  for (let row = 1; row <= rows; row++) {
    const number = 1 + below(30_000);
    const id = String(number).padStart(7, '0');
    const fault = row % 709 === 0 ? pick('crm_id', 'ecid', 'tier', 'email', 'birth_date', 'country') : '';
    const updated = [2024, 1 + below(12), 1 + below(28), 6 + below(12), below(60)] as const;
    const good: Record<string, string> = {
      crm_id: id,
      ecid: pick(String(number).padStart(38, '3'), ''),
      email: pick(`  Person${id}@Example.org`, `person${id}@example.org`, ''),
      first_name: pick('Åsa', 'Tove', '太郎', ''),
      last_name: pick('Wójcik', 'Ek, Sara', 'af "Fischer"'),
      birth_date: pick('24/09/1949', '29/02/2000', ''),
      mobile: pick('+46 70 132 13 21', ''),
      street: pick('Hauptstraße 104, c/o "Fischer"', ''),
      postcode: pick('211 20', '00100'),
      city: pick('Malmö', ''),
      country: pick('SE', 'DE', ''),
      tier: pick('gold', 'silver', 'bronze', ''),
      points: pick('0', '15054', ''),
      member_since: pick('2020-04-23', ''),
      email_optin: pick('Y', 'N', ''),
      interests: pick('gaming|wine', 'film', ''),
      updated_at: `${updated.slice(0, 3).map(twoDigits).join('-')} ${updated.slice(3).map(twoDigits).join(':')}`,
    };
    const spoilt: Record<string, string> = {
      crm_id: '',
      ecid: '12345',
      tier: 'platinum',
      email: 'person@',
      birth_date: '31/04/1980',
      country: 'Sweden',
    };
    const cells = fault === '' ? good : { ...good, [fault]: spoilt[fault] ?? '' };
    lines.push(columns.map((column) => csvCell(cells[column] ?? '')).join(','));
    if (fault !== '') {
      fates.rejected += 1;
      continue;
    }
    fates.accepted += 1;

    const text = (name: string) => good[name] || undefined;
    const email = text('email')?.trim().toLowerCase();
    const birth = /^(..)\/(..)\/(....)$/.exec(good['birth_date'] ?? '');
    expected.set(
      id,
      withoutGaps({
        identityMap: {
          CRMID: [{ id, primary: true }],
          ECID: text('ecid') === undefined ? undefined : [{ id: text('ecid') }],
          Email: email === undefined ? undefined : [{ id: email }],
        },
        person: {
          name: { firstName: text('first_name'), lastName: text('last_name') },
          birthDate: birth === null ? undefined : `${birth[3]}-${birth[2]}-${birth[1]}`,
        },
        personalEmail: { address: email },
        mobilePhone: { number: text('mobile')?.replaceAll(' ', '') },
        homeAddress: {
          street1: text('street'),
          postalCode: text('postcode'),
          city: text('city'),
          countryCode: text('country'),
        },
        _acmecorp: {
          loyalty: {
            tier: text('tier'),
            points: text('points') === undefined ? undefined : Number(good['points']),
            since: text('member_since'),
          },
          interests: text('interests')?.split('|'),
          emailOptIn: text('email_optin') === undefined ? undefined : good['email_optin'] === 'Y',
          crmUpdatedAt: centralEurope(...updated)
            .toISOString()
            .replace('.000Z', 'Z'),
        },
      }),
    );
  }

  const { ran, ask } = await loadIntoEmulator(t, {
    target: 'adobe',
    config: { rate: 1000, concurrency: 16 },
    mapping: 'fixtures/adobe/profiles.map.yaml',
    file: { name: 'profiles.csv', text: `${lines.join('\n')}\n` },
    faults: lightFaults({
      busy: [4, 30],
      tooMany: [9, 55],
      storedAllTheSame: [12, 40],
      cutBefore: [20, 45],
      cutAfter: [7, 60],
    }).map((rule) => ({
      ...rule,
      path: '^/collection/',
    })),
  });

  assert.partialDeepStrictEqual(ran.summary, { read: rows, ...fates, skipped: 0, uncertain: 0, remaining: 0, exit: 1 });
  const held = ask(`profile/${datasetOf(ask)}`) as { identityMap: { CRMID: { id: string }[] } }[];
  assertHolds(
    held.map((entity) => [entity.identityMap.CRMID[0]?.id ?? 'nobody', entity]),
    expected,
  );
  assert.deepEqual(ask('failed'), { total: 0, samples: [] });
  assert.deepEqual(ask('dropped'), { total: 0, samples: [] });
});

test('Adobe’s Profile holds each of 50,000 events once, those that stand in the file twice included', async (t) => {
  const random = seededRandom(13);
  const below = (most: number) => Math.floor(random() * most);
  const expected = new Map<string, unknown>();
  const fates = { accepted: 0, rejected: 0 };
  const lines: string[] = [];
  let before = '';

  for (let row = 1; row <= rows; row++) {
    // The collector sends some twice.
    if (row % 211 === 0 && before !== '') {
      lines.push(before);
      fates.accepted += 1;
      continue;
    }
    before = '';
    const fault = row % 709 === 0 ? ['broken', 'nobody', 'future', 'when'][below(4)] : undefined;
    const ecid = String(1 + below(10_000)).padStart(38, '7');
    const ts = new Date(Date.UTC(2024, 0, 1) + row * 61_000 + below(1000));
    const isPurchase = random() < 0.3;
    const event = {
      event_id: `web:${row}`,
      ts: fault === 'future' ? '2099-01-01T00:00:00Z' : fault === 'when' ? '2024-02-30T00:00:00Z' : ts.toISOString(),
      type: isPurchase ? 'commerce.purchases' : 'web.webpagedetails.pageViews',
      visitor: {
        ...(fault === 'nobody' ? {} : { ecid }),
        ...(random() < 0.5 ? { email: `Visitor${row}@Example.org` } : {}),
      },
      page: { url: 'https://shop.example.org/päge?a=1&b=2', name: 'home' },
      ...(isPurchase
        ? {
            items: [{ sku: 'TEE-01', name: 'T-shirt, "white" 🐢', qty: 2, total: 39.8 }],
            order: { id: `A-${row}`, total: 39.8, currency: 'EUR' },
          }
        : {}),
    };
    const line = JSON.stringify(event);
    lines.push(fault === 'broken' ? line.slice(0, -3) : line);
    if (fault !== undefined) {
      fates.rejected += 1;
      continue;
    }
    before = line;
    fates.accepted += 1;
    const _id = createHash('sha256').update(event.event_id).digest('hex');
    expected.set(
      _id,
      withoutGaps({
        _id,
        timestamp: event.ts.replace('.000Z', 'Z'),
        eventType: event.type,
        identityMap: {
          ECID: [{ id: ecid, primary: true }],
          Email: event.visitor.email === undefined ? undefined : [{ id: event.visitor.email.toLowerCase() }],
        },
        web: { webPageDetails: { URL: event.page.url, name: 'home' } },
        commerce:
          event.order === undefined
            ? undefined
            : { order: { purchaseID: event.order.id, priceTotal: 39.8, currencyCode: 'EUR' } },
        productListItems: event.items?.map(({ sku, name, qty, total }) => ({
          SKU: sku,
          name,
          quantity: qty,
          priceTotal: total,
        })),
      }),
    );
  }

  const { ran, ask } = await loadIntoEmulator(t, {
    target: 'adobe',
    config: { rate: 1000, concurrency: 16 },
    mapping: 'fixtures/adobe/web-events.map.yaml',
    file: { name: 'web-events.ndjson', text: `${lines.join('\n')}\n` },
    faults: lightFaults({
      busy: [4, 30],
      tooMany: [9, 55],
      storedAllTheSame: [12, 40],
      cutBefore: [20, 45],
      cutAfter: [7, 60],
    }).map((rule) => ({
      ...rule,
      path: '^/collection/',
    })),
  });

  assert.partialDeepStrictEqual(ran.summary, { read: rows, ...fates, skipped: 0, uncertain: 0, remaining: 0, exit: 1 });
  const dataset = datasetOf(ask);
  const held = ask(`profile/${dataset}`) as { _id: string }[];
  assertHolds(
    held.map((entity) => [entity._id, entity]),
    expected,
  );
  assert.deepEqual(ask('failed'), { total: 0, samples: [] });
  const repeated = ask(`lake/${dataset}/duplicates`) as unknown[];
  assert.ok(repeated.length > fates.accepted - expected.size, 'the cuts left no copy in the lake: they proved nothing');
});

/** What is empty in the file is left out, and so is an object with nothing in it. */
function withoutGaps(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutGaps);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, withoutGaps(inner)] as const);
  const kept = entries.filter(([, inner]) => inner !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
