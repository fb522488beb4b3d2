/**
 * Takes one chunk to the platform and stays with it until each of its items is settled: attempts, waits, halves, and what the
 * platform wants to have again. It decides nothing: steps come from `next-step.ts`.
 */
import type { Clock } from '../model/clock.ts';
import { Exit } from '../model/fault.ts';
import type { Milliseconds, Reason, Verdict } from '../model/verdict.ts';
import { type Chunk, halve, select } from './chunk.ts';
import type { Exchange, Exchanged } from './exchange.ts';
import {
  type Attempts,
  mayResend,
  nextStep,
  noAttempts,
  oneMore,
  type Policy,
  type Step,
  withRetries,
} from './next-step.ts';
import type { Pace } from './pace.ts';
import type { Planner } from './plan.ts';
import { createRefusals, type RefusalLimit } from './refusals.ts';
import { allOf, type Passage, type Settling } from './settling.ts';
import type { StopReason } from './stop.ts';
import { precedingOf } from './superseded.ts';
import type { TokenCache } from './token-cache.ts';

export interface CourierOptions {
  readonly exchange: Exchange;
  readonly tokens?: TokenCache | undefined;
  readonly pace: Pace;
  readonly planner: Pick<Planner, 'shrinkBelow'>;
  readonly policy: Policy;
  readonly refusals?: RefusalLimit | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly observer: {
    sent(chunk: Chunk, carry?: string): void;
    /** A chunk goes out again at `until` (epoch ms); undefined: when the pause is over, which was told. */
    retried(reason: Reason, until: Milliseconds | undefined): void;
    /** Nobody sends before `until` (epoch ms), and why. */
    paused(until: Milliseconds, reason: Reason): void;
  };
}

/** What a courier has of the run that it works for. */
export interface Headquarters {
  readonly settling: Settling & {
    /** Announces a chunk that may leave as soon as the journal knows of it. */
    announceNow(chunk: Chunk): Promise<void>;
  };
  /** No new request leaves any more. */
  readonly intake: AbortSignal;
  /** What is in flight is not waited for any longer. */
  readonly callOff: AbortSignal;
  stop(reason: StopReason): void;
  /** First contact went well: the others may follow. */
  opened(): void;
  /** One request at a time, until one goes well again. */
  closed(): void;
}

type Settle = Extract<Step, { do: 'settle' }>;

/** @returns delivers a chunk: resolves when all of it is settled or, after a stop, named */
export function createCourier(options: CourierOptions, run: Headquarters): (chunk: Chunk) => Promise<void> {
  const { pace, clock, observer, policy } = options;
  const { settling } = run;
  const refusals = createRefusals(options.refusals);
  let holdsInARow = 0;

  /** What a step means for everybody, not only for its own chunk. */
  const heed = (step: Step) => {
    if (step.do === 'stop') run.stop({ exit: step.exit, reason: step.reason });
    if (step.do === 'hold' || (step.do === 'wait' && step.scope === 'target')) {
      const until = clock.now() + step.ms;
      pace.pauseUntil(until);
      observer.paused(until, step.reason);
    }
  };

  /** One request at a time tries the platform again: what it does not answer is lost to doubt, too. */
  const closeUp = (heldBefore: number) => {
    // Requests that left side by side and fail together are one event, not many.
    if (holdsInARow === heldBefore) holdsInARow += 1;
    run.closed();
  };

  const openUp = () => {
    holdsInARow = 0;
    run.opened();
  };

  /** Before anything is written: what comes next must not slip out while the disk is waited for. */
  const heedRefusals = (chunk: Chunk, rejected: ReadonlyMap<number, Reason>) => {
    const wall = refusals.count(chunk.operation, rejected.values());
    if (wall !== undefined) run.stop(wall);
  };

  const settle = (chunk: Chunk, step: Settle): Promise<void> => {
    // The common case, which makes nothing to throw away.
    if (step.rejected.size > 0 || step.again.length > 0) return settlePartly(chunk, step);
    refusals.accepted();
    return settling.accept(chunk, chunk.items, undefined, step.receipts);
  };

  const settlePartly = async (chunk: Chunk, { rejected, again, receipts }: Settle) => {
    const open = new Set(again);
    const accepted = chunk.items - rejected.size - open.size;
    if (accepted > 0) refusals.accepted();
    else heedRefusals(chunk, rejected);
    await settling.reject(chunk, rejected);
    if (accepted === 0) return;
    const isAccepted = (index: number) => !rejected.has(index) && !open.has(index);
    await settling.accept(chunk, accepted, isAccepted, receipts);
  };

  /** What is left of a chunk once the answer to it has been settled. */
  const deliverRest = async (chunk: Chunk, { rejected, again }: Settle, used: Attempts) => {
    if (rejected.size > 0) await deliverPreceding(chunk, (index) => rejected.has(index));
    if (again.length > 0)
      await deliverAgain(
        select(chunk, again),
        chunk.items === again.length ? oneMore(used, policy.plan.then) : noAttempts,
      );
  };

  const rejectAll = async (chunk: Chunk, reason: Reason) => {
    const rejected = allOf(chunk, reason);
    heedRefusals(chunk, rejected);
    await settling.reject(chunk, rejected);
    return deliverPreceding(chunk);
  };

  const deliverHalves = async (chunk: Chunk, passage: Passage) => {
    // One after the other: the halves may share a lane.
    for (const half of halve(chunk)) await deliver(half, passage);
  };

  const deliver = async (chunk: Chunk, arrived: Passage): Promise<void> => {
    let { announced, maybeTaken, used } = arrived;
    let reauthorized = false;
    let carry: string | undefined;
    let last = interrupted;

    // What may be sent twice is announced while it waits for its turn: the disk is not on its way then. What may not is announced
    // at the last moment, so that a crash leaves nothing in doubt that never left.
    if (!announced && !run.intake.aborted && mayResend(chunk.repeatable, policy.uncertain)) {
      await settling.announce(chunk);
      announced = true;
    }
    for (;;) {
      const mayLeave = await pace.acquire(chunk.operation.cost(chunk.items, carry), run.intake);
      if (!mayLeave) return settling.giveBack(chunk, { announced, maybeTaken, used }, last);
      const heldBefore = holdsInARow;
      let exchanged: Exchanged | undefined;
      let step: Step;
      try {
        if (!announced) await settling.announceNow(chunk);
        announced = true;
        observer.sent(chunk, carry);
        exchanged = await options.exchange(chunk, carry, run.callOff);
        const { items, repeatable } = chunk;
        const history = { items, used, reauthorized, repeatable, maybeTaken, holdsInARow: heldBefore };
        step = nextStep(exchanged.verdict, history, policy, options.random);
        // Before the slot is free again: the next request must not slip out ahead of a stop or a pause.
        if (!exchanged.calledOff) {
          if (step.do === 'hold') closeUp(heldBefore);
          heed(step);
        }
      } finally {
        pace.release({ tookMs: exchanged?.tookMs ?? 0, pushedBack: exchanged?.verdict.kind === 'retry' });
      }

      const { verdict } = exchanged;
      if (exchanged.calledOff) {
        const neverLeft = verdict.kind === 'retry' && verdict.taken === 'no';
        return settling.giveBack(chunk, { announced, maybeTaken: maybeTaken || !neverLeft, used }, last);
      }
      if (isWayOpen(verdict, step)) openUp();
      if (verdict.kind === 'retry') maybeTaken ||= verdict.taken === 'unknown';
      if ('reason' in step) last = step.reason;

      switch (step.do) {
        case 'settle':
          await settle(chunk, step);
          return step.rejected.size + step.again.length > 0 ? deliverRest(chunk, step, used) : undefined;
        case 'reject-all':
          return rejectAll(chunk, step.reason);
        case 'skip-all':
          return settling.skip(chunk);
        case 'hold':
          return settling.hold(chunk, step.reason);
        case 'continue':
          carry = step.carry;
          break;
        case 'reauthorize':
          reauthorized = true;
          if (exchanged.token !== undefined) options.tokens?.drop(exchanged.token);
          break;
        case 'halve':
          if (step.shrink) options.planner.shrinkBelow(chunk);
          return deliverHalves(chunk, { announced, maybeTaken, used: noAttempts });
        case 'stop':
          return settling.giveBack(chunk, { announced, maybeTaken, used }, step.reason);
        case 'wait':
          if (step.uses !== undefined) used = oneMore(used, step.uses);
          observer.retried(step.reason, step.scope === 'request' ? clock.now() + step.ms : undefined);
          if (step.scope === 'request') await clock.sleep(step.ms, run.intake);
          break;
      }
    }
  };

  /** Items that the platform asked to have again: their own chunk, after the target's own first wait. */
  const deliverAgain = async (chunk: Chunk, used: Attempts) => {
    const plan = withRetries(policy.plan, policy.retries);
    const retries = used[plan.then];
    if (retries > plan.retries) {
      const reason: Reason = {
        code: 'server-error',
        reason: `the platform asked ${retries} times to send these again`,
      };
      await settling.giveBack(chunk, { announced: true, maybeTaken: false, used }, reason);
      run.stop({ exit: Exit.gaveUpRetrying, reason });
      return;
    }
    const ceiling =
      plan.waits.kind === 'backoff'
        ? Math.min(plan.waits.capMs, plan.waits.firstMs * 2 ** retries)
        : (plan.waits.stepsMs[0] ?? 0);
    await clock.sleep(Math.round(options.random() * ceiling), run.intake);
    await deliver(chunk, { announced: true, maybeTaken: false, used });
  };

  /** The rows that refused ones had superseded: they count again. Still in this chunk's lanes, so nothing overtakes them. */
  const deliverPreceding = async (chunk: Chunk, only?: (index: number) => boolean) => {
    const preceding = precedingOf(chunk, only);
    if (preceding !== undefined) await deliverWithinLimits(preceding);
  };

  const deliverWithinLimits = async (chunk: Chunk): Promise<void> => {
    const { items, bytes } = chunk.operation.limits;
    if (chunk.items === 1 || (chunk.items <= items && chunk.bytes <= bytes)) return deliver(chunk, unsent);
    for (const half of halve(chunk)) await deliverWithinLimits(half);
  };

  return (chunk) => deliver(chunk, unsent);
}

const interrupted: Reason = { code: 'interrupted', reason: 'the run was stopped before an answer came' };

const unsent: Passage = { announced: false, maybeTaken: false, used: noAttempts };

/** The platform answered for the chunk, so others may come. */
const isWayOpen = (verdict: Verdict, step: Step): boolean =>
  verdict.kind !== 'retry' && verdict.kind !== 'reauthorize' && step.do !== 'stop';
