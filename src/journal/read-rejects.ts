/** The files of rejected and uncertain rows, read again: by `retry`, and by whoever has mended a mapping. */
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import * as z from 'zod';
import { type Fault, UserError } from '../model/fault.ts';
import { parseToTheLetter } from '../model/json.ts';
import { readStretch } from '../model/read-stretch.ts';
import { journalError } from './codes.ts';
import type { RejectedRow } from './rejects.ts';

const fault: z.ZodType<Fault> = z.object({
  stage: z.enum(['read', 'map', 'limit', 'send']),
  code: z.string(),
  reason: z.string(),
  column: z.string().exactOptional(),
  field: z.string().exactOptional(),
  value: z.string().exactOptional(),
});

const rejectLine = z.object({
  file: z.string(),
  line: z.int(),
  record: z.int().positive(),
  byte: z.int(),
  faults: z.array(fault).exactOptional(),
  group: z.tuple([z.int().positive(), z.int().positive()]).exactOptional(),
  entry: z.int().exactOptional(),
  source: z.unknown(),
});

/** A line of such a file: which row it is about, and where it stands. What the row says is left there. */
export interface RowLine extends Pick<RejectedRow, 'file' | 'record' | 'group'> {
  /** Of the row's source. */
  readonly kind: RejectedRow['source']['kind'];
  /** In bytes, without the line break. */
  readonly start: number;
  readonly length: number;
}

/** Gives the rows of a rejects or uncertain file again, digits and all. Throws `rejects-unreadable`, naming the line. */
export async function* readRejects(path: string): AsyncGenerator<RejectedRow> {
  for await (const { row } of rowsIn(path)) yield row;
}

/** The same without what stands in the rows. Throws as {@link readRejects} does. */
export async function* rowLines(path: string): AsyncGenerator<RowLine> {
  for await (const { row, start, length } of rowsIn(path)) {
    const { file, record, group, source } = row;
    yield { file, record, kind: source.kind, start, length, ...(group === undefined ? {} : { group }) };
  }
}

/** The rows of some lines, in their order. Throws `rejects-unreadable` where another row or none stands there by now. */
export async function rowsAt(path: string, lines: readonly RowPlace[]): Promise<RejectedRow[]> {
  const rows = new Array<RejectedRow>(lines.length);
  const places = lines.map((line, index) => ({ ...line, index })).sort((a, b) => a.start - b.start);
  let handle: FileHandle | undefined;
  try {
    handle = await open(path);
    for (let from = 0; from < places.length; ) {
      const to = endOfStretch(places, from);
      const stretch = places.slice(from, to);
      from = to;
      const [first] = stretch;
      const last = stretch.at(-1);
      if (first === undefined || last === undefined) break;
      const bytes = await readStretch(handle, first.start, Buffer.allocUnsafe(last.start + last.length - first.start));
      for (const { start, length, record, index } of stretch) {
        const at = start - first.start;
        const row = rowOf(bytes.toString('utf8', at, at + length));
        if (row?.record !== record || row.source.kind !== 'json') throw changed(path);
        rows[index] = row;
      }
    }
  } catch (error) {
    throw error instanceof UserError ? error : unreadable(path, error);
  } finally {
    await handle?.close();
  }
  return rows;
}

/** Where the line of a row stands whose source is JSON. */
export type RowPlace = Pick<RowLine, 'record' | 'start' | 'length'>;

interface Place {
  readonly start: number;
  readonly length: number;
}

/** Read at once, unless one line is longer. */
const mostBytesAtOnce = 1024 * 1024;

/** Between two lines, worth reading to save a call. */
const widestGap = 64 * 1024;

/** Of lines that stand close together. */
function endOfStretch(places: readonly Place[], from: number): number {
  const { start = 0, length = 0 } = places[from] ?? {};
  let end = start + length;
  let to = from + 1;
  for (let place = places[to]; place !== undefined; place = places[to]) {
    if (place.start - end > widestGap || place.start + place.length - start > mostBytesAtOnce) break;
    end = place.start + place.length;
    to += 1;
  }
  return to;
}

async function* rowsIn(path: string): AsyncGenerator<Place & { readonly row: RejectedRow }> {
  let number = 0;
  for await (const { text, whole, start, length } of linesIn(path)) {
    number += 1;
    if (text.trim() === '') continue;
    const row = rowOf(text);
    // A last line without its line break was cut by a crash before its row was journalled, so that row is still to be loaded.
    if (row === undefined && !whole) return;
    if (row === undefined) {
      throw journalError('rejects-unreadable', `Line ${number} of ${path} is not a line of a rejects file`, {
        hint: 'Put the line back as it was, or delete it to leave the row out',
      });
    }
    yield { row, start, length };
  }
}

function rowOf(text: string): RejectedRow | undefined {
  try {
    const parsed = parseToTheLetter(text);
    const line = rejectLine.safeParse(parsed);
    const first = fault.safeParse(parsed);
    if (!line.success || !first.success || line.data.source === undefined) return undefined;
    const { source, faults, ...place } = line.data;
    return {
      ...place,
      faults: faults ?? [first.data],
      source:
        typeof source === 'string' ? { kind: 'text', text: source } : { kind: 'json', text: JSON.stringify(source) },
    };
  } catch {
    // No JSON, or nested more deeply than any row of ours.
    return undefined;
  }
}

async function* bytesOf(path: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path);
  } catch (error) {
    // That there is none says something to those who asked for it.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw error;
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown) {
  const says = cause instanceof Error ? cause.message : String(cause);
  return journalError('rejects-unreadable', `${path} cannot be read: ${says}`, {
    hint: 'Name a rejects file, or the run that wrote it',
    cause,
  });
}

const changed = (path: string) =>
  journalError('rejects-unreadable', `${path} was changed while it was read`, {
    hint: 'What was sent until then is noted: the same command goes on',
  });

/** By LF only: `readline` also breaks at U+2028, which may stand in JSON text. */
async function* linesIn(path: string): AsyncGenerator<Place & { readonly text: string; readonly whole: boolean }> {
  let begun: Buffer[] = [];
  let start = 0;
  const lineOf = (bytes: Buffer, whole: boolean) => {
    const line = begun.length === 0 ? bytes : Buffer.concat([...begun, bytes]);
    begun = [];
    return { text: line.toString('utf8'), start, length: line.length, whole };
  };
  for await (const bytes of bytesOf(path)) {
    let from = 0;
    for (let end = bytes.indexOf(lineFeed); end !== -1; end = bytes.indexOf(lineFeed, from)) {
      const line = lineOf(bytes.subarray(from, end), true);
      yield line;
      start += line.length + 1;
      from = end + 1;
    }
    if (from < bytes.length) begun.push(bytes.subarray(from));
  }
  if (begun.length > 0) yield lineOf(Buffer.alloc(0), false);
}

const lineFeed = 10;
