/** The worker's side of `mapper.ts`: blocks in, mapped blocks out, buffers moved and never copied. */
import { parentPort, type Transferable } from 'node:worker_threads';
import { type MappedBlock, ownBuffer } from '../model/block.ts';
import { threadData } from '../threads/start.ts';
import { createBlockMapping, type FileTask } from './block-mapping.ts';
import type { FromWorker, ToWorker } from './mapper.ts';

const port = parentPort;
if (port === null) throw new Error('mapper-worker runs only as a worker thread');

const map = createBlockMapping(threadData());
const files = new Map<number, FileTask>();

port.on('message', (message: ToWorker) => {
  if (message.kind === 'file') {
    files.set(message.file.index, message.file);
    return;
  }
  const file = files.get(message.file);
  try {
    if (file === undefined) throw new RangeError(`file ${message.file} was not announced`);
    const mapped = map(file, message.block);
    port.postMessage({ mapped } satisfies FromWorker, buffersOf(mapped));
  } catch (error) {
    port.postMessage({ error } satisfies FromWorker);
  }
});

function buffersOf(mapped: MappedBlock): Transferable[] {
  const { bytes, starts, ends, firstRow, lastRow, entries, lanes, laneStarts, routes, source, skipped } = mapped;
  const all = [bytes, starts, ends, firstRow, lastRow, entries, lanes, laneStarts, routes, source, ...skipped];
  // What has no buffer of its own is cloned instead.
  return [...new Set(all.map(ownBuffer).filter((buffer) => buffer !== undefined))];
}
