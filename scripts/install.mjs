// Makes a bare clone ready: installs the locked packages when they are missing or not the ones in the lock file.
// Runs under whatever Node the machine has, so it keeps to old syntax and built-in modules.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const stamp = join(root, 'node_modules', '.installed-lock');
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
const installed = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';

if (installed !== lock) {
  process.stderr.write('Installing packages (npm ci) …\n');
  const { status, error } = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', process.stderr, process.stderr],
    shell: process.platform === 'win32',
  });
  if (error || status !== 0) {
    process.stderr.write(
      `npm ci failed${error ? `: ${error.message}` : ''}. Mend what it says above and run this again.\n`,
    );
    process.exit(1);
  }
  writeFileSync(stamp, lock);
}
