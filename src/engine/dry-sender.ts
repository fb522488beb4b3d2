/** A sender without a socket: every chunk that would leave is accepted at once. The rest of the path cannot tell. */
import { release } from '../delivery/chunk.ts';
import type { Ledger } from '../delivery/ledger.ts';
import type { Sender, SenderObserver } from '../delivery/sender.ts';
import { createSettling } from '../delivery/settling.ts';
import type { StopReason } from '../delivery/stop.ts';

export function createDrySender(ledger: Ledger, observer: SenderObserver): Sender {
  const intake = new AbortController();
  let stopped: StopReason | undefined;
  const settling = createSettling({
    ledger,
    uncertain: 'auto',
    settled: (chunk, to, items, records) => observer.settled(chunk, to, items, records),
    superseded: (items) => observer.superseded?.(items),
    writeRejects: async () => {},
    writeUncertain: async () => {},
  });
  return {
    async submit(chunk) {
      if (stopped !== undefined) return;
      const { asksFirst } = chunk.operation;
      observer.sent(chunk);
      if (asksFirst !== undefined) observer.sent(chunk, asksFirst.standIn);
      await settling.accept(chunk, chunk.items);
      release(chunk);
    },
    drain: async () => {},
    stop(reason) {
      stopped ??= reason;
      intake.abort();
    },
    get stopped() {
      return stopped;
    },
    intake: intake.signal,
  };
}
