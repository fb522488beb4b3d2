/** The files of rejected and uncertain rows, read again: by `retry`, and by whoever has mended a mapping. */
import { createReadStream } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
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

/** Gives the rows of a rejects or uncertain file again, digits and all. Throws `rejects-unreadable`, naming the line. */
export async function* readRejects(path: string): AsyncGenerator<RejectedRow> {
  let number = 0;
  for await (const { text, whole } of linesIn(path)) {
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
    yield row;
  }
}

function rowOf(text: string): RejectedRow | undefined {
  const parsed = jsonOrNothing(text);
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
}

function jsonOrNothing(text: string): unknown {
  try {
    return parseToTheLetter(text);
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
    const says = error instanceof Error ? error.message : String(error);
    throw journalError('rejects-unreadable', `${path} cannot be read: ${says}`, {
      hint: 'Name a rejects file, or the run that wrote it',
      cause: error,
    });
  }
}

/** By LF only: `readline` also breaks at U+2028, which may stand in JSON text. */
async function* linesIn(path: string): AsyncGenerator<{ readonly text: string; readonly whole: boolean }> {
  const decoder = new StringDecoder('utf8');
  let rest: string[] = [];
  for await (const bytes of bytesOf(path)) {
    const pieces = decoder.write(bytes).split('\n');
    const last = pieces.pop() ?? '';
    for (const piece of pieces) {
      yield { text: [...rest, piece].join(''), whole: true };
      rest = [];
    }
    rest.push(last);
  }
  const text = [...rest, decoder.end()].join('');
  if (text !== '') yield { text, whole: false };
}
