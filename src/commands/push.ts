/** `cdp-load push` and `cdp-load validate`: one path; validate ends before the socket. */
import { join, resolve } from 'node:path';
import { createTransport } from '../delivery/transport.ts';
import { createMemoryBook } from '../engine/book.ts';
import { enroll } from '../engine/enroll.ts';
import { type Prepared, type PrepareOptions, prepare } from '../engine/prepare.ts';
import { createRowFile } from '../engine/row-file.ts';
import { executeRun, type RunOrder, type RunWorld } from '../engine/run.ts';
import { countRecords, describeFile, guardRows } from '../engine/survey.ts';
import { openJournal } from '../journal/journal.ts';
import { mappingHash } from '../mapping/mapping-hash.ts';
import { systemClock } from '../model/clock.ts';
import { maskTexts } from '../model/mask.ts';
import type { Reporter, Summary } from '../report/summary.ts';
import type { InputFlags, OutputFlags, ResumeFlags, SendingFlags, TargetFlags } from './flags.ts';
import { createReporter, listenForSignals, tolerateClosedOutputs, transportOptions } from './world.ts';

type ValidateFlags = TargetFlags & InputFlags & SendingFlags & OutputFlags;
type PushFlags = ValidateFlags & ResumeFlags & { readonly dryRun?: boolean };

export async function push(files: readonly string[], flags: PushFlags): Promise<void> {
  if (flags.dryRun) return validate(files, flags);
  await withPrepared(files, flags, async (prepared, session) => {
    const { resolved, mapping, operations, stateDir } = prepared;
    const journal = openJournal(stateDir);
    try {
      await guard(prepared, flags, (by) => journal.lastComplete(resolved.target.identity, by)?.records);
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
      const rejects = createRowFile(join(run.directory, 'rejects.ndjson'));
      const uncertain = createRowFile(join(run.directory, 'uncertain.ndjson'));
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
      });
      await uncertain.write(enrolled.heldRows);
      let summary: Summary | undefined;
      try {
        summary = await executeRun(orderOf(prepared, flags, { ...enrolled, run: run.id, command: 'push' }), {
          ...session.world,
          book: run,
          transport: createTransport(transportOptions(resolved, flags.concurrency)),
          rejects,
          uncertain,
        });
      } finally {
        run.end({ exit: summary?.exit ?? 70, totals: summary ?? null });
      }
      return summary;
    } finally {
      journal.close();
    }
  });
}

export async function validate(files: readonly string[], flags: ValidateFlags): Promise<void> {
  await withPrepared(files, flags, async (prepared, session) => {
    const { resolved, operations, stateDir } = prepared;
    const run = `validate-${process.pid}`;
    const directory = join(stateDir, 'validate');
    session.reporter.started({
      run,
      command: 'validate',
      target: resolved.settings.name,
      type: resolved.settings.type,
      mapping: session.mappingName,
      operations: operations.map(({ name }) => name),
      files: prepared.files.map((file) => ({
        path: file.name,
        about: describeFile(file.description),
        bytes: file.bytes,
      })),
      notices: noticesOf(prepared),
    });
    const loads = prepared.files.map((file) => ({
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
    return executeRun(
      orderOf(prepared, flags, {
        files: loads,
        alreadyLoaded: [],
        resumed: 0,
        rejectedBefore: 0,
        run,
        command: 'validate',
      }),
      {
        ...session.world,
        book: createMemoryBook(prepared.files.length, operations.length),
        transport: undefined,
        rejects: createRowFile(join(directory, 'rejects.ndjson'), { replace: true }),
        uncertain: createRowFile(join(directory, 'uncertain.ndjson'), { replace: true }),
      },
    );
  });
}

interface Session {
  readonly reporter: Reporter;
  readonly mappingName: string;
  readonly world: Pick<RunWorld, 'clock' | 'random' | 'reporter' | 'mask' | 'interrupt' | 'commandAgain'>;
}

async function withPrepared(
  files: readonly string[],
  flags: ValidateFlags,
  work: (prepared: Prepared, session: Session) => Promise<Summary>,
): Promise<void> {
  tolerateClosedOutputs();
  const prepared = await prepare(prepareOptions(files, flags));
  const { resolved, mapping } = prepared;
  const mask = maskTexts([...resolved.secrets, ...(resolved.target.secretTexts ?? [])]);
  const reporter = createReporter(flags, mask, resolved.target.acceptedWord);
  const { interrupt, unlisten } = listenForSignals((text) => reporter.notice(text));
  try {
    const summary = await work(prepared, {
      reporter,
      mappingName: mapping.file,
      world: { clock: systemClock, random: Math.random, reporter, mask, interrupt, commandAgain: commandLine() },
    });
    reporter.finished(summary);
    if (prepared.sandbox !== undefined && !flags.json && !flags.quiet) {
      process.stderr.write(`  What the sandbox holds now:\n`);
      for (const line of prepared.sandbox.emulator(resolved.type.type).summary()) process.stderr.write(`    ${line}\n`);
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

function orderOf(
  prepared: Prepared,
  flags: ValidateFlags,
  decided: Pick<RunOrder, 'run' | 'command' | 'files' | 'alreadyLoaded' | 'resumed' | 'rejectedBefore'>,
): RunOrder {
  const { resolved, mapping, operations, files, source } = prepared;
  const { transport, type, target } = resolved;
  const rate = least(flags.rate ?? transport.rate ?? type.defaults.rate, target.pace?.rate);
  return {
    ...decided,
    resolved,
    mapping,
    operations,
    surveyed: files,
    source,
    limits: {
      items: flags.chunkSize,
      concurrency:
        least(flags.concurrency ?? transport.concurrency ?? type.defaults.concurrency, target.pace?.concurrency) ?? 1,
      rate,
    },
    uncertain: flags.uncertain,
    maxErrors: flags.maxErrors,
  };
}

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.min(a, b);

async function guard(
  { files, source, resolved, mapping }: Prepared,
  { minRows, maxDrop }: ResumeFlags,
  lastRows: (by: { mapping: string }) => number | undefined,
): Promise<void> {
  if (minRows === undefined && maxDrop === undefined) return;
  let rows = 0;
  for (const file of files) rows += await countRecords(file, source);
  void resolved;
  guardRows(rows, { minRows, maxDrop, lastRows: lastRows({ mapping: mappingHash(mapping) }) });
}

const noticesOf = ({ resolved, operations, sandbox }: Prepared): string[] => [
  ...(sandbox === undefined ? [] : ['sandbox: nothing leaves this machine']),
  ...new Set([...resolved.target.notices, ...operations.flatMap(({ notices }) => notices ?? [])]),
];

/** As it was typed, without flags that are spent once they have worked. */
function commandLine(): string {
  const spent = new Set(['--restart', '--again', '--new-mapping']);
  return ['cdp-load', ...process.argv.slice(2).filter((word) => !spent.has(word))].map(quoted).join(' ');
}

const quoted = (word: string): string => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

export const absolute = (path: string): string => resolve(process.cwd(), path);
