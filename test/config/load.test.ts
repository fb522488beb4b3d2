import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { configFolder, raptorYaml, refusalOf } from '../support/config-folder.ts';

describe('finding the config file', () => {
  it('the nearest one in the working directory or above it is taken', (t) => {
    const { path, file } = configFolder(t);
    file('cdp-load.yaml', 'stateDir: outer\n');
    file('a/b/c/here.txt', '');
    assert.equal(loadConfig(undefined, join(path, 'a/b/c')).path, join(path, 'cdp-load.yaml'));
    file('a/cdp-load.yaml', 'stateDir: inner\n');
    const found = loadConfig(undefined, join(path, 'a/b/c'));
    assert.deepEqual([found.path, found.directory], [join(path, 'a/cdp-load.yaml'), join(path, 'a')]);
    assert.equal(found.stateDir, join(path, 'a/inner'), 'stateDir begins at the config, not at the working directory');
  });

  it('--config wins over what would be found, and begins at the working directory', (t) => {
    const { path, file } = configFolder(t);
    file('cdp-load.yaml', 'stateDir: found\n');
    file('other/mine.yaml', 'stateDir: /absolute\n');
    const named = loadConfig('mine.yaml', join(path, 'other'));
    assert.deepEqual([named.path, named.stateDir], [join(path, 'other/mine.yaml'), '/absolute']);
  });

  it('a named one that is not there, or is a folder, ends the command; none at all does not', (t) => {
    const { path, file } = configFolder(t);
    for (const name of ['nowhere.yaml', '.']) {
      const { code, message } = refusalOf(() => loadConfig(name, path));
      assert.equal(code, 'config-not-found');
      assert.ok(message.includes(path), message);
    }
    file('empty/cdp-load.yaml', '');
    assert.deepEqual(loadConfig(undefined, join(path, 'empty')).content, { targets: {} });
  });
});

describe('what is wrong with a config file is told with file, line and column', () => {
  const cases: readonly (readonly [about: string, text: string, at: string, says: RegExp])[] = [
    ['broken YAML', 'targets:\n  a: [1\n', '3:1', /flow/i],
    [
      'a key that stands twice',
      'targets:\n  a: { type: raptor }\n  a: { type: adobe }\n',
      '3:3',
      /"a" stands here a second time/,
    ],
    ['a key that nobody knows', 'targets: {}\nstatedir: x\n', '2:1', /"statedir".*did you mean "stateDir"/],
    ['a target that is no map', 'targets:\n  a: raptor\n', '2:3', /targets\.a: /],
    ['a target without a type', 'targets:\n  a: { mapping: x }\n', '2:3', /targets\.a\.type: /],
    ['targets that are a list', 'targets: [a]\n', '1:1', /targets: /],
    [
      'an alias of nothing',
      'targets:\n  a: { type: raptor, apiKey: *secret-value }\n',
      '2:30',
      /value that begins with \* is an alias/,
    ],
  ];
  for (const [about, text, at, says] of cases) {
    it(about, (t) => {
      const { path, load } = configFolder(t);
      const { code, message } = refusalOf(() => load(text));
      assert.equal(code, 'config-invalid');
      assert.ok(message.startsWith(`${join(path, 'cdp-load.yaml')}:${at}: `), message);
      assert.match(message, says);
      assert.doesNotMatch(message, /secret-value/);
    });
  }

  it('every complaint is told at once', (t) => {
    const { load } = configFolder(t);
    assert.equal(refusalOf(() => load('nix: 1\nnada: 2\ntargets: { a: 1 }\n')).message.split('\n').length, 3);
  });

  it('a path inside the file is found again, or the nearest thing above it', (t) => {
    const { path, load } = configFolder(t);
    const { at } = load(raptorYaml('headers: { X-Team: crm }'));
    const file = join(path, 'cdp-load.yaml');
    assert.equal(at(['targets', 'it', 'accountId']), `${file}:4:5`);
    assert.equal(at(['targets', 'it', 'headers', 'X-Team']), `${file}:6:16`);
    assert.equal(at(['targets', 'it', 'nothing', 'below']), `${file}:2:3`);
  });
});
