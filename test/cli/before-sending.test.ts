/** Whatever is wrong with the command, the config or the input is said before the first request, with a way out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRecorder } from '../support/recorder.ts';
import { createWorkdir, peopleCsv, type Ran, type Workdir, writeStreamSetup } from '../support/workdir.ts';

const streamId = '3f0c7d52-8a1e-4b6f-9c33-0d7e5a1b2c44';

/** Runs each case in the same folder, two at a time, and hands every result to its check. */
async function tryAll(
  workdir: Workdir,
  cases: readonly { readonly args: readonly string[]; readonly check: (ran: Ran) => void }[],
): Promise<void> {
  for (let at = 0; at < cases.length; at += 3) {
    const part = cases.slice(at, at + 3);
    const ran = await Promise.all(part.map(({ args }) => workdir.run(args)));
    for (const [index, one] of ran.entries()) part[index]?.check(one);
  }
}

/** Exit 2, this code, and these words on stderr. */
const refusal =
  (code: string, ...words: readonly RegExp[]) =>
  ({ status, stderr }: Ran) => {
    assert.equal(status, 2, stderr);
    assert.ok(stderr.includes(`[${code}]`), `expected ${code}:\n${stderr}`);
    for (const word of words) assert.match(stderr, word);
    assert.doesNotMatch(stderr, /\n\s+at .*\.js/);
  };

test('a header that is missing, empty, doubled or lacks a mapped column, an empty file, a folder, and a lost file stop the run', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  const inputs: readonly (readonly [string, string, string, ...RegExp[]])[] = [
    ['empty.csv', '', 'input-empty', /empty\.csv/],
    ['blank.csv', '\n\n\n', 'input-empty', /blank/],
    ['doubled.csv', 'customer_id,email,email\n1,a@x.se,b@x.se\n', 'header-duplicate', /email/],
    ['unnamed.csv', 'customer_id,,email\n1,x,a@x.se\n', 'header-empty-name'],
    ['lacking.csv', 'customer_id,mail\n1,a@x.se\n', 'mapping-invalid', /email/, /people\.map\.yaml:\d+:\d+/],
    ['headless.csv', '1,a@x.se\n2,b@x.se\n', 'mapping-invalid', /customer_id/],
    ['empty.ndjson', '', 'input-empty'],
  ];
  workdir.file('good.csv', peopleCsv(2));
  for (const [name, content] of inputs) workdir.file(name, content);
  await tryAll(workdir, [
    ...inputs.map(([name, , code, ...words]) => ({
      // The good file comes first: not even its rows may leave.
      args: ['push', 'good.csv', name, '-t', 'stream'],
      check: (ran: Ran) => {
        assert.notEqual(code, '', name);
        refusal(code, ...words)(ran);
      },
    })),
    { args: ['push', '.', '-t', 'stream'], check: refusal('input-unreadable') },
    { args: ['push', 'good.csv', 'lost.csv', '-t', 'stream'], check: refusal('input-missing', /lost\.csv/) },
    { args: ['push', 'good.csv', `${'n'.repeat(300)}.csv`, '-t', 'stream'], check: refusal('input-unreadable') },
    { args: ['push', '-', '-', '-t', 'stream'], check: refusal('no-input', /twice/) },
    { args: ['push', 'good.csv', '-t', 'stream', '--encoding', 'klingon'], check: refusal('encoding-unknown') },
  ]);
  assert.equal(platform.heard.length, 0);
});

test('a broken config names file, line and column, guesses what was meant, and never repeats a value that may be a secret', async (t) => {
  const workdir = createWorkdir(t);
  workdir.file('p.csv', peopleCsv(1));
  const good = `type: raptor, accountId: "12345", streamId: ${streamId}, writeMode: append`;
  const configs: readonly (readonly [string, string, ...RegExp[]])[] = [
    ['tragets: {}\n', 'config-invalid', /c0\.yaml:1:1: "tragets".*did you mean "targets"/],
    ['targets:\n  stream: 5\n', 'config-invalid', /c1\.yaml:2:3: /],
    ['targets:\n  stream:\n    type: raptr\n', 'config-invalid', /c2\.yaml:3:5: .*Did you mean "raptor"/],
    [
      'targets:\n  stream:\n    type: raptor\n    streemId: x\n    timeout: soon\n',
      'config-invalid',
      /c3\.yaml:4:5: .*did you mean "streamId"/,
      /c3\.yaml:5:5: timeout/,
    ],
    ['targets:\n  stream:\n    type: raptor\n    streamId: *hunter2\n', 'config-invalid', /c4\.yaml:4:15: .*quotes/],
    ['targets:\n  stream: {\n', 'config-invalid', /c5\.yaml:\d+:\d+: /],
    [`targets:\n  stream: { ${good}, streamId: "${streamId}" }\n`, 'config-invalid', /stands here a second time/],
    [
      'targets:\n  stream: { type: raptor, accountId: "12345" }\n',
      'target-incomplete',
      /streamId \(or the environment variable RAPTOR_STREAM_ID\)/,
    ],
    [
      `targets:\n  stream: { type: raptor, accountId: "12345", streamId: "\${NOT_SET_AT_ALL}" }\n`,
      'secret-missing',
      /export NOT_SET_AT_ALL/,
    ],
    [
      `targets:\n  stream: { type: raptor, accountId: "12345", streamId: "\${file:nowhere}" }\n`,
      'secret-missing',
      /nowhere/,
    ],
    [`targets:\n  stream: { ${good}, baseUrl: "http://example.com" }\n`, 'address-not-https', /loopback/],
    [`targets:\n  stream: { ${good}, baseUrl: "http://127.0.0.1.example.com" }\n`, 'address-not-https'],
    [
      `targets:\n  stream: { ${good}, baseUrl: "https://me:hunter2@example.com" }\n`,
      'address-with-password',
      /baseUrl/,
    ],
    [`targets:\n  stream: { ${good}, headers: { x-key: "hunter2\\nx: y" } }\n`, 'config-invalid', /line break/],
    [`targets:\n  stream: { ${good}, headers: { Content-Length: "7" } }\n`, 'config-invalid', /cdp-load itself/],
    [`targets:\n  stream: { ${good} }\n`, 'mapping-missing', /--mapping/],
  ];
  for (const [index, [text]] of configs.entries()) workdir.file(`c${index}.yaml`, text);
  await tryAll(
    workdir,
    configs.map(([, code, ...words], index) => ({
      args: ['validate', 'p.csv', '-t', 'stream', '--config', `c${index}.yaml`],
      check(ran: Ran) {
        refusal(code, ...words)(ran);
        assert.doesNotMatch(ran.stdout + ran.stderr, /hunter2|3f0c7d52/);
      },
    })),
  );
});

test('targets and flags that do not exist are refused with what was meant, and names of JavaScript are no targets', async (t) => {
  const workdir = createWorkdir(t);
  writeStreamSetup(workdir, 'http://127.0.0.1:9');
  workdir.file('p.csv', peopleCsv(1));
  const push = (...args: string[]) => ['push', 'p.csv', ...args];
  const usage = (word: RegExp) => (ran: Ran) => {
    assert.equal(ran.status, 2, ran.stderr);
    assert.match(ran.stderr, word);
    assert.doesNotMatch(ran.stderr, /\n\s+at .*\.js/);
  };
  await tryAll(workdir, [
    { args: push('-t', 'steam'), check: refusal('target-unknown', /Did you mean "stream"/) },
    { args: push('-t', 'constructor'), check: refusal('target-unknown') },
    { args: push('-t', '__proto__'), check: refusal('target-unknown') },
    { args: push('-t', 'stream', '--max-erors', '3'), check: usage(/Did you mean --max-errors/) },
    { args: push('-t', 'stream', '--max-errors', '101%'), check: usage(/share/) },
    { args: push('-t', 'stream', '--rate', '0'), check: usage(/above 0/) },
    { args: push('-t', 'stream', '--limit', '-1'), check: usage(/whole number|limit/) },
    { args: push('-t', 'stream', '--format', 'xml'), check: usage(/csv/) },
    { args: push('-t', 'stream', '--delimiter', ';;'), check: usage(/one character/) },
    { args: push(), check: usage(/--target/) },
    { args: ['push', '-t', 'stream'], check: usage(/files/) },
    { args: ['retry', 'nosuch'], check: refusal('run-unknown', /cdp-load runs/) },
    { args: ['pusch', 'p.csv'], check: usage(/Did you mean push/) },
  ]);
});

test('a state directory or a report in a place that takes none is refused at once, and named', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', peopleCsv(2));
  const places = [
    '/proc/no',
    '/proc/self/no/such',
    '/dev/null',
    '/dev/null/below',
    'p.csv',
    'p.csv/below',
    'n'.repeat(300),
  ];
  const named = (path: string, code: string, exit: number) => (ran: Ran) => {
    assert.equal(ran.status, exit, ran.stderr);
    assert.ok(ran.stderr.includes(`[${code}]`) && ran.stderr.includes(path), ran.stderr);
    assert.match(ran.stderr, /hint \S/);
  };
  await tryAll(workdir, [
    ...places.map((path) => ({
      args: ['push', 'p.csv', '-t', 'stream', '--state-dir', path],
      check: named(path, 'journal-unwritable', 5),
    })),
    { args: ['runs', '--state-dir', '/proc/no'], check: named('/proc/no', 'journal-unwritable', 5) },
    {
      args: ['retry', '20260101-0101-abcd', '--state-dir', 'p.csv'],
      check: named('p.csv is there and is no folder', 'journal-unwritable', 5),
    },
    ...['/proc/no.html', 'p.csv/out.json', 'no/such/out.html'].map((path) => ({
      args: ['validate', 'p.csv', '-t', 'stream', '--report', path],
      check: named(path, 'report-unwritable', 2),
    })),
  ]);
  assert.equal(platform.heard.length, 0);
});

test('--min-rows and --max-drop stop a half-empty export before the first request, dry runs included', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', peopleCsv(10));
  const push = ['push', 'p.csv', '-t', 'stream'];
  refusal('too-few-rows', /10 rows/, /11/)(await workdir.run([...push, '--min-rows', '11']));
  refusal('too-few-rows', /10 rows/)(await workdir.run([...push, '--min-rows', '11', '--dry-run']));
  assert.equal(platform.heard.length, 0);
  const full = await workdir.run([...push, '--min-rows', '10', '--max-drop', '20%']);
  assert.equal(full.status, 0, full.stderr);
  const requests = platform.heard.length;
  workdir.file('p.csv', peopleCsv(7, 100));
  refusal('too-few-rows', /30\.0 %/)(await workdir.run([...push, '--max-drop', '20%']));
  assert.equal(platform.heard.length, requests);
  const allowed = await workdir.run([...push, '--max-drop', '30%']);
  assert.equal(allowed.status, 0, allowed.stderr);
});

test('what cannot be taken back needs --confirm-destructive, for a dry run too', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t, () => ({ status: 202 }));
  writeStreamSetup(workdir, platform.url, 'person', { privacyKey: 'k-1', privacyBaseUrl: platform.url });
  workdir.file(
    'people.map.yaml',
    'version: 1\ntarget: raptor\noperation: person.delete\nkey: id\nfields: { UserId: id }\n',
  );
  workdir.file('gone.csv', 'id\n7\n');
  refusal('not-confirmed', /--confirm-destructive/)(await workdir.run(['push', 'gone.csv', '-t', 'stream']));
  assert.equal(platform.heard.length, 0);
  const meant = await workdir.run(['push', 'gone.csv', '-t', 'stream', '--confirm-destructive', '--json']);
  assert.equal(platform.heard.length, 1, meant.stderr);
});
