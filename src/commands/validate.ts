/** `cdp-load validate`: the path of `push`, up to the socket. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createMemoryBook } from '../engine/book.ts';
import { createFileFeed } from '../engine/file-feed.ts';
import { createInspection } from '../engine/inspection.ts';
import type { Prepared } from '../engine/prepare.ts';
import { createLineFinder } from '../engine/quote.ts';
import { executeRun } from '../engine/run.ts';
import { spoolFolder } from '../engine/spool.ts';
import { describeFile, duplicateNotice, duplicatesIn } from '../engine/survey.ts';
import { RowFile, rowFiles } from '../journal/rejects.ts';
import { newRunId } from '../journal/run-id.ts';
import { sensitiveColumns } from '../mapping/sensitive-columns.ts';
import { systemClock } from '../model/clock.ts';
import type { Summary } from '../report/summary.ts';
import type { ResumeFlags, SendingFlags } from './flags.ts';
import { tuneCollectionFor } from './garbage-collection.ts';
import { guardRowsOfDryRun } from './row-guard.ts';
import { noticesOf, type Session, type SessionFlags, sayCut, tightestItemLimit, withPrepared } from './session.ts';
import { orderOf } from './world.ts';

export async function validate(files: readonly string[], flags: SessionFlags & ResumeFlags): Promise<void> {
  await withPrepared(files, flags, async (prepared, session) => {
    await guardRowsOfDryRun(prepared, flags);
    return check(prepared, session, flags);
  });
}

/** Every row up to the socket. `init` asks the same of a mapping it has just written. */
export async function check(
  prepared: Prepared,
  session: Session,
  flags: Pick<SessionFlags, 'limit' | 'uncertain' | 'report'> & SendingFlags,
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
  tuneCollectionFor(tightestItemLimit(operations, flags), { transport: false });
  const feed = createFileFeed({
    surveyed: prepared.files,
    streamed: loads,
    source: prepared.source,
    mapping: {
      settings: resolved.settings,
      mapping: prepared.mapping,
      now: systemClock.now(),
      hashes: true,
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
    folder: spoolFolder(stateDir),
    lineOf: createLineFinder(prepared.files.map(({ description }) => description)),
    once: operations.map(({ once }) => once),
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
