/** A token service that is out is waited for like the platform itself; one that refuses the credentials ends the run at once. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Answer, type Heard, startRecorder } from '../support/recorder.ts';
import { createWorkdir } from '../support/workdir.ts';

const rows = 6;
const push = ['push', 'p.csv', '-t', 'adobe', '--json', '--chunk-size', '2', '--concurrency', '1'];
const granted: Answer = { body: JSON.stringify({ access_token: 'token-1', expires_in: 86_399 }) };
const taken: Answer = {
  status: 207,
  body: JSON.stringify({ inletId: 'inlet', responses: [{ xactionId: '1' }, { xactionId: '2' }] }),
};
const isForToken = ({ path }: Heard) => path === '/ims/token';

async function setUp(t: TestContext, retries: number, answer: (heard: Heard, ofItsKind: number) => Answer) {
  const workdir = createWorkdir(t);
  const counts = { token: 0, rows: 0 };
  const platform = await startRecorder(t, (heard) => {
    const kind = isForToken(heard) ? 'token' : 'rows';
    counts[kind] += 1;
    return answer(heard, counts[kind]);
  });
  const target = {
    type: 'adobe',
    mapping: 'm.map.yaml',
    inletUrl: `${platform.url}/collection/${'c0ffee'.repeat(11).slice(0, 64)}`,
    imsOrgId: '0A1B2C@AdobeOrg',
    sandboxName: 'dev',
    flowId: '7c9e6679-7425-40de-944b-e07fc1f90ae7',
    clientId: 'client-1',
    clientSecret: 'not-to-be-seen',
    tokenUrl: `${platform.url}/ims/token`,
    retries,
  };
  workdir.file(
    'cdp-load.yaml',
    JSON.stringify({ targets: { adobe: target, dark: { ...target, tokenUrl: 'http://127.0.0.1:9/ims/token' } } }),
  );
  workdir.file(
    'm.map.yaml',
    'version: 1\ntarget: adobe\nkey: id\noperation: raw\nfields:\n  id: { from: id, required: true }\n',
  );
  workdir.file('p.csv', ['id', ...Array.from({ length: rows }, (_, index) => `A-${index}`), ''].join('\n'));
  return { workdir, platform };
}

test('a token service that stumbles, at the start and when a token is refused in mid-run, is waited for and costs no row', async (t) => {
  const { workdir, platform } = await setUp(t, 3, (heard, number) => {
    if (isForToken(heard)) return number === 1 || number === 3 ? { status: 503 } : granted;
    return number === 2 ? { status: 401 } : taken;
  });
  const ran = await workdir.run(push);
  assert.partialDeepStrictEqual(ran.summary, { read: rows, accepted: rows, exit: 0 }, ran.stdout + ran.stderr);
  const waits = ran.events.filter(({ event }) => event === 'paused');
  assert.ok(waits.length >= 2 && waits.every((wait) => /no access token/.test(JSON.stringify(wait))), ran.stdout);
  assert.deepEqual(
    platform.heard.map((heard) => (isForToken(heard) ? 'token' : 'rows')).join(' '),
    'token token rows rows token token rows rows',
  );
});

test('a token service that stays out ends the run like a platform that does: exit 5, nothing uncertain, and the same command goes on', async (t) => {
  let isOut = true;
  const { workdir, platform } = await setUp(t, 1, (heard) =>
    isForToken(heard) ? (isOut ? { status: 503 } : granted) : taken,
  );
  const ran = await workdir.run(push);
  const says = ran.stdout + ran.stderr;
  assert.partialDeepStrictEqual(
    ran.summary,
    { accepted: 0, rejected: 0, uncertain: 0, exit: 5, stopped: { code: 'server-error' } },
    says,
  );
  assert.equal(platform.heard.length, 2, 'one try and one retry');
  const unreachable = await workdir.run(push.with(3, 'dark'));
  assert.partialDeepStrictEqual(
    unreachable.summary,
    { exit: 5, uncertain: 0, stopped: { code: 'no-connection' } },
    unreachable.stdout,
  );
  isOut = false;
  const last = await workdir.run(push);
  assert.partialDeepStrictEqual(last.summary, { read: rows, accepted: rows, exit: 0 }, last.stdout + last.stderr);
});

test('a token service that refuses the credentials is asked once', async (t) => {
  const { workdir, platform } = await setUp(t, 3, () => ({ status: 401, body: '{"error":"invalid_client"}' }));
  const ran = await workdir.run(push);
  assert.partialDeepStrictEqual(ran.summary, { exit: 4, stopped: { code: 'unauthorized' } }, ran.stdout + ran.stderr);
  assert.equal(platform.heard.length, 1);
});
