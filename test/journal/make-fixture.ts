/**
 * Makes `fixtures/journal/v<version>.db` with today's code: to be run once for each release that changes the schema, never
 * again for an older one (`node test/journal/make-fixture.ts`).
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournal } from '../../src/journal/journal.ts';
import { schemaSteps } from '../../src/journal/schema.ts';
import { input, machine, push, request, start } from './workbench.ts';

const fixture = new URL(`../../fixtures/journal/v${schemaSteps.length}.db`, import.meta.url).pathname;
if (existsSync(fixture)) throw new Error(`${fixture} is there already; remove it first if it was never released`);
const folder = mkdtempSync(join(tmpdir(), 'journal-fixture-'));
let random = 0;
const options = { now: () => start, surroundings: machine(), every: () => () => {} };
const journal = openJournal(folder, {
  ...options,
  random: () => {
    random += 1;
    return random / 100;
  },
});

// A complete load, and one that was killed at work.
const complete = journal.begin(push, request({ inputs: [input('/data/done.csv')] }));
const done = complete.loads[0]?.load.id ?? 0;
await complete.record(
  [
    { load: done, entry: 0, to: 'accepted', ranges: [[1, 8]] },
    { load: done, entry: 0, to: 'rejected', ranges: [[9, 9]] },
    { load: done, entry: 0, to: 'skipped', ranges: [[10, 10]] },
  ],
  [{ load: done, entry: 0, record: 1, value: 'receipt-1' }],
);
await complete.finishReading(done, 10);
complete.end({ exit: 1, totals: { read: 10, accepted: 8 } });

const killed = journal.begin(push, request());
const open = killed.loads[0]?.load.id ?? 0;
await killed.checkpoint(open, { record: 1, byte: 20, line: 2 });
await killed.checkpoint(open, { record: 101, byte: 4020, line: 102 });
await killed.record([{ load: open, entry: 0, to: 'sending', ranges: [[1, 150]] }]);
await killed.record([
  {
    load: open,
    entry: 0,
    to: 'accepted',
    ranges: [
      [1, 120],
      [131, 140],
    ],
  },
]);
journal.close();

mkdirSync(join(fixture, '..'), { recursive: true });
copyFileSync(join(folder, 'journal.db'), fixture);
rmSync(folder, { recursive: true });
