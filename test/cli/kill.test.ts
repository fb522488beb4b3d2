import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { seededRandom } from '../../src/sandbox/faults.ts';
import { namedInFlight } from '../support/in-flight.ts';
import { startSink } from '../support/sink.ts';
import { createWorkdir, peopleCsv, writeStreamSetup } from '../support/workdir.ts';

// More than all the killed runs together get through.
const rows = 90_000;
const kills = 20;
/** Items a request, and requests in flight, at which a thread of its own sends. */
const [few, many] = [50, 16];

for (const operation of ['person', 'interaction'] as const) {
  test(`${operation}: killed ${kills} times at random and started again, from one thread or from two, every row arrives and only named ones twice`, async (t) => {
    const random = seededRandom(operation === 'person' ? 7 : 11);
    const workdir = createWorkdir(t);
    let onRequest = () => {};
    const sink = await startSink({
      onRequest: () => onRequest(),
      delay: () => 5 + random() * 40,
      status: () => (operation === 'person' && random() < 0.1 ? 503 : 200),
    });
    t.after(() => sink.close());
    writeStreamSetup(workdir, sink.url, operation);
    const people = peopleCsv(rows);
    workdir.file('people.csv', people);
    const push = ['push', 'people.csv', '--target', 'stream', '--json'];
    const args = [...push, '--chunk-size', '100'];
    const fromThread = [...push, '--chunk-size', `${few}`, '--concurrency', `${many}`];

    const named = new Set<number>();
    let killed = 0;
    /** Of the runs that were killed, those that had a thread beside the main one, as Linux tells: attempts by number. */
    const threaded: number[] = [];
    for (let attempt = 0; attempt < kills; attempt++) {
      // Every second time from a thread of its own.
      const { child, done } = workdir.start(attempt % 2 === 0 ? args : fromThread);
      // After so many requests, and then anywhere in an exchange: how long a start takes is the machine's business.
      let left = 1 + Math.floor(random() * 12);
      onRequest = () => {
        left -= 1;
        if (left !== 0) return;
        if (hasThreads(child.pid)) threaded.push(attempt);
        setTimeout(() => child.kill('SIGKILL'), random() * 40);
      };
      const ran = await done;
      if (ran.signal === 'SIGKILL') killed += 1;
      else assert.ok(ran.status === 0 || ran.status === 1, `attempt ${attempt}: exit ${ran.status}`);
      for (const record of namedInFlight(ran.events)) named.add(record);
    }
    const last = await workdir.run(args);
    for (const record of namedInFlight(last.events)) named.add(record);

    assert.ok(killed >= 10, `only ${killed} were killed: the test would prove nothing`);
    if (process.platform === 'linux' && availableParallelism() > 1) {
      assert.ok(threaded.length >= kills / 4, `only ${threaded.length} sent from a thread: the test would prove less`);
      assert.ok(threaded.every((attempt) => attempt % 2 === 1));
    }
    assert.ok(named.size > 0, 'no kill met a request in flight: the test would prove nothing');
    assert.ok(sink.stored.size > 0);
    const doubles = [...sink.stored].filter(([, times]) => times > 1).map(([id]) => Number(id));
    for (const id of doubles) assert.ok(named.has(id), `record ${id} came twice and was never named as in flight`);
    if (operation === 'person') {
      assert.equal(sink.stored.size, rows);
      assert.partialDeepStrictEqual(last.summary, {
        event: 'summary',
        read: rows,
        accepted: rows,
        remaining: 0,
        exit: 0,
      });
    } else {
      assert.deepEqual(doubles, []);
      const missing = Array.from({ length: rows }, (_, index) => index + 1).filter(
        (id) => !sink.stored.has(String(id)),
      );
      for (const id of missing) assert.ok(named.has(id), `record ${id} is missing and was never named`);
      assert.partialDeepStrictEqual(last.summary, {
        event: 'summary',
        read: rows,
        uncertain: named.size,
        remaining: 0,
        exit: 1,
      });
    }

    const requests = sink.requests;
    const again = await workdir.run(args);
    assert.equal(again.status, 0, again.stderr);
    assert.equal(sink.requests, requests, 'a complete load was sent again');
    assert.equal((again.summary['alreadyLoaded'] as unknown[]).length, 1);
  });
}

function hasThreads(pid: number | undefined): boolean {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return false;
  return readdirSync(tasks).some((task) => readFileSync(`${tasks}/${task}/comm`, 'utf8').startsWith('WorkerThread'));
}
