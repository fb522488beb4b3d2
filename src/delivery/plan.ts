/**
 * From mapped blocks to chunks: by count and by the exact bytes that will leave. Most targets have one chunk open at a
 * time. Where a request is about one profile (Relay42), many are open, one a route, and are closed at the end of each block.
 *
 * Two rules keep the order inside a lane: chunks leave in the order in which they were opened, and an item may not join an
 * open chunk when a chunk opened later already holds one of its lanes.
 */
import type { MappedBlock } from '../model/block.ts';
import { UserError } from '../model/fault.ts';
import type { Operation } from '../targets/target.ts';
import { type Chunk, eachLane, frameBytes, type Segment } from './chunk.ts';
import type { LiveBlock } from './live-block.ts';

/** Bounds of one chunk. They shrink when a platform answers "too large" (413), for the rest of the run. */
export interface ChunkLimits {
  items: number;
  bytes: number;
}

interface OpenChunk {
  readonly name: string;
  /** Chunks are numbered in the order in which they are opened. */
  readonly number: number;
  readonly operation: Operation;
  readonly route: string;
  readonly segments: Segment[];
  items: number;
  bytes: number;
  repeatable: boolean;
  laned: boolean;
  /** Lanes that no further item of this chunk may have: see {@link mustBeApart}. */
  closedLanes: Set<number> | undefined;
  /** What the operation's `apart` gave for its items. */
  texts: Set<string> | undefined;
}

export interface Planner {
  /** Chunks that this block closes, in the order in which they must leave. */
  add(block: LiveBlock): Chunk[];
  /** What is still open, at the end of the input. */
  flush(): Chunk[];
  /** A chunk of this size was too large: make smaller ones from now on. */
  shrinkBelow(chunk: Pick<Chunk, 'items' | 'bytes'>): void;
}

export function createPlanner(caps: { items?: number | undefined; bytes?: number | undefined } = {}): Planner {
  const learned: ChunkLimits = { items: caps.items ?? Infinity, bytes: caps.bytes ?? Infinity };
  const open = new Map<string, OpenChunk>();
  /** While several chunks are open: the latest one that holds a lane. */
  const latestHolder = new Map<number, OpenChunk>();
  let closed: Chunk[] = [];
  let opened = 0;

  const retire = (chunk: OpenChunk) => {
    // Nothing joins it any more, and it may wait long for its turn.
    chunk.closedLanes = undefined;
    chunk.texts = undefined;
    closed.push(chunk);
  };

  const close = (chunk: OpenChunk) => {
    open.delete(chunk.name);
    if (open.size < 2) latestHolder.clear();
    retire(chunk);
  };

  /** Closes `chunk`, and before it all that were opened before it: they may share lanes with it. */
  const closeUpTo = (chunk: OpenChunk) => {
    for (const earlier of open.values()) {
      close(earlier);
      if (earlier === chunk) return;
    }
    // It is alone, and was full too soon to be looked for.
    retire(chunk);
  };

  const closeAll = () => {
    for (const chunk of open.values()) close(chunk);
  };

  const hold = (chunk: OpenChunk, lane: number) => {
    const holder = latestHolder.get(lane);
    if (holder === undefined || holder.number < chunk.number) latestHolder.set(lane, chunk);
  };

  const isOvertaken = (chunk: OpenChunk, { lanes, laneStarts }: MappedBlock, item: number) => {
    const end = laneStarts[item + 1] ?? 0;
    for (let at = laneStarts[item] ?? 0; at < end; at++) {
      const holder = latestHolder.get(lanes[at] ?? 0);
      if (holder !== undefined && holder.number > chunk.number && open.get(holder.name) === holder) return true;
    }
    return false;
  };

  /** A chunk that is to have this item. */
  const newChunk = (name: string, operation: Operation, route: string, first: Segment): OpenChunk => {
    opened += 1;
    return {
      name,
      number: opened,
      operation,
      route,
      segments: [first],
      items: 0,
      bytes: frameBytes(operation, route) - 1,
      repeatable: true,
      laned: false,
      closedLanes: undefined,
      texts: undefined,
    };
  };

  const keepOpen = (chunk: OpenChunk) => {
    open.set(chunk.name, chunk);
    // With one chunk open nothing can be overtaken, so its lanes are looked up only once there is a second.
    if (open.size === 2) for (const other of open.values()) eachLane(other, (lane) => hold(other, lane));
  };

  const holdLanes = (chunk: OpenChunk, { lanes, laneStarts }: MappedBlock, item: number) => {
    const end = laneStarts[item + 1] ?? 0;
    for (let at = laneStarts[item] ?? 0; at < end; at++) hold(chunk, lanes[at] ?? 0);
  };

  /**
   * Whether an item must not join a chunk: because of what the operation says, or because an item of the same person there has
   * superseded others. Should that one be refused, they are sent after all, and must not overtake this one.
   */
  const mustBeApart = (
    { texts, closedLanes }: OpenChunk,
    { lanes, laneStarts }: MappedBlock,
    item: number,
    text: string | undefined,
  ) => {
    if (text !== undefined && texts?.has(text)) return true;
    if (closedLanes === undefined) return false;
    return lanes.subarray(laneStarts[item], laneStarts[item + 1]).some((lane) => closedLanes.has(lane));
  };

  const keepApart = (
    chunk: OpenChunk,
    { lanes, laneStarts, lastWins }: MappedBlock,
    item: number,
    text: string | undefined,
  ) => {
    if (text !== undefined) {
      chunk.texts ??= new Set();
      chunk.texts.add(text);
    }
    if (lastWins === undefined || lastWins.earlier[item] === 0) return;
    chunk.closedLanes ??= new Set();
    for (const lane of lanes.subarray(laneStarts[item], laneStarts[item + 1])) chunk.closedLanes.add(lane);
  };

  const addItems = (block: LiveBlock) => {
    const { mapped, operations } = block;
    const { bytes, entries, routes, routeNames, starts, ends } = mapped;
    const superseded = mapped.lastWins?.superseded;
    let chunk: OpenChunk | undefined;
    let entry = -1;
    let route = -1;
    let operation: Operation | undefined;
    let routeName = '';
    let name = '';
    let mostItems = 0;
    let mostBytes = 0;

    for (let item = 0; item < entries.length; item++) {
      if (superseded !== undefined && superseded[item] === 1) continue;
      // Neighbours mostly belong together; what they share is looked up once.
      if (entries[item] !== entry || routes[item] !== route || operation === undefined) {
        entry = entries[item] ?? 0;
        route = routes[item] ?? 0;
        operation = operations[entry];
        if (operation === undefined) throw new RangeError(`entry ${entry} of ${operations.length}`);
        mostItems = Math.min(operation.limits.items, learned.items);
        mostBytes = Math.min(operation.limits.bytes, learned.bytes);
        routeName = routeNames[route] ?? '';
        name = `${operation.family}\n${routeName}`;
        chunk = open.get(name);
      }
      const { laned } = operation;
      const { singleRequest } = operation.limits;
      const size = (ends[item] ?? 0) - (starts[item] ?? 0);
      const text = operation.apart?.(decoder.decode(bytes.subarray(starts[item], ends[item])));
      if (chunk !== undefined) {
        const isFull = chunk.items >= mostItems || chunk.bytes + 1 + size > mostBytes;
        if (isFull && singleRequest) throw oneRequestOnly(chunk);
        const isApart =
          (chunk.texts !== undefined || chunk.closedLanes !== undefined) && mustBeApart(chunk, mapped, item, text);
        if (isFull || isApart || (laned && open.size > 1 && isOvertaken(chunk, mapped, item))) {
          closeUpTo(chunk);
          chunk = undefined;
        }
      }
      if (chunk === undefined) {
        chunk = newChunk(name, operation, routeName, emptySegment(block, item));
        // One that its first item fills is not entered only to be taken out again, unless others are open: that would be felt.
        if (mostItems > 1 || singleRequest || open.size > 0) keepOpen(chunk);
      }
      chunk.items += 1;
      chunk.bytes += 1 + size;
      if (text !== undefined || superseded !== undefined) keepApart(chunk, mapped, item, text);
      chunk.repeatable &&= operation.repeatable;
      chunk.laned ||= laned;
      if (laned && open.size > 1) holdLanes(chunk, mapped, item);
      let last = chunk.segments.at(-1);
      if (last === undefined || last.block !== block || last.to !== item) {
        last = emptySegment(block, item);
        chunk.segments.push(last);
      }
      last.to = item + 1;
      // What must be the only request waits for the end of the input, even when it is full: one more item would be one too many.
      if (chunk.items >= mostItems && !singleRequest) {
        closeUpTo(chunk);
        chunk = undefined;
      }
    }
  };

  const takeClosed = () => {
    const chunks = closed;
    closed = [];
    return chunks;
  };

  return {
    add(block) {
      addItems(block);
      if (open.size > 1) closeAll();
      return takeClosed();
    },
    flush() {
      closeAll();
      return takeClosed();
    },
    shrinkBelow({ items, bytes }) {
      learned.items = Math.min(learned.items, Math.max(1, Math.ceil(items / 2)));
      learned.bytes = Math.min(learned.bytes, Math.max(1, Math.ceil(bytes / 2)));
    },
  };
}

/** One that begins with this item, which is to be added. */
function emptySegment(block: LiveBlock, item: number): Segment {
  block.retain();
  return { block, from: item, to: item };
}

const decoder = new TextDecoder();

/** Thrown before anything has left: the chunk that is full is the first, and still here. */
const oneRequestOnly = ({ operation, items, bytes }: OpenChunk): UserError =>
  new UserError(
    'one-request-only',
    `Each request of ${operation.name} replaces all that came before it, and this load does not fit one request (${items} items and ${bytes} bytes are in it, and there are more).`,
    {
      hint: 'Nothing was sent. Raise maxRecords and maxBytes of the target, load less, or use a dataflow that appends.',
    },
  );
