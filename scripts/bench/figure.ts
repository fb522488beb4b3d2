/** What a benchmark gives: lines beside their goals, each measured on the spot. One file a figure; `run.ts` runs them. */
import type { Stage } from './stage.ts';

/** What says neither yes nor no was measured on too noisy a machine. */
export type Verdict = boolean | 'unclear';

export interface Line {
  /** What was measured. */
  readonly what: string;
  readonly value: string;
  /** What issue or docs ask for, in the same words; absent for a yardstick. */
  readonly goal?: string;
  readonly reached?: Verdict;
}

export interface Figure {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** How it was measured, in a sentence or two, for the page. */
  readonly about: string;
  run(stage: Stage): Promise<readonly Line[]>;
}

/** Runs each of the named things once, then each once again the other way round, and so on: what disturbs the machine disturbs all alike. */
export async function interleaved<Name extends string, Result>(
  rounds: number,
  things: Readonly<Record<Name, () => Promise<Result>>>,
): Promise<Record<Name, Result[]>> {
  const names = Object.keys(things) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, [] as Result[]])) as Record<Name, Result[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) results[name].push(await things[name]());
  }
  return results;
}

export const least = (values: readonly number[]): number => Math.min(...values);

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

/** Rounds in which two things are run in turn to tell what one costs. */
export const pairs = 13;

/** In percent: the median of what one thing took more than another that ran beside it, and the range that the true one lies in. */
export interface Cost {
  readonly percent: number;
  readonly from: number;
  readonly to: number;
}

/** What `dear` took more than `plain`, by their ratios in each round. */
export function costOf(dear: readonly number[], plain: readonly number[]): Cost {
  const more = dear.map((value, round) => (value / (plain[round] ?? Number.NaN) - 1) * 100).toSorted((a, b) => a - b);
  const outside = outsideOf(more.length);
  return { percent: median(more), from: more[outside] ?? Number.NaN, to: more.at(-1 - outside) ?? Number.NaN };
}

/** Values that may be left out at either end of so many, for the true median to lie between the others 97 times of 100: the sign test. */
export function outsideOf(values: number): number {
  let atLeft = 0.5 ** values;
  let atMost = atLeft;
  let left = 0;
  while (2 * atMost <= 0.03) {
    left += 1;
    atLeft *= (values - left + 1) / left;
    atMost += atLeft;
  }
  return left - 1;
}

const signed = (percent: number) => `${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(1)}`;
export const costInWords = ({ percent, from, to }: Cost): string =>
  `${signed(percent)} % (${signed(from)} to ${signed(to)})`;

/** Whether a cost is at most `most` percent. */
export const isWithin = ({ from, to }: Cost, most: number): Verdict =>
  to <= most ? true : from > most ? false : 'unclear';

/** Whether it may be nothing at all, where it could have been seen. */
export const isNothing = ({ from, to }: Cost): Verdict => (from > 0 ? false : to <= 5 ? true : 'unclear');

export const count = (value: number): string => Math.round(value).toLocaleString('en-US');
export const perSecond = (amount: number, seconds: number, unit: string): string =>
  `${count(amount / seconds)} ${unit}/s (${seconds.toFixed(2)} s)`;
