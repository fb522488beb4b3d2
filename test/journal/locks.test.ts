import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { heartbeatMs, judge, silenceMs, systemSurroundings } from '../../src/journal/holder.ts';
import { failure, input, machine, push, request, start, workbench } from './workbench.ts';

test('a second run of the same load is refused with exit 6 and told who holds it', (t) => {
  const bench = workbench(t);
  const first = bench.open({ surroundings: machine({ pid: 41 }) }).begin(push, request());
  bench.now += 5000;
  const second = bench.open({ surroundings: machine({ pid: 42 }, { 41: '1000' }) });
  assert.throws(
    () => second.begin(push, request()),
    (error) => {
      failure(
        'load-held',
        new RegExp(`run ${first.id} \\(process 41 on alpha, since 2026-11-21T03:00:00.000Z\\)`),
      )(error);
      return error instanceof Error && 'exit' in error && error.exit === 6;
    },
  );
});

test('of the loads of a run either all are taken or none', (t) => {
  const bench = workbench(t);
  const files = ['/a', '/b', '/c'].map((path) => input(path));
  bench.open({ surroundings: machine({ pid: 41 }) }).begin(push, request({ inputs: files.slice(1, 2) }));
  const around = machine({ pid: 42 }, { 41: '1000' });
  const second = bench.open({ surroundings: around });
  assert.throws(() => second.begin(push, request({ inputs: files })), failure('load-held', /^\/b /));
  assert.equal(second.runs().length, 1);
  second.begin(push, request({ inputs: files.slice(0, 1) }));
});

for (const [claim, alive] of [
  ['the load of a dead process is taken over', {}],
  ['the load of a process whose number was given to another is taken over', { 41: '2000' }],
] as const) {
  test(claim, (t) => {
    const bench = workbench(t);
    bench.open({ surroundings: machine({ pid: 41 }) }).begin(push, request());
    const second = bench.open({ surroundings: machine({ pid: 42 }, alive) }).begin(push, request());
    assert.equal(second.loads.length, 1);
  });
}

for (const [claim, self] of [
  ['another host', { host: 'beta' }],
  ['another container of the same name', { place: 'boot-1 pid:[2]' }],
] as const) {
  test(`a load held on ${claim} is taken over only two minutes after its last sign of life`, async (t) => {
    const bench = workbench(t);
    const first = bench.open({ surroundings: machine({ pid: 41 }) }).begin(push, request());
    const second = bench.open({ surroundings: machine({ pid: 42, ...self }) });
    bench.now = start + 60_000;
    first.renew();
    await first.record([]);
    bench.now = start + 60_000 + silenceMs;
    assert.throws(() => second.begin(push, request()), failure('load-held', /after 2026-11-21T03:03:00.000Z/));
    bench.now += 1;
    second.begin(push, request());
    await assert.rejects(first.record([]), failure('journal-fenced', new RegExp(first.id)));
  });
}

test('a run gives a sign of life every ten seconds, for as long as it lasts', async (t) => {
  const bench = workbench(t);
  const beats: { ms: number; work: () => void; stopped: boolean }[] = [];
  const every = (ms: number, work: () => void) => {
    const beat = { ms, work, stopped: false };
    beats.push(beat);
    return () => {
      beat.stopped = true;
    };
  };
  const run = bench.open({ every, surroundings: machine({ pid: 41 }) }).begin(push, request());
  const [beat] = beats;
  assert.equal(beat?.ms, heartbeatMs);
  bench.now += silenceMs;
  beat?.work();
  await run.record([]);
  bench.now += silenceMs;
  const elsewhere = bench.open({ surroundings: machine({ host: 'beta' }) });
  assert.throws(() => elsewhere.begin(push, request()), failure('load-held'));
  run.end({ exit: 0, totals: {} });
  assert.equal(beat?.stopped, true);
  elsewhere.begin(push, request());
});

test('a run whose load was taken over writes nothing more, not even its end', async (t) => {
  const bench = workbench(t);
  const inputs = [input('/a'), input('/b')];
  const first = bench.open({ surroundings: machine({ pid: 41 }) }).begin(push, request({ inputs }));
  const [a, b] = first.loads.map(({ load }) => load.id);
  await first.record([{ load: a ?? 0, entry: 0, to: 'sending', ranges: [[1, 3]] }]);
  // Only one of its two loads is taken, and that ends it for both.
  const second = bench
    .open({ surroundings: machine({ pid: 42 }) })
    .begin(push, request({ inputs: inputs.slice(0, 1) }));
  await assert.rejects(
    first.record([{ load: b ?? 0, entry: 0, to: 'accepted', ranges: [[1, 3]] }]),
    failure('journal-fenced'),
  );
  await assert.rejects(first.record([]), failure('journal-fenced'));
  assert.throws(() => first.end({ exit: 0, totals: {} }), failure('journal-fenced'));
  await second.record([{ load: a ?? 0, entry: 0, to: 'accepted', ranges: [[1, 3]] }]);
  const report = bench.open().run(first.id);
  assert.equal(report.outcome, 'crashed');
  assert.deepEqual(
    report.loads.map(({ counts }) => counts.accepted),
    [3, 0],
  );
});

test('a run whose load was taken over cannot even say how it ended', (t) => {
  const bench = workbench(t);
  const first = bench.open({ surroundings: machine({ pid: 41 }) }).begin(push, request());
  bench.open({ surroundings: machine({ pid: 42 }) }).begin(push, request());
  assert.throws(() => first.end({ exit: 0, totals: {} }), failure('journal-fenced'));
  assert.equal(bench.open().run(first.id).outcome, 'crashed');
});

test('a killed process that nobody has waited for is gone', {
  skip: !existsSync('/proc/self/stat') && 'this system has no /proc',
}, async (t) => {
  const parent = spawn('sh', ['-c', 'true & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(() => parent.kill('SIGKILL'));
  const [said] = await once(parent.stdout, 'data');
  const pid = Number(String(said));
  const stat = () => (existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : 'gone');
  while (!/\) Z|^gone/.test(stat())) await setImmediate();
  assert.equal(systemSurroundings().processStart(pid), undefined);
});

test('this system tells its own process from one that is gone, and from one that only took its number', async (t) => {
  const around = systemSurroundings();
  const now = Date.now();
  assert.deepEqual(judge({ ...around.self, heartbeat: 0 }, around, now), { gone: false });
  if (around.self.processStart === '') return t.skip('this system does not tell when a process started');
  assert.deepEqual(judge({ ...around.self, processStart: '1', heartbeat: now }, around, now), { gone: true });
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const pid = child.pid ?? 0;
  const processStart = around.processStart(pid) ?? '';
  assert.match(processStart, /^\d+$/);
  const holder = { ...around.self, pid, processStart, heartbeat: now };
  assert.deepEqual(judge(holder, around, now), { gone: false });
  child.kill('SIGKILL');
  await once(child, 'exit');
  return assert.deepEqual(judge(holder, around, now), { gone: true });
});
