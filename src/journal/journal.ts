/**
 * The durable record of loads: what of which input has been delivered where, what was in flight, who works on it. One
 * SQLite file in the state directory. It holds record numbers, never rows, and no secrets.
 */
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { journalError } from './codes.ts';
import { explained, inTransaction, openDatabase } from './database.ts';
import { History, type NewRun, type RunSummary } from './history.ts';
import { heartbeatMs, type Surroundings, systemSurroundings } from './holder.ts';
import { type Load, Loads } from './loads.ts';
import { Locks } from './locks.ts';
import { type Decision, decide, type PlanRequest } from './plan.ts';
import { type Pruned, prune } from './prune.ts';
import { JournalRun, type OpenedLoad } from './run.ts';
import { newRunId } from './run-id.ts';
import { countRows, emptyState, isWorthSummingUp, type RowCounts } from './state.ts';

export interface JournalOptions {
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** In [0, 1). Only for run ids. */
  readonly random?: () => number;
  readonly surroundings?: Surroundings;
  /** Calls `work` every `ms` until the returned function is called. Must not keep the process alive. */
  readonly every?: (ms: number, work: () => void) => () => void;
}

export interface LoadReport {
  readonly load: Load;
  readonly counts: RowCounts;
}

/** Opens the journal in `stateDirectory`, making both if absent. Throws UserError with the codes of `journalCodes`. */
export function openJournal(stateDirectory: string, options: JournalOptions = {}): Journal {
  const path = join(stateDirectory, 'journal.db');
  return new Journal(stateDirectory, path, openDatabase(path), options);
}

export class Journal {
  readonly stateDirectory: string;
  readonly path: string;
  readonly #database: DatabaseSync;
  readonly #loads: Loads;
  readonly #locks: Locks;
  readonly #history: History;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #every: (ms: number, work: () => void) => () => void;

  constructor(stateDirectory: string, path: string, database: DatabaseSync, options: JournalOptions) {
    const surroundings = options.surroundings ?? systemSurroundings();
    this.stateDirectory = stateDirectory;
    this.path = path;
    this.#database = database;
    this.#loads = new Loads(database);
    this.#locks = explained(path, () => new Locks(database, surroundings));
    this.#history = new History(database, surroundings);
    this.#now = options.now ?? Date.now;
    this.#random = options.random ?? Math.random;
    this.#every = options.every ?? everySoOften;
  }

  /** What a push of these inputs would do, by input. Changes nothing. Throws `input-changed`, `mapping-changed`, `load-held`. */
  plan(request: PlanRequest): readonly Decision[] {
    return this.#explained(() => this.#decide(request));
  }

  /**
   * Decides as `plan` does and takes hold of every load that is `new` or to `resume`, all or none of them. From here on
   * the loads are this run's until it ends. Throws `load-held` (exit 6) when a living run has one.
   */
  begin(run: NewRun, request: PlanRequest): JournalRun {
    return this.#begin(run, (id, now) => {
      const decisions = this.#decide(request);
      const loads = decisions.flatMap((decision, input) => this.#carryOut(decision, request, input, id, now));
      return { decisions, loads };
    });
  }

  /** Takes hold of loads of the past, complete or not, to send some of their rows again. */
  beginRetry(run: NewRun, loads: readonly number[]): JournalRun {
    return this.#begin(run, () => ({
      decisions: [],
      loads: loads.map((load) => {
        const found = this.#loads.find(load);
        if (found === undefined) throw new RangeError(`There is no load ${load}`);
        return { load: found, ...this.#loads.readState(found) };
      }),
    }));
  }

  /** The last runs, the latest first. */
  runs(most = 50): readonly RunSummary[] {
    return this.#explained(() => this.#history.list(most, this.#now()));
  }

  /** One run and its loads as they stand now. Throws `run-unknown`. */
  run(id: string): RunSummary & { readonly loads: readonly LoadReport[] } {
    return this.#explained(() => {
      const summary = this.#history.find(id, this.#now());
      if (summary === undefined) {
        throw journalError('run-unknown', `There is no run ${id} in ${this.path}`, {
          hint: 'List them with "cdp-load runs", or name another state directory with --state-dir',
        });
      }
      return { ...summary, loads: this.#loads.ofRun(id).map((load) => this.#report(load)) };
    });
  }

  /** For guards against a half-empty source: the last complete load into this target by this mapping (or operations), of this path if given. */
  lastComplete(
    target: string,
    by: { readonly mapping?: string; readonly operations?: readonly string[]; readonly path?: string },
  ): (LoadReport & { readonly records: number; readonly completed: number }) | undefined {
    return this.#explained(() => {
      const load = this.#loads.lastCompleteInto(target, by);
      if (load?.records === undefined || load.completed === undefined) return undefined;
      return { ...this.#report(load), records: load.records, completed: load.completed };
    });
  }

  /** Takes away runs that ended before, with their rejects, and what is kept of their loads beside that they were made. */
  prune(before: number, options: { readonly dryRun: boolean }): Pruned {
    const folder = join(this.stateDirectory, 'runs');
    const parts = { database: this.#database, loads: this.#loads, locks: this.#locks, folder, now: this.#now() };
    return this.#explained(() => prune(parts, before, options));
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #explained<Result>(work: () => Result): Result {
    return explained(this.path, work);
  }

  #report(load: Load): LoadReport {
    return { load, counts: countRows(this.#loads.readState(load).state, load.records) };
  }

  #decide(request: PlanRequest): readonly Decision[] {
    const now = this.#now();
    return decide(request, this.#loads, (load) => this.#locks.refuseIfHeld(load.id, load.path, now));
  }

  #carryOut(decision: Decision, request: PlanRequest, input: number, run: string, now: number): readonly OpenedLoad[] {
    switch (decision.kind) {
      case 'new': {
        for (const load of decision.replaces) this.#loads.abandon(load.id);
        const load = this.#loads.create(request, decision.input, run, now);
        return [{ input, load, state: emptyState(load.operations.length), events: 0 }];
      }
      case 'resume': {
        const { load, state, events } = decision;
        this.#locks.refuseIfHeld(load.id, load.path, now);
        if (decision.remapped) this.#loads.remap(load.id, request.mapping);
        this.#loads.takenUp(load.id, decision.input.path, request.targetName, run);
        const isWorthIt = isWorthSummingUp(state, events);
        if (isWorthIt) this.#loads.compact(load.id, state);
        const taken = {
          ...load,
          mapping: request.mapping,
          path: decision.input.path,
          targetName: request.targetName,
          lastRun: run,
        };
        return [{ input, load: taken, state, events: isWorthIt ? 0 : events }];
      }
      case 'already-complete':
      case 'duplicate-of':
        return [];
    }
  }

  #begin(
    run: NewRun,
    open: (
      id: string,
      now: number,
    ) => { readonly decisions: readonly Decision[]; readonly loads: readonly OpenedLoad[] },
  ): JournalRun {
    const now = this.#now();
    const opened = this.#explained(() =>
      inTransaction(this.#database, () => {
        const id = newRunId(now, this.#random, (taken) => this.#history.has(taken));
        const { decisions, loads } = open(id, now);
        const held = loads.map(({ load }) => load);
        this.#locks.acquire(id, held, now);
        this.#history.begin(id, run, now);
        this.#history.addLoads(
          id,
          held.map((load) => load.id),
        );
        return { id, decisions, loads };
      }),
    );
    let stopHeartbeat = () => {};
    const journalRun = new JournalRun({
      ...opened,
      directory: join(this.stateDirectory, 'runs', opened.id),
      path: this.path,
      database: this.#database,
      store: this.#loads,
      locks: this.#locks,
      history: this.#history,
      now: this.#now,
      stopHeartbeat: () => stopHeartbeat(),
    });
    stopHeartbeat = this.#every(heartbeatMs, () => journalRun.renew());
    return journalRun;
  }
}

function everySoOften(ms: number, work: () => void): () => void {
  const timer = setInterval(work, ms).unref();
  return () => clearInterval(timer);
}
