/** `validate` is `push` up to the socket: the same rows, the same faults, the same exit, and not one request. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startRecorder } from '../support/recorder.ts';
import { createWorkdir, type Ran, writeStreamSetup } from '../support/workdir.ts';

const faulty = [
  'customer_id,email',
  '1,ok@example.com',
  '2,nonsense',
  '9007199254740993123,big@example.com',
  '"4\nstill 4",x@example.com',
  '5,five@example.com,too,many',
  '6,"broken" quote@example.com',
  '7,',
  'x,also nonsense',
  '9,"n""ine"@example.com',
  '10,ten@example.com',
  '',
].join('\n');

interface Reject {
  readonly file: string;
  readonly line: number;
  readonly record: number;
  readonly byte: number;
  readonly stage: string;
  readonly code: string;
  readonly column?: string;
  readonly value?: string;
  readonly source: unknown;
}

const rejectsOf = ({ summary }: Ran): Reject[] =>
  readFileSync(String(summary['rejectsFile']), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Reject);

test('validate, push --dry-run and push reject the same rows for the same faults with the same exit; only push sends', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', faulty);
  const rest = ['p.csv', '-t', 'stream', '--json'];
  const [validated, dry] = await Promise.all([
    workdir.run(['validate', ...rest, '--state-dir', 'a']),
    workdir.run(['push', '--dry-run', ...rest, '--state-dir', 'b']),
  ]);
  assert.equal(platform.heard.length, 0, 'a check sent something');
  const pushed = await workdir.run(['push', ...rest, '--state-dir', 'c']);
  assert.deepEqual([validated.status, dry.status, pushed.status], [1, 1, 1]);
  const found = rejectsOf(pushed);
  assert.ok(found.length >= 5, JSON.stringify(found));
  assert.deepEqual(rejectsOf(validated), found);
  assert.deepEqual(rejectsOf(dry), found);
  assert.deepEqual(validated.summary['faults'], pushed.summary['faults']);
  for (const key of ['read', 'accepted', 'rejected', 'skipped', 'uncertain', 'remaining', 'requests', 'bytes'])
    assert.equal(validated.summary[key], pushed.summary[key], key);
  assert.deepEqual(
    platform.stored.map(({ Email }) => Email),
    ['ok@example.com', 'ten@example.com'],
  );

  // A check leaves no load behind: what it was made for is still to be loaded.
  const again = await workdir.run(['push', ...rest, '--state-dir', 'a']);
  assert.partialDeepStrictEqual(again.summary, { accepted: 2, resumed: 0, alreadyLoaded: [] });
});

test('a rejected row is named by line, record and byte, keeps its source to the digit, and lies in a file for its owner only', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', `\ufeff${faulty.replaceAll('\n', '\r\n')}`);
  workdir.file(
    'p.ndjson',
    '\n{"customer_id":12345678901234567890123,"email":"no"}\n{"customer_id":1e400,"email":null,"__proto__":{"x":1}}\nnot json\n[1]\n{"customer_id":3,"email":"c@example.com"}\n',
  );
  const ran = await workdir.run(['push', 'p.csv', 'p.ndjson', '-t', 'stream', '--json']);
  assert.equal(ran.status, 1, ran.stderr);
  const found = rejectsOf(ran);
  const bytes = readFileSync(join(workdir.path, 'p.csv'));
  for (const { file, line, byte, record } of found.filter(({ file }) => file === 'p.csv')) {
    const before = bytes.subarray(0, byte).toString('utf8');
    assert.equal(before.split('\n').length, line, `${file} record ${record}: byte ${byte} is not in line ${line}`);
    assert.ok(before.endsWith('\n'), `byte ${byte} does not begin a line`);
  }
  const two = found.find(({ file, record }) => file === 'p.csv' && record === 2);
  assert.partialDeepStrictEqual(two, {
    line: 3,
    stage: 'map',
    column: 'email',
    value: 'nonsense',
    source: { customer_id: '2', email: 'nonsense' },
  });
  const raw = readFileSync(String(ran.summary['rejectsFile']), 'utf8');
  assert.match(raw, /"source":\{"customer_id":12345678901234567890123,"email":"no"\}/);
  assert.match(raw, /"__proto__":\{"x":1\}/);
  assert.match(raw, /"source":"not json"/);
  const ndjson = found.filter(({ file }) => file === 'p.ndjson');
  assert.deepEqual(
    ndjson.map(({ line, record }) => [line, record]),
    [
      [2, 1],
      [3, 2],
      [4, 3],
      [5, 4],
    ],
  );
  const { mode } = statSync(String(ran.summary['rejectsFile']));
  assert.equal(mode & 0o777, 0o600);
  for (const folder of ['.cdp-load', '.cdp-load/runs', `.cdp-load/runs/${ran.summary['run']}`])
    assert.equal(statSync(join(workdir.path, folder)).mode & 0o777, 0o700, folder);
});

test('every summary adds up, with several files, a file that comes twice, and rows that the mapping skips', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  workdir.file(
    'm.map.yaml',
    'version: 1\ntarget: raptor\noperation: person\nkey: id\nwhere: \'land == "SE"\'\nfields:\n  CustomerId: { from: id, type: integer, required: true }\n',
  );
  workdir.file('a.csv', 'id;land\n1;SE\n2;DK\n3;SE\nx;SE\ny;DK\n');
  workdir.file('b.tsv', 'land\tid\nSE\t7\nNO\t8\n');
  workdir.file('copy.csv', 'id;land\n1;SE\n2;DK\n3;SE\nx;SE\ny;DK\n');
  const ran = await workdir.run(['push', 'a.csv', 'b.tsv', 'copy.csv', '-t', 'stream', '-m', 'm.map.yaml', '--json']);
  const { read, accepted, rejected, skipped, uncertain, remaining } = ran.summary;
  assert.deepEqual([read, accepted, rejected, skipped, uncertain, remaining], [7, 3, 1, 3, 0, 0], ran.stdout);
  assert.deepEqual(
    platform.stored.map(({ CustomerId }) => CustomerId),
    [1, 3, 7],
  );
  const start = ran.events.find(({ event }) => event === 'start');
  const text = JSON.stringify(start);
  assert.match(text, /delimiter semicolon \(detected\)/);
  assert.match(text, /delimiter tab \(detected\)/);
  assert.match(text, /copy\.csv has the same content as a\.csv/);
});

test('preview shows the very body that push sends, and sends nothing itself', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', 'customer_id,email\n12345678901234567890,a@example.com\n2,b\u009b31m@example.com\n');
  workdir.file(
    'people.map.yaml',
    'version: 1\ntarget: raptor\noperation: person\nkey: customer_id\nfields:\n  CustomerId: { from: customer_id, required: true }\n  Email: { from: email, required: true }\n',
  );
  const shown = await workdir.run(['preview', 'p.csv', '-t', 'stream']);
  assert.equal(shown.status, 0, shown.stderr);
  assert.equal(platform.heard.length, 0);
  assert.equal(existsSync(join(workdir.path, '.cdp-load')), false, 'a preview left something behind');
  const pushed = await workdir.run(['push', 'p.csv', '-t', 'stream']);
  assert.equal(pushed.status, 0, pushed.stderr);
  const body = shown.stdout.slice(shown.stdout.indexOf('['), shown.stdout.lastIndexOf(']') + 1);
  assert.match(body, /12345678901234567890/);
  assert.equal(body.replace(/\s/g, '').replace('\\u009b', '\u009b'), platform.heard[0]?.body.replace(/\s/g, ''));
  assert.doesNotMatch(shown.stdout, /\u009b/, 'a terminal would take this for a command');
  assert.doesNotMatch(shown.stdout, /3f0c7d52/);
  assert.deepEqual(readdirSync(workdir.path).includes('.cdp-load'), true);
});
