/**
 * Streams chunks out and settles what comes back. It decides nothing: verdicts come from the target, steps from
 * `next-step.ts`, timing from `pace.ts`, order from `lanes.ts`. What it guarantees:
 *
 * - A chunk is in the journal as *sending* before a byte of it leaves, and as settled before it counts as delivered.
 * - A reject is written to its file before the journal says so.
 * - Work in hand is bounded in bytes; `submit` waits when it is too much.
 * - `stop` lets what is in flight finish within a bound; what was never answered is named, never guessed.
 */
import type { Clock } from '../model/clock.ts';
import { Exit, exitOf } from '../model/fault.ts';
import type { Milliseconds, Reason, Receipts } from '../model/verdict.ts';
import { type Chunk, type EntryRecords, halve, itemAt, type LiveBlock, recordsOf, select } from './chunk.ts';
import type { Exchange, Exchanged } from './exchange.ts';
import { createLanes } from './lanes.ts';
import type { Ledger, LedgerEvent, Receipt, Settlement } from './ledger.ts';
import { mayResend, nextStep, type Policy, type Step, withRetries } from './next-step.ts';
import type { Pace } from './pace.ts';
import type { Planner } from './plan.ts';
import type { TokenCache } from './token-cache.ts';

/** One item that a platform refused or never answered for. */
export interface FailedItem {
  readonly block: LiveBlock;
  readonly item: number;
  readonly reason: Reason;
}

/** Is told what happens; returns nothing, changes nothing. */
export interface SenderObserver {
  sent(chunk: Chunk): void;
  /** `records` says which rows of which loads and entries. */
  settled(chunk: Chunk, to: Settlement, items: number, records: readonly EntryRecords[]): void;
  retried(reason: Reason): void;
  /** Nobody sends before `until` (epoch ms), and why. */
  paused(until: Milliseconds, reason: Reason): void;
}

export interface StopReason {
  readonly exit: Exit;
  readonly reason?: Reason | undefined;
  /** Set when the run stops because something of ours broke. */
  readonly error?: unknown;
}

export interface SenderOptions {
  readonly exchange: Exchange;
  readonly tokens?: TokenCache | undefined;
  readonly pace: Pace;
  readonly planner: Pick<Planner, 'shrinkBelow'>;
  readonly ledger: Ledger;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly random: () => number;
  readonly observer: SenderObserver;
  /** Writes the rows of these items to the rejects or the uncertain file; resolves when the operating system has them. */
  readonly writeRejects: (items: readonly FailedItem[]) => Promise<void>;
  readonly writeUncertain: (items: readonly FailedItem[]) => Promise<void>;
  /** Chunks worked on at once (in flight or waiting to be retried). */
  readonly concurrency: number;
  readonly queueBytes: number;
  /** How long requests in flight may still take after `stop`. */
  readonly graceMs: Milliseconds;
}

export interface Sender {
  /** Resolves when there is room for more, or at once when the run is stopping. */
  submit(chunk: Chunk): Promise<void>;
  /** Resolves when all that was submitted is settled or, after `stop`, named. */
  drain(): Promise<void>;
  /** No new request leaves; what is in flight may finish within the grace. The first reason stands. */
  stop(reason: StopReason): void;
  readonly stopped: StopReason | undefined;
  /** Aborts when the run stops taking new work. */
  readonly intake: AbortSignal;
}

interface Passage {
  /** The chunk's records are in the journal as sending. */
  readonly announced: boolean;
  readonly maybeTaken: boolean;
  /** Attempts used up already. */
  readonly retries: number;
}

export function createSender(options: SenderOptions): Sender {
  const { pace, ledger, clock, observer } = options;
  const lanes = createLanes();
  const intake = new AbortController();
  const callOff = new AbortController();
  let stopped: StopReason | undefined;
  let isOpen = false;
  let active = 0;
  let heldBytes = 0;
  let refusals: { text: string; count: number } = { text: '', count: 0 };
  let holdsInARow = 0;
  const roomMade: (() => void)[] = [];
  const emptied: (() => void)[] = [];

  const stop = (reason: StopReason) => {
    if (stopped !== undefined) return;
    stopped = reason;
    intake.abort();
    for (const resume of roomMade.splice(0)) resume();
    void clock.sleep(options.graceMs, callOff.signal).then(() => callOff.abort());
  };

  /** What a step means for everybody, not only for its own chunk. */
  const heed = (step: Step) => {
    if (step.do === 'stop') stop({ exit: step.exit, reason: step.reason });
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
    isOpen = false;
    pace.close();
  };

  /** First contact went well: the others may follow. */
  const openUp = () => {
    holdsInARow = 0;
    if (isOpen) return;
    isOpen = true;
    pace.open();
    pump();
  };

  const pump = () => {
    // Until then one chunk at a time, its retries included: wrong credentials sent in parallel lock accounts.
    while (active < (isOpen ? options.concurrency : 1)) {
      const chunk = lanes.takeRunnable();
      if (chunk === undefined) break;
      active += 1;
      void work(chunk);
    }
  };

  const work = async (chunk: Chunk) => {
    try {
      await deliver(chunk, { announced: false, maybeTaken: false, retries: 0 });
    } catch (error) {
      stop({ exit: exitOf(error), error });
    }
    active -= 1;
    heldBytes -= chunk.bytes;
    lanes.leave(chunk);
    pump();
    if (heldBytes < options.queueBytes) for (const resume of roomMade.splice(0)) resume();
    if (active === 0 && lanes.waiting === 0) for (const done of emptied.splice(0)) done();
  };

  const move = async (chunk: Chunk, to: Settlement, only?: (index: number) => boolean, receipts?: Receipts) => {
    const records = recordsOf(chunk, only);
    const events: LedgerEvent[] = records.map((moved) => ({ ...moved, to }));
    if (events.length > 0) await ledger.record(events, receiptsOf(chunk, receipts));
    return records;
  };

  const settle = async (
    chunk: Chunk,
    to: Settlement,
    items: number,
    only?: (index: number) => boolean,
    receipts?: Receipts,
  ) => {
    observer.settled(chunk, to, items, await move(chunk, to, only, receipts));
  };

  const reject = async (chunk: Chunk, rejected: ReadonlyMap<number, Reason>) => {
    if (rejected.size === 0) return;
    await options.writeRejects([...rejected].map(([index, reason]) => ({ ...itemAt(chunk, index), reason })));
    await settle(chunk, 'rejected', rejected.size, (index) => rejected.has(index));
    countRefusals(chunk, rejected);
  };

  const rejectAll = (chunk: Chunk, reason: Reason) => reject(chunk, allOf(chunk, reason));

  /** A wall of equal refusals means that the mapping is wrong, not the rows. */
  const countRefusals = (chunk: Chunk, rejected: ReadonlyMap<number, Reason>) => {
    if (rejected.size < chunk.items) refusals = { text: '', count: 0 };
    for (const reason of rejected.values()) {
      const most = reason.stopAfter ?? chunk.operation.identicalRefusals;
      if (most === undefined) continue;
      const text = reason.stopAfter === undefined ? `${reason.code} ${reason.reason}` : reason.code;
      refusals = text === refusals.text ? { text, count: refusals.count + 1 } : { text, count: 1 };
      if (refusals.count < most) continue;
      const says = `${refusals.count} items in a row were refused with the same words: ${reason.reason}`;
      stop({
        exit: Exit.tooManyErrors,
        reason: {
          ...reason,
          reason: says,
          hint: reason.hint ?? 'The mapping or the settings look wrong, not the rows.',
        },
      });
      return;
    }
  };

  const hold = async (chunk: Chunk, reason: Reason) => {
    await options.writeUncertain([...allOf(chunk, reason)].map(([index]) => ({ ...itemAt(chunk, index), reason })));
    await settle(chunk, 'uncertain', chunk.items);
  };

  /** The run is stopping: say of this chunk what is true. */
  const giveBack = async (chunk: Chunk, passage: Passage, reason: Reason) => {
    if (!passage.announced) return;
    if (!passage.maybeTaken) return settle(chunk, 'open', chunk.items);
    if (mayResend(chunk.repeatable, options.policy.uncertain)) {
      // They stay *sending*: what is uncertain counts as settled, and a load that ends so would be taken for loaded. The
      // next run finds them as it finds what a crash left, names them, and sends them again.
      observer.settled(chunk, 'uncertain', chunk.items, recordsOf(chunk));
      return;
    }
    return hold(chunk, reason);
  };

  const halveAndDeliver = async (chunk: Chunk, passage: Passage) => {
    // One after the other: the halves may share a lane.
    for (const half of halve(chunk)) await deliver(half, passage);
  };

  const deliver = async (chunk: Chunk, arrived: Passage): Promise<void> => {
    let { announced, maybeTaken, retries } = arrived;
    let reauthorized = false;
    let carry: string | undefined;
    let last: Reason = { code: 'interrupted', reason: 'the run was stopped before an answer came' };

    for (;;) {
      const mayLeave = await pace.acquire(chunk.operation.cost(chunk.items, carry), intake.signal);
      if (!mayLeave) return giveBack(chunk, { announced, maybeTaken, retries }, last);
      let exchanged: Exchanged | undefined;
      let step: Step;
      const heldBefore = holdsInARow;
      try {
        if (!announced) await move(chunk, 'sending');
        announced = true;
        observer.sent(chunk);
        exchanged = await options.exchange(chunk, carry, callOff.signal);
        step = nextStep(
          exchanged.verdict,
          {
            items: chunk.items,
            retries,
            reauthorized,
            repeatable: chunk.repeatable,
            maybeTaken,
            holdsInARow: heldBefore,
          },
          options.policy,
          options.random,
        );
        // Before the slot is free again: the next request must not slip out ahead of a stop or a pause.
        if (!exchanged.calledOff) {
          if (step.do === 'hold') closeUp(heldBefore);
          heed(step);
        }
      } finally {
        pace.release({ tookMs: exchanged?.tookMs ?? 0, pushedBack: exchanged?.verdict.kind === 'retry' });
      }
      const { verdict } = exchanged;
      if (exchanged.calledOff) return giveBack(chunk, { announced, maybeTaken: true, retries }, last);
      if (verdict.kind !== 'retry' && step.do !== 'stop' && verdict.kind !== 'reauthorize') openUp();
      if (verdict.kind === 'retry') maybeTaken ||= verdict.taken === 'unknown';
      if ('reason' in step) last = step.reason;

      switch (step.do) {
        case 'settle': {
          const { rejected, again } = step;
          const open = new Set(again);
          await reject(chunk, rejected);
          const accepted = chunk.items - rejected.size - open.size;
          if (accepted > 0) {
            if (rejected.size === 0) refusals = { text: '', count: 0 };
            const isAccepted = (index: number) => !rejected.has(index) && !open.has(index);
            await settle(chunk, 'accepted', accepted, accepted === chunk.items ? undefined : isAccepted, step.receipts);
          }
          if (open.size > 0) await deliverAgain(select(chunk, again), chunk.items === open.size ? retries + 1 : 0);
          return;
        }
        case 'reject-all':
          return rejectAll(chunk, step.reason);
        case 'skip-all':
          return settle(chunk, 'skipped', chunk.items);
        case 'hold':
          return hold(chunk, step.reason);
        case 'continue':
          carry = step.carry;
          break;
        case 'reauthorize':
          reauthorized = true;
          if (exchanged.token !== undefined) options.tokens?.drop(exchanged.token);
          break;
        case 'halve':
          if (step.shrink) options.planner.shrinkBelow(chunk);
          return halveAndDeliver(chunk, { announced, maybeTaken, retries: 0 });
        case 'stop':
          return giveBack(chunk, { announced, maybeTaken, retries }, step.reason);
        case 'wait':
          if (step.counts) retries += 1;
          observer.retried(step.reason);
          if (step.scope === 'request') await clock.sleep(step.ms, intake.signal);
          break;
      }
    }
  };

  /** Items that the platform asked to have again: their own chunk, after the target's own first wait. */
  const deliverAgain = async (chunk: Chunk, retries: number) => {
    const plan = withRetries(options.policy.plan, options.policy.retries);
    if (retries > plan.retries) {
      const reason: Reason = {
        code: 'server-error',
        reason: `the platform asked ${retries} times to send these again`,
      };
      await giveBack(chunk, { announced: true, maybeTaken: false, retries }, reason);
      stop({ exit: Exit.gaveUpRetrying, reason });
      return;
    }
    const ceiling =
      plan.waits.kind === 'backoff'
        ? Math.min(plan.waits.capMs, plan.waits.firstMs * 2 ** retries)
        : (plan.waits.stepsMs[0] ?? 0);
    await clock.sleep(Math.round(options.random() * ceiling), intake.signal);
    await deliver(chunk, { announced: true, maybeTaken: false, retries });
  };

  return {
    async submit(chunk) {
      if (stopped !== undefined) return;
      heldBytes += chunk.bytes;
      lanes.enter(chunk);
      pump();
      if (heldBytes >= options.queueBytes && stopped === undefined) {
        await new Promise<void>((resolve) => roomMade.push(resolve));
      }
    },
    async drain() {
      if (active > 0 || lanes.waiting > 0) await new Promise<void>((resolve) => emptied.push(resolve));
      callOff.abort();
    },
    stop,
    get stopped() {
      return stopped;
    },
    intake: intake.signal,
  };
}

const allOf = (chunk: Chunk, reason: Reason): Map<number, Reason> =>
  new Map(Array.from({ length: chunk.items }, (_, index) => [index, reason]));

function receiptsOf(chunk: Chunk, receipts: Receipts | undefined): Receipt[] | undefined {
  if (receipts === undefined) return undefined;
  return [...receipts].map(([index, value]) => {
    const { block, item } = itemAt(chunk, index);
    const { entries, firstRow, block: position } = block.mapped;
    return { load: block.load, entry: entries[item] ?? 0, record: position.startRecord + (firstRow[item] ?? 0), value };
  });
}
