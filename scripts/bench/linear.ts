import { count, type Figure, interleaved, type Line, least } from './figure.ts';

export const linear: Figure = {
  name: 'linear',
  title: 'Cost by rows',
  about:
    'Time of `push` at ten times the rows, best of the runs of each (of the largest, one). Threads and compiled code take a while to get going, which is the same for every load; it drops out of the ratio of what the rows between two sizes take.',
  async run({ rows, full, rounds, file, load }) {
    const largest = rows * 100;
    const sizes = [rows / 10, rows, ...(full ? [rows * 10, largest] : [])];
    const of = async (size: number) => {
      const path = await file('csv', size);
      return async () => (await load('push', path, size)).seconds;
    };
    const things = Object.fromEntries(
      await Promise.all(sizes.map(async (size) => [String(size), await of(size)] as const)),
    );
    const { [String(largest)]: longest, ...others } = things;
    // Between runs of the others: it takes minutes, in which the machine may change.
    const before = await interleaved(Math.ceil(rounds / 2), others);
    const runs = { ...before, [String(largest)]: longest === undefined ? [] : [await longest()] };
    for (const [size, more] of Object.entries(await interleaved(Math.floor(rounds / 2), others)))
      runs[size]?.push(...more);
    const seconds = (size: number) => least(runs[String(size)] ?? []);
    const line = (what: string, ratio: number): Line => ({
      what,
      value: `${ratio.toFixed(2)} times the time`,
      goal: '9.5 to 10.5',
      reached: ratio >= 9.5 && ratio <= 10.5,
    });
    const whole = sizes
      .slice(1)
      .map((size) => line(`${count(size)} rows to ${count(size / 10)}`, seconds(size) / seconds(size / 10)));
    const between = sizes
      .slice(2)
      .map((size) =>
        line(
          `rows from ${count(size / 10)} to ${count(size)}, to those from ${count(size / 100)} to ${count(size / 10)}`,
          (seconds(size) - seconds(size / 10)) / (seconds(size / 10) - seconds(size / 100)),
        ),
      );
    return [...whole, ...between];
  },
};
