import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { resolveTarget } from '../../src/config/resolve.ts';
import { openTarget } from '../../src/config/target-type.ts';
import { maskTexts } from '../../src/model/mask.ts';
import { configFolder, raptorYaml, refusalOf, streamId } from '../support/config-folder.ts';

const otherId = '00000000-0000-4000-8000-000000000009';

describe('where a setting comes from', () => {
  it('the config file wins over the environment, and the environment over the default', (t) => {
    const { resolve } = configFolder(t);
    const env = { RAPTOR_ACCOUNT_ID: '99999', RAPTOR_STREAM_ID: otherId, RAPTOR_PRIVACY_API_KEY: 'from-env' };
    const { settings } = resolve(raptorYaml(), 'it', env);
    assert.deepEqual(
      [settings.own['accountId'], settings.own['streamId'], settings.own['privacyKey'], settings.own['draft']],
      ['12345', streamId, 'from-env', false],
    );
    assert.equal(settings.common.baseUrl, 'https://in.raptorsmartadvisor.com');
  });

  it('a type or its everyday name will do where all settings are in the environment', (t) => {
    const { path } = configFolder(t);
    const env = { RAPTOR_ACCOUNT_ID: '99999', RAPTOR_STREAM_ID: otherId };
    for (const name of ['raptor', 'stream']) {
      const { settings, mapping } = resolveTarget(name, loadConfig(undefined, path), env);
      assert.deepEqual(
        [settings.name, settings.type, settings.own['accountId'], mapping],
        [name, 'raptor', '99999', undefined],
      );
    }
  });

  it('an empty variable counts as none', (t) => {
    const { path } = configFolder(t);
    const { code, message } = refusalOf(() =>
      resolveTarget('raptor', loadConfig(undefined, path), { RAPTOR_ACCOUNT_ID: '', RAPTOR_STREAM_ID: otherId }),
    );
    assert.equal(code, 'target-incomplete');
    assert.match(message, /lacks accountId \(or the environment variable RAPTOR_ACCOUNT_ID\)\.$/);
  });

  it("overrides win over everything, and references they replace are not followed: a sandbox needs nobody's secrets", (t) => {
    const { load } = configFolder(t);
    const config = load(raptorYaml(`privacyKey: \${NOT_SET}`, 'baseUrl: https://staging.example.com', 'timeout: 5s'));
    const env = { RAPTOR_PRIVACY_API_KEY: 'of the environment' };
    const { settings, transport } = resolveTarget('it', config, env, () => ({
      privacyKey: 'sandbox',
      baseUrl: 'http://127.0.0.1:4100/raptor',
    }));
    assert.deepEqual(
      [settings.own['privacyKey'], settings.common.baseUrl],
      ['sandbox', 'http://127.0.0.1:4100/raptor'],
    );
    assert.equal(transport.timeout, 5000);
  });

  it('paths begin at the config file', (t) => {
    const { path, resolve } = configFolder(t);
    const { mapping, transport } = resolve(
      raptorYaml('mapping: maps/a.yaml', 'ca: ca.pem', 'cert: /etc/c.pem', 'key: k.pem'),
    );
    assert.deepEqual(
      [mapping, transport.ca, transport.cert, transport.key],
      [join(path, 'maps/a.yaml'), join(path, 'ca.pem'), '/etc/c.pem', join(path, 'k.pem')],
    );
  });

  it('durations are read with their unit; a number is seconds', (t) => {
    const { resolve } = configFolder(t);
    for (const [written, ms] of [
      ['90s', 90_000],
      ['2m', 120_000],
      ['1.5h', 5_400_000],
      ['500ms', 500],
      ['30', 30_000],
    ] as const)
      assert.equal(resolve(raptorYaml(`timeout: ${written}`)).transport.timeout, ms, written);
  });

  it('what a worker gets opens the same destination again', (t) => {
    const { resolve } = configFolder(t);
    const { settings, target } = resolve(raptorYaml('writeMode: append', 'maxRecords: 7'));
    const again = openTarget(structuredClone(settings));
    assert.equal(again.identity, target.identity);
    assert.equal(again.operation('person', {}).limits.items, 7);
  });
});

describe('references', () => {
  it('the environment and files are read into any text of a setting, in lists and maps too', (t) => {
    const { file, resolve } = configFolder(t);
    file('keys/stream.id', `${streamId}\n`);
    file('keys/crlf', 'crm\r\n');
    const { settings } = resolve(
      `targets:\n  it:\n    type: raptor\n    accountId: "\${A}\${B}"\n    streamId: \${file:keys/stream.id}\n    headers: { X-Team: "\${file:keys/crlf}-\${A}" }\n`,
      'it',
      { A: '123', B: '45' },
    );
    assert.deepEqual(
      [settings.own['accountId'], settings.own['streamId'], settings.common.headers],
      ['12345', streamId, { 'X-Team': 'crm-123' }],
    );
  });

  it('one that leads nowhere is named with its setting and its place', (t) => {
    const { path, resolve } = configFolder(t);
    for (const [reference, says, hint] of [
      [`\${NOT_SET}`, /refers to the environment variable NOT_SET, which is not set/, /export NOT_SET=/],
      [`\${file:nowhere}`, /refers to the file nowhere, which cannot be read/, /rights of the file/],
    ] as const) {
      const error = refusalOf(() => resolve(raptorYaml(`privacyKey: ${reference}`)));
      assert.equal(error.code, 'secret-missing');
      assert.ok(error.message.startsWith(`${join(path, 'cdp-load.yaml')}:2:3: targets.it.privacyKey `), error.message);
      assert.match(error.message, says);
      assert.match(error.hint ?? '', hint);
    }
  });

  it('what a reference gives is text: it is not looked into again', (t) => {
    const { resolve } = configFolder(t);
    const { settings } = resolve(raptorYaml(`privacyKey: \${A}`), 'it', { A: `\${B}`, B: 'inner' });
    assert.equal(settings.own['privacyKey'], `\${B}`);
  });
});

describe('secrets', () => {
  it('those of the type, of headers and of a proxy are handed on to be masked', (t) => {
    const { resolve } = configFolder(t);
    const { secrets } = resolve(
      raptorYaml('privacyKey: privacy', 'headers: { X-Key: header }', 'proxy: http://user:pass%21@127.0.0.1:1'),
    );
    assert.deepEqual(secrets.slice(0, 5), [streamId, 'privacy', 'header', 'pass%21', 'pass!']);
  });

  it('the password of a proxy is one as typed, as meant and as it travels, wherever the proxy is named', () => {
    const own = { accountId: '12345', streamId };
    const maskOf = (env: Record<string, string>, more: Record<string, unknown> = {}) =>
      maskTexts(resolveTarget('stream', loadConfig(undefined, '/'), env, () => ({ ...own, ...more })).secrets);
    const proxy = 'http://loader:p%3Aw0rd@proxy.example:8080';
    const travels = Buffer.from('loader:p:w0rd').toString('base64');
    for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'setting']) {
      const mask = name === 'setting' ? maskOf({}, { proxy }) : maskOf({ [name]: proxy });
      for (const secret of ['p%3Aw0rd', 'p:w0rd', travels])
        assert.ok(!mask(`the proxy said ${secret} to us`).includes(secret), `${name} shows ${secret}`);
      assert.match(mask(proxy), /proxy\.example:8080/);
    }
    assert.match(maskOf({ HTTPS_PROXY: 'http://proxy.example:8080' })('proxy.example'), /proxy\.example/);
  });

  it('one with a line break is refused without being shown', (t) => {
    const { resolve } = configFolder(t);
    const { code, message } = refusalOf(() => resolve(raptorYaml('privacyKey: "hidden\\nvalue"')));
    assert.equal(code, 'secret-malformed');
    assert.match(message, /privacyKey has a line break/);
    assert.doesNotMatch(message, /hidden|value/);
  });

  it('none stands in the identity of a destination', (t) => {
    const { resolve } = configFolder(t);
    assert.doesNotMatch(
      resolve(raptorYaml('privacyKey: privacy-key')).target.identity,
      new RegExp(`${streamId}|privacy-key`),
    );
  });
});

describe('addresses', () => {
  const where = (setting: string, value: string) => raptorYaml(`${setting}: ${value}`);
  it('plain http is for loopback only', (t) => {
    const { resolve } = configFolder(t);
    for (const value of ['http://127.0.0.1:1/x', 'http://localhost:8080', 'http://[::1]:9', 'https://example.com'])
      assert.equal(resolve(where('baseUrl', value)).settings.common.baseUrl, value);
    for (const setting of ['baseUrl', 'privacyBaseUrl'])
      for (const value of ['http://example.com', 'ftp://127.0.0.1', 'http://127.0.0.1.example.com'])
        assert.equal(refusalOf(() => resolve(where(setting, value))).code, 'address-not-https', `${setting} ${value}`);
  });

  it('a name or a password in one is refused, and not repeated', (t) => {
    const { resolve } = configFolder(t);
    const { code, message } = refusalOf(() => resolve(where('baseUrl', 'https://user:hidden@example.com')));
    assert.equal(code, 'address-with-password');
    assert.doesNotMatch(message, /hidden/);
  });
});

describe('what is wrong with a target', () => {
  const cases: readonly (readonly [about: string, text: string, code: string, says: RegExp])[] = [
    [
      'a setting that nobody knows',
      raptorYaml('acountId: "1"'),
      'config-invalid',
      /:6:5: "acountId" is no setting of target type raptor; did you mean "accountId"\?/,
    ],
    [
      'a value of the wrong form',
      raptorYaml().replace('"12345"', '"12"'),
      'config-invalid',
      /:4:5: accountId: must be 4 or 5 digits/,
    ],
    ['a common setting of the wrong kind', raptorYaml('concurrency: many'), 'config-invalid', /:6:5: concurrency: /],
    [
      'a header that belongs to the connection',
      raptorYaml('headers: { Content-Length: "1" }'),
      'config-invalid',
      /set by cdp-load itself/,
    ],
    [
      'a header that would end the request',
      raptorYaml('headers: { X: "a\\r\\nB: c" }'),
      'config-invalid',
      /line break/,
    ],
    [
      'a duration without a unit that is known',
      raptorYaml('timeout: 5 years'),
      'config-invalid',
      /duration such as 30s/,
    ],
    [
      'a type that does not exist',
      raptorYaml().replace('type: raptor', 'type: rapter'),
      'config-invalid',
      /:3:5: "rapter" is no target type. Did you mean "raptor"\?/,
    ],
    [
      'settings that are missing',
      'targets: { it: { type: raptor } }',
      'target-incomplete',
      /lacks accountId .*, streamId /,
    ],
  ];
  for (const [about, text, code, says] of cases) {
    it(about, (t) => {
      const { resolve } = configFolder(t);
      const error = refusalOf(() => resolve(text));
      assert.equal(error.code, code);
      assert.match(error.message, says);
    });
  }

  it('a name that is not there gets the nearest one, and never one of JavaScript', (t) => {
    const { resolve } = configFolder(t);
    const near = refusalOf(() => resolve(raptorYaml(), 'raptr'));
    assert.deepEqual(
      [near.code, near.message],
      ['target-unknown', 'There is no target "raptr". Did you mean "raptor"?'],
    );
    assert.match(near.hint ?? '', /Configured: it\. Target types: raptor, stream/);
    for (const name of ['constructor', '__proto__', 'toString'])
      assert.equal(refusalOf(() => resolve(raptorYaml(), name)).code, 'target-unknown', name);
  });

  it('what is wrong is told before what is missing', (t) => {
    const { resolve } = configFolder(t);
    const { code } = refusalOf(() => resolve('targets: { it: { type: raptor, nix: 1 } }'));
    assert.equal(code, 'config-invalid');
  });
});
