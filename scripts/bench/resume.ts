import { join } from 'node:path';
import { type Figure, median } from './figure.ts';
import { listenForFirst } from './first-request.ts';
import { measure } from './measure.ts';
import { startNginx } from './nginx.ts';
import { binary, writeConfig } from './stage.ts';

const rows = Math.round(1e9 / 157);
const kills = 5;

export const resume: Figure = {
  name: 'resume',
  title: 'Going on',
  about: `A CSV file of 1 GB is loaded up to 90 %; then the same command goes on. Timed from before the process is started to its first request, by the server that gets it. The process is killed at that moment, its request unanswered, and the next of ${kills} runs goes on from there: a row in doubt has then to be found and named first.`,
  async run({ work, file, freshState }) {
    const folder = join(work, 'resume');
    const csv = await file('csv', rows);
    const state = freshState();
    const args = ['push', csv, '-t', 'stream', '--quiet', '--state-dir', state];
    // What goes on must find the same address.
    const nginx = await startNginx(join(work, 'resume-nginx'));
    writeConfig(folder, nginx.url);
    const limit = ['--limit', String(Math.round(rows * 0.9))];
    const { status } = await measure(process.execPath, [binary, ...args, ...limit], { cwd: folder });
    await nginx.stop();
    if (status !== 0) throw new Error(`loading up to 90 %: exit ${status}`);
    const server = await listenForFirst(folder, Number(new URL(nginx.url).port));
    const clean = await server.time(args, { kill: true });
    const crashed: number[] = [];
    for (let kill = 0; kill < kills; kill++) crashed.push(await server.time(args, { kill: true }));
    await server.close();
    const line = (what: string, took: number) => ({
      what,
      value: `${(took / 1000).toFixed(2)} s`,
      goal: '≤ 0.5 s',
      reached: took <= 500,
    });
    return [line('after a clean stop', clean), line('after a kill, median', median(crashed))];
  },
};
