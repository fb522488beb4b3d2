/**
 * A pipe (stdin, `<(zcat …)`, a FIFO) cannot be read twice, and a resume must know that it reads the same rows. So it is put aside whole first, readable
 * by its owner only, and taken away when the run ends. A process that is killed leaves its copy behind: the next command
 * that reads rows sweeps it. Whose it is stands in its name, and its time is a sign of life, so that copies in a folder that
 * machines share are judged as locks are.
 */
import { hash } from 'node:crypto';
import { createWriteStream, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Holder, heartbeatMs, judge, type Surroundings } from '../journal/holder.ts';
import { makeFolder } from '../journal/make-folder.ts';
import { Exit } from '../model/fault.ts';
import { engineError } from './codes.ts';

export interface Spooled {
  readonly path: string;
  /** Takes it away. */
  release(): void;
}

/** Whether a path leads to what can be read only once. What cannot be looked at is for whoever opens it to name. */
export function isPipe(path: string): boolean {
  try {
    return statSync(path).isFIFO();
  } catch {
    return false;
  }
}

/**
 * @param stateDir made if absent
 * @param named what the user calls it, and which of this process's pipes it is
 * @throws UserError `stdin-unspooled`
 */
export async function spool(
  stdin: Readable,
  stateDir: string,
  { self }: Surroundings,
  named = { as: 'Stdin', number: 0 },
): Promise<Spooled> {
  const folder = spoolFolder(stateDir);
  const path = join(folder, `stdin-${self.pid}-${self.processStart}-${placeOf(self)}-${named.number}`);
  const beating = setInterval(() => beat(path), heartbeatMs).unref();
  const release = () => {
    clearInterval(beating);
    remove(path);
  };
  try {
    makeFolder(folder);
    await pipeline(stdin, createWriteStream(path, { mode: 0o600 }));
  } catch (error) {
    release();
    throw engineError(
      'stdin-unspooled',
      `${named.as} cannot be put aside in ${folder}: ${error instanceof Error ? error.message : String(error)}`,
      'Look at free space and permissions of that folder, or choose another with --state-dir; then send the same rows again',
      Exit.gaveUpRetrying,
    );
  }
  return { path, release };
}

function beat(path: string): void {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // Whoever reads it says that it is gone.
  }
}

/** Takes away the copies of processes that are gone. */
export function sweepSpool(stateDir: string, around: Surroundings, now: number): void {
  for (const name of namesIn(spoolFolder(stateDir))) {
    const [, pid, processStart = '', place = ''] = /^stdin-(\d+)-(\d*)-([0-9a-f]{16})(?:-\d+)?$/.exec(name) ?? [];
    if (pid === undefined) continue;
    const path = join(spoolFolder(stateDir), name);
    const heartbeat = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (heartbeat === undefined) continue;
    const where = place === placeOf(around.self) ? around.self : { host: place, place };
    if (!judge({ ...where, pid: Number(pid), processStart, heartbeat }, around, now).gone) continue;
    remove(path);
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Another user's, or the folder is in a bad way: the next sweep tries again.
  }
}

/** For what a run puts aside and nobody needs after it. */
export const spoolFolder = (stateDir: string): string => join(stateDir, 'spool');

const placeOf = ({ host, place }: Holder): string => hash('sha256', `${host}\n${place}`).slice(0, 16);

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
