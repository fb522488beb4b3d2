/** Codes of what keeps a mapping from being proposed, with the longer text for `cdp-load explain`. */
import { UserError } from '../model/fault.ts';

export const authoringCodes = {
  'output-exists': 'The file that `init` would write is there already, and it never overwrites one.',
  'output-unwritable': 'The mapping cannot be written to the place named by --output.',
  'init-input': 'What `init` reads must be a file: it is read twice, once to look at it and once to check the mapping.',
  'init-unreadable':
    'Not one row of the file can be read, so there is nothing to make a mapping of: it has another format, delimiter or encoding than it seemed.',
  'init-no-values':
    'All columns are empty in the rows that `init` looked at (head, middle and tail of the file), so nothing is known of what they hold.',
  'init-header':
    'The first line looks like a row: it holds an e-mail address, or values of the kinds that stand below it. Columns are known by their names, so a CSV file needs a line of them at its top.',
  'init-operation': 'The target type has no operation of that name.',
  'init-key': 'The column named by --key is not in the file.',
} as const satisfies Record<string, string>;

export type AuthoringCode = keyof typeof authoringCodes;

export const authoringError = (code: AuthoringCode, message: string, hint: string): UserError =>
  new UserError(code, message, { hint });
