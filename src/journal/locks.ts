/**
 * One run per load at a time. A run has one lease and any number of locks under it; taking over a single lock ends the
 * whole lease, so that "do I still hold everything?" is one look at one row, made inside every commit (fencing).
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { Exit } from '../model/fault.ts';
import { journalError } from './codes.ts';
import { type Holder, judge, type Surroundings } from './holder.ts';
import { integer, type Row, text } from './rows.ts';

export interface Lease extends Holder {
  readonly run: string;
  /** Epoch milliseconds. */
  readonly since: number;
  readonly heartbeat: number;
}

export class Locks {
  readonly #around: Surroundings;
  readonly #find: StatementSync;
  readonly #lease: StatementSync;
  readonly #leases: StatementSync;
  readonly #endLease: StatementSync;
  readonly #endLocks: StatementSync;
  readonly #insertLease: StatementSync;
  readonly #insertLock: StatementSync;
  readonly #beat: StatementSync;

  constructor(database: DatabaseSync, around: Surroundings) {
    this.#around = around;
    this.#find = database.prepare(
      'SELECT leases.* FROM locks JOIN leases ON leases.run = locks.run WHERE locks.load = ?',
    );
    this.#lease = database.prepare('SELECT 1 FROM leases WHERE run = ?');
    this.#leases = database.prepare('SELECT * FROM leases');
    this.#endLease = database.prepare('DELETE FROM leases WHERE run = ?');
    this.#endLocks = database.prepare('DELETE FROM locks WHERE run = ?');
    this.#insertLease = database.prepare('INSERT INTO leases VALUES (?, ?, ?, ?, ?, ?, ?)');
    this.#insertLock = database.prepare('INSERT INTO locks VALUES (?, ?)');
    this.#beat = database.prepare('UPDATE leases SET heartbeat = ? WHERE run = ?');
  }

  /** Runs that are at work, or may be. */
  living(now: number): ReadonlySet<string> {
    const leases = this.#leases.all().map(leaseOf);
    return new Set(leases.filter((lease) => !judge(lease, this.#around, now).gone).map(({ run }) => run));
  }

  /** Throws `load-held` while a living run holds `load`. Reads only. */
  refuseIfHeld(load: number, path: string, now: number): void {
    const row = this.#find.get(load);
    if (row === undefined) return;
    const lease = leaseOf(row);
    const verdict = judge(lease, this.#around, now);
    if (!verdict.gone) throw held(lease, path, verdict.until);
  }

  /** All of it inside the caller's transaction: either every load is held afterwards, or nothing has changed. */
  acquire(run: string, loads: readonly { readonly id: number; readonly path: string }[], now: number): void {
    for (const load of loads) {
      this.refuseIfHeld(load.id, load.path, now);
      const row = this.#find.get(load.id);
      if (row !== undefined) this.release(text(row, 'run'));
    }
    const { host, place, pid, processStart } = this.#around.self;
    this.#insertLease.run(run, host, place, pid, processStart, now, now);
    for (const load of loads) this.#insertLock.run(load.id, run);
  }

  /** Throws `journal-fenced` when another run has taken over. To be called inside the transaction that relies on it. */
  verify(run: string): void {
    if (this.#lease.get(run) === undefined) throw fenced(run);
  }

  renew(run: string, now: number): void {
    if (this.#beat.run(now, run).changes !== 1) throw fenced(run);
  }

  release(run: string): void {
    this.#endLocks.run(run);
    this.#endLease.run(run);
  }
}

const leaseOf = (row: Row): Lease => ({
  run: text(row, 'run'),
  host: text(row, 'host'),
  place: text(row, 'place'),
  pid: integer(row, 'pid'),
  processStart: text(row, 'process_start'),
  since: integer(row, 'since'),
  heartbeat: integer(row, 'heartbeat'),
});

function held(lease: Lease, path: string, until: number | undefined) {
  const when = new Date(lease.since).toISOString();
  return journalError(
    'load-held',
    `${path} is being loaded into this target by run ${lease.run} (process ${lease.pid} on ${lease.host}, since ${when})`,
    {
      hint:
        until === undefined
          ? 'Wait until it has ended, or end it; then the same command goes on'
          : `If that run is dead, it is taken over after ${new Date(until).toISOString()} (two minutes after its last sign of life)`,
      exit: Exit.loadIsHeld,
    },
  );
}

const fenced = (run: string) =>
  journalError('journal-fenced', `Run ${run} has been taken over by another run while it gave no sign of life`, {
    hint: 'See "cdp-load runs" for the run that goes on with it',
    exit: Exit.loadIsHeld,
  });
