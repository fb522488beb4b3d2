// `npm run bench`: figures for docs/benchmarks.md beside their goals, made with public tools in one run on one machine.
// Options: --rows N (default 1,000,000), --only NAME[,NAME…], --rounds N (default 3), --full (5 GB, 10 and 100 times
// the rows, and more of what is noisy: three quarters of an hour and 35 GB of disk), --write (puts the tables into docs/benchmarks.md).
import { readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { needDebian } from '../debian.ts';
import type { Figure, Line } from './figure.ts';
import { linear } from './linear.ts';
import { memory } from './memory.ts';
import { journal, progress } from './overhead.ts';
import { recordsFigure } from './records.ts';
import { resume } from './resume.ts';
import { openStage } from './stage.ts';
import { start } from './start.ts';
import { throughput } from './throughput.ts';

/** What a verdict is called on the page. */
const verdicts: Readonly<Record<string, string>> = { true: 'yes', false: '**no**', unclear: '**too noisy to tell**' };
const figures: readonly Figure[] = [throughput, journal, progress, memory, recordsFigure, start, resume, linear];

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    full: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const only = values.only?.split(',');
const unknown = only?.find((name) => !figures.some((figure) => figure.name === name));
if (unknown !== undefined) {
  process.stderr.write(`There is no figure "${unknown}"; there are ${figures.map(({ name }) => name).join(', ')}.\n`);
  process.exit(2);
}
const { bavail, bsize } = statfsSync(tmpdir());
const neededGB = values.full ? 35 : 5;
if (bavail * bsize < neededGB * 1e9) throw new Error(`${tmpdir()} needs ${neededGB} GB of free space`);

needDebian({
  '/usr/sbin/nginx': 'nginx-light',
  '/usr/bin/time': 'time',
  '/usr/bin/wrk': 'wrk',
  '/usr/bin/mlr': 'miller',
  '/usr/bin/script': 'bsdutils',
});

const stage = await openStage({ rows: Number(values.rows), rounds: Number(values.rounds), full: values.full });
const sections: string[] = [];
try {
  for (const figure of figures) {
    if (only !== undefined && !only.includes(figure.name)) continue;
    const lines = await figure.run(stage);
    sections.push(section(figure, lines));
    process.stdout.write(`${sections.at(-1)}\n`);
  }
} finally {
  await stage.close();
}

function section({ title, about }: Figure, lines: readonly Line[]): string {
  const rows = lines.map(
    ({ what, value, goal, reached }) =>
      `| ${what} | ${value} | ${goal ?? ''} | ${reached === undefined ? '' : verdicts[String(reached)]} |`,
  );
  return [`### ${title}`, '', about, '', '| | measured | goal | reached |', '|---|---|---|---|', ...rows, ''].join(
    '\n',
  );
}

if (values.write) {
  const page = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'docs', 'benchmarks.md');
  const machine = `Node ${process.versions.node}, ${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 1e9)} GB of memory, ${Number(values.rows).toLocaleString('en-US')} rows.`;
  const text = readFileSync(page, 'utf8').replace(
    /(<!-- table -->\n)[\s\S]*?(<!-- \/table -->)/,
    (_, opening: string, closing: string) => `${opening}\n${machine}\n\n${sections.join('\n')}\n${closing}`,
  );
  writeFileSync(page, text);
}
