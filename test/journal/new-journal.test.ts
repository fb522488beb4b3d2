import assert from 'node:assert/strict';
import fs, { readdirSync, statSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatabase } from '../../src/journal/database.ts';
import { temporaryFolder } from './workbench.ts';

test('a new journal is on disk as a whole before it gets its name, and its name after', (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'journal.db');
  const seen: string[] = [];
  const { fsyncSync, linkSync } = fs;
  t.mock.method(fs, 'fsyncSync', (handle: number) => {
    const stat = fs.fstatSync(handle);
    seen.push(stat.isDirectory() ? 'sync folder' : `sync ${stat.ino}, ${stat.size} bytes`);
    fsyncSync(handle);
  });
  t.mock.method(fs, 'linkSync', (from: string, to: string) => {
    assert.deepEqual(readdirSync(folder), [`journal.db.new-${process.pid}`]);
    seen.push('link');
    linkSync(from, to);
  });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  openDatabase(path).close();
  const { ino, size } = statSync(path);
  assert.deepEqual(seen, [`sync ${ino}, ${size} bytes`, 'link', 'sync folder']);
  assert.deepEqual(readdirSync(folder), ['journal.db']);
});
