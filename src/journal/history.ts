/** Runs, past and present. */
import type { DatabaseSync } from 'node:sqlite';
import { type Holder, judge, type Surroundings } from './holder.ts';
import { integer, jsonColumn, optionalInteger, optionalText, type Row, text } from './rows.ts';

export interface RunSummary {
  readonly id: string;
  readonly kind: 'push' | 'retry';
  /** As typed, without secrets. */
  readonly command: string;
  readonly targetName: string;
  readonly host: string;
  readonly pid: number;
  /** Epoch milliseconds. */
  readonly started: number;
  readonly ended?: number;
  readonly exit?: number;
  /** The summary object of the report, as JSON. */
  readonly totals?: unknown;
  /** `crashed`: it neither ended nor lives. `unknown`: it runs, or ran, on another machine. */
  readonly outcome: 'ended' | 'running' | 'crashed' | 'unknown';
}

export interface NewRun {
  readonly kind: 'push' | 'retry';
  /** What `runs` shows. The caller leaves secrets out. */
  readonly command: string;
  readonly targetName: string;
}

const selectRuns = `
  SELECT runs.*, leases.place AS place, leases.process_start AS process_start, leases.heartbeat AS heartbeat
  FROM runs LEFT JOIN leases ON leases.run = runs.id`;

export class History {
  readonly #database: DatabaseSync;
  readonly #around: Surroundings;

  constructor(database: DatabaseSync, around: Surroundings) {
    this.#database = database;
    this.#around = around;
  }

  begin(id: string, run: NewRun, now: number): void {
    const { host, pid } = this.#around.self;
    this.#database
      .prepare('INSERT INTO runs (id, kind, command, target_name, host, pid, started) VALUES (?, ?, ?, ?, ?, ?, ?)')
      .run(id, run.kind, run.command, run.targetName, host, pid, now);
  }

  addLoads(id: string, loads: Iterable<number>): void {
    const insert = this.#database.prepare('INSERT INTO run_loads VALUES (?, ?)');
    for (const load of loads) insert.run(id, load);
  }

  end(id: string, now: number, exit: number, totals: unknown): void {
    this.#database
      .prepare('UPDATE runs SET ended = ?, exit = ?, totals = ? WHERE id = ?')
      .run(now, exit, JSON.stringify(totals) ?? null, id);
  }

  has(id: string): boolean {
    return this.#database.prepare('SELECT 1 FROM runs WHERE id = ?').get(id) !== undefined;
  }

  /** The last ones, the latest first. */
  list(most: number, now: number): readonly RunSummary[] {
    return this.#database
      .prepare(`${selectRuns} ORDER BY seq DESC LIMIT ?`)
      .all(most)
      .map((row) => this.#summary(row, now));
  }

  find(id: string, now: number): RunSummary | undefined {
    const row = this.#database.prepare(`${selectRuns} WHERE id = ?`).get(id);
    return row && this.#summary(row, now);
  }

  #summary(row: Row, now: number): RunSummary {
    const ended = optionalInteger(row, 'ended');
    const exit = optionalInteger(row, 'exit');
    return {
      id: text(row, 'id'),
      kind: text(row, 'kind') === 'retry' ? 'retry' : 'push',
      command: text(row, 'command'),
      targetName: text(row, 'target_name'),
      host: text(row, 'host'),
      pid: integer(row, 'pid'),
      started: integer(row, 'started'),
      ...(ended === undefined ? {} : { ended }),
      ...(exit === undefined ? {} : { exit }),
      ...(row['totals'] === null ? {} : { totals: jsonColumn(row, 'totals') }),
      outcome: ended === undefined ? this.#outcome(row, now) : 'ended',
    };
  }

  #outcome(row: Row, now: number): 'running' | 'crashed' | 'unknown' {
    const place = optionalText(row, 'place');
    // No lease and no end: another run has taken over.
    if (place === undefined) return 'crashed';
    const holder: Holder = {
      host: text(row, 'host'),
      place,
      pid: integer(row, 'pid'),
      processStart: text(row, 'process_start'),
    };
    const verdict = judge({ ...holder, heartbeat: integer(row, 'heartbeat') }, this.#around, now);
    if (verdict.gone) return 'crashed';
    return verdict.until === undefined ? 'running' : 'unknown';
  }
}
