import { count, type Figure, interleaved, type Line, median } from './figure.ts';
import { rowsAPerson } from './files.ts';

/** What is loaded at each size, and what only at the largest. */
const all = { command: 'push', target: 'stream', accepts: (rows: number) => rows } as const;
const always = { ...all, form: 'csv', rowBytes: 157, what: 'CSV' } as const;
const largest = [
  { ...all, form: 'nested', rowBytes: 380, what: 'NDJSON with lists and objects in it' },
  { ...all, form: 'grouped', rowBytes: 157, target: 'grouped', what: `CSV, ${rowsAPerson} rows an item` },
  {
    ...always,
    target: 'filtered',
    accepts: (rows: number) => Math.floor(rows / 2),
    what: 'CSV, every second row left out',
  },
  { ...always, command: 'validate', what: 'CSV, whose keys it compares' },
] as const;

export const memory: Figure = {
  name: 'memory',
  title: 'Peak resident memory',
  about:
    'Of the whole process, workers included, as GNU time reports it: the median of the runs of each. One run differs from the next by some 20 MB.',
  async run({ full, rounds, file, load }) {
    const sizes = full ? [100, 1000, 5000] : [100, 1000];
    const loads = [
      ...sizes.map((megabytes) => ({ ...always, megabytes })),
      ...largest.map((one) => ({ ...one, megabytes: sizes.at(-1) ?? 0 })),
    ];
    const things: Record<string, () => Promise<number>> = {};
    for (const { command, form, rowBytes, target, accepts, what, megabytes } of loads) {
      const rows = Math.round((megabytes * 1e6) / rowBytes);
      const path = await file(form, rows);
      things[`\`${command}\` of ${count(megabytes)} MB of ${what}`] = async () =>
        (await load(command, path, rows, { target, accepts: accepts(rows) })).peakMB;
    }
    const runs = await interleaved(rounds, things);
    const peaks = Object.entries(runs).map(([what, measured]) => ({ what, peak: median(measured) }));
    const lines: Line[] = peaks.map(({ what, peak }) => ({
      what,
      value: `${Math.round(peak)} MB`,
      goal: '< 350 MB',
      reached: peak < 350,
    }));
    const ofCsv = peaks.slice(0, sizes.length).map(({ peak }) => peak);
    const growth = Math.max(...ofCsv) / Math.min(...ofCsv);
    const goal = 'flat (≤ 1.10)';
    const flat = { what: 'largest to smallest of CSV', value: growth.toFixed(2), goal, reached: growth <= 1.1 };
    return [...lines.slice(0, sizes.length), flat, ...lines.slice(sizes.length)];
  },
};
