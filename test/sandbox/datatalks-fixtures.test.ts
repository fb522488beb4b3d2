/** The files of fixtures/datatalks, through mapping, target and emulator: what is stored must be what the file says, worked out by hand. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'csv-parse/sync';
import { compileMapping } from '../../src/mapping/compile.ts';
import { loadMapping } from '../../src/mapping/load.ts';
import { createDatatalks } from '../../src/sandbox/datatalks.ts';
import { datatalks } from '../../src/targets/datatalks.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const folder = join(import.meta.dirname, '..', '..', 'fixtures', 'datatalks');
type Cells = Readonly<Record<string, string>>;

async function load(name: string, delimiter: string) {
  const clock = createVirtualClock(Date.UTC(2024, 2, 1, 12));
  const emulator = createDatatalks(clock);
  const { baseUrl, rate: _rate, concurrency: _concurrency, ...own } = emulator.settings('http://127.0.0.1:1/datatalks');
  const target = datatalks.open(datatalks.config.parse(own), { baseUrl: String(baseUrl), headers: {} });
  const mapping = await loadMapping(join(folder, `${name}.map.yaml`));
  const [entry] = mapping.entries;
  assert.ok(entry);
  emulator.provision(entry.operation, [], entry.settings, own);
  const [header = [], ...rows]: string[][] = parse(readFileSync(join(folder, `${name}.csv`)), {
    delimiter,
    record_delimiter: ['\r\n', '\n'],
  });
  const compiled = compileMapping(mapping, { kind: 'csv', header }, target, datatalks);
  const [operation] = compiled.entries.map((one) => one.operation);
  assert.ok(operation);
  const refused: number[] = [];
  for (const [index, row] of rows.entries()) {
    const mapped = compiled.mapRow(row, { identity: () => '0'.repeat(64), now: 0 });
    const item = mapped.kind === 'items' ? mapped.items[0] : undefined;
    if (item === undefined) {
      refused.push(index + 1);
      continue;
    }
    const body = Buffer.from(item.json);
    const chunk = { route: '', items: 1, body: [body] };
    const { method, url, headers } = target.authorize(operation.request(chunk), new Date(clock.now()), undefined);
    const { host, pathname } = new URL(url);
    const lowered = Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value]);
    const reply = await emulator.handle({
      method,
      path: pathname.replace('/datatalks', ''),
      rawUrl: pathname,
      query: new URLSearchParams(),
      headers: { host, ...Object.fromEntries(lowered) },
      body,
    });
    assert.equal(reply.status, 200, JSON.stringify(reply.body));
  }
  const place = `${entry.operation}/${String(entry.settings['type'])}`;
  const stored = emulator.readOut(place, new URLSearchParams()) as { data: unknown; writes: number }[];
  const cells = rows.map((row): Cells => Object.fromEntries(header.map((column, index) => [column, row[index] ?? ''])));
  return { stored, refused, cells };
}

/** One record for each id, in the order the ids first came, the last row winning; refused rows left out. */
function expected(
  cells: readonly Cells[],
  refused: readonly number[],
  id: string,
  record: (row: Cells) => Record<string, unknown>,
): Record<string, unknown>[] {
  const byId = new Map<string | undefined, Record<string, unknown>>();
  cells.forEach((row, index) => {
    if (!refused.includes(index + 1)) byId.set(row[id], record(row));
  });
  return [...byId.values()];
}

const orNull = (text: string | undefined) => (text === undefined || text === '' ? null : text);

describe('fixtures of Data Talks', () => {
  it('ticket buyers become profiles, but for the eight bad rows; who comes twice is stored as the last row says', async () => {
    const { stored, refused, cells } = await load('ticket-buyers', ',');
    assert.deepEqual(refused, [23, 57, 88, 111, 139, 160, 175, 190]);
    const records = expected(cells, refused, 'customer_id', (row) => ({
      customer_id: Number(row['customer_id']),
      first_name: row['first_name'],
      last_name: row['last_name'],
      email: orNull(row['email']?.trim().toLowerCase()),
      mobile: orNull(row['mobile']),
      birth_date: orNull(row['birth_date']),
      postal_code: row['postal_code'],
      city: row['city'],
      is_member: row['member'] === '1' ? 'Yes' : 'No',
      member_since: orNull(row['member_since']),
      favourite_player: orNull(row['favourite_player']),
      interests: orNull(row['interests'])?.split(';') ?? null,
      total_spent: row['total_spent'],
      last_purchase: row['last_purchase']?.replace(/^(..).(..).(....) (.*)$/, '$3-$2-$1 $4:00'),
    }));
    assert.deepEqual(
      stored.map(({ data }) => data),
      records,
    );
    assert.deepEqual(
      stored.filter(({ writes }) => writes > 1).map(({ data }) => (data as Cells)['city']),
      ['Ystad'],
    );
  });

  it('ticket purchases become events, but for three bad rows; one without a time is kept with null', async () => {
    const { stored, refused, cells } = await load('ticket-purchases', ';');
    assert.deepEqual(refused, [41, 91, 141]);
    const records = expected(cells, refused, 'transaction_id', (row) => ({
      event_id: row['transaction_id'],
      event_datetime: orNull(row['purchased_at']),
      customer_id: Number(row['customer_id']),
      item_id: row['match_id'],
      section: orNull(row['section']),
      row: row['row'],
      seat: row['seat'],
      quantity: Number(row['quantity']),
      total_amount: row['amount']?.replace(',', '.'),
      currency: row['currency'],
      channel: row['channel'],
      voucher: orNull(row['voucher']),
    }));
    assert.deepEqual(
      stored.map(({ data }) => data),
      records,
    );
    assert.equal(records.filter(({ event_datetime }) => event_datetime === null).length, 1);
  });

  it('matches become inventory, but for the one on the 30th of February; UTC is told in local time', async () => {
    const { stored, refused, cells } = await load('matches', ',');
    assert.deepEqual(refused, [17]);
    const records = expected(cells, refused, 'match_id', (row) => ({
      item_id: row['match_id'],
      // All of them are in winter, when Stockholm is an hour ahead.
      item_modified: new Date(Date.parse(String(row['changed_at'])) + 3_600_000)
        .toISOString()
        .slice(0, 19)
        .replace('T', ' '),
      name: row['title'],
      category: 'Match',
      competition: orNull(row['competition']),
      is_home: row['home'] === 'yes' ? 'Yes' : 'No',
      kickoff: row['kickoff'],
      arena: orNull(row['arena']),
      capacity: row['capacity'] === '' ? null : Number(row['capacity']),
    }));
    assert.deepEqual(
      stored.map(({ data }) => data),
      records,
    );
  });
});
