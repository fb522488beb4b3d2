/** Reads the files that make up a mapping, each up to a bound. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { mappingProblem } from './complaint.ts';

export const mostMappingBytes = 1_048_576;

/** @throws UserError `mapping-unreadable` */
export async function readMappingText(path: string): Promise<string> {
  const problem = (why: string) =>
    mappingProblem(
      'mapping-unreadable',
      `The mapping ${path} ${why}.`,
      'Check the path, and those that "extends" names.',
    );
  const bytes = await readBounded(path, mostMappingBytes);
  if (bytes === 'too-large') throw problem(`is larger than ${mostMappingBytes} bytes`);
  if (bytes === 'unreadable') throw problem('is not there or cannot be read');
  const text = textOf(bytes);
  if (text === undefined) throw problem('is not UTF-8 text');
  return text;
}

/** A path as a mapping writes it: it begins at the file that it stands in. */
export const beside = (mappingFile: string, path: string): string =>
  isAbsolute(path) ? path : join(dirname(mappingFile), path);

export async function readBounded(path: string, most: number): Promise<Buffer | 'too-large' | 'unreadable'> {
  try {
    const { size } = await stat(path);
    return size > most ? 'too-large' : await readFile(path);
  } catch {
    return 'unreadable';
  }
}

/** Undefined when the bytes are no UTF-8. A byte order mark is left out. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
