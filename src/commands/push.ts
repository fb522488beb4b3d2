/** `cdp-load push` and `cdp-load validate`: one path; validate ends before the socket. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createMemoryBook } from '../engine/book.ts';
import { enroll } from '../engine/enroll.ts';
import { bytesToRead, createFileFeed } from '../engine/file-feed.ts';
import { createInspection, idsToWatch } from '../engine/inspection.ts';
import { type Prepared, type PrepareOptions, prepare } from '../engine/prepare.ts';
import { executeRun, type RunWorld } from '../engine/run.ts';
import { countRecords, describeFile, duplicateNotice, duplicatesIn, guardRows } from '../engine/survey.ts';
import { planThreads } from '../engine/thread-plan.ts';
import { type Journal, openJournal } from '../journal/journal.ts';
import { RowFile, rowFiles } from '../journal/rejects.ts';
import { newRunId } from '../journal/run-id.ts';
import { mappingHash } from '../mapping/mapping-hash.ts';
import { sensitiveColumns } from '../mapping/sensitive-columns.ts';
import { systemClock } from '../model/clock.ts';
import { maskTexts } from '../model/mask.ts';
import { printable } from '../report/printable.ts';
import type { Reporter, Summary } from '../report/summary.ts';
import type { Operation } from '../targets/target.ts';
import type { InputFlags, OutputFlags, ResumeFlags, SendingFlags, TargetFlags } from './flags.ts';
import { tuneCollection, tuneCollectionFor } from './garbage-collection.ts';
import {
  commandLine,
  createReporter,
  endRun,
  limitsOf,
  listenForSignals,
  orderOf,
  retryCommand,
  transportOptions,
} from './world.ts';

type ValidateFlags = TargetFlags & InputFlags & SendingFlags & OutputFlags & { readonly report?: string };
type PushFlags = ValidateFlags & ResumeFlags & { readonly dryRun?: boolean };

export async function push(files: readonly string[], flags: PushFlags): Promise<void> {
  if (flags.dryRun) return validate(files, flags);
  await withPrepared(files, flags, async (prepared, session) => {
    const { resolved, mapping, operations, stateDir } = prepared;
    const journal = openJournal(stateDir);
    try {
      await guard(prepared, flags, journal);
      const enrolled = await enroll(prepared, journal, {
        command: commandLine(),
        // The sandbox's memory ends with this process: what it was given before is not there any more.
        again: flags.again ?? flags.sandbox ?? false,
        restart: flags.restart ?? flags.sandbox ?? false,
        newMapping: flags.newMapping ?? false,
        uncertain: flags.uncertain,
        limit: flags.limit,
        mapping: mappingHash(mapping),
      });
      const { run } = enrolled;
      const rejects = new RowFile(run.directory, rowFiles.rejected);
      const uncertain = new RowFile(run.directory, rowFiles.uncertain);
      session.reporter.started({
        run: run.id,
        command: 'push',
        target: resolved.settings.name,
        type: resolved.settings.type,
        mapping: session.mappingName,
        operations: operations.map(({ name }) => name),
        files: enrolled.files.map(({ file }) => ({
          path: file.name,
          about: describeFile(file.description),
          bytes: file.bytes,
        })),
        notices: [...noticesOf(prepared), ...enrolled.notices],
        uncertain: enrolled.uncertain,
      });
      let summary: Summary | undefined;
      let failed: unknown;
      try {
        await uncertain.write(enrolled.heldRows);
        const mostItems = tightestItemLimit(operations, flags);
        const { concurrency, rate } = limitsOf(resolved, flags);
        const threads = planThreads({
          inputBytes: bytesToRead(enrolled.files),
          mostItemsARequest: mostItems,
          concurrency,
          requestsASecond: rate && rate / Math.max(...operations.map(({ cost }) => cost(mostItems))),
        });
        // What most of a start goes into, and `validate` never needs.
        const openTransport = threads.transport
          ? (await import('../delivery/threaded-transport.ts')).createThreadedTransport
          : (await import('../delivery/transport.ts')).createTransport;
        tuneCollectionFor(mostItems);
        const startedAt = systemClock.now();
        const feed = createFileFeed({
          surveyed: prepared.files,
          streamed: enrolled.files,
          source: prepared.source,
          mapping: { settings: resolved.settings, mapping, now: startedAt },
          book: run,
          mappers: threads.mappers,
          onCut: sayCut(session, flags.limit),
        });
        summary = await executeRun(
          orderOf(prepared.resolved, operations, flags, {
            ...enrolled,
            sensitive: sensitiveColumns(mapping),
            feed,
            run: run.id,
            command: 'push',
          }),
          {
            ...session.world,
            book: run,
            transport: openTransport(transportOptions(resolved, flags.concurrency)),
            rejects,
            uncertain,
          },
        );
      } catch (error) {
        failed = error;
        throw error;
      } finally {
        endRun(run, summary, failed);
      }
      return summary;
    } finally {
      journal.close();
    }
  });
}

export async function validate(files: readonly string[], flags: ValidateFlags & ResumeFlags): Promise<void> {
  await withPrepared(files, flags, async (prepared, session) => {
    await guardDryRun(prepared, flags);
    return check(prepared, session, flags);
  });
}

/** Every row up to the socket. `init` asks the same of a mapping it has just written. */
export async function check(
  prepared: Prepared,
  session: Session,
  flags: Pick<ValidateFlags, 'limit' | 'uncertain' | 'report'> & SendingFlags,
): Promise<Summary> {
  const { resolved, operations, stateDir } = prepared;
  const duplicates = duplicatesIn(prepared.files);
  const files = prepared.files.filter((file) => !duplicates.has(file));
  const run = newRunId(systemClock.now(), Math.random, (id) => existsSync(join(stateDir, 'runs', `${id}-validate`)));
  const directory = join(stateDir, 'runs', `${run}-validate`);
  session.reporter.started({
    run,
    command: 'validate',
    target: resolved.settings.name,
    type: resolved.settings.type,
    mapping: session.mappingName,
    operations: operations.map(({ name }) => name),
    files: files.map((file) => ({
      path: file.name,
      about: describeFile(file.description),
      bytes: file.bytes,
    })),
    notices: [...noticesOf(prepared), ...[...duplicates].map(([{ name }, first]) => duplicateNotice(name, first.name))],
    uncertain: [],
  });
  const loads = files.map((file) => ({
    file,
    load: file.index,
    task: {
      index: file.index,
      description: file.description,
      loadKey: JSON.stringify(file.fingerprint),
      settled: [],
      upTo: flags.limit,
    },
  }));
  const book = createMemoryBook(prepared.files.length, operations.length);
  tuneCollectionFor(tightestItemLimit(operations, flags));
  const feed = createFileFeed({
    surveyed: prepared.files,
    streamed: loads,
    source: prepared.source,
    mapping: {
      settings: resolved.settings,
      mapping: prepared.mapping,
      now: systemClock.now(),
      keys: prepared.mapping.key.length > 0,
    },
    book,
    onCut: sayCut(session, flags.limit),
  });
  const decided = {
    feed,
    alreadyLoaded: [],
    sensitive: sensitiveColumns(prepared.mapping),
    resumed: 0,
    rejectedBefore: new Map(),
    acceptedBefore: 0,
    run,
    command: 'validate' as const,
  };
  const report = flags.report === undefined ? undefined : (await import('./write-report.ts')).beginReport(flags.report);
  const inspection = createInspection({
    ...(report?.keeps ?? { mostRows: 0, mostRowsEach: 0 }),
    lineOf: ({ mapped }, row) => feed.quote(mapped, row).line,
    once: idsToWatch(operations, prepared.mapping),
  });
  const summary = await executeRun(orderOf(resolved, operations, flags, decided), {
    ...session.world,
    book,
    inspection,
    transport: undefined,
    rejects: new RowFile(directory, rowFiles.rejected),
    uncertain: new RowFile(directory, rowFiles.uncertain),
  });
  if (report === undefined) return summary;
  report.write({
    summary,
    type: resolved.settings.type,
    mapping: prepared.mapping,
    rows: inspection.rows,
    mask: session.world.mask,
    now: systemClock.now(),
  });
  return { ...summary, reportFile: report.path };
}

/** What `--limit` leaves out though it would have had room: a group is loaded whole or not at all. */
const sayCut =
  ({ reporter }: Session, limit: number | undefined) =>
  (file: string, lastRecord: number): void =>
    reporter.notice(
      `${file}: --limit ${limit} falls inside a group, so this run ends ${lastRecord === 0 ? 'before the first row' : `with record ${lastRecord}`}`,
    );

export interface Session {
  readonly reporter: Reporter;
  readonly mappingName: string;
  readonly world: Pick<
    RunWorld,
    'clock' | 'random' | 'reporter' | 'mask' | 'interrupt' | 'commandAgain' | 'retryCommand'
  >;
}

/** Items a request, by the operation that takes the fewest. */
const tightestItemLimit = (operations: readonly Operation[], { chunkSize }: SendingFlags): number =>
  Math.min(chunkSize ?? Number.POSITIVE_INFINITY, ...operations.map(({ limits }) => limits.items));

async function withPrepared(
  files: readonly string[],
  flags: ValidateFlags,
  work: (prepared: Prepared, session: Session) => Promise<Summary>,
): Promise<void> {
  tuneCollection();
  const prepared = await prepare(prepareOptions(files, flags));
  const { resolved, mapping } = prepared;
  const mask = maskTexts([...resolved.secrets, ...(resolved.target.secretTexts ?? [])]);
  const reporter = createReporter(flags, mask, resolved.target.acceptedWord);
  const { interrupt, unlisten } = listenForSignals(reporter);
  try {
    const summary = await work(prepared, {
      reporter,
      mappingName: mapping.file,
      world: {
        clock: systemClock,
        random: Math.random,
        reporter,
        mask,
        interrupt,
        commandAgain: commandLine(),
        // What went into the sandbox is gone with it.
        retryCommand: flags.sandbox ? undefined : retryCommand(flags),
      },
    });
    reporter.finished(summary);
    if (prepared.sandbox !== undefined && summary.command === 'push' && !flags.json && !flags.quiet) {
      process.stderr.write(`  What the sandbox holds now:\n`);
      for (const line of prepared.sandbox.emulator(resolved.type.type).summary())
        process.stderr.write(`    ${printable(line)}\n`);
    }
    process.exitCode = summary.exit;
  } finally {
    reporter.close();
    unlisten();
    await prepared.release();
  }
}

export function prepareOptions(
  files: readonly string[],
  flags: TargetFlags & InputFlags & Partial<SendingFlags>,
): PrepareOptions {
  return {
    files,
    target: flags.target,
    mapping: flags.mapping,
    config: flags.config,
    stateDir: flags.stateDir,
    sandbox: flags.sandbox,
    source: {
      format: flags.format,
      delimiter: flags.delimiter,
      encoding: flags.encoding,
      maxRowBytes: flags.maxRowSize,
    },
    confirmDestructive: flags.confirmDestructive,
    workingDirectory: process.cwd(),
    env: process.env,
    stdin: process.stdin,
  };
}

/** `push --dry-run` stops where push would; only what was loaded before needs the journal. */
async function guardDryRun(prepared: Prepared, flags: ResumeFlags): Promise<void> {
  if (flags.maxDrop === undefined) return guard(prepared, flags, undefined);
  const journal = openJournal(prepared.stateDir);
  try {
    await guard(prepared, flags, journal);
  } finally {
    journal.close();
  }
}

async function guard(
  { files, source, mapping, resolved }: Prepared,
  { minRows, maxDrop }: ResumeFlags,
  journal: Pick<Journal, 'lastComplete'> | undefined,
): Promise<void> {
  if (minRows === undefined && maxDrop === undefined) return;
  let rows = 0;
  const duplicates = duplicatesIn(files);
  for (const file of files) if (!duplicates.has(file)) rows += await countRecords(file, source);
  const last = journal?.lastComplete(resolved.target.identity, { mapping: mappingHash(mapping) });
  guardRows(rows, { minRows, maxDrop, lastRows: last?.records });
}

/** What a target says of its real self (live mode, later checks) would mislead about the sandbox. */
const noticesOf = ({ resolved, operations, sandbox }: Prepared): string[] =>
  sandbox === undefined
    ? [...new Set([...resolved.target.notices, ...operations.flatMap(({ notices }) => notices ?? [])])]
    : ['sandbox: nothing leaves this machine'];
