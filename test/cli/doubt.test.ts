/** Rows that were in flight when a run died are named by every run after it, until the platform has answered for them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namedInFlight } from '../support/in-flight.ts';
import { startRecorder } from '../support/recorder.ts';
import { createWorkdir, peopleCsv, type Workdir, writeStreamSetup } from '../support/workdir.ts';

const push = ['push', 'p.csv', '--target', 'stream', '--json', '--chunk-size', '2', '--concurrency', '1'];

/** Options of node's that make it die over its first line: before a byte of it is out, or right after. */
const dyingAtFirstLine = (when: 'before' | 'after'): string[] => {
  const say = when === 'after' ? 'writeSync(1, text);' : '';
  const code = `import { writeSync } from 'node:fs'; process.stdout.write = (text) => { ${say} process.kill(process.pid, 'SIGKILL'); };`;
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`];
};

/** Rows 1 and 2 are accepted; 3 and 4 arrive, and the run dies before it is told. */
async function diesInFlight(workdir: Workdir, platform: Awaited<ReturnType<typeof startRecorder>>) {
  workdir.file('p.csv', peopleCsv(6));
  platform.answer = ({ number }) => ({ delay: number > 1 ? 60_000 : 0 });
  const { child, done } = workdir.start(push);
  await platform.reached(2);
  child.kill('SIGKILL');
  await done;
  platform.answer = () => ({});
}

const named = ({ events }: { readonly events: readonly Record<string, unknown>[] }) => [...namedInFlight(events)];

for (const [operation, times] of [
  ['person', 2],
  ['interaction', 1],
] as const) {
  test(`${operation}: runs that die before they can name what was in flight, or right after, leave it to the next to name it`, async (t) => {
    const workdir = createWorkdir(t);
    const platform = await startRecorder(t);
    writeStreamSetup(workdir, platform.url, operation);
    await diesInFlight(workdir, platform);

    const silent = await workdir.run(push, { node: dyingAtFirstLine('before') });
    assert.deepEqual([silent.signal, silent.stdout], ['SIGKILL', '']);
    const said = await workdir.run(push, { node: dyingAtFirstLine('after') });
    assert.deepEqual([said.signal, named(said)], ['SIGKILL', [3, 4]]);
    const last = await workdir.run(push);
    assert.deepEqual(named(last), [3, 4], last.stdout + last.stderr);
    assert.equal(platform.stored.filter(({ CustomerId }) => CustomerId === 3).length, times);
    assert.partialDeepStrictEqual(last.summary, {
      read: 6,
      accepted: operation === 'person' ? 6 : 4,
      uncertain: operation === 'person' ? 0 : 2,
      remaining: 0,
    });
  });
}

test('a refused second attempt does not make a row certain that was in flight before: the next run names it again', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url, 'person');
  await diesInFlight(workdir, platform);
  platform.answer = () => ({ status: 401 });
  const refused = await workdir.run(push);
  assert.deepEqual([refused.status, named(refused)], [4, [3, 4]], refused.stdout + refused.stderr);
  assert.partialDeepStrictEqual(refused.summary, { read: 6, accepted: 2, uncertain: 2, remaining: 2 });
  platform.answer = () => ({});
  const last = await workdir.run(push);
  assert.deepEqual(named(last), [3, 4], last.stdout + last.stderr);
  assert.partialDeepStrictEqual(last.summary, { read: 6, accepted: 6, remaining: 0, exit: 0 });
});
