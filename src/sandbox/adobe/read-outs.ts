/** What the platform ended up holding, for tests and the curious. */
import { digestOf } from '../digest.ts';
import type { Dataset } from './dataset.ts';
import type { Stores } from './stores.ts';

export const readOuts: Readonly<Record<string, string>> = {
  datasets: 'the datasets with their class and schema, and how many rows each holds in lake and Profile',
  'lake/DATASET': 'every row that passed the schema, repetitions included (limit=, offset=)',
  'lake/DATASET/digest': 'one number for all of them, whatever their order',
  'lake/DATASET/duplicates': 'ids of events that lie in the lake more than once',
  'profile/DATASET': 'what Profile holds: one fragment a primary identity, one event an _id (limit=, offset=)',
  'profile/DATASET/digest': 'one number for all of them, whatever their order',
  'identities/DATASET': 'identities created by merges',
  failed: 'rows that were accepted and then failed the schema: how many, and samples with their errors',
  dropped: 'rows that were accepted and stored, but which Profile dropped without a word',
  state: 'rows still waiting for validation, tokens given, records deleted',
};

export interface Holdings {
  readonly stores: Stores;
  readonly datasets: ReadonlyMap<string, Dataset>;
  readonly waiting: number;
  readonly tokens: number;
}

export function tell(name: string, query: URLSearchParams, { stores, datasets, waiting, tokens }: Holdings): unknown {
  switch (name) {
    case 'datasets':
      return [...datasets.values()].map(({ id, class: kind, schemaId }) => ({
        id,
        class: kind,
        schemaId,
        lake: stores.lake.get(id)?.length ?? 0,
        profile: stores.profile.get(id)?.size ?? 0,
      }));
    case 'failed':
      return { total: stores.failed.total, samples: stores.failed.samples };
    case 'dropped':
      return { total: stores.dropped.total, samples: stores.dropped.samples };
    case 'state':
      return { waiting, tokens, deleted: stores.deleted };
  }
  const [, store, id = '', about] = /^(lake|profile|identities)\/([^/]+)(?:\/(digest|duplicates))?$/.exec(name) ?? [];
  if (store === undefined || !(datasets.has(id) || stores.identities.has(id))) return undefined;
  if (store === 'identities') return [...(stores.identities.get(id) ?? [])];
  const rows = store === 'lake' ? (stores.lake.get(id) ?? []) : [...(stores.profile.get(id)?.values() ?? [])];
  if (about === 'digest') return { rows: rows.length, digest: digestOf(rows) };
  if (about === 'duplicates') return repeated(rows.map((row) => row['_id']));
  const offset = Number(query.get('offset') ?? 0);
  return rows.slice(offset, offset + Number(query.get('limit') ?? Infinity));
}

function repeated(ids: readonly unknown[]): { readonly _id: unknown; readonly times: number }[] {
  const times = new Map<unknown, number>();
  for (const id of ids) if (id !== undefined) times.set(id, (times.get(id) ?? 0) + 1);
  return [...times].filter(([, count]) => count > 1).map(([_id, count]) => ({ _id, times: count }));
}
