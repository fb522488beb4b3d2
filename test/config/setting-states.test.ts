import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { settingStates } from '../../src/config/setting-states.ts';
import { targetTypes } from '../../src/targets/index.ts';
import { configFolder, raptorYaml, streamId } from '../support/config-folder.ts';

const withStates = (
  t: Parameters<typeof configFolder>[0],
  text: string,
  name: string,
  env: Record<string, string> = {},
) => {
  const { states } = settingStates(name, configFolder(t).load(text), env);
  return new Map(states.map((state) => [state.name, state]));
};

describe('what is set and what is missing', () => {
  it('each setting says where it comes from, and no secret is shown', (t) => {
    const states = withStates(t, raptorYaml('draft: true'), 'it', { RAPTOR_PRIVACY_API_KEY: 'hidden' });
    const seen = ['accountId', 'streamId', 'privacyKey', 'draft', 'columns'].map((name) => {
      const { from, shown, secret } = states.get(name) ?? {};
      return [name, from, shown, secret];
    });
    assert.deepEqual(seen, [
      ['accountId', 'config', '12345', false],
      ['streamId', 'config', '•••', true],
      ['privacyKey', 'environment', '•••', true],
      ['draft', 'config', 'true', false],
      ['columns', 'default', undefined, false],
    ]);
    assert.doesNotMatch(JSON.stringify([...states]), new RegExp(`${streamId}|hidden`));
  });

  it('a required setting that is nowhere is missing, and its variable is named', (t) => {
    const { from, required, variable } = withStates(t, 'targets: {}', 'raptor').get('streamId') ?? {};
    assert.deepEqual([from, required, variable], ['missing', true, 'RAPTOR_STREAM_ID']);
  });

  it('a setting that another one calls for is missing too', (t) => {
    const states = withStates(t, 'targets: { it: { type: customerio, region: us, apiKey: k, siteId: s } }', 'it');
    assert.deepEqual([states.get('trackKey')?.from, states.get('trackKey')?.required], ['missing', false]);
  });

  it('a reference to a variable that is not set is missing, by the name of that variable', (t) => {
    const text = raptorYaml(`privacyKey: \${MY_KEY}`);
    const without = withStates(t, text, 'it').get('privacyKey');
    assert.deepEqual([without?.from, without?.variable, without?.shown], ['missing', 'MY_KEY', undefined]);
    assert.equal(withStates(t, text, 'it', { MY_KEY: 'x' }).get('privacyKey')?.from, 'config');
  });

  it('every setting of every type is listed with its description', (t) => {
    for (const { type } of targetTypes) {
      const states = withStates(t, 'targets: {}', type);
      assert.ok(states.size > 3, type);
      for (const [name, { about }] of states) assert.notEqual(about, '', `${type}.${name}`);
    }
  });
});
