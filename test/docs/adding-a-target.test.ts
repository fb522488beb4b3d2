/** The page's own code, laid over a copy of the sources: it is built, its suite is run, and a file is loaded with it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { root } from '../support/workdir.ts';

interface Block {
  readonly language: string;
  readonly path: string;
  readonly text: string;
}

const page = readFileSync(join(root, 'docs/adding-a-target.md'), 'utf8');
const blocks: readonly Block[] = [...page.matchAll(/^```(\w+) (\S+)\n([\s\S]*?)^```$/gm)].map(
  ([, language = '', path = '', text = '']) => ({ language, path, text }),
);

describe('docs/adding-a-target.md', () => {
  const copy = mkdtempSync(join(tmpdir(), 'cdp-load-page-'));
  after(() => rmSync(copy, { recursive: true, force: true }));

  before(() => {
    for (const path of ['src', 'bin', 'scripts/build.ts', 'package.json', 'tsconfig.json', 'tsconfig.build.json']) {
      cpSync(join(root, path), join(copy, path), { recursive: true });
    }
    for (const path of ['test/targets/contract.ts', 'test/targets/golden.ts']) {
      mkdirSync(dirname(join(copy, path)), { recursive: true });
      cpSync(join(root, path), join(copy, path));
    }
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    for (const { language, path, text } of blocks) {
      const file = join(copy, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, language === 'diff' ? patched(readFileSync(file, 'utf8'), text) : text);
    }
  });

  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    new Promise<{ status: number | string | null | undefined; stdout: string; stderr: string }>((resolve) => {
      const options = { cwd: copy, env: { PATH: process.env['PATH'] ?? '', HOME: copy, NO_COLOR: '1', ...env } };
      execFile(process.execPath, args, options, (error, stdout, stderr) =>
        resolve({ status: error === null ? 0 : error.code, stdout, stderr }),
      );
    });
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

  it('adds one target file, one emulator, fixtures and a test, and otherwise only lines in two lists', () => {
    assert.deepEqual(
      blocks.map(({ language, path }) => `${language} ${path}`),
      [
        'ts src/targets/acme.ts',
        'diff src/targets/by-name.ts',
        'ts src/sandbox/acme.ts',
        'diff src/sandbox/index.ts',
        'yaml fixtures/acme/cdp-load.yaml',
        'yaml fixtures/acme/sign-ups.map.yaml',
        'csv fixtures/acme/sign-ups.csv',
        'ts test/targets/acme.test.ts',
      ],
    );
  });

  it('compiles under the project’s own rules', async () => {
    const { status, stdout } = await run([tsc, '-p', 'tsconfig.json', '--noEmit']);
    assert.equal(status, 0, stdout);
  });

  it('passes the suite of all targets', async () => {
    const suite = ['--test', '--test-reporter=tap', 'test/targets/acme.test.ts'];
    const written = await run(suite, { UPDATE_GOLDEN: '1' });
    assert.equal(written.status, 0, written.stdout);
    assert.match(
      readFileSync(join(copy, 'fixtures/targets/acme/event.http'), 'utf8'),
      /^POST \/v1\/events HTTP\/1\.1\n/,
    );
    const { status, stdout } = await run(suite);
    assert.equal(status, 0, stdout);
  });

  it('loads its file into its emulator: good rows arrive, bad ones are rejected here or there', async () => {
    const built = await run(['scripts/build.ts']);
    assert.equal(built.status, 0, built.stdout + built.stderr);
    const config = ['--target', 'acme', '--config', 'fixtures/acme/cdp-load.yaml'];
    const pushed = await run(['bin/cdp-load.js', 'push', 'fixtures/acme/sign-ups.csv', ...config, '--sandbox']);
    assert.equal(pushed.status, 1, pushed.stderr);
    assert.match(pushed.stderr, /What the sandbox holds now:\n {4}2 events\n/);
    assert.match(pushed.stderr, /the name is reserved/);
    const tested = await run(['bin/cdp-load.js', 'test', 'fixtures/acme/sign-ups.map.yaml']);
    assert.equal(tested.status, 0, tested.stderr);
  });
});

/** Lines with + go behind the line before them, a line with - is replaced; all must be there as shown, - by its beginning. */
function patched(source: string, diff: string): string {
  let text = source;
  let anchor = '';
  let removed: string | undefined;
  for (const line of diff.split('\n').filter((one) => one !== '')) {
    const [mark, rest] = [line[0], line.slice(1)];
    if (mark === '+' && removed !== undefined) {
      text = text.replace(removed, rest);
      removed = undefined;
    } else if (mark === '+') {
      text = text.replace(anchor, `${anchor}${rest}\n`);
      anchor = `${anchor}${rest}\n`;
    } else {
      assert.ok(text.includes(rest), `the page shows a line that is not there: ${rest}`);
      if (mark === '-') removed = rest;
      else anchor = `${rest}\n`;
    }
  }
  return text;
}
