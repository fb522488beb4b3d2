/** How long a command takes until its first request comes in. The server answers 200, or never. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { binary, writeConfig } from './stage.ts';

export interface FirstRequests {
  /**
   * Milliseconds from the start of the process to its first request. With `kill` the process is killed then, its request
   * unanswered; otherwise it must end with exit 0.
   */
  time(args: readonly string[], options?: { readonly kill?: boolean }): Promise<number>;
  close(): Promise<void>;
}

/** @param folder where the commands run; a config that names this server is put there */
export async function listenForFirst(folder: string, port = 0): Promise<FirstRequests> {
  let first: (() => void) | undefined;
  let answers = true;
  const server = createServer((request, response) => {
    first?.();
    first = undefined;
    request.resume().on('end', () => answers && response.end('{"success":true}'));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  writeConfig(folder, `http://127.0.0.1:${address.port}`);
  return {
    async time(args, { kill = false } = {}) {
      answers = !kill;
      let tookMs: number | undefined;
      const startedAt = performance.now();
      const child = spawn(process.execPath, [binary, ...args], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
      first = () => {
        tookMs = performance.now() - startedAt;
        if (kill) child.kill('SIGKILL');
      };
      const status = await ended(child);
      if (tookMs === undefined || (!kill && status !== 0)) throw new Error(`${args.join(' ')}: exit ${status}`);
      return tookMs;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.once('close', (code) => resolve(code)));
