/** Counts what happens, for the bar and the summary. Knows nothing of files or platforms. */
import type { MappedBlock, RowRejection } from '../model/block.ts';
import type { Fault } from '../model/fault.ts';
import type { FaultTally, Summary } from '../report/summary.ts';

interface Counted {
  code: string;
  column: string | undefined;
  reason: string;
  count: number;
  first: string;
}

export interface Tally {
  /** Rows turned down before anything was sent. */
  rejectedRows(file: string, rows: readonly RowRejection[]): void;
  /** One item that the platform refused. */
  refusedItem(place: string, fault: Fault): void;
  warned(file: string, warnings: MappedBlock['warnings']): void;
  readonly faults: readonly FaultTally[];
  readonly warnings: Summary['warnings'];
}

export function createTally(): Tally {
  const faults = new Map<string, Counted>();
  const warnings = new Map<string, { code: string; text: string; count: number; first: string }>();

  const add = (place: string, { code, column, field, reason }: Fault) => {
    const about = column ?? field;
    const key = `${code}\n${about ?? ''}`;
    const known = faults.get(key);
    if (known === undefined) faults.set(key, { code, column: about, reason, count: 1, first: place });
    else known.count += 1;
  };

  return {
    rejectedRows(file, rows) {
      for (const { line, faults: found } of rows) for (const fault of found) add(`${file}:${line}`, fault);
    },
    refusedItem: add,
    warned(file, found) {
      for (const { code, text, count, line } of found) {
        const known = warnings.get(code);
        if (known === undefined) warnings.set(code, { code, text, count, first: `${file}:${line}` });
        else known.count += count;
      }
    },
    get faults() {
      return [...faults.values()].sort((a, b) => b.count - a.count);
    },
    get warnings() {
      return [...warnings.values()].sort((a, b) => b.count - a.count);
    },
  };
}
