import { count, type Figure, interleaved, least } from './figure.ts';

export const linear: Figure = {
  name: 'linear',
  title: 'Cost by rows',
  about:
    'Time of `push` at ten times the rows, best of the runs of each; what a load of 100 rows takes (starting, ending) is taken off both.',
  async run({ rows, full, rounds, file, load }) {
    const sizes = [rows / 10, rows, ...(full ? [rows * 10] : [])];
    const of = async (size: number) => {
      const path = await file('csv', size);
      return async () => (await load('push', path, size)).seconds;
    };
    const things = Object.fromEntries(
      await Promise.all([100, ...sizes].map(async (size) => [String(size), await of(size)] as const)),
    );
    const runs = await interleaved(rounds, things);
    const seconds = (size: number) => least(runs[String(size)] ?? []);
    const start = seconds(100);
    return sizes.slice(1).map((size) => {
      const ratio = (seconds(size) - start) / (seconds(size / 10) - start);
      const raw = seconds(size) / seconds(size / 10);
      return {
        what: `${count(size)} rows to ${count(size / 10)}`,
        value: `${ratio.toFixed(2)} times the time (${raw.toFixed(2)} with the start of ${start.toFixed(2)} s)`,
        goal: '9.5 to 10.5',
        reached: ratio >= 9.5 && ratio <= 10.5,
      };
    });
  },
};
