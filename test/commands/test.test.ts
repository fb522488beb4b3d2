import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { testMappings, threadsFor } from '../../src/commands/test-pool.ts';
import type { MappingReport } from '../../src/report/test-results.ts';
import { createWorkdir, root, writeStreamSetup } from '../support/workdir.ts';

const mapping = (tests: string) => `version: 1
target: raptor
operation: person
key: customer_id
settings: { writeMode: append }
fields:
  CustomerId: { from: customer_id, type: integer, required: true }
  Email: { from: email, type: email, required: true }
${tests}`;

const good = mapping(`tests:
  - name: one who is well
    row: { customer_id: "7", email: ada@example.com }
    gives: { CustomerId: 7, Email: ada@example.com }
`);

const bad = mapping(`tests:
  - name: the <wrong> "number" & more
    row: { customer_id: "7", email: ada@example.com }
    gives: { CustomerId: 8 }
  - row: { customer_id: "7", email: ada@example.com }
    skips: true
`);

test('the tests of all mappings of the fixtures pass, without credentials', async (t) => {
  const { status, stdout, summary } = await createWorkdir(t).run(['test', join(root, 'fixtures'), '--json']);
  assert.equal(status, 0, stdout);
  assert.deepEqual([summary['failed'], summary['broken']], [0, 0]);
  assert.equal(summary['mappings'], globSync('**/*.map.yaml', { cwd: join(root, 'fixtures') }).length, stdout);
});

test('reports come in the order of the mappings, the same from any number of threads', async (t) => {
  const workdir = createWorkdir(t);
  const found = Array.from({ length: 12 }, (_, index) => ({
    path: workdir.file(`${index}/one.map.yaml`, [good, bad, 'version: 1\n'][index % 3] ?? ''),
    named: false,
  }));
  const reportsOf = async (threads: number) => {
    const reports: MappingReport[] = [];
    for await (const report of testMappings(found, {}, threads)) reports.push({ ...report, seconds: 0 });
    return reports;
  };
  const here = await reportsOf(0);
  assert.deepEqual(
    here.map(({ file }) => file),
    found.map(({ path }) => path),
  );
  assert.deepEqual(await reportsOf(1), here);
  assert.deepEqual(await reportsOf(3), here);
});

test('threads are started for many mappings only', () => {
  assert.equal(threadsFor(99), 0);
  assert.ok(threadsFor(100) >= 1);
});

test('a module that ends its thread ends the command, and nothing waits for it', async (t) => {
  const path = createWorkdir(t);
  path.file('leave.js', 'export const now = () => process.exit(0);');
  const mapped = good.replace('email, type: email', 'email, transform: "./leave.js#now"');
  const found = [{ path: path.file('one.map.yaml', mapped), named: true }];
  await assert.rejects(async () => {
    for await (const report of testMappings(found, {}, 1)) assert.fail(JSON.stringify(report));
  }, /one\.map\.yaml ended/);
});

test('a mapping that is named beside its folder is tested once', async (t) => {
  const workdir = createWorkdir(t);
  workdir.file('maps/good.map.yaml', good);
  const { summary } = await workdir.run(['test', 'maps', 'maps/good.map.yaml', './maps', '--json']);
  assert.deepEqual([summary['mappings'], summary['passed']], [1, 1]);
});

test('a secret of the config stands neither in what is said nor in the XML', async (t) => {
  const workdir = createWorkdir(t);
  writeStreamSetup(workdir, 'https://example.invalid');
  const secret = '3f0c7d52-8a1e-4b6f-9c33-0d7e5a1b2c44';
  workdir.file('people.map.yaml', bad.replace('gives: { CustomerId: 8 }', `gives: { Email: ${secret} }`));
  const { stdout } = await workdir.run(['test', 'people.map.yaml', '--junit', 'out.xml', '--json']);
  for (const text of [stdout, workdir.read('out.xml')]) {
    assert.doesNotMatch(text, /3f0c7d52/);
    assert.match(text, /•••/);
  }
});

test('a failed test shows what was expected and what came, with its place, and ends with exit 1', async (t) => {
  const workdir = createWorkdir(t);
  workdir.file('bad.map.yaml', bad);
  const { status, stdout } = await workdir.run(['test', 'bad.map.yaml', '--junit', 'out.xml']);
  assert.equal(status, 1);
  assert.match(
    stdout,
    /fail the <wrong> "number" & more \(bad\.map\.yaml:10\)\n +CustomerId\n +- expected 8\n +\+ got {6}7\n/,
  );
  assert.match(stdout, /fail test 2 .*\n +expected the row to be skipped; it gave an item\n/);
  assert.match(stdout, /^0 tests passed, 2 failed in 1 mapping$/m);
  const xml = workdir.read('out.xml');
  assert.match(xml, /<testsuites name="cdp-load test" tests="2" failures="2" errors="0">/);
  assert.match(xml, /name="the &lt;wrong&gt; &quot;number&quot; &amp; more" file="bad\.map\.yaml" line="10">/);
  assert.match(xml, /<failure message="CustomerId: expected 8; got 7">/);
});

test('a folder is walked, and one broken mapping neither hides the others nor passes', async (t) => {
  const workdir = createWorkdir(t);
  workdir.file('maps/deep/good.map.yml', good);
  workdir.file('maps/bad.map.yaml', bad);
  workdir.file('maps/broken.map.yaml', 'version: 1\ntarget: raptor\noperation: person\nfeilds: { A: a }\n');
  workdir.file('maps/node_modules/other.map.yaml', bad);
  workdir.file('maps/notes.yaml', 'not a mapping');
  const { status, events, summary } = await workdir.run(['test', 'maps', '--json']);
  assert.equal(status, 2);
  assert.deepEqual(summary, { event: 'summary', mappings: 3, passed: 1, failed: 2, broken: 1, exit: 2 });
  const error = events.find(({ event }) => event === 'error');
  assert.equal(error?.['code'], 'mapping-invalid');
  assert.match(String(error?.['message']), /broken\.map\.yaml:4:1: .*did you mean "fields"/);
});

test('nothing tested is no success', async (t) => {
  const workdir = createWorkdir(t);
  workdir.file('one/none.map.yaml', mapping(''));
  const [inFolder, named, empty] = await Promise.all([
    workdir.run(['test', 'one']),
    workdir.run(['test', 'one/none.map.yaml']),
    workdir.run(['test', '.git-like-empty']),
  ]);
  assert.deepEqual([inFolder.status, named.status, empty.status], [2, 2, 2]);
  assert.match(inFolder.stderr, /\[no-tests\]/);
  assert.match(named.stdout, /\[no-tests\]/);
  assert.match(empty.stdout, /\[mapping-unreadable\]/);
});

test("the target's own declarations hold, taken from the config that names the mapping", async (t) => {
  const workdir = createWorkdir(t);
  writeStreamSetup(workdir, 'https://example.invalid', 'person', {
    streamId: `\${NOT_SET}`,
    columns: { CustomerId: { type: 'integer', identifier: true }, Email: { type: 'enum', values: ['a@b.se'] } },
  });
  workdir.file('people.map.yaml', good);
  const { status, stdout } = await workdir.run(['test', 'people.map.yaml']);
  assert.equal(status, 1, stdout);
  assert.match(stdout, /people\.map\.yaml \(raptor, target stream\)/);
  assert.match(stdout, /fail one who is well.*\n +expected an item; the row was rejected: Email: .*a@b\.se/);
});

test('a control character in a name reaches neither the terminal nor the XML', async (t) => {
  const workdir = createWorkdir(t);
  workdir.file('odd.map.yaml', bad.replace('the <wrong>', '').replace('name:  "number" & more', 'name: "a\\e[31mb"'));
  const { stdout } = await workdir.run(['test', 'odd.map.yaml', '--junit', 'out.xml']);
  assert.match(stdout, /fail a\\x1b\[31mb/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is the character that must not come through
  assert.doesNotMatch(stdout + workdir.read('out.xml'), /\u001b/);
});
