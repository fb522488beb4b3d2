import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from '../../src/journal/make-folder.ts';

test('a folder is made with those above it, for the owner alone, and one that is there is left as it is', (t) => {
  const place = mkdtempSync(join(tmpdir(), 'cdp-load-test-'));
  t.after(() => rmSync(place, { recursive: true }));
  const path = join(place, 'a', 'b', 'c');
  makeFolder(path);
  makeFolder(path);
  for (const folder of [path, join(place, 'a')]) assert.equal(statSync(folder).mode & 0o777, 0o700);
  writeFileSync(join(place, 'file'), '');
  assert.throws(() => makeFolder(join(place, 'file')), { code: 'ENOTDIR', message: /is no folder/ });
  assert.throws(() => makeFolder(join(place, 'file', 'below')), { code: 'ENOTDIR' });
});

test('a parent that takes no folder ends it, and not the patience', {
  skip: existsSync('/proc/self') ? false : 'needs /proc',
}, () => {
  assert.throws(() => makeFolder('/proc/no/such'), { code: 'ENOENT' });
});
