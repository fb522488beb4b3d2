/** Tests many mappings at once. Reports come in the order of the mappings, whoever was done first. */
import { availableParallelism } from 'node:os';
import type { MappingReport } from '../report/test-results.ts';
import { startThread } from '../threads/start.ts';
import { type FoundMapping, type TestAim, testMapping } from './mapping-tests.ts';

/** A mapping takes a few milliseconds and a thread some tenths of a second to start: below this, threads cost more than they save. */
const fewMappings = 100;
const mostThreads = 8;

export const threadsFor = (mappings: number): number =>
  mappings < fewMappings ? 0 : Math.min(mostThreads, availableParallelism(), Math.floor(mappings / (fewMappings / 2)));

/** @param threads 0: in this one */
export async function* testMappings(
  found: readonly FoundMapping[],
  aim: TestAim,
  threads: number,
): AsyncGenerator<MappingReport> {
  if (threads === 0) {
    for (const one of found) yield await testMapping(one, aim);
    return;
  }
  const slots = found.map(() => Promise.withResolvers<MappingReport>());
  // Whoever waits for a slot hears of it; the others must not be called unhandled.
  for (const { promise } of slots) promise.catch(() => {});
  let next = 0;
  const workers = Array.from({ length: threads }, () => {
    const worker = startThread('test-worker', import.meta.url, aim);
    let at = -1;
    const takeNext = () => {
      at = next++;
      const mapping = found[at];
      if (mapping !== undefined) worker.postMessage(mapping);
    };
    worker.on('message', (report: MappingReport) => {
      slots[at]?.resolve(report);
      takeNext();
    });
    const fail = (error: unknown) => {
      for (const { reject } of slots) reject(error);
    };
    worker.on('error', fail);
    // A module of the user's may call process.exit. When all is done this comes too, and finds nobody waiting.
    worker.on('exit', () => fail(new Error(`the thread that tested ${found[at]?.path} ended`)));
    takeNext();
    return worker;
  });
  try {
    for (const { promise } of slots) yield await promise;
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
