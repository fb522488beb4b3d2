/** Codes of what ends a command because of the journal, with the longer text for `cdp-load explain`. Stable. */
import { type Exit, UserError } from '../model/fault.ts';

export const journalCodes = {
  'journal-corrupt':
    'The journal (journal.db in the state directory) is damaged, cut short, or not a journal. It is never repaired by guessing: which rows were delivered would be a guess too. Move it away to start without a history; rows that were loaded before are then loaded again.',
  'journal-newer':
    'The journal was written by a later version of this program, which may keep things in it that this version would lose.',
  'journal-unwritable':
    'The journal cannot be written: a full disk, a read-only folder, or a disk that fails. Without it nobody could say which rows were delivered, so the run stops. The same command goes on once the disk is well.',
  'journal-busy': 'Another process kept the journal for itself for longer than a few seconds.',
  'journal-fenced':
    'Another run has taken over what this run was loading, because this one gave no sign of life for too long. Nothing more is sent or recorded here.',
  'load-held': 'Another run is loading this input into this target right now. One run per load at a time.',
  'input-changed':
    'A load from this path is unfinished, and the file now has other content. Going on would skip rows or send others twice.',
  'mapping-changed': 'A load of this input is unfinished, and the mapping now has another meaning.',
  'run-unknown': 'No run of that name is in the journal. It may have been taken away by "cdp-load runs prune".',
  'rejects-unwritable':
    'A rejected or uncertain row could not be written to its file. Settling it without a trace is no choice, so the run stops.',
  'rejects-unreadable': 'A rejects file cannot be read, or a line of it is not what this program writes there.',
} as const satisfies Record<string, string>;

export type JournalCode = keyof typeof journalCodes;

/** A {@link UserError} whose code must stand in the catalogue. */
export function journalError(
  code: JournalCode,
  message: string,
  options: { hint?: string; exit?: Exit; cause?: unknown } = {},
): UserError {
  return new UserError(code, message, options);
}
