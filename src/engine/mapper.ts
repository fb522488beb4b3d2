/**
 * Turns blocks into mapped blocks: in this thread for small inputs, in worker threads for large ones. Blocks come back in
 * the order in which they were given, whoever worked on them, so that nothing later depends on the number of threads.
 */
import type { Worker } from 'node:worker_threads';
import type { Block, MappedBlock } from '../model/block.ts';
import { startThread } from '../threads/start.ts';
import { type BlockMapping, createBlockMapping, type FileTask } from './block-mapping.ts';

export interface Mapper {
  map(file: FileTask, block: Block): Promise<MappedBlock>;
  /** Blocks that may be under way at once without one waiting for another. */
  readonly width: number;
  close(): Promise<void>;
}

/**
 * Rows die young, and all that a worker keeps is the compiled mapping: more room than this only makes the process larger,
 * not faster. A mapping that brings modules needs room for what they keep; tables lie outside of the heap.
 */
const maxYoungGenerationSizeMb = 16;
const workerLimits = { maxYoungGenerationSizeMb, maxOldGenerationSizeMb: 64 } as const;
/**
 * What does not fit a worker's room: a block that holds one huge row. It is mapped in this thread; so is the first block, since the first
 * request should not wait until the workers have loaded.
 */
const largestForWorkers = 2_000_000;

export function createMapper(mapping: BlockMapping, workers: number): Mapper {
  return workers === 0 ? inThisThread(mapping) : inWorkers(mapping, workers);
}

function inThisThread(mapping: BlockMapping): Mapper {
  const map = createBlockMapping(mapping);
  return {
    width: 1,
    map: async (file, block) => map(file, block),
    close: async () => {},
  };
}

export type ToWorker =
  | { readonly kind: 'file'; readonly file: FileTask }
  | { readonly kind: 'block'; readonly file: number; readonly block: Block };
export type FromWorker = { readonly mapped: MappedBlock } | { readonly error: unknown };

interface Hand {
  readonly worker: Worker;
  readonly knownFiles: Set<number>;
  /** Answers come in the order of the questions. */
  readonly asked: { resolve(mapped: MappedBlock): void; reject(error: unknown): void }[];
}

function inWorkers(mapping: BlockMapping, count: number): Mapper {
  const isSmall = Object.keys(mapping.mapping.modules).length === 0;
  let broken: unknown;
  let hasBegun = false;
  let here: ReturnType<typeof createBlockMapping> | undefined;
  const hands: Hand[] = Array.from({ length: count }, () => {
    const worker = startThread('mapper-worker', import.meta.url, mapping, {
      resourceLimits: isSmall ? workerLimits : { maxYoungGenerationSizeMb },
    });
    const hand: Hand = { worker, knownFiles: new Set(), asked: [] };
    worker.on('message', (message: FromWorker) => {
      const question = hand.asked.shift();
      if ('error' in message) question?.reject(message.error);
      else question?.resolve(message.mapped);
    });
    worker.on('error', (error) => {
      broken = error;
      for (const { reject } of hand.asked.splice(0)) reject(error);
    });
    return hand;
  });

  return {
    width: 3 * count + 1,
    async map(file, block) {
      if (broken !== undefined) throw broken;
      const isFirst = !hasBegun;
      hasBegun = true;
      if (isFirst || block.bytes.length > largestForWorkers) {
        here ??= createBlockMapping(mapping);
        return here(file, block);
      }
      const [first, ...others] = hands;
      if (first === undefined) throw new Error('no worker');
      const hand = others.reduce((least, other) => (other.asked.length < least.asked.length ? other : least), first);
      if (!hand.knownFiles.has(file.index)) {
        hand.knownFiles.add(file.index);
        hand.worker.postMessage({ kind: 'file', file } satisfies ToWorker);
      }
      return new Promise((resolve, reject) => {
        hand.asked.push({ resolve, reject });
        const bytes = ownBytes(block);
        hand.worker.postMessage(
          { kind: 'block', file: file.index, block: { ...block, bytes, ownsBuffer: true } } satisfies ToWorker,
          [bytes.buffer],
        );
      });
    },
    async close() {
      await Promise.all(hands.map(({ worker }) => worker.terminate()));
    },
  };
}

/** A buffer can only be transferred whole: bytes that share one are copied out. */
function ownBytes({ bytes, ownsBuffer }: Block): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  return ownsBuffer && buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(bytes);
}
