/** Which part of a run's work is done in threads of its own. What comes out is the same; how fast, docs/benchmarks.md shows. */
import { availableParallelism } from 'node:os';

export interface Workload {
  /** Still to be read. */
  readonly inputBytes: number;
  readonly mostItemsARequest: number;
  /** Requests in flight, at most. */
  readonly concurrency: number;
  /** At most; undefined: as many as the platform takes. */
  readonly requestsASecond?: number | undefined;
}

export interface ThreadPlan {
  /** Threads that map blocks; 0: the main thread does. */
  readonly mappers: number;
  /** Whether requests are sent from a thread of their own. */
  readonly transport: boolean;
}

/** Relay42 takes so many, all of one profile, and mostly gets fewer. */
const fewItems = 50;
/** Below this, starting a thread that maps costs more than it saves. */
const leastInputToMap = 8_000_000;
/** And one that sends: some ten thousand records. */
const leastInputToSend = 1_000_000;
/** A thread that sends one request after the other only waits twice for each. */
const leastConcurrency = 16;
/** Well below what one thread does by itself. */
const leastRate = 2000;
const mostMappers = 4;

/** Requests of few items are as much work each as one of hundreds. */
export const hasFewItemsARequest = (mostItemsARequest: number): boolean => mostItemsARequest <= fewItems;

export function planThreads(load: Workload, cores: number = availableParallelism()): ThreadPlan {
  const transport =
    cores > 1 &&
    hasFewItemsARequest(load.mostItemsARequest) &&
    load.inputBytes >= leastInputToSend &&
    load.concurrency >= leastConcurrency &&
    (load.requestsASecond ?? Number.POSITIVE_INFINITY) >= leastRate;
  return {
    transport,
    mappers: transport ? mappersFor(load.inputBytes, cores - 2) : mappersFor(load.inputBytes, cores),
  };
}

/** @param cores that are there for it */
export const mappersFor = (inputBytes: number, cores: number = availableParallelism()): number =>
  inputBytes < leastInputToMap ? 0 : Math.min(mostMappers, cores);
