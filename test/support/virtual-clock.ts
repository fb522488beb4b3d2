/** A clock that stands still until it is turned; sleepers wake in order of their time. */
import type { Clock } from '../../src/model/clock.ts';

export interface VirtualClock extends Clock {
  /** Lets `ms` pass, waking each sleeper at its own moment and letting it run before the next. */
  pass(ms: number): Promise<void>;
  /** Goes from sleeper to sleeper until `done` holds or nobody sleeps. */
  passUntil(done: () => boolean): Promise<void>;
}

export function createVirtualClock(startsAt = 1_700_000_000_000): VirtualClock {
  let now = startsAt;
  const sleepers: { at: number; wake: () => void }[] = [];
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

  const next = () =>
    sleepers.reduce<number | undefined>((least, { at }) => (least === undefined || at < least ? at : least), undefined);
  const advanceTo = async (until: number) => {
    await settle();
    for (let at = next(); at !== undefined && at <= until; at = next()) {
      now = Math.max(now, at);
      for (const sleeper of sleepers.filter((one) => one.at <= now)) sleeper.wake();
      await settle();
    }
    now = Math.max(now, until);
    await settle();
  };

  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const sleeper = {
          at: now + ms,
          wake: () => {
            const index = sleepers.indexOf(sleeper);
            if (index >= 0) sleepers.splice(index, 1);
            signal?.removeEventListener('abort', sleeper.wake);
            resolve();
          },
        };
        sleepers.push(sleeper);
        signal?.addEventListener('abort', sleeper.wake, { once: true });
      }),
    pass: (ms) => advanceTo(now + ms),
    async passUntil(done) {
      for (;;) {
        await settle();
        if (done()) return;
        const at = next();
        if (at === undefined) return;
        await advanceTo(at);
      }
    },
  };
}
