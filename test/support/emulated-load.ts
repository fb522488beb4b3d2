/**
 * One file through the real binary into an emulator in this process: what the platform ends up holding can then be asked
 * of the emulator itself, and held against what a test computed from the file alone.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { resolveTarget } from '../../src/config/resolve.ts';
import { loadMapping } from '../../src/mapping/load.ts';
import { canonicalJson } from '../../src/sandbox/digest.ts';
import type { Emulator } from '../../src/sandbox/emulator.ts';
import type { FaultScript } from '../../src/sandbox/faults.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { createWorkdir, type Ran, root, type Workdir } from './workdir.ts';

export interface EmulatedLoad {
  readonly target: string;
  /** Settings beside the emulator's own; those win. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Path of the mapping below the project's root. */
  readonly mapping: string;
  readonly file: { readonly name: string; readonly text: string };
  readonly faults: FaultScript;
  /** Instead of one of its own. */
  readonly sandbox?: Sandbox;
}

export interface Loaded {
  readonly ran: Ran;
  readonly emulator: Emulator;
  readonly workdir: Workdir;
  /** Asks the emulator. */
  readonly ask: (name: string, query?: string) => unknown;
}

/** Fails when a rule of the script never struck. */
export async function loadIntoEmulator(t: TestContext, load: EmulatedLoad): Promise<Loaded> {
  const sandbox = load.sandbox ?? (await startSandbox());
  if (load.sandbox === undefined) t.after(() => sandbox.close());
  const emulator = sandbox.emulator(load.target);
  const workdir = createWorkdir(t);
  const mapping = workdir.file('load.map.yaml', readFileSync(join(root, load.mapping), 'utf8'));
  workdir.file(load.file.name, load.file.text);
  const settings = { ...load.config, ...emulator.settings(sandbox.url(load.target)) };
  const config = workdir.file(
    'cdp-load.yaml',
    JSON.stringify({ targets: { it: { type: load.target, ...settings, mapping: 'load.map.yaml' } } }),
  );
  await defineThere(emulator, config, mapping, workdir.path);
  const { hits } = sandbox.script(load.target, load.faults);

  const startedAt = performance.now();
  const ran = await workdir.run(['push', load.file.name, '--target', 'it', '--json']);
  const seconds = (performance.now() - startedAt) / 1000;
  t.diagnostic(
    `${load.target}: ${String(ran.summary['read'])} rows, ${String(ran.summary['requests'])} requests, ` +
      `${String(ran.summary['retries'])} retries, ${seconds.toFixed(1)} s`,
  );
  assert.notEqual(ran.summary['event'], undefined, ran.stderr);
  for (const [rule, times] of hits.entries()) assert.ok(times > 0, `fault ${rule} of the script never struck`);
  return { ran, emulator, workdir, ask: (name, query = '') => emulator.readOut(name, new URLSearchParams(query)) };
}

/** What a person does in the vendor's console before a first load. */
async function defineThere(emulator: Emulator, config: string, mapping: string, directory: string): Promise<void> {
  const { target, settings } = resolveTarget('it', loadConfig(config, directory), {});
  for (const entry of (await loadMapping(mapping)).entries) {
    const { name, fields } = target.operation(entry.operation, entry.settings);
    emulator.provision(name, fields, entry.settings, settings.own);
  }
}

/** Says what differs by key: two maps of 50,000 shown whole tell nobody anything. */
export function assertHolds(held: Iterable<readonly [string, unknown]>, expected: ReadonlyMap<string, unknown>): void {
  const left = new Map(expected);
  const wrong: string[] = [];
  for (const [key, value] of held) {
    const wanted = left.get(key);
    if (wanted === undefined) wrong.push(`${key}: held and not expected (or twice): ${canonicalJson(value)}`);
    else if (canonicalJson(wanted) !== canonicalJson(value))
      wrong.push(`${key}: holds\n  ${canonicalJson(value)}\nand not\n  ${canonicalJson(wanted)}`);
    left.delete(key);
  }
  for (const key of left.keys()) wrong.push(`${key}: expected and not held`);
  assert.ok(wrong.length === 0, `${wrong.length} differ from what the file says:\n${wrong.slice(0, 4).join('\n')}`);
}

/**
 * Faults before anything is stored, and answers that are lost after it was: what a good night looks like. Those that are
 * cut name no wait, so only they wait and the others go on: what is about the same people must not overtake them.
 */
export function lightFaults(nth: {
  readonly busy: number[];
  readonly tooMany: number[];
  readonly storedAllTheSame: number[];
  readonly cutBefore: number[];
  readonly cutAfter: number[];
}): FaultScript {
  const headers = { 'Retry-After': '1' };
  return [
    { nth: nth.busy, action: { do: 'reply', status: 503, headers } },
    { nth: nth.tooMany, action: { do: 'reply', status: 429, headers } },
    { nth: nth.storedAllTheSame, action: { do: 'reply', status: 502, headers, stored: true } },
    { nth: nth.cutBefore, action: { do: 'cut', when: 'before' } },
    { nth: nth.cutAfter, action: { do: 'cut', when: 'after' } },
  ];
}

/** A local time in central Europe as a moment: summer begins and ends on the last Sundays of March and October, at 01:00 UTC. */
export function centralEurope(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second = 0,
): Date {
  const lastSunday = (of: number) => {
    const last = new Date(Date.UTC(year, of, 0, 1));
    return last.getTime() - last.getUTCDay() * 86_400_000;
  };
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, second);
  const isSummer = asUtc >= lastSunday(3) + 3_600_000 && asUtc < lastSunday(10) + 2 * 3_600_000;
  return new Date(asUtc - (isSummer ? 2 : 1) * 3_600_000);
}

export const twoDigits = (number: number): string => String(number).padStart(2, '0');
export const csvCell = (cell: string): string => (/[",;\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
