/**
 * A wall of equal refusals means that the mapping is wrong, not the rows: it is counted here, and named. What counts are
 * items, in the order in which answers come, since the platform last accepted anything: so one bad row that bisection digs
 * out of a good chunk is no wall, and neither are the bad rows of one lane while the others get through.
 */
import { Exit } from '../model/fault.ts';
import type { Reason } from '../model/verdict.ts';
import type { Operation } from '../targets/target.ts';
import type { StopReason } from './stop.ts';

export interface RefusalLimit {
  /** Instead of what the operation says. 0: refusals never stop the run. */
  readonly most?: number | undefined;
  /** Rows of this load were accepted under this mapping by earlier runs. */
  readonly hasWorked?: boolean | undefined;
}

export interface Refusals {
  /** The platform took something: the wall has a gap. */
  accepted(): void;
  /** Why to stop, when these are too many. Items of a reply that accepted others are not to be counted. */
  count(operation: Pick<Operation, 'identicalRefusals'>, reasons: Iterable<Reason>): StopReason | undefined;
}

const usualMost = 20;
/** Where the mapping is right for some rows, it takes so many times as many: bad rows often stand side by side. */
const patience = 10;

export function createRefusals(limit: RefusalLimit = {}): Refusals {
  let hasWorked = limit.hasWorked ?? false;
  let isFirst = true;
  let words = '';
  let count = 0;

  const mostOf = (reason: Reason, operation: Pick<Operation, 'identicalRefusals'>): number => {
    if (limit.most === 0) return Number.POSITIVE_INFINITY;
    if (reason.stopAfter !== undefined) return reason.stopAfter;
    return (limit.most ?? operation.identicalRefusals ?? usualMost) * (hasWorked ? patience : 1);
  };

  return {
    accepted() {
      words = '';
      count = 0;
      hasWorked = true;
      isFirst = false;
    },
    count(operation, reasons) {
      for (const reason of reasons) {
        const same = wordsOf(reason);
        if (same !== words && words !== '') isFirst = false;
        count = same === words ? count + 1 : 1;
        words = same;
        if (count >= mostOf(reason, operation)) return wall(count, isFirst, reason);
      }
      return undefined;
    },
  };
}

/** Platforms quote the row in their words: what is quoted, and every number, may differ. */
const wordsOf = ({ code, reason, stopAfter }: Reason): string =>
  stopAfter === undefined ? `${code} ${reason.replace(/"[^"]*"|'[^']*'|\d+/g, '…')}` : code;

function wall(count: number, isFirst: boolean, { reason, hint, status }: Reason): StopReason {
  const says = isFirst
    ? `the first ${count} items to be answered for were all refused with the same words: ${reason}`
    : `${count} items in a row were refused with the same words, and none was accepted in between: ${reason}`;
  const advice = hint ?? 'The mapping or the settings look wrong, not the rows.';
  return {
    exit: Exit.tooManyErrors,
    reason: {
      code: 'identical-refusals',
      reason: says,
      hint: `${advice.replace(/\.?$/, '.')} If the rows are at fault after all: --identical-refusals 0 goes on regardless.`,
      ...(status === undefined ? {} : { status }),
    },
  };
}
