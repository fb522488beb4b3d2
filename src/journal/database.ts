/**
 * Opening the journal's file, and turning what SQLite says into words a user can act on. The file appears whole or not at
 * all (made aside, then linked into place), so an empty or headless file is damage and never "a new journal": taking it
 * for one would load everything again.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Exit, UserError } from '../model/fault.ts';
import { journalError } from './codes.ts';
import { isLogDamaged } from './log-check.ts';
import { makeFolder } from './make-folder.ts';
import { DamagedRow, integer, text } from './rows.ts';
import { applicationId, schemaSteps } from './schema.ts';

const busyTimeoutMs = 5_000;
/** The check takes 2 ms a MB; at a larger journal it would be felt at each start. Most damage there still shows when it is read. */
const largestCheckedBytes = 32 * 1024 * 1024;

export interface DatabaseOptions {
  /** For tests of what happens on the way to a later version. */
  readonly steps?: readonly string[];
}

/** Opens or creates the journal at `path`. Throws UserError with the codes of `journalCodes`. */
export function openDatabase(path: string, options: DatabaseOptions = {}): DatabaseSync {
  const steps = options.steps ?? schemaSteps;
  return explained(path, () => {
    if (!existsSync(path)) create(path, steps);
    if (statSync(path).size === 0) throw corrupt(path, 'it is empty');
    check(path);
    const database = new DatabaseSync(path);
    try {
      prepareConnection(database);
      migrate(database, path, steps);
    } catch (error) {
      database.close();
      throw error;
    }
    return database;
  });
}

/** Runs `work`, and throws what SQLite, the file system or a damaged row made of it as a UserError about `path`. */
export function explained<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw explain(error, path);
  }
}

/** Runs `work` between BEGIN IMMEDIATE and COMMIT; nothing of it stays when it throws. */
export function inTransaction<Result>(database: DatabaseSync, work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

/** After some errors (full disk) SQLite has rolled back by itself; rolling back twice is an error of its own. */
export function rollBack(database: DatabaseSync): void {
  if (!database.isOpen || !database.isTransaction) return;
  try {
    database.exec('ROLLBACK');
  } catch {
    // The first error is the one to tell; the transaction dies with the connection.
  }
}

function create(path: string, steps: readonly string[]): void {
  for (const left of [`${path}-wal`, `${path}-journal`]) {
    if (existsSync(left)) throw corrupt(path, `it is gone, but ${left} is still there`);
  }
  makeFolder(dirname(path));
  const draft = `${path}.new-${process.pid}`;
  rmSync(draft, { force: true });
  closeSync(openSync(draft, 'wx', 0o600));
  try {
    const database = new DatabaseSync(draft);
    try {
      // Nobody sees the draft until it is linked, so it is synced once, then.
      database.exec('PRAGMA synchronous = OFF');
      database.exec(`PRAGMA application_id = ${applicationId}`);
      migrate(database, path, steps);
      database.exec('PRAGMA journal_mode = WAL');
    } finally {
      // The last connection to close moves the log into the file, so that the one file is all there is.
      database.close();
    }
    sync(draft, 'r+');
    link(draft, path);
  } finally {
    for (const left of [draft, `${draft}-wal`, `${draft}-shm`, `${draft}-journal`]) rmSync(left, { force: true });
  }
}

/** Unlike a rename, a link does not replace what another process put there a moment ago; theirs is as good. */
function link(draft: string, path: string): void {
  try {
    linkSync(draft, path);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return;
    // Some network and FAT file systems have no links. Two processes in the same millisecond are then on their own.
    if (!existsSync(path)) renameSync(draft, path);
  }
  syncFolder(dirname(path));
}

/** So that a new name in it survives a power cut, too. Windows cannot do it and does not need it. */
export function syncFolder(folder: string): void {
  if (process.platform !== 'win32') sync(folder, 'r');
}

function sync(path: string, flags: 'r' | 'r+'): void {
  const handle = openSync(path, flags);
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function prepareConnection(database: DatabaseSync): void {
  database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  syncAtCommit(database, true);
  database.exec('PRAGMA foreign_keys = OFF');
}

/** Whether a commit is on disk when COMMIT returns. If not, the log is to be synced before anybody relies on it. */
export function syncAtCommit(database: DatabaseSync, isOn: boolean): void {
  database.exec(`PRAGMA synchronous = ${isOn ? 'FULL' : 'NORMAL'}`);
}

/** Whether it has a write-ahead log. A file system without shared memory gives none, and SQLite then goes without. */
export const isLogged = (database: DatabaseSync): boolean =>
  database.prepare('PRAGMA journal_mode').get()?.['journal_mode'] === 'wal';

/** Without a right to write: who closes a journal last moves its log into the file for good, and a damaged one is to stay as it is. */
function check(path: string): void {
  const reader = new DatabaseSync(path, { readOnly: true });
  try {
    reader.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    checkIdentity(reader, path);
    checkLog(reader, path);
    checkPages(reader, path);
  } finally {
    reader.close();
  }
}

function checkLog(reader: DatabaseSync, path: string): void {
  const log = `${path}-wal`;
  if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) === 0) return;
  // As long as somebody reads, nobody begins the log anew.
  reader.exec('BEGIN');
  pragma(reader, 'user_version');
  const looksDamaged = () => existsSync(log) && isLogDamaged(readFileSync(log));
  // Twice, because a run at work writes to it meanwhile.
  if (looksDamaged() && looksDamaged()) {
    throw corrupt(path, `its log ${log} does not verify, though more was recorded behind that place`);
  }
  reader.exec('ROLLBACK');
}

function checkIdentity(database: DatabaseSync, path: string): void {
  if (pragma(database, 'application_id') !== applicationId) throw corrupt(path, 'it is a database, but not a journal');
  const version = pragma(database, 'user_version');
  if (version < 1) throw corrupt(path, 'it has no version');
}

function migrate(database: DatabaseSync, path: string, steps: readonly string[]): void {
  const version = pragma(database, 'user_version');
  if (version > steps.length) {
    throw journalError(
      'journal-newer',
      `The journal ${path} has version ${version}; this program knows up to ${steps.length}`,
      { hint: 'Update cdp-load, or give this version a state directory of its own with --state-dir' },
    );
  }
  if (version === steps.length) return;
  inTransaction(database, () => {
    // Asked again inside the transaction: another process may have taken the steps meanwhile.
    for (const step of steps.slice(pragma(database, 'user_version'))) database.exec(step);
    database.exec(`PRAGMA user_version = ${steps.length}`);
  });
}

function checkPages(database: DatabaseSync, path: string): void {
  if (statSync(path).size > largestCheckedBytes) return;
  const row = database.prepare('PRAGMA integrity_check(1)').get();
  const found = row === undefined ? 'no answer' : text(row, 'integrity_check');
  if (found !== 'ok') throw corrupt(path, found);
}

function pragma(database: DatabaseSync, name: 'application_id' | 'user_version'): number {
  const row = database.prepare(`PRAGMA ${name}`).get();
  return row === undefined ? 0 : integer(row, name);
}

export function corrupt(path: string, what: string, cause?: unknown): UserError {
  return journalError('journal-corrupt', `The journal ${path} is damaged: ${what}`, {
    hint: `Restore it from a backup, or move it away (with its -wal and -shm files) to start without a history: which rows were delivered is then unknown here, and a push sends every row of its files again`,
    exit: Exit.usage,
    cause,
  });
}

export function explain(error: unknown, path: string): unknown {
  if (error instanceof UserError) return error;
  if (error instanceof DamagedRow) return corrupt(path, error.message, error);
  // SQLite's primary result codes (the low byte): https://sqlite.org/rescode.html
  switch (sqliteCode(error)) {
    case 11: // CORRUPT
    case 26: // NOTADB
      return corrupt(path, messageOf(error), error);
    case 1: // ERROR
      return /^no such (table|column)/.test(messageOf(error)) ? corrupt(path, messageOf(error), error) : error;
    case 5: // BUSY
    case 6: // LOCKED
      return journalError('journal-busy', `Another process keeps the journal ${path} for itself`, {
        hint: 'Try again in a moment',
        exit: Exit.gaveUpRetrying,
        cause: error,
      });
    case 3: // PERM
    case 8: // READONLY
    case 10: // IOERR
    case 13: // FULL
    case 14: // CANTOPEN
    case 23: // AUTH
      return unwritable(path, messageOf(error), error);
    default:
      return errorCode(error) !== undefined && error instanceof Error && 'syscall' in error
        ? unwritable(path, error.message, error)
        : error;
  }
}

export function unwritable(path: string, what: string, cause: unknown): UserError {
  return journalError('journal-unwritable', `The journal ${path} cannot be written: ${what}`, {
    hint: 'Look at free space and permissions of its folder, or choose another with --state-dir; then the same command goes on',
    exit: Exit.gaveUpRetrying,
    cause,
  });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function sqliteCode(error: unknown): number | undefined {
  if (errorCode(error) !== 'ERR_SQLITE_ERROR' || !(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}
