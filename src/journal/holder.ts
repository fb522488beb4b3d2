/**
 * Who holds a lock, and whether they are still alive. A process id alone says little: ids are reused, and each container
 * counts its own. So a holder is also known by when its process started and by the place that counts its ids.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export interface Holder {
  readonly host: string;
  /** What numbers the processes: this boot of this machine and its pid namespace. '' where the system does not tell. */
  readonly place: string;
  readonly pid: number;
  /** Clock ticks since boot, as the system prints them; '' where it does not tell. */
  readonly processStart: string;
}

/** What the judgement needs to know of this machine; injected by tests. */
export interface Surroundings {
  readonly self: Holder;
  /** `undefined`: no such process. '' : it runs, but when it started is not to be known. */
  processStart(pid: number): string | undefined;
}

/** A holder in another place is given up when its last sign of life is older than this. */
export const silenceMs = 2 * 60_000;
export const heartbeatMs = 10_000;

export function systemSurroundings(): Surroundings {
  return {
    self: {
      host: hostname(),
      place:
        `${readOr('', () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())} ${readOr('', () => readlinkSync('/proc/self/ns/pid'))}`.trim(),
      pid: process.pid,
      processStart: startOf(process.pid) ?? '',
    },
    processStart: startOf,
  };
}

/** Gone, or when at the earliest it may be taken for gone. `undefined`: alive for certain, for as long as it lives. */
export function judge(
  holder: Holder & { readonly heartbeat: number },
  around: Surroundings,
  now: number,
): { readonly gone: true } | { readonly gone: false; readonly until?: number } {
  if (holder.host === around.self.host && holder.place === around.self.place) {
    const start = around.processStart(holder.pid);
    const other = start !== undefined && start !== '' && holder.processStart !== '' && start !== holder.processStart;
    return start === undefined || other ? { gone: true } : { gone: false };
  }
  const until = holder.heartbeat + silenceMs;
  return now > until ? { gone: true } : { gone: false, until };
}

function startOf(pid: number): string | undefined {
  if (!isRunning(pid)) return undefined;
  const stat = readOr('', () => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  // Field 22 of proc(5); the second field is a name in parentheses that may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A killed process that nobody has waited for still has its number, but does nothing any more.
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : (fields[19] ?? '');
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, under another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function readOr(otherwise: string, read: () => string): string {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
