import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type InputFile, survey, verifyUnchanged } from '../../src/engine/survey.ts';
import { Exit } from '../../src/model/fault.ts';

const content = 'id,note\n1,a\n2,b\n';
const folder = 'the folder of the run';
const disturbances: readonly (readonly [what: string, disturb: (path: string) => void, code: string, says: RegExp])[] =
  [
    ['deleted', (path) => rmSync(path), 'input-changed-meanwhile', /went away/],
    ['changed', (path) => writeFileSync(path, content.replace('a', 'c')), 'input-changed-meanwhile', /was changed/],
    // What a disk that fails looks like without one: it is there, but does not open, or opens, and does not read.
    ['not to be opened', (path) => [rmSync(path), symlinkSync(path, path)], 'input-unreadable', /ELOOP/],
    ['not to be read', (path) => [rmSync(path), mkdirSync(path)], 'input-unreadable', /EISDIR/],
  ];

for (const [what, disturb, code, says] of disturbances) {
  for (const name of ['people.csv', '-']) {
    test(`a file called ${name} that is ${what} after it was looked at is named as such`, async (t) => {
      const parent = mkdtempSync(join(tmpdir(), 'cdp-load-survey-'));
      t.after(() => rmSync(parent, { recursive: true, force: true }));
      mkdirSync(join(parent, folder));
      const file: InputFile = { name, path: join(parent, folder, name === '-' ? 'stdin.1' : name) };
      writeFileSync(file.path, content);
      const [seen] = await survey([file], {}, () => undefined as never);
      assert.ok(seen !== undefined);
      await verifyUnchanged(seen);
      disturb(file.path);
      await assert.rejects(verifyUnchanged(seen), (error: Error & { code?: string; exit?: Exit }) => {
        assert.equal(error.code, code, error.message);
        assert.match(error.message, says);
        assert.equal(error.exit, code === 'input-unreadable' ? Exit.usage : Exit.gaveUpRetrying);
        if (name === '-') {
          assert.match(error.message, /^stdin\b/);
          assert.equal(error.message.includes(folder), false, error.message);
        }
        return true;
      });
    });
  }
}
