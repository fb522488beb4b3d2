/** The files of rejected and uncertain rows, read again: by `retry`, and by whoever has mended a mapping. */
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import * as z from 'zod';
import type { Fault } from '../model/fault.ts';
import { parseToTheLetter } from '../model/json.ts';
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
  for await (const { line } of linesOf(path, parseToTheLetter)) yield rowOf(line);
}

/** The same without what stands in the rows. Throws as {@link readRejects} does. */
export async function* rowLines(path: string): AsyncGenerator<RowLine> {
  for await (const { line, start, length } of linesOf(path, JSON.parse)) {
    const { file, record, group } = line.place;
    const kind = typeof line.source === 'string' ? 'text' : 'json';
    yield { file, record, kind, start, length, ...(group === undefined ? {} : { group }) };
  }
}

/** The rows of some lines, in their order. Throws `rejects-unreadable` where there are no such lines any more. */
export async function rowsAt(
  path: string,
  lines: readonly Pick<RowLine, 'start' | 'length'>[],
): Promise<RejectedRow[]> {
  const rows = new Array<RejectedRow>(lines.length);
  const places = lines.map((line, index) => ({ ...line, index })).sort((a, b) => a.start - b.start);
  const handle = await open(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  try {
    for (let from = 0; from < places.length; ) {
      const to = endOfStretch(places, from);
      const stretch = places.slice(from, to);
      from = to;
      const [first] = stretch;
      const last = stretch.at(-1);
      if (first === undefined || last === undefined) break;
      const bytes = await bytesAt(handle, first.start, last.start + last.length - first.start);
      for (const { start, length, index } of stretch) {
        const at = start - first.start;
        const line = lineOf(bytes.toString('utf8', at, at + length), parseToTheLetter);
        if (line === undefined) throw changed(path);
        rows[index] = rowOf(line);
      }
    }
  } finally {
    await handle.close();
  }
  return rows;
}

interface Place {
  readonly start: number;
  readonly length: number;
}

/** Read at once, unless one line is longer. */
const mostBytesAtOnce = 1024 * 1024;

/** Of lines that stand close together. */
function endOfStretch(places: readonly Place[], from: number): number {
  const { start = 0 } = places[from] ?? {};
  let to = from + 1;
  for (let place = places[to]; place !== undefined; place = places[to]) {
    if (place.start + place.length - start > mostBytesAtOnce) break;
    to += 1;
  }
  return to;
}

/** Fewer at the end of the file. */
async function bytesAt(handle: FileHandle, start: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, start + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

type Parse = (text: string) => unknown;

async function* linesOf(path: string, parse: Parse): AsyncGenerator<Place & { readonly line: Line }> {
  let number = 0;
  for await (const { text, whole, start, length } of textsIn(path)) {
    number += 1;
    if (text.trim() === '') continue;
    const line = lineOf(text, parse);
    // A last line without its line break was cut by a crash before its row was journalled, so that row is still to be loaded.
    if (line === undefined && !whole) return;
    if (line === undefined) {
      throw journalError('rejects-unreadable', `Line ${number} of ${path} is not a line of a rejects file`, {
        hint: 'Put the line back as it was, or delete it to leave the row out',
      });
    }
    yield { line, start, length };
  }
}

interface Line {
  readonly place: Omit<z.infer<typeof rejectLine>, 'source' | 'faults'>;
  readonly faults: readonly Fault[];
  readonly source: unknown;
}

function lineOf(text: string, parse: Parse): Line | undefined {
  const parsed = jsonOrNothing(text, parse);
  const line = rejectLine.safeParse(parsed);
  const first = fault.safeParse(parsed);
  if (!line.success || !first.success || line.data.source === undefined) return undefined;
  const { source, faults, ...place } = line.data;
  return { place, faults: faults ?? [first.data], source };
}

const rowOf = ({ place, faults, source }: Line): RejectedRow => ({
  ...place,
  faults,
  source: typeof source === 'string' ? { kind: 'text', text: source } : { kind: 'json', text: JSON.stringify(source) },
});

function jsonOrNothing(text: string, parse: Parse): unknown {
  try {
    return parse(text);
  } catch {
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
async function* textsIn(path: string): AsyncGenerator<Place & { readonly text: string; readonly whole: boolean }> {
  let begun: Buffer[] = [];
  let start = 0;
  const textOf = (bytes: Buffer, whole: boolean) => {
    const line = begun.length === 0 ? bytes : Buffer.concat([...begun, bytes]);
    begun = [];
    return { text: line.toString('utf8'), start, length: line.length, whole };
  };
  for await (const bytes of bytesOf(path)) {
    let from = 0;
    for (let end = bytes.indexOf(lineFeed); end !== -1; end = bytes.indexOf(lineFeed, from)) {
      const text = textOf(bytes.subarray(from, end), true);
      yield text;
      start += text.length + 1;
      from = end + 1;
    }
    if (from < bytes.length) begun.push(bytes.subarray(from));
  }
  if (begun.length > 0) yield textOf(Buffer.alloc(0), false);
}

const lineFeed = 10;
