import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Figure, interleaved, median } from './figure.ts';
import { ended, listenForFirst } from './first-request.ts';
import { binary } from './stage.ts';

const rounds = 25;

export const start: Figure = {
  name: 'start',
  title: 'Start',
  about: `Medians of ${rounds} starts each, in turn; the first request of a file of 100 rows is timed by the server that gets it, from before the process is started. The compile cache is warm, as it is after the first start.`,
  async run({ work, file, freshState }) {
    const folder = join(work, 'start');
    const server = await listenForFirst(folder);
    const small = await file('csv', 100);
    const whole = (args: readonly string[]) => async () => {
      const startedAt = performance.now();
      const status = await ended(spawn(process.execPath, args, { stdio: 'ignore' }));
      if (status !== 0) throw new Error(`${args.join(' ')}: exit ${status}`);
      return performance.now() - startedAt;
    };
    const first = async () => {
      const state = freshState();
      const took = await server.time(['push', small, '-t', 'stream', '--quiet', '--state-dir', state]);
      rmSync(state, { recursive: true, force: true });
      return took;
    };
    await first();
    const runs = await interleaved(rounds, {
      node: whole(['-e', '0']),
      version: whole([binary, '--version']),
      help: whole([binary, '--help']),
      first,
    });
    await server.close();
    const node = median(runs.node);
    const line = (what: string, times: readonly number[], most: number) => ({
      what,
      value: `${Math.round(median(times))} ms (+${Math.round(median(times) - node)} ms)`,
      goal: `within ${most} ms of \`node -e 0\``,
      reached: median(times) - node <= most,
    });
    return [
      { what: '`node -e 0`', value: `${Math.round(node)} ms` },
      line('`--version`', runs.version, 60),
      line('`--help`', runs.help, 60),
      line('`push` of a small file, to its first request', runs.first, 150),
    ];
  },
};
