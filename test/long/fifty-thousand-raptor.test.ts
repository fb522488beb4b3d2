import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { makePeople, peopleHeader } from '../../scripts/make-people.ts';
import { assertHolds, lightFaults, loadIntoEmulator } from '../support/emulated-load.ts';
import { root } from '../support/workdir.ts';

const rows = 50_000;

test('Raptor holds each of 50,000 people as the last row of each says', async (t) => {
  const expected = new Map<string, unknown>();
  const fates = { loaded: 0, skipped: 0, rejected: 0 };
  let text = `${peopleHeader.join(',')}\r\n`;
  for (const person of makePeople(rows)) {
    text += person.text;
    fates[person.fate.kind] += 1;
    if (person.fate.kind === 'loaded') expected.set(String(person.fate.item['CustomerId']), person.fate.item);
  }
  const { stream } = parse(readFileSync(join(root, 'fixtures/cdp-load.yaml'), 'utf8')).targets;
  const { ran, ask } = await loadIntoEmulator(t, {
    target: 'raptor',
    config: { columns: stream.columns, maxRecords: 500 },
    mapping: 'fixtures/people.map.yaml',
    file: { name: 'people.csv', text },
    faults: lightFaults({
      busy: [5, 30],
      tooMany: [9, 31],
      storedAllTheSame: [20, 61],
      cutBefore: [15, 45, 70],
      cutAfter: [12, 40],
    }),
  });

  assert.partialDeepStrictEqual(ran.summary, {
    read: rows,
    accepted: fates.loaded,
    rejected: fates.rejected,
    skipped: fates.skipped,
    uncertain: 0,
    remaining: 0,
    exit: 1,
  });
  const held = ask('rows', 'flush') as { CustomerId: string }[];
  assertHolds(
    held.map((row) => [row.CustomerId, row]),
    expected,
  );
  assert.deepEqual(ask('failed', 'flush'), []);
});
