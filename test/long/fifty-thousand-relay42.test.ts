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
const people = 15_000;

const columns = [
  ...['customer_id', 'email', 'loyalty_card', 'tier', 'points', 'member_since', 'home_store'],
  ...['consent_email', 'consent_sms', 'consent_changed', 'note'],
];

interface Held {
  readonly ids: Record<string, string[]>;
  readonly facts: Record<string, { readonly properties: unknown; readonly ttl: number }>;
}

test('Relay42 holds the facts and ids of 50,000 rows, one profile a customer and no two requests for one at once', async (t) => {
  const random = seededRandom(7);
  const below = (most: number) => Math.floor(random() * most);
  const pick = (...values: string[]) => values[below(values.length)] ?? '';
  const expected = new Map<string, Held>();
  /** Who had an id first keeps it: nothing is merged. */
  const owners = new Map<string, string>();
  const fates = { accepted: 0, rejected: 0 };
  const lines = [columns.join(';')];
  let id = '';

  for (let row = 1; row <= rows; row++) {
    // The CRM writes a line for each change, so those of one customer often follow each other.
    if (id === '' || random() < 0.4) id = String(1 + below(people)).padStart(7, '0');
    const fault = row % 503 === 0 ? pick('tier', 'points', 'email', 'consent_changed', 'customer_id') : '';
    const isMember = random() < 0.5;
    const since = [2010 + below(14), 1 + below(12), 1 + below(28)] as const;
    const changed = [2024, 1 + below(12), 1 + below(28), 6 + below(12), below(60)] as const;
    // Couples share an address.
    const address = `klant.${Math.floor(Number(id) / 2)}@voorbeeld.nl`;
    const good: Record<string, string> = {
      customer_id: id,
      email: random() < 0.1 ? pick(address, ` ${address.toUpperCase()}`) : '',
      loyalty_card: random() < 0.1 ? `2698${id}` : '',
      tier: isMember ? pick('bronze', 'silver', 'gold', 'platinum') : '',
      points: pick('0', '1200', '-5', ''),
      member_since: `${twoDigits(since[2])}-${twoDigits(since[1])}-${since[0]}`,
      home_store: pick('Utrecht', 'Den Haag', ''),
      consent_email: pick('ja', 'nee', ''),
      consent_sms: pick('ja', 'nee', ''),
      consent_changed: `${twoDigits(changed[2])}-${twoDigits(changed[1])}-${changed[0]} ${changed.slice(3).map(twoDigits).join(':')}`,
      note: pick('', 'zegt: "bel na 18:00; niet eerder"', 'twee\nregels'),
    };
    const spoilt: Record<string, string> = {
      tier: 'diamond',
      points: '1.200,-',
      email: 'klant(at)voorbeeld.nl',
      consent_changed: '31-02-2024 10:00',
      customer_id: '',
    };
    const cells: Record<string, string> = {
      ...good,
      ...(fault === '' ? {} : { [fault]: spoilt[fault] ?? '' }),
      // Of the loyalty fact nothing is looked at in a row without a tier.
      ...(fault === 'points' ? { tier: 'gold' } : {}),
    };
    lines.push(columns.map((column) => csvCell(cells[column] ?? '')).join(';'));
    if (fault !== '') {
      fates.rejected += 1;
      continue;
    }
    fates.accepted += 1;

    const held = expected.get(id) ?? { ids: { 2001: [id] }, facts: {} };
    expected.set(id, held);
    const words: Record<string, string> = { ja: 'yes', nee: 'no' };
    const filled = (properties: Record<string, unknown>) =>
      Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
    held.facts['consent'] = {
      ttl: 157_680_000,
      properties: filled({
        email: words[good['consent_email'] ?? ''],
        sms: words[good['consent_sms'] ?? ''],
        changed: centralEurope(...changed)
          .toISOString()
          .slice(0, 16)
          .replace('T', ' '),
      }),
    };
    if (isMember) {
      held.facts['loyalty'] = {
        ttl: 31_536_000,
        properties: filled({
          tier: good['tier'],
          points: good['points'] === '' ? undefined : Number(good['points']),
          since: `${since[0]}-${twoDigits(since[1])}-${twoDigits(since[2])} 00:00`,
          store: good['home_store'] || undefined,
        }),
      };
    }
    const take = (partnerType: string, partnerId: string) => {
      const owner = owners.get(partnerType + partnerId) ?? id;
      owners.set(partnerType + partnerId, owner);
      if (owner === id) held.ids[partnerType] = [...new Set([...(held.ids[partnerType] ?? []), partnerId])].sort();
    };
    if (good['email'] !== '') take('1012', createHash('sha256').update(address).digest('hex'));
    if (good['loyalty_card'] !== '') take('7001', `2698${id}`);
  }

  const { ran, ask } = await loadIntoEmulator(t, {
    target: 'relay42',
    mapping: 'fixtures/relay42/crm-customers.map.yaml',
    file: { name: 'crm-customers.csv', text: `\uFEFF${lines.join('\r\n')}\r\n` },
    // Whoever meets a 50x or a lost connection makes everyone wait a minute (contract §5): so they all come at once.
    faults: lightFaults({
      busy: [5003],
      tooMany: [40, 700, 12_000],
      storedAllTheSame: [5001],
      cutBefore: [5004],
      cutAfter: [5000, 5002],
    }),
  });

  assert.partialDeepStrictEqual(ran.summary, { read: rows, ...fates, skipped: 0, uncertain: 0, remaining: 0, exit: 1 });
  const held = ask('profiles') as Held[];
  assertHolds(
    held.map(({ ids, facts }) => [
      ids['2001']?.join() ?? 'nobody',
      {
        ids,
        facts: Object.fromEntries(
          Object.entries(facts).map(([name, { properties, ttl }]) => [name, { properties, ttl }]),
        ),
      },
    ]),
    expected,
  );
  assert.deepEqual(ask('races'), []);
  assert.deepEqual(ask('overlaps'), []);
  assert.deepEqual(Object.keys((ask('counts') as { statuses: object }).statuses), ['200', '201']);
});
