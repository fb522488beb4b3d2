import assert from 'node:assert/strict';
import { Agent, request as httpRequest } from 'node:http';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Emulator, EmulatorRequest, EmulatorType } from '../../src/sandbox/emulator.ts';
import { emulatorTypes } from '../../src/sandbox/index.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { findTargetType } from '../../src/targets/index.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

/** A platform that remembers what it was handed and answers with it. */
function echoPlatform(): EmulatorType & { readonly seen: EmulatorRequest[] } {
  const seen: EmulatorRequest[] = [];
  const emulator: Emulator = {
    settings: (origin) => ({ baseUrl: origin, key: 'echo-key' }),
    provision: (operation, fields) => seen.push({ ...nothing, path: `provision ${operation} ${fields[0]?.name}` }),
    handle(request) {
      seen.push(request);
      return request.path === '/fails'
        ? Promise.reject(new Error('a bug in the emulator'))
        : { status: 200, body: { you: request.body.toString() } };
    },
    readOut: (name, query) => (name === 'seen' ? { count: seen.length, limit: query.get('limit') } : undefined),
    summary: () => [`${seen.length} seen`],
    reset: () => {
      seen.length = 0;
    },
  };
  const nothing = { method: '', rawUrl: '', query: new URLSearchParams(), headers: {}, body: Buffer.of() };
  return { platform: 'echo', readOuts: { seen: 'how many' }, create: () => emulator, seen };
}

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 });

/** Rejects with the socket's error code when the answer is not complete. */
function ask(url: string, body = '', method = 'POST', headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method, agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
const get = (url: string) => ask(url, '', 'GET');

describe('sandbox server', () => {
  const echo = echoPlatform();
  let sandbox: Sandbox;
  let url = '';
  before(async () => {
    sandbox = await startSandbox({ platforms: [echo] });
    url = sandbox.url('echo');
  });
  after(async () => {
    agent.destroy();
    await sandbox.close();
  });
  beforeEach(() => {
    sandbox.emulator('echo').reset();
    sandbox.script('echo', []);
  });

  it('strips the prefix, keeps the raw address, and hands over query, headers and bytes', async () => {
    const answer = await ask(`${url}/a%20b/c?x=1&x=2`, 'å🐢', 'PUT', { 'X-Key': 'k' });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.deepEqual(JSON.parse(answer.body), { you: 'å🐢' });
    const [seen] = echo.seen;
    assert.ok(seen);
    assert.deepEqual(
      { ...seen, query: seen.query.getAll('x'), headers: seen.headers['x-key'], body: seen.body.toString() },
      {
        method: 'PUT',
        path: '/a%20b/c',
        rawUrl: '/echo/a%20b/c?x=1&x=2',
        query: ['1', '2'],
        headers: 'k',
        body: 'å🐢',
      },
    );
  });

  it('serves the front page, with settings and read-outs of every platform', async () => {
    const { body } = await get(`${sandbox.origin}/`);
    for (const expected of ['echo-key', `${url}/__emu/seen  how many`, '0 seen', '/__emu/log']) {
      assert.ok(body.includes(expected), expected);
    }
  });

  it('answers 404 for a platform, a read-out or a page that is not there', async () => {
    for (const path of ['/nobody/x', '/echo/__emu/nothing', '/elsewhere', '/__emu/nothing']) {
      assert.equal((await get(`${sandbox.origin}${path}`)).status, 404, path);
    }
    assert.equal((await ask(`${sandbox.origin}/`)).status, 404);
    assert.equal((await ask(`${url}/__emu/nothing`)).status, 404);
    assert.throws(() => sandbox.emulator('nobody'), RangeError);
  });

  it('reads out, provisions and resets over HTTP', async () => {
    await ask(`${url}/x`);
    assert.deepEqual(JSON.parse((await get(`${url}/__emu/seen?limit=3`)).body), { count: 1, limit: '3' });
    await ask(
      `${url}/__emu/provision`,
      JSON.stringify({ operation: 'person', fields: [{ name: 'Id', type: 'integer' }] }),
    );
    assert.equal(echo.seen[1]?.path, 'provision person Id');
    await ask(`${url}/__emu/reset`);
    assert.equal(echo.seen.length, 0);
    assert.equal((await ask(`${url}/__emu/provision`, '{"fields":[]}')).status, 400);
  });

  it('logs requests without headers, queries and ids', async () => {
    const secret = '3f0c7d52-8a1e-4b6f-9c33-0d7e5a1b2c44';
    await ask(`${url}/collection/${secret}?token=${secret}`, 'body', 'POST', { 'x-streamid': secret });
    const { body } = await get(`${sandbox.origin}/__emu/log?platform=echo&limit=1`);
    assert.ok(!body.includes(secret));
    const [entry] = JSON.parse(body);
    assert.equal(entry.path, '/collection/•••');
    assert.deepEqual([entry.method, entry.status, entry.bytes], ['POST', 200, 4]);
  });

  it('cuts the connection when the emulator itself fails, so that this never passes for an answer', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
    await assert.rejects(ask(`${url}/fails`));
    assert.match((await warned).message, /a bug in the emulator/);
  });

  it('answers 2,000 small requests over a few kept-alive connections', async () => {
    await Promise.all(Array.from({ length: 2000 }, (_, index) => ask(`${url}/n`, String(index))));
    assert.equal(new Set(echo.seen.map(({ body }) => body.toString())).size, 2000);
  });

  it('says so when the port is taken', async () => {
    const port = Number(new URL(sandbox.origin).port);
    await assert.rejects(startSandbox({ port, platforms: [] }), { name: 'UserError', code: 'port-taken' });
  });

  describe('faults', () => {
    const script = (...rules: Parameters<Sandbox['script']>[1]) => sandbox.script('echo', rules);
    const asked = () => echo.seen.length;

    it('answers another status before or after the platform took the request', async () => {
      for (const stored of [false, true]) {
        sandbox.emulator('echo').reset();
        const headers = { 'retry-after': '7' };
        script({ action: { do: 'reply', status: 503, headers, body: { error: 'busy' }, stored } });
        const answer = await ask(`${url}/x`);
        assert.deepEqual([answer.status, answer.headers['retry-after'], answer.body], [503, '7', '{"error":"busy"}']);
        assert.equal(asked(), stored ? 1 : 0);
      }
    });

    it('cuts the connection before storing, after storing, and inside the answer', async () => {
      for (const [when, taken] of [
        ['before', 0],
        ['after', 1],
        ['in-reply', 1],
      ] as const) {
        sandbox.emulator('echo').reset();
        script({ action: { do: 'cut', when } });
        await assert.rejects(ask(`${url}/x`, 'body'), { code: 'ECONNRESET' }, when);
        assert.equal(asked(), taken, when);
      }
    });

    it('hangs until the client gives up', async () => {
      script({ action: { do: 'hang', stored: true } });
      const answered = await Promise.race([
        ask(`${url}/x`).catch(() => 'cut'),
        get(`${url}/__emu/faults`).then(() => 'silent'),
      ]);
      assert.equal(answered, 'silent');
    });

    it('sends a page, half a body, or none', async () => {
      script(
        { times: 1, action: { do: 'html', status: 502 } },
        { nth: [2], action: { do: 'truncate' } },
        { nth: [3], action: { do: 'empty' } },
      );
      const [page, half, none] = [
        await ask(`${url}/x`, 'abcdef'),
        await ask(`${url}/x`, 'abcdef'),
        await ask(`${url}/x`),
      ];
      assert.match(page.body, /^<!doctype html>/);
      assert.deepEqual([page.status, page.headers['content-type']], [502, 'text/html; charset=utf-8']);
      assert.deepEqual([half.status, half.body], [200, '{"you":"']);
      assert.deepEqual([none.status, none.body], [200, '']);
    });

    it('sends the true answer byte by byte', async () => {
      script({ action: { do: 'slow', msPerByte: 0 } });
      assert.deepEqual(JSON.parse((await ask(`${url}/x`, 'slowly')).body), { you: 'slowly' });
    });

    it('takes a script over HTTP, tells how often it struck, and refuses a wrong one', async () => {
      const rules = [{ path: '^/x', every: 2, action: { do: 'reply', status: 429 } }];
      assert.equal((await ask(`${url}/__emu/faults`, JSON.stringify(rules))).status, 200);
      const statuses: number[] = [];
      for (const path of ['x', 'y', 'x', 'x', 'y', 'x']) statuses.push((await ask(`${url}/${path}`)).status);
      assert.deepEqual(statuses, [200, 200, 429, 200, 200, 429]);
      assert.deepEqual(JSON.parse((await get(`${url}/__emu/faults`)).body).hits, [2]);
      const wrong = await ask(`${url}/__emu/faults`, '[{"action":{"do":"explode"}}]');
      assert.equal(wrong.status, 400);
    });

    it('shows in the log', async () => {
      script({ action: { do: 'reply', status: 503 } });
      await ask(`${url}/x`);
      const [entry] = JSON.parse((await get(`${sandbox.origin}/__emu/log?limit=1`)).body);
      assert.deepEqual([entry.status, entry.fault], [503, 'reply']);
    });
  });

  it('delays by its clock, and hangs no longer than it lives', async () => {
    const clock = createVirtualClock();
    const platform = echoPlatform();
    const other = await startSandbox({ platforms: [platform], clock });
    other.script('echo', [
      { nth: [1], action: { do: 'delay', ms: 3_600_000 } },
      { nth: [2], action: { do: 'hang', stored: true } },
    ]);
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const started = clock.now();
    let done = false;
    const delayed = ask(`${other.url('echo')}/x`).then(() => {
      done = true;
    });
    while (!done) {
      await clock.pass(60_000);
      await turn();
    }
    await delayed;
    assert.ok(clock.now() - started >= 3_600_000);
    const hanging = assert.rejects(ask(`${other.url('echo')}/x`));
    while (platform.seen.length < 2) await turn();
    await other.close();
    await hanging;
  });

  it('every emulator gives settings that its target takes', async () => {
    const whole = await startSandbox();
    try {
      for (const { platform } of emulatorTypes) {
        const type = findTargetType(platform);
        assert.ok(type, `no target for the emulator ${platform}`);
        // Those that every type takes are not the target's own.
        const {
          baseUrl,
          rate: _rate,
          concurrency: _concurrency,
          ...own
        } = whole.emulator(platform).settings(whole.url(platform));
        assert.equal(typeof baseUrl, 'string');
        const parsed = type.config.safeParse(own);
        assert.ok(parsed.success, `${platform}: ${parsed.error?.message}`);
      }
    } finally {
      await whole.close();
    }
  });

  it('listens on loopback only', () => {
    assert.equal(new URL(sandbox.origin).hostname, '127.0.0.1');
  });
});
