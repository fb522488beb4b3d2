/**
 * One run from its first look at the input to its summary. `push` and `validate` are the same run with another book and
 * another sender: what is checked, counted and reported cannot differ.
 */
import type { ResolvedTarget } from '../config/resolve.ts';
import type { EntryRecords } from '../delivery/chunk.ts';
import { createExchange } from '../delivery/exchange.ts';
import type { Policy } from '../delivery/next-step.ts';
import { createPace, type Pace } from '../delivery/pace.ts';
import { createPlanner, type Planner } from '../delivery/plan.ts';
import { createSender, type FailedItem, type Sender, type SenderObserver } from '../delivery/sender.ts';
import { createTokenCache } from '../delivery/token-cache.ts';
import type { Transport } from '../delivery/transport.ts';
import type { SourceOptions } from '../input/source.ts';
import type { RejectedRow } from '../journal/rejects.ts';
import type { Mapping } from '../mapping/mapping.ts';
import type { Clock } from '../model/clock.ts';
import { Exit, UserError } from '../model/fault.ts';
import type { Reason } from '../model/verdict.ts';
import { addsUp, type Progress, type Reporter, type RowCounts, type Summary } from '../report/summary.ts';
import type { Operation } from '../targets/target.ts';
import type { Book } from './book.ts';
import { createDrySender } from './dry-sender.ts';
import { type ErrorBudget, isOverBudget } from './error-budget.ts';
import { createMapper, workersFor } from './mapper.ts';
import { createQuoter } from './quote.ts';
import { type StreamedFile, streamFiles } from './stream.ts';
import type { SurveyedFile } from './survey.ts';
import { createTally } from './tally.ts';

/** Everything that was decided before: what to load, where to, from where on. */
export interface RunOrder {
  readonly run: string;
  readonly command: Summary['command'];
  readonly resolved: ResolvedTarget;
  readonly mapping: Mapping;
  readonly operations: readonly Operation[];
  readonly files: readonly StreamedFile[];
  /** Every file of the run, by its index: rejects quote from them. */
  readonly surveyed: readonly SurveyedFile[];
  readonly alreadyLoaded: readonly string[];
  /** Rows that earlier runs had settled. */
  readonly resumed: number;
  readonly source: SourceOptions;
  readonly limits: {
    readonly items?: number | undefined;
    readonly concurrency: number;
    readonly rate?: number | undefined;
  };
  readonly uncertain: Policy['uncertain'];
  readonly maxErrors?: ErrorBudget | undefined;
  /** Rows rejected by earlier runs of these loads: the budget goes on from there. */
  readonly rejectedBefore: number;
  readonly workers?: number | undefined;
}

export interface RunWorld {
  readonly clock: Clock;
  readonly random: () => number;
  readonly book: Book;
  readonly reporter: Reporter;
  /** Undefined: nothing is sent. */
  readonly transport: Transport | undefined;
  readonly rejects: RowFile;
  readonly uncertain: RowFile;
  /** Masks secrets. */
  readonly mask: (text: string) => string;
  /** Aborts with an {@link Exit} as its reason: SIGINT, SIGTERM, SIGHUP. */
  readonly interrupt: AbortSignal;
  /** What to type to go on after a stop. */
  readonly commandAgain: string;
}

/** A file of rows that did not get through; made when its first row comes. */
export interface RowFile {
  readonly path: string;
  readonly rows: number;
  write(rows: readonly RejectedRow[]): Promise<void>;
  close(): Promise<void>;
}

const progressEveryMs = 250;
const queueBytes = 24_000_000;
const graceMs = 10_000;
const longestPauseMs = 3_600_000;

export async function executeRun(order: RunOrder, world: RunWorld): Promise<Summary> {
  const { book, clock, reporter } = world;
  const startedAt = clock.now();
  const tally = createTally();
  const counters = { requests: 0, retries: 0, bytes: 0, bytesRead: 0, mapped: 0, settled: 0, turnedDown: 0 };
  const shown = { accepted: 0, rejected: 0, skipped: 0, uncertain: 0 };
  const destroyed = new Map<string, { what: string; items: number }>();
  const records = new Map<number, number>(order.files.map(({ load, from }) => [load, (from?.record ?? 1) - 1]));
  const entries = order.operations.length;

  const observer: SenderObserver = {
    sent(chunk) {
      counters.requests += 1;
      counters.bytes += chunk.bytes;
    },
    settled(_chunk, to, items, moved) {
      if (to === 'open' || to === 'sending') return;
      counters.settled += items;
      shown[to] += items / entries;
      if (to === 'accepted') countDestroyed(destroyed, order.operations, moved);
      if (to === 'rejected') checkBudget();
    },
    retried: () => {
      counters.retries += 1;
    },
    paused: (until, reason) => reporter.paused(until, masked(reason, world.mask)),
  };
  const planner = createPlanner({ items: order.limits.items });
  const { sender, pace } = createDelivery(order, world, planner, observer, (items, file) => writeItems(items, file));
  const checkBudget = () => {
    const rejected = order.rejectedBefore + shown.rejected;
    const settled = rejected + shown.accepted + shown.skipped + shown.uncertain;
    if (isOverBudget(order.maxErrors, rejected, settled))
      sender.stop({ exit: Exit.tooManyErrors, reason: overBudget(order.maxErrors, rejected) });
  };
  const onInterrupt = () => sender.stop({ exit: world.interrupt.reason as Exit });
  world.interrupt.addEventListener('abort', onInterrupt, { once: true });

  const quote = createQuoter(order.surveyed.map(({ description }) => description));
  const writeItems = (items: readonly FailedItem[], file: RowFile) =>
    file.write(
      items.map(({ block, item, reason }) => {
        const { mapped } = block;
        const quoted = quote(mapped, mapped.firstRow[item] ?? 0);
        const name = order.surveyed[mapped.block.file]?.name ?? '';
        const fault = { stage: 'send' as const, code: reason.code, reason: world.mask(reason.reason) };
        if (file === world.rejects) tally.refusedItem(`${name}:${quoted.line}`, fault);
        const entry = mapped.entries[item] ?? 0;
        return { file: name, ...quoted, faults: [fault], ...(entries > 1 ? { entry } : {}) };
      }),
    );

  const progress = (): Progress => ({
    read: sum(records.values()),
    ...shown,
    requests: counters.requests,
    inFlight: pace?.state.inFlight ?? 0,
    bytesRead: counters.bytesRead,
    bytesTotal: order.files.reduce((total, { file, from }) => total + file.bytes - (from?.byte ?? 0), 0),
    elapsedMs: clock.now() - startedAt,
    pausedUntil: pace !== undefined && pace.state.pausedUntil > clock.now() ? pace.state.pausedUntil : undefined,
  });
  const ticker = setInterval(() => reporter.progress(progress()), progressEveryMs);

  const inputBytes = order.files.reduce((total, { file, from }) => total + file.bytes - (from?.byte ?? 0), 0);
  const mapper = createMapper(
    { settings: order.resolved.settings, mapping: order.mapping, now: startedAt },
    order.workers ?? workersFor(inputBytes),
  );
  let complete = false;
  try {
    complete = await streamFiles(order.files, {
      source: order.source,
      operations: order.operations,
      mapper,
      planner,
      sender,
      book,
      async writeRejects(file, mapped) {
        tally.rejectedRows(file.name, mapped.rejected);
        await world.rejects.write(mapped.rejected.map((row) => ({ file: file.name, ...row })));
      },
      onBlock({ file, load, from }, mapped, end) {
        records.set(load, end);
        counters.mapped += mapped.entries.length;
        counters.bytesRead += mapped.source.length;
        if (from === undefined && mapped.block.sequence === 0) counters.bytesRead += mapped.block.startByte;
        counters.turnedDown += mapped.rejected.length;
        shown.rejected += mapped.rejected.length;
        shown.skipped +=
          mapped.skipped.reduce((total, ranges) => total + sum(ranges.map(([a, b]) => b - a + 1)), 0) / entries;
        tally.warned(file.name, mapped.warnings);
        if (mapped.rejected.length > 0) checkBudget();
      },
    });
  } catch (error) {
    sender.stop({ exit: error instanceof UserError ? error.exit : Exit.internal, error });
  } finally {
    await sender.drain();
    clearInterval(ticker);
    world.interrupt.removeEventListener('abort', onInterrupt);
    await Promise.all([mapper.close(), world.rejects.close(), world.uncertain.close(), world.transport?.close()]);
  }

  const { stopped } = sender;
  if (stopped?.error !== undefined) {
    if (stopped.error instanceof UserError) throw stopped.error;
    throw stopped.error;
  }
  const counts = totals(book, records);
  // Two counts made in different places: what the mapper gave out, and what was settled one by one.
  const everythingSettled = counters.mapped === counters.settled && counts.remaining === 0;
  if (!addsUp(counts) || (stopped === undefined && !everythingSettled)) {
    throw new Error(
      `the rows do not add up: ${JSON.stringify({ ...counts, items: counters.mapped, settled: counters.settled })}`,
    );
  }
  const exit = stopped?.exit ?? (counts.rejected + counts.uncertain > 0 ? Exit.someRowsFailed : Exit.ok);
  const reason = stopped === undefined ? undefined : masked(stopped.reason ?? interruption(stopped.exit), world.mask);
  return {
    run: order.run,
    command: order.command,
    target: order.resolved.settings.name,
    files: order.surveyed.map(({ name }) => name),
    ...counts,
    complete,
    resumed: order.resumed,
    alreadyLoaded: order.alreadyLoaded,
    requests: counters.requests,
    retries: counters.retries,
    bytes: counters.bytes,
    seconds: Math.round(clock.now() - startedAt) / 1000,
    faults: tally.faults,
    warnings: tally.warnings,
    destroyed: [...destroyed].map(([operation, { what, items }]) => ({ operation, what, items })),
    rejectsFile: world.rejects.rows > 0 ? world.rejects.path : undefined,
    uncertainFile: world.uncertain.rows > 0 ? world.uncertain.path : undefined,
    stopped: reason,
    exit,
    next: whatNext(order, world, exit, counts),
  };
}

function createDelivery(
  order: RunOrder,
  world: RunWorld,
  planner: Planner,
  observer: SenderObserver,
  writeItems: (items: readonly FailedItem[], file: RowFile) => Promise<void>,
): { sender: Sender; pace: Pace | undefined } {
  const { transport, book, clock } = world;
  if (transport === undefined) return { sender: createDrySender(book, observer), pace: undefined };
  const { target } = order.resolved;
  const ended = new AbortController();
  const pace = createPace({ concurrency: order.limits.concurrency, rate: order.limits.rate }, clock);
  const tokens =
    target.token === undefined
      ? undefined
      : createTokenCache(target.token, (request) => transport.send(request), clock, ended.signal);
  const sender = createSender({
    exchange: createExchange(target, transport, tokens, clock),
    tokens,
    pace,
    planner,
    ledger: book,
    policy: { plan: target.retry, uncertain: order.uncertain, longestPauseMs },
    clock,
    random: world.random,
    observer,
    writeRejects: (items) => writeItems(items, world.rejects),
    writeUncertain: (items) => writeItems(items, world.uncertain),
    concurrency: order.limits.concurrency,
    queueBytes,
    graceMs,
  });
  sender.intake.addEventListener('abort', () => ended.abort(), { once: true });
  return { sender, pace };
}

function totals(book: Book, records: ReadonlyMap<number, number>): RowCounts {
  const counts = { read: 0, accepted: 0, rejected: 0, skipped: 0, uncertain: 0, remaining: 0 };
  for (const [load, read] of records) {
    const rows = book.counts(load, read);
    counts.read += read;
    counts.accepted += rows.accepted;
    counts.rejected += rows.rejected;
    counts.skipped += rows.skipped;
    counts.uncertain += rows.uncertain;
    counts.remaining += rows.open + rows.sending;
  }
  return counts;
}

const sum = (numbers: Iterable<number>): number => {
  let total = 0;
  for (const one of numbers) total += one;
  return total;
};

function countDestroyed(
  destroyed: Map<string, { what: string; items: number }>,
  operations: readonly Operation[],
  moved: readonly EntryRecords[],
): void {
  for (const { entry, ranges } of moved) {
    const operation = operations[entry];
    if (operation?.destroys === undefined) continue;
    const items = sum(ranges.map(([from, to]) => to - from + 1));
    const known = destroyed.get(operation.name);
    if (known === undefined) destroyed.set(operation.name, { what: operation.destroys, items });
    else known.items += items;
  }
}

const masked = (reason: Reason, mask: (text: string) => string): Reason => ({ ...reason, reason: mask(reason.reason) });

function overBudget(budget: ErrorBudget | undefined, rejected: number): Reason {
  const allowed =
    budget === undefined ? '' : 'rows' in budget ? `${budget.rows} rows` : `${budget.percent} % of the rows`;
  return { code: 'too-many-errors', reason: `${rejected} rows were rejected; --max-errors allows ${allowed}` };
}

function interruption(exit: Exit): Reason {
  return { code: 'interrupted', reason: exit === Exit.terminated ? 'told to stop (SIGTERM)' : 'interrupted' };
}

function whatNext(order: RunOrder, world: RunWorld, exit: Exit, counts: RowCounts): string | undefined {
  if (order.command === 'validate') return undefined;
  const stoppedEarly = exit !== Exit.ok && exit !== Exit.someRowsFailed;
  if (stoppedEarly) return `the same command goes on where this run stopped: ${world.commandAgain}`;
  if (counts.rejected > 0) return `mend the mapping or the rows, then: cdp-load retry ${order.run}`;
  if (counts.uncertain > 0)
    return `look whether the uncertain rows arrived; to send them again: ${world.commandAgain} --uncertain resend`;
  return undefined;
}
