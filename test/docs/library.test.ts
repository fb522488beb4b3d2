import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { root } from '../support/workdir.ts';

test('the package can be imported by its name, starts nothing, and a load can be put together from it', () => {
  const program = `
    const before = process.listenerCount('SIGINT');
    const library = await import('cdp-load');
    const prepared = await library.prepare({
      files: ['fixtures/people.csv'], target: 'stream', config: 'fixtures/cdp-load.yaml', stateDir: '/nonexistent', sandbox: true,
      source: {}, workingDirectory: process.cwd(), env: {}, stdin: process.stdin,
    });
    console.log(JSON.stringify({
      listeners: process.listenerCount('SIGINT') - before,
      operation: prepared.operations[0].name,
      columns: prepared.files[0].description.csv.header.length,
    }));
    await prepared.release();
  `;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), { listeners: 0, operation: 'person', columns: 16 });
});
