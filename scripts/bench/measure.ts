// Runs a command under GNU time, which knows the peak of resident memory of the process itself.
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Measured {
  readonly seconds: number;
  readonly peakMB: number;
  readonly stdout: string;
  readonly status: number;
}

export async function measure(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Measured> {
  const report = join(tmpdir(), `cdp-load-time-${process.pid}-${Math.floor(performance.now() * 1000)}`);
  const child = spawn('/usr/bin/time', ['-f', '%e %M', '-o', report, command, ...args], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (part: Buffer) => {
    stdout += part.toString('utf8');
  });
  child.stderr.on('data', (part: Buffer) => {
    stderr += part.toString('utf8');
  });
  const status = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)));
  const lines = readFileSync(report, 'utf8').trim().split('\n');
  rmSync(report);
  const [seconds = 0, kilobytes = 0] = (lines.at(-1) ?? '').split(' ').map(Number);
  if (status !== 0) process.stderr.write(stderr.slice(-2000));
  return { seconds, peakMB: kilobytes / 1024, stdout, status };
}
