import assert from 'node:assert/strict';
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
const people = 20_000;

const columns = [
  ...['customer_id', 'email', 'first_name', 'last_name', 'phone', 'country', 'language', 'city', 'signed_up'],
  ...['opted_out', 'sms_ok', 'birthday', 'plan', 'orders', 'lifetime_value', 'last_order_id', 'last_order_at'],
  ...['last_order_total', 'currency', 'last_order_items', 'note', 'status'],
];

test('Customer.io holds the people and the orders of 50,000 rows, each order once', async (t) => {
  const random = seededRandom(3);
  const below = (most: number) => Math.floor(random() * most);
  const pick = (...values: string[]) => values[below(values.length)] ?? '';
  const traits = new Map<string, Record<string, unknown>>();
  const events = new Map<string, unknown>();
  const fates = { accepted: 0, rejected: 0, skipped: 0 };
  const lines = [columns.join(',')];

  for (let row = 1; row <= rows; row++) {
    const id = String(1 + below(people)).padStart(7, '0');
    const firstName = pick('Åsa', 'Bjørn', 'Łukasz', 'Zoë "Z"', '花子', 'Ann, Marie');
    const email = pick(`kunde${id}@example.dk`, ` Kunde${id}@Example.DK `, '');
    const city = pick('København', 'Malmö', 'Flensburg', '');
    const [month, day] = [1 + below(12), 1 + below(28)];
    const joined = [2015 + below(9), month, day, 6 + below(12), below(60)] as const;
    const sms = pick('yes', 'no', '');
    const orders = below(30);
    const thousands = below(9);
    const cents = below(100);
    const ordered = random() < 0.6;
    const at = [2023, 1 + below(12), 1 + below(28), 6 + below(12), below(60), below(60)] as const;
    const isClosed = row % 97 === 0;
    const fault = row % 1009 === 0 ? pick('opted_out', 'email', 'last_order_total', 'signed_up') : '';
    const optedOut = pick('yes', 'no');
    const items = pick('MUG-BLUE;WHISK', 'TEA-50', '');
    const note = pick('', 'ringer tilbage\nsenere', 'sagde: "nej"');
    const cells: Record<string, string> = {
      customer_id: id,
      email: fault === 'email' ? 'kunde(at)example.dk' : email,
      first_name: firstName,
      city,
      signed_up:
        fault === 'signed_up'
          ? '31/02/2020 10:00'
          : `${twoDigits(joined[2])}/${twoDigits(joined[1])}/${joined[0]} ${twoDigits(joined[3])}:${twoDigits(joined[4])}`,
      opted_out: fault === 'opted_out' ? 'maybe' : optedOut,
      sms_ok: sms,
      orders: String(orders),
      lifetime_value: `${thousands === 0 ? '' : `${thousands}.`}120,${twoDigits(cents)}`,
      last_order_id: ordered || fault === 'last_order_total' ? `W-${row}` : '',
      last_order_at: `${at[0]}-${twoDigits(at[1])}-${twoDigits(at[2])} ${at.slice(3).map(twoDigits).join(':')}`,
      last_order_total: fault === 'last_order_total' ? 'free' : '249,00',
      currency: 'DKK',
      last_order_items: items,
      note,
      status: isClosed ? 'closed' : 'active',
    };
    lines.push(columns.map((column) => csvCell(cells[column] ?? '')).join(','));

    if (isClosed) fates.skipped += 1;
    else if (fault !== '') fates.rejected += 1;
    else {
      fates.accepted += 1;
      const optional = { email: email.trim().toLowerCase(), city, note };
      traits.set(id, {
        ...traits.get(id),
        ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== '')),
        firstName,
        createdAt: moment(centralEurope(...joined)),
        unsubscribed: optedOut === 'yes',
        ...(sms === '' ? {} : { cio_subscription_preferences: { channels: { sms: sms === 'yes' } } }),
        orders,
        lifetimeValue: thousands * 1000 + 120 + cents / 100,
      });
      if (ordered) {
        events.set(`W-${row}`, {
          name: 'Order Completed',
          person: id,
          timestamp: moment(centralEurope(...at)),
          properties: {
            orderId: `W-${row}`,
            total: 249,
            currency: 'DKK',
            ...(items === '' ? {} : { skus: items.split(';') }),
          },
        });
      }
    }
  }

  const { ran, ask } = await loadIntoEmulator(t, {
    target: 'customerio',
    mapping: 'fixtures/customerio/customers.map.yaml',
    file: { name: 'customers.csv', text: `${lines.join('\n')}\n` },
    faults: lightFaults({
      busy: [4, 12],
      tooMany: [11, 40],
      storedAllTheSame: [60, 200],
      cutBefore: [30, 90, 300, 301, 500],
      cutAfter: [7, 25, 26],
    }),
  });

  assert.partialDeepStrictEqual(ran.summary, { read: rows, ...fates, uncertain: 0, remaining: 0, exit: 1 });
  const heldPeople = ask('people') as { id: string; traits: unknown }[];
  assertHolds(
    heldPeople.map(({ id, traits: held }) => [id, held]),
    traits,
  );
  const heldEvents = ask('events') as {
    name: string;
    person: string;
    timestamp: string;
    properties: { orderId: string };
  }[];
  assertHolds(
    heldEvents.map(({ name, person, timestamp, properties }) => [
      properties.orderId,
      { name, person, timestamp, properties },
    ]),
    events,
  );
  assert.deepEqual(ask('campaigns'), [], 'orders of last year start no campaign');
  const dropped = ask('dropped') as { reason: string }[];
  assert.deepEqual(
    dropped.filter(({ reason }) => reason !== 'duplicate'),
    [],
  );
  assert.ok(dropped.length > 0, 'no repetition was de-duplicated: the cuts proved nothing');
});

const moment = (at: Date) => at.toISOString();
