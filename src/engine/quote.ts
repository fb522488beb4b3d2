/** The original row behind an item, for the rejects and the uncertain file: read again from the block that it came in. */
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
    const description = descriptions[mapped.block.file];
    if (description === undefined) throw new RangeError(`no file ${mapped.block.file} in this run`);
    let rows = parsed.get(mapped);
    if (rows === undefined) {
      const block: Block = { ...mapped.block, bytes: mapped.source };
      rows = parserFor(description)(block);
      parsed.set(mapped, rows);
    }
    return { record: mapped.block.startRecord + row, ...rows.position(row), source: rows.source(row) };
  };
}
