// `npm run test:long`: what needs minutes, or programs of Debian's that are installed when they are absent. The tests start
// and stop their own servers, on ports that the system picks.
import { spawnSync } from 'node:child_process';
import { needDebian } from './debian.ts';

needDebian({
  '/usr/bin/strace': 'strace',
  '/usr/sbin/nginx': 'nginx-light',
  '/usr/bin/tinyproxy': 'tinyproxy',
  '/usr/bin/faketime': 'faketime',
  '/usr/bin/openssl': 'openssl',
});
const files = process.argv.slice(2);
const patterns = files.length > 0 ? files : ['test/long/**/*.test.ts'];
const { status } = spawnSync(
  process.execPath,
  ['--test', '--test-concurrency=2', '--test-timeout=600000', ...patterns],
  { stdio: 'inherit' },
);
process.exit(status ?? 1);
