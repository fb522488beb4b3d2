/**
 * Rows from the rejects of an earlier run: mapped as the mapping is now, and settled in the loads that they belong to. Rows
 * that could not be read (a broken quote) are left where they are: only a mended file can bring them.
 */
import { join } from 'node:path';
import { inBlock, type ParsedBlock } from '../input/parse.ts';
import type { Load } from '../journal/loads.ts';
import { RangeSet } from '../journal/ranges.ts';
import { readRejects } from '../journal/read-rejects.ts';
import { type RejectedRow, rowFiles } from '../journal/rejects.ts';
import type { JournalRun } from '../journal/run.ts';
import { compileMapping } from '../mapping/compile.ts';
import { parsedBlockMapper } from '../mapping/map-block.ts';
import type { Mapping } from '../mapping/mapping.ts';
import type { Block, MappedBlock, RecordRange } from '../model/block.ts';
import { isJsonObject, isRawNumber, type Json, type JsonObject, parseKeepingDigits } from '../model/json.ts';
import type { RowCounts, RunStart } from '../report/summary.ts';
import type { Target } from '../targets/target.ts';
import type { Feed } from './feed.ts';
import { inFlightFault } from './held-rows.ts';

/** Rows of one load that are to be sent again, in the order of their records. */
export interface RetriedLoad {
  readonly load: Load;
  /** As the rejects file calls it. */
  readonly name: string;
  readonly rows: readonly RejectedRow[];
}

/**
 * @param names file names as the rejects file spells them → the load they mean
 * @param kinds which of the run's files to read
 */
export async function readRetriedRows(
  runDirectory: string,
  loadOf: (file: string) => Load | undefined,
  kinds: readonly (keyof typeof rowFiles)[],
): Promise<{ readonly loads: readonly RetriedLoad[]; readonly unreadable: number }> {
  const byLoad = new Map<number, { load: Load; name: string; rows: Map<number, RejectedRow> }>();
  let unreadable = 0;
  for (const kind of kinds) {
    for await (const row of ifThere(readRejects(join(runDirectory, rowFiles[kind])))) {
      const load = loadOf(row.file);
      if (row.source.kind === 'text' || load === undefined) {
        unreadable += 1;
        continue;
      }
      const known = byLoad.get(load.id) ?? { load, name: row.file, rows: new Map<number, RejectedRow>() };
      byLoad.set(load.id, known);
      // A row that was refused for two of its items stands there twice and is one row.
      known.rows.set(row.record, row);
    }
  }
  const loads = [...byLoad.values()].map(({ load, name, rows }) => ({
    load,
    name,
    rows: [...rows.values()].sort((a, b) => a.record - b.record),
  }));
  return { loads, unreadable };
}

async function* ifThere(rows: AsyncGenerator<RejectedRow>): AsyncGenerator<RejectedRow> {
  try {
    yield* rows;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
}

/** What is known of retried rows that were in flight when a run ended. */
export interface DoubtfulRows {
  readonly named: RunStart['uncertain'];
  /** Not to be sent again: to be written to the uncertain file. */
  readonly held: readonly RejectedRow[];
}

/** Says what becomes of those of the retried rows that a crash left in flight, or that are held since earlier. */
export async function recoverRetried(
  loads: readonly RetriedLoad[],
  run: Pick<JournalRun, 'recover'>,
  resend: readonly boolean[],
): Promise<DoubtfulRows> {
  const named: RunStart['uncertain'][number][] = [];
  const held: RejectedRow[] = [];
  for (const { load, name, rows } of loads) {
    let heldHere = new RangeSet();
    for (const { entry, records, fate } of await run.recover(load.id, resend, setOf(rows))) {
      if (fate === 'hold') heldHere = heldHere.union(records);
      named.push({
        file: name,
        operation: load.operations[entry] ?? '',
        records: records.toString(),
        rows: records.size,
        fate,
      });
    }
    held.push(...rows.filter(({ record }) => heldHere.has(record)).map((row) => ({ ...row, faults: [inFlightFault] })));
  }
  return { named, held };
}

/** Keeps one piece of a retry small enough to be held at once. */
const rowsABlock = 5000;

export function createRetryFeed(
  loads: readonly RetriedLoad[],
  run: JournalRun,
  mapping: Mapping,
  target: Target,
  /** By entry: rows whose fate is unknown may be sent again. */
  resend: readonly boolean[],
  now: number,
): Feed {
  const quotes = new WeakMap<MappedBlock, ReadonlyMap<number, RejectedRow>>();
  const records = loads.map(({ load, rows }) => ({ load: load.id, records: setOf(rows) }));
  return {
    names: loads.map(({ name }) => name),
    bytesTotal: loads.reduce((total, { rows }) => total + rows.length, 0),
    rowsBefore: 0,
    nameOf: (mapped) => loads[mapped.block.file]?.name ?? '',
    quote(mapped, row) {
      const record = mapped.block.startRecord + row;
      const found = quotes.get(mapped)?.get(record);
      if (found === undefined) throw new RangeError(`record ${record} is not in this block`);
      const { line, byte, source } = found;
      return { record, line, byte, source };
    },
    async run(take, isStopped) {
      for (const { load } of loads) if (load.records !== undefined) void run.finishReading(load.id, load.records);
      for (const [file, retried] of loads.entries()) {
        for (const { mapped, rows } of mapRetried(retried, file, run, mapping, target, resend, now)) {
          if (isStopped()) return false;
          quotes.set(mapped, new Map(rows.map((row) => [row.record, row])));
          await take({ mapped, load: retried.load.id, rows: rows.length, bytes: rows.length });
        }
      }
      return true;
    },
    counts: () => records.reduce((sum, one) => addCounts(sum, countsWithin(run, one.load, one.records)), noRows),
    close: async () => {},
  };
}

/**
 * Maps the rows of one load that are still to be sent: rejected, open (an earlier retry of them was stopped), or uncertain
 * where that may be sent again. Others were settled meanwhile.
 */
function* mapRetried(
  { load, rows }: RetriedLoad,
  file: number,
  run: Pick<JournalRun, 'state'>,
  mapping: Mapping,
  target: Target,
  resend: readonly boolean[],
  now: number,
): Generator<{ mapped: MappedBlock; rows: readonly RejectedRow[] }> {
  const [first] = rows;
  if (first === undefined) return;
  const header = headerOf(first);
  const compiled = compileMapping(mapping, header === undefined ? { kind: 'ndjson' } : { kind: 'csv', header }, target);
  const { entries } = run.state(load.id);
  let sequence = 0;
  const isOpen = (entry: number, record: number) => {
    const sets = entries[entry];
    if (sets === undefined || sets.accepted.has(record) || sets.skipped.has(record)) return false;
    return !sets.uncertain.has(record) || resend[entry] === true;
  };
  const isTorn = tornGroups(rows);
  for (let from = 0; from < rows.length; ) {
    const part = rows.slice(from, pieceEnd(rows, from, mapping.group !== undefined));
    from += part.length;
    const [start] = part;
    if (start === undefined) return;
    const map = parsedBlockMapper(() => parsedRows(part, header), compiled, {
      loadKey: load.identity,
      now,
      done: (entry, record) => !isOpen(entry, record),
      isTorn,
    });
    const block: Block = {
      file,
      sequence: sequence++,
      startByte: start.byte,
      startLine: start.line,
      startRecord: start.record,
      records: part.length,
      bytes: new Uint8Array(0),
      last: false,
    };
    yield { mapped: map(block), rows: part };
  }
}

/** Whether of the rows that must go together with these some are not to be had: taken out of the file, or never readable. */
function tornGroups(rows: readonly RejectedRow[]): (first: number, last: number) => boolean {
  const present = setOf(rows);
  const needed = new Map(rows.flatMap(({ record, group }) => (group === undefined ? [] : [[record, group]])));
  return (first, last) => {
    let looked: RecordRange | undefined;
    for (let record = first; record <= last; record++) {
      const range = needed.get(record);
      if (range === undefined || (looked?.[0] === range[0] && looked[1] === range[1])) continue;
      if (present.within(range[0], range[1]).size !== range[1] - range[0] + 1) return true;
      looked = range;
    }
    return false;
  };
}

/** Rows of one group follow each other without a gap: they stay in one piece. */
function pieceEnd(rows: readonly RejectedRow[], from: number, grouped: boolean): number {
  let end = Math.min(from + rowsABlock, rows.length);
  while (grouped && end < rows.length && rows[end]?.record === (rows[end - 1]?.record ?? 0) + 1) end++;
  return end;
}

/** CSV rows were kept as column → text, every cell a text; anything else came from NDJSON. */
function headerOf({ source }: RejectedRow): readonly string[] | undefined {
  const row = objectOf(source.text);
  return Object.values(row).every((value) => typeof value === 'string') ? Object.keys(row) : undefined;
}

function parsedRows(rows: readonly RejectedRow[], header: readonly string[] | undefined): ParsedBlock {
  return {
    length: rows.length,
    row(index) {
      const row = objectOf(inBlock(rows, index).source.text);
      return header === undefined ? row : header.map((column) => textOf(row[column]));
    },
    recordOf: (index) => rows[index]?.record ?? 0,
    position: (index) => ({ line: rows[index]?.line ?? 0, byte: rows[index]?.byte ?? 0 }),
    source: (index) => rows[index]?.source ?? { kind: 'text', text: '' },
  };
}

function objectOf(text: string): JsonObject {
  const value = parseKeepingDigits(text);
  return isJsonObject(value) ? value : {};
}

function textOf(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  return isRawNumber(value) ? value.rawJSON : JSON.stringify(value);
}

function setOf(rows: readonly RejectedRow[]): RangeSet {
  const set = new RangeSet();
  set.addAll(rows.map(({ record }) => [record, record] as const));
  return set;
}

const noRows: RowCounts = { read: 0, accepted: 0, rejected: 0, skipped: 0, uncertain: 0, remaining: 0 };

function addCounts(a: RowCounts, b: RowCounts): RowCounts {
  return {
    read: a.read + b.read,
    accepted: a.accepted + b.accepted,
    rejected: a.rejected + b.rejected,
    skipped: a.skipped + b.skipped,
    uncertain: a.uncertain + b.uncertain,
    remaining: a.remaining + b.remaining,
  };
}

/** Where some records of a load stand: the worst of a row's entries names it, as everywhere. */
function countsWithin(run: Pick<JournalRun, 'state'>, load: number, records: RangeSet): RowCounts {
  const { entries } = run.state(load);
  const counts = { ...noRows, read: records.size };
  for (const [from, to] of records) {
    for (let record = from; record <= to; record++) {
      if (entries.some(({ rejected }) => rejected.has(record))) counts.rejected += 1;
      else if (entries.some(({ uncertain, sending }) => uncertain.has(record) || sending.has(record)))
        counts.uncertain += 1;
      else if (entries.some(({ accepted, skipped }) => !accepted.has(record) && !skipped.has(record)))
        counts.remaining += 1;
      else if (entries.some(({ accepted }) => accepted.has(record))) counts.accepted += 1;
      else counts.skipped += 1;
    }
  }
  return counts;
}
