import type { FileHandle } from 'node:fs/promises';

/** Fills `into` from a place in a file on, whatever the system gives at once. @returns what of it was filled: less than all where the file ends */
export async function readStretch(handle: FileHandle, from: number, into: Buffer): Promise<Buffer> {
  let filled = 0;
  while (filled < into.length) {
    const { bytesRead } = await handle.read(into, filled, into.length - filled, from + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return into.subarray(0, filled);
}
