/** One load for each platform, small enough to be killed hundreds of times. Every row carries its own name through to the platform. */
import type { Emulator } from '../../src/sandbox/emulator.ts';

export interface Scene {
  readonly name: string;
  readonly type: string;
  readonly operation: string;
  /** The mapping's own settings, and what the target's configuration says beyond the emulator's. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly rows: number;
  /** What came twice counts once at this platform. */
  readonly counts: 'once' | 'each time';
  /** How often the platform ended up holding each row. */
  holds(emulator: Emulator): ReadonlyMap<string, number>;
}

export const nameOfRow = (record: number): string => `row-${String(record).padStart(6, '0')}`;
export const recordOf = (name: string): number => Number(name.slice('row-'.length));
const rowNames = /row-\d{6}/g;

/** How often each row is named; a row that is named twice in one record is one. */
export function countRows(records: Iterable<unknown>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const record of records) {
    const text = typeof record === 'string' ? record : JSON.stringify(record);
    for (const name of new Set(text.match(rowNames))) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

const read = (emulator: Emulator, name: string, query = ''): readonly unknown[] =>
  emulator.readOut(name, new URLSearchParams(query)) as readonly unknown[];

const columns = { CustomerId: { type: 'string', required: true, identifier: true }, Email: 'email' };
const raptorFields = { CustomerId: { from: 'id', required: true }, Email: { from: 'email', required: true } };

export const csvOf = (rows: number): string =>
  [
    'id,email,at',
    ...Array.from(
      { length: rows },
      (_, index) => `${nameOfRow(index + 1)},p${index + 1}@example.com,2024-03-01 12:00:00`,
    ),
    '',
  ].join('\n');

export const scenes: readonly Scene[] = [
  {
    name: 'raptor person',
    type: 'raptor',
    operation: 'person',
    settings: {},
    config: { writeMode: 'append', columns },
    fields: raptorFields,
    rows: 60,
    counts: 'once',
    holds: (emulator) => countRows(read(emulator, 'rows', 'flush=1')),
  },
  {
    name: 'raptor interaction',
    type: 'raptor',
    operation: 'interaction',
    settings: {},
    config: { columns },
    fields: raptorFields,
    rows: 60,
    counts: 'each time',
    holds: (emulator) => countRows(read(emulator, 'rows', 'flush=1')),
  },
  {
    name: 'adobe event',
    type: 'adobe',
    operation: 'event',
    settings: { primaryIdentity: 'Email' },
    config: {},
    // No _id: it is made of the load and the row.
    fields: {
      timestamp: { from: 'at', type: 'datetime', format: 'yyyy-MM-dd HH:mm:ss', zone: 'UTC' },
      eventType: 'id',
      'identityMap.Email': { from: 'email', required: true },
    },
    rows: 60,
    counts: 'once',
    holds: (emulator) => countRows(read(emulator, `profile/${String(emulator.settings('')['datasetId'])}`)),
  },
  {
    name: 'relay42 facts',
    type: 'relay42',
    operation: 'facts.add',
    settings: { partnerType: 2001, factName: 'loyalty', factTtl: 31_536_000 },
    config: {},
    fields: { partnerId: { from: 'id', required: true }, 'properties.email': 'email' },
    rows: 8,
    counts: 'once',
    holds: (emulator) => countRows(read(emulator, 'facts')),
  },
  {
    name: 'customerio track',
    type: 'customerio',
    operation: 'track',
    settings: {},
    config: {},
    // No messageId: it is made of the load and the row.
    fields: {
      userId: { from: 'id', required: true },
      event: { const: 'Order Completed' },
      timestamp: { const: '2024-03-01T12:00:00Z' },
    },
    rows: 60,
    counts: 'once',
    holds: (emulator) => countRows(read(emulator, 'events')),
  },
  {
    name: 'datatalks events',
    type: 'datatalks',
    operation: 'events',
    settings: {
      type: 'visit',
      hardId: ['event_id'],
      deriveHardId: 'event_id',
      zone: 'UTC',
      fields: { event_id: 'string', event_datetime: 'datetime', visitor: 'string' },
    },
    config: {},
    fields: { event_datetime: 'at', visitor: 'id' },
    rows: 8,
    counts: 'once',
    holds: (emulator) => countRows(read(emulator, 'events/visit')),
  },
];

export function sceneNamed(name: string): Scene {
  const scene = scenes.find((one) => one.name === name);
  if (scene === undefined) throw new RangeError(name);
  return scene;
}
