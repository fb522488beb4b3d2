/**
 * Opens an input: finds out what it is, refuses what cannot be loaded before anything is sent, and gives its rows as blocks. Reading is pulled
 * by whoever iterates, so a slow target slows the reading down.
 */
import type { Readable } from 'node:stream';
import type { Block } from '../model/block.ts';
import { type Border, cutBlocks } from './blocks.ts';
import { type ByteReader, fileReader, skip, streamReader } from './bytes.ts';
import { inputError } from './codes.ts';
import { rulesOf, type SourceDescription } from './description.ts';
import { examine, noRows, type SourceOptions } from './examine.ts';
import { openFile } from './open-file.ts';

export type { Border } from './blocks.ts';
export type { SourceDescription } from './description.ts';
export type { SourceOptions } from './examine.ts';

export interface Source {
  readonly description: SourceDescription;
  /**
   * The rows from `from` on (default: all). Each block's start (`startByte`, `startLine`, `startRecord`) is a border to start from again. A file can be read
   * several times; a stream once, and `from` then reads and drops what comes before. `sequence` counts from 0 in each call.
   */
  blocks(from?: Border, signal?: AbortSignal): AsyncGenerator<Block>;
  close(): Promise<void>;
}

/** Large enough for threads to be worth it, small enough that the dozen under way do not count. Lines of JSON repeat their keys, so they are longer. */
const defaultBlockBytes = { csv: 256 * 1024, ndjson: 512 * 1024 } as const;

/** Opens a file by path, or standard input for `-`. Throws UserError, exit 2, for whatever can be known to be wrong from the start. */
export async function openSource(path: string, index: number, options: SourceOptions = {}): Promise<Source> {
  if (path === '-') return openStream(process.stdin, index, options);
  const handle = await openFile(path);
  try {
    const stat = await handle.stat();
    if (stat.isDirectory())
      throw inputError('input-unreadable', `${path}: is a directory`, { hint: 'Name the files in it.' });
    // A pipe (process substitution, a FIFO) has no size and no offsets.
    if (!stat.isFile()) return await openStream(handle.createReadStream(), index, options, path);
    const { size } = stat;
    const found = await examine(fileReader(handle, path, 0, size), path, index, size, options);
    const { description, reopen } = found;
    return {
      description,
      blocks(from, signal) {
        const border = from ?? start(description);
        const rawStart = description.transcoded ? 0 : border.byte;
        const raw = fileReader(handle, path, rawStart, size);
        return read(reopen(raw), description, options, border, description.transcoded ? border.byte : 0, signal);
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close().catch(() => {});
    throw error;
  }
}

/** Opens what cannot be sought in. `path` is what reports call it. */
export async function openStream(
  stream: Readable,
  index: number,
  options: SourceOptions = {},
  path = '-',
): Promise<Source> {
  try {
    const { description, rest } = await examine(streamReader(stream, path), path, index, undefined, options);
    let used = false;
    return {
      description,
      blocks(from, signal) {
        if (used) throw new Error('A stream can be read only once');
        used = true;
        const border = from ?? start(description);
        signal?.addEventListener('abort', () => stream.destroy(), { once: true });
        return read(rest, description, options, border, border.byte, signal);
      },
      async close() {
        stream.destroy();
      },
    };
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

const start = ({ dataStart }: SourceDescription): Border => ({ ...dataStart, record: 1 });

async function* read(
  reader: ByteReader,
  description: SourceDescription,
  options: SourceOptions,
  from: Border,
  skipped: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Block> {
  await skip(reader, skipped);
  let any = false;
  const cutting = {
    file: description.index,
    rules: rulesOf(description),
    coding: description.coding,
    blockBytes: Math.max(1, options.blockBytes ?? defaultBlockBytes[description.format]),
    from,
    signal,
  };
  try {
    for await (const block of cutBlocks(reader, cutting)) {
      any = true;
      yield block;
    }
  } catch (error) {
    // A stream that was torn down by the signal complains of just that.
    signal?.throwIfAborted();
    throw error;
  }
  if (!any && from.record === 1) throw noRows(description.path, description.format);
}
