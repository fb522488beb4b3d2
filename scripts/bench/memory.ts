import { count, type Figure, interleaved, type Line, median } from './figure.ts';

const rowsOf = (megabytes: number) => Math.round((megabytes * 1e6) / 157);

export const memory: Figure = {
  name: 'memory',
  title: 'Peak resident memory',
  about:
    'Of the whole process, workers included, as GNU time reports it: the median of the runs at each size. One run differs from the next by some 20 MB.',
  async run({ full, rounds, file, load }) {
    const sizes = full ? [100, 1000, 5000] : [100, 1000];
    const peakOf = async (megabytes: number) => {
      const rows = rowsOf(megabytes);
      const path = await file('csv', rows);
      return async () => (await load('push', path, rows)).peakMB;
    };
    const things = Object.fromEntries(
      await Promise.all(sizes.map(async (megabytes) => [String(megabytes), await peakOf(megabytes)] as const)),
    );
    const runs = await interleaved(rounds, things);
    const peaks = sizes.map((megabytes) => median(runs[String(megabytes)] ?? []));
    const lines: Line[] = sizes.map((megabytes, index) => ({
      what: `\`push\` of ${count(megabytes)} MB of CSV`,
      value: `${Math.round(peaks[index] ?? 0)} MB`,
      goal: '< 350 MB',
      reached: (peaks[index] ?? 0) < 350,
    }));
    const growth = Math.max(...peaks) / Math.min(...peaks);
    const goal = 'flat (≤ 1.10)';
    lines.push({ what: 'largest to smallest', value: growth.toFixed(2), goal, reached: growth <= 1.1 });
    return lines;
  },
};
