/**
 * A run at work on its loads: everything that it writes to the journal goes through here, and what it reads is what is on
 * disk, no more. Satisfies delivery's `Ledger`.
 */
import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { Committer, type Receipt } from './commits.ts';
import { explained, inTransaction, syncAtCommit, unwritable } from './database.ts';
import { type Doubt, doubtsOf, resentBy, withoutDoubtful } from './doubts.ts';
import type { History } from './history.ts';
import { applyChange, type LoadChange, rowsOf } from './load-change.ts';
import type { Checkpoint, Load, Loads } from './loads.ts';
import type { Locks } from './locks.ts';
import { type CommitSync, syncBesideTheWork } from './log-sync.ts';
import type { Decision } from './plan.ts';
import type { RangeSet } from './ranges.ts';
import {
  countRows,
  firstUnsettled,
  isSettled,
  isWorthSummingUp,
  type JournalEvent,
  type LoadState,
  openWithin,
  type RowCounts,
} from './state.ts';

export interface RunParts {
  readonly id: string;
  readonly directory: string;
  readonly path: string;
  readonly decisions: readonly Decision[];
  readonly loads: readonly OpenedLoad[];
  readonly database: DatabaseSync;
  readonly store: Loads;
  readonly locks: Locks;
  readonly history: History;
  now(): number;
  /** Stops the sign of life. */
  stopHeartbeat(): void;
}

/** A load that this run holds. */
export interface OpenedLoad {
  readonly load: Load;
  /** Index into the request's inputs; absent in a retry. */
  readonly input?: number;
  readonly state: LoadState;
  /** Rows of `events` behind `state`. */
  readonly events: number;
}

/** Where to go on reading. */
export interface ResumePoint {
  /** Start of the block to begin with; undefined: the start of the input. */
  readonly from?: Checkpoint;
  /** The first record that is not settled in every entry; all before it are. */
  readonly firstUnsettled: number;
  /** Records in the input, if an earlier run has read it to its end. */
  readonly records?: number;
}

interface HeldLoad {
  readonly load: Load;
  readonly state: LoadState;
  /** By entry: to be sent again, and perhaps taken before. */
  doubtful: readonly RangeSet[];
  complete: boolean;
  /** Known once this run has read the input to its end; only then can it complete the load. */
  records: number | undefined;
  events: number;
  /** How many they were when it was last found that they are not worth summing up: to find it looks at each page. */
  lookedAt: number;
}

/** Stored events of a load that are worth summing up: while it goes on, and when it is done. */
const manyEvents = 5_000;
const manyEventsOfComplete = 16;

export class JournalRun {
  readonly id: string;
  /** For what belongs to this run (rejects). Not made here. */
  readonly directory: string;
  readonly decisions: readonly Decision[];
  readonly loads: readonly OpenedLoad[];
  readonly #parts: RunParts;
  readonly #held = new Map<number, HeldLoad>();
  readonly #committer: Committer;
  readonly #file: number | undefined;
  readonly #log: CommitSync;
  #isInDoubt = false;
  #onBroken: (reason: unknown) => void = () => {};

  constructor(parts: RunParts) {
    this.id = parts.id;
    this.directory = parts.directory;
    this.decisions = parts.decisions;
    this.loads = parts.loads;
    this.#parts = parts;
    this.#file = fileNumber(parts.path);
    for (const { load, state, events } of parts.loads) {
      const complete = load.state === 'complete';
      this.#held.set(load.id, { load, state, doubtful: [], complete, records: undefined, events, lookedAt: 0 });
    }
    this.#log = explained(parts.path, () => syncBesideTheWork(parts.database, parts.path));
    this.#committer = new Committer({
      path: parts.path,
      run: parts.id,
      database: parts.database,
      log: this.#log,
      loads: parts.store,
      locks: parts.locks,
      entriesOf: (load) => this.#find(load).state.entries.length,
      committed: (changes) => this.#committed(changes),
      broke: (reason) => this.#onBroken(reason),
    });
  }

  /** Resolves when the events are on disk, in order. Once it has rejected it always will: the run must stop. */
  record(events: readonly JournalEvent[], receipts?: readonly Receipt[]): Promise<void> {
    const done = this.#committer.record(this.#isInDoubt ? events.map(this.#keepDoubt) : events, receipts);
    for (const event of events) {
      const held = this.#find(event.load);
      if (held.complete && (event.to === 'open' || event.to === 'sending')) this.#reopen(held);
    }
    return done;
  }

  /** A block starts here. */
  checkpoint(load: number, at: Checkpoint): Promise<void> {
    return this.#committer.change(load, (change) => change.checkpoints.push(at));
  }

  /** The input has been read to its end and has this many records (for a retry: was). The load completes as soon as all are settled. */
  finishReading(load: number, records: number): Promise<void> {
    const held = this.#find(load);
    held.records = records;
    return this.#committer.change(load, (change) => {
      change.records = records;
    });
  }

  /**
   * What earlier runs left in doubt, and what becomes of it. Rows to be sent again stay *sending* on disk until the
   * platform has answered for them, so that each run on the way there finds and names them; the others are *uncertain*.
   * @param mayResend by entry
   * @param only the records that this run is about, if not about all
   */
  async recover(load: number, mayResend: readonly boolean[], only?: RangeSet): Promise<readonly Doubt[]> {
    const held = this.#find(load);
    const { doubts, events } = doubtsOf(load, held.state, mayResend, only);
    held.doubtful = resentBy(doubts, held.state.entries.length);
    this.#isInDoubt ||= doubts.some(({ fate }) => fate === 'resend');
    if (events.length > 0) {
      const recorded = this.record(events);
      this.hurry();
      await recorded;
    }
    return doubts;
  }

  resumePoint(load: number): ResumePoint {
    const { state, load: opened } = this.#find(load);
    const record = firstUnsettled(state);
    const from = this.checkpointBefore(load, record);
    return {
      firstUnsettled: record,
      ...(from === undefined ? {} : { from }),
      ...(opened.records === undefined ? {} : { records: opened.records }),
    };
  }

  /** The last known start of a block at or before this record. */
  checkpointBefore(load: number, record: number): Checkpoint | undefined {
    return explained(this.#parts.path, () => this.#parts.store.checkpointBefore(load, record));
  }

  /** Records of `[from, to]` that are still to be sent for this entry. */
  openWithin(load: number, entry: number, from: number, to: number): RangeSet {
    return openWithin(this.#find(load).state, entry, from, to);
  }

  /** What is on disk. Not to be changed. */
  state(load: number): LoadState {
    return this.#find(load).state;
  }

  /** Rows by state, over all runs of the load. `read`: records read so far, when the end is not known yet. */
  counts(load: number, read?: number): RowCounts {
    const held = this.#find(load);
    return countRows(held.state, held.records ?? read);
  }

  isComplete(load: number): boolean {
    return this.#find(load).complete;
  }

  receipts(load: number): Iterable<{ entry: number; record: number; value: string }> {
    return this.#parts.store.receipts(load);
  }

  /** Transactions committed so far. */
  get commits(): number {
    return this.#committer.commits;
  }

  /** Somebody waits for what was recorded, and has nothing else to do. Otherwise it may wait for more to come. */
  hurry(): void {
    this.#committer.hurry();
  }

  /** Commits what is waiting now, without gathering any more. Throws what a later `record` would reject with. */
  flush(): void {
    this.#committer.flush();
  }

  /** Calls `tell` as soon as nothing can be recorded any more, also when nobody is recording just then. */
  whenBroken(tell: (reason: unknown) => void): void {
    this.#onBroken = tell;
  }

  /** Leaves a sign of life, and looks whether the journal's file is still the one that is being written. */
  renew(): void {
    this.#checkFile();
    this.#committer.renew(this.#parts.now()).catch(() => {
      // Sticky: whoever records next is told.
    });
  }

  /** Commits what is waiting, writes the run's outcome, and lets its loads go. Throws what a later `record` would reject with. */
  end(outcome: { readonly exit: number; readonly totals: unknown }): void {
    const { database, locks, history, path, id, now } = this.#parts;
    this.#parts.stopHeartbeat();
    this.#onBroken = () => {};
    this.#checkFile();
    try {
      this.#committer.flush();
    } finally {
      this.#committer.close(new Error(`Run ${id} has ended; nothing more can be recorded for it`));
      this.#log.close();
    }
    explained(path, () => {
      syncAtCommit(database, true);
      inTransaction(database, () => {
        locks.verify(id);
        history.end(id, now(), outcome.exit, outcome.totals);
        locks.release(id);
      });
    });
  }

  /** SQLite writes on happily into a file that was deleted or moved away, and all of it would be gone with the process. */
  #checkFile(): void {
    if (fileNumber(this.#parts.path) === this.#file) return;
    this.#committer.close(
      unwritable(this.#parts.path, 'it was moved or deleted while this run was at work', undefined),
    );
  }

  readonly #keepDoubt = (event: JournalEvent): JournalEvent =>
    withoutDoubtful(event, this.#find(event.load).doubtful[event.entry]);

  #find(load: number): HeldLoad {
    const held = this.#held.get(load);
    if (held === undefined) throw new RangeError(`Run ${this.id} does not hold load ${load}`);
    return held;
  }

  #reopen(held: HeldLoad): void {
    held.complete = false;
    void this.#committer.change(held.load.id, (change) => {
      change.reopened = true;
      delete change.completed;
    });
  }

  #committed(changes: ReadonlyMap<number, LoadChange>): void {
    for (const [id, change] of changes) {
      const held = this.#find(id);
      applyChange(held.state, change);
      held.events += rowsOf(change);
      this.#completeIfDone(held);
      if (held.events > (held.complete ? manyEventsOfComplete : manyEvents)) this.#sumUpIfWorthIt(held);
    }
  }

  #completeIfDone(held: HeldLoad): void {
    if (held.complete || held.records === undefined || !isSettled(held.state, held.records)) return;
    held.complete = true;
    held.lookedAt = 0;
    void this.#committer.change(held.load.id, (change) => {
      change.completed = this.#parts.now();
    });
  }

  #sumUpIfWorthIt(held: HeldLoad): void {
    if (held.events < 2 * held.lookedAt) return;
    held.lookedAt = held.events;
    if (!isWorthSummingUp(held.state, held.events)) return;
    const { database, locks, store, path, id } = this.#parts;
    try {
      explained(path, () =>
        inTransaction(database, () => {
          locks.verify(id);
          store.compact(held.load.id, held.state);
        }),
      );
      held.events = 0;
      held.lookedAt = 0;
    } catch (error) {
      this.#committer.close(error);
    }
  }
}

/** Undefined where there is none or, a file system that went away included, none to be found. */
function fileNumber(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.ino;
  } catch {
    return undefined;
  }
}
