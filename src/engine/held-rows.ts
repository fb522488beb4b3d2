/** The rows behind records that are held as uncertain: found near where they stand, since they may be at the end of a large file. */
import type { Border } from '../input/blocks.ts';
import { borderHolds } from '../input/fingerprint.ts';
import { parserFor } from '../input/parse.ts';
import { openSource, type SourceOptions } from '../input/source.ts';
import type { RangeSet } from '../journal/ranges.ts';
import type { RejectedRow } from '../journal/rejects.ts';
import type { Block } from '../model/block.ts';
import type { Fault } from '../model/fault.ts';
import type { SurveyedFile } from './survey.ts';

/** Of a row that was sent by a run that died before the answer. */
export const inFlightFault: Fault = {
  stage: 'send',
  code: 'no-connection',
  reason: 'in flight when a run ended; it is not known whether the platform took it',
};

/** @param borderBefore the last known start of a block at or before a record; undefined: the first row */
export async function rowsOfRecords(
  file: SurveyedFile,
  records: RangeSet,
  options: SourceOptions,
  borderBefore: (record: number) => Border | undefined,
): Promise<RejectedRow[]> {
  const rows: RejectedRow[] = [];
  const parse = parserFor(file.description);
  const reading = await openSource(file.path, file.index, options);

  const take = (block: Block) => {
    const wanted = records.within(block.startRecord, endOf(block));
    if (wanted.isEmpty) return;
    const parsed = parse(block);
    for (const [from, to] of wanted) {
      for (let record = from; record <= to; record++) {
        const index = record - block.startRecord;
        const place = { file: file.name, record, ...parsed.position(index) };
        rows.push({ ...place, source: parsed.source(index), faults: [inFlightFault] });
      }
    }
  };

  const borderOf = async (record: number) => {
    const known = borderBefore(record);
    return known !== undefined && (await borderHolds(file.description, known, file.path)) ? known : undefined;
  };

  try {
    let next = records.first;
    let from = next === undefined ? undefined : await borderOf(next);
    while (next !== undefined) {
      let isAhead = false;
      for await (const block of reading.blocks(from)) {
        take(block);
        next = firstAfter(records, endOf(block));
        if (next === undefined) break;
        // What is far ahead is gone to, not read up to.
        from = await borderOf(next);
        isAhead = from !== undefined && from.record > endOf(block) + 1;
        if (isAhead) break;
      }
      // The input ends before it.
      if (!isAhead) break;
    }
  } finally {
    await reading.close();
  }
  return rows;
}

const endOf = ({ startRecord, records }: Block): number => startRecord + records - 1;

const firstAfter = (records: RangeSet, record: number): number | undefined => records.nextFrom(record + 1);
