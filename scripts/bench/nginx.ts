// A sink that only answers 200, and counts what it was sent: nginx, in a folder of its own, on a port of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';

export interface Nginx {
  readonly url: string;
  /** Requests and body bytes since the last call. */
  taken(): { requests: number; bytes: number };
  /** Resolves when its log is written out. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const logFlushMs = 100;

export async function startNginx(directory: string): Promise<Nginx> {
  const port = await freePort();
  mkdirSync(join(directory, 'tmp'), { recursive: true });
  const log = join(directory, 'access.log');
  writeFileSync(log, '');
  const config = join(directory, 'nginx.conf');
  writeFileSync(
    config,
    `worker_processes 1;
daemon off;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log warn;
events { worker_connections 1024; }
http {
  log_format taken '$content_length';
  access_log ${log} taken buffer=64k flush=${logFlushMs}ms;
  client_body_temp_path ${directory}/tmp;
  proxy_temp_path ${directory}/tmp;
  fastcgi_temp_path ${directory}/tmp;
  uwsgi_temp_path ${directory}/tmp;
  scgi_temp_path ${directory}/tmp;
  client_max_body_size 64m;
  keepalive_requests 100000000;
  keepalive_timeout 300s;
  server {
    listen 127.0.0.1:${port};
    location / { default_type application/json; return 200 '{"success":true}'; }
  }
}
`,
  );
  const child: ChildProcess = spawn('/usr/sbin/nginx', ['-p', directory, '-c', config], { stdio: 'inherit' });
  const url = `http://127.0.0.1:${port}`;
  await answers(url);
  truncateSync(log);
  return {
    url,
    taken() {
      const sizes = readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => /^\d+$/.test(line))
        .map(Number);
      truncateSync(log);
      return { requests: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
    },
    settled: () => new Promise((resolve) => setTimeout(resolve, logFlushMs * 4)),
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGQUIT');
      }),
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

async function answers(url: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      await fetch(url);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error('nginx does not answer');
}
