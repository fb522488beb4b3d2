/** What commands take from the process they run in: signals, terminal, environment. */
import type { ResolvedTarget } from '../config/resolve.ts';
import type { TransportOptions } from '../delivery/transport.ts';
import type { RunOrder } from '../engine/run.ts';
import type { JournalRun } from '../journal/run.ts';
import { Exit, exitOf } from '../model/fault.ts';
import { createJsonReporter } from '../report/json.ts';
import type { Reporter, Summary } from '../report/summary.ts';
import { createTerminalReporter } from '../report/terminal.ts';
import type { Operation } from '../targets/target.ts';
import type { ConfigFlags, OutputFlags, SendingFlags } from './flags.ts';

const connectTimeoutMs = 10_000;

export function transportOptions({ transport, type }: ResolvedTarget, concurrency?: number): TransportOptions {
  return {
    connections: concurrency ?? transport.concurrency ?? type.defaults.concurrency,
    timeoutMs: transport.timeout ?? type.defaults.timeoutMs,
    connectTimeoutMs: transport.connectTimeout ?? connectTimeoutMs,
    proxy: transport.proxy,
    ca: transport.ca,
    cert: transport.cert,
    key: transport.key,
  };
}

/** The first signal asks to stop and says so; the second ends the process at once. What is in flight is in the journal. */
export function listenForSignals(reporter: Pick<Reporter, 'notice' | 'close'>): {
  interrupt: AbortSignal;
  unlisten(): void;
} {
  const controller = new AbortController();
  const exits = { SIGINT: Exit.interrupted, SIGTERM: Exit.terminated, SIGHUP: Exit.terminated } as const;
  const handlers = Object.entries(exits).map(([signal, exit]) => {
    const handler = () => {
      if (controller.signal.aborted) {
        // A bar hides the cursor: it must be given back.
        reporter.close();
        process.exit(exit);
      }
      reporter.notice('Stopping: requests in flight may finish. Again to stop at once.');
      controller.abort(exit);
    };
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return {
    interrupt: controller.signal,
    unlisten() {
      for (const off of handlers) off();
    },
  };
}

/**
 * Tells the journal how the run ended. One that broke under the run cannot be told any more: the summary says so, and what was
 * on disk by then.
 */
export function endRun(run: Pick<JournalRun, 'end'>, summary: Summary | undefined, failed: unknown): void {
  try {
    run.end({ exit: summary?.exit ?? exitOf(failed), totals: summary ?? null });
  } catch (error) {
    if (summary?.stopped === undefined) throw error;
  }
}

export function createReporter(
  flags: OutputFlags,
  mask: (text: string) => string,
  acceptedWord: string | undefined,
): Reporter {
  const now = () => Date.now();
  if (flags.json) return createJsonReporter((line) => void process.stdout.write(mask(line)), now);
  const terminal = {
    isTTY: process.stderr.isTTY === true && process.env['TERM'] !== 'dumb',
    write: (text: string) => void process.stderr.write(text),
  };
  return createTerminalReporter(terminal, { quiet: flags.quiet ?? false, acceptedWord, now, mask });
}

/** What the flags, the config, the target's defaults and its own stricter pace come to. */
export function limitsOf({ transport, type, target }: ResolvedTarget, flags: SendingFlags): RunOrder['limits'] {
  const { defaults } = type;
  return {
    items: flags.chunkSize,
    concurrency:
      least(flags.concurrency ?? transport.concurrency ?? defaults.concurrency, target.pace?.concurrency) ?? 1,
    rate: least(flags.rate ?? transport.rate ?? defaults.rate, target.pace?.rate),
  };
}

export function orderOf(
  resolved: ResolvedTarget,
  operations: readonly Operation[],
  flags: SendingFlags,
  decided: Pick<
    RunOrder,
    'run' | 'command' | 'feed' | 'alreadyLoaded' | 'sensitive' | 'resumed' | 'rejectedBefore' | 'acceptedBefore'
  >,
): RunOrder {
  const { run, command, feed, alreadyLoaded, sensitive, resumed, rejectedBefore, acceptedBefore } = decided;
  return {
    run,
    command,
    feed,
    alreadyLoaded,
    sensitive,
    resumed,
    rejectedBefore,
    acceptedBefore,
    resolved,
    operations,
    limits: limitsOf(resolved, flags),
    uncertain: flags.uncertain,
    maxErrors: flags.maxErrors,
    identicalRefusals: flags.identicalRefusals ?? resolved.transport.identicalRefusals,
  };
}

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.min(a, b);

/** Where the journal is found again stands in flags, if it was given so. */
export function retryCommand({ config, stateDir }: ConfigFlags): (run: string) => string {
  const where = [
    ...(config === undefined ? [] : ['--config', config]),
    ...(stateDir === undefined ? [] : ['--state-dir', stateDir]),
  ];
  return (run) => ['cdp-load', 'retry', run, ...where].map(quoted).join(' ');
}

/** As it was typed, without flags that are spent once they have worked. */
export function commandLine(): string {
  const spent = new Set(['--restart', '--again', '--new-mapping']);
  return ['cdp-load', ...process.argv.slice(2).filter((word) => !spent.has(word))].map(quoted).join(' ');
}

export const quoted = (word: string): string =>
  /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
