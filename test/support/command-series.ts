/**
 * Many command lines, one after the other, in one process: what a process start costs is paid once. For commands that end before
 * they read stdin and wait for no signal; whatever is about the process itself is tested with the binary (workdir.ts).
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from '../../src/cli.ts';

export interface CommandLine {
  readonly args: readonly string[];
  /** Below the folder of the series. Default: the folder itself. */
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

const self = fileURLToPath(import.meta.url);
const longestMs = 120_000;

export async function runSeries(folder: string, commands: readonly CommandLine[]): Promise<CommandResult[]> {
  const child = spawn(process.execPath, [self], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, NO_COLOR: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: longestMs,
    killSignal: 'SIGKILL',
  });
  child.stdin.end(JSON.stringify(commands));
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (part: Buffer) => {
      said[name] += part.toString('utf8');
    });
  const status = await new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ?? code)));
  if (status !== 0) throw new Error(`the series ended with ${status}:\n${said.stdout.slice(-2000)}${said.stderr}`);
  return JSON.parse(said.stdout) as CommandResult[];
}

async function runAll(commands: readonly CommandLine[]): Promise<CommandResult[]> {
  const [start, plainEnv] = [process.cwd(), { ...process.env }];
  const results: CommandResult[] = [];
  for (const { args, folder, env = {} } of commands) {
    const to = folder === undefined ? start : join(start, folder);
    mkdirSync(to, { recursive: true });
    process.chdir(to);
    process.env = { ...plainEnv, ...env };
    process.argv = ['node', 'cdp-load', ...args];
    process.exitCode = undefined;
    const startedAt = performance.now();
    const { stdout, stderr } = await listening(() => main(process.argv));
    const seconds = (performance.now() - startedAt) / 1000;
    results.push({ status: Number(process.exitCode ?? 0), stdout, stderr, seconds });
  }
  process.exitCode = 0;
  return results;
}

async function listening(work: () => Promise<void>): Promise<{ stdout: string; stderr: string }> {
  const heard = { stdout: '', stderr: '' };
  const undo = (['stdout', 'stderr'] as const).map((name) => {
    const stream = process[name];
    const { write } = stream;
    stream.write = (text: string | Uint8Array) => {
      heard[name] += typeof text === 'string' ? text : Buffer.from(text).toString('utf8');
      return true;
    };
    return () => {
      stream.write = write;
    };
  });
  try {
    await work();
  } finally {
    for (const one of undo) one();
  }
  return heard;
}

if (process.argv[1] === self) {
  for (const emitter of [process, process.stdout, process.stderr]) emitter.setMaxListeners(0);
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  const results = await runAll(JSON.parse(Buffer.concat(parts).toString('utf8')) as CommandLine[]);
  process.stdout.write(JSON.stringify(results));
}
