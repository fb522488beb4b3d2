/** Debian's nginx and tinyproxy, on a port of the system's choice, in a folder of the test's; ended with the test. */
import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import type { TestContext } from 'node:test';
import type { Workdir } from '../support/workdir.ts';

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

/** @param server what stands in the `server` block beside `listen` */
export async function startNginx(
  t: Pick<TestContext, 'after'>,
  workdir: Workdir,
  server: string,
  tls = false,
): Promise<number> {
  const port = await freePort();
  const here = workdir.path;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${here}/nginx-${name};`,
  );
  const file = workdir.file(
    'nginx.conf',
    `daemon off; worker_processes 1; pid ${here}/nginx.pid; error_log ${here}/nginx.log;
user root;
events {}
http { access_log off; ${temporary.join(' ')}
  server { listen 127.0.0.1:${port}${tls ? ' ssl' : ''}; ${server} }
}`,
  );
  await running(t, '/usr/sbin/nginx', ['-c', file, '-p', here, '-e', `${here}/nginx.log`], port);
  return port;
}

/** @param more further lines of its configuration */
export async function startTinyproxy(t: Pick<TestContext, 'after'>, workdir: Workdir, more = ''): Promise<number> {
  const port = await freePort();
  const file = workdir.file(
    'tinyproxy.conf',
    `Port ${port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 50\nLogLevel Connect\nLogFile "${workdir.path}/tinyproxy.log"\n${more}\n`,
  );
  await running(t, '/usr/bin/tinyproxy', ['-d', '-c', file], port);
  return port;
}

async function running(t: Pick<TestContext, 'after'>, program: string, args: string[], port: number): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let says = '';
  child.stderr.on('data', (part: Buffer) => {
    says += part.toString();
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  t.after(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${says}`);
    if (await answers(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`${program} does not listen: ${says}`);
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
