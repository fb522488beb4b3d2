/**
 * Expected trouble is a value. A {@link Fault} says what is wrong with one row; a {@link UserError} ends a command with
 * one sentence and a hint that says what to type next.
 */

/** Where on its way a row was turned down. */
export type Stage = 'read' | 'map' | 'limit' | 'send';

/** One thing that is wrong with one row. A row may have several; all of them are reported. */
export interface Fault {
  readonly stage: Stage;
  /** Stable, kebab-case, documented in docs/codes.md. */
  readonly code: string;
  /** What was expected and what came, in one sentence without a final full stop. Never holds a secret. */
  readonly reason: string;
  /** Source column, where one is at fault. */
  readonly column?: string;
  /** Output field, where one is at fault. */
  readonly field?: string;
  /** The offending value, already cut to a bearable length. */
  readonly value?: string;
}

/** The process's exit codes (README, "Exit codes"). */
export const Exit = {
  ok: 0,
  someRowsFailed: 1,
  usage: 2,
  tooManyErrors: 3,
  targetRefused: 4,
  gaveUpRetrying: 5,
  loadIsHeld: 6,
  internal: 70,
  interrupted: 130,
  terminated: 143,
} as const;
export type Exit = (typeof Exit)[keyof typeof Exit];

/** A user's mistake or a condition of their world: printed as a sentence and a hint, never with a stack. */
export class UserError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly exit: Exit;

  constructor(code: string, message: string, options: { hint?: string; exit?: Exit; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'UserError';
    this.code = code;
    this.hint = options.hint;
    this.exit = options.exit ?? Exit.usage;
  }
}

/** The exit code that an error ends with. */
export const exitOf = (error: unknown): Exit => (error instanceof UserError ? error.exit : Exit.internal);

const longestShownValue = 120;

/** Cuts a value to what a message can bear; says how much was left out. */
export function shorten(value: string, most = longestShownValue): string {
  // A cut through the middle of a character leaves no half of it behind.
  return value.length <= most ? value : `${value.slice(0, most).toWellFormed()}… (${value.length} characters)`;
}
