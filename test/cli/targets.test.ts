import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { targetTypes } from '../../src/targets/index.ts';
import { createWorkdir, type Workdir } from '../support/workdir.ts';

/** What a user reads, line by line. `secrets` may never be among it. */
interface Case {
  /** Right shape, wrong value. */
  readonly wrong: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly about: string;
  readonly good: readonly string[];
  readonly refused: readonly string[];
  readonly unreachable: readonly string[];
  /** What lacks when nothing is configured but the type. */
  readonly missing: readonly string[];
}

const connectionRefused = 'refused: the connection was refused (ECONNREFUSED)';

const cases: Readonly<Record<string, Case>> = {
  adobe: {
    wrong: { clientSecret: 'p8e-wrong-secret-0000' },
    secrets: ['clientSecret', 'inletUrl'],
    about: 'fetches an access token; the inlet itself is not touched',
    good: ['ok: Adobe gave a token for 24 hours; that the inlet takes it shows with the first row'],
    refused: ['refused: the platform answered 400: invalid client_secret parameter'],
    unreachable: [connectionRefused],
    missing: ['inletUrl ADOBE_INLET_URL', 'imsOrgId ADOBE_IMS_ORG_ID', 'sandboxName ADOBE_SANDBOX_NAME'],
  },
  relay42: {
    wrong: { accessToken: 'wrong-token-0000' },
    secrets: ['accessToken'],
    about: 'asks for the id of a profile that does not exist; nothing is written',
    good: ['ok: the login is good for site 1234'],
    refused: [
      'refused: the platform answered 403: Forbidden',
      '  Wrong credentials, no right to this function, or an account locked for inactivity (at Relay42 all three are a 403). ' +
        'Do not simply try again: repeated wrong logins lock the API for 15 minutes, for everyone who uses this account. ' +
        'Check apiId and accessToken first, then run `cdp-load targets check`.',
    ],
    unreachable: [connectionRefused],
    missing: ['siteNumber RELAY42_SITE_NUMBER'],
  },
  customerio: {
    wrong: { trackKey: 'wrong-track-key-0000' },
    secrets: ['apiKey', 'trackKey'],
    about: 'Asks the Track API which region the account is in. Nothing is written.',
    good: ['ok: the account is in region us, as configured (the CDP API key was not tried)'],
    refused: [
      'refused: the Track API does not accept siteId and trackKey (401)',
      '  Use the site id and the Track API key of the workspace; the CDP API key does not work there.',
    ],
    unreachable: [connectionRefused],
    missing: ['region CUSTOMERIO_REGION', 'apiKey CUSTOMERIO_CDP_API_KEY'],
  },
  datatalks: {
    wrong: { secretAccessKey: 'wrong/Secret+0000' },
    secrets: ['accessKeyId', 'secretAccessKey'],
    about:
      'sends one signed, empty record, which Data Talks refuses (400) and cannot store; tried for each likely region',
    good: ['ok: the signature is good in region eu-west-1; the empty record was refused as it should be'],
    refused: [
      'refused: region eu-west-1: answered 403: The request signature we calculated does not match the signature you provided. ' +
        'Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
      '  Check secretAccessKey (DATATALKS_SECRET_ACCESS_KEY), and that no proxy changes the body, Host or Content-Type',
    ],
    unreachable: ['refused: no answer: the connection was refused (ECONNREFUSED)'],
    missing: ['accessKeyId DATATALKS_ACCESS_KEY_ID', 'secretAccessKey DATATALKS_SECRET_ACCESS_KEY'],
  },
};

const noCall =
  'there is no harmless call: the Streaming API has no call that changes nothing. Send one row to a draft dataflow (draft: true) instead';

/** Nobody listens on the discard port, and nobody may. */
const nobody = 'http://127.0.0.1:9';

describe('cdp-load targets', () => {
  let sandbox: Sandbox;
  before(async () => {
    sandbox = await startSandbox();
  });
  after(() => sandbox.close());

  const own = (type: string) => sandbox.emulator(type).settings(sandbox.url(type));
  const elsewhere = (settings: Readonly<Record<string, unknown>>) =>
    JSON.parse(JSON.stringify(settings).replaceAll(sandbox.origin, nobody)) as Record<string, unknown>;
  const setUp = (t: TestContext, targets: Readonly<Record<string, object>>): Workdir => {
    const workdir = createWorkdir(t);
    workdir.file('cdp-load.yaml', JSON.stringify({ targets }));
    return workdir;
  };

  it('every type has its case', () => {
    assert.deepEqual(targetTypes.map(({ type }) => type).sort(), [...Object.keys(cases), 'raptor'].sort());
  });

  for (const [type, { wrong, secrets, about, good, refused, unreachable, missing }] of Object.entries(cases)) {
    it(`check: ${type} with the right credentials, with wrong ones, and with nobody there`, async (t) => {
      const settings = { type, ...own(type) };
      const workdir = setUp(t, { good: settings, wrong: { ...settings, ...wrong }, away: elsewhere(settings) });
      const check = async (name: string) => {
        const { status, stdout, stderr } = await workdir.run(['targets', 'check', name]);
        for (const secret of secrets) assert.ok(!(stdout + stderr).includes(String(own(type)[secret])));
        return { status, lines: stdout.trimEnd().split('\n'), stderr };
      };
      assert.deepEqual(await Promise.all(['good', 'wrong', 'away'].map(check)), [
        { status: 0, lines: [`good: ${about}`, ...good], stderr: '' },
        { status: 4, lines: [`wrong: ${about}`, ...refused], stderr: '' },
        { status: 4, lines: [`away: ${about}`, ...unreachable], stderr: '' },
      ]);
    });

    it(`${type}: settings are listed with where they come from, secrets masked, and what is missing with its variable`, async (t) => {
      const settings = own(type);
      const workdir = setUp(t, { mine: { type, ...settings }, bare: { type } });
      const [mine, bare, check] = await Promise.all([
        workdir.run(['targets', 'mine']),
        workdir.run(['targets', 'bare']),
        workdir.run(['targets', 'check', 'bare']),
      ]);
      for (const secret of secrets) {
        assert.match(mine.stdout, new RegExp(`^  ${secret} +••• \\(config\\)$`, 'm'));
        assert.ok(!mine.stdout.includes(String(settings[secret])), `${secret} is shown`);
      }
      const lacking = [...bare.stdout.matchAll(/^ {2}(\w+) +missing: set (\w+)$/gm)].map(([, ...both]) =>
        both.join(' '),
      );
      assert.deepEqual(lacking, missing);
      assert.deepEqual([mine.status, bare.status, check.status], [0, 0, 2]);
      const named = missing
        .map((one) => one.replace(/^(\w+) (\w+)$/, '$1 (or the environment variable $2)'))
        .join(', ');
      assert.ok(check.stderr.includes(`lacks ${named}. [target-incomplete]`), check.stderr);
    });
  }

  it('check: raptor says that there is no harmless call, and sends nothing', async (t) => {
    const workdir = setUp(t, { stream: { type: 'raptor', ...elsewhere(own('raptor')) } });
    const { status, stdout } = await workdir.run(['targets', 'check', 'stream']);
    assert.deepEqual({ status, stdout }, { status: 0, stdout: `stream: ${noCall}\n` });
  });

  it('check: flags behind it are its own', async (t) => {
    const workdir = setUp(t, {});
    workdir.file('there.yaml', JSON.stringify({ targets: { there: { type: 'raptor', ...elsewhere(own('raptor')) } } }));
    const { status, stdout, stderr } = await workdir.run(['targets', 'check', 'there', '--config', 'there.yaml']);
    assert.deepEqual({ status, stdout }, { status: 0, stdout: `there: ${noCall}\n` }, stderr);
  });

  it('check: credentials may lie in a file', async (t) => {
    const { apiId, accessToken, ...settings } = own('relay42');
    const workdir = setUp(t, {
      here: { type: 'relay42', ...settings, apiId, accessToken: `\${file:token.txt}` },
      there: { type: 'relay42', ...settings, apiId, accessToken: `\${file:nowhere.txt}` },
    });
    workdir.file('token.txt', `${String(accessToken)}\n`);
    const [here, there] = await Promise.all(['here', 'there'].map((name) => workdir.run(['targets', 'check', name])));
    assert.deepEqual([here?.status, there?.status], [0, 2]);
    assert.match(here?.stdout ?? '', /^ok: the login is good for site 1234$/m);
    assert.match(there?.stderr ?? '', /nowhere\.txt/);
  });

  it('check: credentials may stand in the environment, under the vendor’s words', async (t) => {
    const { apiId, accessToken, baseUrl, siteNumber } = own('relay42');
    const workdir = setUp(t, { site: { type: 'relay42', baseUrl } });
    const env = {
      RELAY42_SITE_NUMBER: String(siteNumber),
      RELAY42_API_IDENTIFIER: String(apiId),
      RELAY42_ACCESS_TOKEN: String(accessToken),
    };
    const [check, list, bare] = await Promise.all([
      workdir.run(['targets', 'check', 'site'], { env }),
      workdir.run(['targets', 'site'], { env }),
      workdir.run(['targets', 'site'], { env: { ...env, RELAY42_ACCESS_TOKEN: '' } }),
    ]);
    assert.equal(check.status, 0, check.stderr);
    assert.match(list.stdout, /^ {2}accessToken +••• \(environment\)$/m);
    assert.match(list.stdout, /^ {2}bearerToken +not set \(RELAY42_JWT\)$/m);
    // Needed only because the other one is there.
    assert.match(bare.stdout, /^ {2}accessToken +missing: set RELAY42_ACCESS_TOKEN$/m);
  });

  it('without a name it lists what is configured and every type there is', async (t) => {
    const workdir = setUp(t, { site: { type: 'relay42', ...own('relay42') } });
    const { status, stdout } = await workdir.run(['targets']);
    assert.equal(status, 0);
    assert.match(stdout, /^site {2}Relay42/m);
    for (const { type } of targetTypes) assert.match(stdout, new RegExp(`^  ${type}\\b`, 'm'));
  });
});
