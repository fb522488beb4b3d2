/**
 * Blocks of a mapping with `group:`. Adjacent rows with one key are one group, and a group is sent whole or not at all: when one of its rows is at
 * fault, or may be missing, all of them are rejected, so that a retry of the rejected rows sends the whole.
 *
 * What becomes of a row depends on the file alone, never on where blocks begin: whoever cuts them keeps groups whole, and says in `edges` what
 * stands beyond.
 */
import { type ParsedBlock, type ParsedRow, RowFault } from '../input/parse.ts';
import type { Block, MappedBlock, RecordRange, RowRejection } from '../model/block.ts';
import type { Fault } from '../model/fault.ts';
import type { Encoded } from '../targets/target.ts';
import type { CompiledMapping, Row } from './compile.ts';
import type { CompiledGroup, GroupCode } from './group.ts';
import type { EntryFault } from './group-rows.ts';
import { keyHash } from './key-hash.ts';
import type { BlockContext } from './map-block.ts';
import { rowIdentity } from './row-identity.ts';
import { RowRuns } from './row-runs.ts';

/** Input bytes of a group, from its first row to the start of its last: what is held of it at once. */
export const mostGroupBytes = 16 * 1024 * 1024;

/** Where items go; `last` is the last row of the group, `first` and `last` count from the block's start. */
export interface ItemSink {
  add(item: Encoded, first: number, entry: number, last: number): void;
  take(): Pick<
    MappedBlock,
    | 'bytes'
    | 'starts'
    | 'ends'
    | 'firstRow'
    | 'lastRow'
    | 'ids'
    | 'entries'
    | 'lanes'
    | 'laneStarts'
    | 'routes'
    | 'routeNames'
  >;
}

/** Rows `from` up to, not including, `to`: of one group, or a single row that is in none (`key` undefined). */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly key: string | undefined;
  readonly rows: readonly ParsedRow[];
}

export function groupMapper(
  parse: (block: Block) => ParsedBlock,
  compiled: CompiledMapping,
  group: CompiledGroup,
  context: BlockContext,
  collect: (block: Block) => ItemSink,
): (block: Block) => MappedBlock {
  const entryCount = compiled.entries.length;
  const { loadKey, now, done } = context;

  return (block) => {
    const parsed = parse(block);
    const items = collect(block);
    const skipped = Array.from({ length: entryCount }, () => new RowRuns());
    const rejected: RowRejection[] = [];
    const warnings = new Map<string, { code: string; text: string; count: number; line: number }>();
    const keys = context.hashes ? new Float64Array(block.records) : undefined;
    const hashes = new Float64Array(parsed.length);
    const firsts = new Uint32Array(parsed.length);
    let groups = 0;

    const recordOf = (index: number) => parsed.recordOf?.(index) ?? block.startRecord + index;
    const isDone = (entry: number, index: number) => done?.(entry, recordOf(index)) ?? false;
    const isOpen = (index: number) => compiled.entries.some((_, entry) => !isDone(entry, index));
    const warn = (index: number, { code, text }: { readonly code: string; readonly text: string }) => {
      const known = warnings.get(code);
      if (known !== undefined) known.count++;
      else warnings.set(code, { code, text, count: 1, line: parsed.position(index).line });
    };
    const reject = (index: number, faults: readonly Fault[], range?: RecordRange) => {
      if (!isOpen(index)) return;
      const place = { record: recordOf(index), ...parsed.position(index) };
      rejected.push({
        ...place,
        faults,
        source: parsed.source(index),
        ...(range === undefined ? {} : { group: range }),
      });
    };
    const rejectAll = ({ from, rows }: Stretch, code: GroupCode, reason: string, range?: RecordRange) => {
      for (const [at, row] of rows.entries()) reject(from + at, [group.fault(code, reason, row as Row)], range);
    };

    const isUnknown = (stretch: Stretch | undefined) => stretch !== undefined && stretch.key === undefined;
    const adjoin = (index: number) => recordOf(index) === recordOf(index - 1) + 1;

    /** The faults of the rows that have some; the others are told who is to blame. */
    const rejectGroup = (stretch: Stretch, faults: readonly EntryFault[]) => {
      const { from, to, rows } = stretch;
      const range: RecordRange = [recordOf(from), recordOf(to - 1)];
      const byRow = new Map<number, Fault[]>();
      for (const { row = 0, ...fault } of faults) byRow.set(row, [...(byRow.get(row) ?? []), fault]);
      const culprit = Math.min(...byRow.keys());
      const [first] = byRow.get(culprit) ?? [];
      const { line } = parsed.position(from + culprit);
      const about = first?.field ?? first?.column;
      const reason = `line ${line} of the same group is at fault: ${about === undefined ? '' : `${about}: `}${first?.reason}`;
      for (const [at, row] of rows.entries())
        reject(from + at, byRow.get(at) ?? [group.fault('group-rejected', reason, row as Row)], range);
    };

    const mapGroup = (stretch: Stretch) => {
      const { from, to, rows } = stretch;
      const first = recordOf(from);
      const options = {
        now,
        identity: (entry: number) => rowIdentity(loadKey, first, entry),
        ...(done === undefined ? {} : { done: (entry: number) => isDone(entry, from) }),
      };
      const mapped = compiled.group?.mapRows(rows as Row[], options) ?? { kind: 'skipped' as const };
      if (mapped.kind === 'rejected') return rejectGroup(stretch, mapped.faults);
      if (mapped.kind === 'items') for (const warning of mapped.warnings ?? []) warn(from + warning.row, warning);
      let any = false;
      for (let entry = 0; entry < entryCount; entry++) {
        const item = mapped.kind === 'items' ? mapped.items[entry] : undefined;
        if (item !== undefined) {
          any = true;
          items.add(item, first - block.startRecord, entry, recordOf(to - 1) - block.startRecord);
          for (const warning of item.warnings ?? []) warn(from, warning);
        } else if (!isDone(entry, from)) {
          for (let index = from; index < to; index++) skipped[entry]?.add(recordOf(index) - block.startRecord);
        }
      }
      if (any && keys !== undefined) keys[first - block.startRecord] = keyHash(compiled.keyOf(rows[0] as Row));
    };

    const take = (before: Stretch | undefined, stretch: Stretch, after: Stretch | undefined) => {
      const { from, to, key } = stretch;
      const [row] = stretch.rows;
      if (row === undefined) return;
      if (key === undefined) {
        const missing = `the row has no ${group.by}, so it is not known which group it belongs to`;
        reject(
          from,
          row instanceof RowFault ? compiled.readFaults(row.faults) : [group.fault('group-key-missing', missing, row)],
        );
        return;
      }
      const edgeBefore = before === undefined ? block.edges?.before : undefined;
      const edgeAfter = after === undefined ? block.edges?.after : undefined;
      if (edgeBefore === 'group' || edgeAfter === 'group' || isTooLarge(stretch, parsed, block, group.most)) {
        const size = `more than ${group.most} rows, or ${mostGroupBytes / 1024 / 1024} MiB of them`;
        rejectAll(stretch, 'group-too-large', `${size}, have the same ${group.by}`);
        return;
      }
      const unknownBefore = edgeBefore === 'unknown' || (isUnknown(before) && adjoin(from));
      const unknownAfter = edgeAfter === 'unknown' || (isUnknown(after) && adjoin(to));
      if (unknownBefore || unknownAfter) {
        const side = unknownBefore ? 'before' : 'after';
        const range: RecordRange = [
          recordOf(from) - (unknownBefore ? 1 : 0),
          recordOf(to - 1) + (unknownAfter ? 1 : 0),
        ];
        const says = `the row ${side} this group cannot be read or names no ${group.by}, and may belong to it`;
        rejectAll(stretch, 'group-neighbour', says, range);
        return;
      }
      hashes[groups] = keyHash(key);
      firsts[groups] = recordOf(from) - block.startRecord;
      groups += 1;
      if (isTorn(stretch, entryCount, isDone) || context.isTorn?.(recordOf(from), recordOf(to - 1))) {
        rejectAll(stretch, 'group-torn', 'other rows of this group are not here, or were settled by an earlier run');
        return;
      }
      if (isOpen(from)) mapGroup(stretch);
    };

    // One behind, since what stands after a group counts, too.
    let before: Stretch | undefined;
    let stretch: Stretch | undefined;
    for (const after of stretchesOf(parsed, group, recordOf)) {
      if (stretch !== undefined) take(before, stretch, after);
      before = stretch;
      stretch = after;
    }
    if (stretch !== undefined) take(before, stretch, undefined);
    const { bytes: source, ...rest } = block;
    return {
      block: rest,
      ...items.take(),
      skipped: skipped.map((rows) => rows.take()),
      rejected,
      warnings: [...warnings.values()],
      ...(keys === undefined ? {} : { keys }),
      groups: { hashes: hashes.slice(0, groups), firstRow: firsts.slice(0, groups) },
      source,
    };
  };
}

/** Each is made when it is asked for: rows of a whole block, all made at once, would outlive several collections of garbage. */
export function* stretchesOf(
  parsed: Pick<ParsedBlock, 'length' | 'row'>,
  group: Pick<CompiledGroup, 'groupOf'>,
  recordOf: (index: number) => number,
): Generator<Stretch> {
  let from = 0;
  let key: string | undefined;
  let rows: ParsedRow[] = [];
  for (let index = 0; index < parsed.length; index++) {
    const row = parsed.row(index);
    const next = nameOf(row, group);
    const joins = index > 0 && next !== undefined && next === key && recordOf(index) === recordOf(index - 1) + 1;
    if (!joins && index > 0) {
      yield { from, to: index, key, rows };
      from = index;
      rows = [];
    }
    key = next;
    rows.push(row);
  }
  if (rows.length > 0) yield { from, to: parsed.length, key, rows };
}

/** Undefined for a row that cannot be read, or that says of no group that it is its own. */
export const nameOf = (row: ParsedRow | undefined, group: Pick<CompiledGroup, 'groupOf'>) =>
  row === undefined || row instanceof RowFault ? undefined : group.groupOf(row);

function isTooLarge({ from, to }: Stretch, parsed: ParsedBlock, block: Block, most: number): boolean {
  if (to - from > most) return true;
  // Rows that are retried lie in no block.
  if (block.bytes.length > 0 && block.bytes.length <= mostGroupBytes) return false;
  return parsed.position(to - 1).byte - parsed.position(from).byte > mostGroupBytes;
}

/** Some of its rows need no work any more under an entry, and some do. */
function isTorn({ from, to }: Stretch, entryCount: number, isDone: (entry: number, index: number) => boolean): boolean {
  for (let entry = 0; entry < entryCount; entry++) {
    const first = isDone(entry, from);
    for (let index = from + 1; index < to; index++) if (isDone(entry, index) !== first) return true;
  }
  return false;
}
