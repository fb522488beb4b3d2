import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { openJournal } from '../../src/journal/journal.ts';
import { failure, push, request, temporaryFolder } from './workbench.ts';

/** Starts the child, and kills it when it has said `lines` lines, plus a little. Gives the last record it said was on disk. */
async function killedAfter(folder: string, lines: number, meanwhile: () => void = () => {}): Promise<number> {
  const child = spawn(process.execPath, [new URL('crash-child.ts', import.meta.url).pathname, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = 0;
  let last = 0;
  let killed = false;
  for await (const line of createInterface({ input: child.stdout })) {
    said += 1;
    last = Number(line.split(' ')[1]);
    if (said === 1) meanwhile();
    if (said < lines || killed) continue;
    killed = true;
    child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  assert.equal(child.signalCode, 'SIGKILL');
  return last;
}

test('after kill -9 at any moment all that was said to be on disk is there, and one record at most is in doubt', async (t) => {
  const folder = temporaryFolder(t);
  for (let round = 0; round < 5; round += 1) {
    const said = await killedAfter(folder, 8 + round * 13);
    const journal = openJournal(folder);
    const [decision] = journal.plan(request());
    assert.ok(decision?.kind === 'resume');
    const [sets] = decision.state.entries;
    assert.ok(sets !== undefined);
    const settled = sets.accepted.union(sets.uncertain);
    assert.ok(
      settled.last !== undefined && settled.last >= said && settled.last <= said + 1,
      `${settled} after ${said}`,
    );
    assert.equal(settled.rangeCount, 1, 'nothing is missing in between');
    assert.equal(settled.first, 1);
    // Each life leaves at most one record in flight, and the next one names it.
    assert.ok(sets.uncertain.size <= round);
    assert.ok(sets.sending.size <= 1);
    assert.ok((sets.sending.first ?? settled.last + 1) === settled.last + 1);
    journal.close();
  }
});

test('while a process holds a load another is refused, and once it was killed takes over', async (t) => {
  const folder = temporaryFolder(t);
  let refused = false;
  await killedAfter(folder, 5, () => {
    const journal = openJournal(folder);
    assert.throws(() => journal.begin(push, request()), failure('load-held', /process \d+ on /));
    journal.close();
    refused = true;
  });
  assert.ok(refused);
  const journal = openJournal(folder);
  const run = journal.begin(push, request());
  assert.equal(run.decisions[0]?.kind, 'resume');
  run.end({ exit: 0, totals: {} });
  journal.close();
});
