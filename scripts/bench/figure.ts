/** What a benchmark gives: lines beside their goals, each measured on the spot. One file a figure; `run.ts` runs them. */
import type { Stage } from './stage.ts';

export interface Line {
  /** What was measured. */
  readonly what: string;
  readonly value: string;
  /** What issue or docs ask for, in the same words; absent for a yardstick. */
  readonly goal?: string;
  readonly reached?: boolean;
}

export interface Figure {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** How it was measured, in a sentence or two, for the page. */
  readonly about: string;
  run(stage: Stage): Promise<readonly Line[]>;
}

/** Runs each of the named things once, then each once again, and so on: what disturbs the machine meanwhile disturbs all alike. */
export async function interleaved<Name extends string, Result>(
  rounds: number,
  things: Readonly<Record<Name, () => Promise<Result>>>,
): Promise<Record<Name, Result[]>> {
  const names = Object.keys(things) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, [] as Result[]])) as Record<Name, Result[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of names) results[name].push(await things[name]());
  }
  return results;
}

export const least = (values: readonly number[]): number => Math.min(...values);

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

export interface Cost {
  /** Median of what one thing took more than another that ran beside it, in percent. */
  readonly percent: number;
  /** By how much two runs of the other differ, in percent: the median. */
  readonly noise: number;
}

/** What `dear` takes more than `plain`, run by run, and what `again` differs from `plain`, which is the same thing. */
export function costOf(dear: readonly number[], plain: readonly number[], again: readonly number[]): Cost {
  const more = (of: readonly number[]) => of.map((value, round) => (value / (plain[round] ?? Number.NaN) - 1) * 100);
  return { percent: median(more(dear)), noise: median(more(again).map(Math.abs)) };
}

export const costInWords = ({ percent, noise }: Cost): string =>
  `${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(1)} % (two equal runs differ by ${noise.toFixed(1)} %)`;

export const count = (value: number): string => Math.round(value).toLocaleString('en-US');
export const perSecond = (amount: number, seconds: number, unit: string): string =>
  `${count(amount / seconds)} ${unit}/s (${seconds.toFixed(2)} s)`;
