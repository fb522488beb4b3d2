/** The real binary under guard: what it needs at most in memory is measured, and it is not waited for for ever. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Ran, RunOptions, Workdir } from './workdir.ts';

/** Written by the process itself as it ends, so that no other program is needed. A worker is of the same process. */
const recorder = `data:text/javascript,${encodeURIComponent(
  `import { writeFileSync } from 'node:fs';
   import { isMainThread } from 'node:worker_threads';
   if (isMainThread) process.on('exit', () => writeFileSync(process.env.PEAK_FILE, String(process.resourceUsage().maxRSS)));`,
)}`;

export interface Guarded extends Ran {
  /** Largest resident set, in MB. */
  readonly peakMb: number;
}

const longestMs = 60_000;
let runs = 0;

/** Fails when the process hangs, dies without an exit code, or ends as an internal error. */
export async function runGuarded(
  workdir: Workdir,
  args: readonly string[],
  { mostMb, ...options }: RunOptions & { readonly mostMb: number },
): Promise<Guarded> {
  const peakFile = join(workdir.path, `peak-${++runs}`);
  const { child, done } = workdir.start(args, {
    ...options,
    node: ['--import', recorder, ...(options.node ?? [])],
    env: { ...options.env, PEAK_FILE: peakFile },
  });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, longestMs);
  const ran = await done;
  clearTimeout(timer);
  const said = `${ran.stdout.slice(-2000)}${ran.stderr.slice(-4000)}`;
  assert.ok(!isLate, `hangs: ${said}`);
  assert.ok(existsSync(peakFile), `died without an end (${ran.signal ?? ran.status}): ${said}`);
  const peakMb = Number(readFileSync(peakFile, 'utf8')) / 1024;
  rmSync(peakFile);
  assert.notEqual(ran.status, 70, said);
  assert.ok(peakMb <= mostMb, `needs ${Math.round(peakMb)} MB, more than ${mostMb}`);
  assertNoCommands(ran.stdout + ran.stderr);
  return { ...ran, peakMb };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that must not reach a terminal
const command = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** Nothing that a terminal would obey. */
export function assertNoCommands(text: string): void {
  const found = command.exec(text);
  assert.ok(
    found === null,
    `raw ${JSON.stringify(found?.[0])} near ${JSON.stringify(text.slice(Math.max(0, (found?.index ?? 0) - 80), (found?.index ?? 0) + 80))}`,
  );
}
