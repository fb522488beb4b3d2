/** A group is sent, refused, resumed and retried as a whole. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { startRecorder } from '../support/recorder.ts';
import { createWorkdir, type Workdir } from '../support/workdir.ts';

interface Call {
  readonly messageId: string;
  readonly properties: {
    readonly order: string;
    readonly lines: readonly { readonly sku: string; readonly qty: number }[];
  };
}

const mapping = (group = 'order') => `version: 1
target: customerio
operation: track
group: ${group}
fields:
  userId: customer
  event: { const: Order Completed }
  properties.order: order
  properties.lines: { each: { fields: { sku: sku, qty: { from: qty, type: integer } } } }
`;

function setUp(workdir: Workdir, url: string): void {
  const shop = { type: 'customerio', region: 'eu', apiKey: 'key-1', baseUrl: url, retries: 0, mapping: 'm.map.yaml' };
  workdir.file('cdp-load.yaml', JSON.stringify({ targets: { shop } }));
  workdir.file('m.map.yaml', mapping());
}

const callsIn = (body: string) => (JSON.parse(body) as { batch: Call[] }).batch;
const shortly = ({ properties: { order, lines } }: Call) =>
  `${order}: ${lines.map(({ sku, qty }) => `${qty} ${sku}`).join(', ')}`;
const linesOf = (path: unknown) => readFileSync(String(path), 'utf8').trimEnd().split('\n');
const push = ['push', 'o.csv', '-t', 'shop', '--json'];

test('one bad row rejects its group with a reason each, and retry of the mended rows sends the whole order', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  setUp(workdir, platform.url);
  workdir.file('o.csv', 'order,customer,sku,qty\nA,1,tea,1\nB,2,pot,1\nB,2,cup,many\nB,2,mat,3\nC,3,tea,9\n');
  const ran = await workdir.run(push);
  assert.partialDeepStrictEqual(ran.summary, { read: 5, accepted: 2, rejected: 3, exit: 1 }, ran.stderr);
  assert.deepEqual(platform.heard.flatMap(({ body }) => callsIn(body)).map(shortly), ['A: 1 tea', 'C: 9 tea']);
  const rejects = linesOf(ran.summary['rejectsFile']);
  assert.deepEqual(
    rejects.map((line) => JSON.parse(line)).map(({ record, code, group, value }) => [record, code, group, value]),
    [
      [2, 'group-rejected', [2, 4], 'B'],
      [3, 'value-integer', [2, 4], 'many'],
      [4, 'group-rejected', [2, 4], 'B'],
    ],
  );
  assert.match(rejects[0] ?? '', /line 4 of the same group is at fault: properties\.lines\[\]\.qty/);

  const before = platform.heard.length;
  const retry = ['retry', String(ran.summary['run']), '--json'];
  const mended = rejects.map((line) => line.replace('"qty":"many"', '"qty":"2"'));
  writeFileSync(String(ran.summary['rejectsFile']), `${mended.slice(1).join('\n')}\n`);
  const torn = await workdir.run(retry);
  assert.partialDeepStrictEqual(torn.summary, { read: 2, rejected: 2, requests: 0, exit: 1 }, 'half an order was sent');
  assert.deepEqual(
    linesOf(torn.summary['rejectsFile']).map((line) => JSON.parse(line).code),
    ['group-torn', 'group-torn'],
  );
  writeFileSync(String(ran.summary['rejectsFile']), `${mended.join('\n')}\n`);
  const retried = await workdir.run(retry);
  assert.partialDeepStrictEqual(retried.summary, { read: 3, accepted: 3, rejected: 0, exit: 0 }, retried.stderr);
  assert.deepEqual(
    platform.heard
      .slice(before)
      .flatMap(({ body }) => callsIn(body))
      .map(shortly),
    ['B: 1 pot, 2 cup, 3 mat'],
  );
});

test('rows of a group that the platform refuses are rejected together, and a retry sends one item', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  setUp(workdir, platform.url);
  workdir.file('o.csv', 'order,customer,sku,qty\nA,1,tea,1\nB,2,pot,1\nB,2,cup,2\n');
  platform.answer = ({ body }) =>
    callsIn(body).some(({ properties }) => properties.order === 'B') ? { status: 400 } : {};
  const ran = await workdir.run(push);
  assert.partialDeepStrictEqual(ran.summary, { read: 3, accepted: 1, rejected: 2, exit: 1 }, ran.stderr);
  assert.deepEqual(
    linesOf(ran.summary['rejectsFile']).map((line) => JSON.parse(line).record),
    [2, 3],
  );
  platform.answer = () => ({});
  const retried = await workdir.run(['retry', String(ran.summary['run']), '--json']);
  assert.partialDeepStrictEqual(retried.summary, { read: 2, accepted: 2, exit: 0 }, retried.stderr);
  assert.deepEqual(callsIn(platform.heard.at(-1)?.body ?? '').map(shortly), ['B: 1 pot, 2 cup']);
});

test('a load that stops and goes on, in steps of any limit, sends each order once and whole', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  setUp(workdir, platform.url);
  const orders = Array.from({ length: 40 }, (_, order) => ({ order, lines: 1 + (order % 4) }));
  const rows = orders.flatMap(({ order, lines }) =>
    Array.from({ length: lines }, (_, line) => `o${order},${order},s${line},1`),
  );
  workdir.file('o.csv', ['order,customer,sku,qty', ...rows, ''].join('\n'));
  const first = await workdir.run([...push, '--limit', '7']);
  assert.partialDeepStrictEqual(first.summary, { read: 6, accepted: 6, exit: 0 }, first.stderr);
  const said = await workdir.run(['validate', 'o.csv', '-t', 'shop', '--limit', '7']);
  assert.match(said.stderr, /--limit 7 falls inside a group, so this run ends with record 6/);
  platform.answer = ({ number }) => (number % 3 === 0 ? { status: 500 } : {});
  for (let run = 0; run < 4; run++) await workdir.run([...push, '--chunk-size', '3', '--concurrency', '2']);
  platform.answer = () => ({});
  const last = await workdir.run(push);
  assert.partialDeepStrictEqual(last.summary, { read: rows.length, accepted: rows.length, exit: 0 }, last.stderr);
  const taken = platform.heard
    .filter(({ number }) => number < 3 || number % 3 !== 0 || number > platform.heard.length - 1)
    .flatMap(({ body }) => callsIn(body));
  for (const { properties } of taken) {
    const { lines } = orders.find(({ order }) => `o${order}` === properties.order) ?? { lines: 0 };
    assert.equal(properties.lines.length, lines, properties.order);
  }
  assert.equal(new Set(taken.map(({ properties }) => properties.order)).size, orders.length);
});

test('under a new mapping no part of a group is sent whose other rows were settled before', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t, ({ number }) => (number === 1 ? {} : { status: 401 }));
  setUp(workdir, platform.url);
  workdir.file(
    'm.map.yaml',
    mapping()
      .replace('group: order\n', '')
      .replace(/ {2}properties\.lines.*\n/, ''),
  );
  workdir.file('o.csv', 'order,customer,sku,qty\nA,1,tea,1\nA,1,pot,1\nB,2,cup,2\nB,2,mat,2\n');
  await workdir.run([...push, '--chunk-size', '1', '--concurrency', '1']);
  workdir.file('m.map.yaml', mapping());
  platform.answer = () => ({});
  const ran = await workdir.run([...push, '--new-mapping']);
  assert.partialDeepStrictEqual(ran.summary, { read: 4, accepted: 3, rejected: 1, exit: 1 }, ran.stderr);
  assert.match(linesOf(ran.summary['rejectsFile']).join(), /group-torn/);
  assert.deepEqual(callsIn(platform.heard.at(-1)?.body ?? '').map(shortly), ['B: 2 cup, 2 mat']);
});

test('preview shows the rows of a group above its item, and -n and --row count groups', async (t) => {
  const workdir = createWorkdir(t);
  setUp(workdir, 'http://127.0.0.1:9');
  workdir.file('o.csv', 'order,customer,sku,qty\nA,1,tea,1\nA,1,pot,1\nB,2,cup,2\nC,3,mat,2\nC,3,mat,4\n');
  const two = await workdir.run(['preview', 'o.csv', '-t', 'shop', '-n', '2']);
  assert.match(two.stdout, /records 1 to 3, 2 items/);
  assert.match(two.stdout, /# line 2: .*tea.*\n# line 3: .*pot.*\n# line 4: .*cup/);
  const fifth = await workdir.run(['preview', 'o.csv', '-t', 'shop', '-n', '1', '--row', '5']);
  assert.match(fifth.stdout, /records 4 to 5, 1 item,/);
});
