/** Mapped blocks and operations made by hand, for tests of delivery that need no file and no mapping. */
import { LiveBlock } from '../../src/delivery/live-block.ts';
import type { MappedBlock } from '../../src/model/block.ts';
import type { Operation } from '../../src/targets/target.ts';

export interface MadeItem {
  readonly json: string;
  readonly record: number;
  /** Where several rows went into it. */
  readonly lastRecord?: number;
  readonly entry?: number;
  readonly route?: string;
  readonly lanes?: readonly number[];
}

export function makeBlock(
  items: readonly MadeItem[],
  operations: readonly Operation[],
  startRecord = 1,
  load = 1,
): LiveBlock {
  const routeNames = [...new Set(items.map(({ route }) => route ?? ''))];
  const encoded = items.map(({ json }) => Buffer.from(json));
  let offset = 0;
  const starts = new Uint32Array(items.length);
  const ends = new Uint32Array(items.length);
  encoded.forEach((bytes, index) => {
    starts[index] = offset;
    ends[index] = offset + bytes.length;
    offset += bytes.length + 1;
  });
  const laneStarts = new Uint32Array(items.length + 1);
  items.forEach((item, index) => {
    laneStarts[index + 1] = (laneStarts[index] ?? 0) + (item.lanes?.length ?? 0);
  });
  const rows = items.map(({ record }) => record - startRecord);
  const mapped: MappedBlock = {
    block: {
      file: 0,
      sequence: 0,
      startByte: 0,
      startLine: 2,
      startRecord,
      records: Math.max(0, ...rows) + 1,
      last: true,
    },
    // In a buffer of its own, as a block's are.
    bytes: new Uint8Array(Buffer.from(encoded.map(String).join(','))),
    starts,
    ends,
    firstRow: Uint32Array.from(rows),
    lastRow: Uint32Array.from(items.map(({ record, lastRecord }) => (lastRecord ?? record) - startRecord)),
    entries: Uint8Array.from(items.map(({ entry }) => entry ?? 0)),
    lanes: Int32Array.from(items.flatMap(({ lanes }) => lanes ?? [])),
    laneStarts,
    routes: Uint32Array.from(items.map(({ route }) => routeNames.indexOf(route ?? ''))),
    routeNames,
    skipped: [],
    rejected: [],
    warnings: [],
    source: new Uint8Array(0),
  };
  return new LiveBlock(mapped, load, operations);
}

export function makeOperation(given: Partial<Operation> = {}): Operation {
  return {
    name: 'put',
    family: 'put',
    fields: [],
    emptyCells: { allowed: ['omit'], fallback: 'omit', why: '' },
    repeatable: true,
    limits: { items: 500, bytes: 1_000_000 },
    laned: false,
    encode: (item) => ({ json: JSON.stringify(item), route: '', lanes: [] }),
    frame: () => ({ prefix: '[', suffix: ']' }),
    request: ({ body }) => ({ method: 'POST', url: 'http://127.0.0.1:9/', headers: {}, body }),
    verdict: () => ({ kind: 'accepted' }),
    cost: () => 1,
    ...given,
  };
}

export const textOf = (parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString('utf8');
