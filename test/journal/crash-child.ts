/** Loads for ever, one record after the other, and says on stdout what is on disk. To be killed by its parent. */
import { writeSync } from 'node:fs';
import { openJournal } from '../../src/journal/journal.ts';
import { push, request } from './workbench.ts';

const run = openJournal(process.argv[2] ?? '').begin(push, request());
const load = run.loads[0]?.load.id ?? 0;
await run.recover(load, [false]);
const [first = 1] = [run.resumePoint(load).firstUnsettled];
writeSync(1, `begun ${first - 1}\n`);
// Seven apart, so that each record is a range of its own and a commit has some pages to write.
for (let record = first; ; record += 1) {
  const ranges: [number, number][] = [[record, record]];
  await run.record([{ load, entry: 0, to: 'sending', ranges }]);
  await run.record(
    [{ load, entry: 0, to: 'accepted', ranges }],
    [{ load, entry: 0, record, value: `receipt-${record}`.repeat(50) }],
  );
  writeSync(1, `accepted ${record}\n`);
}
