/** Rows from files: blocks are read, mapped in order (however many threads), and handed over. */
import { openSource, type SourceOptions } from '../input/source.ts';
import { sensitiveColumns } from '../mapping/sensitive-columns.ts';
import type { Block, MappedBlock } from '../model/block.ts';
import type { RowCounts } from '../report/summary.ts';
import { type BlockMapping, type FileTask, groupedBlocks } from './block-mapping.ts';
import type { Book } from './book.ts';
import type { Feed } from './feed.ts';
import { createMapper, type Mapper } from './mapper.ts';
import { createQuoter } from './quote.ts';
import { createReturning } from './returning-groups.ts';
import { guardAgainstChange, type SurveyedFile, verifyUnchanged } from './survey.ts';
import { mappersFor } from './thread-plan.ts';

/** One file that has rows left to load. */
export interface StreamedFile {
  readonly file: SurveyedFile;
  readonly task: FileTask;
  readonly load: number;
  /** Border to start from; undefined: the first row. */
  readonly from?: { readonly record: number; readonly byte: number; readonly line: number } | undefined;
}

export interface FileFeedOptions {
  /** Every file of the run by its index, also those with nothing left to load. */
  readonly surveyed: readonly SurveyedFile[];
  readonly streamed: readonly StreamedFile[];
  readonly source: SourceOptions;
  readonly mapping: BlockMapping;
  readonly book: Book;
  /** Threads that map; as many as the input is worth, if it is not said. */
  readonly mappers?: number | undefined;
  /** Told when `--limit` falls inside a group: the file's rows up to this record are loaded. */
  readonly onCut?: (file: string, lastRecord: number) => void;
}

export const bytesToRead = (streamed: readonly StreamedFile[]): number =>
  streamed.reduce((total, { file, from }) => total + file.bytes - (from?.byte ?? 0), 0);

export function createFileFeed(options: FileFeedOptions): Feed {
  const { surveyed, streamed, book } = options;
  const bytesTotal = bytesToRead(streamed);
  const rowsBefore = streamed.reduce((total, { from }) => total + (from?.record ?? 1) - 1, 0);
  const mapper = createMapper(options.mapping, options.mappers ?? mappersFor(bytesTotal));
  const read = new Map<number, number>(streamed.map(({ load, from }) => [load, (from?.record ?? 1) - 1]));
  const quote = createQuoter(surveyed.map(({ description }) => description));
  const { group } = options.mapping.mapping;
  const returning =
    group === undefined ? undefined : createReturning(group, quote, sensitiveColumns(options.mapping.mapping));
  const nameOf = (mapped: MappedBlock) => surveyed[mapped.block.file]?.name ?? '';

  return {
    names: surveyed.map(({ name }) => name),
    bytesTotal,
    rowsBefore,
    quote,
    nameOf,
    async run(take, isStopped) {
      const queue = createQueue(mapper, async (one, mapped) => {
        const { startRecord, startByte, startLine, records, last, edges } = mapped.block;
        const upTo = one.task.upTo ?? Number.POSITIVE_INFINITY;
        const end = startRecord + records - 1;
        const before = read.get(one.load) ?? 0;
        read.set(one.load, Math.min(end, upTo));
        // A resume starts where a group does.
        if (edges === undefined || edges.before === 'border')
          book.checkpoint(one.load, { record: startRecord, byte: startByte, line: startLine });
        if (last && end <= upTo) {
          await verifyUnchanged(one.file);
          book.finishReading(one.load, end);
        }
        const header = one.from === undefined && startRecord === 1 ? startByte : 0;
        await take({
          mapped: returning?.took(mapped, one.load) ?? mapped,
          load: one.load,
          rows: Math.min(end, upTo) - before,
          bytes: header + mapped.source.length,
        });
      });
      let wholly = true;
      for (const one of streamed) wholly = (await readFile(one, options, queue, isStopped)) && wholly;
      await queue.finish();
      return wholly && !isStopped();
    },
    counts() {
      const counts = { read: 0, accepted: 0, rejected: 0, skipped: 0, uncertain: 0, remaining: 0 };
      for (const [load, records] of read) addRows(counts, book, load, records);
      return counts;
    },
    close: () => mapper.close(),
  };
}

/** @returns whether the file was read to its end */
async function readFile(
  one: StreamedFile,
  { source, mapping, onCut }: FileFeedOptions,
  queue: Queue,
  isStopped: () => boolean,
): Promise<boolean> {
  if (isStopped()) return false;
  const reading = await openSource(one.file.path, one.file.index, source);
  const upTo = one.task.upTo ?? Number.POSITIVE_INFINITY;
  const guard = guardAgainstChange(one.file);
  try {
    let atEnd = false;
    const { name, description } = one.file;
    const limit = { upTo: one.task.upTo, onCut: (record: number) => onCut?.(name, record) };
    for await (const block of groupedBlocks(reading.blocks(one.from), mapping.mapping, description, limit)) {
      if (isStopped() || block.startRecord > upTo) return false;
      await guard();
      await queue.add(one, block);
      if (block.startRecord + block.records - 1 > upTo) return false;
      atEnd = block.last;
    }
    return atEnd;
  } finally {
    await reading.close();
  }
}

interface Queue {
  /** Waits while as many blocks are under way as the mapper can use. */
  add(one: StreamedFile, block: Block): Promise<void>;
  finish(): Promise<void>;
}

/** Blocks are mapped side by side and taken in the order in which they were read. */
function createQueue(mapper: Mapper, take: (one: StreamedFile, mapped: MappedBlock) => Promise<void>): Queue {
  const underWay: { one: StreamedFile; mapped: Promise<MappedBlock> }[] = [];
  const takeFirst = async () => {
    const next = underWay.shift();
    if (next !== undefined) await take(next.one, await next.mapped);
  };
  return {
    async add(one, block) {
      const mapped = mapper.map(one.task, block);
      // It is awaited in its turn; until then a failure must not count as unhandled.
      mapped.catch(() => {});
      underWay.push({ one, mapped });
      while (underWay.length >= mapper.width) await takeFirst();
    },
    async finish() {
      while (underWay.length > 0) await takeFirst();
    },
  };
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

function addRows(counts: Mutable<RowCounts>, book: Book, load: number, records: number): void {
  const rows = book.counts(load, records);
  counts.read += records;
  counts.accepted += rows.accepted;
  counts.rejected += rows.rejected;
  counts.skipped += rows.skipped;
  // A run that counts has nothing in flight any more: what is still called so was never answered for.
  counts.uncertain += rows.uncertain + rows.sending;
  counts.remaining += rows.open;
}
