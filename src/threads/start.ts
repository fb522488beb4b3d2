/** Worker threads that run a script of ours. */
import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { Worker, type WorkerOptions, workerData } from 'node:worker_threads';

/** What `thread.ts` is given. */
export interface ThreadStart {
  /** URL of the script. */
  readonly script: string;
  /** Where Node keeps compiled code for the thread that starts this one; undefined where it keeps none. */
  readonly compileCache: string | undefined;
  readonly data: unknown;
}

/**
 * @param script name without its ending; source stands beside source, and what is built beside what is built
 * @param beside URL of the module that asks
 * @param data what the script gets as {@link threadData}
 */
export function startThread(script: string, beside: string, data: unknown, options: WorkerOptions = {}): Worker {
  const ending = beside.endsWith('.ts') ? 'ts' : 'js';
  const cache = getCompileCacheDir();
  const start: ThreadStart = {
    script: new URL(`./${script}.${ending}`, beside).href,
    // Below what was asked for there is a folder for each version of Node.
    compileCache: cache === undefined ? undefined : dirname(cache),
    data,
  };
  return new Worker(new URL(`./thread.${ending}`, import.meta.url), { ...options, workerData: start });
}

/** In a thread: what it was started with. A border to untyped code, as the two sides are built together. */
export const threadData = <Data>(): Data => (workerData as ThreadStart).data as Data;
