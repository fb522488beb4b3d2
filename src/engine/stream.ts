/**
 * The data's path, once everything is decided: blocks are read, mapped (in order, however many threads), their rejects
 * written, their items planned into chunks, and the chunks handed to the sender. Back-pressure goes the other way:
 * `submit` waits, so reading waits.
 */
import type { LiveBlock } from '../delivery/chunk.ts';
import type { Planner } from '../delivery/plan.ts';
import type { Sender } from '../delivery/sender.ts';
import { openSource, type SourceOptions } from '../input/source.ts';
import type { Block, MappedBlock, RecordRange } from '../model/block.ts';
import type { Operation } from '../targets/target.ts';
import type { FileTask } from './block-mapping.ts';
import type { Book } from './book.ts';
import type { Mapper } from './mapper.ts';
import type { SurveyedFile } from './survey.ts';

/** One file that has rows left to load. */
export interface StreamedFile {
  readonly file: SurveyedFile;
  readonly task: FileTask;
  readonly load: number;
  readonly from?: { readonly record: number; readonly byte: number; readonly line: number } | undefined;
}

export interface StreamOptions {
  readonly source: SourceOptions;
  readonly operations: readonly Operation[];
  readonly mapper: Mapper;
  readonly planner: Planner;
  readonly sender: Sender;
  readonly book: Book;
  readonly writeRejects: (file: SurveyedFile, mapped: MappedBlock) => Promise<void>;
  /** A block has been read and mapped; `records` counts to its end. */
  readonly onBlock: (streamed: StreamedFile, mapped: MappedBlock, records: number) => void;
}

/** @returns whether every file was read to its end */
export async function streamFiles(files: readonly StreamedFile[], options: StreamOptions): Promise<boolean> {
  const { mapper, planner, sender } = options;
  const underWay: { streamed: StreamedFile; mapped: Promise<MappedBlock> }[] = [];
  let wholly = true;

  const settleFirst = async () => {
    const next = underWay.shift();
    if (next === undefined) return;
    await takeIn(next.streamed, await next.mapped, options);
  };

  for (const streamed of files) {
    if (sender.stopped !== undefined) return false;
    const source = await openSource(streamed.file.path, streamed.file.index, options.source);
    try {
      let lastRecord = 0;
      for await (const block of source.blocks(streamed.from)) {
        if (sender.stopped !== undefined) return false;
        if (isBeyond(block, streamed.task.upTo)) {
          wholly = false;
          break;
        }
        lastRecord = block.startRecord + block.records - 1;
        const mapped = mapper.map(streamed.task, block);
        // It is awaited in its turn; until then a failure must not count as unhandled.
        mapped.catch(() => {});
        underWay.push({ streamed, mapped });
        while (underWay.length >= mapper.width) await settleFirst();
      }
      if (streamed.task.upTo !== undefined && lastRecord > streamed.task.upTo) wholly = false;
    } finally {
      await source.close();
    }
  }
  while (underWay.length > 0) await settleFirst();
  for (const chunk of planner.flush()) await sender.submit(chunk);
  return wholly && sender.stopped === undefined;
}

const isBeyond = (block: Block, upTo: number | undefined) => upTo !== undefined && block.startRecord > upTo;

async function takeIn(streamed: StreamedFile, mapped: MappedBlock, options: StreamOptions): Promise<void> {
  const { load } = streamed;
  const { book, operations, planner, sender } = options;
  if (sender.stopped !== undefined) return;
  const { startRecord, startByte, startLine, records, last } = mapped.block;

  book.checkpoint(load, { record: startRecord, byte: startByte, line: startLine });
  const events = mapped.skipped
    .map((ranges, entry) => ({ load, entry, to: 'skipped' as const, ranges }))
    .filter(({ ranges }) => ranges.length > 0);
  if (mapped.rejected.length > 0) {
    await options.writeRejects(streamed.file, mapped);
    const ranges = mapped.rejected.map(({ record }): RecordRange => [record, record]);
    for (const entry of operations.keys()) await book.record([{ load, entry, to: 'rejected', ranges }]);
  }
  if (events.length > 0) await book.record(events);
  const end = startRecord + records - 1;
  const upTo = streamed.task.upTo ?? Number.POSITIVE_INFINITY;
  if (last && end <= upTo) book.finishReading(load, end);
  options.onBlock(streamed, mapped, Math.min(end, upTo));

  const live: LiveBlock = { mapped, load, operations };
  for (const chunk of planner.add(live)) await sender.submit(chunk);
}
