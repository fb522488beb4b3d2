/** Tells whether a file is still the one a load began with, and whether a place in it is still between two rows. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { readStretch } from '../model/read-stretch.ts';
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
/** Of what is read as a whole, so much at once. */
const pieceBytes = 256 * 1024;

/** Of a regular file; throws UserError: `input-missing`, `input-unreadable`. */
export async function fingerprintOf(path: string): Promise<Fingerprint> {
  return withFile(path, async (handle) => {
    const { size } = await handle.stat();
    return {
      size,
      head: await hashOf(handle, [{ from: 0, length: stretchBytes }]),
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

/** A part of a file, in bytes. */
interface Stretch {
  readonly from: number;
  readonly length: number;
}

/** What to hash behind the head: everything, or stretches that are evenly spread, and the end. */
function restOf(size: number): Stretch[] {
  const isWhole = size <= wholeUpToBytes;
  const length = isWhole ? pieceBytes : stretchBytes;
  const step = isWhole ? pieceBytes : Math.floor(size / stretches);
  const rest: Stretch[] = [];
  for (let from = stretchBytes; from < size; from += step) rest.push({ from, length });
  if (!isWhole) rest.push({ from: size - stretchBytes, length });
  return rest;
}

/** Each is hashed while the next one is read. */
async function hashOf(handle: FileHandle, hashed: readonly Stretch[]): Promise<string> {
  const hash = createHash('sha256');
  const longest = Math.max(0, ...hashed.map(({ length }) => length));
  let [buffer, other] = [Buffer.allocUnsafe(longest), Buffer.allocUnsafe(longest)];
  const read = ({ from, length }: Stretch, into: Buffer) => readStretch(handle, from, into.subarray(0, length));
  let ahead: Promise<Buffer> | undefined;
  for (const [index, stretch] of hashed.entries()) {
    const bytes = await (ahead ?? read(stretch, buffer));
    [buffer, other] = [other, buffer];
    const next = hashed[index + 1];
    ahead = next && read(next, buffer);
    hash.update(bytes);
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
