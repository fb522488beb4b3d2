/** A described source and a block of it, made by hand. */
import type { SourceDescription } from '../../src/input/description.ts';
import type { Block } from '../../src/model/block.ts';

export const description = (header: readonly string[]): SourceDescription => ({
  index: 0,
  path: 'rows.csv',
  format: 'csv',
  encoding: 'utf-8',
  coding: 'utf-8',
  transcoded: false,
  csv: { delimiter: ',', delimiterDetected: false, header },
  dataStart: { byte: 0, line: 2 },
  maxRowBytes: 16 * 1024 * 1024,
  size: undefined,
});

/** All rows of `text` in one block. Rows must not hold line breaks outside quotes other than their own. */
export function wholeBlock(text: string, startRecord = 1): Block {
  const outside = text.replaceAll(/"(?:[^"]|"")*"/g, '');
  const records = outside.split('\n').length - 1;
  return {
    file: 0,
    sequence: 0,
    startByte: 0,
    startLine: 2,
    startRecord,
    records,
    // Of its own, not a piece of Buffer's pool: only that can be transferred.
    bytes: new TextEncoder().encode(text),
    last: true,
  };
}
