/** Loads as they lie in the database: one row each, and their state as a snapshot plus the events since. */
import { hash } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { RangeSet } from './ranges.ts';
import { DamagedRow, integer, oneOf, optionalInteger, type Row, text, textList } from './rows.ts';
import { emptyState, type LoadState, type Move, moveSet, recordStates } from './state.ts';

/** What an input is, whatever its name: its size and hashes of its first and last part (hex). */
export interface Fingerprint {
  readonly size: number;
  readonly head: string;
  readonly tail: string;
}

/** Where a load goes and how: its key, together with an input's fingerprint. */
export interface Destination {
  /** `Target.identity`. */
  readonly target: string;
  /** The name it was asked for by, for reports. */
  readonly targetName: string;
  /** Hash of the mapping's meaning. */
  readonly mapping: string;
  /** Operation of each of the mapping's entries, in order. */
  readonly operations: readonly string[];
}

export interface Input {
  /** Absolute, or `-` for stdin. */
  readonly path: string;
  readonly fingerprint: Fingerprint;
}

export const loadStates = ['open', 'complete', 'abandoned'] as const;

export interface Load extends Destination, Input {
  readonly id: number;
  /** Hex, 64 digits: seed of deterministic ids. The same for an unfinished load started over, another after `--again`. */
  readonly identity: string;
  readonly state: (typeof loadStates)[number];
  /** Epoch milliseconds. */
  readonly created: number;
  readonly completed?: number;
  /** Records in the input, once it has been read to its end. */
  readonly records?: number;
  /** The last run that worked on it. */
  readonly lastRun: string;
}

export interface Checkpoint {
  /** The first record of a block, and where it starts. */
  readonly record: number;
  readonly byte: number;
  readonly line: number;
}

export class Loads {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  find(id: number): Load | undefined {
    return this.#one('SELECT * FROM loads WHERE id = ?', id);
  }

  open(to: Destination, input: Input): Load | undefined {
    return this.#one(
      "SELECT * FROM loads WHERE target = ? AND mapping = ? AND fingerprint = ? AND state = 'open' ORDER BY id DESC LIMIT 1",
      to.target,
      to.mapping,
      printed(input.fingerprint),
    );
  }

  lastComplete(to: Destination, input: Input): Load | undefined {
    return this.#one(
      "SELECT * FROM loads WHERE target = ? AND mapping = ? AND fingerprint = ? AND state = 'complete' ORDER BY completed DESC, id DESC LIMIT 1",
      to.target,
      to.mapping,
      printed(input.fingerprint),
    );
  }

  /** Unfinished loads of the same input, or from the same path, into the same operations of the same target. */
  unfinishedAlike(to: Destination, input: Input): readonly Load[] {
    return this.#all(
      `SELECT * FROM loads WHERE target = ? AND fingerprint = ? AND state = 'open'
       UNION SELECT * FROM loads WHERE target = ? AND path = ? AND path <> '-' AND state = 'open' ORDER BY id`,
      to.target,
      printed(input.fingerprint),
      to.target,
      input.path,
    ).filter((load) => sameOperations(load.operations, to.operations));
  }

  lastCompleteElsewise(to: Destination, input: Input): Load | undefined {
    return this.#one(
      "SELECT * FROM loads WHERE target = ? AND fingerprint = ? AND mapping <> ? AND state = 'complete' ORDER BY completed DESC, id DESC LIMIT 1",
      to.target,
      printed(input.fingerprint),
      to.mapping,
    );
  }

  /** The last complete load into this target by this mapping, or if absent by these operations; of `path` only, if given. */
  lastCompleteInto(target: string, by: { mapping?: string; operations?: readonly string[]; path?: string }) {
    return this.#one(
      `SELECT * FROM loads WHERE target = ? AND state = 'complete'
         AND (? IS NULL OR mapping = ?) AND (? IS NULL OR operations = ?) AND (? IS NULL OR path = ?)
       ORDER BY completed DESC, id DESC LIMIT 1`,
      target,
      by.mapping ?? null,
      by.mapping ?? null,
      by.operations === undefined ? null : JSON.stringify(by.operations),
      by.operations === undefined ? null : JSON.stringify(by.operations),
      by.path ?? null,
      by.path ?? null,
    );
  }

  ofRun(run: string): readonly Load[] {
    return this.#all('SELECT loads.* FROM run_loads JOIN loads ON id = load WHERE run = ? ORDER BY id', run);
  }

  create(to: Destination, input: Input, run: string, now: number): Load {
    const print = printed(input.fingerprint);
    const row = this.#prepared(
      "SELECT count(*) AS times FROM loads WHERE target = ? AND mapping = ? AND fingerprint = ? AND state = 'complete'",
    ).get(to.target, to.mapping, print);
    const times = row === undefined ? 0 : integer(row, 'times');
    const identity = loadIdentity(to, input.fingerprint, times);
    const { lastInsertRowid } = this.#prepared(
      `INSERT INTO loads (target, mapping, fingerprint, identity, path, target_name, operations, state, created, last_run)
       VALUES (?, ?, ?, ?, ?, ?, ?, 'open', ?, ?)`,
    ).run(to.target, to.mapping, print, identity, input.path, to.targetName, JSON.stringify(to.operations), now, run);
    return { ...to, ...input, id: Number(lastInsertRowid), identity, state: 'open', created: now, lastRun: run };
  }

  abandon(id: number): void {
    this.#prepared("UPDATE loads SET state = 'abandoned' WHERE id = ?").run(id);
  }

  /**
   * The load goes on under another mapping: state and identity stay. Its checkpoints go, since where a block may begin depends on the mapping
   * (`group`); the next run reads over what is settled.
   */
  remap(id: number, mapping: string): void {
    this.#prepared('DELETE FROM checkpoints WHERE load = ?').run(id);
    this.#prepared('UPDATE loads SET mapping = ? WHERE id = ?').run(mapping, id);
  }

  /** A resume may find the file under a new name. */
  takenUp(id: number, path: string, targetName: string, run: string): void {
    this.#prepared('UPDATE loads SET path = ?, target_name = ?, last_run = ? WHERE id = ?').run(
      path,
      targetName,
      run,
      id,
    );
  }

  setRecords(id: number, records: number): void {
    this.#prepared('UPDATE loads SET records = ? WHERE id = ?').run(records, id);
  }

  complete(id: number, now: number): void {
    this.#prepared("UPDATE loads SET state = 'complete', completed = ? WHERE id = ?").run(now, id);
  }

  reopen(id: number): void {
    this.#prepared("UPDATE loads SET state = 'open', completed = NULL WHERE id = ?").run(id);
  }

  addEvent(load: number, entry: number, to: Move, ranges: RangeSet): void {
    const printedRanges = ranges.toString();
    this.#prepared('INSERT INTO events (load, entry, state, ranges, crc) VALUES (?, ?, ?, ?, ?)').run(
      load,
      entry,
      to,
      printedRanges,
      checksum(load, entry, to, printedRanges),
    );
  }

  addCheckpoint(load: number, at: Checkpoint): void {
    this.#prepared('INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?)').run(load, at.record, at.byte, at.line);
  }

  /** The last checkpoint at or before `record`. */
  checkpointBefore(load: number, record: number): Checkpoint | undefined {
    const row = this.#prepared(
      'SELECT * FROM checkpoints WHERE load = ? AND record <= ? ORDER BY record DESC LIMIT 1',
    ).get(load, record);
    return row && { record: integer(row, 'record'), byte: integer(row, 'byte'), line: integer(row, 'line') };
  }

  addReceipt(load: number, entry: number, record: number, value: string): void {
    this.#prepared('INSERT OR REPLACE INTO receipts VALUES (?, ?, ?, ?)').run(load, entry, record, value);
  }

  *receipts(load: number): Generator<{ entry: number; record: number; value: string }> {
    const rows = this.#prepared('SELECT * FROM receipts WHERE load = ? ORDER BY record, entry').iterate(load);
    for (const row of rows) {
      yield { entry: integer(row, 'entry'), record: integer(row, 'record'), value: text(row, 'value') };
    }
  }

  /** The snapshot and every event since, in order; `events` tells how many the latter were. */
  readState(load: Load): { state: LoadState; events: number } {
    const state = emptyState(load.operations.length);
    const apply = (row: Row) => {
      const entry = state.entries[integer(row, 'entry')];
      const to = oneOf(row, 'state', moves);
      const ranges = text(row, 'ranges');
      if (entry === undefined) throw new DamagedRow(`load ${load.id} has no such entry`);
      if (integer(row, 'crc') !== checksum(load.id, integer(row, 'entry'), to, ranges)) {
        throw new DamagedRow(`a checksum of load ${load.id} does not match`);
      }
      moveSet(entry, to, RangeSet.parse(ranges));
    };
    for (const row of this.#prepared('SELECT * FROM snapshots WHERE load = ?').iterate(load.id)) apply(row);
    let events = 0;
    for (const row of this.#prepared('SELECT * FROM events WHERE load = ? ORDER BY seq').iterate(load.id)) {
      apply(row);
      events += 1;
    }
    return { state, events };
  }

  /** Puts `state`, which must be the sum of all that is stored of the load, in place of its events. In the caller's transaction. */
  compact(load: number, state: LoadState): void {
    this.#prepared('DELETE FROM snapshots WHERE load = ?').run(load);
    this.#prepared('DELETE FROM events WHERE load = ?').run(load);
    const insert = this.#prepared('INSERT INTO snapshots VALUES (?, ?, ?, ?, ?)');
    for (const [entry, sets] of state.entries.entries()) {
      for (const name of recordStates) {
        if (sets[name].isEmpty) continue;
        const ranges = sets[name].toString();
        insert.run(load, entry, name, ranges, checksum(load, entry, name, ranges));
      }
    }
  }

  /** Leaves of a complete load that it was made, and of one that was given up nothing. In the caller's transaction. */
  strip({ id, state }: Load): void {
    this.#prepared('DELETE FROM checkpoints WHERE load = ?').run(id);
    this.#prepared('DELETE FROM receipts WHERE load = ?').run(id);
    if (state !== 'abandoned') return;
    this.#prepared('DELETE FROM events WHERE load = ?').run(id);
    this.#prepared('DELETE FROM snapshots WHERE load = ?').run(id);
    this.#prepared('DELETE FROM loads WHERE id = ?').run(id);
  }

  #one(sql: string, ...values: readonly (string | number | null)[]): Load | undefined {
    const row = this.#prepared(sql).get(...values);
    return row && loadOf(row);
  }

  #all(sql: string, ...values: readonly string[]): readonly Load[] {
    return this.#prepared(sql)
      .all(...values)
      .map(loadOf);
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

const moves: readonly Move[] = [...recordStates, 'open'];

/**
 * Seed of the rows' ids in a load of this input. A repeated load has other ids than the one before it, or the platform
 * would take its rows for repetitions.
 * @param times how often the input was loaded wholly, with this mapping into this target
 */
export const loadIdentity = (
  to: Pick<Destination, 'target' | 'mapping'>,
  fingerprint: Fingerprint,
  times: number,
): string => hash('sha256', [to.target, to.mapping, printed(fingerprint), String(times)].join('\n'));

const printed = ({ size, head, tail }: Fingerprint) => `${size}:${head}:${tail}`;

const checksum = (load: number, entry: number, to: Move, ranges: string) => crc32(`${load} ${entry} ${to} ${ranges}`);

export const sameOperations = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((operation, index) => operation === b[index]);

function loadOf(row: Row): Load {
  const [size, head, tail] = text(row, 'fingerprint').split(':');
  if (size === undefined || head === undefined || tail === undefined)
    throw new DamagedRow('a fingerprint is cut short');
  const completed = optionalInteger(row, 'completed');
  const records = optionalInteger(row, 'records');
  return {
    id: integer(row, 'id'),
    target: text(row, 'target'),
    targetName: text(row, 'target_name'),
    mapping: text(row, 'mapping'),
    operations: textList(row, 'operations'),
    path: text(row, 'path'),
    fingerprint: { size: Number(size), head, tail },
    identity: text(row, 'identity'),
    state: oneOf(row, 'state', loadStates),
    created: integer(row, 'created'),
    lastRun: text(row, 'last_run'),
    ...(completed === undefined ? {} : { completed }),
    ...(records === undefined ? {} : { records }),
  };
}
