import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { expectedPeople, makePeople, peopleHeader } from '../../scripts/make-people.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { createRaptorEmulator } from '../../src/sandbox/raptor.ts';
import { raptor } from '../../src/targets/raptor.ts';
import { read } from '../input/reading.ts';

const fixture = (name: string) => readFileSync(join(import.meta.dirname, '..', '..', 'fixtures', name));
const people = [...makePeople()];
const rejected = people.flatMap(({ fate, record, line }) =>
  fate.kind === 'rejected' ? [{ ...fate, record, line }] : [],
);

/** The columns of fixtures/cdp-load.yaml, and the config that goes with them. */
function configured() {
  const { type, mapping, ...own } = parse(fixture('cdp-load.yaml').toString()).targets.stream;
  assert.deepEqual([type, mapping], ['raptor', 'people.map.yaml']);
  const { columns, ...config } = own;
  assert.equal(config.streamId, `\${RAPTOR_STREAM_ID}`, 'the secret comes from the environment');
  return { columns, config };
}

describe('fixtures/people.csv', () => {
  it('is what scripts/make-people.ts makes', () => {
    const made = `${peopleHeader.join(',')}\r\n${people.map(({ text }) => text).join('')}`;
    assert.equal(fixture('people.csv').toString(), made);
  });

  it('is messy in every way that it should be', () => {
    const text = fixture('people.csv').toString();
    for (const [what, pattern] of Object.entries({
      'line ends mixed': /[^\r]\n[\s\S]*\r\n/,
      'quotes in quotes': /""/,
      'line breaks in fields': /Called twice\.\nWants/,
      'CRLF in fields': /First line\r\nsecond line/,
      Swedish: /Öberg/,
      Japanese: /佐藤/,
      emoji: /🐢/,
      'letters in two parts': /Jose\u0301/,
      'leading zeros': /^0000037,/m,
      'ids beyond 2^53': /,9\d{18},/,
      'empty cells': /,,,/,
    })) {
      assert.match(text, pattern, what);
    }
    assert.equal(people.length, 2400);
  });

  it('has bad rows of every kind, where the reader finds them', async () => {
    const { rows } = await read(fixture('people.csv'));
    const unreadable = rows
      .filter(({ faults }) => faults.length > 0)
      .map(({ record, line, faults }) => [record, line, faults[0]?.code]);
    assert.deepEqual(unreadable, [
      [256, 298, 'csv-columns'],
      [257, 299, 'csv-columns'],
      [512, 599, 'csv-broken-quote'],
      [777, 917, 'csv-broken-quote'],
    ]);
    const expected = rejected.filter(({ fields }) => fields.length === 0).map(({ record, line }) => [record, line]);
    assert.deepEqual(
      unreadable.map(([record, line]) => [record, line]),
      expected,
    );
    assert.deepEqual(
      rows.map(({ record, line }) => [record, line]),
      people.map(({ record, line }) => [record, line]),
    );
    assert.equal(rejected.length, 12);
  });
});

describe('what the people become', () => {
  it('passes the target and is what the platform holds at the end', () => {
    const { columns } = configured();
    const settings = { columns, writeMode: 'append' };
    const emulator = createRaptorEmulator({ now: () => 0, sleep: () => Promise.resolve() });
    const { baseUrl, ...own } = emulator.settings('http://127.0.0.1:1/raptor');
    emulator.provision('person', [], settings, own);
    const operation = raptor
      .open(raptor.config.parse(own), { baseUrl: String(baseUrl), headers: {} })
      .operation('person', settings);
    const empty: JsonObject = Object.fromEntries(Object.keys(columns).map((name) => [name, null]));
    const items: string[] = [];
    for (const { fate, record } of people) {
      if (fate.kind !== 'loaded') continue;
      const encoded = operation.encode({ ...empty, ...(fate.item as JsonObject) }, { identity: '', key: '', now: 0 });
      if ('faults' in encoded) assert.fail(`record ${record}: ${encoded.faults[0]?.reason}`);
      items.push(encoded.json);
    }
    const headers = { 'content-type': 'application/json', 'x-streamid': String(own['streamId']) };
    const path = `/stream/${own['accountId']}`;
    for (let at = 0; at < items.length; at += 500) {
      const body = Buffer.from(`[${items.slice(at, at + 500).join(',')}]`);
      emulator.handle({ method: 'POST', path, rawUrl: path, query: new URLSearchParams(), headers, body });
    }
    const held = JSON.parse(JSON.stringify(emulator.readOut('rows', new URLSearchParams('flush'))));
    const expected = [...expectedPeople().values()];
    assert.equal(held.length, 2371);
    const byId = (rows: { CustomerId?: unknown }[]) => new Map(rows.map((row) => [row.CustomerId, row]));
    assert.deepEqual(byId(held), byId(JSON.parse(JSON.stringify(expected))));
    assert.deepEqual(emulator.readOut('insights', new URLSearchParams()), []);
  });

  it('the config gives its account id in the form that the target takes', () => {
    const { columns, config } = configured();
    const streamId = '3f0c7d52-8a1e-4b6f-9c33-0d7e5a1b2c44';
    assert.ok(raptor.config.safeParse({ ...config, columns, streamId }).success);
  });
});
