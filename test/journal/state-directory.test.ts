import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { newRunId } from '../../src/journal/run-id.ts';
import { stateDirectory } from '../../src/journal/state-directory.ts';
import { start } from './workbench.ts';

test('the state directory is the flag, else the variable, else beside the config, else where XDG says', () => {
  const all = { CDP_LOAD_STATE_DIR: '/var/state', XDG_STATE_HOME: '/xdg', HOME: '/home/ada' };
  assert.equal(stateDirectory({ stateDir: '/flag' }, all, '/project'), '/flag');
  assert.equal(stateDirectory({ stateDir: 'here' }, all, '/project'), resolve('here'));
  assert.equal(stateDirectory({}, all, '/project'), '/var/state');
  assert.equal(stateDirectory({}, { ...all, CDP_LOAD_STATE_DIR: '' }, '/project'), '/project/.cdp-load');
  assert.equal(stateDirectory({}, { XDG_STATE_HOME: '/xdg' }, undefined), '/xdg/cdp-load');
  assert.equal(stateDirectory({}, { HOME: '/home/ada' }, undefined), '/home/ada/.local/state/cdp-load');
  assert.equal(stateDirectory({}, {}, undefined), join(homedir(), '.local/state/cdp-load'));
});

test('a run is named by its minute and four digits, more of them when the name is taken', () => {
  assert.equal(
    newRunId(
      start,
      () => 0x7f3a / 0x10000,
      () => false,
    ),
    '20261121-0300-7f3a',
  );
  const taken = new Set(['20261121-0300-0000', '20261121-0300-00000']);
  assert.equal(
    newRunId(
      start,
      () => 0,
      (id) => taken.has(id),
    ),
    '20261121-0300-000000',
  );
});
