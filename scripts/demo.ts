// `npm run demo [-- --target NAME]`: a messy file, a sandbox, one command. Nothing leaves this machine.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openJournal } from '../src/journal/journal.ts';
import { findTargetType } from '../src/targets/index.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** A file for each target, with a few bad rows on purpose. */
const scenes: Readonly<Record<string, { readonly folder: string; readonly file: string }>> = {
  raptor: { folder: 'fixtures', file: 'people.csv' },
  adobe: { folder: 'fixtures/adobe', file: 'profiles.csv' },
  relay42: { folder: 'fixtures/relay42', file: 'crm-customers.csv' },
  customerio: { folder: 'fixtures/customerio', file: 'customers.csv' },
  datatalks: { folder: 'fixtures/datatalks', file: 'ticket-buyers.csv' },
};

const { values } = parseArgs({ options: { target: { type: 'string', default: 'stream' } } });
const type = findTargetType(values.target)?.type ?? '';
const scene = scenes[type];
if (scene === undefined) {
  process.stderr.write(
    `There is no demo for "${values.target}". There is one for: ${Object.keys(scenes).join(', ')}.\n`,
  );
  process.exit(2);
}

const stateDir = mkdtempSync(join(tmpdir(), 'cdp-load-demo-'));
const target = type === 'raptor' ? 'stream' : type;
const args = [
  'push',
  `${scene.folder}/${scene.file}`,
  '--target',
  target,
  '--config',
  `${scene.folder}/cdp-load.yaml`,
  '--sandbox',
];
process.stderr.write(`\n$ npx cdp-load ${args.join(' ')}\n\n`);

const child = spawn(process.execPath, [join(root, 'bin', 'cdp-load.js'), ...args, '--state-dir', stateDir], {
  cwd: root,
  stdio: 'inherit',
});
child.on('exit', (code, signal) => {
  // Some rows are bad on purpose, so exit 1 is what the demo has to show.
  if (code === 1) {
    showFirstReject();
    process.exit(0);
  }
  process.stderr.write(`\nThe demo ended with ${signal ?? `exit ${code}`}, not with exit 1 as it should.\n`);
  process.exit(1);
});

function showFirstReject(): void {
  const journal = openJournal(join(stateDir, 'sandbox'));
  const [run] = journal.runs(1);
  journal.close();
  if (run === undefined) return;
  const rejects = join(stateDir, 'sandbox', 'runs', run.id, 'rejects.ndjson');
  const [first = ''] = readFileSync(rejects, 'utf8').split('\n');
  process.stderr.write(
    `\nThe first of the rejected rows, as it lies there:\n\n${first}\n\nExit code 1: finished, some rows rejected. Try also: npm run demo -- --target customerio\n`,
  );
}
