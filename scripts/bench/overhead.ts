import { join } from 'node:path';
import { costInWords, costOf, type Figure, interleaved, isNothing, isWithin, least, pairs } from './figure.ts';
import { measure } from './measure.ts';
import { binary, script } from './stage.ts';

/** What `one-load.ts` says. */
interface Said {
  readonly seconds: number;
  readonly accepted: number;
  readonly requests: number;
  readonly bytes: number;
  readonly commits: number;
}

/** A cost so small that one pair differs by several times as much from the next. */
const manyPairs = 31;

export const journal: Figure = {
  name: 'journal',
  title: 'What the journal costs',
  about:
    'One load put together from the library, once with the journal and once with its counterpart in memory, which folds the same events into the same sets and writes nothing: no SQLite, no commit, no lock, no wait for the disk. Garbage is collected as the command line has it. Timed is the run itself, in turn; the cost is the median of the ratios of neighbours; in brackets the range that holds the true one 97 times of 100.',
  async run({ work, nginx, rows, full, file, freshState }) {
    const csv = await file('csv', rows);
    let commits = 0;
    const once = async (book: 'journal' | 'memory') => {
      await nginx.settled();
      nginx.taken();
      const { stdout } = await measure(process.execPath, [script('one-load.ts'), csv, book, freshState()], {
        cwd: work,
      });
      const said = JSON.parse(stdout) as Said;
      await nginx.settled();
      const taken = nginx.taken();
      if (said.accepted !== rows || taken.requests !== said.requests || taken.bytes !== said.bytes)
        throw new Error(`${book}: ${JSON.stringify({ said, taken })}`);
      commits = Math.max(commits, said.commits);
      return said.seconds;
    };
    const runs = await interleaved(full ? manyPairs : pairs, {
      journal: () => once('journal'),
      memory: () => once('memory'),
    });
    const cost = costOf(runs.journal, runs.memory);
    return [
      {
        what: `${runs.journal.length} times with the journal, ${least(runs.journal).toFixed(2)} s at best (up to ${commits} commits), and without, ${least(runs.memory).toFixed(2)} s`,
        value: costInWords(cost),
        goal: '≤ 3 %',
        reached: isWithin(cost, 3),
      },
    ];
  },
};

export const progress: Figure = {
  name: 'progress',
  title: 'What progress and reports cost',
  about:
    '`push` with its bar on a terminal (a pty by `script`) to `push --quiet` on the same, and `validate --report` to `validate`, thirteen times in turn; the cost as above. "Not measurable": it may as well be nothing, and is not more than 5 %.',
  async run({ work, rows, file, load, freshState }) {
    const csv = await file('csv', rows);
    const onTerminal = async (...flags: string[]) => {
      const words = [process.execPath, binary, 'push', csv, '-t', 'stream', '--state-dir', freshState(), ...flags];
      const { seconds, status, stdout } = await measure('/usr/bin/script', ['-qec', words.join(' '), '/dev/null'], {
        cwd: work,
      });
      if (status !== 0) throw new Error(`on a terminal: exit ${status}`);
      if ((flags.length === 0) !== stdout.includes('rows/s')) throw new Error('the bar is not where it should be');
      return seconds;
    };
    const validate = async (...flags: string[]) => (await load('validate', csv, rows, { flags })).seconds;
    const runs = await interleaved(pairs, {
      bar: () => onTerminal(),
      quiet: () => onTerminal('--quiet'),
      report: () => validate('--report', join(work, 'page.html')),
      plain: () => validate(),
    });
    const line = (what: string, ...[dear, plain]: Parameters<typeof costOf>) => {
      const cost = costOf(dear, plain);
      return { what, value: costInWords(cost), goal: 'not measurable', reached: isNothing(cost) };
    };
    return [
      line('the bar, to --quiet', runs.bar, runs.quiet),
      line('`validate --report`, to none', runs.report, runs.plain),
    ];
  },
};
