import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../src/sandbox/faults.ts';
import { assertHolds, csvCell, lightFaults, loadIntoEmulator, twoDigits } from '../support/emulated-load.ts';

const rows = 50_000;
const people = 30_000;

const columns = [
  ...['customer_id', 'first_name', 'last_name', 'email', 'mobile', 'birth_date', 'postal_code', 'city', 'member'],
  ...['member_since', 'favourite_player', 'interests', 'total_spent', 'last_purchase', 'note'],
];

test('Data Talks holds each of 50,000 ticket buyers as the last row of each says, what is empty erased', async (t) => {
  const random = seededRandom(5);
  const below = (most: number) => Math.floor(random() * most);
  const pick = (...values: string[]) => values[below(values.length)] ?? '';
  const expected = new Map<string, unknown>();
  const fates = { accepted: 0, rejected: 0 };
  const lines = [columns.join(',')];

  for (let row = 1; row <= rows; row++) {
    const id = 90_000 + below(people);
    const fault = row % 503 === 0 ? pick('birth_date', 'email', 'member', 'customer_id', 'last_name') : '';
    const good: Record<string, string> = {
      customer_id: String(id),
      first_name: pick(' Åsa', 'Nils ', 'Céline', '太郎'),
      last_name: pick('Öberg', 'Ek, Sara', 'von "Blücher"'),
      email: pick(`  Fan${id}@Example.NET`, `fan${id}@example.net`, ''),
      mobile: pick('+46 70 123 45 67', ''),
      birth_date: pick('1972-02-29', `19${twoDigits(below(100))}-0${1 + below(9)}-1${below(10)}`, ''),
      postal_code: pick('00100', '211 20', ''),
      city: pick('Malmö', 'København K', ''),
      member: pick('0', '1'),
      member_since: pick('2014-03-31', ''),
      favourite_player: pick('Nr 7 "Lillen" Berg', ''),
      interests: pick('football;hockey', 'football', ''),
      total_spent: pick('20974.94', '0.50', '123', ''),
      last_purchase: pick('31/12/2023 23:59', '01/07/2023 08:05', ''),
      note: pick('two\nlines', ''),
    };
    const spoilt: Record<string, string> = {
      birth_date: '2023-02-30',
      email: 'mma a@gma.com',
      member: 'x',
      customer_id: '12x',
      last_name: '',
    };
    const cells = fault === '' ? good : { ...good, [fault]: spoilt[fault] ?? '' };
    lines.push(columns.map((column) => csvCell(cells[column] ?? '')).join(','));

    // A last name that is empty is a text like any other; what is not optional and no yes or no is refused.
    if (fault !== '' && fault !== 'last_name') {
      fates.rejected += 1;
      continue;
    }
    fates.accepted += 1;
    const text = (name: string) => cells[name]?.trim() || null;
    const purchase = /^(..)\/(..)\/(....) (.....)$/.exec(cells['last_purchase'] ?? '');
    expected.set(String(id), {
      customer_id: id,
      first_name: text('first_name'),
      last_name: text('last_name'),
      email: text('email')?.toLowerCase() ?? null,
      mobile: text('mobile'),
      birth_date: text('birth_date'),
      postal_code: text('postal_code'),
      city: text('city'),
      is_member: cells['member'] === '1' ? 'Yes' : 'No',
      member_since: text('member_since'),
      favourite_player: text('favourite_player'),
      interests: text('interests')?.split(';') ?? null,
      total_spent: text('total_spent'),
      last_purchase: purchase === null ? null : `${purchase[3]}-${purchase[2]}-${purchase[1]} ${purchase[4]}:00`,
    });
  }

  const { ran, ask } = await loadIntoEmulator(t, {
    target: 'datatalks',
    mapping: 'fixtures/datatalks/ticket-buyers.map.yaml',
    file: { name: 'ticket-buyers.csv', text: `${lines.join('\n')}\n` },
    faults: lightFaults({
      busy: [100, 20_000],
      tooMany: [2000, 30_000],
      storedAllTheSame: [700, 25_000],
      cutBefore: [5000, 12_000, 40_000],
      cutAfter: [500, 9000, 33_000],
    }),
  });

  assert.partialDeepStrictEqual(ran.summary, { read: rows, ...fates, skipped: 0, uncertain: 0, remaining: 0, exit: 1 });
  const held = ask('profiles/person') as { data: { customer_id: number } }[];
  assertHolds(
    held.map(({ data }) => [String(data.customer_id), data]),
    expected,
  );
  assert.deepEqual(ask('refused'), { total: 0, samples: [] });
});
