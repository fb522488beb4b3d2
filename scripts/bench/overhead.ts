import { join } from 'node:path';
import { type Figure, interleaved, least } from './figure.ts';
import { measure } from './measure.ts';
import { binary, script } from './stage.ts';

export const journal: Figure = {
  name: 'journal',
  title: 'What the journal costs',
  about:
    'One load put together from the library, once with the journal and once with its counterpart in memory, which folds the same events into the same sets and writes nothing: no SQLite, no commit, no lock, no wait for the disk. Timed is the run itself, in turn, best of each.',
  async run({ work, nginx, rows, rounds, file, freshState }) {
    const csv = await file('csv', rows);
    const once = async (book: 'journal' | 'memory') => {
      await nginx.settled();
      nginx.taken();
      const { stdout } = await measure(process.execPath, [script('one-load.ts'), csv, book, freshState()], {
        cwd: work,
      });
      const said = JSON.parse(stdout) as { seconds: number; accepted: number; requests: number; bytes: number };
      await nginx.settled();
      const taken = nginx.taken();
      if (said.accepted !== rows || taken.requests !== said.requests || taken.bytes !== said.bytes)
        throw new Error(`${book}: ${JSON.stringify({ said, taken })}`);
      return said.seconds;
    };
    const runs = await interleaved(rounds, { journal: () => once('journal'), memory: () => once('memory') });
    const cost = (least(runs.journal) / least(runs.memory) - 1) * 100;
    return [
      {
        what: `with the journal ${least(runs.journal).toFixed(2)} s, without ${least(runs.memory).toFixed(2)} s`,
        value: signed(cost),
        goal: '≤ 3 %',
        reached: cost <= 3,
      },
    ];
  },
};

export const progress: Figure = {
  name: 'progress',
  title: 'What progress and reports cost',
  about:
    '`push` with its bar on a terminal (a pty by `script`) to `push --quiet` on the same, and `validate --report` to `validate`; best of each. "Not measurable" is taken as 2 %.',
  async run({ work, rows, rounds, file, load, freshState }) {
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
    const runs = await interleaved(rounds, {
      bar: () => onTerminal(),
      quiet: () => onTerminal('--quiet'),
      report: async () => (await load('validate', csv, rows, { flags: ['--report', join(work, 'page.html')] })).seconds,
      plain: async () => (await load('validate', csv, rows)).seconds,
    });
    const line = (what: string, withIt: readonly number[], without: readonly number[]) => {
      const cost = (least(withIt) / least(without) - 1) * 100;
      return { what, value: signed(cost), goal: 'not measurable', reached: cost <= 2 };
    };
    return [
      line('the bar, to --quiet', runs.bar, runs.quiet),
      line('`validate --report`, to none', runs.report, runs.plain),
    ];
  },
};

const signed = (percent: number): string => `${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(1)} %`;
