/**
 * Streams chunks out and settles what comes back. It decides nothing: verdicts come from the target, steps from
 * `next-step.ts`, timing from `pace.ts`, order from `lanes.ts`; `courier.ts` goes the way with each chunk and `settling.ts`
 * writes down what became of it. What it guarantees:
 *
 * - A chunk is in the journal as *sending* before a byte of it leaves, and as settled before it counts as delivered.
 * - A reject is written to its file before the journal says so.
 * - Work in hand is bounded in bytes; `submit` waits when it is too much.
 * - `stop` lets what is in flight finish within a bound; what was never answered is named, never guessed.
 */
import { exitOf } from '../model/fault.ts';
import type { Milliseconds } from '../model/verdict.ts';
import { type Chunk, release } from './chunk.ts';
import { type CourierOptions, createCourier } from './courier.ts';
import { createLanes, type Turn } from './lanes.ts';
import type { Ledger } from './ledger.ts';
import { createSettling, type SettlingOptions } from './settling.ts';
import type { StopReason } from './stop.ts';

/** Is told what happens; returns nothing, changes nothing. */
export type SenderObserver = CourierOptions['observer'] & Pick<SettlingOptions, 'settled' | 'superseded'>;

export interface SenderOptions
  extends Omit<CourierOptions, 'observer'>,
    Pick<SettlingOptions, 'writeRejects' | 'writeUncertain'> {
  readonly ledger: Ledger;
  readonly observer: SenderObserver;
  /** Chunks worked on at once (in flight or waiting to be retried). */
  readonly concurrency: number;
  /**
   * Chunks made ready beyond these: announced to the journal, so that no request waits for the disk. So many at least, and as many
   * as leave while a commit is waited for, up to so many: what a crash leaves in doubt is no more than that takes.
   */
  readonly ahead: { readonly least: number; readonly most: number };
  readonly queueBytes: number;
  /** How long requests in flight may still take after `stop`. */
  readonly graceMs: Milliseconds;
}

export interface Sender {
  /**
   * Takes a chunk over, and releases its blocks when it is settled. Resolves when there is room for more; at once, with nothing done, when the
   * run is stopping.
   */
  submit(chunk: Chunk): Promise<void>;
  /** Resolves when all that was submitted is settled or, after `stop`, named. */
  drain(): Promise<void>;
  /** No new request leaves; what is in flight may finish within the grace. The first reason stands. */
  stop(reason: StopReason): void;
  readonly stopped: StopReason | undefined;
  /** Aborts when the run stops taking new work. */
  readonly intake: AbortSignal;
}

function wake(waiting: (() => void)[]): void {
  if (waiting.length > 0) for (const resume of waiting.splice(0)) resume();
}

/** What a chunk on its way takes beside its payload, roughly: nearly all of it where each record is a request. */
const bytesBesidePayload = 8192;
const weightOf = ({ bytes }: Chunk): number => bytes + bytesBesidePayload;

/** The longest that a commit may let a chunk wait, and its sync, with as much again to spare. */
const readyForSeconds = 0.1;

export function createSender(options: SenderOptions): Sender {
  const { pace, clock, observer, policy } = options;
  const lanes = createLanes();
  const intake = new AbortController();
  const callOff = new AbortController();
  let stopped: StopReason | undefined;
  let isOpen = false;
  let isDraining = false;
  let active = 0;
  /** Of the active ones, those that have their answer and wait only for the journal, until they are settled. When the journal fails, the run is over. */
  let answered = 0;
  let heldBytes = 0;
  const roomMade: (() => void)[] = [];
  const emptied: (() => void)[] = [];

  const stop = (reason: StopReason) => {
    if (stopped !== undefined) return;
    stopped = reason;
    intake.abort();
    wake(roomMade);
    void clock.sleep(options.graceMs, callOff.signal).then(() => callOff.abort());
  };

  const aheadNow = () => {
    const { least, most } = options.ahead;
    return Math.min(most, Math.max(least, Math.ceil(pace.state.perSecond * readyForSeconds)));
  };
  const isFullyAhead = () => active - answered >= options.concurrency + aheadNow();

  /**
   * Each commit costs time, so the journal may gather as long as there is plenty ready to leave, or room for more to be made
   * ready meanwhile; not when all that is there waits for a lane, and that for the journal.
   */
  const hurryIfShort = () => {
    const isFull = heldBytes >= options.queueBytes / 2 || isFullyAhead();
    const { inFlight, waiting } = pace.state;
    const isStuck = inFlight === 0 && lanes.waiting > 0;
    if ((isFull || isStuck || isDraining || !isOpen) && waiting <= aheadNow() / 2) options.ledger.hurry();
  };

  const settling = createSettling({
    ledger: {
      record(...recorded) {
        const done = options.ledger.record(...recorded);
        hurryIfShort();
        return done;
      },
    },
    uncertain: policy.uncertain,
    settled(chunk, to, items, records) {
      if (to === 'accepted') answered -= 1;
      observer.settled(chunk, to, items, records);
    },
    superseded: (items) => observer.superseded?.(items),
    writeRejects: options.writeRejects,
    writeUncertain: options.writeUncertain,
  });

  const deliver = createCourier(options, {
    settling: {
      ...settling,
      announceNow(chunk) {
        const announced = settling.announce(chunk);
        // It has its turn, and nobody else can have it meanwhile.
        options.ledger.hurry();
        return announced;
      },
      accept(chunk, items, only, receipts) {
        // The platform is idle while the journal writes: another chunk may go to it.
        answered += 1;
        pump();
        return settling.accept(chunk, items, only, receipts);
      },
    },
    intake: intake.signal,
    callOff: callOff.signal,
    stop,
    opened() {
      if (isOpen) return;
      isOpen = true;
      pace.open();
      pump();
    },
    closed() {
      isOpen = false;
      pace.close();
    },
  });

  const pump = () => {
    // Until then one chunk at a time, its retries included: wrong credentials sent in parallel lock accounts.
    while (isOpen ? !isFullyAhead() : active < 1) {
      const turn = lanes.takeRunnable();
      if (turn === undefined) break;
      active += 1;
      void work(turn);
    }
  };

  const work = async (turn: Turn) => {
    try {
      await deliver(turn.chunk);
    } catch (error) {
      stop({ exit: exitOf(error), error });
    }
    active -= 1;
    heldBytes -= weightOf(turn.chunk);
    lanes.leave(turn);
    release(turn.chunk);
    pump();
    if (heldBytes < options.queueBytes) wake(roomMade);
    if (active === 0 && lanes.waiting === 0) wake(emptied);
  };

  return {
    async submit(chunk) {
      if (stopped !== undefined) return;
      heldBytes += weightOf(chunk);
      lanes.enter(chunk);
      pump();
      hurryIfShort();
      if (heldBytes >= options.queueBytes && stopped === undefined) {
        await new Promise<void>((resolve) => roomMade.push(resolve));
      }
    },
    async drain() {
      isDraining = true;
      hurryIfShort();
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
