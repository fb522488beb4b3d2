/** One emulated stream-dataflow: takes acknowledged records, and finds out later which of them it can keep (contract §10, steps 8 and 9). */
import { canonicalJson, digestOf } from './digest.ts';
import { type Column, fits, isEmptyValue } from './raptor-columns.ts';

export type StreamKind = 'person' | 'interaction' | 'catalog';

export interface Dataflow {
  readonly kind: StreamKind;
  readonly draft: boolean;
  readonly writeMode: 'append' | 'overwrite';
  readonly ignoreMissingColumns: boolean;
  /** Absent: the stream takes any column. */
  readonly columns?: readonly Column[];
  /** A person or product is known by the first of these that has a value. Empty: by the record's first column. */
  readonly key: readonly string[];
}

export type Row = { [column: string]: unknown };

interface Kept {
  /** Without a prototype, so that a column may have any name. */
  row: Row;
  /** How often a record for it was kept. */
  times: number;
}

export interface Insight {
  readonly title: string;
  readonly status: 'New';
  readonly first: string;
  last: string;
  count: number;
}

export interface FailedSample {
  readonly at: string;
  readonly reason: string;
  readonly record: unknown;
}

const mostSamples = 1000;

export interface StreamStore {
  readonly dataflow: Dataflow;
  /** Takes a request's records; they are looked at when `validate` comes to them. */
  acknowledge(records: readonly unknown[], dueAt: number): void;
  /** Looks at what is due by `now`. */
  validate(now: number): void;
  /** Removes every row in which one of these columns holds this id. */
  forget(columns: ReadonlySet<string>, id: string): void;
  rows(): Row[];
  digest(): string;
  /** Rows kept more than once: by key, or for interactions by content. */
  duplicates(): { readonly key: string; readonly times: number }[];
  readonly failed: readonly FailedSample[];
  readonly insights: readonly Insight[];
  counts(): { acknowledged: number; stored: number; failed: number; pending: number };
}

export function createStreamStore(dataflow: Dataflow): StreamStore {
  const kept = new Map<string, Kept>();
  let interactions: Row[] = [];
  let pending: { records: readonly unknown[]; dueAt: number }[] = [];
  const samples: FailedSample[] = [];
  const insights = new Map<string, Insight>();
  let acknowledged = 0;
  let failures = 0;

  const fail = (title: string, reason: string, record: unknown, at: string) => {
    failures++;
    if (samples.length < mostSamples) samples.push({ at, reason, record });
    const insight = insights.get(title);
    if (insight === undefined) {
      insights.set(title, { title, status: 'New', first: at, last: at, count: 1 });
    } else {
      insight.last = at;
      insight.count++;
    }
  };

  const keep = (record: Row, at: string) => {
    if (dataflow.kind === 'interaction') {
      interactions.push(merged(undefined, record, dataflow));
      return;
    }
    const key = keyOf(record, dataflow);
    if (key === undefined) return fail('No identifier', 'no identifier has a value', record, at);
    const before = kept.get(key);
    kept.set(key, { row: merged(before?.row, record, dataflow), times: (before?.times ?? 0) + 1 });
  };

  const validateRequest = (records: readonly unknown[], dueAt: number) => {
    const at = new Date(dueAt).toISOString();
    // An overwrite dataflow holds what its last request held, and nothing else (contract §5, trap 6).
    if (dataflow.writeMode === 'overwrite' && dataflow.kind !== 'interaction' && records.length > 0) kept.clear();
    for (const record of records) {
      const complaint = complaintAbout(record, dataflow);
      if (complaint !== undefined) fail(complaint.title, complaint.reason, record, at);
      else keep(record as Row, at);
    }
  };

  const rows = () => (dataflow.kind === 'interaction' ? interactions : [...kept.values()].map(({ row }) => row));

  return {
    dataflow,
    failed: samples,
    get insights() {
      return [...insights.values()];
    },
    acknowledge(records, dueAt) {
      acknowledged += records.length;
      pending.push({ records, dueAt });
    },
    validate(now) {
      let done = 0;
      while (done < pending.length) {
        const next = pending[done];
        if (next === undefined || next.dueAt > now) break;
        validateRequest(next.records, next.dueAt);
        done++;
      }
      if (done > 0) pending = pending.slice(done);
    },
    forget(columns, id) {
      const isAbout = (row: Row) => [...columns].some((name) => Object.hasOwn(row, name) && String(row[name]) === id);
      for (const [key, { row }] of kept) if (isAbout(row)) kept.delete(key);
      interactions = interactions.filter((row) => !isAbout(row));
    },
    rows,
    digest: () => digestOf(rows()),
    duplicates() {
      const times = new Map<string, number>();
      if (dataflow.kind === 'interaction') {
        for (const row of interactions) {
          const text = canonicalJson(row);
          times.set(text, (times.get(text) ?? 0) + 1);
        }
      } else {
        for (const [key, one] of kept) times.set(key, one.times);
      }
      return [...times].filter(([, count]) => count > 1).map(([key, count]) => ({ key, times: count }));
    },
    counts: () => ({
      acknowledged,
      stored: dataflow.kind === 'interaction' ? interactions.length : kept.size,
      failed: failures,
      pending: pending.reduce((sum, { records }) => sum + records.length, 0),
    }),
  };
}

interface Complaint {
  /** The same for all faults of one kind, so that insights can count them. */
  readonly title: string;
  readonly reason: string;
}

function complaintAbout(record: unknown, { columns, ignoreMissingColumns }: Dataflow): Complaint | undefined {
  const isObject = typeof record === 'object' && record !== null && !Array.isArray(record);
  if (!isObject || Object.values(record).every(isEmptyValue)) return { title: 'Empty entry', reason: 'empty entry' };
  const row = record as Row;
  for (const column of columns ?? openColumns(row)) {
    const { name, required, type } = column;
    if (!Object.hasOwn(row, name)) {
      if (ignoreMissingColumns && !required) continue;
      return { title: `Missing column ${name}`, reason: `column ${name} is missing` };
    }
    const value = row[name];
    if (required && isEmptyValue(value)) return { title: `Missing value in ${name}`, reason: `${name} is required` };
    if (value !== null && !fits(value, column)) {
      return { title: `Wrong type in ${name}`, reason: `${name} does not hold a value of type ${type}` };
    }
  }
  return undefined;
}

const openColumns = (row: Row): Column[] =>
  Object.keys(row).map((name) => ({ name, type: 'any', required: false, identifier: false }));

function keyOf(record: Row, { key }: Dataflow): string | undefined {
  for (const name of key.length > 0 ? key : Object.keys(record).slice(0, 1)) {
    if (Object.hasOwn(record, name) && !isEmptyValue(record[name])) return `${name}=${String(record[name])}`;
  }
  return undefined;
}

/** What stands there stays, null takes its property away, and columns that the dataflow does not know fall under the table. */
function merged(before: Row | undefined, record: Row, { columns, writeMode }: Dataflow): Row {
  const row: Row = Object.assign(Object.create(null), writeMode === 'overwrite' ? undefined : before);
  for (const name of columns?.map((column) => column.name) ?? Object.keys(record)) {
    if (!Object.hasOwn(record, name)) continue;
    if (record[name] === null) delete row[name];
    else row[name] = record[name];
  }
  return row;
}
