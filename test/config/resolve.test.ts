import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { resolveTarget } from '../../src/config/resolve.ts';
import { maskTexts } from '../../src/model/mask.ts';

const own = { accountId: '12345', streamId: '6c1d2a5e-9d1b-4c6f-8a37-5b8f1e2d3c4b' };
const maskOf = (env: Record<string, string>, more: Record<string, unknown> = {}) =>
  maskTexts(resolveTarget('stream', loadConfig(undefined, '/'), env, () => ({ ...own, ...more })).secrets);

test('the password of a proxy is a secret as typed, as meant and as it travels, wherever the proxy is named', () => {
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
