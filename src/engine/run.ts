/**
 * One run from its first look at the input to its summary. `push` and `validate` are the same run with another book and
 * another sender: what is checked, counted and reported cannot differ.
 */
import type { ResolvedTarget } from '../config/resolve.ts';
import { createExchange } from '../delivery/exchange.ts';
import type { Policy } from '../delivery/next-step.ts';
import { createPace, type Pace } from '../delivery/pace.ts';
import { createPlanner, type Planner } from '../delivery/plan.ts';
import { createSender, type Sender, type SenderObserver, type SenderOptions } from '../delivery/sender.ts';
import type { FailedItem } from '../delivery/settling.ts';
import { createTokenCache } from '../delivery/token-cache.ts';
import type { Transport } from '../delivery/transport.ts';
import type { RowFile } from '../journal/rejects.ts';
import { noSensitiveColumns, type SensitiveColumns, sensitiveTexts } from '../mapping/sensitive-columns.ts';
import type { RecordRange } from '../model/block.ts';
import type { Clock } from '../model/clock.ts';
import { Exit, exitOf, UserError } from '../model/fault.ts';
import { maskTexts } from '../model/mask.ts';
import type { Reason } from '../model/verdict.ts';
import { addsUp, type Progress, type Reporter, type Summary } from '../report/summary.ts';
import type { Operation } from '../targets/target.ts';
import type { Book } from './book.ts';
import { createDrySender } from './dry-sender.ts';
import { exitAfter, overBudget, reasonOf, type WaysOn, whatNext } from './ending.ts';
import { type ErrorBudget, isOverBudget } from './error-budget.ts';
import { estimateRun } from './estimate.ts';
import { type Feed, type Intake, takeIn } from './feed.ts';
import type { Inspection } from './inspection.ts';
import { createRejectedRows, type RejectedBefore } from './rejected-rows.ts';
import { createTally } from './tally.ts';

/** Everything that was decided before: what goes where, and under which bounds. */
export interface RunOrder {
  readonly run: string;
  readonly command: Summary['command'];
  readonly resolved: ResolvedTarget;
  readonly operations: readonly Operation[];
  readonly feed: Feed;
  readonly alreadyLoaded: readonly string[];
  /** Columns whose values no message shows. */
  readonly sensitive?: SensitiveColumns | undefined;
  /** Rows that earlier runs had settled. */
  readonly resumed: number;
  readonly limits: {
    readonly items?: number | undefined;
    readonly concurrency: number;
    readonly rate?: number | undefined;
  };
  readonly uncertain: Policy['uncertain'];
  readonly maxErrors?: ErrorBudget | undefined;
  /** Rows rejected by earlier runs of these loads: the budget goes on from there. */
  readonly rejectedBefore: RejectedBefore;
  /** Rows accepted by earlier runs of these loads: the mapping is right for some. */
  readonly acceptedBefore: number;
  /** Instead of what the operations say; 0: never. */
  readonly identicalRefusals?: number | undefined;
}

export interface RunWorld extends WaysOn {
  readonly clock: Clock;
  readonly random: () => number;
  readonly book: Book;
  readonly reporter: Reporter;
  /** Undefined: nothing is sent. */
  readonly transport: Transport | undefined;
  readonly rejects: RowFile;
  readonly uncertain: RowFile;
  /** Looks at what goes by; counts and delivers nothing. */
  readonly inspection?: Inspection | undefined;
  /** Masks secrets. */
  readonly mask: (text: string) => string;
  /** Aborts with an {@link Exit} as its reason: SIGINT, SIGTERM, SIGHUP. */
  readonly interrupt: AbortSignal;
}

const progressEveryMs = 250;
/** A run that waits says what for, but not once for each request. */
const sayRetryEveryMs = 10_000;
/** Payload that waits for its turn, its answer and its commit, at most. With half of it a fast platform waits for the disk. */
const queueBytes = 16_000_000;
/**
 * Chunks announced to the journal for each that may be in flight beside the first: a commit that is slow to reach the disk
 * delays none of them. With one request at a time, only that one is ever announced.
 */
const aheadOfEach = 4;
/** And for a platform that takes them that fast, however few in flight. */
const aheadOfFast = 64;
const graceMs = 10_000;
const longestPauseMs = 3_600_000;

export async function executeRun(order: RunOrder, world: RunWorld): Promise<Summary> {
  const { book, clock, reporter } = world;
  const { feed, operations } = order;
  const startedAt = clock.now();
  const tally = createTally(operations);
  const rejectedRows = createRejectedRows(order.rejectedBefore, operations.length);
  const planner = createPlanner({ items: order.limits.items });

  let retrySaid = Number.NEGATIVE_INFINITY;

  const stopIfOverBudget = () => {
    const rejected = rejectedRows.count;
    if (!isOverBudget(order.maxErrors, rejected, feed.rowsBefore + tally.shown.read)) return;
    sender.stop({ exit: Exit.tooManyErrors, reason: overBudget(order.maxErrors, rejected) });
  };
  const observer: SenderObserver = {
    sent: tally.sent,
    settled(_chunk, to, items, records) {
      tally.settled(to, items, records);
      if (to !== 'rejected') return;
      for (const { load, ranges } of records) rejectedRows.add(load, ranges);
      stopIfOverBudget();
    },
    superseded: (items) => tally.superseded(items),
    retried(reason, until) {
      tally.retried();
      if (until === undefined || until < retrySaid + sayRetryEveryMs) return;
      retrySaid = until;
      const seconds = Math.round((until - clock.now()) / 1000);
      reporter.notice(`trying again${seconds > 0 ? ` in ${seconds} s` : ''}: ${world.mask(reason.reason)}`);
    },
    paused: (until, reason) => reporter.paused(until, masked(reason, world.mask)),
  };
  const writeItems = (items: readonly FailedItem[], file: RowFile) =>
    file.write(
      items.flatMap(({ block: { mapped }, item, reason }) => {
        const name = feed.nameOf(mapped);
        const [first, last] = [mapped.firstRow[item] ?? 0, mapped.lastRow[item] ?? 0];
        const group: RecordRange = [mapped.block.startRecord + first, mapped.block.startRecord + last];
        const quotes = Array.from({ length: last - first + 1 }, (_, index) => feed.quote(mapped, first + index));
        const hush = maskTexts(
          quotes.flatMap(({ source }) => sensitiveTexts(source, order.sensitive ?? noSensitiveColumns)),
        );
        const fault = { stage: 'send' as const, code: reason.code, reason: hush(world.mask(reason.reason)) };
        return quotes.map((quoted) => {
          if (file === world.rejects) tally.refusedItem(`${name}:${quoted.line}`, fault);
          return {
            file: name,
            ...quoted,
            faults: [fault],
            ...(mapped.groups === undefined ? {} : { group }),
            ...(operations.length > 1 ? { entry: mapped.entries[item] ?? 0 } : {}),
          };
        });
      }),
    );
  const { sender, pace } = createDelivery(order, world, planner, observer, writeItems);
  book.whenBroken((error) => sender.stop({ exit: exitOf(error), error }));
  const onInterrupt = () => sender.stop({ exit: world.interrupt.reason as Exit });
  world.interrupt.addEventListener('abort', onInterrupt, { once: true });
  // A signal that came while the input was looked at: nobody was listening then.
  if (world.interrupt.aborted) onInterrupt();

  const progress = (): Progress => ({
    ...tally.shown,
    requests: tally.requests,
    inFlight: pace?.state.inFlight ?? 0,
    bytesTotal: feed.bytesTotal,
    elapsedMs: clock.now() - startedAt,
    pausedUntil: pace !== undefined && pace.state.pausedUntil > clock.now() ? pace.state.pausedUntil : undefined,
  });
  const ticker = setInterval(() => reporter.progress(progress()), progressEveryMs);
  let recorded: Promise<void> = Promise.resolve();
  const intake: Intake = {
    operations,
    planner,
    sender,
    record(events) {
      recorded = book.record(events);
      recorded.catch((error) => sender.stop({ exit: exitOf(error), error }));
    },
    async writeRejects(mapped) {
      const name = feed.nameOf(mapped);
      await world.rejects.write(mapped.rejected.map((row) => ({ file: name, ...row })));
    },
  };

  let complete = false;
  try {
    complete = await feed.run(
      async (fed) => {
        if (sender.stopped !== undefined) return;
        tally.took(fed, feed.nameOf(fed.mapped));
        rejectedRows.add(
          fed.load,
          fed.mapped.rejected.map(({ record }) => [record, record]),
        );
        world.inspection?.took(fed, feed.nameOf(fed.mapped));
        await takeIn(fed, intake);
        stopIfOverBudget();
      },
      () => sender.stopped !== undefined,
    );
    for (const chunk of planner.flush()) await sender.submit(chunk);
  } catch (error) {
    sender.stop({ exit: exitOf(error), error });
  } finally {
    await sender.drain();
    book.hurry();
    // Commits keep their order, so the last one stands for all. Its failure has stopped the run already.
    await recorded.catch(() => {});
    clearInterval(ticker);
    world.interrupt.removeEventListener('abort', onInterrupt);
    const ends = [feed.close(), world.rejects.close(), world.uncertain.close(), world.transport?.close()];
    for (const end of await Promise.allSettled(ends))
      if (end.status === 'rejected') sender.stop({ exit: exitOf(end.reason), error: end.reason });
  }

  const { warnings, ...findings } = (await world.inspection?.finish(world.interrupt)) ?? { warnings: [] };
  const { stopped } = sender;
  const broken = stopped?.error;
  // A mistake found before anything left needs no summary; what breaks in the middle of a load does.
  if (broken !== undefined && (!(broken instanceof UserError) || tally.requests === 0)) throw broken;
  const counts = feed.counts();
  // Two counts made in different places: what the mapping gave out, and what was settled one by one.
  const everythingSettled = tally.itemsMapped === tally.itemsSettled && counts.remaining === 0;
  if (!addsUp(counts) || (stopped === undefined && !everythingSettled)) {
    const found = { ...counts, itemsMapped: tally.itemsMapped, itemsSettled: tally.itemsSettled };
    throw new Error(`the rows do not add up: ${JSON.stringify(found)}`);
  }
  const exit = exitAfter(stopped, tally.requests, counts);
  return {
    run: order.run,
    command: order.command,
    target: order.resolved.settings.name,
    files: feed.names,
    ...counts,
    ...(tally.itemsSuperseded === 0 ? {} : { superseded: tally.itemsSuperseded }),
    // Small inputs are read to their end long before the last answer.
    complete: complete && stopped === undefined,
    resumed: order.resumed,
    alreadyLoaded: order.alreadyLoaded,
    requests: tally.requests,
    retries: tally.retries,
    bytes: tally.bytes,
    seconds: Math.round(clock.now() - startedAt) / 1000,
    faults: tally.faults,
    warnings: [...tally.warnings, ...warnings],
    destroyed: tally.destroyed,
    ...(world.transport === undefined ? { estimate: estimateOf(order, tally) } : {}),
    ...findings,
    rejectsFile: world.rejects.rows > 0 ? world.rejects.path : undefined,
    uncertainFile: world.uncertain.rows > 0 ? world.uncertain.path : undefined,
    stopped: stopped === undefined ? undefined : masked(reasonOf(stopped), world.mask),
    exit,
    next: order.command === 'validate' ? undefined : whatNext(order.run, world, exit, counts),
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
      : createTokenCache(target.token, (request) => transport.send(request, ended.signal), clock);
  const sender = createSender({
    exchange: createExchange(target, transport, tokens, clock),
    tokens,
    pace,
    planner,
    ledger: book,
    policy: {
      plan: target.retry,
      retries: order.resolved.transport.retries,
      uncertain: order.uncertain,
      longestPauseMs,
    },
    refusals: { most: order.identicalRefusals, hasWorked: order.acceptedBefore > 0 },
    clock,
    random: world.random,
    observer,
    writeRejects: (items) => writeItems(items, world.rejects),
    writeUncertain: (items) => writeItems(items, world.uncertain),
    concurrency: order.limits.concurrency,
    ahead: aheadOf(order.limits.concurrency),
    queueBytes,
    graceMs,
  });
  sender.intake.addEventListener('abort', () => ended.abort(), { once: true });
  return { sender, pace };
}

function aheadOf(concurrency: number): SenderOptions['ahead'] {
  const least = (concurrency - 1) * aheadOfEach;
  return { least, most: least === 0 ? 0 : Math.max(least, aheadOfFast) };
}

function estimateOf({ limits, resolved }: RunOrder, { requests, cost }: { requests: number; cost: number }) {
  const { defaults } = resolved.type;
  const { concurrency, rate } = limits;
  const timeoutMs = resolved.transport.timeout ?? defaults.timeoutMs;
  return estimateRun({ requests, cost, costUnit: defaults.costUnit }, { concurrency, rate, timeoutMs });
}

const masked = (reason: Reason, mask: (text: string) => string): Reason => ({ ...reason, reason: mask(reason.reason) });
