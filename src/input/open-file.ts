/** Opens a file for reading, and says what may be meant where there is none. */
import { existsSync, readdirSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { closest } from '../model/suggest.ts';
import { unreadable } from './bytes.ts';
import { inputError } from './codes.ts';

/** Throws UserError: `input-missing` where there is nothing at the path, `input-unreadable` for whatever else is wrong. */
export async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    if (missing)
      throw inputError('input-missing', `${path}: there is no such file`, { hint: missingHint(path), cause });
    throw unreadable(path, cause);
  }
}

function missingHint(path: string): string {
  // An address has lost a slash by being taken for a path.
  const [, scheme] = /(?:^|\/)([a-z][a-z0-9+.-]+):\//.exec(path) ?? [];
  if (scheme !== undefined) {
    const fetch = scheme === 's3' ? 'aws s3 cp URL -' : scheme === 'gs' ? 'gcloud storage cat URL' : 'curl -fsS URL';
    return `Addresses are not read. Fetch it and pipe it in: ${fetch} | cdp-load push - …`;
  }
  if (/(^|\/)~\//.test(path))
    return 'The shell puts your home in the place of ~ only where it is not quoted. Write $HOME.';
  const name = basename(path);
  if (/[*?[]/.test(name))
    return 'A shell hands a pattern on as it is when it is quoted or nothing matches it. Look with `ls` what is there.';
  if (path.split(',').length > 1 && existsSync(path.split(',')[0] ?? ''))
    return 'Put blanks between files, not commas.';
  const near = closest(name, namesIn(dirname(path)));
  return near === undefined ? 'Check the path.' : `Did you mean ${near}?`;
}

const mostNames = 10_000;

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).slice(0, mostNames);
  } catch {
    return [];
  }
}
