/**
 * Rows from the rejects of an earlier run: mapped as the mapping is now, and settled in the loads that they belong to. Rows
 * that could not be read (a broken quote) are left where they are: only a mended file can bring them.
 */
import { inBlock, type ParsedBlock } from '../input/parse.ts';
import { RangeSet } from '../journal/ranges.ts';
import type { RejectedRow } from '../journal/rejects.ts';
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
import { piecesOf, piecesOfGroups } from './retried-pieces.ts';
import type { RetriedLoad, RetriedRows } from './retried-rows.ts';

/** What is known of retried rows that were in flight when a run ended. */
export interface DoubtfulRows {
  readonly named: RunStart['uncertain'];
  /** Not to be sent again: to be written to the uncertain file. */
  held(): AsyncIterable<readonly RejectedRow[]>;
}

/** Says what becomes of those of the retried rows that a crash left in flight, or that are held since earlier. */
export async function recoverRetried(
  loads: readonly RetriedLoad[],
  run: Pick<JournalRun, 'recover'>,
  resend: readonly boolean[],
): Promise<DoubtfulRows> {
  const named: RunStart['uncertain'][number][] = [];
  const held: { readonly rows: RetriedRows; readonly records: RangeSet }[] = [];
  for (const { load, name, rows } of loads) {
    let heldHere = new RangeSet();
    for (const { entry, records, fate } of await run.recover(load.id, resend, rows.records)) {
      if (fate === 'hold') heldHere = heldHere.union(records);
      named.push({
        file: name,
        operation: load.operations[entry] ?? '',
        records: records.toString(),
        rows: records.size,
        fate,
      });
    }
    held.push({ rows, records: heldHere });
  }
  return {
    named,
    async *held() {
      for (const { rows, records } of held)
        for await (const piece of rows.within(records)) yield piece.map((row) => ({ ...row, faults: [inFlightFault] }));
    },
  };
}

export function createRetryFeed(
  loads: readonly RetriedLoad[],
  run: Pick<JournalRun, 'state' | 'finishReading'>,
  mapping: Mapping,
  target: Target,
  /** By entry: rows whose fate is unknown may be sent again. */
  resend: readonly boolean[],
  now: number,
): Feed {
  const quotes = new WeakMap<MappedBlock, ReadonlyMap<number, RejectedRow>>();
  return {
    names: loads.map(({ name }) => name),
    bytesTotal: loads.reduce((total, { rows }) => total + rows.count, 0),
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
        for await (const { mapped, rows } of mapRetried(retried, file, run, mapping, target, resend, now)) {
          if (isStopped()) return false;
          quotes.set(mapped, new Map(rows.map((row) => [row.record, row])));
          await take({ mapped, load: retried.load.id, rows: rows.length, bytes: rows.length });
        }
      }
      return true;
    },
    counts: () =>
      loads.reduce((sum, { load, rows }) => addCounts(sum, countsWithin(run, load.id, rows.records)), noRows),
    close: async () => {},
  };
}

/**
 * Maps the rows of one load that are still to be sent: rejected, open (an earlier retry of them was stopped), or uncertain
 * where that may be sent again. Others were settled meanwhile.
 */
async function* mapRetried(
  { load, rows }: RetriedLoad,
  file: number,
  run: Pick<JournalRun, 'state'>,
  mapping: Mapping,
  target: Target,
  resend: readonly boolean[],
  now: number,
): AsyncGenerator<{ mapped: MappedBlock; rows: readonly RejectedRow[] }> {
  const [first] = await rows.read(0, 1);
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
  const { group } = compiled;
  const pieces =
    group === undefined
      ? piecesOf(rows)
      : piecesOfGroups(rows, group.most, ({ source }) => group.groupOf(cellsOf(source.text, header)));
  for await (const { part, edges } of pieces) {
    const [start] = part;
    if (start === undefined) return;
    const map = parsedBlockMapper(() => parsedRows(part, header), compiled, {
      loadKey: load.identity,
      now,
      done: (entry, record) => !isOpen(entry, record),
      isTorn: (from, to) => isTorn(rows, from, to),
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
      ...(edges === undefined ? {} : { edges }),
    };
    yield { mapped: map(block), rows: part };
  }
}

/** Whether of the rows that must go together with these some are not to be had: taken out of the file, or never readable. */
function isTorn(rows: RetriedRows, first: number, last: number): boolean {
  let looked: RecordRange | undefined;
  for (let record = first; record <= last; record++) {
    const range = rows.groupOf(record);
    if (range === undefined || (looked?.[0] === range[0] && looked[1] === range[1])) continue;
    if (rows.records.within(range[0], range[1]).size !== range[1] - range[0] + 1) return true;
    looked = range;
  }
  return false;
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
      return cellsOf(inBlock(rows, index).source.text, header);
    },
    recordOf: (index) => rows[index]?.record ?? 0,
    position: (index) => ({ line: rows[index]?.line ?? 0, byte: rows[index]?.byte ?? 0 }),
    source: (index) => rows[index]?.source ?? { kind: 'text', text: '' },
  };
}

function cellsOf(text: string, header: readonly string[] | undefined): string[] | JsonObject {
  const row = objectOf(text);
  return header === undefined ? row : header.map((column) => textOf(row[column]));
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
