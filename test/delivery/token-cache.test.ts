import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTokenCache } from '../../src/delivery/token-cache.ts';
import type { ApiReply, ApiRequest } from '../../src/model/request.ts';
import type { TokenSource } from '../../src/targets/target.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const request: ApiRequest = { method: 'POST', url: 'https://ims.example/token', headers: {}, body: [] };
const reply = (status: number): ApiReply => ({
  kind: 'reply',
  status,
  headers: {},
  body: '',
  truncated: false,
  receivedAt: 0,
});
const reason = { code: 'server-error', reason: 'the platform answered 503' };

function setUp(answers: readonly number[], lifetimeMs = 3_600_000) {
  const clock = createVirtualClock();
  let asked = 0;
  const source: TokenSource = {
    request: () => request,
    renewBeforeMs: 300_000,
    read(answer) {
      if (answer.kind === 'failure' || answer.status >= 500)
        return { kind: 'retry', reason, scope: 'target', taken: 'no' };
      if (answer.status !== 200) return { kind: 'fatal', reason: { code: 'unauthorized', reason: 'no' } };
      return { token: `token-${asked}`, lifetimeMs };
    },
  };
  const send = async () => {
    const status = answers[Math.min(asked, answers.length - 1)] ?? 200;
    asked += 1;
    await clock.sleep(50);
    return reply(status);
  };
  const cache = createTokenCache(source, send, clock);
  const get = async (times = 1) => {
    const all = Promise.all(Array.from({ length: times }, () => cache.get()));
    let done = false;
    void all.then(() => {
      done = true;
    });
    await clock.passUntil(() => done);
    return all;
  };
  return { clock, cache, get, asked: () => asked };
}

test('many who need a token at once cause one request for it', async () => {
  const { get, asked } = setUp([200]);
  const got = await get(20);
  assert.deepEqual(new Set(got.map((one) => JSON.stringify(one))), new Set(['{"token":"token-1"}']));
  assert.equal(asked(), 1);
});

test('a token is used until its margin, then renewed ahead of its end', async () => {
  const { clock, get, asked } = setUp([200]);
  await get();
  await clock.pass(3_600_000 - 300_000 - 200);
  await get();
  assert.equal(asked(), 1);
  await clock.pass(400);
  await get();
  assert.equal(asked(), 2);
});

test('a lifetime shorter than the margin does not mean a token for each request', async () => {
  const { clock, get, asked } = setUp([200], 10_000);
  await get();
  await clock.pass(4000);
  await get();
  assert.equal(asked(), 1);
});

test('a refused token is dropped, but not the newer one that replaced it', async () => {
  const { cache, get, asked } = setUp([200]);
  await get();
  cache.drop('token-1');
  await get();
  cache.drop('token-1');
  assert.deepEqual(await get(), [{ token: 'token-2' }]);
  assert.equal(asked(), 2);
});

test('a token service that stumbles or refuses is asked once, and what it said is told', async () => {
  const stumbling = setUp([503, 200]);
  const said = { code: 'server-error', reason: 'no access token: the platform answered 503' };
  assert.deepEqual(await stumbling.get(), [{ kind: 'retry', reason: said, scope: 'target', taken: 'no' }]);
  assert.deepEqual(await stumbling.get(), [{ token: 'token-2' }]);
  const refusing = setUp([400]);
  const [refused] = await refusing.get();
  assert.partialDeepStrictEqual(refused, { kind: 'fatal', reason: { code: 'unauthorized' } });
  assert.equal(refusing.asked(), 1);
});

test('while the token at hand still holds, a renewal that fails stops nobody and is tried again half a minute later', async () => {
  const { clock, get, asked } = setUp([200, 503, 503, 503, 200]);
  await get();
  await clock.pass(3_600_000 - 300_000);
  assert.deepEqual(await get(), [{ token: 'token-1' }]);
  assert.deepEqual(await get(), [{ token: 'token-1' }]);
  assert.equal(asked(), 2);
  await clock.pass(30_000);
  assert.deepEqual(await get(), [{ token: 'token-1' }]);
  assert.equal(asked(), 3);
  await clock.pass(270_000);
  assert.partialDeepStrictEqual(await get(), [{ kind: 'retry' }], 'a token that has ended was handed out');
  assert.deepEqual(await get(), [{ token: 'token-5' }]);
});

test('a renewal that is refused is told at once: the credentials are not good any more', async () => {
  const { clock, get } = setUp([200, 401]);
  await get();
  await clock.pass(3_600_000 - 300_000);
  assert.partialDeepStrictEqual(await get(), [{ kind: 'fatal' }]);
});

test('a token service with a certificate that nobody trusts is fatal at once', async () => {
  const source: TokenSource = { request: () => request, renewBeforeMs: 1, read: () => assert.fail('it was read') };
  const untrusted = async () => ({
    kind: 'failure' as const,
    code: 'bad-certificate' as const,
    message: 'self-signed',
    sent: 'no' as const,
  });
  const cache = createTokenCache(source, untrusted, createVirtualClock());
  assert.partialDeepStrictEqual(await cache.get(), { kind: 'fatal', reason: { code: 'bad-certificate' } });
});
