/** The largest of the hostile inputs: 100 MB behind one quote, and a million of everything that is kept apart by name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runGuarded } from '../support/guarded.ts';
import { createWorkdir, writeStreamSetup } from '../support/workdir.ts';

const million = 1_000_000;

test('a quote that is never closed costs its own line, in 100 MB too', async (t) => {
  const workdir = createWorkdir(t);
  writeStreamSetup(workdir, 'https://example.invalid');
  workdir.file('p.csv', `customer_id,email\n1,"open\n${'2,somebody@example.com\n'.repeat(4_500_000)}`);
  const { summary, peakMb } = await runGuarded(workdir, ['validate', 'p.csv', '-t', 'stream', '--json'], {
    mostMb: 700,
  });
  assert.deepEqual([summary['read'], summary['rejected']], [4_500_001, 1]);
  t.diagnostic(`${Math.round(peakMb)} MB`);
});

test('quotes that open in every one of a million lines are told in linear time', async (t) => {
  const workdir = createWorkdir(t);
  writeStreamSetup(workdir, 'https://example.invalid');
  workdir.file('p.csv', `customer_id,email\n${'2,"somebody@example.com\n'.repeat(million)}`);
  const { summary } = await runGuarded(workdir, ['validate', 'p.csv', '-t', 'stream', '--json'], { mostMb: 700 });
  assert.equal(summary['exit'], 1);
});

test('a million keys are counted, and a million routes planned, in bounded memory', async (t) => {
  const workdir = createWorkdir(t);
  writeStreamSetup(workdir, 'https://example.invalid');
  const lines = Array.from({ length: million }, (_, index) => `c-${index},x\n`);
  workdir.file('p.csv', `id,x\n${lines.join('')}`);
  workdir.file(
    'cdp-load.yaml',
    JSON.stringify({
      targets: { it: { type: 'relay42', siteNumber: 7, apiId: 'user', accessToken: 'secret-secret' } },
    }),
  );
  workdir.file(
    'm.yaml',
    'version: 1\ntarget: relay42\noperation: facts.add\nkey: id\nsettings: { partnerType: 2001, factName: a, factTtl: 3600 }\nfields:\n  partnerId: { from: id, required: true }\n  properties.x: x\n',
  );
  const ran = await runGuarded(workdir, ['validate', 'p.csv', '-t', 'it', '-m', 'm.yaml', '--json'], { mostMb: 900 });
  assert.deepEqual([ran.status, ran.summary['accepted'], ran.summary['requests']], [0, million, million]);
  t.diagnostic(`${Math.round(ran.peakMb)} MB`);
});
