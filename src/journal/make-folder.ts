/** Folders on the way to a journal. Node's own recursive mkdir never ends where a parent is there and takes no folder (/proc). */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes the folder and those above it, for the owner alone. Throws what the system says. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const parent = dirname(path);
    if (codeOf(error) === 'EEXIST') {
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
      // The system's own words ("file already exists") would send people to look for what is missing.
      throw Object.assign(new Error(`${path} is there and is no folder`), { code: 'ENOTDIR', syscall: 'mkdir' });
    }
    if (codeOf(error) !== 'ENOENT' || parent === path || existsSync(parent)) throw error;
    makeFolder(parent);
    makeFolder(path);
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
