/** `--max-errors`: how many rejected rows a run bears. A share waits for a sample that means something. */

export type ErrorBudget = { readonly rows: number } | { readonly percent: number };

/** A share of fewer rows than this says little: the first row of a file may be bad. */
const smallestSample = 1000;

/**
 * Whether this many rejected rows of this many read so far are more than the budget. Without a budget nothing is. Rows that
 * are still under way count as good: what comes of them is counted when it is known.
 */
export function isOverBudget(budget: ErrorBudget | undefined, rejected: number, read: number): boolean {
  if (budget === undefined) return false;
  if ('rows' in budget) return rejected > budget.rows;
  return read >= smallestSample && rejected * 100 > budget.percent * read;
}
