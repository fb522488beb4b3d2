/** Tells whether a file is still the one a load began with, and whether a place in it is still between two rows. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { Border } from './blocks.ts';
import { unreadable } from './bytes.ts';
import type { SourceDescription } from './description.ts';
import { unitSize, unitsOf } from './encodings.ts';

export interface Fingerprint {
  /** In bytes. */
  readonly size: number;
  /** SHA-256, hex, of the first 64 KiB. */
  readonly head: string;
  /** SHA-256, hex, of the last 64 KiB. */
  readonly tail: string;
}

const stretchBytes = 64 * 1024;

/** Of a regular file; throws UserError when it cannot be read. */
export async function fingerprintOf(path: string): Promise<Fingerprint> {
  return withFile(path, async (handle) => {
    const { size } = await handle.stat();
    return {
      size,
      head: await hashAt(handle, 0),
      tail: await hashAt(handle, Math.max(0, size - stretchBytes)),
    };
  });
}

export const sameFingerprint = (a: Fingerprint, b: Fingerprint): boolean =>
  a.size === b.size && a.head === b.head && a.tail === b.tail;

/**
 * Whether `from` can be a border in the file: the start of the rows, or just behind a line break. Catches a file that was edited in the middle without
 * changing its size. True for streams and transcoded files, which are read from the start anyway.
 */
export async function borderHolds(description: SourceDescription, from: Border): Promise<boolean> {
  const { dataStart, path, size, coding, format } = description;
  if (size === undefined || description.transcoded) return true;
  if (from.byte === dataStart.byte) return from.line === dataStart.line && from.record === 1;
  if (from.byte < dataStart.byte || from.byte > size) return false;
  const unit = unitSize(coding);
  if ((from.byte - dataStart.byte) % unit !== 0) return false;
  return withFile(path, async (handle) => {
    const around = Buffer.alloc(2 * unit);
    const { bytesRead } = await handle.read(around, 0, around.length, from.byte - unit);
    const [before, after] = unitsOf(around.subarray(0, bytesRead), coding);
    // The end of a file needs no line break before it.
    if (from.byte === size || before === lf) return true;
    return format === 'csv' && before === cr && after !== lf;
  });
}

const lf = 10;
const cr = 13;

async function hashAt(handle: FileHandle, position: number): Promise<string> {
  const bytes = Buffer.alloc(stretchBytes);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, position + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return createHash('sha256').update(bytes.subarray(0, length)).digest('hex');
}

async function withFile<T>(path: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(path, 'r').catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}
