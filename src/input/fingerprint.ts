/** Tells whether a file is still the one a load began with, and whether a place in it is still between two rows. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Border } from './blocks.ts';
import { unreadable } from './bytes.ts';
import type { SourceDescription } from './description.ts';
import { unitSize, unitsOf } from './encodings.ts';
import { openFile } from './open-file.ts';

export interface Fingerprint {
  /** In bytes. */
  readonly size: number;
  /** SHA-256, hex, of the first 64 KiB. */
  readonly head: string;
  /** SHA-256, hex, of the rest: of all of it up to 64 MiB, of stretches evenly spread over it and its end beyond that. */
  readonly tail: string;
}

const stretchBytes = 64 * 1024;
/** An export of the same size that differs only in the middle must not pass for one that was loaded. */
const wholeUpToBytes = 64 * 1024 * 1024;
const stretches = 256;

/** Of a regular file; throws UserError: `input-missing`, `input-unreadable`. */
export async function fingerprintOf(path: string): Promise<Fingerprint> {
  return withFile(path, async (handle) => {
    const { size } = await handle.stat();
    return {
      size,
      head: await hashOf(handle, [0]),
      tail: await hashOf(handle, restOf(size)),
    };
  });
}

export const sameFingerprint = (a: Fingerprint, b: Fingerprint): boolean =>
  a.size === b.size && a.head === b.head && a.tail === b.tail;

/**
 * Whether `from` can be a border in the file: the start of the rows, or just behind a line break. Catches a file that was edited in the middle without
 * changing its size. True for streams and transcoded files, which are read from the start anyway. `path`: where the bytes lie, when the description names them
 * otherwise (a spooled copy of standard input).
 */
export async function borderHolds(
  description: SourceDescription,
  from: Border,
  path: string = description.path,
): Promise<boolean> {
  const { dataStart, size, coding, format } = description;
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

/** Where to hash behind the head: everywhere, or at evenly spread places and at the end. */
function restOf(size: number): number[] {
  const places: number[] = [];
  const step = size <= wholeUpToBytes ? stretchBytes : Math.floor(size / stretches);
  for (let at = stretchBytes; at < size; at += step) places.push(at);
  if (size > wholeUpToBytes) places.push(size - stretchBytes);
  return places;
}

async function hashOf(handle: FileHandle, places: readonly number[]): Promise<string> {
  const hash = createHash('sha256');
  const bytes = Buffer.alloc(stretchBytes);
  for (const place of places) {
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length, place + length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    hash.update(bytes.subarray(0, length));
  }
  return hash.digest('hex');
}

async function withFile<T>(path: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await openFile(path);
  try {
    return await use(handle);
  } catch (cause) {
    throw unreadable(path, cause);
  } finally {
    // What was read is right all the same, and what was wrong with it has been said.
    await handle.close().catch(() => {});
  }
}
