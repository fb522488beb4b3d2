/** What a real run would come to, in a sentence that says what it assumes. */
import { count, durationText, plural } from './printable.ts';
import type { Estimate, RepeatedKeys } from './summary.ts';

export function estimateText({ cost, costUnit, seconds, limitedBy, rate, concurrency, answerMs }: Estimate): string {
  const time = durationText(seconds);
  const why =
    limitedBy === 'rate'
      ? `at ${count(rate ?? 0)} ${unitsOf(costUnit)} a second`
      : `${concurrency === 1 ? 'one request' : `${count(concurrency)} requests`} in flight, each answered in ${answerMs / 1000} s (assumed)`;
  return `A run would cost ${count(cost)} ${cost === 1 ? costUnit : unitsOf(costUnit)} and take about ${time}: ${why}.`;
}

/** "call or fact" → "calls or facts". */
const unitsOf = (unit: string): string =>
  unit
    .split(' or ')
    .map((word) => `${word}s`)
    .join(' or ');

/** @param columns of the key, for readers who have not seen the mapping */
export function repeatedKeysText(repeated: RepeatedKeys, columns?: readonly string[]): string {
  const { rows, first, compared } = repeated;
  const key = columns === undefined ? 'key' : `key (${columns.join(' and ')})`;
  const found =
    rows === 0
      ? `No ${key} comes twice in a file`
      : `${plural(rows, `row has a ${key}`, `rows have a ${key}`)} that stood in the file before (first at ${first ?? ''})`;
  return repeated.isWhole
    ? `${found}.`
    : `${found}; only ${plural(compared, 'row')} could be compared, ${whyNoMore(repeated.why)}.`;
}

/** @param why what the disk said, or what else kept from it */
export const whyNoMore = (why: string): string => `since not all could be put aside on disk and read back: ${why}`;
