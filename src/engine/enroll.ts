/**
 * Asks the journal what is to be done with each input, takes hold of the loads, and settles what a crash left in doubt.
 */
import { resolve } from 'node:path';
import { borderHolds } from '../input/fingerprint.ts';
import type { Journal } from '../journal/journal.ts';
import { RangeSet } from '../journal/ranges.ts';
import type { RejectedRow } from '../journal/rejects.ts';
import type { JournalRun, OpenedLoad } from '../journal/run.ts';
import type { LoadState } from '../journal/state.ts';
import { plural } from '../report/printable.ts';
import type { RunStart } from '../report/summary.ts';
import { engineError } from './codes.ts';
import type { StreamedFile } from './file-feed.ts';
import { rowsOfRecords } from './held-rows.ts';
import { type Prepared, resendable } from './prepare.ts';
import type { RejectedBefore } from './rejected-rows.ts';
import { duplicateNotice, type SurveyedFile } from './survey.ts';

export interface EnrollOptions {
  readonly command: string;
  readonly again: boolean;
  readonly restart: boolean;
  readonly newMapping: boolean;
  readonly uncertain: 'auto' | 'resend' | 'hold';
  readonly limit: number | undefined;
  /** Hash of the mapping's meaning. */
  readonly mapping: string;
}

export interface Enrolled {
  readonly run: JournalRun;
  readonly files: readonly StreamedFile[];
  readonly alreadyLoaded: readonly string[];
  readonly resumed: number;
  readonly rejectedBefore: RejectedBefore;
  readonly acceptedBefore: number;
  readonly notices: readonly string[];
  readonly uncertain: RunStart['uncertain'];
  /** Rows whose fate is unknown and that must not be sent again: to be named. */
  readonly heldRows: readonly RejectedRow[];
}

export async function enroll(prepared: Prepared, journal: Journal, options: EnrollOptions): Promise<Enrolled> {
  const { resolved, operations, files } = prepared;
  const run = journal.begin(
    { kind: 'push', command: options.command, targetName: resolved.settings.name },
    {
      target: resolved.target.identity,
      targetName: resolved.settings.name,
      mapping: options.mapping,
      operations: operations.map(({ name }) => name),
      inputs: files.map(({ isPipe, path, fingerprint }) => ({ path: isPipe ? '-' : resolve(path), fingerprint })),
      again: options.again,
      restart: options.restart,
      newMapping: options.newMapping,
    },
  );
  try {
    const notices: string[] = [];
    const alreadyLoaded: string[] = [];
    for (const [index, decision] of run.decisions.entries()) {
      const name = files[index]?.name ?? '';
      if (decision.kind === 'duplicate-of') notices.push(duplicateNotice(name, files[decision.of]?.name ?? ''));
      if (decision.kind === 'already-complete') {
        const held = decision.counts.uncertain;
        if (held > 0)
          notices.push(
            `${name} was loaded by run ${decision.load.lastRun}, which left ${plural(held, 'uncertain row')} held`,
          );
        alreadyLoaded.push(
          `${name} (run ${decision.load.lastRun}, ${whenOf(decision.load.completed)}; --again loads it anew)`,
        );
      }
      if (decision.kind === 'new' && decision.priorMapping !== undefined) {
        const { lastRun } = decision.priorMapping;
        if (!options.again && operations.some(({ repeatable }) => !repeatable)) {
          throw engineError(
            'loaded-elsewise',
            `${name} was loaded into this target by run ${lastRun} under another mapping, and sending it again would double its rows.`,
            'If that is meant, add --again.',
          );
        }
        notices.push(
          `${name} was loaded before by run ${lastRun} under another mapping; it is loaded again under this one`,
        );
      }
      if (decision.kind === 'resume')
        notices.push(`${name}: going on with the load that run ${decision.load.lastRun} left unfinished`);
    }
    const streamed: StreamedFile[] = [];
    const uncertain: RunStart['uncertain'][number][] = [];
    const heldRows: RejectedRow[] = [];
    let resumed = 0;
    const rejectedBefore = new Map<number, RangeSet>();
    let acceptedBefore = 0;
    for (const opened of run.loads) {
      const file = files[opened.input ?? -1];
      if (file === undefined) continue;
      let held = new RangeSet();
      const mayResend = resendable(operations, options.uncertain);
      // Each run names all of it, also what is held since earlier: the run before may have been killed before it could.
      for (const { entry, records, fate } of await run.recover(opened.load.id, mayResend)) {
        if (fate === 'hold') held = held.union(records);
        const operation = opened.load.operations[entry] ?? '';
        uncertain.push({ file: file.name, operation, records: records.toString(), rows: records.size, fate });
      }
      if (!held.isEmpty) {
        const borderBefore = (record: number) => run.checkpointBefore(opened.load.id, record);
        heldRows.push(...(await rowsOfRecords(file, held, prepared.source, borderBefore)));
      }
      const before = run.counts(opened.load.id);
      resumed += before.accepted + before.rejected + before.skipped + before.uncertain;
      rejectedBefore.set(opened.load.id, rejectedIn(opened.state));
      acceptedBefore += before.accepted;
      streamed.push(await streamedFile(run, opened, file, options.limit));
    }
    const before = { resumed, rejectedBefore, acceptedBefore };
    return { run, files: streamed, alreadyLoaded, ...before, notices, uncertain, heldRows };
  } catch (error) {
    run.end({ exit: 2, totals: null });
    throw error;
  }
}

async function streamedFile(
  run: JournalRun,
  { load, state }: OpenedLoad,
  file: SurveyedFile,
  limit: number | undefined,
): Promise<StreamedFile> {
  const { from, firstUnsettled } = run.resumePoint(load.id);
  const border =
    from !== undefined && firstUnsettled > 1 && (await borderHolds(file.description, from, file.path))
      ? from
      : undefined;
  return {
    file,
    load: load.id,
    from: border,
    task: {
      index: file.index,
      description: file.description,
      loadKey: load.identity,
      settled: settledOf(state),
      upTo: limit,
    },
  };
}

/** A row is rejected when any of its items is. */
const rejectedIn = (state: LoadState): RangeSet =>
  state.entries.reduce((union, { rejected }) => union.union(rejected), new RangeSet());

/** By entry, what needs no work any more. */
const settledOf = (state: LoadState): string[] =>
  state.entries.map(({ accepted, rejected, skipped, uncertain }) =>
    accepted.union(rejected).union(skipped).union(uncertain).toString(),
  );

const whenOf = (epochMs: number | undefined): string =>
  epochMs === undefined ? 'before' : new Date(epochMs).toISOString().slice(0, 16).replace('T', ' ');
