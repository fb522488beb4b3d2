/**
 * Ids that a platform keeps one item of and drops or replaces the others without a word, such as the `messageId` that a mapping
 * gives an event. Looked for by `validate` alone.
 */
import { count, plural } from '../report/printable.ts';
import type { Summary } from '../report/summary.ts';
import type { TargetCode } from '../targets/codes.ts';
import type { Operation } from '../targets/target.ts';
import type { FedBlock } from './feed.ts';
import { KeySet } from './repeated-keys.ts';

type Once = NonNullable<Operation['once']>;

export interface RepeatedIds {
  took(fed: FedBlock, file: string): void;
  readonly warnings: Summary['warnings'];
}

interface Watched {
  readonly once: Once;
  readonly keys: KeySet;
  isWhole: boolean;
  compared: number;
  repeated: number;
  first: string;
}

/** @param once by entry of the mapping; undefined where no id is kept one item of */
export function createRepeatedIds(
  once: readonly (Once | undefined)[],
  lineOf: (fed: FedBlock, row: number) => number,
): RepeatedIds {
  // Entries whose ids are of one kind share them: a messageId counts once, whatever the call.
  const kinds = new Map<string, Watched>();
  const byEntry = once.map((one) => {
    if (one === undefined) return undefined;
    const known = kinds.get(one.name);
    const watched = known ?? { once: one, keys: new KeySet(), isWhole: true, compared: 0, repeated: 0, first: '' };
    kinds.set(one.name, watched);
    return watched;
  });

  return {
    took(fed, file) {
      const { ids, entries, firstRow } = fed.mapped;
      if (ids === undefined) return;
      for (let item = 0; item < ids.length; item++) {
        const hash = ids[item] ?? 0;
        const watched = byEntry[entries[item] ?? 0];
        if (hash === 0 || watched === undefined || !watched.isWhole) continue;
        const outcome = watched.keys.add(hash);
        if (outcome === 'full') {
          watched.isWhole = false;
          continue;
        }
        watched.compared += 1;
        if (outcome === 'new') continue;
        watched.repeated += 1;
        if (watched.first === '') watched.first = `${file}:${lineOf(fed, firstRow[item] ?? 0)}`;
      }
    },
    get warnings() {
      return [...kinds.values()].flatMap((watched) => (watched.repeated === 0 ? [] : [warningOf(watched)]));
    },
  };
}

function warningOf({ once, repeated, first, compared, isWhole }: Watched): Summary['warnings'][number] {
  const says = `${plural(repeated, 'item has', 'items have')} a ${once.name} that came before: ${once.says}`;
  const text = isWhole ? says : `${says}; only the first ${count(compared)} could be compared`;
  return { code: 'id-repeated' satisfies TargetCode, text, count: repeated, first };
}
