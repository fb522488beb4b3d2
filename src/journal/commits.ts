/**
 * Group commit. What callers ask to be recorded is summed up until the next commit and goes to disk as one transaction;
 * all of them share its promise. Within one commit only the sum matters, since a crash leaves all of it or nothing: so
 * events are folded into one set per load, entry and state, and a target that takes one record a request costs a few
 * rows a commit. A commit is written here and synced beside the work; the next one waits for that.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { explain, explained, rollBack } from './database.ts';
import { emptyChange, foldInto, type LoadChange, writeChange } from './load-change.ts';
import type { Loads } from './loads.ts';
import type { Locks } from './locks.ts';
import type { CommitSync } from './log-sync.ts';
import type { JournalEvent } from './state.ts';

export interface Receipt {
  readonly load: number;
  readonly entry: number;
  readonly record: number;
  readonly value: string;
}

interface Batch {
  readonly changes: Map<number, LoadChange>;
  readonly receipts: Receipt[];
  /** Time of the sign of life to leave with it. */
  heartbeat?: number;
  readonly promise: Promise<void>;
  resolve(): void;
  reject(reason: unknown): void;
}

export interface CommitterOptions {
  readonly path: string;
  readonly run: string;
  /** Whose commits do not sync. */
  readonly database: DatabaseSync;
  readonly log: Pick<CommitSync, 'begin' | 'finish'>;
  readonly loads: Loads;
  readonly locks: Locks;
  /** Entries of a load; throws for one that is not this run's. */
  entriesOf(load: number): number;
  /** Called after each commit with what is on disk now. */
  committed(changes: ReadonlyMap<number, LoadChange>): void;
  /** Called once, when nothing can be recorded any more. */
  broke(reason: unknown): void;
}

/** While nobody is in a hurry, a commit waits this long for more to come. */
const gatherMs = 50;
/** Otherwise commits and their syncs take a fifth of the time at most, on a slow disk up to the longest pause. */
const longestPauseMs = 50;
const pausePerCommitTime = 4;
/** What was left unused of late counts: the few commits before a first request, or between single requests, wait for nothing. */
const longestUnusedMs = 40;

/** When the next commit may begin, after one from `started` to `ended` that might have begun at `notBefore`: all in milliseconds. */
export function nextCommitAt(notBefore: number, started: number, ended: number): number {
  const took = ended - started;
  return Math.max(notBefore, started - longestUnusedMs) + took + Math.min(longestPauseMs, took * pausePerCommitTime);
}

export class Committer {
  readonly #options: CommitterOptions;
  readonly #commitStatement: StatementSync;
  readonly #beginStatement: StatementSync;
  /** Gathering. */
  #batch: Batch | undefined;
  /** Written, and not known to be on disk. */
  #written: Batch | undefined;
  #isInHurry = false;
  /** When the batch that gathers was begun, and the one that is being written. */
  #opened = 0;
  #started = 0;
  #notBefore = 0;
  #cancelCommit: () => void = () => {};
  #broken: unknown;
  #commits = 0;

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#beginStatement = options.database.prepare('BEGIN IMMEDIATE');
    this.#commitStatement = options.database.prepare('COMMIT');
  }

  /** Transactions committed so far. */
  get commits(): number {
    return this.#commits;
  }

  /** Resolves when the events are on disk. Once it has rejected it always will: the run must stop. */
  record(events: readonly JournalEvent[], receipts: readonly Receipt[] = []): Promise<void> {
    if (this.#broken !== undefined) return this.#refuse();
    const batch = this.#open();
    for (const event of events) foldInto(this.#changeOf(event.load), event);
    for (const receipt of receipts) batch.receipts.push(receipt);
    return batch.promise;
  }

  /** Anything else that is to change with the next commit. */
  change(load: number, edit: (change: LoadChange) => void): Promise<void> {
    if (this.#broken !== undefined) return this.#refuse();
    const batch = this.#open();
    edit(this.#changeOf(load));
    return batch.promise;
  }

  /** Leaves a sign of life with the next commit. */
  renew(now: number): Promise<void> {
    if (this.#broken !== undefined) return this.#refuse();
    const batch = this.#open();
    batch.heartbeat = now;
    return batch.promise;
  }

  /** Somebody waits for what is gathered now, and has nothing else to do. */
  hurry(): void {
    if (this.#batch === undefined || this.#isInHurry) return;
    this.#isInHurry = true;
    this.#schedule(this.#batch);
  }

  /** Brings to disk what is waiting, and what that brings about, now; throws what a later `record` would reject with. */
  flush(): void {
    while (this.#broken === undefined) {
      if (this.#written !== undefined) this.#sync(this.#written);
      else if (this.#batch !== undefined) this.#write(this.#batch);
      else return;
    }
    throw this.#broken;
  }

  /** Ends it: everything after this is refused with `reason`. */
  close(reason: unknown): void {
    if (this.#broken !== undefined) return;
    this.#broken = reason;
    this.#options.broke(reason);
  }

  #refuse(): Promise<never> {
    const refused = Promise.reject(this.#broken);
    // As of a batch that fails: whoever does not look must not bring the process down before the run has said why it stops.
    refused.catch(() => {});
    return refused;
  }

  #changeOf(load: number): LoadChange {
    const changes = this.#open().changes;
    let change = changes.get(load);
    if (change === undefined) {
      change = emptyChange(this.#options.entriesOf(load));
      changes.set(load, change);
    }
    return change;
  }

  #open(): Batch {
    if (this.#batch !== undefined) return this.#batch;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Some callers look only at a later promise or at the end of the run; a failure is sticky, so it is not lost by this.
    promise.catch(() => {});
    const batch = { changes: new Map(), receipts: [], promise, resolve, reject };
    this.#batch = batch;
    this.#opened = performance.now();
    this.#schedule(batch);
    return batch;
  }

  #schedule(batch: Batch): void {
    this.#cancelCommit();
    // The end of a sync schedules the next.
    if (this.#written !== undefined) return;
    const due = this.#isInHurry ? this.#notBefore : Math.max(this.#notBefore, this.#opened + gatherMs);
    const wait = due - performance.now();
    const commit = () => this.#commit(batch);
    if (wait <= 0) {
      const immediate = setImmediate(commit);
      this.#cancelCommit = () => clearImmediate(immediate);
    } else {
      const timer = setTimeout(commit, Math.ceil(wait));
      this.#cancelCommit = () => clearTimeout(timer);
    }
  }

  #commit(batch: Batch): void {
    this.#write(batch);
    if (this.#written !== batch) return;
    try {
      this.#options.log.begin((error) => {
        // Or here: then only a failure is news.
        if (this.#written === batch) this.#synced(batch, error);
        else if (error !== null) this.close(explain(error, this.#options.path));
      });
    } catch (error) {
      this.#synced(batch, error);
    }
  }

  #write(batch: Batch): void {
    this.#cancelCommit();
    this.#batch = undefined;
    this.#isInHurry = false;
    if (this.#broken !== undefined) {
      batch.reject(this.#broken);
      return;
    }
    const started = performance.now();
    try {
      explained(this.#options.path, () => this.#transact(batch));
    } catch (error) {
      batch.reject(error);
      this.close(error);
      return;
    }
    this.#started = started;
    this.#written = batch;
  }

  #sync(batch: Batch): void {
    try {
      this.#options.log.finish();
    } catch (error) {
      this.#synced(batch, error);
      return;
    }
    this.#synced(batch, null);
  }

  /** After a failed sync nobody knows what of the log is on disk, and a second one may say that all is well: so it is never tried. */
  #synced(batch: Batch, error: unknown): void {
    this.#written = undefined;
    this.#notBefore = nextCommitAt(this.#notBefore, this.#started, performance.now());
    if (error !== null) this.close(explain(error, this.#options.path));
    if (this.#broken === undefined) {
      this.#commits += 1;
      this.#options.committed(batch.changes);
      batch.resolve();
    } else {
      batch.reject(this.#broken);
    }
    if (this.#batch !== undefined) this.#schedule(this.#batch);
  }

  #transact(batch: Batch): void {
    const { database, loads, locks, run } = this.#options;
    this.#beginStatement.run();
    try {
      if (batch.heartbeat === undefined) locks.verify(run);
      else locks.renew(run, batch.heartbeat);
      for (const [load, change] of batch.changes) writeChange(loads, load, change);
      for (const receipt of batch.receipts) {
        loads.addReceipt(receipt.load, receipt.entry, receipt.record, receipt.value);
      }
      this.#commitStatement.run();
    } catch (error) {
      rollBack(database);
      throw error;
    }
  }
}
