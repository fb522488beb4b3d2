/** Several runs at one load, locks of the dead and of the distant, clocks that jump, ten thousand files, two million rows. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { finished } from 'node:stream/promises';
import { test } from 'node:test';
import { startSink } from '../support/sink.ts';
import { createWorkdir, writeStreamSetup } from '../support/workdir.ts';
import { sceneNamed } from './scenes.ts';
import { createStage, type Stage } from './stage.ts';

const scene = sceneNamed('raptor person');

/** A run that stands still with its first request unanswered, and holds its load. */
async function standing(stage: Stage) {
  let arrived = () => {};
  const came = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  let goOn = () => {};
  const released = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  stage.at('after storing', 1, () => {
    arrived();
    return released;
  });
  const started = stage.workdir.start(stage.args);
  await came;
  return { ...started, goOn };
}

test('a second run of the same load is refused and told who holds it; the first completes', async (t) => {
  const stage = await createStage(t, scene);
  const first = await standing(stage);
  const second = await stage.workdir.run(stage.args);
  assert.equal(second.status, 6, second.stdout + second.stderr);
  assert.match(String(second.summary['message']), new RegExp(`process ${first.child.pid} on `));
  first.goOn();
  const ran = await first.done;
  assert.equal(ran.status, 0, ran.stdout + ran.stderr);
  assert.deepEqual(new Set(stage.arrivals().values()), new Set([1]));
});

test('the lock of a dead process is taken over at once; one of another host is waited for until it has been silent long enough', async (t) => {
  const stage = await createStage(t, scene);
  const first = await standing(stage);
  first.child.kill('SIGKILL');
  first.goOn();
  await first.done;

  const database = new DatabaseSync(join(stage.workdir.path, '.cdp-load', 'journal.db'));
  t.after(() => database.close());
  const lease = database.prepare('SELECT host, place FROM leases').get() as { host: string; place: string };
  database.prepare("UPDATE leases SET host = 'elsewhere', place = 'elsewhere', heartbeat = ?").run(Date.now());
  const refused = await stage.workdir.run(stage.args);
  assert.equal(refused.status, 6, refused.stdout + refused.stderr);
  assert.match(String(refused.summary['message']), /on elsewhere/);
  assert.match(String(refused.summary['hint']), /taken over after/);

  database.prepare('UPDATE leases SET host = ?, place = ?').run(lease.host, lease.place);
  const taken = await stage.workdir.run(stage.args);
  assert.equal(taken.status, 0, taken.stdout + taken.stderr);
  assert.equal(scene.holds(stage.emulator).size, scene.rows);
});

test('a run of another host that is taken over after its silence sends nothing more when it wakes', async (t) => {
  const stage = await createStage(t, sceneNamed('raptor interaction'), { flags: ['--concurrency', '1'] });
  const first = await standing(stage);
  const database = new DatabaseSync(join(stage.workdir.path, '.cdp-load', 'journal.db'));
  t.after(() => database.close());
  // As if it slept elsewhere for longer than two minutes.
  database
    .prepare("UPDATE leases SET host = 'elsewhere', place = 'elsewhere', heartbeat = ?")
    .run(Date.now() - 130_000);
  const taken = await stage.workdir.run(stage.args);
  assert.partialDeepStrictEqual(taken.summary, { accepted: 50, uncertain: 10, exit: 1 }, taken.stdout + taken.stderr);
  const { requests } = stage;
  first.goOn();
  const woken = await first.done;
  assert.equal(woken.status, 6, woken.stdout + woken.stderr);
  assert.partialDeepStrictEqual(woken.summary, { stopped: { code: 'journal-fenced' } }, woken.stdout);
  assert.equal(stage.requests, requests, 'the one that lost its load sent more');
  assert.deepEqual(new Set(stage.arrivals().values()), new Set([1]));
});

test('a clock that jumps to another year between two runs loses nothing and doubles nothing', async (t) => {
  const stage = await createStage(t, scene);
  const first = await standing(stage);
  first.child.kill('SIGKILL');
  first.goOn();
  await first.done;
  for (const clock of ['-400d', '+400d']) {
    const ran = await stage.workdir.run(stage.args, { under: ['faketime', '-f', clock] });
    assert.equal(ran.status, 0, `${clock}: ${ran.stdout}${ran.stderr}`);
    const year = String(new Date().getFullYear());
    assert.ok(!String(ran.summary['run']).startsWith(year), `the clock did not jump: ${ran.summary['run']}`);
  }
  assert.deepEqual(new Set(scene.holds(stage.emulator).values()), new Set([1]));
  const twice = [...stage.arrivals().values()].filter((times) => times > 1).length;
  assert.equal(twice, 10, 'the chunk in flight, and no other');
});

test('ten thousand small files go in one load, and a second time nothing', async (t) => {
  const workdir = createWorkdir(t);
  const sink = await startSink();
  t.after(() => sink.close());
  writeStreamSetup(workdir, sink.url);
  mkdirSync(join(workdir.path, 'in'));
  const names = Array.from({ length: 10_000 }, (_, index) => `in/f${index}.csv`);
  for (const [index, name] of names.entries()) {
    const ids = [0, 1, 2].map((row) => index * 3 + row + 1);
    writeFileSync(
      join(workdir.path, name),
      `customer_id,email\n${ids.map((id) => `${id},p${id}@example.com\n`).join('')}`,
    );
  }
  const args = ['push', ...names, '--target', 'stream', '--json'];
  const startedAt = performance.now();
  const { child, done } = workdir.start(args);
  const watched = watch(child.pid ?? 0);
  const ran = await done;
  const { peakMB } = watched.end();
  assert.equal(ran.status, 0, ran.stderr.slice(-2000));
  assert.partialDeepStrictEqual(ran.summary, { read: 30_000, accepted: 30_000, remaining: 0 });
  assert.equal(sink.stored.size, 30_000);
  assert.ok(peakMB < 600, `${peakMB} MB`);
  const { requests } = sink;
  const again = await workdir.run(args);
  assert.equal(again.status, 0, again.stderr.slice(-2000));
  assert.equal(sink.requests, requests);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  t.diagnostic(
    `both in ${seconds} s, ${ran.summary['seconds']} s of it loading, ${peakMB.toFixed(0)} MB at most, ${requests} requests`,
  );
});

test('two million rows at a heap of 96 MB: memory and open files stay flat', async (t) => {
  const rows = 2_000_000;
  const workdir = createWorkdir(t);
  const sink = await startSink();
  t.after(() => sink.close());
  writeStreamSetup(workdir, sink.url);
  const file = createWriteStream(join(workdir.path, 'people.csv'));
  file.write('customer_id,email\n');
  for (let from = 1; from <= rows; from += 50_000) {
    const lines = Array.from({ length: 50_000 }, (_, index) => `${from + index},p${from + index}@example.com\n`);
    if (!file.write(lines.join(''))) await once(file, 'drain');
  }
  file.end();
  await finished(file);
  const { child, done } = workdir.start(['push', 'people.csv', '--target', 'stream', '--json'], {
    node: ['--max-old-space-size=96'],
  });
  const watched = watch(child.pid ?? 0);
  const ran = await done;
  const { samples } = watched.end();
  assert.equal(ran.status, 0, ran.stderr.slice(-2000));
  assert.partialDeepStrictEqual(ran.summary, { read: rows, accepted: rows, remaining: 0 });
  assert.equal(sink.stored.size, rows);
  assert.ok(samples.length >= 12, `only ${samples.length} samples`);
  // The first third warms up.
  const third = Math.floor(samples.length / 3);
  const middle = samples.slice(third, 2 * third);
  const last = samples.slice(2 * third);
  const mean = (of: typeof samples, key: 'rssMB' | 'files') => of.reduce((sum, one) => sum + one[key], 0) / of.length;
  const growthMB = mean(last, 'rssMB') - mean(middle, 'rssMB');
  const growthFiles = mean(last, 'files') - mean(middle, 'files');
  const perMillion = (slopeOf(samples.slice(third).map(({ rssMB }) => rssMB)) * samples.length) / (rows / 1e6);
  t.diagnostic(
    `${ran.summary['seconds']} s; from the middle to the last third ${growthMB.toFixed(1)} MB of ${mean(middle, 'rssMB').toFixed(0)}, ${growthFiles.toFixed(1)} files of ${mean(middle, 'files').toFixed(0)}; slope ${perMillion.toFixed(1)} MB a million rows`,
  );
  assert.ok(growthMB < 40, `memory grew by ${growthMB} MB`);
  assert.ok(Math.abs(growthFiles) < 5, `open files changed by ${growthFiles}`);
});

/** Of the line through the values, by least squares: growth from one to the next. */
function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let above = 0;
  let below = 0;
  for (const [at, value] of values.entries()) {
    above += (at - middle) * (value - mean);
    below += (at - middle) ** 2;
  }
  return above / below;
}

/** Looks at a process five times a second. */
function watch(pid: number) {
  const samples: { rssMB: number; files: number }[] = [];
  const timer = setInterval(() => {
    try {
      const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      if (rss !== undefined) samples.push({ rssMB: Number(rss) / 1024, files: readdirSync(`/proc/${pid}/fd`).length });
    } catch {
      // It has ended.
    }
  }, 200);
  return {
    end() {
      clearInterval(timer);
      return { samples, peakMB: Math.max(...samples.map(({ rssMB }) => rssMB)) };
    },
  };
}
