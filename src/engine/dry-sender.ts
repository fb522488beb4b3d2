/** A sender without a socket: every chunk that would leave is accepted at once. The rest of the path cannot tell. */
import { recordsOf } from '../delivery/chunk.ts';
import type { Ledger } from '../delivery/ledger.ts';
import type { Sender, SenderObserver } from '../delivery/sender.ts';
import type { StopReason } from '../delivery/stop.ts';

export function createDrySender(ledger: Ledger, observer: SenderObserver): Sender {
  const intake = new AbortController();
  let stopped: StopReason | undefined;
  return {
    async submit(chunk) {
      if (stopped !== undefined) return;
      const { asksFirst } = chunk.operation;
      observer.sent(chunk);
      if (asksFirst !== undefined) observer.sent(chunk, asksFirst.standIn);
      const records = recordsOf(chunk);
      await ledger.record(records.map((moved) => ({ ...moved, to: 'accepted' })));
      observer.settled(chunk, 'accepted', chunk.items, records);
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
