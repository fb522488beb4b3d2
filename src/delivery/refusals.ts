/** A wall of equal refusals means that the mapping is wrong, not the rows: it is counted here, and named. */
import { Exit } from '../model/fault.ts';
import type { Reason } from '../model/verdict.ts';
import type { Chunk } from './chunk.ts';
import type { StopReason } from './stop.ts';

export interface Refusals {
  /** The platform took something: the wall has a gap. */
  accepted(): void;
  /** Why to stop, when these are too many. */
  count(chunk: Chunk, rejected: ReadonlyMap<number, Reason>): StopReason | undefined;
}

export function createRefusals(): Refusals {
  let text = '';
  let count = 0;
  const forget = () => {
    text = '';
    count = 0;
  };
  return {
    accepted: forget,
    count(chunk, rejected) {
      if (rejected.size === 0) return undefined;
      if (rejected.size < chunk.items) forget();
      for (const reason of rejected.values()) {
        const most = reason.stopAfter ?? chunk.operation.identicalRefusals;
        if (most === undefined) continue;
        const says = reason.stopAfter === undefined ? `${reason.code} ${reason.reason}` : reason.code;
        count = says === text ? count + 1 : 1;
        text = says;
        if (count >= most) return wall(count, reason);
      }
      return undefined;
    },
  };
}

const wall = (count: number, reason: Reason): StopReason => ({
  exit: Exit.tooManyErrors,
  reason: {
    ...reason,
    reason: `${count} items in a row were refused with the same words: ${reason.reason}`,
    hint: reason.hint ?? 'The mapping or the settings look wrong, not the rows.',
  },
});
