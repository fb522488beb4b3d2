/** Why a run ends before its time. */
import type { Exit } from '../model/fault.ts';
import type { Reason } from '../model/verdict.ts';

export interface StopReason {
  readonly exit: Exit;
  readonly reason?: Reason | undefined;
  /** Set when the run stops because something of ours broke. */
  readonly error?: unknown;
}
