// `npm run bench`: figures for docs/benchmarks.md, made with public tools in one run on one machine. Ratios are what counts.
// Options: --rows N (default 1,000,000), --only NAME[,NAME…], --write (puts the table into docs/benchmarks.md).
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benchMapping, makeFile } from './files.ts';
import { type Measured, measure, needDebian } from './measure.ts';
import { type Nginx, startNginx } from './nginx.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const rows = Number(values.rows);
const only = values.only?.split(',');

needDebian({ '/usr/sbin/nginx': 'nginx-light', '/usr/bin/time': 'time' });
const work = mkdtempSync(join(tmpdir(), 'cdp-load-bench-'));
const data = join(tmpdir(), 'cdp-load-bench-data');
mkdirSync(data, { recursive: true });

interface Line {
  readonly name: string;
  readonly rows: number;
  readonly measured: Measured;
}
const lines: Line[] = [];
const notes: string[] = [];

const wanted = (name: string) => only === undefined || only.some((part) => name.includes(part));
const perSecond = ({ rows: count, measured }: Line) => Math.round(count / measured.seconds);
const find = (name: string) => lines.find((line) => line.name === name);

function writeConfig(url: string): void {
  const stream = {
    type: 'raptor',
    accountId: '12345',
    streamId: '3f0c7d52-8a1e-4b6f-9c33-0d7e5a1b2c44',
    writeMode: 'append',
    baseUrl: url,
    mapping: 'bench.map.yaml',
  };
  writeFileSync(join(work, 'cdp-load.yaml'), JSON.stringify({ targets: { stream } }));
  writeFileSync(join(work, 'bench.map.yaml'), benchMapping);
}

async function load(
  name: string,
  nginx: Nginx,
  command: 'push' | 'validate',
  file: string,
  count: number,
): Promise<void> {
  if (!wanted(name)) return;
  await nginx.settled();
  nginx.taken();
  const state = join(work, `state-${lines.length}`);
  const measured = await measure(
    process.execPath,
    [join(root, 'bin', 'cdp-load.js'), command, file, '--target', 'stream', '--json', '--state-dir', state],
    { cwd: work },
  );
  const summary = JSON.parse(measured.stdout.trim().split('\n').at(-1) ?? '{}') as {
    accepted?: number;
    bytes?: number;
    requests?: number;
  };
  await nginx.settled();
  const taken = nginx.taken();
  if (summary.accepted !== count) throw new Error(`${name}: ${summary.accepted} of ${count} rows accepted`);
  if (command === 'push' && (taken.bytes !== summary.bytes || taken.requests !== summary.requests)) {
    throw new Error(
      `${name}: sent ${summary.bytes} bytes in ${summary.requests} requests, the sink got ${taken.bytes} in ${taken.requests}`,
    );
  }
  add({ name, rows: count, measured });
  rmSync(state, { recursive: true, force: true });
}

function add(line: Line): void {
  lines.push(line);
  process.stderr.write(
    `${line.name.padEnd(34)} ${String(perSecond(line)).padStart(8)} rows/s  ${line.measured.seconds.toFixed(2).padStart(7)} s  ${Math.round(line.measured.peakMB)} MB\n`,
  );
}

const nginx = await startNginx(join(work, 'nginx'));
try {
  writeConfig(nginx.url);
  const csv = await makeFile(data, 'csv', rows);
  const small = await makeFile(data, 'csv', rows / 10);
  const ndjson = await makeFile(data, 'ndjson', rows);
  if (wanted('bare pipeline')) {
    add({
      name: 'bare pipeline, CSV',
      rows,
      measured: await measure(process.execPath, [join(root, 'scripts', 'bench', 'bare-pipeline.ts'), csv, nginx.url]),
    });
  }
  await load('push, CSV', nginx, 'push', csv, rows);
  await load('push, CSV, a tenth of the rows', nginx, 'push', small, rows / 10);
  await load('push, NDJSON', nginx, 'push', ndjson, rows);
  await load('validate, CSV', nginx, 'validate', csv, rows);
} finally {
  await nginx.stop();
  rmSync(work, { recursive: true, force: true });
}

const ratio = (a: string, b: string, of: (line: Line) => number, text: string) => {
  const [one, other] = [find(a), find(b)];
  if (one !== undefined && other !== undefined) notes.push(`- ${text}: ${(of(one) / of(other)).toFixed(2)}`);
};
ratio('push, CSV', 'bare pipeline, CSV', perSecond, '`push` of CSV to the bare pipeline, rows a second');
ratio('push, NDJSON', 'push, CSV', perSecond, '`push` of NDJSON to that of CSV, rows a second');
ratio('validate, CSV', 'push, CSV', perSecond, '`validate` to `push`, rows a second');
ratio(
  'push, CSV',
  'push, CSV, a tenth of the rows',
  (line) => line.measured.peakMB,
  'peak memory at ten times the rows',
);

const table = [
  '| | rows | seconds | rows/s | peak resident memory |',
  '|---|---|---|---|---|',
  ...lines.map(
    (line) =>
      `| ${line.name} | ${line.rows.toLocaleString('en-US')} | ${line.measured.seconds.toFixed(2)} | ${perSecond(line).toLocaleString('en-US')} | ${Math.round(line.measured.peakMB)} MB |`,
  ),
  '',
  'Ratios of the same run:',
  '',
  ...notes,
].join('\n');
process.stdout.write(`${table}\n`);
if (values.write) {
  const page = join(root, 'docs', 'benchmarks.md');
  const text = readFileSync(page, 'utf8');
  writeFileSync(
    page,
    text.replace(
      /(<!-- table -->\n)[\s\S]*?(<!-- \/table -->)/,
      (_, start: string, end: string) => `${start}\n${table}\n\n${end}`,
    ),
  );
}
