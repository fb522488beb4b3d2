/** A journal that a disk, a crash or a hand has changed somewhere is told by name, or it serves; no other error ever comes of it. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { explanationOf } from '../../src/codes.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { UserError } from '../../src/model/fault.ts';
import { machine, push, request, temporaryFolder, workbench } from '../journal/workbench.ts';

const runs = 250;

test('random damage to a journal ends in a named error, or does no harm', async (t) => {
  const bench = workbench(t);
  const journal = bench.open();
  const run = journal.begin(push, request({ operations: ['a', 'b'] }));
  const load = run.loads[0]?.load.id ?? 0;
  for (let step = 1; step <= 8; step++)
    await run.record([{ load, entry: step % 2, to: 'accepted', ranges: [[step * 10, step * 10 + 9]] }]);
  run.end({ exit: 5, totals: { read: 100 } });
  journal.close();
  const whole = readFileSync(bench.path);
  const folder = join(temporaryFolder(t), 'state');
  const codes = new Set<string>();
  let served = 0;

  const use = async (): Promise<void> => {
    const opened = openJournal(folder, { surroundings: machine({ pid: 7 }) });
    try {
      for (const { id } of opened.runs()) opened.run(id);
      opened.plan(request({ operations: ['a', 'b'] }));
      opened.lastComplete('raptor:12345:ab12', { mapping: 'mapping-1' });
      const next = opened.begin(push, request({ operations: ['a', 'b'] }));
      await next.record([{ load: next.loads[0]?.load.id ?? 0, entry: 0, to: 'accepted', ranges: [[1, 2]] }]);
      next.end({ exit: 0, totals: null });
    } finally {
      opened.close();
    }
  };

  const change = fc.oneof(
    fc.record({ at: fc.nat(whole.length - 1), by: fc.uint8Array({ minLength: 1, maxLength: 8 }) }),
    // Where the records are: text among pages of zeros.
    fc.record({
      at: fc.constantFrom(...[...whole.keys()].filter((index) => (whole[index] ?? 0) > 31)),
      by: fc.uint8Array({ minLength: 1, maxLength: 3 }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), fc.boolean(), async (changes, cut) => {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
      const damaged = Buffer.from(whole);
      for (const { at, by } of changes) damaged.set(by.subarray(0, damaged.length - at), at);
      writeFileSync(join(folder, 'journal.db'), cut ? damaged.subarray(0, changes[0]?.at) : damaged);
      try {
        await use();
        served++;
      } catch (error) {
        assert.ok(error instanceof UserError, `${error instanceof Error ? error.stack : error}`);
        assert.ok(explanationOf(error.code) !== undefined && (error.hint ?? '') !== '', error.message);
        codes.add(error.code);
      }
    }),
    { numRuns: runs },
  );
  assert.ok(served > 0 && codes.has('journal-corrupt'), `${served} served, ${[...codes].join()}`);
});
