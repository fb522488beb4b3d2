import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { enableCompileCache, getCompileCacheDir } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { startThread } from '../../src/threads/start.ts';

test('a thread gets its data and the compile cache of the thread that starts it, and none where that has none', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'threads-'));
  t.after(() => rm(folder, { recursive: true }));
  const threads = new URL('../../src/threads/start.ts', import.meta.url).href;
  await writeFile(
    join(folder, 'echo.ts'),
    `import { getCompileCacheDir } from 'node:module';
     import { parentPort } from 'node:worker_threads';
     import { threadData } from ${JSON.stringify(threads)};
     parentPort.once('message', (message) => parentPort.postMessage([threadData(), message, getCompileCacheDir()]));`,
  );
  const answer = async () => {
    const worker = startThread('echo', pathToFileURL(join(folder, 'asker.ts')).href, { mapping: 7 });
    // Before the script can listen: nothing that is said meanwhile may get lost.
    worker.postMessage('early');
    const [said] = (await once(worker, 'message')) as [unknown];
    await worker.terminate();
    return said;
  };
  if (getCompileCacheDir() === undefined) assert.deepEqual(await answer(), [{ mapping: 7 }, 'early', undefined]);
  enableCompileCache(join(folder, 'cache'));
  const cache = getCompileCacheDir();
  assert.ok(cache?.startsWith(join(folder, 'cache')));
  assert.deepEqual(await answer(), [{ mapping: 7 }, 'early', cache]);
});
