/**
 * Rows that were refused or whose fate is unknown, one JSON line each, in files that belong to one run. They hold data of
 * people, unlike the journal: mode 0600, in a folder of mode 0700. A row is journalled as rejected only after its line is on
 * the disk itself, so that no row is settled without a trace, whatever becomes of the process or the power.
 */
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import * as z from 'zod';
import type { RowRejection } from '../model/block.ts';
import { Exit, type Fault, type UserError } from '../model/fault.ts';
import { parseToTheLetter } from '../model/json.ts';
import { journalError } from './codes.ts';
import { syncFolder } from './database.ts';
import { makeFolder } from './make-folder.ts';

export interface RejectedRow extends RowRejection {
  readonly file: string;
  /** Which of the mapping's entries, when the row was refused for one of several. */
  readonly entry?: number;
}

export const rowFiles = { rejected: 'rejects.ndjson', uncertain: 'uncertain.ndjson' } as const;

/** A file of rows; appears with the first one. */
export class RowFile {
  readonly path: string;
  readonly #directory: string;
  #handle: FileHandle | undefined;
  /** Rows that go out together, once those before them are on the disk. */
  #gathered: RejectedRow[] | undefined;
  #last: Promise<void> = Promise.resolve();
  #failure: UserError | undefined;
  #rows = 0;

  constructor(runDirectory: string, name: (typeof rowFiles)[keyof typeof rowFiles]) {
    this.#directory = runDirectory;
    this.path = join(runDirectory, name);
  }

  /** Lines on the disk. */
  get rows(): number {
    return this.#rows;
  }

  /** Resolves when the lines are on the disk. Once it has rejected it always will: a line may be cut in two. */
  write(rows: readonly RejectedRow[]): Promise<void> {
    if (rows.length === 0) return this.#last;
    if (this.#gathered === undefined) {
      this.#gathered = [];
      this.#last = this.#last.then(() => this.#guarded(() => this.#append()));
      // Whoever awaits it is told; the next write says it again.
      this.#last.catch(() => {});
    }
    for (const row of rows) this.#gathered.push(row);
    return this.#last;
  }

  async close(): Promise<void> {
    await this.#last.catch(() => {});
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #append(): Promise<void> {
    const rows = this.#gathered ?? [];
    this.#gathered = undefined;
    this.#handle ??= await this.#create();
    await this.#handle.appendFile(await linesOf(rows));
    await this.#handle.datasync();
    this.#rows += rows.length;
  }

  async #create(): Promise<FileHandle> {
    makeFolder(this.#directory);
    const handle = await open(this.path, 'ax', 0o600);
    // The names must survive a power cut, too.
    for (const folder of [this.#directory, dirname(this.#directory)]) syncFolder(folder);
    return handle;
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failure = journalError(
        'rejects-unwritable',
        `Rows cannot be written to ${this.path}: ${error instanceof Error ? error.message : String(error)}`,
        {
          hint: 'Look at free space and permissions of its folder, or choose another with --state-dir; then the same command goes on',
          exit: Exit.gaveUpRetrying,
          cause: error,
        },
      );
      throw this.#failure;
    }
  }
}

async function linesOf(rows: readonly RejectedRow[]): Promise<string> {
  // Only now: most runs have no such row.
  const { default: ndjson } = await import('ndjson');
  const printer = ndjson.stringify();
  const lines: string[] = [];
  printer.on('data', (line: string) => lines.push(line));
  for (const row of rows) printer.write(headOf(row));
  printer.end();
  await once(printer, 'end');
  return rows.map((row, index) => withSource(lines[index] ?? '', row.source)).join('');
}

function headOf({ file, line, record, byte, faults, group, entry }: RejectedRow): object {
  const [first] = faults;
  if (first === undefined) throw new RangeError(`Row ${record} of ${file} has no fault`);
  const { stage, code, reason, column, field, value } = first;
  return {
    ...{ file, line, record, byte, stage, code, reason, column, field, value },
    ...(faults.length > 1 ? { faults } : {}),
    ...(group === undefined ? {} : { group }),
    ...(entry === undefined ? {} : { entry }),
  };
}

/** The source goes in as it is: parsed and printed again, a long number would lose digits and a repeated key a value. */
function withSource(head: string, source: RejectedRow['source']): string {
  // A line break in JSON text can only stand between tokens, where a blank does as well.
  const json = isJson(source) ? source.text.replace(/[\r\n]+/g, ' ') : JSON.stringify(source.text);
  return `${head.slice(0, head.lastIndexOf('}'))},"source":${json}}\n`;
}

function isJson(source: RejectedRow['source']): boolean {
  if (source.kind !== 'json') return false;
  try {
    JSON.parse(source.text);
    return true;
  } catch {
    return false;
  }
}

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
