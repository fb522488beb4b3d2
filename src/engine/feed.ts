/**
 * Where a run's rows come from: files (`file-feed.ts`) or the rejects of an earlier run (`retry-feed.ts`). Whatever it is, it
 * gives mapped blocks; what happens to them afterwards is the same.
 */
import type { LedgerEvent } from '../delivery/ledger.ts';
import { LiveBlock } from '../delivery/live-block.ts';
import type { Planner } from '../delivery/plan.ts';
import type { Sender } from '../delivery/sender.ts';
import { type MappedBlock, type RecordRange, type RowRejection, skippedBy } from '../model/block.ts';
import type { RowCounts } from '../report/summary.ts';
import type { Operation } from '../targets/target.ts';

export interface Feed {
  /** What the user called the inputs. */
  readonly names: readonly string[];
  /** Of the input, for the estimate. */
  readonly bytesTotal: number;
  /** Rows of the input that lie before the first block: earlier runs have settled them. */
  readonly rowsBefore: number;
  /** Hands over every block in order, waiting for each to be taken. Resolves to whether the input was read to its end. */
  run(take: (fed: FedBlock) => Promise<void>, isStopped: () => boolean): Promise<boolean>;
  /** The original row behind an item. `row` counts from the block's `startRecord`. */
  quote(mapped: MappedBlock, row: number): Pick<RowRejection, 'record' | 'line' | 'byte' | 'source'>;
  /** The file that a block is from. */
  nameOf(mapped: MappedBlock): string;
  /** Where the rows of this run stand. */
  counts(): RowCounts;
  close(): Promise<void>;
}

export interface FedBlock {
  readonly mapped: MappedBlock;
  readonly load: number;
  /** Rows that the block brought. */
  readonly rows: number;
  /** Bytes of input it stands for. */
  readonly bytes: number;
}

export interface Intake {
  readonly operations: readonly Operation[];
  readonly planner: Planner;
  readonly sender: Sender;
  /** Does not wait for the disk: nothing here depends on it, and a failure stops the run. */
  readonly record: (events: readonly LedgerEvent[]) => void;
  readonly writeRejects: (mapped: MappedBlock) => Promise<void>;
}

/** Settles what the mapping settled (rejects first to their file, then to the journal), plans the rest, and hands it on. */
export async function takeIn({ mapped, load }: FedBlock, intake: Intake): Promise<void> {
  const { operations, planner, sender } = intake;
  const events: LedgerEvent[] = mapped.skipped
    .map((_, entry) => ({ load, entry, to: 'skipped' as const, ranges: skippedBy(mapped, entry) }))
    .filter(({ ranges }) => ranges.length > 0);
  if (mapped.rejected.length > 0) {
    await intake.writeRejects(mapped);
    const ranges = mapped.rejected.map(({ record }): RecordRange => [record, record]);
    for (const entry of operations.keys()) events.push({ load, entry, to: 'rejected', ranges });
  }
  if (events.length > 0) intake.record(events);
  const live = new LiveBlock(mapped, load, operations);
  for (const chunk of planner.add(live)) await sender.submit(chunk);
  live.release();
}
