/** The part of the journal that delivery writes to. `validate` has one that lives in memory only. */
import type { RecordRange } from '../model/block.ts';

/** Where a record stands, for one entry of the mapping. What is in none of these is open. */
export type Settlement = 'sending' | 'accepted' | 'rejected' | 'skipped' | 'uncertain' | 'open';

/** These records move to this state, out of any other. `open` = withdrawn: certainly not taken by the platform. */
export interface LedgerEvent {
  readonly load: number;
  readonly entry: number;
  readonly to: Settlement;
  readonly ranges: readonly RecordRange[];
}

export interface Receipt {
  readonly load: number;
  readonly entry: number;
  readonly record: number;
  readonly value: string;
}

export interface Ledger {
  /** Resolves when the events are on disk, in order. Rejects when they cannot be: then the run must stop. */
  record(events: readonly LedgerEvent[], receipts?: readonly Receipt[]): Promise<void>;
  /** Somebody waits for what was recorded, and has nothing else to do. Otherwise it may wait for more to come. */
  hurry(): void;
}
