/**
 * Looks at every input before anything is sent: whether it can be read, what it is, whether the mapping fits its header. A
 * mistake in the last of many files stops the run before the first request of the first.
 */
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { fingerprintOf, sameFingerprint } from '../input/fingerprint.ts';
import { openSource, type SourceDescription, type SourceOptions } from '../input/source.ts';
import type { Fingerprint } from '../journal/loads.ts';
import type { CompiledMapping } from '../mapping/compile.ts';
import { Exit, UserError } from '../model/fault.ts';
import { engineError } from './codes.ts';

export interface InputFile {
  /** As the user named it; `-` is stdin. */
  readonly name: string;
  /** Where its bytes lie: the same, or the spooled copy of a pipe. */
  readonly path: string;
  /** It cannot be read again, and what it was called says nothing: the next one may be called the same. */
  readonly isPipe?: boolean;
}

export interface SurveyedFile extends InputFile {
  readonly index: number;
  readonly description: SourceDescription;
  readonly fingerprint: Fingerprint;
  readonly bytes: number;
  /** What the file system said of it before its fingerprint was taken. */
  readonly stamp: string | undefined;
}

export async function survey(
  files: readonly InputFile[],
  options: SourceOptions,
  compile: (description: SourceDescription) => CompiledMapping,
): Promise<SurveyedFile[]> {
  const surveyed: SurveyedFile[] = [];
  for (const [index, file] of files.entries()) {
    const source = await openSource(file.path, index, options).catch((error: unknown) => {
      throw calledByName(error, file);
    });
    await source.close();
    const description = { ...source.description, path: file.name };
    compile(description);
    const stamp = stampOf(file.path);
    const fingerprint = await fingerprintOf(file.path).catch((error: unknown) => {
      throw calledByName(error, file);
    });
    surveyed.push({ ...file, index, description, fingerprint, bytes: fingerprint.size, stamp });
  }
  return surveyed;
}

/** Nobody has heard of the place where stdin, or what came through a pipe, is put aside. */
function calledByName(error: unknown, { name, path }: InputFile): unknown {
  if (path.endsWith(basename(name)) || !(error instanceof UserError)) return error;
  const { code, hint, exit, cause } = error;
  const says = error.message.replaceAll(path, spoken(name));
  return new UserError(code, says, { exit, cause, ...(hint === undefined ? {} : { hint }) });
}

const spoken = (name: string): string => (name === '-' ? 'stdin' : name);

/** Files with the content of one before them, with that one: they are loaded once. */
export function duplicatesIn(files: readonly SurveyedFile[]): ReadonlyMap<SurveyedFile, SurveyedFile> {
  const seen = new Map<string, SurveyedFile>();
  const found = new Map<SurveyedFile, SurveyedFile>();
  for (const file of files) {
    const content = JSON.stringify(file.fingerprint);
    const first = seen.get(content);
    if (first === undefined) seen.set(content, file);
    else found.set(file, first);
  }
  return found;
}

export const duplicateNotice = (name: string, of: string): string =>
  `${name} has the same content as ${of}: it is loaded once`;

/**
 * To be called with each part that was read, before it is used: what was read after somebody wrote to the file must not be
 * sent, or a row would count as loaded that the file does not have once it is put back. A file that was only touched goes on, and so
 * does a large one that was changed between the stretches of its fingerprint. What was put aside from a pipe is ours, and is touched
 * as a sign of life.
 */
export function guardAgainstChange(file: SurveyedFile): () => Promise<void> {
  let { stamp } = file;
  if (file.isPipe) return async () => {};
  return async () => {
    const now = stampOf(file.path);
    if (now === stamp) return;
    await verifyUnchanged(file);
    stamp = now;
  };
}

/** Undefined when it is not there, or not to be reached. */
function stampOf(path: string): string | undefined {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return undefined;
  }
}

/**
 * A file that changes while it is read leaves nobody knowing which rows were seen. Its load stays unfinished, so the next run
 * refuses to go on until somebody has decided. One that can only not be read any more may well be as it was.
 */
export async function verifyUnchanged(file: SurveyedFile): Promise<void> {
  const now = await fingerprintOf(file.path).catch((error: unknown) => {
    if (error instanceof UserError && error.code === 'input-missing') return undefined;
    throw calledByName(error, file);
  });
  if (now !== undefined && sameFingerprint(now, file.fingerprint)) return;
  throw engineError(
    'input-changed-meanwhile',
    `${spoken(file.name)} ${now === undefined ? 'went away' : 'was changed'} while it was being read.`,
    'Load from a file that nobody writes to: copy it first, then load the copy.',
    Exit.gaveUpRetrying,
  );
}

/** Rows of a file, without parsing them: for guards that must hold before the first request. */
export async function countRecords(file: SurveyedFile, options: SourceOptions): Promise<number> {
  const source = await openSource(file.path, file.index, options);
  let records = 0;
  for await (const block of source.blocks()) records += block.records;
  await source.close();
  return records;
}

const delimiterNames: Readonly<Record<string, string>> = { '\t': 'tab', ',': 'comma', ';': 'semicolon', '|': 'pipe' };

/** "CSV, 15 columns, delimiter comma (detected), UTF-8". */
export function describeFile({ encoding, csv }: SourceDescription): string {
  if (csv === undefined) return `NDJSON, ${encoding}`;
  const delimiter = `delimiter ${delimiterNames[csv.delimiter] ?? csv.delimiter}${csv.delimiterDetected ? ' (detected)' : ''}`;
  return `CSV, ${csv.header.length} columns, ${delimiter}, ${encoding}`;
}

/** A half-empty export must not be loaded without question. */
export function guardRows(
  rows: number,
  least: { minRows?: number | undefined; maxDrop?: number | undefined; lastRows?: number | undefined },
): void {
  if (least.minRows !== undefined && rows < least.minRows) {
    throw new UserError('too-few-rows', `The input has ${rows} rows, fewer than the ${least.minRows} of --min-rows.`, {
      hint: 'Nothing was sent. Check the export; if it is right, run again with another --min-rows.',
    });
  }
  if (least.maxDrop === undefined || least.lastRows === undefined || least.lastRows === 0) return;
  const drop = ((least.lastRows - rows) / least.lastRows) * 100;
  if (drop > least.maxDrop) {
    throw new UserError(
      'too-few-rows',
      `The input has ${rows} rows, ${drop.toFixed(1)} % fewer than the ${least.lastRows} of the last complete load; --max-drop allows ${least.maxDrop} %.`,
      {
        hint: 'Nothing was sent. Check the export; if it is right, run again without --max-drop.',
      },
    );
  }
}
