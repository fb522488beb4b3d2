/** Every exit code of the README is reached by a situation of real life. 70 has a test of its own in test/engine. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { startRecorder } from '../support/recorder.ts';
import { createWorkdir, peopleCsv, writeStreamSetup } from '../support/workdir.ts';

const push = ['push', 'people.csv', '--target', 'stream', '--json'];

/** An address where nobody listens. */
async function deadAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return `http://127.0.0.1:${port}`;
}

test('0 when all rows were accepted, and again 0 without a request when the same command finds nothing to do', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  workdir.file('people.csv', peopleCsv(3));
  const first = await workdir.run(push);
  assert.equal(first.status, 0, first.stderr);
  assert.partialDeepStrictEqual(first.summary, { event: 'summary', read: 3, accepted: 3, requests: 1, exit: 0 });
  const second = await workdir.run(push);
  assert.equal(second.status, 0, second.stderr);
  assert.partialDeepStrictEqual(second.summary, { read: 0, requests: 0, exit: 0 });
  assert.equal(platform.heard.length, 1);
});

test('1 when some rows were rejected, and the rest is loaded', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  workdir.file('people.csv', 'customer_id,email\n1,a@example.com\n2,nonsense\n3,c@example.com\n');
  const { status, summary } = await workdir.run(push);
  assert.equal(status, 1);
  assert.partialDeepStrictEqual(summary, { read: 3, accepted: 2, rejected: 1, exit: 1, complete: true });
  assert.deepEqual(
    platform.stored.map(({ CustomerId }) => CustomerId),
    [1, 3],
  );
});

test('1 when rows are uncertain: the platform never answered and sending an interaction again would double it', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t, ({ number }) => ({ cut: number === 2 }));
  writeStreamSetup(workdir, platform.url, 'interaction');
  workdir.file('people.csv', peopleCsv(3));
  const { status, summary } = await workdir.run([...push, '--chunk-size', '1', '--concurrency', '1']);
  assert.equal(status, 1);
  assert.partialDeepStrictEqual(summary, { read: 3, accepted: 2, uncertain: 1, rejected: 0, exit: 1 });
  assert.equal(platform.heard.length, 3, 'what may have been taken was sent again');
  assert.match(String(summary['next']), /retry \S+ --uncertain resend$/);
});

test('2 for a mistake in the command, the config, the mapping or the input, and nothing is sent', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  workdir.file('people.csv', peopleCsv(1));
  workdir.file('broken.map.yaml', 'version: 1\ntarget: raptor\noperation: person\nfeilds: {}\n');
  const mistakes: readonly (readonly [string, readonly string[]])[] = [
    ['usage', ['push', 'people.csv', '--json']],
    ['usage', [...push, '--tagret', 'x']],
    ['usage', [...push, '--chunk-size', '0']],
    ['target-unknown', ['push', 'people.csv', '-t', 'steam', '--json']],
    ['config-not-found', [...push, '--config', 'nowhere.yaml']],
    ['input-missing', ['push', 'poeple.csv', '-t', 'stream', '--json']],
    ['mapping-invalid', [...push, '--mapping', 'broken.map.yaml']],
  ];
  const ran = await Promise.all(mistakes.map(([, args]) => workdir.run(args)));
  for (const [index, { status, stdout, stderr, summary }] of ran.entries()) {
    const [code, args] = mistakes[index] ?? ['', []];
    assert.equal(status, 2, `${args.join(' ')}: ${stderr}`);
    assert.partialDeepStrictEqual(summary, { event: 'error', code, exit: 2 }, stdout);
    assert.notEqual(stderr, '');
    assert.doesNotMatch(stderr, /\n\s+at .*\.js/, 'a stack trace for a mistake of the user');
  }
  assert.equal(platform.heard.length, 0);
});

test('3 when more rows are rejected than --max-errors allows', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  workdir.file('people.csv', `${peopleCsv(2)}x,x\ny,y\nz,z\n`);
  const within = await workdir.run([...push, '--max-errors', '3', '--state-dir', 'within']);
  assert.equal(within.status, 1, within.stderr);
  const over = await workdir.run([...push, '--max-errors', '2', '--state-dir', 'over']);
  assert.equal(over.status, 3, over.stderr);
  assert.partialDeepStrictEqual(over.summary, { exit: 3, stopped: { code: 'too-many-errors' } });
});

test('3 when the first rows are all refused with the same words: the rest remains, and goes on by the same command', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t, () => ({ status: 400, body: '{"meta":{"errors":["no such \\"type\\""]}}' }));
  const target = { type: 'customerio', apiKey: 'k', region: 'eu', baseUrl: `${platform.url}/v1`, mapping: 'map.yaml' };
  workdir.file('cdp-load.yaml', JSON.stringify({ targets: { here: target } }));
  const fields = { userId: 'customer_id', 'traits.email': 'email' };
  workdir.file('map.yaml', JSON.stringify({ version: 1, target: 'customerio', operation: 'identify', fields }));
  workdir.file('people.csv', peopleCsv(60));
  const args = ['push', 'people.csv', '--target', 'here', '--json', '--chunk-size', '30', '--concurrency', '1'];
  const stopped = await workdir.run([...args, '--identical-refusals', '7']);
  assert.equal(stopped.status, 3, stopped.stderr);
  assert.partialDeepStrictEqual(stopped.summary, { read: 60, accepted: 0, rejected: 7, remaining: 53, exit: 3 });
  const { code, reason } = stopped.summary['stopped'] as { code: string; reason: string };
  assert.equal(code, 'identical-refusals');
  assert.match(reason, /^the first 7 items to be answered for were all refused with the same words: .*no such "type"/);
  assert.match(String(stopped.summary['next']), /people\.csv.*; rejected rows go out again by: cdp-load retry /);

  const regardless = await workdir.run([...args, '--identical-refusals', '0', '--limit', '20']);
  assert.equal(regardless.status, 1, regardless.stderr);
  assert.partialDeepStrictEqual(regardless.summary, { rejected: 20 });

  workdir.file('cdp-load.yaml', JSON.stringify({ targets: { here: { ...target, identicalRefusals: 3 } } }));
  const anew = await workdir.run(args);
  assert.equal(anew.status, 3, 'each run counts anew');
  assert.partialDeepStrictEqual(anew.summary, { rejected: 23, remaining: 37 });
  platform.answer = () => ({ body: '{}' });
  const mended = await workdir.run(args);
  assert.equal(mended.status, 1);
  assert.partialDeepStrictEqual(mended.summary, { accepted: 37, rejected: 23, remaining: 0 });
});

test('3 by --max-errors counts rows, not items: two refused items of one row are one row, over all runs', async (t) => {
  const workdir = createWorkdir(t);
  const refused = /"(track|page)"/;
  const platform = await startRecorder(t, ({ body }) =>
    refused.test(body) ? { status: 400, body: '{"meta":{"errors":["no"]}}' } : { body: '{}' },
  );
  const target = { type: 'customerio', apiKey: 'k', region: 'eu', baseUrl: `${platform.url}/v1`, mapping: 'map.yaml' };
  workdir.file('cdp-load.yaml', JSON.stringify({ targets: { here: target } }));
  const timestamp = { const: '2024-03-01T12:00:00Z' };
  const items = [
    { operation: 'identify', fields: { userId: 'customer_id' } },
    { operation: 'track', fields: { userId: 'customer_id', event: { const: 'e' }, timestamp } },
    { operation: 'page', fields: { userId: 'customer_id', name: { const: 'n' }, timestamp } },
  ];
  workdir.file('map.yaml', JSON.stringify({ version: 1, target: 'customerio', items }));
  workdir.file('people.csv', peopleCsv(8));
  const args = ['push', 'people.csv', '--target', 'here', '--json', '--chunk-size', '3', '--concurrency', '1'];
  const within = await workdir.run([...args, '--limit', '4', '--max-errors', '4']);
  assert.equal(within.status, 1, within.stdout);
  assert.partialDeepStrictEqual(within.summary, { read: 4, rejected: 4 });
  const over = await workdir.run([...args, '--max-errors', '6']);
  assert.equal(over.status, 3, over.stdout);
  assert.partialDeepStrictEqual(over.summary, { read: 8, stopped: { code: 'too-many-errors' } });
  // While an acceptance is written down the next request is on its way, and may be refused before the run has stopped.
  const { rejected, remaining } = over.summary;
  assert.ok((rejected === 7 && remaining === 1) || (rejected === 8 && remaining === 0), over.stdout);
});

test('4 when the platform refuses the credentials: one request, no retry, and the same command goes on once they are right', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t, () => ({ status: 401, body: 'no such stream' }));
  writeStreamSetup(workdir, platform.url);
  workdir.file('people.csv', peopleCsv(40));
  const args = [...push, '--chunk-size', '1', '--concurrency', '8'];
  const refused = await workdir.run(args);
  assert.equal(refused.status, 4, refused.stderr);
  assert.partialDeepStrictEqual(refused.summary, { accepted: 0, rejected: 0, uncertain: 0, remaining: 40, exit: 4 });
  assert.equal(platform.heard.length, 1, 'wrong credentials were sent more than once');
  platform.answer = () => ({});
  const mended = await workdir.run(args);
  assert.equal(mended.status, 0, mended.stderr);
  assert.partialDeepStrictEqual(mended.summary, { read: 40, accepted: 40 });
});

test('5 when nobody listens there and the retries are used up; the same command goes on', async (t) => {
  const workdir = createWorkdir(t);
  writeStreamSetup(workdir, await deadAddress(), 'interaction', { retries: 0 });
  workdir.file('people.csv', peopleCsv(3));
  const { status, summary } = await workdir.run(push);
  assert.equal(status, 5);
  // Nothing left the machine: the rows are not uncertain, even where sending them twice would do harm.
  assert.partialDeepStrictEqual(summary, {
    read: 3,
    remaining: 3,
    uncertain: 0,
    exit: 5,
    stopped: { code: 'no-connection' },
  });
  assert.match(String(summary['next']), /cdp-load push people\.csv --target stream/);
  writeStreamSetup(workdir, await deadAddress(), 'interaction', { retries: 1 });
  const patient = await workdir.run(push);
  const notices = patient.events.filter(({ event }) => event === 'notice').map(({ text }) => String(text));
  assert.ok(
    notices.some((text) => /^trying again( in 1 s)?: the connection was refused/.test(text)),
    patient.stdout,
  );
});

test('6 when another run holds the load, which is told who it is and is not disturbed', async (t) => {
  const workdir = createWorkdir(t);
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const platform = await startRecorder(t, () => ({ delay: 1500 }));
  writeStreamSetup(workdir, platform.url);
  workdir.file('people.csv', peopleCsv(3));
  const first = workdir.start(push);
  void platform.reached(1).then(letGo);
  await held;
  const second = await workdir.run(push);
  assert.equal(second.status, 6, second.stderr);
  assert.partialDeepStrictEqual(second.summary, { event: 'error', code: 'load-held', exit: 6 });
  assert.match(String(second.summary['message']), new RegExp(`process ${first.child.pid}`));
  const done = await first.done;
  assert.equal(done.status, 0, done.stderr);
  assert.equal(platform.heard.length, 1);
});

for (const [signal, exit] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 143],
] as const) {
  test(`${exit} after ${signal}: what is in flight finishes, and the same command sends only the rest`, async (t) => {
    const workdir = createWorkdir(t);
    const platform = await startRecorder(t, ({ number }) => ({ delay: number > 2 ? 400 : 0 }));
    writeStreamSetup(workdir, platform.url, 'interaction');
    workdir.file('people.csv', peopleCsv(50));
    const args = [...push, '--chunk-size', '1', '--concurrency', '2'];
    const { child, done } = workdir.start(args);
    await platform.reached(3);
    child.kill(signal);
    const stopped = await done;
    assert.equal(stopped.status, exit, stopped.stderr);
    const { accepted, remaining, complete } = stopped.summary;
    assert.equal(complete, false);
    assert.equal(accepted, platform.stored.length, 'an answer that came was not counted');
    assert.equal(Number(accepted) + Number(remaining), 50);
    assert.ok(Number(remaining) > 40, 'new requests went out after the signal');
    platform.answer = () => ({});
    const resumed = await workdir.run(args);
    assert.equal(resumed.status, 0, resumed.stderr);
    assert.deepEqual(
      platform.stored.map(({ CustomerId }) => Number(CustomerId)).sort((a, b) => a - b),
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
  });
}

test('a second signal ends at once, and the next start names what was in flight', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t, () => ({ delay: 60_000 }));
  writeStreamSetup(workdir, platform.url, 'interaction');
  workdir.file('people.csv', peopleCsv(5));
  const args = [...push, '--chunk-size', '2'];
  const { child, done } = workdir.start(args);
  await platform.reached(1);
  const startedAt = performance.now();
  const heardOf = new Promise<void>((resolve) => {
    child.stdout?.on('data', (part: Buffer) => {
      if (part.includes('Stopping')) resolve();
    });
  });
  child.kill('SIGINT');
  await heardOf;
  child.kill('SIGINT');
  const { status } = await done;
  assert.equal(status, 130);
  assert.ok(performance.now() - startedAt < 5000, 'it waited for the grace of the first signal');
  platform.answer = () => ({});
  const next = await workdir.run(args);
  const start = next.events.find(({ event }) => event === 'start');
  assert.partialDeepStrictEqual(start?.['uncertain'], [{ records: '1-2', fate: 'hold' }]);
  assert.partialDeepStrictEqual(next.summary, { accepted: 3, uncertain: 2, exit: 1 });
});
