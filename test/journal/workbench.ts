/** A journal in a throw-away folder, with a clock and surroundings that the test turns. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { NewRun } from '../../src/journal/history.ts';
import type { Holder, Surroundings } from '../../src/journal/holder.ts';
import { type Journal, type JournalOptions, openJournal } from '../../src/journal/journal.ts';
import type { Destination, Input } from '../../src/journal/loads.ts';
import type { PlanRequest } from '../../src/journal/plan.ts';

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'journal-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const start = Date.UTC(2026, 10, 21, 3, 0, 0);

export const input = (path: string, content = path, size = 100): Input => ({
  path,
  fingerprint: { size, head: `head-${content}`, tail: `tail-${content}` },
});

export const destination: Destination = {
  target: 'raptor:12345:ab12',
  targetName: 'stream',
  mapping: 'mapping-1',
  operations: ['person'],
};

export const request = (change: Partial<PlanRequest> = {}): PlanRequest => ({
  ...destination,
  inputs: [input('/data/people.csv')],
  ...change,
});

export const push: NewRun = { kind: 'push', command: 'push people.csv --target stream', targetName: 'stream' };

/** One machine, as far as the journal looks at it: who we are, and which processes run. */
export function machine(self: Partial<Holder> = {}, alive: Readonly<Record<number, string>> = {}): Surroundings {
  const holder = { host: 'alpha', place: 'boot-1', pid: 100, processStart: '1000', ...self };
  return { self: holder, processStart: (pid) => (pid === holder.pid ? holder.processStart : alive[pid]) };
}

export interface Bench {
  readonly folder: string;
  readonly path: string;
  now: number;
  /** Opens the journal once more, as another process would. Closed after the test. */
  open(options?: JournalOptions): Journal;
}

export function workbench(t: TestContext): Bench {
  const folder = temporaryFolder(t);
  const opened: Journal[] = [];
  t.after(() => {
    for (const journal of opened) journal.close();
  });
  let random = 0;
  const bench: Bench = {
    folder,
    path: join(folder, 'journal.db'),
    now: start,
    open(options = {}) {
      const journal = openJournal(folder, {
        now: () => bench.now,
        random: () => {
          random += 1;
          return (random % 4096) / 4096;
        },
        surroundings: machine(),
        every: () => () => {},
        ...options,
      });
      opened.push(journal);
      return journal;
    },
  };
  return bench;
}

/** The code and exit of a UserError, for assert.throws and assert.rejects. */
export const failure = (code: string, says?: RegExp) => (error: unknown) => {
  const found = error instanceof Error && 'code' in error ? error.code : error;
  if (found !== code) throw new Error(`expected ${code}, got ${String(found)}`, { cause: error });
  if (says !== undefined && error instanceof Error) {
    const text = `${error.message} ${'hint' in error ? error.hint : ''}`;
    if (!says.test(text)) throw new Error(`expected ${says} in: ${text}`);
  }
  return true;
};
