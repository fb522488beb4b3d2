/**
 * Brings the journal's write-ahead log to disk beside the work. With `synchronous=NORMAL` SQLite's COMMIT only writes to the
 * log, which the crash of a process survives; a power cut survives what was synced. SQLite keeps the order: it syncs the log
 * before it moves anything out of it (https://sqlite.org/pragma.html#pragma_synchronous). No lock of SQLite's lies on the log
 * itself, so opening and closing it here frees none (https://sqlite.org/wal.html).
 */
import { closeSync, fsync, fsyncSync, openSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { isLogged, syncAtCommit } from './database.ts';

/** How what was committed gets to disk. */
export interface CommitSync {
  /** Calls `done` when all that is committed now is on disk, or will not get there. Throws what opening throws. */
  begin(done: (error: Error | null) => void): void;
  /** The same, waiting for it. */
  finish(): void;
  close(): void;
}

/** From here on commits return before they are on disk, where the journal has a log that can be brought there. */
export function syncBesideTheWork(database: DatabaseSync, path: string): CommitSync {
  if (!isLogged(database)) return syncedByCommit;
  syncAtCommit(database, false);
  return new LogSync(path);
}

/** Where each commit is on disk when it returns. */
const syncedByCommit: CommitSync = {
  begin: (done) => void setImmediate(done, null),
  finish: () => {},
  close: () => {},
};

class LogSync implements CommitSync {
  readonly #path: string;
  /**
   * One handle for `begin` and one for `finish`: Linux tells each handle once of what could not be written, so that the one
   * that waits learns of it also when the other was told before.
   */
  #files: readonly [number, number] | undefined;
  #underWay = 0;
  #isClosed = false;

  /** @param journal the database's path; its log exists as soon as something was committed */
  constructor(journal: string) {
    this.#path = `${journal}-wal`;
  }

  begin(done: (error: Error | null) => void): void {
    const [file] = this.#open();
    this.#underWay += 1;
    fsync(file, (error) => {
      this.#underWay -= 1;
      this.#closeIfIdle();
      done(error);
    });
  }

  finish(): void {
    fsyncSync(this.#open()[1]);
  }

  close(): void {
    this.#isClosed = true;
    this.#closeIfIdle();
  }

  #open(): readonly [number, number] {
    // Windows syncs only what is open for writing.
    this.#files ??= [openSync(this.#path, 'r+'), openSync(this.#path, 'r+')];
    return this.#files;
  }

  #closeIfIdle(): void {
    if (!this.#isClosed || this.#underWay > 0) return;
    for (const file of this.#files ?? []) closeSync(file);
    this.#files = undefined;
  }
}
