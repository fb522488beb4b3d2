/** The original row behind an item, for the rejects and the uncertain file, and its line: read again from the block that it came in. */
import { rulesOf } from '../input/description.ts';
import { unitsOf } from '../input/encodings.ts';
import { type Locations, locate } from '../input/locate.ts';
import { parserFor } from '../input/parse.ts';
import type { SourceDescription } from '../input/source.ts';
import type { Block, MappedBlock, RowRejection } from '../model/block.ts';

type ParsedBlock = ReturnType<ReturnType<typeof parserFor>>;

export type Quoter = (mapped: MappedBlock, row: number) => Pick<RowRejection, 'record' | 'line' | 'byte' | 'source'>;

/** @param descriptions by the block's file index */
export function createQuoter(descriptions: readonly (SourceDescription | undefined)[]): Quoter {
  // A chunk's refused rows come from few blocks; a block is parsed once while it is alive.
  const parsed = new WeakMap<MappedBlock, ParsedBlock>();
  return (mapped, row) => {
    let rows = parsed.get(mapped);
    if (rows === undefined) {
      const block: Block = { ...mapped.block, bytes: mapped.source };
      rows = parserFor(descriptionOf(mapped, descriptions))(block);
      parsed.set(mapped, rows);
    }
    return { record: mapped.block.startRecord + row, ...rows.position(row), source: rows.source(row) };
  };
}

/**
 * @returns the 1-based line of a row, which counts from the block's `startRecord`. Where a row may not be a line, the first
 * call for a block looks for its borders.
 */
export function createLineFinder(
  descriptions: readonly (SourceDescription | undefined)[],
): (mapped: MappedBlock, row: number) => number {
  let found: { readonly mapped: MappedBlock; readonly locations: Locations } | undefined;
  return (mapped, row) => {
    const { startLine, records, linesAreRows } = mapped.block;
    if (linesAreRows) return startLine + row;
    if (found?.mapped !== mapped) {
      const description = descriptionOf(mapped, descriptions);
      const units = unitsOf(mapped.source, description.coding);
      found = { mapped, locations: locate(rulesOf(description), units, records) };
    }
    return startLine + found.locations.at(row).line;
  };
}

function descriptionOf(
  { block }: MappedBlock,
  descriptions: readonly (SourceDescription | undefined)[],
): SourceDescription {
  const description = descriptions[block.file];
  if (description === undefined) throw new RangeError(`no file ${block.file} in this run`);
  return description;
}
