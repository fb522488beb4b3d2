// `npm run demo`: a messy file, a sandbox, one command. Everything happens in a temporary state folder on this machine.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** What the demo loads into each target. */
const scenes: Readonly<Record<string, { config: string; files: readonly string[]; mapping?: string; target: string }>> =
  {
    stream: { config: 'fixtures/cdp-load.yaml', files: ['fixtures/people.csv'], target: 'stream' },
  };

const { values } = parseArgs({ options: { target: { type: 'string', default: 'stream' } } });
const scene = scenes[values.target];
if (scene === undefined) {
  process.stderr.write(
    `There is no demo for "${values.target}". There is one for: ${Object.keys(scenes).join(', ')}.\n`,
  );
  process.exit(2);
}

const stateDir = mkdtempSync(join(tmpdir(), 'cdp-load-demo-'));
const args = [
  'push',
  ...scene.files,
  '--target',
  scene.target,
  '--config',
  scene.config,
  '--sandbox',
  '--state-dir',
  stateDir,
];
if (scene.mapping !== undefined) args.push('--mapping', scene.mapping);
process.stderr.write(`\n$ npx cdp-load ${args.join(' ')}\n\n`);

const child = spawn(process.execPath, [join(root, 'bin', 'cdp-load.js'), ...args], { cwd: root, stdio: 'inherit' });
child.on('exit', (code, signal) => {
  // Some rows of the fixture are bad on purpose: exit 1 is what the demo is meant to show.
  const isAsMeant = code === 1;
  if (isAsMeant) showFirstReject();
  else process.stderr.write(`\nThe demo ended with ${signal ?? `exit ${code}`}, not with exit 1 as it should.\n`);
  process.exit(isAsMeant ? 0 : 1);
});

function showFirstReject(): void {
  const { runs } = { runs: findRejects(stateDir) };
  if (runs === undefined) return;
  const [first = ''] = readFileSync(runs, 'utf8').split('\n');
  process.stderr.write(`\nThe first of the rejected rows, as it lies in ${relative(process.cwd(), runs)}:\n${first}\n`);
}

function findRejects(directory: string): string | undefined {
  const report = spawnSyncJson(['runs', '--json', '--state-dir', join(directory, 'sandbox')]);
  return report;
}

function spawnSyncJson(_args: readonly string[]): string | undefined {
  return undefined;
}
