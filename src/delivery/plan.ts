/**
 * From mapped blocks to chunks: by count and by the exact bytes that will leave. Most targets have one chunk open at a
 * time. Where a request is about one profile (Relay42), many are open, one a route, and are closed at the end of each block.
 *
 * Two rules keep the order inside a lane: chunks leave in the order in which they were opened, and an item may not join an
 * open chunk when a chunk opened later already holds one of its lanes.
 */
import { UserError } from '../model/fault.ts';
import type { Operation } from '../targets/target.ts';
import { type Chunk, frameBytes, type LiveBlock, type Segment } from './chunk.ts';

/** Bounds of one chunk. They shrink when a platform answers "too large" (413), for the rest of the run. */
export interface ChunkLimits {
  items: number;
  bytes: number;
}

interface OpenChunk {
  readonly name: string;
  readonly operation: Operation;
  readonly route: string;
  readonly segments: Segment[];
  items: number;
  bytes: number;
  repeatable: boolean;
  readonly lanes: Set<number>;
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
  let closed: Chunk[] = [];

  const close = (chunk: OpenChunk) => {
    open.delete(chunk.name);
    closed.push({ ...chunk, lanes: [...chunk.lanes] });
  };

  /** Closes `chunk`, and before it all that were opened before it: they may share lanes with it. */
  const closeUpTo = (chunk: OpenChunk) => {
    for (const earlier of [...open.values()]) {
      close(earlier);
      if (earlier === chunk) return;
    }
  };

  const isOvertaken = (chunk: OpenChunk, lanes: Float64Array) => {
    let later = false;
    for (const other of open.values()) {
      if (later && lanes.some((lane) => other.lanes.has(lane))) return true;
      if (other === chunk) later = true;
    }
    return false;
  };

  const addItem = (block: LiveBlock, item: number) => {
    const { mapped, operations } = block;
    const operation = operations[mapped.entries[item] ?? 0];
    if (operation === undefined) throw new RangeError(`entry ${mapped.entries[item]} of ${operations.length}`);
    const route = mapped.routeNames[mapped.routes[item] ?? 0] ?? '';
    const size = (mapped.ends[item] ?? 0) - (mapped.starts[item] ?? 0);
    const lanes = operation.laned
      ? mapped.lanes.subarray(mapped.laneStarts[item] ?? 0, mapped.laneStarts[item + 1] ?? 0)
      : noLanes;
    const name = `${operation.family}\n${route}`;
    let chunk = open.get(name);

    if (chunk !== undefined) {
      const isFull =
        chunk.items >= Math.min(operation.limits.items, learned.items) ||
        chunk.bytes + 1 + size > Math.min(operation.limits.bytes, learned.bytes);
      if (isFull && operation.limits.singleRequest) throw oneRequestOnly(chunk);
      if (isFull || (open.size > 1 && isOvertaken(chunk, lanes))) {
        closeUpTo(chunk);
        chunk = undefined;
      }
    }
    if (chunk === undefined) {
      chunk = {
        name,
        operation,
        route,
        segments: [],
        items: 0,
        bytes: frameBytes(operation, route) - 1,
        repeatable: true,
        lanes: new Set(),
      };
      open.set(name, chunk);
    }
    chunk.items += 1;
    chunk.bytes += 1 + size;
    chunk.repeatable &&= operation.repeatable;
    for (const lane of lanes) chunk.lanes.add(lane);
    const last = chunk.segments.at(-1);
    if (last !== undefined && last.block === block && last.to === item) {
      chunk.segments[chunk.segments.length - 1] = { block, from: last.from, to: item + 1 };
    } else {
      chunk.segments.push({ block, from: item, to: item + 1 });
    }
    // What must be the only request waits for the end of the input, even when it is full: one more item would be one too many.
    if (chunk.items >= operation.limits.items && !operation.limits.singleRequest) closeUpTo(chunk);
  };

  const takeClosed = () => {
    const chunks = closed;
    closed = [];
    return chunks;
  };

  return {
    add(block) {
      for (let item = 0; item < block.mapped.entries.length; item++) addItem(block, item);
      if (open.size > 1) for (const chunk of [...open.values()]) close(chunk);
      return takeClosed();
    },
    flush() {
      for (const chunk of [...open.values()]) close(chunk);
      return takeClosed();
    },
    shrinkBelow({ items, bytes }) {
      learned.items = Math.min(learned.items, Math.max(1, Math.ceil(items / 2)));
      learned.bytes = Math.min(learned.bytes, Math.max(1, Math.ceil(bytes / 2)));
    },
  };
}

/** Thrown before anything has left: the chunk that is full is the first, and still here. */
const oneRequestOnly = ({ operation, items, bytes }: OpenChunk): UserError =>
  new UserError(
    'one-request-only',
    `Each request of ${operation.name} replaces all that came before it, and this load does not fit one request (${items} items and ${bytes} bytes are in it, and there are more).`,
    {
      hint: 'Nothing was sent. Raise maxRecords and maxBytes of the target, load less, or use a dataflow that appends.',
    },
  );

const noLanes = new Float64Array(0);
