/**
 * When the next request may leave. Three gates, in this order: a pause that holds everyone who talks to the target (a
 * `Retry-After`, a lock-out), a limit on requests in flight that adapts to what the platform bears, and a token bucket in
 * the target's own cost units.
 *
 * The limit in flight grows by one for each round trip in which it was really used, and is cut when the platform pushes
 * back or slows down (additive increase, multiplicative decrease). The rate, where there is one, leads: then the limit is
 * whatever it takes to fill it, however slow the answers. It is halved by a push-back and creeps back up.
 */
import type { Clock } from '../model/clock.ts';
import type { Milliseconds } from '../model/verdict.ts';

export interface PaceOptions {
  /** Requests in flight, at most. */
  readonly concurrency: number;
  /** Cost units a second; undefined: no bucket. */
  readonly rate?: number | undefined;
}

export interface Pace {
  /** Resolves when a request of this cost may leave, or at once when `signal` aborts. The caller must `release` what it got. */
  acquire(cost: number, signal: AbortSignal): Promise<boolean>;
  release(outcome: { readonly tookMs: Milliseconds; readonly pushedBack: boolean }): void;
  /** Nobody sends before `until` (epoch ms). */
  pauseUntil(until: Milliseconds): void;
  /** First contact is made alone; an answer that proves the way opens it for the others. */
  open(): void;
  /** Back to one request at a time, until `open` again. */
  close(): void;
  readonly state: {
    readonly inFlight: number;
    /** Those that wait for their turn. */
    readonly waiting: number;
    readonly limit: number;
    /** Requests a second that the limit in flight comes to, by the mean round trip; 0 before the first. */
    readonly perSecond: number;
    readonly rate: number | undefined;
    readonly pausedUntil: Milliseconds;
  };
}

interface Waiting {
  readonly cost: number;
  readonly signal: AbortSignal;
  resolve(isGranted: boolean): void;
}

const cutOnPushBack = 0.7;
const cutOnSlowness = 0.9;
/** Weight of the newest round trip in the running mean. */
const smoothing = 0.3;
/** A mean this many times the best round trip means that our requests wait for each other over there. */
const queuesFrom = 3;
const growsUpTo = 2;
/** Of the limit, for each round trip in which it kept a known rate from being used. */
const growthToRate = 0.5;
/** A mean that exceeds the best round trip by less than this says nothing of the platform: this process alone is as slow at times. */
const noticeableMs = 25;
/** Where the limit starts, however high it may go. */
const firstLimit = 16;
/** The least burst a bucket allows, as a share of a second. */
const burstSeconds = 0.25;
const rateCut = 0.5;
/** Share of the configured rate that is won back each second without a push-back. */
const rateRecovery = 0.05;

const granted = Promise.resolve(true);

export function createPace(options: PaceOptions, clock: Clock): Pace {
  // A platform that is slower at noon than at night is no reason to crawl: slowness alone cuts only this far.
  const leastBySlowness = Math.max(2, Math.ceil(options.concurrency / 4));
  let opened = false;
  let limit = Math.min(options.concurrency, Math.max(2, Math.ceil(options.concurrency / 2)), firstLimit);
  let inFlight = 0;
  let pausedUntil = 0;
  let meanMs = 0;
  let floorMs = 0;
  let wasFull = false;
  let windowEnds = 0;
  let lastCut = 0;

  const bucket = options.rate === undefined ? undefined : createBucket(options.rate, clock.now());
  let waiting: Waiting[] = [];
  const listenedTo = new WeakSet<AbortSignal>();
  let alarm: AbortController | undefined;

  const currentLimit = () => (opened ? Math.floor(limit) : 1);

  const grantWhatMayLeave = () => {
    for (;;) {
      const first = waiting[0];
      if (first === undefined) return;
      if (inFlight >= currentLimit()) {
        wasFull ||= opened;
        return;
      }
      const wait = waitMs(first.cost);
      if (wait > 0) {
        wakeAfter(wait);
        return;
      }
      bucket?.take(first.cost, clock.now());
      waiting.shift();
      inFlight += 1;
      first.resolve(true);
    }
  };

  const waitMs = (cost: number) =>
    Math.max(pausedUntil - clock.now(), bucket === undefined ? 0 : bucket.waitMs(cost, clock.now()));

  const wakeAfter = (ms: Milliseconds) => {
    if (alarm !== undefined) return;
    const set = new AbortController();
    alarm = set;
    void clock.sleep(Math.ceil(ms), set.signal).then(() => {
      if (alarm === set) alarm = undefined;
      if (!set.signal.aborted) grantWhatMayLeave();
    });
  };

  /** An alarm for nobody would keep the process alive through a long pause. */
  const unsetAlarm = () => {
    alarm?.abort();
    alarm = undefined;
  };

  /** One listener for all who wait: one for each is felt where each record is a request. */
  const listenTo = (signal: AbortSignal) => {
    if (listenedTo.has(signal)) return;
    listenedTo.add(signal);
    const giveUp = () => {
      const gone = waiting.filter((one) => one.signal === signal);
      waiting = waiting.filter((one) => one.signal !== signal);
      if (waiting.length === 0) unsetAlarm();
      for (const { resolve } of gone) resolve(false);
    };
    signal.addEventListener('abort', giveUp, { once: true });
  };

  /** Towards a known rate in big steps, as long as the platform has not pushed back: thousands a second take hundreds in flight. */
  const growth = () => (bucket !== undefined && lastCut === 0 ? Math.max(1, limit * growthToRate) : 1);

  const adapt = (tookMs: Milliseconds, pushedBack: boolean) => {
    const now = clock.now();
    if (pushedBack) {
      // One push-back hits everyone in flight; their answers are one event, not many.
      if (now - lastCut < Math.max(meanMs, 100)) return;
      lastCut = now;
      limit = Math.max(1, limit * cutOnPushBack);
      bucket?.slowDown(now);
      return;
    }
    meanMs = meanMs === 0 ? tookMs : meanMs + smoothing * (tookMs - meanMs);
    floorMs = floorMs === 0 ? tookMs : Math.min(tookMs, floorMs);
    if (now < windowEnds) return;
    windowEnds = now + meanMs;
    const isSlower = (times: number) => meanMs > Math.max(floorMs * times, floorMs + noticeableMs);
    // Where a rate is known it leads, and the limit is whatever fills it: answers that take longer take more in flight.
    if (bucket === undefined && isSlower(queuesFrom))
      limit = Math.max(Math.min(leastBySlowness, limit), limit * cutOnSlowness);
    else if (wasFull && (bucket !== undefined || !isSlower(growsUpTo)))
      limit = Math.min(options.concurrency, limit + growth());
    wasFull = false;
  };

  return {
    acquire(cost, signal) {
      if (signal.aborted) return Promise.resolve(false);
      // The common case, without a word to the signal: nobody waits and there is room.
      if (waiting.length === 0 && inFlight < currentLimit() && waitMs(cost) <= 0) {
        bucket?.take(cost, clock.now());
        inFlight += 1;
        return granted;
      }
      return new Promise((resolve) => {
        listenTo(signal);
        waiting.push({ cost, signal, resolve });
        grantWhatMayLeave();
      });
    },
    release({ tookMs, pushedBack }) {
      inFlight -= 1;
      adapt(tookMs, pushedBack);
      grantWhatMayLeave();
    },
    pauseUntil(until) {
      pausedUntil = Math.max(pausedUntil, until);
    },
    open() {
      if (opened) return;
      opened = true;
      grantWhatMayLeave();
    },
    close() {
      opened = false;
    },
    state: {
      get inFlight() {
        return inFlight;
      },
      get waiting() {
        return waiting.length;
      },
      get limit() {
        return currentLimit();
      },
      get perSecond() {
        return meanMs === 0 ? 0 : (currentLimit() * 1000) / meanMs;
      },
      get rate() {
        return bucket?.rate;
      },
      get pausedUntil() {
        return pausedUntil;
      },
    },
  };
}

/** Refills continuously; a cost larger than the burst is let through once the bucket is full and then paid off. */
function createBucket(configured: number, startedAt: Milliseconds) {
  let rate = configured;
  let level = Math.max(1, configured * burstSeconds);
  let filledAt = startedAt;

  const burst = () => Math.max(1, rate * burstSeconds);
  const refill = (now: Milliseconds) => {
    const seconds = Math.max(0, now - filledAt) / 1000;
    filledAt = now;
    rate = Math.min(configured, rate + configured * rateRecovery * seconds);
    level = Math.min(burst(), level + rate * seconds);
  };

  return {
    waitMs(cost: number, now: Milliseconds): Milliseconds {
      refill(now);
      const lacking = Math.min(cost, burst()) - level;
      // A thousandth of slack: the refill of a wait computed exactly can end an ulp short.
      return lacking <= 1e-3 ? 0 : Math.max(1, (lacking / rate) * 1000);
    },
    take(cost: number, now: Milliseconds) {
      refill(now);
      level -= cost;
    },
    slowDown(now: Milliseconds) {
      refill(now);
      rate = Math.max(configured / 100, rate * rateCut);
      level = Math.min(level, 0);
    },
    get rate() {
      return rate;
    },
  };
}
