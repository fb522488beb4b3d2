/** A real TLS server with an authority of its own, and a real proxy in between. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createThreadedTransport } from '../../src/delivery/threaded-transport.ts';
import { sceneNamed } from './scenes.ts';
import { startNginx, startTinyproxy } from './servers.ts';
import { createStage, type Stage } from './stage.ts';

const scene = sceneNamed('raptor person');

function openssl(stage: Stage, ...args: string[]): void {
  const ran = spawnSync('openssl', args, { cwd: stage.workdir.path, encoding: 'utf8' });
  assert.equal(ran.status, 0, ran.stderr);
}

/** An authority, and what it has signed: a server for 127.0.0.1 and localhost, and a client. */
function makeCertificates(stage: Stage): void {
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];
  for (const authority of ['ca', 'other-ca']) {
    openssl(
      stage,
      'req',
      '-x509',
      ...ec,
      '-keyout',
      `${authority}.key`,
      '-out',
      `${authority}.pem`,
      '-days',
      '2',
      '-subj',
      `/CN=${authority}`,
    );
  }
  stage.workdir.file('server.ext', 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  stage.workdir.file('client.ext', 'extendedKeyUsage=clientAuth\n');
  for (const name of ['server', 'client']) {
    openssl(stage, 'req', ...ec, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', `${name}.ext`];
    openssl(stage, 'x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signed);
  }
}

interface Secured {
  readonly stage: Stage;
  readonly port: number;
  /** Runs with these settings of the target. */
  push(
    settings: Readonly<Record<string, unknown>>,
    env?: Readonly<Record<string, string>>,
  ): Promise<{ status: number | null; says: string; summary: Record<string, unknown> }>;
}

async function secured(t: TestContext, more = ''): Promise<Secured> {
  const stage = await createStage(t, scene);
  makeCertificates(stage);
  const here = stage.workdir.path;
  const port = await startNginx(
    t,
    stage.workdir,
    `ssl_certificate ${here}/server.pem; ssl_certificate_key ${here}/server.key; ${more}
     location / { proxy_pass ${stage.sandbox.origin}; }`,
    true,
  );
  const config = JSON.parse(stage.workdir.read('cdp-load.yaml')) as { targets: { here: Record<string, unknown> } };
  return {
    stage,
    port,
    async push(settings, env = {}) {
      const baseUrl = `https://127.0.0.1:${port}/raptor`;
      const here = { ...config.targets.here, baseUrl, ...settings };
      stage.workdir.file('cdp-load.yaml', JSON.stringify({ targets: { here } }));
      const ran = await stage.workdir.run([...stage.args, '--again', '--restart'], { env });
      return { status: ran.status, summary: ran.summary, says: ran.stdout + ran.stderr };
    },
  };
}

test('a private authority is trusted when it is named, and only then', async (t) => {
  const { stage, push } = await secured(t);
  const good = await push({ ca: 'ca.pem' });
  assert.equal(good.status, 0, good.says);
  assert.equal(scene.holds(stage.emulator).size, scene.rows);
  const { requests } = stage;
  for (const settings of [{}, { ca: 'other-ca.pem' }]) {
    const bad = await push(settings);
    assert.equal(bad.status, 4, bad.says);
    assert.match(bad.says, /bad-certificate/);
    assert.match(bad.says, /"?ca\\?"? setting/);
    assert.ok(Number(bad.summary['seconds']) < 3, 'it was tried again and again');
  }
  assert.equal(stage.requests, requests, 'rows went to a server that nobody vouches for');
});

test('a server that asks for a client certificate gets it', async (t) => {
  const { stage, push, port } = await secured(
    t,
    `ssl_client_certificate CA; ssl_verify_client on;`.replace('CA', 'ca.pem'),
  );
  const without = await push({ ca: 'ca.pem' });
  assert.notEqual(without.status, 0, without.says);
  assert.equal(stage.requests, 0);
  const good = await push({ ca: 'ca.pem', cert: 'client.pem', key: 'client.key' });
  assert.equal(good.status, 0, good.says);
  assert.equal(scene.holds(stage.emulator).size, scene.rows);
  // What TLS is made of crosses to the thread that sends.
  const file = (name: string) => join(stage.workdir.path, name);
  const limits = { connections: 1, timeoutMs: 5000, connectTimeoutMs: 5000 };
  const files = { ca: file('ca.pem'), cert: file('client.pem'), key: file('client.key') };
  for (const [given, isLetIn] of [
    [files, true],
    [{ ca: files.ca }, false],
  ] as const) {
    const transport = createThreadedTransport({ ...limits, ...given });
    const url = `https://localhost:${port}/`;
    const reply = await transport.send({ method: 'GET', url, headers: {}, body: [] });
    await transport.close();
    // nginx answers 400 where it gets no certificate.
    assert.equal(reply.kind === 'reply' && reply.status !== 400, isLetIn, JSON.stringify(reply));
  }
});

test('a proxy is used when the target or the environment names it, and left out where NO_PROXY says so', async (t) => {
  const { stage, port, push } = await secured(t);
  const proxy = `http://127.0.0.1:${await startTinyproxy(t, stage.workdir)}`;
  const connects = () => stage.workdir.read('tinyproxy.log').split(`CONNECT 127.0.0.1:${port}`).length - 1;

  const explicit = await push({ ca: 'ca.pem', proxy });
  assert.equal(explicit.status, 0, explicit.says);
  const first = connects();
  assert.ok(first > 0, 'nothing went through the proxy of the target');

  const around = await push({ ca: 'ca.pem' }, { HTTPS_PROXY: proxy, NO_PROXY: '127.0.0.1' });
  assert.equal(around.status, 0, around.says);
  assert.equal(connects(), first, 'NO_PROXY was not heeded');

  const loopback = await push({ ca: 'ca.pem' }, { HTTPS_PROXY: proxy });
  assert.equal(loopback.status, 0, loopback.says);
  assert.equal(connects(), first, 'loopback went through the proxy unasked');

  const through = await push({ ca: 'ca.pem' }, { HTTPS_PROXY: proxy, NO_PROXY: 'elsewhere.example' });
  assert.equal(through.status, 0, through.says);
  assert.ok(connects() > first, 'nothing went through the proxy of the environment');
});

test('a proxy that asks for a password gets it, by setting or by environment, and no output ever shows it', async (t) => {
  const { stage, port, push } = await secured(t);
  const user = 'loader';
  const password = 'p4ss.w-rd_17';
  // As people type what may have a colon in it: percent-encoded, here though it need not be.
  const asTyped = password.replace('.', '%2E');
  const listens = await startTinyproxy(t, stage.workdir, `BasicAuth ${user} ${password}`);
  const proxy = (secret: string) => `http://${user}:${secret}@127.0.0.1:${listens}`;
  const elsewhere = { NO_PROXY: 'elsewhere.example' };
  const connects = () => stage.workdir.read('tinyproxy.log').split(`CONNECT 127.0.0.1:${port}`).length - 1;

  const bySetting = await push({ ca: 'ca.pem', proxy: proxy(asTyped) });
  assert.equal(bySetting.status, 0, bySetting.says);
  const first = connects();
  assert.ok(first > 0, 'nothing went through the proxy');
  const byEnvironment = await push({ ca: 'ca.pem' }, { HTTPS_PROXY: proxy(asTyped), ...elsewhere });
  assert.equal(byEnvironment.status, 0, byEnvironment.says);
  assert.ok(connects() > first, 'nothing went through the proxy of the environment');
  assert.equal(scene.holds(stage.emulator).size, scene.rows);

  const { requests } = stage;
  const wrong = 'wr0ng-s3cret';
  for (const refused of [
    await push({ ca: 'ca.pem', proxy: proxy(wrong) }),
    await push({ ca: 'ca.pem' }, { HTTPS_PROXY: proxy(wrong), ...elsewhere }),
    await push({ ca: 'ca.pem', proxy: `http://127.0.0.1:${listens}` }),
  ]) {
    assert.equal(refused.status, 4, refused.says);
    assert.match(refused.says, /proxy-refused/);
    assert.ok(Number(refused.summary['seconds']) < 3, 'a password that is wrong was tried again and again');
  }
  assert.equal(stage.requests, requests, 'something came through all the same');

  const encoded = (secret: string) => Buffer.from(`${user}:${secret}`).toString('base64');
  const secrets = [password, asTyped, wrong, encoded(password), encoded(wrong)];
  for (const name of ['--', 'targets', 'runs']) {
    const ran = await stage.workdir.run(name === '--' ? stage.args : [name], {
      env: { HTTPS_PROXY: proxy(wrong), ...elsewhere },
    });
    for (const secret of secrets) assert.ok(!(ran.stdout + ran.stderr).includes(secret), `${name} shows ${secret}`);
  }
  for (const { says } of [bySetting, byEnvironment])
    for (const secret of secrets) assert.ok(!says.includes(secret), `a run shows ${secret}`);
  const state = readdirSync(`${stage.workdir.path}/.cdp-load`, { recursive: true, withFileTypes: true });
  const files = state
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(`${parentPath}/${name}`));
  assert.ok(files.length > 0);
  for (const file of files) for (const secret of secrets) assert.ok(!file.includes(secret), `${secret} is in a file`);
});
