/** Counts what happens, for the bar and the summary. Knows nothing of files or platforms. */
import type { Chunk, EntryRecords } from '../delivery/chunk.ts';
import type { Settlement } from '../delivery/ledger.ts';
import { skippedBy } from '../model/block.ts';
import type { Fault } from '../model/fault.ts';
import type { FaultTally, Summary } from '../report/summary.ts';
import type { Operation } from '../targets/target.ts';
import type { FedBlock } from './feed.ts';

interface Counted {
  readonly code: string;
  readonly column: string | undefined;
  readonly reason: string;
  count: number;
  readonly first: string;
}

export interface Tally {
  /** `carry`: of the second of two requests. */
  sent(chunk: Pick<Chunk, 'bytes' | 'items' | 'operation'>, carry?: string): void;
  settled(to: Settlement, items: number, records: readonly EntryRecords[]): void;
  /** Of the skipped ones: a later item took their place. */
  superseded(items: number): void;
  retried(): void;
  /** A block was read, mapped and handed on. */
  took(fed: FedBlock, file: string): void;
  /** One item that the platform refused. */
  refusedItem(place: string, fault: Fault): void;
  /** For the bar. With several items a row these are shares of rows; the summary counts rows. */
  readonly shown: {
    readonly read: number;
    readonly accepted: number;
    readonly rejected: number;
    readonly skipped: number;
    readonly uncertain: number;
    readonly bytesRead: number;
  };
  readonly requests: number;
  readonly retries: number;
  readonly bytes: number;
  /** Of all requests, in the target's own units. */
  readonly cost: number;
  readonly itemsMapped: number;
  readonly itemsSettled: number;
  readonly itemsSuperseded: number;
  readonly faults: readonly FaultTally[];
  readonly warnings: Summary['warnings'];
  readonly destroyed: Summary['destroyed'];
}

export function createTally(operations: readonly Operation[]): Tally {
  const faults = new Map<string, Counted>();
  const warnings = new Map<
    string,
    { readonly code: string; readonly text: string; count: number; readonly first: string }
  >();
  const destroyed = new Map<string, { readonly operation: string; readonly what: string; items: number }>();
  const shown = { read: 0, accepted: 0, rejected: 0, skipped: 0, uncertain: 0, bytesRead: 0 };
  const counters = { requests: 0, retries: 0, bytes: 0, cost: 0, itemsMapped: 0, itemsSettled: 0, itemsSuperseded: 0 };
  const entries = operations.length;

  const addFault = (place: string, { code, column, field, reason }: Fault) => {
    const about = column ?? field;
    const key = `${code}\n${about ?? ''}`;
    const known = faults.get(key);
    if (known === undefined) faults.set(key, { code, column: about, reason, count: 1, first: place });
    else known.count += 1;
  };

  const addDestroyed = (items: number, records: readonly EntryRecords[]) => {
    for (const { entry, ranges } of records) {
      const operation = operations[entry];
      if (operation?.destroys === undefined) continue;
      const known = destroyed.get(operation.name) ?? { operation: operation.name, what: operation.destroys, items: 0 };
      known.items += records.length === 1 ? items : lengthOf(ranges);
      destroyed.set(operation.name, known);
    }
  };

  return {
    sent({ bytes, items, operation }, carry) {
      const asks = operation.asksFirst !== undefined && carry === undefined;
      counters.requests += 1;
      if (!asks) counters.bytes += bytes;
      counters.cost += operation.cost(items, carry);
    },
    settled(to, items, records) {
      if (to === 'open' || to === 'sending') return;
      counters.itemsSettled += items;
      // An item may be made of several rows.
      for (const { ranges } of records) shown[to] += lengthOf(ranges) / entries;
      if (to === 'accepted') addDestroyed(items, records);
    },
    superseded(items) {
      counters.itemsSuperseded += items;
    },
    retried() {
      counters.retries += 1;
    },
    took({ mapped, rows, bytes }, file) {
      shown.read += rows;
      shown.bytesRead += bytes;
      shown.rejected += mapped.rejected.length;
      for (const entry of mapped.skipped.keys()) shown.skipped += lengthOf(skippedBy(mapped, entry)) / entries;
      counters.itemsMapped += mapped.entries.length;
      for (const { line, faults: found } of mapped.rejected)
        for (const fault of found) addFault(`${file}:${line}`, fault);
      for (const { code, text, count, line } of mapped.warnings) {
        const known = warnings.get(code);
        if (known === undefined) warnings.set(code, { code, text, count, first: `${file}:${line}` });
        else known.count += count;
      }
    },
    refusedItem: addFault,
    shown,
    get requests() {
      return counters.requests;
    },
    get retries() {
      return counters.retries;
    },
    get bytes() {
      return counters.bytes;
    },
    get cost() {
      return counters.cost;
    },
    get itemsMapped() {
      return counters.itemsMapped;
    },
    get itemsSettled() {
      return counters.itemsSettled;
    },
    get itemsSuperseded() {
      return counters.itemsSuperseded;
    },
    get faults() {
      return [...faults.values()].sort((a, b) => b.count - a.count);
    },
    get warnings() {
      // By code where they are as many: which a block tells of first depends on where blocks begin.
      return [...warnings.values()].sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1));
    },
    get destroyed() {
      return [...destroyed.values()];
    },
  };
}

const lengthOf = (ranges: readonly (readonly [number, number])[]): number =>
  ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
