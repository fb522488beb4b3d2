import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { createThreadedTransport } from '../../src/delivery/threaded-transport.ts';
import { createTransport, type Transport, type TransportOptions } from '../../src/delivery/transport.ts';
import type { ApiRequest } from '../../src/model/request.ts';
import { startThread } from '../../src/threads/start.ts';

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

async function listen(t: TestContext, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

type Open = (options: TransportOptions) => Transport;

/** What sends in this thread and what sends in one of its own must not differ. */
function testBoth(claim: string, test_: (t: TestContext, open: Open) => Promise<void>): void {
  test(claim, (t) => test_(t, createTransport));
  test(`from a thread of its own: ${claim}`, (t) => test_(t, createThreadedTransport));
}

/** A server, and a transport to it that ends with the test. */
async function stage(t: TestContext, open: Open, answer: Answer, options: Partial<TransportOptions> = {}) {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString();
    bodies.push(body);
    answer(request, response, body);
  });
  const url = await listen(t, server);
  const transport = open({ connections: 4, timeoutMs: 5000, connectTimeoutMs: 5000, ...options });
  t.after(async () => {
    await transport.close();
    server.closeAllConnections();
  });
  return { url, transport, bodies };
}

const request = (url: string, ...body: string[]): ApiRequest => ({
  method: 'POST',
  url,
  headers: { 'Content-Type': 'application/json', 'X-Own': 'yes' },
  body: body.map((text) => Buffer.from(text)),
});

testBoth(
  'what is asked arrives as it is, and the answer comes back with its headers joined and in lower case',
  async (t, open) => {
    const { url, transport, bodies } = await stage(t, open, ({ method, url: path, headers }, response) => {
      response.writeHead(207, [
        ['X-Many', 'a'],
        ['X-Many', 'b'],
        ['Retry-After', '7'],
      ]);
      response.end(JSON.stringify({ method, path, own: headers['x-own'], length: headers['content-length'] }));
    });
    const reply = await transport.send(request(`${url}/some%20where?a=1&b=%C3%A9`, '[1,', 'é]'));
    assert.ok(reply.kind === 'reply');
    assert.equal(reply.status, 207);
    assert.equal(reply.headers['x-many'], 'a, b');
    assert.equal(reply.headers['retry-after'], '7');
    assert.equal(reply.truncated, false);
    assert.deepEqual(JSON.parse(reply.body), {
      method: 'POST',
      path: '/some%20where?a=1&b=%C3%A9',
      own: 'yes',
      length: '6',
    });
    assert.deepEqual(bodies, ['[1,é]']);
  },
);

testBoth('what a body is made of is not read any more once it has been handed over', async (t, open) => {
  const { url, transport, bodies } = await stage(t, open, (_request, response) => response.end());
  for (const texts of [['{"a":1}'], ['[', '{"a":1}', ']'], ['x'.repeat(3_000_000)]]) {
    const asked = request(url, ...texts);
    const answered = transport.send(asked);
    for (const part of asked.body) part.fill(0);
    await answered;
    assert.equal(bodies.at(-1) === texts.join(''), true);
  }
});

testBoth('an interim answer is not taken for the answer', async (t, open) => {
  const { url, transport } = await stage(t, open, (_request, response) => {
    response.writeEarlyHints({ link: '</a>; rel=preload' });
    response.writeHead(201);
    response.end('real');
  });
  const reply = await transport.send(request(url, '{}'));
  assert.deepEqual(reply.kind === 'reply' && [reply.status, reply.body], [201, 'real']);
});

testBoth('a redirect is an answer, not a way to go', async (t, open) => {
  const { url, transport, bodies } = await stage(t, open, (_request, response) => {
    response.writeHead(307, { location: '/elsewhere' });
    response.end();
  });
  const reply = await transport.send(request(url, '{}'));
  assert.deepEqual(reply.kind === 'reply' && [reply.status, reply.headers['location']], [307, '/elsewhere']);
  assert.equal(bodies.length, 1);
});

testBoth('of an answer that is too long only its beginning is kept', async (t, open) => {
  const { url, transport } = await stage(t, open, (_request, response) => {
    response.end('x'.repeat(3_000_000));
  });
  const reply = await transport.send(request(url, '{}'));
  assert.ok(reply.kind === 'reply');
  assert.equal(reply.truncated, true);
  assert.equal(reply.body.length, 1_048_576);
  // The way is still open for the next one.
  assert.equal((await transport.send(request(url, '{}'))).kind, 'reply');
});

testBoth('an answer that never comes, or never ends, is a time-out, and it may have been taken', async (t, open) => {
  // Long enough to have a connection by then, on any machine: what has none was certainly not taken.
  const options = { timeoutMs: 500 };
  const silent = await stage(t, open, () => {}, options);
  const endless = await stage(t, open, (_request, response) => void response.write('['), options);
  const outcomes = [silent, endless].map(({ url, transport }) => transport.send(request(url, '{}')));
  for (const outcome of await Promise.all(outcomes)) {
    assert.deepEqual(outcome, {
      kind: 'failure',
      code: 'timed-out',
      message: 'no complete answer within 0.5 s',
      sent: 'unknown',
    });
  }
});

testBoth('a call-off ends all that is under way by its signal and nothing else', async (t, open) => {
  let arrived = 0;
  const both = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const { url, transport } = await stage(t, open, async (_request, response) => {
    arrived += 1;
    if (arrived === 3) both.resolve();
    await release.promise;
    response.end('late');
  });
  const controller = new AbortController();
  const called = [1, 2].map(() => transport.send(request(url, '{}'), controller.signal));
  const other = transport.send(request(url, '{}'), new AbortController().signal);
  await both.promise;
  controller.abort();
  const failure = { kind: 'failure', code: 'aborted', message: 'called off while in flight', sent: 'unknown' };
  assert.deepEqual(await Promise.all(called), [failure, failure]);
  assert.deepEqual(await transport.send(request(url, '{}'), controller.signal), {
    kind: 'failure',
    code: 'aborted',
    message: 'not sent',
    sent: 'no',
  });
  release.resolve();
  assert.equal((await other).kind, 'reply');
  assert.equal(arrived, 3);
});

testBoth('what is called off while it waits for a connection never leaves', async (t, open) => {
  const first = Promise.withResolvers<ServerResponse>();
  const { url, transport, bodies } = await stage(
    t,
    open,
    (_request, response, body) => (body === 'first' ? first.resolve(response) : response.end('ok')),
    { connections: 1 },
  );
  const controller = new AbortController();
  const busy = transport.send(request(url, 'first'));
  const held = await first.promise;
  const waiting = transport.send(request(url, 'never'), controller.signal);
  controller.abort();
  assert.equal((await waiting).kind, 'failure');
  const last = transport.send(request(url, 'last'));
  held.end('ok');
  assert.equal((await busy).kind, 'reply');
  assert.equal((await last).kind, 'reply');
  assert.deepEqual(bodies, ['first', 'last']);
});

testBoth('a refused connection certainly took nothing; one that is cut may have', async (t, open) => {
  const server = createTcpServer((socket) => void socket.once('data', () => socket.destroy()));
  const url = await listen(t, server);
  const transport = open({ connections: 1, timeoutMs: 5000, connectTimeoutMs: 5000 });
  t.after(() => transport.close());
  const cut = await transport.send(request(url, '{}'));
  assert.deepEqual(cut.kind === 'failure' && cut.sent, 'unknown');
  server.close();
  await once(server, 'close');
  const refused = await transport.send(request(url, '{}'));
  assert.deepEqual(refused.kind === 'failure' && [refused.code, refused.sent], ['econnrefused', 'no']);
});

testBoth('what never got a connection has certainly not left, whatever it broke off with', async (t, open) => {
  const hangsUp = createTcpServer((socket) => void socket.once('data', () => socket.destroy()));
  const says = createTcpServer((socket) => void socket.end('no TLS here').on('error', () => {}));
  const silent = createTcpServer((socket) => void socket.on('error', () => {}));
  for (const server of [hangsUp, says, silent]) {
    const url = (await listen(t, server)).replace('http:', 'https:');
    const transport = open({ connections: 1, timeoutMs: 200, connectTimeoutMs: 5000 });
    t.after(() => transport.close());
    const failure = await transport.send(request(url, '{}'));
    assert.ok(failure.kind === 'failure');
    assert.equal(failure.sent, 'no', failure.message);
  }
  // The only connection is busy.
  const { url, transport } = await stage(t, open, () => {}, { connections: 1, timeoutMs: 1000 });
  const controller = new AbortController();
  const busy = transport.send(request(url, '{}'));
  const calledOff = transport.send(request(url, '{}'), controller.signal);
  controller.abort();
  const fates = (await Promise.all([busy, calledOff])).map((failure) => failure.kind === 'failure' && failure.sent);
  assert.deepEqual(fates, ['unknown', 'no']);
});

testBoth('a proxy that is named carries every request', async (t, open) => {
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(request.url ?? '');
    request.resume();
    response.end('from the proxy');
  });
  proxy.on('connect', ({ url }, socket) => {
    asked.push(`tunnel ${url}`);
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  const address = await listen(t, proxy);
  const transport = open({ connections: 1, timeoutMs: 5000, connectTimeoutMs: 5000, proxy: address });
  t.after(async () => {
    await transport.close();
    proxy.closeAllConnections();
  });
  const reply = await transport.send(request('http://platform.example/v1?a=1', '{}'));
  assert.deepEqual(reply.kind === 'reply' && reply.body, 'from the proxy');
  assert.equal((await transport.send(request('https://platform.example/v1', '{}'))).kind, 'failure');
  assert.deepEqual(asked, ['http://platform.example/v1?a=1', 'tunnel platform.example:443']);
});

testBoth('a SOCKS proxy is spoken to as one', async (t, open) => {
  const server = createTcpServer();
  const proxy = (await listen(t, server)).replace('http:', 'socks5:');
  const transport = open({ connections: 1, timeoutMs: 500, connectTimeoutMs: 5000, proxy });
  t.after(() => transport.close());
  const sent = transport.send(request('https://platform.example', '{}'));
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [greeting] = (await once(socket, 'data')) as [Buffer];
  assert.equal(greeting[0], 5, 'not the version of SOCKS');
  socket.destroy();
  assert.equal((await sent).kind, 'failure');
});

/** What a client says first on a TLS connection: the protocols that it offers stand in it as they are. */
async function helloOf(socket: Socket): Promise<string> {
  const [hello] = (await once(socket, 'data')) as [Buffer];
  return hello.toString('latin1');
}

function assertOnlyHttp11(hello: string): void {
  assert.ok(hello.startsWith('\x16\x03'), 'not the beginning of TLS');
  assert.ok(hello.includes('\x00\x09\x08http/1.1'), 'the list of protocols is not HTTP/1.1 alone');
}

for (const whom of ['a platform', 'a proxy'] as const) {
  testBoth(`HTTP/1.1 is all that ${whom} is offered`, async (t, open) => {
    const server = createTcpServer();
    const address = (await listen(t, server)).replace('http:', 'https:');
    const proxy = whom === 'a proxy' ? address : undefined;
    const transport = open({ connections: 1, timeoutMs: 5000, connectTimeoutMs: 5000, proxy });
    t.after(() => transport.close());
    const sent = transport.send(request(proxy === undefined ? address : 'https://platform.example', '{}'));
    const [socket] = (await once(server, 'connection')) as [Socket];
    assertOnlyHttp11(await helloOf(socket));
    socket.destroy();
    await sent;
  });
}

testBoth(
  'through a tunnel, too; and one that leads nowhere is given up in time, with nothing sent',
  async (t, open) => {
    const proxy = createServer();
    const address = await listen(t, proxy);
    const transport = open({ connections: 1, timeoutMs: 5000, connectTimeoutMs: 600, proxy: address });
    t.after(() => transport.close());
    const sent = transport.send(request('https://platform.example/v1', '{}'));
    const [, socket] = (await once(proxy, 'connect')) as [unknown, Socket];
    t.after(() => socket.destroy());
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    assertOnlyHttp11(await helloOf(socket));
    const failure = await sent;
    assert.deepEqual(failure.kind === 'failure' && [failure.code, failure.sent], ['und_err_connect_timeout', 'no']);
  },
);

testBoth('files that cannot be read are named before anything is sent', async (_t, open) => {
  const options = { connections: 1, timeoutMs: 5000, connectTimeoutMs: 5000, ca: '/no/such.pem' };
  assert.throws(() => open(options), { code: 'config-file-unreadable' });
});

testBoth('what is under way when it closes has failed, and may have been taken', async (t, open) => {
  const arrived = Promise.withResolvers<void>();
  const { url, transport } = await stage(t, open, () => arrived.resolve());
  const sent = transport.send(request(url, '{}'));
  await arrived.promise;
  await transport.close();
  const failure = await sent;
  assert.deepEqual(failure.kind === 'failure' && failure.sent, 'unknown');
});

testBoth('hundreds at once, small and large, each get the answer to their own', async (t, open) => {
  const { url, transport } = await stage(t, open, (_request, response, body) => {
    response.setHeader('x-length', String(body.length));
    response.end(body.slice(0, 8));
  });
  const bodies = Array.from({ length: 300 }, (_, n) => `${n}`.padEnd(8) + 'x'.repeat(n % 50 === 0 ? 40_000 : n));
  const replies = await Promise.all(bodies.map((body) => transport.send(request(url, body))));
  for (const [n, reply] of replies.entries()) {
    assert.ok(reply.kind === 'reply');
    assert.deepEqual([reply.body, reply.headers['x-length']], [bodies[n]?.slice(0, 8), `${bodies[n]?.length}`]);
  }
});

testBoth('what is no address of a proxy is told before anything is sent, without what it holds', async (_t, open) => {
  for (const proxy of ['proxy:3128', 'me:secret at proxy', 'ftp://proxy']) {
    const wrong = () => open({ connections: 1, timeoutMs: 5000, connectTimeoutMs: 5000, proxy });
    assert.throws(wrong, ({ code, message }) => code === 'settings-invalid' && !message.includes(proxy));
  }
});

testBoth('nothing leaves any more once it is closed', async (t, open) => {
  const { url, transport, bodies } = await stage(t, open, (_request, response) => response.end('ok'));
  await transport.close();
  const failure = await transport.send(request(url, '{}'));
  assert.deepEqual(failure.kind === 'failure' && failure.sent, 'no');
  assert.deepEqual(bodies, []);
});

testBoth('a request that cannot be one fails by itself; those beside it are answered', async (t, open) => {
  const { url, transport } = await stage(t, open, (_request, response) => response.end('ok'));
  // No target makes such an address: it stands for any mistake of ours.
  const wrong = (async () => transport.send(request('no address', '{}')))();
  const right = [1, 2, 3].map(() => transport.send(request(url, '{}')));
  await assert.rejects(wrong, /Invalid URL/);
  for (const reply of await Promise.all(right)) assert.equal(reply.kind, 'reply');
});

test('what waits to be told to the thread when it is called off does not leave', async (t) => {
  const { url, transport, bodies } = await stage(t, createThreadedTransport, (_request, response) =>
    response.end('ok'),
  );
  const controller = new AbortController();
  const waiting = transport.send(request(url, '{}'), controller.signal);
  controller.abort();
  assert.deepEqual(await waiting, { kind: 'failure', code: 'aborted', message: 'not sent', sent: 'no' });
  assert.equal((await transport.send(request(url, 'next'))).kind, 'reply');
  assert.deepEqual(bodies, ['next']);
});

test('when the thread ends, all that waits for it and all that comes later is told so', async (t) => {
  const arrived = Promise.withResolvers<void>();
  let thread: Worker | undefined;
  const open: Open = (options) =>
    createThreadedTransport(options, (...given) => {
      thread = startThread(...given);
      return thread;
    });
  const { url, transport } = await stage(t, open, () => arrived.resolve());
  const waiting = transport.send(request(url, '{}'));
  await arrived.promise;
  const rejected = assert.rejects(waiting, /the thread that sends has ended/);
  await thread?.terminate();
  await rejected;
  await assert.rejects(transport.send(request(url, '{}')), /the thread that sends has ended/);
});
