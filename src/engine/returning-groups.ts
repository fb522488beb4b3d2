/**
 * Groups are rows that stand together. A key that comes back later in the file gives a second item, which is seldom meant: the file is not sorted by
 * it. Worth a warning, and counted; the memory of keys that have been is bounded.
 */

import { quote } from '../mapping/complaint.ts';
import type { MappingGroup } from '../mapping/mapping.ts';
import { sourceReader, sourceText } from '../mapping/row-shape.ts';
import type { SensitiveColumns } from '../mapping/sensitive-columns.ts';
import type { MappedBlock } from '../model/block.ts';
import { shorten } from '../model/fault.ts';
import { isJsonObject, parseKeepingDigits } from '../model/json.ts';
import { KeySet } from './key-set.ts';
import type { Quoter } from './quote.ts';

export interface Returning {
  /** The block with a warning added where groups of it have been before in the same load. */
  took(mapped: MappedBlock, load: number): MappedBlock;
}

/** 8 MB, and twice that while both generations are full: at least some 690,000 of the last groups. */
const defaultMostSlots = 1 << 20;

export function createReturning(
  { by }: MappingGroup,
  quoteRow: Quoter,
  sensitive: SensitiveColumns,
  options: { readonly mostSlots?: number } = {},
): Returning {
  const mostSlots = options.mostSlots ?? defaultMostSlots;
  let recent = new KeySet(mostSlots);
  let older: KeySet | undefined;
  let load: number | undefined;

  /** Remembers the key; whether it was known. */
  const returns = (hash: number): boolean => {
    const found = recent.add(hash);
    const isKnown = found === 'known' || (older?.has(hash) ?? false);
    if (found === 'full') {
      [older, recent] = [recent, older ?? new KeySet(mostSlots)];
      recent.clear();
      recent.add(hash);
    }
    return isKnown;
  };

  return {
    took(mapped, of) {
      const { groups } = mapped;
      if (groups === undefined) return mapped;
      if (load !== of) {
        recent.clear();
        older = undefined;
      }
      load = of;
      let count = 0;
      let first = -1;
      for (const [index, hash] of groups.hashes.entries()) {
        if (!returns(hash)) continue;
        count += 1;
        if (first === -1) first = groups.firstRow[index] ?? 0;
      }
      if (count === 0) return mapped;
      const { line, source } = quoteRow(mapped, first);
      const name = by.some((column) => sensitive.has(column)) ? '' : ` ${quote(shorten(keyIn(source.text, by)))}`;
      const text = `the group ${by.join(' and ')}${name} came again at line ${line}, not beside its other rows: is the file sorted by it?`;
      return { ...mapped, warnings: [...mapped.warnings, { code: 'group-returns', text, count, line }] };
    },
  };
}

function keyIn(json: string, by: readonly string[]): string {
  const row = parseKeepingDigits(json);
  if (!isJsonObject(row)) return '';
  const texts = by.map((column) => {
    const read = sourceReader({ kind: 'ndjson' }, column);
    return typeof read === 'string' ? '' : (sourceText(read(row)) ?? '');
  });
  return texts.join(' ').trim();
}
