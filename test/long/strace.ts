/** Debian's strace, which can end a process at a chosen system call, or make the call fail. It counts them thread by thread; SQLite works on the main one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Workdir } from '../support/workdir.ts';

/** Traces `execve` too: the first line of a log is then the main thread's. */
const strace = (log: string, ...calls: readonly string[]): string[] => [
  ...['strace', '-f', '-qqq', '-o', log],
  ...['-e', `trace=execve,${calls.join(',')}`],
];

export const killedAt = (call: string, nth: number, log = '/dev/null'): string[] => [
  ...strace(log, call),
  '-e',
  `inject=${call}:signal=KILL:when=${nth}`,
];

/** Only this one, `N+` for it and all that follow, or `N+M` for it and every M-th after. */
export type When = number | `${number}+` | `${number}+${number}`;

export const failingAt = (call: string, error: 'EIO' | 'ENOSPC', nth: When): string[] => [
  ...strace('/dev/null', call),
  '-e',
  `inject=${call}:error=${error}:when=${nth}`,
];

/** Only calls about these files, whichever thread makes them; what else happens is not touched. */
export const onlyOn = (paths: readonly string[], under: readonly string[]): string[] => [
  ...under,
  ...paths.flatMap((path) => ['-P', path]),
];

/** How often the main thread of a whole run makes each call. */
export async function countSystemCalls<Call extends string>(
  workdir: Workdir,
  args: readonly string[],
  calls: readonly Call[],
): Promise<Record<Call, number>> {
  const log = join(workdir.path, 'calls.log');
  await workdir.run(args, { under: [...strace(log, ...calls), '--seccomp-bpf'] });
  return Object.fromEntries(calls.map((call) => [call, countLogged(log, call)])) as Record<Call, number>;
}

/** How often a whole run makes the call about this file, whichever thread does. */
export async function countCallsOn(
  path: string,
  call: string,
  run: (under: readonly string[]) => Promise<unknown>,
): Promise<number> {
  const log = `${path}.calls`;
  await run(onlyOn([path], strace(log, call)));
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.includes(` ${call}(`)).length;
}

/** How often the main thread of the run that wrote this log made the call. */
export const countLogged = (log: string, call: string): number =>
  mainLines(log).filter((line) => line.includes(` ${call}(`)).length;

/** Whether the run that wrote this log was killed; it may have said its last line before. */
export const wasKilled = (log: string): boolean =>
  mainLines(log).some((line) => line.includes('+++ killed by SIGKILL'));

function mainLines(log: string): string[] {
  const lines = readFileSync(log, 'utf8').split('\n');
  const main = Number.parseInt(lines[0] ?? '', 10);
  return lines.filter((line) => Number.parseInt(line, 10) === main);
}
