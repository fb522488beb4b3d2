/**
 * From a block of the input to the bytes of its items, in one pass: the function that runs for every block, in this thread or
 * in a worker. Each item becomes text once and bytes once; whatever comes later moves slices of these bytes.
 */
import type { SourceDescription } from '../input/description.ts';
import { type ParsedBlock, parserFor, RowFault } from '../input/parse.ts';
import type { Block, MappedBlock, RowRejection } from '../model/block.ts';
import type { Fault } from '../model/fault.ts';
import { grown } from '../model/typed-arrays.ts';
import type { Encoded } from '../targets/target.ts';
import { ByteSink } from './byte-sink.ts';
import type { CompiledMapping } from './compile.ts';
import { keyHash } from './key-hash.ts';
import { laneHash } from './lane-hash.ts';
import { createCollapser } from './last-wins.ts';
import { groupMapper } from './map-groups.ts';
import { rowIdentity } from './row-identity.ts';
import { RowRuns } from './row-runs.ts';

export interface BlockContext {
  /** Of the load that this file is. Seed of the rows' identities. */
  readonly loadKey: string;
  /** Start of the run, epoch milliseconds. */
  readonly now: number;
  /** Whether a row needs no work any more under an entry: settled by an earlier run, or not asked for. Neither mapped nor counted. */
  readonly done?: ((entry: number, record: number) => boolean) | undefined;
  /** Give the hashes of the rows' keys and of the items' ids, too. */
  readonly hashes?: boolean | undefined;
  /** With groups: whether some rows that belong to these are not to be had. */
  readonly isTorn?: ((first: number, last: number) => boolean) | undefined;
}

export function blockMapper(
  description: SourceDescription,
  compiled: CompiledMapping,
  context: BlockContext,
): (block: Block) => MappedBlock {
  return parsedBlockMapper(parserFor(description, compiled.columns), compiled, context);
}

/** The same for rows that come from elsewhere than a block's bytes. */
export function parsedBlockMapper(
  parse: (block: Block) => ParsedBlock,
  compiled: CompiledMapping,
  context: BlockContext,
): (block: Block) => MappedBlock {
  const entryCount = compiled.entries.length;
  const collect = createCollect(entryCount, context.hashes === true);
  if (compiled.group !== undefined) return groupMapper(parse, compiled, compiled.group, context, collect);
  const collapser = compiled.entries.some(({ lastWins }) => lastWins)
    ? createCollapser(compiled.entries.map(({ lastWins, operation }) => (lastWins ? operation.lastWins : undefined)))
    : undefined;
  const { loadKey, now, done } = context;
  let record = 0;
  const identity = (entry: number) => rowIdentity(loadKey, record, entry);
  const isDone = done === undefined ? undefined : (entry: number) => done(entry, record);
  const options = { identity, now, ...(isDone === undefined ? {} : { done: isDone }) };

  return (block) => {
    const parsed = parse(block);
    const items = collect(block);
    const skipped = Array.from({ length: entryCount }, () => new RowRuns());
    const rejected: RowRejection[] = [];
    const keys = context.hashes ? new Float64Array(block.records) : undefined;
    const warnings = new Map<string, { code: string; text: string; count: number; line: number }>();

    const reject = (index: number, faults: readonly Fault[]) => {
      const { line, byte } = parsed.position(index);
      rejected.push({ record, line, byte, faults, source: parsed.source(index) });
    };
    const warn = (index: number, { code, text }: { readonly code: string; readonly text: string }) => {
      const known = warnings.get(code);
      if (known !== undefined) known.count++;
      else warnings.set(code, { code, text, count: 1, line: parsed.position(index).line });
    };

    for (let index = 0; index < parsed.length; index++) {
      record = parsed.recordOf?.(index) ?? block.startRecord + index;
      if (isDone !== undefined && allDone(entryCount, isDone)) continue;
      const row = parsed.row(index);
      if (row instanceof RowFault) {
        reject(index, compiled.readFaults(row.faults));
        continue;
      }
      const mapped = compiled.mapRow(row, options);
      if (mapped.kind === 'rejected') {
        reject(index, mapped.faults);
        continue;
      }
      if (keys !== undefined && mapped.kind === 'items' && mapped.items.some((item) => item !== undefined))
        keys[record - block.startRecord] = keyHash(compiled.keyOf(row));
      for (let entry = 0; entry < entryCount; entry++) {
        const item = mapped.kind === 'items' ? mapped.items[entry] : undefined;
        if (item !== undefined) {
          collapser?.add(items.count, entry, compiled.keyOf(row), item);
          items.add(item, record - block.startRecord, entry);
          if (item.warnings !== undefined) for (const warning of item.warnings) warn(index, warning);
        } else if (isDone === undefined || !isDone(entry)) {
          skipped[entry]?.add(record - block.startRecord);
        }
      }
    }
    const { bytes: source, ...rest } = block;
    const taken = items.take();
    return {
      block: rest,
      ...taken,
      ...(collapser === undefined ? {} : { lastWins: collapser.take(taken.entries.length) }),
      skipped: skipped.map((rows) => rows.take()),
      rejected,
      warnings: [...warnings.values()],
      ...(keys === undefined ? {} : { keys }),
      source,
    };
  };
}

/** Above what the last block took. */
const spareRoom = 1.15;

/** Blocks of one file are alike: the last one tells how much room the next one needs. */
function createCollect(entryCount: number, withIds: boolean): (block: Block) => ItemCollector {
  let bytesPerByte = 2 * entryCount;
  return (block) => {
    const input = block.bytes.length;
    return new ItemCollector({
      expectedItems: block.records * entryCount,
      expectedBytes: input * bytesPerByte,
      withIds,
      onTaken(taken) {
        if (input > 0) bytesPerByte = (taken / input) * spareRoom;
      },
    });
  };
}

function allDone(entryCount: number, isDone: (entry: number) => boolean): boolean {
  for (let entry = 0; entry < entryCount; entry++) if (!isDone(entry)) return false;
  return true;
}

interface CollectorOptions {
  readonly expectedItems: number;
  readonly expectedBytes: number;
  /** Keep the hashes of the items' ids. */
  readonly withIds: boolean;
  /** Told how many bytes there were. */
  readonly onTaken: (bytes: number) => void;
}

/** The columns of a {@link MappedBlock} that describe its items. In V8's heap lists as long as a block would outlive collections of garbage. */
class ItemCollector {
  readonly #sink: ByteSink;
  #rows: Uint32Array;
  /** Only where rows are grouped. */
  #lastRows: Uint32Array | undefined;
  /** Only where an item has one. */
  #ids: Float64Array | undefined;
  #routes: Uint32Array;
  #entries: Uint8Array;
  #lanes = new Int32Array(0);
  #laneCount = 0;
  #laneStarts: Uint32Array;
  readonly #routeIndexes = new Map<string, number>();
  #lastRoute = '';
  #lastRouteIndex = -1;

  readonly #withIds: boolean;
  readonly #onTaken: (bytes: number) => void;

  constructor({ expectedItems, expectedBytes, withIds, onTaken }: CollectorOptions) {
    const expected = Math.max(16, expectedItems);
    this.#sink = new ByteSink(expectedBytes + 4096, expected);
    this.#withIds = withIds;
    this.#rows = new Uint32Array(expected);
    this.#routes = new Uint32Array(expected);
    this.#entries = new Uint8Array(expected);
    this.#laneStarts = new Uint32Array(expected + 1);
    this.#onTaken = onTaken;
  }

  get count(): number {
    return this.#sink.count;
  }

  add(item: Encoded, row: number, entry: number, lastRow?: number): void {
    const { count } = this.#sink;
    if (count === this.#rows.length) this.#grow();
    this.#sink.add(item.json);
    this.#rows[count] = row;
    if (lastRow !== undefined) {
      this.#lastRows ??= new Uint32Array(this.#rows.length);
      this.#lastRows[count] = lastRow;
    }
    if (this.#withIds && item.id !== undefined) {
      this.#ids ??= new Float64Array(this.#rows.length);
      this.#ids[count] = keyHash(item.id);
    }
    this.#entries[count] = entry;
    this.#routes[count] = this.#routeIndex(item.route);
    for (const lane of item.lanes) this.#addLane(laneHash(lane));
    this.#laneStarts[count + 1] = this.#laneCount;
  }

  #addLane(hash: number): void {
    if (this.#laneCount === this.#lanes.length) this.#lanes = grown(this.#lanes, this.#rows.length);
    this.#lanes[this.#laneCount++] = hash;
  }

  #grow(): void {
    this.#entries = grown(this.#entries);
    this.#rows = grown(this.#rows);
    if (this.#lastRows !== undefined) this.#lastRows = grown(this.#lastRows);
    if (this.#ids !== undefined) this.#ids = grown(this.#ids);
    this.#routes = grown(this.#routes);
    this.#laneStarts = grown(this.#laneStarts);
  }

  #routeIndex(route: string): number {
    if (route === this.#lastRoute && this.#lastRouteIndex !== -1) return this.#lastRouteIndex;
    let index = this.#routeIndexes.get(route);
    if (index === undefined) {
      index = this.#routeIndexes.size;
      this.#routeIndexes.set(route, index);
    }
    this.#lastRoute = route;
    this.#lastRouteIndex = index;
    return index;
  }

  take() {
    const { count } = this.#sink;
    const firstRow = this.#rows.slice(0, count);
    const texts = this.#sink.take();
    this.#onTaken(texts.bytes.length);
    return {
      ...texts,
      firstRow,
      lastRow: this.#lastRows?.slice(0, count) ?? firstRow.slice(),
      ...(this.#ids === undefined ? {} : { ids: this.#ids.slice(0, count) }),
      entries: this.#entries.slice(0, count),
      lanes: this.#lanes.slice(0, this.#laneCount),
      laneStarts: this.#laneCount > 0 ? this.#laneStarts.slice(0, count + 1) : new Uint32Array(0),
      routes: this.#routes.slice(0, count),
      routeNames: [...this.#routeIndexes.keys()],
    };
  }
}
