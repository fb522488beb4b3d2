/**
 * Writes down what becomes of a chunk's items: rows to their files first, then the journal, and only then the counters are
 * told. What is not in the journal has not happened.
 */
import type { Reason, Receipts } from '../model/verdict.ts';
import { type Chunk, type EntryRecords, itemAt, recordsOf } from './chunk.ts';
import type { Ledger, LedgerEvent, Receipt, Settlement } from './ledger.ts';
import type { LiveBlock } from './live-block.ts';
import { type Attempts, mayResend, type Policy } from './next-step.ts';
import { type Some, supersededBy } from './superseded.ts';

/** One item that a platform refused or never answered for. */
export interface FailedItem {
  readonly block: LiveBlock;
  readonly item: number;
  readonly reason: Reason;
}

export interface SettlingOptions {
  readonly ledger: Pick<Ledger, 'record'>;
  readonly uncertain: Policy['uncertain'];
  /** `records` says which rows of which loads and entries. */
  readonly settled: (chunk: Chunk, to: Settlement, items: number, records: readonly EntryRecords[]) => void;
  /** Of what was settled as skipped: so many items because a later one took their place. */
  readonly superseded?: ((items: number) => void) | undefined;
  /** Writes the rows of these items to the rejects or the uncertain file; resolves when the operating system has them. */
  readonly writeRejects: (items: readonly FailedItem[]) => Promise<void>;
  readonly writeUncertain: (items: readonly FailedItem[]) => Promise<void>;
}

/** What a chunk has been through. */
export interface Passage {
  /** The chunk's records are in the journal as sending. */
  readonly announced: boolean;
  readonly maybeTaken: boolean;
  readonly used: Attempts;
}

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

/** What becomes of superseded items when this becomes of the one that took their place: they would never be told otherwise. */
const follows: Readonly<Record<Settlement, Settlement>> = {
  sending: 'sending',
  accepted: 'skipped',
  // They are sent after all.
  rejected: 'open',
  skipped: 'skipped',
  uncertain: 'uncertain',
  open: 'open',
};

const nothingToDo: Promise<void> = Promise.resolve();

export function createSettling({ ledger, uncertain, settled, superseded, ...files }: SettlingOptions): Settling {
  /**
   * In one transaction: a crash between an item and those that it superseded would bring an old row back over a new one.
   * `done`: the journal has it.
   */
  const move = (chunk: Chunk, to: Settlement, only?: Some, receipts?: Receipts) => {
    const events: LedgerEvent[] = recordsOf(chunk, only).map((moved) => ({ ...moved, to }));
    const behind = supersededBy(chunk, only);
    if (behind !== undefined) for (const moved of recordsOf(behind)) events.push({ ...moved, to: follows[to] });
    const done = events.length > 0 ? ledger.record(events, receiptsOf(chunk, receipts)) : nothingToDo;
    return { behind, done };
  };

  const settle = async (chunk: Chunk, to: Settlement, items: number, only?: Some, receipts?: Receipts) => {
    const { behind, done } = move(chunk, to, only, receipts);
    await done;
    // Told anew: what is kept while the journal is waited for grows old.
    settled(chunk, to, items, recordsOf(chunk, only));
    if (behind === undefined) return;
    settled(behind, follows[to], behind.items, recordsOf(behind));
    if (follows[to] === 'skipped') superseded?.(behind.items);
  };

  const hold = async (chunk: Chunk, reason: Reason) => {
    await writeHeld(chunk, reason);
    const behind = supersededBy(chunk);
    if (behind !== undefined) await writeHeld(behind, reason);
    await settle(chunk, 'uncertain', chunk.items);
  };

  const writeHeld = (chunk: Chunk, reason: Reason) =>
    files.writeUncertain([...allOf(chunk, reason)].map(([index]) => ({ ...itemAt(chunk, index), reason })));

  return {
    // Without a frame of its own: where each record is a request, thousands wait for the journal here.
    announce: (chunk) => move(chunk, 'sending').done,
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
