/**
 * Secrets of every target are planted in the environment, in files and in headers, and a platform throws all of them back
 * in its answers. Nothing that the program prints or writes may hold one of them, in any spelling.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Answer, type Heard, startRecorder } from '../support/recorder.ts';
import { createWorkdir } from '../support/workdir.ts';

interface Planted {
  readonly target: string;
  /** Settings; `url` is where the platform listens. */
  readonly settings: (url: string) => Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly mapping: string;
}

const inlet = 'c0ffee'.repeat(11).slice(0, 64);
const token = 'ims-token-Zx81-never-to-be-seen';

const planted: readonly Planted[] = [
  {
    target: 'raptor',
    settings: () => ({
      accountId: '12345',
      streamId: `\${STREAM}`,
      privacyKey: `\${file:privacy.key}`,
      writeMode: 'append',
    }),
    env: { STREAM: '5ec2e700-1111-4222-8333-abcdefabcdef' },
    secrets: ['5ec2e700-1111-4222-8333-abcdefabcdef', 'file/secret+key=='],
    mapping: 'operation: person\nonEmpty: keep\nfields:\n  CustomerId: { from: id, required: true }\n  Email: email\n',
  },
  {
    target: 'customerio',
    settings: () => ({ region: 'eu', apiKey: `\${KEY}`, siteId: 'site-1', trackKey: `\${file:privacy.key}` }),
    env: { KEY: 'cio-key/with+odd=signs&more' },
    secrets: ['cio-key/with+odd=signs&more', 'file/secret+key=='],
    mapping: 'operation: identify\nfields:\n  userId: { from: id, required: true }\n  traits.email: email\n',
  },
  {
    target: 'relay42',
    settings: () => ({ siteNumber: 7, apiId: 'api-7', accessToken: `\${TOKEN}` }),
    env: { TOKEN: 'relay:tok/en+77' },
    secrets: ['relay:tok/en+77'],
    mapping:
      'operation: facts.add\nsettings: { partnerType: 2001, factName: seen, factTtl: 86400 }\nfields:\n  partnerId: { from: id, required: true }\n  properties.email: email\n',
  },
  {
    target: 'datatalks',
    settings: () => ({ accessKeyId: `\${AWS_ID}`, secretAccessKey: `\${file:privacy.key}` }),
    env: { AWS_ID: 'AKIA0SECRETID0000' },
    secrets: ['AKIA0SECRETID0000', 'file/secret+key=='],
    mapping:
      'operation: profiles\nsettings: { type: person, hardId: [id], fields: { id: string, email: string } }\nfields:\n  id: { from: id, required: true }\n  email: email\n',
  },
  {
    target: 'adobe',
    settings: (url) => ({
      inletUrl: `${url}/collection/\${INLET}`,
      imsOrgId: '0A1B2C@AdobeOrg',
      sandboxName: 'dev',
      flowId: '7c9e6679-7425-40de-944b-e07fc1f90ae7',
      clientId: 'client-1',
      clientSecret: `\${file:privacy.key}`,
      tokenUrl: `${url}/ims/token`,
    }),
    env: { INLET: inlet },
    secrets: [inlet, 'file/secret+key==', token],
    mapping: 'operation: raw\nfields:\n  id: { from: id, required: true }\n  email: email\n',
  },
];

const headerSecret = 'hunter2-of-the-gateway';
const proxyPassword = 'pr0xy%2Fpassw0rd';

/** Every byte of every file below a folder, as text. */
function everyFileIn(folder: string): { name: string; text: string }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => ({
      name: join(entry.parentPath, entry.name),
      text: readFileSync(join(entry.parentPath, entry.name), 'latin1'),
    }));
}

/** As it is, percent-encoded, inside JSON, and as the password or the user of Basic authentication. */
const spellings = (secret: string): string[] => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  ...['api-7:', 'site-1:'].map((user) =>
    Buffer.from(user + secret)
      .toString('base64')
      .replace(/=+$/, ''),
  ),
  Buffer.from(`${secret}:`).toString('base64').replace(/=+$/, ''),
];

for (const { target, settings, env, secrets, mapping } of planted) {
  test(`no secret of ${target} is ever printed or written, whatever the platform answers`, async (t) => {
    const workdir = createWorkdir(t);
    const sent = new Set<string>();
    // The password of a proxy never reaches the platform.
    const echoed = [...secrets, headerSecret];
    const all = [...echoed, decodeURIComponent(proxyPassword), proxyPassword];
    const thrownBack = ({ path, headers }: Heard) =>
      JSON.stringify({ error: 'no', path, headers, echoed, encoded: echoed.map(encodeURIComponent) });
    let status = 401;
    const answer = (heard: Heard): Answer => {
      for (const secret of all) if (JSON.stringify([heard.path, heard.headers]).includes(secret)) sent.add(secret);
      if (heard.path === '/ims/token')
        return { body: JSON.stringify({ access_token: token, expires_in: 86_399, token_type: 'bearer' }) };
      return status === 0
        ? { cut: true }
        : { status, body: thrownBack(heard), headers: { 'x-echo': echoed.join(' ') } };
    };
    const platform = await startRecorder(t, answer);
    const common = { type: target, mapping: 'm.map.yaml', headers: { 'x-gateway': `\${GATEWAY}` }, retries: 0 };
    const base = target === 'adobe' ? {} : { baseUrl: platform.url };
    const trackUrl = target === 'customerio' ? { trackUrl: platform.url } : {};
    const one = { ...common, ...base, ...trackUrl, ...settings(platform.url) };
    workdir.file(
      'cdp-load.yaml',
      JSON.stringify({
        targets: {
          one,
          proxied: { ...one, proxy: `http://someone:${proxyPassword}@127.0.0.1:9` },
          refused: { ...one, streemId: `\${GATEWAY}`, timeout: `\${GATEWAY}` },
        },
      }),
    );
    workdir.file('privacy.key', 'file/secret+key==\n');
    workdir.file('m.map.yaml', `version: 1\ntarget: ${target}\nkey: id\n${mapping}`);
    workdir.file('p.csv', 'id,email\nA-1,a@example.com\nA-2,b@example.com\n,c@example.com\n');

    const told: { what: string; text: string }[] = [];
    const run = async (...args: string[]) => {
      const ran = await workdir.run(args, { env: { ...env, GATEWAY: headerSecret } });
      told.push({ what: args.join(' '), text: `${ran.stdout}\n${ran.stderr}` });
      return ran;
    };
    const push = ['push', 'p.csv', '-t', 'one'];

    const [refused] = await Promise.all([run(...push), run('targets'), run('targets', 'one', '--json')]);
    assert.equal(refused.status, 4, refused.stderr);
    assert.match(refused.stderr, /401/);
    status = 400;
    const rejected = await run(...push, '--json');
    assert.ok([1, 3, 4].includes(rejected.status ?? -1), rejected.stderr + rejected.stdout);
    await run('retry', String(rejected.summary['run']), '--json');
    await Promise.all([run('targets', 'check', 'one'), run('runs', '--json'), run('preview', 'p.csv', '-t', 'one')]);
    status = 0;
    const cut = await run(...push, '--again', '--restart');
    assert.ok([1, 5].includes(cut.status ?? -1), cut.stderr);
    await Promise.all([
      run('validate', 'p.csv', '-t', 'one', '--json'),
      run('targets', 'check', 'proxied'),
      run('push', 'p.csv', '-t', 'refused'),
      run('runs', String(rejected.summary['run'])),
    ]);

    const written = everyFileIn(join(workdir.path, '.cdp-load'));
    assert.ok(
      written.some(({ name }) => name.endsWith('journal.db')),
      'the journal was not looked into',
    );
    assert.ok(
      written.some(({ name }) => name.endsWith('rejects.ndjson')),
      'no rejects were looked into',
    );
    assert.ok(
      sent.has(headerSecret) && (target !== 'adobe' || sent.has(token)),
      'the platform never saw a secret, so the test proves nothing',
    );
    for (const { what, text } of [...told, ...written.map(({ name, text }) => ({ what: name, text }))]) {
      for (const secret of all) {
        for (const spelling of spellings(secret)) {
          assert.ok(
            !text.toLowerCase().includes(spelling.toLowerCase()),
            `${what} shows ${spelling} (${secret}):\n${text.slice(0, 3000)}`,
          );
        }
      }
    }
  });
}
