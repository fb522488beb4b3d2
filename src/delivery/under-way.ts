/**
 * Requests under way, oldest first: one timer and, for each signal, one listener do for all. A chain of links, not a `Set`: where
 * thousands come and go in a second, the tables that a `Set` has outgrown hold on to each other and to all that has stood in them,
 * until the whole heap is marked.
 */
import type { Milliseconds } from '../model/verdict.ts';

/** Links are the chain's business. */
export abstract class Underway {
  before: Underway | undefined;
  after: Underway | undefined;
  /** By `performance.now()`. */
  startedAt = 0;
  readonly signal: AbortSignal | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.signal = signal;
  }

  /** Its time is over. Removes itself. */
  abstract timeOut(): void;
  /** Its signal has aborted. Removes itself. */
  abstract callOff(): void;
}

export class UnderwayChain {
  readonly #timeoutMs: Milliseconds;
  readonly #listenedTo = new WeakSet<AbortSignal>();
  #first: Underway | undefined;
  #last: Underway | undefined;
  #alarm: NodeJS.Timeout | undefined;

  /** @param timeoutMs how long each may take */
  constructor(timeoutMs: Milliseconds) {
    this.#timeoutMs = timeoutMs;
  }

  add(one: Underway): void {
    one.startedAt = performance.now();
    one.before = this.#last;
    if (this.#last === undefined) this.#first = one;
    else this.#last.after = one;
    this.#last = one;
    if (one.signal !== undefined) this.#listenTo(one.signal);
    this.#alarm ??= this.#wakeAfter(this.#timeoutMs);
  }

  remove(one: Underway): void {
    const { before, after } = one;
    if (before !== undefined) before.after = after;
    else if (this.#first === one) this.#first = after;
    if (after !== undefined) after.before = before;
    else if (this.#last === one) this.#last = before;
    one.before = undefined;
    one.after = undefined;
    if (this.#first !== undefined) return;
    clearTimeout(this.#alarm);
    this.#alarm = undefined;
  }

  #wakeAfter(ms: Milliseconds): NodeJS.Timeout {
    return setTimeout(() => this.#timeOut(), Math.ceil(ms));
  }

  #timeOut(): void {
    const now = performance.now();
    this.#alarm = undefined;
    for (let one = this.#first; one !== undefined; one = this.#first) {
      const left = one.startedAt + this.#timeoutMs - now;
      if (left > 0) {
        this.#alarm = this.#wakeAfter(left);
        return;
      }
      one.timeOut();
    }
  }

  #listenTo(signal: AbortSignal): void {
    if (this.#listenedTo.has(signal)) return;
    this.#listenedTo.add(signal);
    const callOff = () => {
      const all: Underway[] = [];
      for (let one = this.#first; one !== undefined; one = one.after) if (one.signal === signal) all.push(one);
      for (const one of all) one.callOff();
    };
    signal.addEventListener('abort', callOff, { once: true });
  }
}
