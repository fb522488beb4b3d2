/** On a terminal a bar, elsewhere plain lines; nothing from a file or a platform may command either; nobody watching is no failure. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startRecorder } from '../support/recorder.ts';
import { createWorkdir, peopleCsv, root, type Workdir, writeStreamSetup } from '../support/workdir.ts';

const binary = join(root, 'bin', 'cdp-load.js');
const hasScript = spawnSync('script', ['--version']).status === 0;
const noScript = hasScript ? false : 'needs the program "script" of util-linux';

/** Runs a line of shell in the folder. Its standard output is what a terminal or a pipe would have got. */
function shell(workdir: Workdir, line: string): Promise<{ status: number | null; out: string }> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: workdir.path,
    TERM: 'xterm',
    CDP: `${process.execPath} ${binary}`,
  };
  const child = spawn('bash', ['-o', 'pipefail', '-c', line], {
    cwd: workdir.path,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  const add = (part: Buffer) => {
    out += part.toString('utf8');
  };
  child.stdout.on('data', add);
  child.stderr.on('data', add);
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, out })));
}

test('on a terminal a bar is drawn and the cursor is given back, also when a second Ctrl-C ends it', {
  skip: noScript,
}, async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t, () => ({ delay: 150 }));
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', peopleCsv(8));
  const good = await shell(workdir, `script -qec "$CDP push p.csv -t stream --chunk-size 2 --concurrency 1" /dev/null`);
  assert.equal(good.status, 0, good.out);
  assert.match(good.out, /[█░].*%/, 'no bar was drawn');
  assert.ok(good.out.lastIndexOf('\u001b[?25h') > good.out.lastIndexOf('\u001b[?25l'), 'the cursor stays hidden');
  assert.match(good.out, /8 read = .*8 acknowledged/);

  platform.answer = () => ({ delay: 60_000 });
  const line = `script -qec "$CDP push p.csv -t stream --again & sleep 1; kill -INT \\$!; sleep 0.3; kill -INT \\$!; wait \\$!" /dev/null`;
  const ended = await shell(workdir, `set -m; ${line}`);
  assert.match(ended.out, /Stopping/);
  assert.ok(ended.out.lastIndexOf('\u001b[?25h') > ended.out.lastIndexOf('\u001b[?25l'), 'the cursor stays hidden');
});

test('NO_COLOR takes the colours away on a terminal, too', { skip: noScript }, async (t) => {
  const workdir = createWorkdir(t);
  writeStreamSetup(workdir, 'https://example.invalid');
  workdir.file('p.csv', `${peopleCsv(1)}x,y\n`);
  const commands = ['preview', 'validate'].map((command) => `$CDP ${command} p.csv -t stream`).join('; ');
  const [plain, coloured] = await Promise.all(
    ['NO_COLOR=1', 'NO_COLOR='].map((setting) => shell(workdir, `${setting} script -qc "${commands}" /dev/null`)),
  );
  assert.match(plain?.out ?? '', /would be rejected[\s\S]*1 would be sent/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what it is about
  const colour = /\u001b\[\d+(;\d+)*m/;
  assert.doesNotMatch(plain?.out ?? '', colour);
  assert.match(coloured?.out ?? '', colour);
});

test('in a pipe there is no escape code, and none of a row, a column, a file name or a reply gets through', async (t) => {
  const workdir = createWorkdir(t);
  const evil = '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202e';
  const platform = await startRecorder(t, () => ({ status: 401, body: `no ${evil}` }));
  writeStreamSetup(workdir, platform.url);
  workdir.file(`p${evil}.csv`, `${peopleCsv(5000)}7000,${evil}\n`);
  const refused = await workdir.run(['push', `p${evil}.csv`, '-t', 'stream']);
  assert.equal(refused.status, 4, refused.stderr);
  platform.answer = () => ({});
  const rejected = await workdir.run(['push', `p${evil}.csv`, '-t', 'stream']);
  assert.equal(rejected.status, 1, rejected.stderr);
  const listed = await workdir.run(['runs']);
  const missing = await workdir.run(['push', `nix${evil}.csv`, '-t', 'stream']);
  const shown = await workdir.run(['preview', `p${evil}.csv`, '-t', 'stream']);
  for (const { stdout, stderr } of [refused, rejected, listed, missing, shown]) {
    for (const character of ['\u001b', '\u0007', '\u009b', '\u202e'])
      assert.ok(!(stdout + stderr).includes(character), JSON.stringify(stdout + stderr));
  }
});

test('a reader that goes away, and a full disk behind the report, end no load', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t, () => ({ delay: 20 }));
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', peopleCsv(20));
  workdir.file('q.csv', peopleCsv(20, 100));
  const piped = await shell(workdir, '$CDP push p.csv -t stream --chunk-size 1 --json | head -1 >/dev/null');
  assert.equal(piped.status, 0, piped.out);
  assert.equal(piped.out, '');
  assert.equal(platform.stored.length, 20);
  if (existsSync('/dev/full')) {
    const full = await shell(workdir, '$CDP push q.csv -t stream --json >/dev/full 2>/dev/full');
    assert.equal(full.status, 0, full.out);
    assert.equal(platform.stored.length, 40);
  }
  const listed = await shell(workdir, '$CDP runs | head -1; $CDP preview p.csv -t stream | head -1');
  assert.doesNotMatch(listed.out, /EPIPE|error/);
});

test('--quiet says nothing when all is well, and what went wrong when it is not', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', peopleCsv(2));
  workdir.file('q.csv', `${peopleCsv(2, 10)}x,y\n`);
  const well = await workdir.run(['push', 'p.csv', '-t', 'stream', '--quiet']);
  assert.deepEqual([well.status, well.stdout, well.stderr], [0, '', '']);
  const ill = await workdir.run(['push', 'q.csv', '-t', 'stream', '--quiet']);
  assert.equal(ill.status, 1);
  assert.match(ill.stderr, /1 row rejected/);
});

test('an old Node is told so in one line, with exit 2', async (t) => {
  const old = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => {
    const [major = 99, minor = 0] = spawnSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' })
      .stdout?.split('.')
      .map(Number) ?? [99];
    return major < 22 || (major === 22 && minor < 19);
  });
  if (old === undefined) {
    t.skip('no Node older than 22.19 is installed here');
    return;
  }
  const { status, stdout, stderr } = spawnSync(old, [binary, 'push', 'p.csv'], { encoding: 'utf8' });
  assert.equal(status, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /^cdp-load needs Node 22\.19 or newer; this is Node [\d.]+\.\n$/);
});
