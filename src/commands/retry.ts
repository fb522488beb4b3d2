/** `cdp-load retry`: the rejected rows of a run once more, under the mapping as it is now. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadConfig } from '../config/load.ts';
import { resolveTarget } from '../config/resolve.ts';
import { createTransport } from '../delivery/transport.ts';
import { engineError } from '../engine/codes.ts';
import { mappingPath, refuseDestruction, resendable } from '../engine/prepare.ts';
import { findRetriedRows, type RetriedLoad } from '../engine/retried-rows.ts';
import { createRetryFeed, recoverRetried } from '../engine/retry-feed.ts';
import { executeRun } from '../engine/run.ts';
import { openJournal } from '../journal/journal.ts';
import type { Load } from '../journal/loads.ts';
import { RowFile, rowFiles } from '../journal/rejects.ts';
import { loadMapping } from '../mapping/load.ts';
import { sensitiveColumns } from '../mapping/sensitive-columns.ts';
import { systemClock } from '../model/clock.ts';
import type { UserError } from '../model/fault.ts';
import { maskTexts } from '../model/mask.ts';
import { plural } from '../report/printable.ts';
import type { Summary } from '../report/summary.ts';
import type { ConfigFlags, OutputFlags, SendingFlags } from './flags.ts';
import { tuneCollection, tuneCollectionFor } from './garbage-collection.ts';
import { stateDirOf } from './runs.ts';
import { tightestItemLimit } from './session.ts';
import {
  commandLine,
  createReporter,
  endRun,
  listenForSignals,
  orderOf,
  retryCommand,
  transportOptions,
} from './world.ts';

type RetryFlags = ConfigFlags & SendingFlags & OutputFlags & { readonly target?: string; readonly mapping?: string };

export async function retry(id: string, flags: RetryFlags): Promise<void> {
  tuneCollection();
  const journal = openJournal(stateDirOf(flags));
  try {
    const past = journal.run(id);
    const config = loadConfig(flags.config, process.cwd());
    const resolved = resolveTarget(flags.target ?? past.targetName, config, process.env);
    const { target } = resolved;
    const mapping = await loadMapping(
      mappingPath({ mapping: flags.mapping, workingDirectory: process.cwd() }, resolved),
    );
    const loads = past.loads.map(({ load }) => load).filter((load) => load.target === target.identity);
    const loadOf = (file: string): Load | undefined =>
      loads.find(({ path }) => path === file || path === resolve(file)) ?? (loads.length === 1 ? loads[0] : undefined);
    const kinds = flags.uncertain === 'resend' ? (['rejected', 'uncertain'] as const) : (['rejected'] as const);
    const runDirectory = join(journal.stateDirectory, 'runs', id);
    const batch = await findRetriedRows(runDirectory, loadOf, kinds);
    const operations = mapping.entries.map(({ operation, settings }) => target.operation(operation, settings));
    refuseDestruction(operations, flags.confirmDestructive ?? false);
    refuseSingleRequest(operations);
    if (batch.loads.length === 0) throw nothingToRetry(id, batch.unreadable, runDirectory);
    refuseOtherOperations(batch.loads, operations);
    const mask = maskTexts([...resolved.secrets, ...(target.secretTexts ?? [])]);
    const reporter = createReporter(flags, mask, target.acceptedWord);
    const { interrupt, unlisten } = listenForSignals(reporter);
    const run = journal.beginRetry(
      { kind: 'retry', command: commandLine(), targetName: resolved.settings.name },
      batch.loads.map(({ load }) => load.id),
    );
    let summary: Summary | undefined;
    let failed: unknown;
    try {
      const resend = resendable(operations, flags.uncertain);
      const doubtful = await recoverRetried(batch.loads, run, resend);
      const uncertain = new RowFile(run.directory, rowFiles.uncertain);
      for await (const rows of doubtful.held()) await uncertain.write(rows);
      const feed = createRetryFeed(batch.loads, run, mapping, target, resend, systemClock.now());
      reporter.started({
        run: run.id,
        command: 'retry',
        target: resolved.settings.name,
        type: resolved.settings.type,
        mapping: mapping.file,
        operations: operations.map(({ name }) => name),
        files: batch.loads.map(({ name, rows }) => ({
          path: name,
          about: `${plural(rows.count, 'row')} of run ${id}`,
          bytes: 0,
        })),
        notices:
          batch.unreadable === 0
            ? []
            : [
                `${plural(batch.unreadable, 'row')} could not be read from the file and are left out: mend the file and push it`,
              ],
        uncertain: doubtful.named,
      });
      const decided = {
        feed,
        alreadyLoaded: [],
        sensitive: sensitiveColumns(mapping),
        resumed: 0,
        rejectedBefore: new Map(),
        // The mapping was mended since: whether it is right now, these rows must show.
        acceptedBefore: 0,
        run: run.id,
        command: 'retry' as const,
      };
      tuneCollectionFor(tightestItemLimit(operations, flags), { transport: false });
      summary = await executeRun(orderOf(resolved, operations, flags, decided), {
        clock: systemClock,
        random: Math.random,
        book: run,
        reporter,
        transport: createTransport(transportOptions(resolved, flags.concurrency)),
        rejects: new RowFile(run.directory, rowFiles.rejected),
        uncertain,
        mask,
        interrupt,
        commandAgain: commandLine(),
        retryCommand: retryCommand(flags),
      });
      reporter.finished(summary);
      process.exitCode = summary.exit;
    } catch (error) {
      failed = error;
      throw error;
    } finally {
      try {
        endRun(run, summary, failed);
      } finally {
        reporter.close();
        unlisten();
      }
    }
  } finally {
    journal.close();
  }
}

function nothingToRetry(id: string, unreadable: number, runDirectory: string): UserError {
  if (unreadable > 0) {
    const says = `The ${plural(unreadable, 'rejected row')} of run ${id} could not even be read.`;
    return engineError('nothing-to-retry', says, 'Mend the file itself and push it.');
  }
  const says = `Run ${id} has no rejected rows.`;
  const hint = existsSync(join(runDirectory, rowFiles.uncertain))
    ? 'Its uncertain rows are sent again with --uncertain resend: look first whether they arrived.'
    : '`cdp-load runs` lists the runs.';
  return engineError('nothing-to-retry', says, hint);
}

/** What is settled of a row is kept for each operation: under others nobody could say which of its items is open. */
function refuseOtherOperations(loads: readonly RetriedLoad[], operations: readonly { readonly name: string }[]): void {
  const now = operations.map(({ name }) => name).join(', ');
  const other = loads.find(({ load }) => load.operations.join(', ') !== now);
  if (other === undefined) return;
  throw engineError(
    'other-operations',
    `${other.name} was loaded as ${other.load.operations.join(', ')}, and the mapping now says ${now}.`,
    'Name the mapping that fits with --mapping, or push the whole file.',
  );
}

function refuseSingleRequest(
  operations: readonly { readonly name: string; readonly limits: { readonly singleRequest?: boolean } }[],
): void {
  const single = operations.find(({ limits }) => limits.singleRequest);
  if (single === undefined) return;
  throw engineError(
    'one-request-only',
    `Each request of ${single.name} replaces all that came before it, so a few rows cannot be sent again by themselves.`,
    'Push the whole file with --again.',
  );
}
