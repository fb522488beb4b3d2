/** `cdp-load push`. */
import { enroll } from '../engine/enroll.ts';
import { bytesToRead, createFileFeed } from '../engine/file-feed.ts';
import { executeRun } from '../engine/run.ts';
import { describeFile } from '../engine/survey.ts';
import { planThreads } from '../engine/thread-plan.ts';
import { openJournal } from '../journal/journal.ts';
import { RowFile, rowFiles } from '../journal/rejects.ts';
import { mappingHash } from '../mapping/mapping-hash.ts';
import { sensitiveColumns } from '../mapping/sensitive-columns.ts';
import { systemClock } from '../model/clock.ts';
import type { Summary } from '../report/summary.ts';
import type { ResumeFlags } from './flags.ts';
import { tuneCollectionFor } from './garbage-collection.ts';
import { guardRowsOf } from './row-guard.ts';
import { noticesOf, type SessionFlags, sayCut, tightestItemLimit, withPrepared } from './session.ts';
import { commandLine, endRun, limitsOf, orderOf, transportOptions } from './world.ts';

type PushFlags = SessionFlags & ResumeFlags & { readonly dryRun?: boolean };

export async function push(files: readonly string[], flags: PushFlags): Promise<void> {
  if (flags.dryRun) return (await import('./validate.ts')).validate(files, flags);
  await withPrepared(files, flags, async (prepared, session) => {
    const { resolved, mapping, operations, stateDir } = prepared;
    const journal = openJournal(stateDir);
    try {
      await guardRowsOf(prepared, flags, journal);
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
        tuneCollectionFor(mostItems, threads);
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
