/**
 * Ids that a platform keeps one item of and drops or replaces the others without a word, such as the `messageId` that a mapping
 * gives an event. Read from the very items that would go out, by `validate` alone.
 */
import { keyHash } from '../mapping/key-hash.ts';
import { isJsonObject, type Json, parseKeepingDigits } from '../model/json.ts';
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

/** @param once by entry of the mapping. Undefined when there is nothing to look for. */
export function createRepeatedIds(
  once: readonly (Once | undefined)[],
  lineOf: (fed: FedBlock, row: number) => number,
): RepeatedIds | undefined {
  // Entries whose ids are of one kind share them: a messageId counts once, whatever the call.
  const kinds = new Map<string, Watched>();
  const byEntry = once.map((one) => {
    if (one === undefined) return undefined;
    const known = kinds.get(one.name);
    const watched = known ?? { once: one, keys: new KeySet(), isWhole: true, compared: 0, repeated: 0, first: '' };
    kinds.set(one.name, watched);
    return { watched, paths: one.paths };
  });
  if (kinds.size === 0) return undefined;

  return {
    took(fed, file) {
      const { entries, starts, ends, bytes, firstRow } = fed.mapped;
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let item = 0; item < entries.length; item++) {
        const found = byEntry[entries[item] ?? 0];
        if (found === undefined || !found.watched.isWhole) continue;
        const json = parseKeepingDigits(text.toString('utf8', starts[item], ends[item]));
        // A platform reads 7 and "7" as it likes: to be told of too much is better than of too little.
        const id = found.paths.map((path) => textOf(valueAt(json, path))).join('\n');
        const { watched } = found;
        const outcome = watched.keys.add(keyHash(id));
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

function valueAt(value: Json, path: readonly string[]): Json | undefined {
  let found: Json | undefined = value;
  for (const step of path) found = isJsonObject(found) && Object.hasOwn(found, step) ? found[step] : undefined;
  return found;
}

const textOf = (value: Json | undefined): string =>
  value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
