/**
 * Rows of earlier runs that are to be sent again. Memory holds where each stands in the files of rows, some 50 bytes, and never what all of them
 * say: the rejects of one run may be as large as its input.
 */
import { join } from 'node:path';
import type { Load } from '../journal/loads.ts';
import { RangeSet } from '../journal/ranges.ts';
import { type RowLine, rowLines, rowsAt } from '../journal/read-rejects.ts';
import { type RejectedRow, rowFiles } from '../journal/rejects.ts';
import type { RecordRange } from '../model/block.ts';
import { grown } from '../model/typed-arrays.ts';

/** Rows of one load, in the order of their records. */
export interface RetriedLoad {
  readonly load: Load;
  /** As the rejects file calls it. */
  readonly name: string;
  readonly rows: RetriedRows;
}

/**
 * @param loadOf file names as the rejects file spells them → the load they mean
 * @param kinds which of the run's files to read
 */
export async function findRetriedRows(
  runDirectory: string,
  loadOf: (file: string) => Load | undefined,
  kinds: readonly (keyof typeof rowFiles)[],
): Promise<{ readonly loads: readonly RetriedLoad[]; readonly unreadable: number }> {
  const paths = kinds.map((kind) => join(runDirectory, rowFiles[kind]));
  const byLoad = new Map<number, RetriedLoad>();
  let unreadable = 0;
  for (const [file, path] of paths.entries()) {
    for await (const line of ifThere(rowLines(path))) {
      const load = loadOf(line.file);
      if (line.kind === 'text' || load === undefined) {
        unreadable += 1;
        continue;
      }
      const known = byLoad.get(load.id) ?? { load, name: line.file, rows: new RetriedRows(paths) };
      byLoad.set(load.id, known);
      known.rows.add(file, line);
    }
  }
  const loads = [...byLoad.values()];
  for (const { rows } of loads) rows.sort();
  return { loads, unreadable };
}

async function* ifThere(lines: AsyncGenerator<RowLine>): AsyncGenerator<RowLine> {
  try {
    yield* lines;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
}

export class RetriedRows {
  readonly #paths: readonly string[];
  /** By line, as they were added. */
  #files = new Uint8Array(firstRoom);
  #starts = new Float64Array(firstRoom);
  #lengths = new Uint32Array(firstRoom);
  #records = new Float64Array(firstRoom);
  /** First and last record of what must be sent together; 0: the row stands alone. Only where there is one that does not. */
  #groups: Float64Array | undefined;
  #lines = 0;
  /** Of the rows in their order, the lines. */
  #order = new Uint32Array(0);
  readonly #recordSet = new RangeSet();
  readonly #mostRows: number;
  readonly #mostBytes: number;

  /** @param options of what is held at once */
  constructor(paths: readonly string[], options: { readonly mostRows?: number; readonly mostBytes?: number } = {}) {
    this.#paths = paths;
    this.#mostRows = options.mostRows ?? mostRows;
    this.#mostBytes = options.mostBytes ?? mostBytes;
  }

  /** @param file index of its path */
  add(file: number, { start, length, record, group }: Omit<RowLine, 'file' | 'kind'>): void {
    const line = this.#lines++;
    if (line === this.#files.length) this.#grow();
    this.#files[line] = file;
    this.#starts[line] = start;
    this.#lengths[line] = length;
    this.#records[line] = record;
    if (group === undefined) return;
    this.#groups ??= new Float64Array(2 * this.#files.length);
    this.#groups.set(group, 2 * line);
  }

  #grow(): void {
    this.#files = grown(this.#files);
    this.#starts = grown(this.#starts);
    this.#lengths = grown(this.#lengths);
    this.#records = grown(this.#records);
    if (this.#groups !== undefined) this.#groups = grown(this.#groups);
  }

  /** To be called once all are there. A row that was refused for two of its items stands there twice and is one row: the later line counts. */
  sort(): void {
    const records = this.#records;
    const order = Uint32Array.from({ length: this.#lines }, (_, line) => line);
    order.sort((a, b) => (records[a] ?? 0) - (records[b] ?? 0) || a - b);
    let count = 0;
    for (const line of order) {
      const record = records[line] ?? 0;
      if (count > 0 && records[order[count - 1] ?? 0] === record) count -= 1;
      order[count++] = line;
      this.#recordSet.add(record);
    }
    this.#order = order.slice(0, count);
  }

  get count(): number {
    return this.#order.length;
  }

  get records(): RangeSet {
    return this.#recordSet;
  }

  /** Records that must be sent together with this one. */
  groupOf(record: number): RecordRange | undefined {
    const line = this.#order[this.#placeOf(record)];
    if (this.#groups === undefined || line === undefined || this.#records[line] !== record) return undefined;
    const [first = 0, last = 0] = this.#groups.subarray(2 * line, 2 * line + 2);
    return first === 0 ? undefined : [first, last];
  }

  /** Rows `from` up to, not including, `to`. */
  read(from: number, to: number): Promise<RejectedRow[]> {
    return this.#readLines([...this.#order.subarray(from, to)]);
  }

  /** Those of these records, as many at a time as may be held at once. */
  async *within(records: RangeSet): AsyncGenerator<readonly RejectedRow[]> {
    let lines: number[] = [];
    let bytes = 0;
    for (const [first, last] of records) {
      for (let at = this.#placeOf(first), end = this.#placeOf(last + 1); at < end; at++) {
        const line = this.#order[at] ?? 0;
        bytes += this.#lengths[line] ?? 0;
        if (lines.length === this.#mostRows || (lines.length > 0 && bytes > this.#mostBytes)) {
          yield await this.#readLines(lines);
          lines = [];
          bytes = this.#lengths[line] ?? 0;
        }
        lines.push(line);
      }
    }
    if (lines.length > 0) yield await this.#readLines(lines);
  }

  async #readLines(lines: readonly number[]): Promise<RejectedRow[]> {
    const found = new Array<RejectedRow>(lines.length);
    for (const [file, path] of this.#paths.entries()) {
      const wanted = [...lines.keys()].filter((index) => this.#files[lines[index] ?? 0] === file);
      if (wanted.length === 0) continue;
      const places = wanted.map((index) => {
        const line = lines[index] ?? 0;
        const [start = 0, length = 0, record = 0] = [this.#starts[line], this.#lengths[line], this.#records[line]];
        return { start, length, record };
      });
      for (const [at, row] of (await rowsAt(path, places)).entries()) found[wanted[at] ?? 0] = row;
    }
    return found;
  }

  /** Behind the last of the rows that may be held at once, from row `from` on: one at least. */
  endOfPiece(from: number): number {
    const most = Math.min(this.count, from + this.#mostRows);
    const start = this.#order[from] ?? 0;
    const lastRecord = (this.#records[start] ?? 0) + widestPiece;
    let bytes = this.#lengths[start] ?? 0;
    let to = from + 1;
    for (; to < most; to++) {
      const line = this.#order[to] ?? 0;
      bytes += this.#lengths[line] ?? 0;
      if (bytes > this.#mostBytes || (this.#records[line] ?? 0) > lastRecord) break;
    }
    return to;
  }

  /** Of the first row with this record or a later one. */
  #placeOf(record: number): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#records[this.#order[middle] ?? 0] ?? 0) < record) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const firstRoom = 1024;
const mostRows = 5000;
const mostBytes = 4 * 1024 * 1024;
/** Records: rows of a block are counted from its first in 32 bits. */
const widestPiece = 0xffff_ffff;
