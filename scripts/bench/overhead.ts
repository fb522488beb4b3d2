import { join } from 'node:path';
import { costInWords, costOf, type Figure, interleaved, least } from './figure.ts';
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

/** Each of them some seconds long: fewer say more of the machine than of the program. */
const pairs = 9;

export const journal: Figure = {
  name: 'journal',
  title: 'What the journal costs',
  about:
    'One load put together from the library, once with the journal and once with its counterpart in memory, which folds the same events into the same sets and writes nothing: no SQLite, no commit, no lock, no wait for the disk. Timed is the run itself, nine times in turn; the cost is the median of the ratios of neighbours.',
  async run({ work, nginx, rows, file, freshState }) {
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
    const runs = await interleaved(pairs, {
      journal: () => once('journal'),
      memory: () => once('memory'),
      again: () => once('memory'),
    });
    const cost = costOf(runs.journal, runs.memory, runs.again);
    return [
      {
        what: `with the journal ${least(runs.journal).toFixed(2)} s at best (up to ${commits} commits), without ${least(runs.memory).toFixed(2)} s`,
        value: costInWords(cost),
        goal: '≤ 3 %',
        reached: cost.percent <= 3,
      },
    ];
  },
};

export const progress: Figure = {
  name: 'progress',
  title: 'What progress and reports cost',
  about:
    '`push` with its bar on a terminal (a pty by `script`) to `push --quiet` on the same, and `validate --report` to `validate`, nine times in turn; the cost is the median of the ratios of neighbours. "Not measurable": not more than two equal runs differ.',
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
      quietAgain: () => onTerminal('--quiet'),
      report: () => validate('--report', join(work, 'page.html')),
      plain: () => validate(),
      plainAgain: () => validate(),
    });
    const line = (what: string, ...[dear, plain, again]: Parameters<typeof costOf>) => {
      const cost = costOf(dear, plain, again);
      return { what, value: costInWords(cost), goal: 'not measurable', reached: cost.percent <= cost.noise };
    };
    return [
      line('the bar, to --quiet', runs.bar, runs.quiet, runs.quietAgain),
      line('`validate --report`, to none', runs.report, runs.plain, runs.plainAgain),
    ];
  },
};
