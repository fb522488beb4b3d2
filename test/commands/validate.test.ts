import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createWorkdir, writeStreamSetup } from '../support/workdir.ts';

const csv = 'customer_id,email\n1,a@example.com\n2,nobody\n1,b@example.com\n3,c@example.com\nx,nope\n1,d@example.com\n';
const validate = ['validate', 'people.csv', '-t', 'stream'];

test('validate estimates the real run, and counts keys that repeat', async (t) => {
  const workdir = createWorkdir(t);
  writeStreamSetup(workdir, 'https://example.invalid', 'person', { rate: 0.5 });
  workdir.file('people.csv', csv);
  const [forPeople, { status, summary }] = await Promise.all([
    workdir.run([...validate, '--chunk-size', '2', '--state-dir', 'a']),
    workdir.run([...validate, '--chunk-size', '2', '--json', '--state-dir', 'b']),
  ]);
  assert.equal(status, 1);
  assert.deepEqual(summary['repeatedKeys'], { rows: 2, first: 'people.csv:4', compared: 4, isWhole: true });
  const { cost, costUnit, seconds, limitedBy } = summary['estimate'] as Record<string, unknown>;
  assert.deepEqual([summary['requests'], cost, costUnit, seconds, limitedBy], [2, 2, 'request', 4, 'rate']);
  assert.match(forPeople.stderr, /A run would cost 2 requests and take about 4\.0 s/);
  assert.match(forPeople.stderr, /2 rows have a key that stood in the file before \(first at people\.csv:4\)/);
});

test('validate --report writes a page, or JSON, that only its owner may read', async (t) => {
  const workdir = createWorkdir(t);
  writeStreamSetup(workdir, 'https://example.invalid');
  workdir.file('people.csv', csv);
  const [page, data] = await Promise.all([
    workdir.run([...validate, '--report', 'out.html', '--state-dir', 'a']),
    workdir.run([...validate, '--report', 'out.json', '--state-dir', 'b']),
  ]);
  assert.deepEqual([page.status, data.status], [1, 1]);
  assert.match(page.stderr, /Report: out\.html/);
  const html = workdir.read('out.html');
  assert.match(html, /<h1>people\.csv: 2 of 6 rows would be rejected<\/h1>/);
  assert.match(
    html,
    /<td class="number">3<\/td><td class="short">2<\/td><td class="at short" title="[^"]+">nobody<\/td>/,
  );
  const report = JSON.parse(workdir.read('out.json'));
  assert.deepEqual(
    report.rows.map(({ line, cells }: { line: number; cells: unknown }) => [line, cells]),
    [
      [3, { customer_id: '2', email: 'nobody' }],
      [6, { customer_id: 'x', email: 'nope' }],
    ],
  );
  assert.equal(report.reasons[0].code, 'value-email');
  for (const name of ['out.html', 'out.json']) assert.equal(statSync(join(workdir.path, name)).mode & 0o777, 0o600);
});

test('a report that cannot be written, or has another ending, ends with exit 2', async (t) => {
  const workdir = createWorkdir(t);
  writeStreamSetup(workdir, 'https://example.invalid');
  workdir.file('people.csv', csv);
  const [ending, folder] = await Promise.all([
    workdir.run([...validate, '--report', 'out.pdf']),
    workdir.run([...validate, '--report', 'not/there/out.html']),
  ]);
  assert.deepEqual([ending.status, folder.status], [2, 2]);
  assert.match(ending.stderr, /ends in \.html or \.json/);
  assert.match(folder.stderr, /\[report-unwritable\]/);
});
