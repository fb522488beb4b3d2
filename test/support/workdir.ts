/** A throw-away folder and the real binary in it: CLI tests see only files, argv, stdout, stderr and the exit status. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const binary = join(root, 'bin', 'cdp-load.js');

export interface Ran {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The JSON objects of stdout, when --json was given. */
  readonly events: readonly Record<string, unknown>[];
  /** The last event. */
  readonly summary: Record<string, unknown>;
}

export interface Workdir {
  readonly path: string;
  file(name: string, content: string | Uint8Array): string;
  read(name: string): string;
  run(args: readonly string[], options?: RunOptions): Promise<Ran>;
  /** Starts it and hands out the process; `done` resolves when it ends. */
  start(args: readonly string[], options?: RunOptions): { child: ChildProcess; done: Promise<Ran> };
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  /** A command to run it under, such as strace or faketime. */
  readonly under?: readonly string[];
  /** Options of node's own. */
  readonly node?: readonly string[];
}

export function createWorkdir(t: Pick<TestContext, 'after'>): Workdir {
  const path = mkdtempSync(join(tmpdir(), 'cdp-load-test-'));
  const running = new Set<ChildProcess>();
  t.after(() => {
    // A failed test leaves them waiting for a server that is gone, and node waits for them.
    for (const child of running) endGroup(child);
    rmSync(path, { recursive: true, force: true });
  });

  const start = (args: readonly string[], options: RunOptions = {}) => {
    const [program = '', ...words] = [
      ...(options.under ?? []),
      process.execPath,
      ...(options.node ?? []),
      binary,
      ...args,
    ];
    const child = spawn(program, words, {
      cwd: path,
      env: { PATH: process.env['PATH'] ?? '', HOME: path, NO_COLOR: '1', ...options.env },
      // A group of its own, so that it can be ended together with what it runs under.
      detached: true,
      stdio: [options.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    running.add(child);
    child.on('close', () => running.delete(child));
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.stdin);
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (part: Buffer) => {
      stdout += part.toString('utf8');
    });
    child.stderr?.on('data', (part: Buffer) => {
      stderr += part.toString('utf8');
    });
    const done = new Promise<Ran>((resolve) => {
      child.on('close', (status, signal) => {
        const lines = args.includes('--json') ? stdout.split('\n').filter((line) => line !== '') : [];
        const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
        resolve({ status, signal, stdout, stderr, events, summary: events.at(-1) ?? {} });
      });
    });
    return { child, done };
  };

  return {
    path,
    file(name, content) {
      const full = join(path, name);
      mkdirSync(dirname(full), { recursive: true });
      writeFileSync(full, content);
      return full;
    },
    read: (name) => readFileSync(join(path, name), 'utf8'),
    run: (args, options) => start(args, options).done,
    start,
  };
}

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended in this moment.
  }
}

/** A config whose target `stream` is at `url`, and a mapping of two columns for it. */
export function writeStreamSetup(
  workdir: Workdir,
  url: string,
  operation: 'person' | 'interaction' = 'person',
  more: Readonly<Record<string, unknown>> = {},
): void {
  const target = {
    type: 'raptor',
    accountId: '12345',
    streamId: '3f0c7d52-8a1e-4b6f-9c33-0d7e5a1b2c44',
    writeMode: 'append',
    baseUrl: url,
    mapping: 'people.map.yaml',
    ...more,
  };
  workdir.file('cdp-load.yaml', JSON.stringify({ targets: { stream: target } }));
  workdir.file(
    'people.map.yaml',
    `version: 1
target: raptor
operation: ${operation}
key: customer_id
fields:
  CustomerId: { from: customer_id, type: integer, required: true }
  Email: { from: email, type: email, required: true }
`,
  );
}

export const peopleCsv = (rows: number, from = 1): string =>
  [
    'customer_id,email',
    ...Array.from({ length: rows }, (_, index) => `${from + index},p${from + index}@example.com`),
    '',
  ].join('\n');
