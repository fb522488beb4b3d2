/** From a block to rows: synchronous, without state between blocks, so that any thread can do it for any block. */
import type { Block } from '../model/block.ts';
import { csvParser } from './csv-rows.ts';
import { decoderFor } from './decode.ts';
import type { SourceDescription } from './description.ts';
import { ndjsonParser } from './ndjson-rows.ts';
import type { ParsedBlock } from './rows.ts';

export { inBlock, type ParsedBlock, type ParsedRow, type PlainRow, RowFault } from './rows.ts';
export { withoutTuple } from './tuple.ts';

/**
 * Rows that cannot be read come as {@link RowFault} in their place; nothing is left out and nothing throws.
 * @param wanted columns (keys of NDJSON) that will be asked for, if not all are: a row of CSV may hold '' under any other
 */
export function parserFor(description: SourceDescription, wanted?: ReadonlySet<string>): (block: Block) => ParsedBlock {
  const decoder = decoderFor(description.coding, description.encoding);
  return description.format === 'csv'
    ? csvParser(description, decoder, wanted)
    : ndjsonParser(description, decoder, wanted);
}
