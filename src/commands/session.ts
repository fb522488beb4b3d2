/** What `push` and `validate` share: the inputs are prepared, the world is at hand, and whatever happens is told and put away. */
import { type Prepared, type PrepareOptions, prepare } from '../engine/prepare.ts';
import type { RunWorld } from '../engine/run.ts';
import { systemClock } from '../model/clock.ts';
import { maskTexts } from '../model/mask.ts';
import { printable } from '../report/printable.ts';
import type { Reporter, Summary } from '../report/summary.ts';
import type { Operation } from '../targets/target.ts';
import type { InputFlags, OutputFlags, SendingFlags, TargetFlags } from './flags.ts';
import { tuneCollection } from './garbage-collection.ts';
import { commandLine, createReporter, listenForSignals, retryCommand } from './world.ts';

export type SessionFlags = TargetFlags & InputFlags & SendingFlags & OutputFlags & { readonly report?: string };

export interface Session {
  readonly reporter: Reporter;
  readonly mappingName: string;
  readonly world: Pick<
    RunWorld,
    'clock' | 'random' | 'reporter' | 'mask' | 'interrupt' | 'commandAgain' | 'retryCommand'
  >;
}

/** Items a request, by the operation that takes the fewest. */
export const tightestItemLimit = (operations: readonly Operation[], { chunkSize }: SendingFlags): number =>
  Math.min(chunkSize ?? Number.POSITIVE_INFINITY, ...operations.map(({ limits }) => limits.items));

/** What `--limit` leaves out though it would have had room: a group is loaded whole or not at all. */
export const sayCut =
  ({ reporter }: Session, limit: number | undefined) =>
  (file: string, lastRecord: number): void =>
    reporter.notice(
      `${file}: --limit ${limit} falls inside a group, so this run ends ${lastRecord === 0 ? 'before the first row' : `with record ${lastRecord}`}`,
    );

/** What a target says of its real self (live mode, later checks) would mislead about the sandbox. */
export const noticesOf = ({ resolved, operations, sandbox }: Prepared): string[] =>
  sandbox === undefined
    ? [...new Set([...resolved.target.notices, ...operations.flatMap(({ notices }) => notices ?? [])])]
    : ['sandbox: nothing leaves this machine'];

export async function withPrepared(
  files: readonly string[],
  flags: SessionFlags,
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
