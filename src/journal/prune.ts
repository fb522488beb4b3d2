/**
 * Takes away what nobody needs any more of loads that are done: their runs with their rejects, checkpoints and receipts.
 * That a file was loaded is never forgotten (a few hundred bytes each), or the next push of it would load it again and
 * `--again` could give its rows the ids of an earlier load. A load goes with all of its runs and a run with all of its
 * loads, or not at all: so what is said to be lost is all that is lost.
 */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { inTransaction } from './database.ts';
import type { Load, Loads } from './loads.ts';
import type { Locks } from './locks.ts';
import { integer, text } from './rows.ts';
import { isRunId, startOfRun } from './run-id.ts';
import { countRows } from './state.ts';

export interface Pruned {
  /** Ids, the oldest first. Those of `validate` end in that word. */
  readonly runs: readonly string[];
  /** Loads of which nothing is left but that they were made. */
  readonly loads: number;
  /** Of files with rows in them. */
  readonly bytes: number;
  /** Rows of those loads that no `retry` can send any more. */
  readonly rejected: number;
  readonly uncertain: number;
}

export interface PruneParts {
  readonly database: DatabaseSync;
  readonly loads: Loads;
  readonly locks: Locks;
  /** Where each run has its folder. */
  readonly folder: string;
  readonly now: number;
}

/** @param before epoch milliseconds; what ended later stays */
export function prune(parts: PruneParts, before: number, options: { readonly dryRun: boolean }): Pruned {
  const { database, folder } = parts;
  const { runs, loads } = findDone(parts, before);
  const folders = [...runs, ...validatedBefore(folder, before)].sort();
  const counts = loads.map((load) => countRows(parts.loads.readState(load).state, load.records));
  const pruned: Pruned = {
    runs: folders,
    loads: loads.length,
    bytes: folders.reduce((sum, run) => sum + bytesIn(join(folder, run)), 0),
    rejected: counts.reduce((sum, { rejected }) => sum + rejected, 0),
    uncertain: counts.reduce((sum, { uncertain }) => sum + uncertain, 0),
  };
  if (options.dryRun) return pruned;
  // Folders first: a run that the journal still lists is pruned the next time, a folder that it does not know never is.
  for (const run of folders) rmSync(join(folder, run), { recursive: true, force: true });
  inTransaction(database, () => {
    // A retry may have taken one of them up meanwhile.
    const still = findDone(parts, before);
    for (const load of still.loads) parts.loads.strip(load);
    for (const table of ['run_loads', 'locks', 'leases'] as const) {
      const forget = database.prepare(`DELETE FROM ${table} WHERE run = ?`);
      for (const run of still.runs) forget.run(run);
    }
    const forget = database.prepare('DELETE FROM runs WHERE id = ?');
    for (const run of still.runs) forget.run(run);
  });
  if (runs.length > 0 && parts.locks.living(parts.now).size === 0) shrink(database);
  return pruned;
}

/** Runs that ended before, and their loads, all complete (before, too) or given up. A run that crashed ended when it began, for all anyone knows. */
function findDone({ database, loads, locks, now }: PruneParts, before: number): { runs: string[]; loads: Load[] } {
  const runs = database
    .prepare('SELECT id FROM runs WHERE coalesce(ended, started) < ? ORDER BY seq')
    .all(before)
    .map((row) => text(row, 'id'));
  const living = locks.living(now);
  const done = new Set(runs.filter((run) => isRunId(run) && !living.has(run)));
  const ties = database
    .prepare(
      `SELECT run, load, loads.state = 'open' OR coalesce(completed >= ?, 0) AS stays FROM run_loads JOIN loads ON id = load`,
    )
    .all(before)
    .map((row) => ({ run: text(row, 'run'), load: integer(row, 'load'), stays: integer(row, 'stays') === 1 }));
  const staying = new Set(ties.filter(({ stays }) => stays).map(({ load }) => load));
  // What stays keeps its runs, those keep their other loads, and so on.
  for (let isSettled = false; !isSettled; ) {
    isSettled = true;
    for (const { run, load } of ties) {
      if (staying.has(load) !== done.has(run)) continue;
      done.delete(run);
      staying.add(load);
      isSettled = false;
    }
  }
  const ids = new Set(ties.map(({ load }) => load).filter((load) => !staying.has(load)));
  return { runs: [...done], loads: [...ids].map((id) => loads.find(id)).filter((load) => load !== undefined) };
}

const ofValidate = '-validate';

/** They are in no journal; their names say when they were. */
function validatedBefore(folder: string, before: number): string[] {
  return namesIn(folder).filter((name) => {
    const run = name.slice(0, -ofValidate.length);
    return name.endsWith(ofValidate) && isRunId(run) && startOfRun(run) < before;
  });
}

const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
};

const bytesIn = (folder: string): number =>
  namesIn(folder).reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);

/** Gives the room back to the disk; when that cannot be, it is used for what is recorded next. */
function shrink(database: DatabaseSync): void {
  try {
    database.exec('VACUUM');
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } catch {
    // It needs room and quiet, and what matters is done.
  }
}
