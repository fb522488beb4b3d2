/** Rejected and uncertain rows are sent again by `retry`, once, and whatever happens meanwhile none of them is lost. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startRecorder } from '../support/recorder.ts';
import { createWorkdir, peopleCsv, type Ran, writeStreamSetup } from '../support/workdir.ts';

const push = ['push', 'p.csv', '-t', 'stream', '--json'];
const idsOf = (stored: readonly Record<string, unknown>[]) =>
  stored.map(({ CustomerId }) => Number(CustomerId)).sort((a, b) => a - b);
const linesIn = (path: unknown) =>
  readFileSync(String(path), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const retryOf = ({ summary }: Ran, ...more: string[]) => ['retry', String(summary['run']), '--json', ...more];

/** People whose e-mail addresses are good from the tenth on; before, only without the type. */
const halfBad = [
  'customer_id,email',
  ...Array.from({ length: 20 }, (_, i) => `${i + 1},${i < 10 ? 'p at home' : 'p@example.com'}`),
].join('\n');
const lenientMapping =
  'version: 1\ntarget: raptor\noperation: person\nkey: customer_id\nfields:\n  CustomerId: { from: customer_id, type: integer, required: true }\n  Email: { from: email, onEmpty: reject }\n';

test('after the mapping is mended, retry loads the rejected rows and nothing else, and runs shows that none is left', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', halfBad);
  const pushed = await workdir.run(push);
  assert.partialDeepStrictEqual(pushed.summary, { accepted: 10, rejected: 10, exit: 1 });
  assert.match(String(pushed.summary['next']), new RegExp(`retry ${pushed.summary['run']}$`));

  const unmended = await workdir.run(retryOf(pushed));
  assert.partialDeepStrictEqual(unmended.summary, { command: 'retry', read: 10, rejected: 10, requests: 0, exit: 1 });
  workdir.file('people.map.yaml', lenientMapping);
  const mended = await workdir.run(retryOf(pushed));
  assert.partialDeepStrictEqual(mended.summary, { command: 'retry', read: 10, accepted: 10, rejected: 0, exit: 0 });
  assert.deepEqual(
    idsOf(platform.stored),
    Array.from({ length: 20 }, (_, index) => index + 1),
  );
  const requests = platform.heard.length;
  const once = await workdir.run(retryOf(pushed));
  assert.equal(once.status, 0, once.stderr);
  assert.equal(platform.heard.length, requests, 'a row that was accepted meanwhile was sent again');
  const shown = await workdir.run(['runs', String(pushed.summary['run']), '--json']);
  assert.partialDeepStrictEqual(shown.summary['loads'], [{ counts: { accepted: 20, rejected: 0, uncertain: 0 } }]);
  const plain = await workdir.run(['runs']);
  assert.equal(plain.stdout.trim().split('\n').length, 4);
});

test('more rows than are held at once are retried in their order, each once', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  const rows = 12_000;
  workdir.file(
    'p.csv',
    [
      'customer_id,email',
      ...Array.from({ length: rows }, (_, i) => `${i + 1},${i % 3 === 0 ? 'p@x.se' : 'p at home'}`),
    ].join('\n'),
  );
  const pushed = await workdir.run([...push, '--max-errors', String(rows)]);
  assert.partialDeepStrictEqual(pushed.summary, { accepted: 4000, rejected: 8000, exit: 1 });
  const before = platform.stored.length;
  workdir.file('people.map.yaml', lenientMapping);
  const retried = await workdir.run(retryOf(pushed, '--concurrency', '1'));
  assert.partialDeepStrictEqual(retried.summary, { read: 8000, accepted: 8000, rejected: 0, exit: 0 });
  assert.deepEqual(
    platform.stored.slice(before).map(({ CustomerId }) => Number(CustomerId)),
    Array.from({ length: rows }, (_, i) => i + 1).filter((id) => id % 3 !== 1),
  );
});

test('rows that the platform refused carry its words, and are retried in the order of their records', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  workdir.file(
    'cdp-load.yaml',
    JSON.stringify({
      targets: { stream: { type: 'customerio', region: 'eu', apiKey: 'key-1', baseUrl: platform.url, retries: 0 } },
    }),
  );
  workdir.file(
    'm.map.yaml',
    `version: 1
target: customerio
key: id
items:
  - operation: identify
    fields: { userId: { from: id, required: true }, traits.email: email }
  - operation: track
    when: 'order != ""'
    fields: { userId: { from: id, required: true }, event: { const: Order }, properties.order: order }
`,
  );
  workdir.file('p.csv', 'id,email,order\n1,a@x.se,o-1\n2,b@x.se,\n3,c@x.se,o-3\n4,d@x.se,o-4\n');
  // The platform refuses the orders of row 3 and nothing else.
  let mended = false;
  platform.answer = ({ body }) => {
    const { batch } = JSON.parse(body) as { batch: { type: string; userId: string }[] };
    const refused = batch.findIndex(({ type, userId }) => !mended && type === 'track' && userId === '3');
    return refused < 0
      ? {}
      : { status: 400, body: JSON.stringify({ error: `order of ${batch[refused]?.userId} is closed` }) };
  };
  const ran = await workdir.run(['push', 'p.csv', '-t', 'stream', '-m', 'm.map.yaml', '--json']);
  assert.equal(ran.status, 1, ran.stderr + ran.stdout);
  assert.partialDeepStrictEqual(ran.summary, { read: 4, accepted: 3, rejected: 1, exit: 1 });
  const [row, ...others] = linesIn(ran.summary['rejectsFile']);
  assert.deepEqual(others, []);
  assert.partialDeepStrictEqual(row, {
    line: 4,
    record: 3,
    stage: 'send',
    entry: 1,
    source: { id: '3', order: 'o-3' },
  });
  assert.match(String(row?.['reason']), /order of 3 is closed/);
  mended = true;
  const before = platform.heard.length;
  const retried = await workdir.run(retryOf(ran, '-m', 'm.map.yaml'));
  assert.partialDeepStrictEqual(retried.summary, { read: 1, accepted: 1, exit: 0 }, retried.stderr);
  assert.equal(platform.heard.length, before + 1);
  const { batch } = JSON.parse(platform.heard.at(-1)?.body ?? '') as { batch: { type: string }[] };
  assert.deepEqual(
    batch.map(({ type }) => type),
    ['track'],
    'the half of the row that was accepted was sent again',
  );
});

test('uncertain rows are listed, held by a plain retry, and sent by --uncertain resend', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t, ({ number }) => ({ cut: number === 2 }));
  writeStreamSetup(workdir, platform.url, 'interaction');
  workdir.file('p.csv', peopleCsv(6));
  const ran = await workdir.run([...push, '--chunk-size', '2', '--concurrency', '1']);
  assert.partialDeepStrictEqual(ran.summary, { accepted: 4, uncertain: 2, exit: 1 });
  assert.deepEqual(
    linesIn(ran.summary['uncertainFile']).map(({ record }) => record),
    [3, 4],
  );
  const shown = await workdir.run(['runs', String(ran.summary['run'])]);
  assert.match(shown.stdout, /2 uncertain/);
  const requests = platform.heard.length;
  const plain = await workdir.run(retryOf(ran));
  assert.equal(plain.status, 2);
  assert.match(String(plain.summary['hint']), /--uncertain resend/);
  assert.equal(platform.heard.length, requests);
  const resent = await workdir.run(retryOf(ran, '--uncertain', 'resend'));
  assert.partialDeepStrictEqual(resent.summary, { read: 2, accepted: 2, uncertain: 0, exit: 0 });
  assert.deepEqual(idsOf(platform.stored), [1, 2, 3, 4, 5, 6]);
});

for (const [operation, stored] of [
  ['person', 'every row, those in flight twice at most'],
  ['interaction', 'all but those in flight, which are named'],
] as const) {
  test(`a retry of ${operation}s that is killed and typed again stores ${stored}`, async (t) => {
    const workdir = createWorkdir(t);
    const platform = await startRecorder(t);
    writeStreamSetup(workdir, platform.url, operation);
    workdir.file('p.csv', halfBad);
    const pushed = await workdir.run(push);
    workdir.file('people.map.yaml', lenientMapping.replace('operation: person', `operation: ${operation}`));
    const before = platform.heard.length;
    // The first request is answered, the second never.
    platform.answer = ({ number }) => ({ delay: number > before + 1 ? 60_000 : 0 });
    const retry = retryOf(pushed, '--chunk-size', '2', '--concurrency', '1');
    const { child, done } = workdir.start(retry);
    await platform.reached(before + 2);
    child.kill('SIGKILL');
    await done;
    platform.answer = () => ({});
    const next = await workdir.run(retry);
    const start = next.events.find(({ event }) => event === 'start');
    const fate = operation === 'person' ? 'resend' : 'hold';
    assert.partialDeepStrictEqual(start?.['uncertain'], [{ records: '3-4', rows: 2, fate }], next.stdout + next.stderr);
    const times = new Map<number, number>();
    for (const id of idsOf(platform.stored)) times.set(id, (times.get(id) ?? 0) + 1);
    assert.equal(times.size, 20, 'a row never arrived');
    if (operation === 'person') {
      assert.partialDeepStrictEqual(next.summary, { read: 10, accepted: 10, uncertain: 0, exit: 0 });
      assert.deepEqual([times.get(3), times.get(4), times.get(5)], [2, 2, 1]);
    } else {
      // The recorder stores before it answers, so they did arrive; nobody here can know, and nobody sends them again.
      assert.partialDeepStrictEqual(next.summary, { read: 10, accepted: 8, uncertain: 2, exit: 1 });
      assert.ok([...times.values()].every((count) => count === 1));
      assert.deepEqual(
        linesIn(next.summary['uncertainFile']).map(({ record }) => record),
        [3, 4],
      );
    }
  });
}

test('a retry that is refused or stopped by Ctrl-C goes on with what it left when it is typed again', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url, 'interaction');
  workdir.file('p.csv', halfBad);
  const pushed = await workdir.run(push);
  workdir.file('people.map.yaml', lenientMapping.replace('operation: person', 'operation: interaction'));
  const before = platform.heard.length;
  platform.answer = () => ({ status: 401 });
  const retry = retryOf(pushed, '--chunk-size', '1', '--concurrency', '1');
  const refused = await workdir.run(retry);
  assert.partialDeepStrictEqual(refused.summary, { read: 10, accepted: 0, uncertain: 0, exit: 4 });
  platform.answer = () => ({ delay: 300 });
  const { child, done } = workdir.start(retry);
  await platform.reached(before + 3);
  child.kill('SIGINT');
  const stopped = await done;
  assert.equal(stopped.status, 130, stopped.stderr);
  assert.partialDeepStrictEqual(stopped.summary, { read: 10, uncertain: 0 });
  assert.match(String(stopped.summary['next']), /cdp-load retry/);
  platform.answer = () => ({});
  const next = await workdir.run(retry);
  assert.partialDeepStrictEqual(next.summary, { read: 10, accepted: 10, remaining: 0, exit: 0 }, next.stderr);
  assert.deepEqual(
    idsOf(platform.stored),
    Array.from({ length: 20 }, (_, index) => index + 1),
  );
});

test('a retry under another operation is refused', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', halfBad);
  const pushed = await workdir.run(push);
  workdir.file('people.map.yaml', lenientMapping.replace('operation: person', 'operation: catalog'));
  const other = await workdir.run(retryOf(pushed));
  assert.equal(other.status, 2);
  assert.partialDeepStrictEqual(other.summary, { event: 'error', code: 'other-operations' });
});
