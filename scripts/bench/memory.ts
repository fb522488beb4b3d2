import { count, type Figure, type Line } from './figure.ts';

const rowsOf = (megabytes: number) => Math.round((megabytes * 1e6) / 157);

export const memory: Figure = {
  name: 'memory',
  title: 'Peak resident memory',
  about: 'Of the whole process, workers included, as GNU time reports it, at files of two sizes.',
  async run({ full, file, load }) {
    const sizes = full ? [100, 1000, 5000] : [100, 1000];
    const lines: Line[] = [];
    const peaks: number[] = [];
    for (const megabytes of sizes) {
      const rows = rowsOf(megabytes);
      const { peakMB } = await load('push', await file('csv', rows), rows);
      peaks.push(peakMB);
      lines.push({
        what: `\`push\` of ${count(megabytes)} MB of CSV`,
        value: `${Math.round(peakMB)} MB`,
        goal: '< 350 MB',
        reached: peakMB < 350,
      });
    }
    const growth = (peaks.at(-1) ?? 0) / (peaks[0] ?? 0);
    const goal = 'flat (≤ 1.10)';
    lines.push({ what: 'largest to smallest', value: growth.toFixed(2), goal, reached: growth <= 1.1 });
    return lines;
  },
};
