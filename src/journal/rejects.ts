/**
 * Rows that were refused or whose fate is unknown, one JSON line each, in files that belong to one run. They hold data of
 * people, unlike the journal: mode 0600, in a folder of mode 0700. A row is journalled as rejected only after its line is on
 * the disk itself, so that no row is settled without a trace, whatever becomes of the process or the power.
 */
import { once } from 'node:events';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RowRejection } from '../model/block.ts';
import { Exit, type UserError } from '../model/fault.ts';
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
