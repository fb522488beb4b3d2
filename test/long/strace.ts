/** Debian's strace, which can end a process at a chosen system call, or make the call fail. It counts them thread by thread; SQLite works on the main one. */
import { join } from 'node:path';
import type { Workdir } from '../support/workdir.ts';

const quietly = ['strace', '-f', '-qqq', '-o', '/dev/null'];

export const killedAt = (call: string, nth: number): string[] => [
  ...quietly,
  '-e',
  `trace=${call}`,
  '-e',
  `inject=${call}:signal=KILL:when=${nth}`,
];

/** Only this one, `N+` for it and all that follow, or `N+M` for it and every M-th after. */
export type When = number | `${number}+` | `${number}+${number}`;

export const failingAt = (call: string, error: 'EIO' | 'ENOSPC', nth: When): string[] => [
  ...quietly,
  '-e',
  `trace=${call}`,
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
  await workdir.run(args, {
    under: ['strace', '-f', '-qqq', '--seccomp-bpf', '-o', log, '-e', `trace=${calls.join(',')}`],
  });
  const lines = workdir.read('calls.log').split('\n');
  const main = lines[0]?.split(' ')[0];
  const count = (call: Call) =>
    lines.filter((line) => line.startsWith(`${main} `) && line.includes(` ${call}(`)).length;
  return Object.fromEntries(calls.map((call) => [call, count(call)])) as Record<Call, number>;
}
