/** What a platform may answer, and what a run then does: seen from outside, by the requests that come and the rows that are counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRecorder } from '../support/recorder.ts';
import { createWorkdir, peopleCsv, writeStreamSetup } from '../support/workdir.ts';

const push = ['push', 'p.csv', '-t', 'stream', '--json'];
const rowsIn = (body: string) => (JSON.parse(body) as unknown[]).length;

test('the first request goes out alone; once it is answered, no more than --concurrency are in flight, of --chunk-size items', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t, () => ({ delay: 60 }));
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', peopleCsv(50));
  const ran = await workdir.run([...push, '--concurrency', '3', '--chunk-size', '4']);
  assert.partialDeepStrictEqual(ran.summary, { accepted: 50, requests: 13, exit: 0 });
  const [first, second] = platform.heard;
  assert.equal(first?.inFlight, 1);
  assert.ok((second?.at ?? 0) - (first?.at ?? 0) >= 55, 'the second request did not wait for the first answer');
  assert.equal(Math.max(...platform.heard.map(({ inFlight }) => inFlight)), 3);
  assert.deepEqual([...new Set(platform.heard.map(({ body }) => rowsIn(body)))], [4, 2]);
});

test('--rate holds requests to so many a second, and --limit reads only the first rows of each file', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', peopleCsv(50));
  workdir.file('q.csv', peopleCsv(50, 100));
  const ran = await workdir.run([
    ...['push', 'p.csv', 'q.csv', '-t', 'stream', '--json', '--limit', '6'],
    ...['--rate', '10', '--chunk-size', '1'],
  ]);
  assert.partialDeepStrictEqual(ran.summary, { read: 12, accepted: 12, complete: false, exit: 0 });
  assert.deepEqual(
    platform.stored.map(({ CustomerId }) => CustomerId),
    [1, 2, 3, 4, 5, 6, 100, 101, 102, 103, 104, 105],
  );
  const took = (platform.heard.at(-1)?.at ?? 0) - (platform.heard[0]?.at ?? 0);
  // 12 units at 10 a second, of which a quarter of a second's worth may go at once.
  assert.ok(took >= 850, `12 requests in ${took} ms`);
});

for (const [form, header] of [
  ['seconds', () => '1'],
  // A date has whole seconds: the next full second but one is more than one second away.
  ['a date', () => new Date(Math.ceil(Date.now() / 1000 + 1) * 1000).toUTCString()],
] as const) {
  test(`a Retry-After in ${form} holds everyone back that long, is said, and costs no row`, async (t) => {
    const workdir = createWorkdir(t);
    const platform = await startRecorder(t, ({ number }) =>
      number === 3 ? { status: 429, headers: { 'Retry-After': header() } } : { delay: 5 },
    );
    writeStreamSetup(workdir, platform.url, 'interaction');
    workdir.file('p.csv', peopleCsv(20));
    const ran = await workdir.run([...push, '--chunk-size', '1', '--concurrency', '2']);
    assert.partialDeepStrictEqual(ran.summary, { accepted: 20, rejected: 0, uncertain: 0, retries: 1, exit: 0 });
    const asked = platform.heard[2]?.at ?? 0;
    const early = platform.heard.filter(({ at }) => at > asked + 100 && at < asked + 950);
    assert.deepEqual(early, [], 'somebody sent during the pause');
    const paused = ran.events.find(({ event }) => event === 'paused');
    assert.ok(Date.parse(String(paused?.['until'])) > 0, ran.stdout);
  });
}

test('413 splits the request, remembers the size, and rejects only the row that is too large by itself', async (t) => {
  const workdir = createWorkdir(t);
  const page = '<html><head><title>413 Request Entity Too Large</title></head></html>';
  const platform = await startRecorder(t, ({ body }) =>
    rowsIn(body) > 3 || body.includes('"Email":"p7@') ? { status: 413, body: page } : {},
  );
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', peopleCsv(32));
  const ran = await workdir.run([...push, '--chunk-size', '16', '--concurrency', '1']);
  assert.partialDeepStrictEqual(ran.summary, { read: 32, accepted: 31, rejected: 1, exit: 1 });
  assert.partialDeepStrictEqual(ran.summary['faults'], [{ count: 1, first: 'p.csv:8' }]);
  const ids = platform.stored.map(({ CustomerId }) => Number(CustomerId)).sort((a, b) => a - b);
  assert.deepEqual(
    ids,
    Array.from({ length: 32 }, (_, index) => index + 1).filter((id) => id !== 7),
  );
  assert.ok(rowsIn(platform.heard.at(-1)?.body ?? '[]') <= 3);
});

test('a redirect is not followed, and an HTML page or an empty 500 is named as what it is', async (t) => {
  const workdir = createWorkdir(t);
  const elsewhere = await startRecorder(t);
  const platform = await startRecorder(t, () => ({ status: 307, headers: { Location: elsewhere.url } }));
  writeStreamSetup(workdir, platform.url, 'person', { retries: 0 });
  workdir.file('p.csv', peopleCsv(2));
  const moved = await workdir.run(push);
  assert.equal(moved.status, 4, moved.stdout);
  assert.equal(elsewhere.heard.length, 0, 'data and credentials went where the redirect pointed');
  platform.answer = () => ({
    status: 502,
    body: '<html>\u001b[31m<h1>Bad Gateway</h1></html>',
    headers: { 'content-type': 'text/html' },
  });
  const html = await workdir.run(['push', 'p.csv', '-t', 'stream']);
  assert.equal(html.status, 5);
  assert.match(html.stderr, /answered 502: .*Bad Gateway/);
  assert.ok(!html.stderr.includes('\u001b'), 'a terminal would obey');
  platform.answer = () => ({ status: 500 });
  const empty = await workdir.run(push);
  assert.partialDeepStrictEqual(empty.summary, { exit: 5, remaining: 0, uncertain: 2, stopped: { status: 500 } });
  // What may have been taken is sent again where that does no harm: a run that gave up has loaded nothing.
  platform.answer = () => ({});
  const mended = await workdir.run(push);
  assert.partialDeepStrictEqual(mended.summary, { read: 2, accepted: 2, uncertain: 0, exit: 0 });
  assert.equal(platform.stored.length, 2);
});

test('a platform that never answers is given up after the timeout of the config, and its rows are uncertain, not lost', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t, () => ({ delay: 60_000 }));
  writeStreamSetup(workdir, platform.url, 'interaction', { timeout: '1s', retries: 0 });
  workdir.file('p.csv', peopleCsv(2));
  const startedAt = performance.now();
  const ran = await workdir.run(push);
  assert.ok(performance.now() - startedAt < 10_000);
  assert.partialDeepStrictEqual(ran.summary, { read: 2, accepted: 0, uncertain: 2, remaining: 0 }, ran.stdout);
  assert.ok([1, 5].includes(ran.status ?? -1));
  assert.match(ran.stdout, /no complete answer within 1 s/);
});

test('an answer that is cut off in the middle is no answer', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t, ({ number }) =>
    number === 1 ? { headers: { 'content-length': '500' }, body: 'half', cut: true } : {},
  );
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', peopleCsv(2));
  const ran = await workdir.run(push);
  assert.partialDeepStrictEqual(ran.summary, { accepted: 2, retries: 1, exit: 0 });
  assert.equal(platform.heard.length, 2);
});

test('rows called off by Ctrl-C at the very end of the input are sent by the same command, not taken for loaded', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t, ({ number }) => ({ delay: number === 1 ? 0 : 60_000 }));
  writeStreamSetup(workdir, platform.url, 'person', { timeout: '2s', retries: 3 });
  workdir.file('p.csv', peopleCsv(4));
  const args = [...push, '--chunk-size', '2'];
  const { child, done } = workdir.start(args);
  await platform.reached(2);
  child.kill('SIGINT');
  const stopped = await done;
  assert.equal(stopped.status, 130, stopped.stderr);
  assert.partialDeepStrictEqual(stopped.summary, { read: 4, accepted: 2, uncertain: 2 });
  platform.answer = () => ({});
  const next = await workdir.run(args);
  assert.partialDeepStrictEqual(next.summary, { read: 4, accepted: 4, uncertain: 0, exit: 0 });
});
