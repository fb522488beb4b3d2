/**
 * Writes down what becomes of a chunk's items: rows to their files first, then the journal, and only then the counters are
 * told. What is not in the journal has not happened.
 */
import type { Reason, Receipts } from '../model/verdict.ts';
import { type Chunk, type EntryRecords, itemAt, type LiveBlock, recordsOf } from './chunk.ts';
import type { Ledger, LedgerEvent, Receipt, Settlement } from './ledger.ts';
import { mayResend, type Policy } from './next-step.ts';

/** One item that a platform refused or never answered for. */
export interface FailedItem {
  readonly block: LiveBlock;
  readonly item: number;
  readonly reason: Reason;
}

export interface SettlingOptions {
  readonly ledger: Ledger;
  readonly uncertain: Policy['uncertain'];
  /** `records` says which rows of which loads and entries. */
  readonly settled: (chunk: Chunk, to: Settlement, items: number, records: readonly EntryRecords[]) => void;
  /** Writes the rows of these items to the rejects or the uncertain file; resolves when the operating system has them. */
  readonly writeRejects: (items: readonly FailedItem[]) => Promise<void>;
  readonly writeUncertain: (items: readonly FailedItem[]) => Promise<void>;
}

/** What a chunk has been through. */
export interface Passage {
  /** The chunk's records are in the journal as sending. */
  readonly announced: boolean;
  readonly maybeTaken: boolean;
  /** Attempts used up already. */
  readonly retries: number;
}

/** Items of a chunk, by index; undefined: all of them. */
type Some = ((index: number) => boolean) | undefined;

export interface Settling {
  /** Resolves when the journal knows that the chunk is about to leave. */
  announce(chunk: Chunk): Promise<void>;
  accept(chunk: Chunk, items: number, only?: Some, receipts?: Receipts): Promise<void>;
  reject(chunk: Chunk, rejected: ReadonlyMap<number, Reason>): Promise<void>;
  skip(chunk: Chunk): Promise<void>;
  /** Names the items as uncertain: they are not sent again. */
  hold(chunk: Chunk, reason: Reason): Promise<void>;
  /** The run is stopping: says of this chunk what is true. */
  giveBack(chunk: Chunk, passage: Passage, reason: Reason): Promise<void>;
}

export function createSettling({ ledger, uncertain, settled, ...files }: SettlingOptions): Settling {
  const move = async (chunk: Chunk, to: Settlement, only?: Some, receipts?: Receipts) => {
    const records = recordsOf(chunk, only);
    const events: LedgerEvent[] = records.map((moved) => ({ ...moved, to }));
    if (events.length > 0) await ledger.record(events, receiptsOf(chunk, receipts));
    return records;
  };

  const settle = async (chunk: Chunk, to: Settlement, items: number, only?: Some, receipts?: Receipts) => {
    settled(chunk, to, items, await move(chunk, to, only, receipts));
  };

  const hold = async (chunk: Chunk, reason: Reason) => {
    await files.writeUncertain([...allOf(chunk, reason)].map(([index]) => ({ ...itemAt(chunk, index), reason })));
    await settle(chunk, 'uncertain', chunk.items);
  };

  return {
    async announce(chunk) {
      await move(chunk, 'sending');
    },
    accept: (chunk, items, only, receipts) => settle(chunk, 'accepted', items, only, receipts),
    async reject(chunk, rejected) {
      if (rejected.size === 0) return;
      await files.writeRejects([...rejected].map(([index, reason]) => ({ ...itemAt(chunk, index), reason })));
      await settle(chunk, 'rejected', rejected.size, (index) => rejected.has(index));
    },
    skip: (chunk) => settle(chunk, 'skipped', chunk.items),
    hold,
    async giveBack(chunk, passage, reason) {
      if (!passage.announced) return;
      if (!passage.maybeTaken) return settle(chunk, 'open', chunk.items);
      if (mayResend(chunk.repeatable, uncertain)) {
        // They stay *sending*: what is uncertain counts as settled, and a load that ends so would be taken for loaded. The
        // next run finds them as it finds what a crash left, names them, and sends them again.
        settled(chunk, 'uncertain', chunk.items, recordsOf(chunk));
        return;
      }
      return hold(chunk, reason);
    },
  };
}

export const allOf = (chunk: Chunk, reason: Reason): Map<number, Reason> =>
  new Map(Array.from({ length: chunk.items }, (_, index) => [index, reason]));

function receiptsOf(chunk: Chunk, receipts: Receipts | undefined): Receipt[] | undefined {
  if (receipts === undefined) return undefined;
  return [...receipts].map(([index, value]) => {
    const { block, item } = itemAt(chunk, index);
    const { entries, firstRow, block: position } = block.mapped;
    return { load: block.load, entry: entries[item] ?? 0, record: position.startRecord + (firstRow[item] ?? 0), value };
  });
}
