/** A config file in a throw-away folder, and what becomes of it. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { type LoadedConfig, loadConfig } from '../../src/config/load.ts';
import { type ResolvedTarget, resolveTarget } from '../../src/config/resolve.ts';
import { UserError } from '../../src/model/fault.ts';

export interface ConfigFolder {
  readonly path: string;
  file(name: string, text: string): string;
  load(text: string): LoadedConfig;
  resolve(text: string, name?: string, env?: Readonly<Record<string, string>>): ResolvedTarget;
}

export function configFolder(t: Pick<TestContext, 'after'>): ConfigFolder {
  const path = mkdtempSync(join(tmpdir(), 'cdp-load-config-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  const folder: ConfigFolder = {
    path,
    file(name, text) {
      const full = join(path, name);
      mkdirSync(dirname(full), { recursive: true });
      writeFileSync(full, text);
      return full;
    },
    load: (text) => loadConfig(folder.file('cdp-load.yaml', text), path),
    resolve: (text, name = 'it', env = {}) => resolveTarget(name, folder.load(text), env),
  };
  return folder;
}

/** The error that ends a command; its exit is 2 and it has a hint. */
export function refusalOf(work: () => unknown): UserError {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.exit, 2);
    assert.ok((error.hint ?? '') !== '', 'no hint');
    return error;
  }
  return assert.fail('nothing was refused');
}

export const streamId = '3f0c7d52-8a1e-4b6f-9c33-0d7e5a1b2c44';

/** A complete target `it` of type raptor; `more` are further lines of it, in YAML. */
export const raptorYaml = (...more: readonly string[]): string =>
  [
    'targets:',
    '  it:',
    '    type: raptor',
    '    accountId: "12345"',
    `    streamId: ${streamId}`,
    ...more.map((line) => `    ${line}`),
    '',
  ].join('\n');
