/** What `validate` notes beside the counts that every run makes: keys that repeat, and some of the rows at fault for a report. */
import type { RejectedRow } from '../journal/rejects.ts';
import type { MappedBlock } from '../model/block.ts';
import type { Fault } from '../model/fault.ts';
import type { RepeatedKeys, Summary } from '../report/summary.ts';
import type { Operation } from '../targets/target.ts';
import type { FedBlock } from './feed.ts';
import { createRepeatedIds } from './repeated-ids.ts';
import { type Repeated, Repetitions, type RepetitionsOptions } from './repetitions.ts';

export interface Inspection {
  took(fed: FedBlock, file: string): void;
  /** To be called once, when all of the input has been taken. */
  finish(interrupt?: AbortSignal): Promise<Findings>;
  /** Rows at fault, in order: some for each reason. */
  readonly rows: readonly RejectedRow[];
}

export interface Findings {
  /** Absent: no row had a key. */
  readonly repeatedKeys?: RepeatedKeys;
  /** Ids that the platform keeps one item of, where they came again. */
  readonly warnings: Summary['warnings'];
}

export interface InspectionOptions extends Omit<RepetitionsOptions, 'within'> {
  /** Rows at fault to keep, in all and for one reason. 0: none. */
  readonly mostRows: number;
  readonly mostRowsEach: number;
  /** Characters of all rows kept together: a row may be of many megabytes. Default: no limit. */
  readonly mostCharacters?: number;
  /** The line of a row, which counts from its block's first. */
  readonly lineOf: (mapped: MappedBlock, row: number) => number;
  /** By entry of the mapping. Default: none has such an id. */
  readonly once?: readonly (Operation['once'] | undefined)[];
}

export function createInspection(options: InspectionOptions): Inspection {
  const { folder, mostSlots } = options;
  const keys = new Repetitions({ folder, mostSlots, within: 'file' });
  const rows: RejectedRow[] = [];
  const kept = new Map<string, number>();
  let roomLeft = options.mostCharacters ?? Number.POSITIVE_INFINITY;
  let load: number | undefined;

  const compare = (fed: FedBlock, file: string, lineOf: (row: number) => number) => {
    const hashes = fed.mapped.keys;
    if (hashes === undefined) return;
    // Loads come one after the other, and a key may well stand in several files.
    if (load !== fed.load) keys.enter(file);
    load = fed.load;
    for (let row = 0; row < hashes.length; row++) {
      const hash = hashes[row] ?? 0;
      if (hash !== 0) keys.add(hash, row, lineOf);
    }
  };

  const ids = createRepeatedIds(options.once ?? [], { folder, mostSlots });
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
      const lineOf = (row: number) => options.lineOf(fed.mapped, row);
      compare(fed, file, lineOf);
      ids.took(fed, file, lineOf);
      for (const row of fed.mapped.rejected) keep({ file, ...row });
    },
    async finish(interrupt) {
      const repeatedKeys = repeatedKeysOf(await keys.finish(interrupt));
      const warnings = await ids.finish(interrupt);
      return { warnings, ...(repeatedKeys === undefined ? {} : { repeatedKeys }) };
    },
    rows,
  };
}

function repeatedKeysOf({ count, first, compared, missed }: Repeated): RepeatedKeys | undefined {
  if (compared === 0) return undefined;
  const found = { rows: count, first, compared };
  return missed === undefined ? { ...found, isWhole: true } : { ...found, isWhole: false, why: missed.why };
}

/** As the summary counts reasons. */
export const reasonKey = ({ code, column, field }: Pick<Fault, 'code' | 'column' | 'field'>): string =>
  `${code}\n${column ?? field ?? ''}`;
