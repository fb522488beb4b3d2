/** Where each thread begins. Node gives it no compile cache of its own accord, so that of the thread that starts it is taken. */
import { enableCompileCache } from 'node:module';
import { workerData } from 'node:worker_threads';
import type { ThreadStart } from './start.ts';

const { script, compileCache } = workerData as ThreadStart;
if (compileCache !== undefined) enableCompileCache(compileCache);
await import(script);
