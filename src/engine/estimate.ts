/** How long a run would take: whichever is slower, the limit on its cost or waiting for answers. */
import type { Estimate } from '../report/summary.ts';

/** A guess that is said wherever the estimate is: platforms across the sea answer batches in a few tenths of a second. */
const answerMs = 300;

export function estimateRun(
  work: { readonly requests: number; readonly cost: number; readonly costUnit: string },
  limits: { readonly concurrency: number; readonly rate: number | undefined; readonly timeoutMs: number },
): Estimate {
  const { requests, cost, costUnit } = work;
  const { concurrency, rate, timeoutMs } = limits;
  const rounds = Math.ceil(requests / concurrency);
  const byAnswers = (rounds * answerMs) / 1000;
  const byRate = rate === undefined ? 0 : cost / rate;
  return {
    cost,
    costUnit,
    seconds: Math.max(byAnswers, byRate),
    limitedBy: byRate > byAnswers ? 'rate' : 'answers',
    rate,
    concurrency,
    answerMs,
    slowestSeconds: Math.max((rounds * timeoutMs) / 1000, byRate),
  };
}
