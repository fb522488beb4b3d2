/**
 * What a target says of a reply. A verdict is data: what to do about it (wait, halve, settle, stop) is decided in one
 * place, `delivery/next-step.ts`.
 */

export type Milliseconds = number;

/** Why a target did not simply say yes. `reason` is the platform's own text where there is one, redacted and cut. */
export interface Reason {
  /** Stable, kebab-case, documented in docs/codes.md. */
  readonly code: string;
  readonly reason: string;
  /** HTTP status, where there was one. */
  readonly status?: number;
  /** What the user should do about it. */
  readonly hint?: string;
  /** Stop the run after this many refusals in a row with this code, whatever their texts: the platform is at fault, not the rows. */
  readonly stopAfter?: number;
}

/** How long and how often to try again, and what to do when that has not helped. */
export interface RetryPlan {
  /** Attempts after the first one. */
  readonly retries: number;
  /** Waits: full jitter under an exponential ceiling, or fixed steps taken by everyone who talks to this target. */
  readonly waits:
    | { readonly kind: 'backoff'; readonly firstMs: Milliseconds; readonly capMs: Milliseconds }
    | { readonly kind: 'ladder'; readonly stepsMs: readonly Milliseconds[] };
  /** When the retries are used up: stop the run (resumable), halve the chunk and go on, or reject its rows. */
  readonly then: 'stop' | 'split' | 'reject';
}

/** Something the platform gave back for an item and that is worth keeping (Data Talks: `datatalksId`). By index into the chunk. */
export type Receipts = ReadonlyMap<number, string>;

export type Verdict =
  | { readonly kind: 'accepted'; readonly receipts?: Receipts }
  /** By index into the chunk. What is in neither map nor list was accepted. */
  | {
      readonly kind: 'partial';
      readonly rejected: ReadonlyMap<number, Reason>;
      readonly retry?: readonly number[];
      readonly receipts?: Receipts;
    }
  /** The whole chunk had no effect, rightly so (an update of a profile that does not exist). Counted as skipped. */
  | { readonly kind: 'skipped'; readonly reason: Reason }
  /** This step of a chunk is done; the next request is built with `carry` (Relay42: profile id for the mappings). */
  | { readonly kind: 'next'; readonly carry: string }
  | {
      readonly kind: 'retry';
      readonly reason: Reason;
      /** What the platform asked for (`Retry-After`). */
      readonly after?: Milliseconds;
      /** `target`: everyone who talks to this target pauses. */
      readonly scope: 'request' | 'target';
      /** Whether the platform may have taken the items: `no` is certain (429), `unknown` is a time-out or 5xx. */
      readonly taken: 'no' | 'unknown';
      /** `false`: this answer does not use up an attempt (a 429 that promises "not processed"). */
      readonly counts?: boolean;
      /** Differs from the target's own plan. */
      readonly plan?: RetryPlan;
    }
  /** Too much in one request: halve it. A single item is rejected with this reason. */
  | { readonly kind: 'split'; readonly reason: Reason; readonly because: 'size' | 'blame' }
  | { readonly kind: 'rejected'; readonly reason: Reason }
  /** Credentials may have aged: get new ones once, then it is fatal. */
  | { readonly kind: 'reauthorize'; readonly reason: Reason }
  | { readonly kind: 'fatal'; readonly reason: Reason };
