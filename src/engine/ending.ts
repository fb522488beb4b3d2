/** What a run says when it has ended: why it stopped, and what to type next. */
import type { StopReason } from '../delivery/stop.ts';
import { Exit, UserError } from '../model/fault.ts';
import type { Reason } from '../model/verdict.ts';
import type { RowCounts } from '../report/summary.ts';
import type { ErrorBudget } from './error-budget.ts';

export interface WaysOn {
  /** What to type to go on after a stop. */
  readonly commandAgain: string;
  /** What to type to send a run's rows again; undefined: the target will be gone. */
  readonly retryCommand: ((run: string) => string) | undefined;
}

export function overBudget(budget: ErrorBudget | undefined, rejected: number): Reason {
  const allowed =
    budget === undefined ? '' : 'rows' in budget ? `${budget.rows} rows` : `${budget.percent} % of the rows`;
  return { code: 'too-many-errors', reason: `${rejected} rows were rejected; --max-errors allows ${allowed}` };
}

/** Why a run stopped, for people. */
export function reasonOf({ reason, error, exit }: StopReason): Reason {
  if (!(error instanceof UserError)) return reason ?? interruption(exit);
  const said = { code: error.code, reason: error.message.replace(/\.$/, '') };
  return error.hint === undefined ? said : { ...said, hint: error.hint };
}

function interruption(exit: Exit): Reason {
  return { code: 'interrupted', reason: exit === Exit.terminated ? 'told to stop (SIGTERM)' : 'interrupted' };
}

/** With what a run ends that has a summary. Exit 2 says that nothing was sent, and what was on its way when the input failed may have left since. */
export function exitAfter(stopped: StopReason | undefined, requests: number, counts: RowCounts): Exit {
  if (stopped === undefined) return counts.rejected + counts.uncertain > 0 ? Exit.someRowsFailed : Exit.ok;
  return stopped.exit === Exit.usage && requests > 0 ? Exit.gaveUpRetrying : stopped.exit;
}

/** What to type now; undefined: nothing is left to do. */
export function whatNext(run: string, ways: WaysOn, exit: Exit, counts: RowCounts): string | undefined {
  const { commandAgain, retryCommand } = ways;
  const stoppedEarly = exit !== Exit.ok && exit !== Exit.someRowsFailed;
  if (stoppedEarly) {
    const goesOn = `the same command goes on where this run stopped: ${commandAgain}`;
    if (exit !== Exit.tooManyErrors || retryCommand === undefined) return goesOn;
    return `mend the mapping or the rows; ${goesOn}; rejected rows go out again by: ${retryCommand(run)}`;
  }
  if (retryCommand === undefined) {
    return counts.rejected > 0 ? `mend the mapping or the rows, then: ${commandAgain}` : undefined;
  }
  const retry = retryCommand(run);
  const steps = [
    counts.rejected > 0 ? `mend the mapping or the rows, then: ${retry}` : undefined,
    counts.uncertain > 0
      ? `look whether the uncertain rows arrived; to send them again: ${retry} --uncertain resend`
      : undefined,
  ].filter((step) => step !== undefined);
  return steps.length > 0 ? steps.join('; ') : undefined;
}
