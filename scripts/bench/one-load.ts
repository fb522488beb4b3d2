// One load put together from the library, with the journal or with its counterpart in memory. Usage: node one-load.ts FILE
// journal|memory STATE-DIR, in a folder with a config. Prints how long the run took, and what it did.
import { join } from 'node:path';
import { tuneCollection, tuneCollectionFor } from '../../src/commands/garbage-collection.ts';
import {
  createFileFeed,
  createMemoryBook,
  createTransport,
  enroll,
  executeRun,
  openJournal,
  prepare,
  RowFile,
  rowFiles,
  systemClock,
} from '../../src/index.ts';

const [file = '', book = '', stateDir = ''] = process.argv.slice(2);
const uncertain = 'auto' as const;
tuneCollection();
const prepared = await prepare({
  files: [file],
  target: 'stream',
  stateDir,
  source: {},
  workingDirectory: process.cwd(),
  env: process.env,
  stdin: process.stdin,
});
const { resolved, mapping, operations, files } = prepared;
const silent = {
  started() {},
  notice() {},
  progress() {},
  paused() {},
  finished() {},
  close() {},
};

const journal = book === 'journal' ? openJournal(stateDir) : undefined;
const enrolled =
  journal === undefined
    ? undefined
    : await enroll(prepared, journal, {
        command: 'bench',
        again: false,
        restart: false,
        newMapping: false,
        uncertain,
        limit: undefined,
        mapping: 'bench',
      });
const streamed =
  enrolled?.files ??
  files.map((surveyed) => ({
    file: surveyed,
    load: surveyed.index,
    task: { index: surveyed.index, description: surveyed.description, loadKey: 'bench', settled: [] },
  }));
const run = enrolled?.run ?? createMemoryBook(files.length, operations.length);
tuneCollectionFor(Math.min(...operations.map(({ limits }) => limits.items)), { transport: false });
const startedAt = performance.now();
const summary = await executeRun(
  {
    run: 'bench',
    command: 'push',
    resolved,
    operations,
    feed: createFileFeed({
      surveyed: files,
      streamed,
      source: prepared.source,
      mapping: { settings: resolved.settings, mapping, now: systemClock.now() },
      book: run,
    }),
    alreadyLoaded: [],
    resumed: 0,
    limits: { concurrency: resolved.type.defaults.concurrency },
    uncertain,
    rejectedBefore: enrolled?.rejectedBefore ?? new Map(),
    acceptedBefore: 0,
  },
  {
    clock: systemClock,
    random: Math.random,
    book: run,
    reporter: silent,
    transport: createTransport({
      connections: resolved.type.defaults.concurrency,
      timeoutMs: resolved.type.defaults.timeoutMs,
      connectTimeoutMs: 10_000,
    }),
    rejects: new RowFile(join(stateDir, 'rows'), rowFiles.rejected),
    uncertain: new RowFile(join(stateDir, 'rows'), rowFiles.uncertain),
    mask: (text) => text,
    interrupt: new AbortController().signal,
    commandAgain: '',
    retryCommand: undefined,
  },
);
enrolled?.run.end({ exit: summary.exit, totals: summary });
const seconds = (performance.now() - startedAt) / 1000;
journal?.close();
const { accepted, requests, bytes } = summary;
const commits = enrolled?.run.commits ?? 0;
process.stdout.write(`${JSON.stringify({ seconds, accepted, requests, bytes, commits })}\n`);
