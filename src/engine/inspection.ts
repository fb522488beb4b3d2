/** What `validate` notes beside the counts that every run makes: keys that repeat, and some of the rows at fault for a report. */
import type { RejectedRow } from '../journal/rejects.ts';
import type { Fault } from '../model/fault.ts';
import type { RepeatedKeys, Summary } from '../report/summary.ts';
import type { Operation } from '../targets/target.ts';
import type { FedBlock } from './feed.ts';
import { createRepeatedIds } from './repeated-ids.ts';
import { KeySet } from './repeated-keys.ts';

export interface Inspection {
  took(fed: FedBlock, file: string): void;
  /** Undefined while no row had a key. */
  readonly repeatedKeys: RepeatedKeys | undefined;
  /** Ids that the platform keeps one item of, where they came again. */
  readonly warnings: Summary['warnings'];
  /** Rows at fault, in order: some for each reason. */
  readonly rows: readonly RejectedRow[];
}

export interface InspectionOptions {
  /** Rows at fault to keep, in all and for one reason. 0: none. */
  readonly mostRows: number;
  readonly mostRowsEach: number;
  /** Characters of all rows kept together: a row may be of many megabytes. Default: no limit. */
  readonly mostCharacters?: number;
  /** Where in the file a record stands. */
  readonly lineOf: (fed: FedBlock, row: number) => number;
  readonly keys?: KeySet;
  /** By entry of the mapping. Default: none has such an id. */
  readonly once?: readonly (Operation['once'] | undefined)[];
}

export function createInspection(options: InspectionOptions): Inspection {
  const keys = options.keys ?? new KeySet();
  const rows: RejectedRow[] = [];
  const kept = new Map<string, number>();
  let roomLeft = options.mostCharacters ?? Number.POSITIVE_INFINITY;
  let isWhole = true;
  let compared = 0;
  let repeated = 0;
  let first: string | undefined;
  let load: number | undefined;

  const compare = (fed: FedBlock, file: string) => {
    const hashes = fed.mapped.keys;
    if (hashes === undefined || !isWhole) return;
    // Loads come one after the other, and a key may well stand in several files.
    if (load !== fed.load) keys.clear();
    load = fed.load;
    for (let row = 0; row < hashes.length; row++) {
      const hash = hashes[row] ?? 0;
      if (hash === 0) continue;
      const found = keys.add(hash);
      if (found === 'full') {
        isWhole = false;
        return;
      }
      compared += 1;
      if (found === 'new') continue;
      repeated += 1;
      first ??= `${file}:${options.lineOf(fed, row)}`;
    }
  };

  const ids = createRepeatedIds(options.once ?? [], options.lineOf);
  const keep = (row: RejectedRow) => {
    if (rows.length >= options.mostRows) return;
    const reasons = row.faults.map(reasonKey);
    if (reasons.every((reason) => (kept.get(reason) ?? 0) >= options.mostRowsEach)) return;
    const size = row.source.text.length;
    if (size > roomLeft) return;
    roomLeft -= size;
    for (const reason of reasons) kept.set(reason, (kept.get(reason) ?? 0) + 1);
    rows.push(row);
  };

  return {
    took(fed, file) {
      compare(fed, file);
      ids.took(fed, file);
      for (const row of fed.mapped.rejected) keep({ file, ...row });
    },
    get repeatedKeys() {
      return compared === 0 ? undefined : { rows: repeated, first, compared, isWhole };
    },
    get warnings() {
      return ids.warnings;
    },
    rows,
  };
}

/** As the summary counts reasons. */
export const reasonKey = ({ code, column, field }: Pick<Fault, 'code' | 'column' | 'field'>): string =>
  `${code}\n${column ?? field ?? ''}`;
