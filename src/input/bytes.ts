/** Where bytes come from: a file at any offset, or a stream from its start, as they are or turned into UTF-8. Nothing is read before it is asked for. */
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { Exit } from '../model/fault.ts';
import { inputError } from './codes.ts';
import { iconv } from './encodings.ts';

export interface ByteReader {
  /** Reads until `length` bytes stand at `offset`, fewer only at the end of the input. Returns how many. */
  fill(into: Uint8Array, offset: number, length: number): Promise<number>;
}

/** Reads up to `size`, the length when the file was opened: what is appended later belongs to another load. */
export function fileReader(handle: FileHandle, path: string, position: number, size: number): ByteReader {
  let at = position;
  return {
    async fill(into, offset, length) {
      let got = 0;
      const most = Math.min(length, size - at);
      while (got < most) {
        const { bytesRead } = await handle.read(into, offset + got, most - got, at).catch((cause: unknown) => {
          throw unreadable(path, cause);
        });
        if (bytesRead === 0) {
          throw inputError('input-shortened', `${path}: became shorter while it was being read`, {
            hint: 'Start again when nothing writes to the file any more.',
            exit: Exit.gaveUpRetrying,
          });
        }
        got += bytesRead;
        at += bytesRead;
      }
      return Math.max(got, 0);
    },
  };
}

export function streamReader(stream: Readable, path: string): ByteReader {
  const chunks: AsyncIterator<unknown> = stream[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  let ended = false;
  return {
    async fill(into, offset, length) {
      let got = 0;
      while (got < length) {
        if (rest.length === 0) {
          if (ended) break;
          const { done, value } = await chunks.next().catch((cause: unknown) => {
            throw unreadable(path, cause);
          });
          if (done === true) {
            ended = true;
            break;
          }
          rest = value instanceof Uint8Array ? value : Buffer.from(String(value));
          continue;
        }
        const part = rest.subarray(0, length - got);
        into.set(part, offset + got);
        rest = rest.subarray(part.length);
        got += part.length;
      }
      return got;
    },
  };
}

export const unreadable = (path: string, cause: unknown) =>
  inputError(
    'input-unreadable',
    `${path}: cannot be read (${cause instanceof Error ? cause.message : String(cause)})`,
    { cause, hint: hintOf(cause) },
  );

function hintOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return code === 'EACCES' || code === 'EPERM'
    ? 'Whoever runs this needs the right to read it: look with `ls -l`.'
    : 'Check the path and the disk; a copy of the file may help.';
}

/** Puts bytes that were already read back in front. */
export function withHead(head: Uint8Array, reader: ByteReader): ByteReader {
  let rest = head;
  return {
    async fill(into, offset, length) {
      const part = rest.subarray(0, length);
      into.set(part, offset);
      rest = rest.subarray(part.length);
      if (part.length === length) return length;
      return part.length + (await reader.fill(into, offset + part.length, length - part.length));
    },
  };
}

const scratchBytes = 64 * 1024;

/** Reads and throws away. Returns how many bytes there were, fewer than asked only at the end. */
export async function skip(reader: ByteReader, bytes: number): Promise<number> {
  const scratch = new Uint8Array(Math.min(bytes, scratchBytes));
  let left = bytes;
  while (left > 0) {
    const got = await reader.fill(scratch, 0, Math.min(left, scratch.length));
    if (got === 0) break;
    left -= got;
  }
  return bytes - left;
}

/**
 * Turns any encoding iconv-lite knows into UTF-8. What does not decode becomes the byte 0xFF, which is no UTF-8, so that the row it stands in
 * is found and rejected like any other with undecodable bytes. (A U+FFFD in the source shares that fate here: iconv-lite does not tell the two apart.)
 */
export function transcoding(reader: ByteReader, encoding: string): ByteReader {
  const decoder = iconv().getDecoder(encoding, { stripBOM: false });
  const scratch = Buffer.allocUnsafe(scratchBytes);
  let rest: Uint8Array = new Uint8Array(0);
  let high = '';
  let ended = false;
  const bytesOf = (text: string): Uint8Array => {
    const parts = text.toWellFormed().split('\ufffd');
    return Buffer.concat(
      parts.flatMap((part, i) => (i === 0 ? [Buffer.from(part)] : [Buffer.of(0xff), Buffer.from(part)])),
    );
  };
  const more = async (): Promise<void> => {
    const got = await reader.fill(scratch, 0, scratch.length);
    ended = got < scratch.length;
    let text = high + decoder.write(scratch.subarray(0, got));
    if (ended) text += decoder.end() ?? '';
    // A pair of surrogates may be cut by the border of two reads.
    const cut = !ended && /[\ud800-\udbff]$/.test(text) ? text.length - 1 : text.length;
    high = text.slice(cut);
    rest = bytesOf(text.slice(0, cut));
  };
  return {
    async fill(into, offset, length) {
      let got = 0;
      while (got < length) {
        if (rest.length === 0) {
          if (ended) break;
          await more();
          continue;
        }
        const part = rest.subarray(0, length - got);
        into.set(part, offset + got);
        rest = rest.subarray(part.length);
        got += part.length;
      }
      return got;
    },
  };
}
