/** `npm run demo -- --target X` without the building: what a newcomer sees first must work for each platform. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { targetTypes } from '../../src/targets/index.ts';
import { createWorkdir, root } from '../support/workdir.ts';

/** What the sandbox says that it holds, and where the first row lies that was turned down. */
const scenes: Readonly<Record<string, { readonly holds: RegExp; readonly firstReject: RegExp }>> = {
  raptor: { holds: /^ {4}stream \w+…\w+: [\d,]+ persons from [\d,]+ records$/m, firstReject: /people\.csv/ },
  adobe: { holds: /^ {4}dataset \w+: \d+ rows in the lake, \d+ in Profile$/m, firstReject: /profiles\.csv/ },
  relay42: {
    holds: /^ {4}site 1234: \d+ profiles with \d+ ids, \d+ facts and 0 interactions$/m,
    firstReject: /crm-customers\.csv/,
  },
  customerio: {
    holds: /^ {4}region us: \d+ people, \d+ events \(1 of them would start campaigns\)/m,
    firstReject: /customers\.csv/,
  },
  datatalks: { holds: /^ {4}person: \d+ profiles$/m, firstReject: /ticket-buyers\.csv/ },
};

const demo = (t: TestContext, target: string) =>
  new Promise<{ status: unknown; shown: string }>((resolve) => {
    const env = { PATH: process.env['PATH'] ?? '', NO_COLOR: '1', TMPDIR: createWorkdir(t).path };
    const args = [join(root, 'scripts', 'demo.ts'), '--target', target];
    execFile(process.execPath, args, { cwd: root, env }, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : error.code, shown: stdout + stderr }),
    );
  });

test('every target has its demo', () => {
  assert.deepEqual(targetTypes.map(({ type }) => type).sort(), Object.keys(scenes).sort());
});

for (const [target, { holds, firstReject }] of Object.entries(scenes)) {
  test(`the demo of ${target} loads its file into the sandbox and shows what arrived and a row that did not`, async (t) => {
    const { status, shown } = await demo(t, target);
    assert.equal(status, 0, shown);
    assert.match(shown, holds);
    assert.doesNotMatch(shown, /dropped|failed the schema|two profiles|while another|refused:/);
    const [, line = ''] = /as it lies there:\n\n(.+)\n/.exec(shown) ?? [];
    const reject = JSON.parse(line) as Record<string, unknown>;
    assert.match(String(reject['file']), firstReject);
    assert.ok(Number(reject['line']) > 1 && String(reject['reason']) !== '' && reject['source'] !== undefined, line);
    assert.match(shown, /^Exit code 1: finished, some rows rejected\./m);
  });
}

test('a demo that is not there says which ones are', async (t) => {
  const { status, shown } = await demo(t, 'nowhere');
  assert.equal(status, 2);
  assert.match(
    shown,
    /There is no demo for "nowhere"\. There is one for: raptor, adobe, relay42, customerio, datatalks\./,
  );
});
