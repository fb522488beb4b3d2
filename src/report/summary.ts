/** What a run amounts to. The equation must hold, or the run fails with an internal error (design §2). */
import type { Exit } from '../model/fault.ts';
import type { Reason } from '../model/verdict.ts';

export interface RowCounts {
  readonly read: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly skipped: number;
  readonly uncertain: number;
  /** Read and not settled: to be sent by the next run. */
  readonly remaining: number;
}

export const addsUp = (counts: RowCounts): boolean =>
  counts.read === counts.accepted + counts.rejected + counts.skipped + counts.uncertain + counts.remaining;

/** Rows turned down for one reason: how many, and where the first one stands. */
export interface FaultTally {
  readonly code: string;
  readonly column: string | undefined;
  readonly reason: string;
  readonly count: number;
  /** "people.csv:12". */
  readonly first: string;
}

export interface Summary extends RowCounts {
  readonly run: string;
  readonly command: 'push' | 'validate' | 'retry';
  readonly target: string;
  readonly files: readonly string[];
  /**
   * Items that were not sent because a later row of their key overwrites them (`lastWins`): their rows are among the skipped.
   * Of this run; absent when there were none.
   */
  readonly superseded?: number;
  /** The input was read to its end, and nothing stopped the run. */
  readonly complete: boolean;
  /** Rows that earlier runs of these loads had settled; they are in the counts. */
  readonly resumed: number;
  /** Files that a former run had loaded already; nothing of them was sent, and they are not in the counts. */
  readonly alreadyLoaded: readonly string[];
  readonly requests: number;
  readonly retries: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly faults: readonly FaultTally[];
  readonly warnings: readonly {
    readonly code: string;
    readonly text: string;
    readonly count: number;
    readonly first: string;
  }[];
  /** What accepted items destroyed, by operation: the platform cannot give it back. */
  readonly destroyed: readonly { readonly operation: string; readonly what: string; readonly items: number }[];
  readonly rejectsFile: string | undefined;
  readonly uncertainFile: string | undefined;
  /** What a run that sends would come to; of `validate` only. */
  readonly estimate?: Estimate;
  /** Rows whose key stood in the file before; of `validate` only, when the mapping names a key. */
  readonly repeatedKeys?: RepeatedKeys;
  /** The page or JSON file of `validate --report`. */
  readonly reportFile?: string;
  /** Why the run ended before its time. */
  readonly stopped: Reason | undefined;
  readonly exit: Exit;
  /** What to type to go on; absent when nothing is left to do. */
  readonly next: string | undefined;
}

/** The real run, from the first row on, if nothing goes wrong. Requests and bytes stand in the summary. */
export interface Estimate {
  /** In the target's own unit: what its limit counts. */
  readonly cost: number;
  readonly costUnit: string;
  readonly seconds: number;
  /** What holds it back: the limit in cost units, or the time that answers take. */
  readonly limitedBy: 'rate' | 'answers';
  /** Cost units a second, where there is a limit. */
  readonly rate: number | undefined;
  readonly concurrency: number;
  /** Assumed for each request. */
  readonly answerMs: number;
  /** If every request took all of its time-out. */
  readonly slowestSeconds: number;
}

export type RepeatedKeys = {
  readonly rows: number;
  /** "people.csv:12". */
  readonly first: string | undefined;
  /** Rows that were compared. */
  readonly compared: number;
} & (
  | { readonly isWhole: true }
  /** What does not fit into memory could not be put aside on disk and read back: in the disk's words, why. */
  | { readonly isWhole: false; readonly why: string }
);

/** Where a run stands, a few times a second. */
export interface Progress {
  readonly read: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly skipped: number;
  readonly uncertain: number;
  readonly requests: number;
  readonly inFlight: number;
  /** Of the input, in bytes; for the estimate. */
  readonly bytesRead: number;
  readonly bytesTotal: number;
  readonly elapsedMs: number;
  readonly pausedUntil: number | undefined;
}

export interface RunStart {
  readonly run: string;
  readonly command: 'push' | 'validate' | 'retry';
  readonly target: string;
  readonly type: string;
  readonly mapping: string;
  readonly operations: readonly string[];
  readonly files: readonly { readonly path: string; readonly about: string; readonly bytes: number }[];
  readonly notices: readonly string[];
  /** What a crash left in doubt, by record number, and what becomes of it: named in full. */
  readonly uncertain: readonly {
    readonly file: string;
    readonly operation: string;
    readonly records: string;
    readonly rows: number;
    readonly fate: 'resend' | 'hold';
  }[];
}

/** Takes what happens and shows it. Two implementations: for people, and one JSON object a line for programs. */
export interface Reporter {
  started(start: RunStart): void;
  /** A line that matters though nothing is wrong. */
  notice(text: string): void;
  progress(progress: Progress): void;
  /** Nothing is sent before `until` (epoch milliseconds), and why. */
  paused(until: number, reason: Reason): void;
  finished(summary: Summary): void;
  /** Ends what is drawn; called on every way out. */
  close(): void;
}

/** Rows a second since the start, and seconds to the end if it goes on like this. Undefined while there is nothing to go by. */
export function estimate(progress: Progress): { rowsPerSecond: number; secondsLeft: number | undefined } {
  const settled = progress.accepted + progress.rejected + progress.skipped + progress.uncertain;
  const rowsPerSecond = progress.elapsedMs > 0 ? (settled * 1000) / progress.elapsedMs : 0;
  if (progress.bytesRead === 0 || settled === 0) return { rowsPerSecond, secondsLeft: undefined };
  const rowsExpected = (progress.read * progress.bytesTotal) / progress.bytesRead;
  return { rowsPerSecond, secondsLeft: Math.max(0, (rowsExpected - settled) / rowsPerSecond) };
}
