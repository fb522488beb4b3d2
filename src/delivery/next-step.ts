/**
 * What to do about a verdict: one pure function of verdict, what the chunk has been through, and policy. The sender only
 * obeys it.
 */
import { Exit } from '../model/fault.ts';
import type { Milliseconds, Reason, Receipts, RetryPlan, Verdict } from '../model/verdict.ts';

/**
 * Attempts used up, by what comes when there are none left: rows that the platform kept waiting (429) before it failed once
 * must not be rejected as those that made it fail each time.
 */
export type Attempts = Readonly<Record<RetryPlan['then'], number>>;

export const noAttempts: Attempts = { stop: 0, split: 0, reject: 0 };

export const oneMore = (used: Attempts, then: RetryPlan['then']): Attempts => ({ ...used, [then]: used[then] + 1 });

/** What a chunk has been through when its reply arrives. */
export interface ChunkHistory {
  readonly items: number;
  /** Answers so far that used up an attempt of a plan that ends so, the present one not counted. */
  readonly used: Attempts;
  /** Credentials were renewed for this chunk already. */
  readonly reauthorized: boolean;
  /** Sending it a second time does no harm. */
  readonly repeatable: boolean;
  /** An earlier attempt may have been taken by the platform. */
  readonly maybeTaken: boolean;
  /** Chunks held one after the other before this one left, with no answer in between that took anything. */
  readonly holdsInARow: number;
}

export interface Policy {
  /** The target's own plan; a verdict may bring another. */
  readonly plan: RetryPlan;
  /** As the user set it: holds for every plan. */
  readonly retries?: number | undefined;
  /** What to do with rows whose fate is unknown: by what the operation allows, or as the user said. */
  readonly uncertain: 'auto' | 'resend' | 'hold';
  /** Longest pause a platform may ask for before the run rather stops and is resumed later. */
  readonly longestPauseMs: Milliseconds;
}

export type Step =
  /** By index into the chunk; what is in neither was accepted. `again`: send those once more, as a chunk of their own. */
  | {
      readonly do: 'settle';
      readonly rejected: ReadonlyMap<number, Reason>;
      readonly again: readonly number[];
      readonly receipts?: Receipts | undefined;
    }
  | { readonly do: 'reject-all'; readonly reason: Reason }
  | { readonly do: 'skip-all'; readonly reason: Reason }
  | { readonly do: 'continue'; readonly carry: string }
  | {
      readonly do: 'wait';
      readonly ms: Milliseconds;
      readonly scope: 'request' | 'target';
      /** The attempt that this uses up; undefined: none. */
      readonly uses: RetryPlan['then'] | undefined;
      readonly reason: Reason;
    }
  | { readonly do: 'reauthorize'; readonly reason: Reason }
  | { readonly do: 'halve'; readonly shrink: boolean; readonly reason: Reason }
  /** Their fate is unknown and sending again would do harm: name them, and go on when everyone has waited. */
  | { readonly do: 'hold'; readonly ms: Milliseconds; readonly reason: Reason }
  | { readonly do: 'stop'; readonly exit: Exit; readonly reason: Reason };

const nothingRejected: ReadonlyMap<number, Reason> = new Map();

/**
 * @param random uniform in [0, 1), for the jitter
 */
export function nextStep(verdict: Verdict, history: ChunkHistory, policy: Policy, random: () => number): Step {
  switch (verdict.kind) {
    case 'accepted':
      return { do: 'settle', rejected: nothingRejected, again: [], receipts: verdict.receipts };
    case 'partial':
      return { do: 'settle', rejected: verdict.rejected, again: verdict.retry ?? [], receipts: verdict.receipts };
    case 'skipped':
      return { do: 'skip-all', reason: verdict.reason };
    case 'next':
      return { do: 'continue', carry: verdict.carry };
    case 'rejected':
      return { do: 'reject-all', reason: verdict.reason };
    case 'fatal':
      return { do: 'stop', exit: Exit.targetRefused, reason: verdict.reason };
    case 'reauthorize':
      return history.reauthorized
        ? { do: 'stop', exit: Exit.targetRefused, reason: verdict.reason }
        : { do: 'reauthorize', reason: verdict.reason };
    case 'split':
      return history.items > 1
        ? { do: 'halve', shrink: verdict.because === 'size', reason: verdict.reason }
        : { do: 'reject-all', reason: verdict.reason };
    case 'retry':
      return afterRetryable(verdict, history, policy, random);
  }
}

function afterRetryable(
  verdict: Extract<Verdict, { kind: 'retry' }>,
  history: ChunkHistory,
  policy: Policy,
  random: () => number,
): Step {
  const { reason } = verdict;
  const maybeTaken = history.maybeTaken || verdict.taken === 'unknown';
  if (maybeTaken && !mayResend(history.repeatable, policy.uncertain)) return afterHold(verdict, history, policy);

  const plan = withRetries(verdict.plan ?? policy.plan, policy.retries);
  const counts = verdict.counts ?? true;
  const used = history.used[plan.then];
  if (counts && used >= plan.retries) return whenUsedUp(plan, history, reason);

  const ms = Math.max(verdict.after ?? 0, ownWaitMs(plan, used, verdict.after !== undefined, random));
  if (ms > policy.longestPauseMs) return tooLong(ms, reason);
  const scope = plan.waits.kind === 'ladder' || verdict.after !== undefined ? 'target' : verdict.scope;
  return { do: 'wait', ms, scope, uses: counts ? plan.then : undefined, reason };
}

/**
 * The chunk is not sent again, so the chunks behind it are what tries the platform again: each costs its rows their
 * certainty, so they go by the target's plan as if they were one chunk.
 */
function afterHold(
  { reason, after }: Extract<Verdict, { kind: 'retry' }>,
  { holdsInARow }: ChunkHistory,
  policy: Policy,
): Step {
  const plan = withRetries(policy.plan, policy.retries);
  if (holdsInARow >= plan.retries) return { do: 'stop', exit: Exit.gaveUpRetrying, reason };
  // Without jitter: everyone waits, and one request comes back first.
  const ms = Math.max(
    after ?? 0,
    ownWaitMs(plan, holdsInARow, after !== undefined, () => 1),
  );
  return ms > policy.longestPauseMs ? tooLong(ms, reason) : { do: 'hold', ms, reason };
}

function tooLong(ms: Milliseconds, reason: Reason): Step {
  const asked = `${reason.reason}; it asks to wait ${Math.round(ms / 1000)} s, longer than this run will`;
  return { do: 'stop', exit: Exit.gaveUpRetrying, reason: { ...reason, reason: asked } };
}

export const withRetries = (plan: RetryPlan, retries: number | undefined): RetryPlan =>
  retries === undefined ? plan : { ...plan, retries };

/** Whether rows that may have been taken are sent again. */
export const mayResend = (repeatable: boolean, policy: Policy['uncertain']): boolean =>
  policy === 'auto' ? repeatable : policy === 'resend';

function whenUsedUp(plan: RetryPlan, history: ChunkHistory, reason: Reason): Step {
  if (plan.then === 'split' && history.items > 1) return { do: 'halve', shrink: false, reason };
  if (plan.then === 'reject') return { do: 'reject-all', reason };
  return { do: 'stop', exit: Exit.gaveUpRetrying, reason };
}

/**
 * Full jitter: anything between nothing and an exponential ceiling. A wait that was asked for is taken as it is the first time;
 * a platform that asks for no time at all, again and again, would use up all attempts in a moment.
 */
function ownWaitMs(plan: RetryPlan, used: number, wasAsked: boolean, random: () => number): Milliseconds {
  if (plan.waits.kind === 'ladder') {
    return plan.waits.stepsMs[Math.min(used, plan.waits.stepsMs.length - 1)] ?? 0;
  }
  if (wasAsked && used === 0) return 0;
  const ceiling = Math.min(plan.waits.capMs, plan.waits.firstMs * 2 ** used);
  return Math.round(random() * ceiling);
}
