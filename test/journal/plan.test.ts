import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Input } from '../../src/journal/loads.ts';
import type { PlanRequest } from '../../src/journal/plan.ts';
import { type Bench, destination, failure, input, machine, push, request, workbench } from './workbench.ts';

type Past = 'untouched' | 'rejected' | 'partly' | 'uncertain' | 'complete' | 'held';

/** One earlier load, left in the given state by a run that is over (or, `held`, at work). */
async function leave(bench: Bench, past: Past, change: Partial<PlanRequest>): Promise<void> {
  const held = past === 'held';
  const run = bench.open({ surroundings: machine({ pid: held ? 77 : 100 }) }).begin(push, request(change));
  const load = run.loads[0]?.load.id ?? 0;
  if (past === 'rejected') await run.record([{ load, entry: 0, to: 'rejected', ranges: [[1, 2]] }]);
  if (past === 'partly' || held) await run.record([{ load, entry: 0, to: 'accepted', ranges: [[1, 2]] }]);
  if (past === 'uncertain') await run.record([{ load, entry: 0, to: 'uncertain', ranges: [[2, 3]] }]);
  if (past === 'complete') {
    await run.record([{ load, entry: 0, to: 'accepted', ranges: [[1, 3]] }]);
    await run.finishReading(load, 3);
  }
  if (!held) run.end({ exit: 0, totals: {} });
  bench.now += 1000;
}

const file = '/data/people.csv';
const same = [input(file, 'monday', 100)];
const moved = [input('/data/renamed.csv', 'monday', 100)];
const other = (size: number, head: string): Input[] => [
  { path: file, fingerprint: { size, head: `head-${head}`, tail: 'tail-tuesday' } },
];
const otherMapping = { inputs: same, mapping: 'mapping-2' };

interface Case {
  readonly claim: string;
  readonly past: readonly (readonly [Past, Partial<PlanRequest>])[];
  readonly now: Partial<PlanRequest>;
  /** The kind of decision, or the code of the error and what it says. */
  readonly gives: string | readonly [code: string, says: RegExp];
  /** Loads given up for it. */
  readonly replaces?: number;
}

const monday = { inputs: same };
const cases: readonly Case[] = [
  { claim: 'an input never seen is new', past: [], now: monday, gives: 'new' },
  { claim: 'an unfinished load is resumed', past: [['partly', monday]], now: monday, gives: 'resume' },
  {
    claim: 'an unfinished load is resumed under another name',
    past: [['partly', monday]],
    now: { inputs: moved },
    gives: 'resume',
  },
  {
    claim: 'an unfinished load is started over on --restart',
    past: [['partly', monday]],
    now: { ...monday, restart: true },
    gives: 'new',
    replaces: 1,
  },
  {
    claim: 'a complete load is not loaded twice',
    past: [['complete', monday]],
    now: monday,
    gives: 'already-complete',
  },
  {
    claim: 'a complete load is not loaded twice under another name',
    past: [['complete', monday]],
    now: { inputs: moved },
    gives: 'already-complete',
  },
  {
    claim: '--restart does not touch a complete load',
    past: [['complete', monday]],
    now: { ...monday, restart: true },
    gives: 'already-complete',
  },
  {
    claim: '--again loads a complete one anew',
    past: [['complete', monday]],
    now: { ...monday, again: true },
    gives: 'new',
    replaces: 0,
  },
  {
    claim: '--again interrupted goes on with the new one',
    past: [
      ['complete', monday],
      ['partly', { ...monday, again: true }],
    ],
    now: { ...monday, again: true },
    gives: 'resume',
  },
  {
    claim: 'the same input into another target is new',
    past: [['complete', monday]],
    now: { ...monday, target: 'raptor:2' },
    gives: 'new',
  },
  {
    claim: 'a file that has grown is refused',
    past: [['partly', monday]],
    now: { inputs: other(150, 'monday') },
    gives: ['input-changed', /has grown from 100 to 150 bytes.*2 rows accepted.*--restart/],
  },
  {
    claim: 'a file that has shrunk is refused',
    past: [['partly', monday]],
    now: { inputs: other(50, 'monday') },
    gives: ['input-changed', /has shrunk from 100 to 50 bytes/],
  },
  {
    claim: 'a file that was replaced is refused',
    past: [['uncertain', monday]],
    now: { inputs: other(150, 'tuesday') },
    gives: ['input-changed', /has other content.*0 rows accepted, 2 uncertain/],
  },
  {
    claim: 'a file that was replaced is loaded on --restart',
    past: [['partly', monday]],
    now: { inputs: other(150, 'tuesday'), restart: true },
    gives: 'new',
    replaces: 1,
  },
  {
    claim: 'a file that was replaced after a complete load is new',
    past: [['complete', monday]],
    now: { inputs: other(150, 'tuesday') },
    gives: 'new',
    replaces: 0,
  },
  {
    claim: 'a file that was replaced is new when nothing of the old one was sent',
    past: [['untouched', monday]],
    now: { inputs: other(150, 'tuesday') },
    gives: 'new',
    replaces: 1,
  },
  {
    claim: 'a file that was replaced is new when all of the old one was rejected',
    past: [['rejected', monday]],
    now: { inputs: other(150, 'tuesday') },
    gives: 'new',
    replaces: 1,
  },
  {
    claim: 'a file that was replaced while its load is at work is refused as held',
    past: [['held', monday]],
    now: { inputs: other(150, 'tuesday') },
    gives: ['load-held', /process 77 on alpha/],
  },
  {
    claim: '--restart does not give up a load that is at work',
    past: [['held', monday]],
    now: { ...monday, restart: true },
    gives: ['load-held', /process 77 on alpha/],
  },
  {
    claim: 'another content on stdin is new',
    past: [['partly', { inputs: [input('-', 'monday')] }]],
    now: { inputs: [input('-', 'tuesday')] },
    gives: 'new',
    replaces: 0,
  },
  {
    claim: 'another content for other operations is new',
    past: [['partly', monday]],
    now: { inputs: other(150, 'tuesday'), mapping: 'mapping-2', operations: ['interaction'] },
    gives: 'new',
    replaces: 0,
  },
  {
    claim: 'a changed mapping under an unfinished load is refused',
    past: [['partly', monday]],
    now: otherMapping,
    gives: ['mapping-changed', /2 rows accepted.*--new-mapping.*--restart/],
  },
  {
    claim: 'a changed mapping is new when nothing was sent',
    past: [['untouched', monday]],
    now: otherMapping,
    gives: 'new',
    replaces: 1,
  },
  {
    claim: 'the rest goes out under the new mapping on --new-mapping',
    past: [['partly', monday]],
    now: { ...otherMapping, newMapping: true },
    gives: 'resume',
  },
  {
    claim: '--new-mapping alone does not accept a changed file',
    past: [['partly', monday]],
    now: { inputs: other(150, 'monday'), newMapping: true },
    gives: ['input-changed', /grown/],
  },
  {
    claim: 'all rows go out under the new mapping on --restart',
    past: [['partly', monday]],
    now: { ...otherMapping, restart: true },
    gives: 'new',
    replaces: 1,
  },
  {
    claim: 'another mapping for other operations is another job',
    past: [['partly', monday]],
    now: { ...otherMapping, operations: ['interaction'] },
    gives: 'new',
    replaces: 0,
  },
  {
    claim: 'another mapping after a complete load is new',
    past: [['complete', monday]],
    now: otherMapping,
    gives: 'new',
    replaces: 0,
  },
];

for (const { claim, past, now, gives, replaces } of cases) {
  test(claim, async (t) => {
    const bench = workbench(t);
    for (const [state, change] of past) await leave(bench, state, change);
    const journal = bench.open({ surroundings: machine({}, { 77: '1000' }) });
    if (typeof gives !== 'string') {
      assert.throws(() => journal.plan(request(now)), failure(...gives));
      assert.throws(() => journal.begin(push, request(now)), failure(...gives));
      assert.equal(journal.runs().length, past.length);
      return;
    }
    const [planned] = journal.plan(request(now));
    assert.equal(planned?.kind, gives);
    if (planned?.kind === 'new') assert.equal(planned.replaces.length, replaces ?? 0);
    const run = journal.begin(push, request(now));
    assert.equal(run.decisions[0]?.kind, gives);
    assert.equal(run.loads.length, gives === 'already-complete' ? 0 : 1);
  });
}

test('an abandoned load is never resumed, and its rows do not count for the new one', async (t) => {
  const bench = workbench(t);
  await leave(bench, 'partly', monday);
  const journal = bench.open();
  const run = journal.begin(push, request({ ...monday, restart: true }));
  assert.equal(run.counts(run.loads[0]?.load.id ?? 0, 3).open, 3);
  run.end({ exit: 130, totals: {} });
  const [decision] = journal.plan(request(monday));
  assert.ok(decision?.kind === 'resume' && decision.load.id === run.loads[0]?.load.id);
});

test('going on under a new mapping keeps state and identity, and needs no flag the next time', async (t) => {
  const bench = workbench(t);
  await leave(bench, 'partly', monday);
  const journal = bench.open();
  const [before] = journal.plan(request(monday));
  assert.ok(before?.kind === 'resume');
  const run = journal.begin(push, request({ ...otherMapping, newMapping: true }));
  assert.equal(run.loads[0]?.load.identity, before.load.identity);
  assert.equal(run.counts(before.load.id).accepted, 2);
  run.end({ exit: 5, totals: {} });
  const [after] = journal.plan(request(otherMapping));
  assert.ok(after?.kind === 'resume' && !after.remapped && after.counts.accepted === 2);
});

test('ids stay the same when an unfinished load is started over, and differ when a complete one is loaded again', async (t) => {
  const bench = workbench(t);
  const journal = bench.open();
  const identityOf = (change: Partial<PlanRequest>) => {
    const run = journal.begin(push, request({ ...monday, ...change }));
    run.end({ exit: 130, totals: {} });
    return run.loads[0]?.load.identity;
  };
  const first = identityOf({});
  assert.match(first ?? '', /^[0-9a-f]{64}$/);
  assert.equal(identityOf({ restart: true }), first);
  await leave(bench, 'complete', monday);
  assert.notEqual(identityOf({ again: true }), first);
  assert.notEqual(identityOf({ inputs: [input('/x')] }), first);
});

test('an input that was loaded by another mapping before is new, and says which', async (t) => {
  const bench = workbench(t);
  await leave(bench, 'complete', monday);
  const [decision] = bench.open().plan(request(otherMapping));
  assert.ok(decision?.kind === 'new');
  assert.equal(decision.priorMapping?.mapping, destination.mapping);
});

test('the same content twice in one run is loaded once', (t) => {
  const journal = workbench(t).open();
  const inputs = [input('/a', 'x'), input('/b', 'y'), input('/copy-of-a', 'x')];
  const run = journal.begin(push, request({ inputs }));
  assert.deepEqual(
    run.decisions.map((decision) => decision.kind),
    ['new', 'new', 'duplicate-of'],
  );
  const last = run.decisions[2];
  assert.ok(last?.kind === 'duplicate-of' && last.of === 0);
  assert.deepEqual(
    run.loads.map((load) => load.input),
    [0, 1],
  );
});
