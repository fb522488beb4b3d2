/**
 * Ids that a platform keeps one item of and drops or replaces the others without a word, such as the `messageId` that a mapping
 * gives an event. Looked for by `validate` alone.
 */
import { whyNoMore } from '../report/estimate-text.ts';
import { count, plural } from '../report/printable.ts';
import type { Summary } from '../report/summary.ts';
import type { TargetCode } from '../targets/codes.ts';
import type { Operation } from '../targets/target.ts';
import type { EngineCode } from './codes.ts';
import type { FedBlock } from './feed.ts';
import { type Repeated, Repetitions, type RepetitionsOptions } from './repetitions.ts';

type Once = NonNullable<Operation['once']>;
type Warning = Summary['warnings'][number];

export interface RepeatedIds {
  /** @param lineOf of a row that counts from the block's first */
  took(fed: FedBlock, file: string, lineOf: (row: number) => number): void;
  /** Looks at what did not fit into memory, and tells what was found in all. */
  finish(interrupt?: AbortSignal): Promise<Warning[]>;
}

/** @param once by entry of the mapping; undefined where no id is kept one item of */
export function createRepeatedIds(
  once: readonly (Once | undefined)[],
  options: Omit<RepetitionsOptions, 'within'>,
): RepeatedIds {
  // Entries whose ids are of one kind share them: a messageId counts once, whatever the call.
  const kinds = new Map<string, { readonly once: Once; readonly seen: Repetitions }>();
  const byEntry = once.map((one) => {
    if (one === undefined) return undefined;
    const kind = kinds.get(one.name) ?? { once: one, seen: new Repetitions({ ...options, within: 'input' }) };
    kinds.set(one.name, kind);
    return kind.seen;
  });
  let lastFile: string | undefined;

  return {
    took({ mapped: { ids, entries, firstRow } }, file, lineOf) {
      if (ids === undefined) return;
      if (file !== lastFile) for (const { seen } of kinds.values()) seen.enter(file);
      lastFile = file;
      for (let item = 0; item < ids.length; item++) {
        const hash = ids[item] ?? 0;
        if (hash !== 0) byEntry[entries[item] ?? 0]?.add(hash, firstRow[item] ?? 0, lineOf);
      }
    },
    async finish(interrupt) {
      const warnings: Warning[] = [];
      for (const kind of kinds.values()) warnings.push(...warningsOf(kind.once, await kind.seen.finish(interrupt)));
      return warnings;
    },
  };
}

function* warningsOf({ name, says }: Once, { count: repeated, first, compared, missed }: Repeated): Iterable<Warning> {
  if (first !== undefined) {
    const text = `${plural(repeated, 'item has', 'items have')} a ${name} that came before: ${says}`;
    yield { code: 'id-repeated' satisfies TargetCode, text, count: repeated, first };
  }
  if (missed !== undefined) {
    const text = `only ${count(compared)} of ${plural(compared + missed.count, 'item')} could be compared by their ${name}, ${whyNoMore(missed.why)}`;
    yield { code: 'ids-uncompared' satisfies EngineCode, text, count: missed.count, first: missed.first };
  }
}
