/** Codes of what commands themselves end with, with the longer text for `cdp-load explain`. */
import { type Exit, UserError } from '../model/fault.ts';

export const commandCodes = {
  internal:
    'Something happened that this program did not foresee: a fault of ours, not yours. What was loaded is in the journal, and the same command goes on. Please report it with the lines that were printed.',
  usage:
    'The command line has a flag, a value or an argument that the command does not take, or lacks one that it needs.',
  'code-unknown': 'No error, fault or warning of this program has this code.',
  'no-tests':
    'A mapping has no `tests:`, or no mapping was found. A test run in which nothing was tested is never called a success.',
  'report-unwritable': 'A report (--junit, --report) cannot be written where it was asked for.',
  'record-missing':
    'Nothing to preview: the input ends before the record that was asked for, or the rejects file names none of its records.',
} as const satisfies Record<string, string>;

export type CommandCode = keyof typeof commandCodes;

export const commandError = (
  code: CommandCode,
  message: string,
  options: { hint?: string; exit?: Exit; cause?: unknown } = {},
): UserError => new UserError(code, message, options);
