/** The worker's side of `test-pool.ts`: a mapping in, its report out. */
import { parentPort } from 'node:worker_threads';
import { threadData } from '../threads/start.ts';
import { type FoundMapping, testMapping } from './mapping-tests.ts';

const port = parentPort;
if (port === null) throw new Error('test-worker runs only as a worker thread');

port.on('message', (found: FoundMapping) => {
  // What is no mistake of the user's ends the thread, and with it the command.
  void testMapping(found, threadData()).then((report) => port.postMessage(report));
});
