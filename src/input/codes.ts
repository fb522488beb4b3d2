/**
 * Codes for everything that can be wrong with an input, with the longer text for `cdp-load explain`. Those in the first half end a
 * command before anything is sent; those in the second half turn down one row.
 */
import { Exit, type Fault, shorten, UserError } from '../model/fault.ts';

export const inputCodes = {
  'input-missing': 'There is no file at this path.',
  'input-unreadable':
    'The file cannot be opened or read: it is a directory, or the rights are missing, or the disk failed.',
  'input-shortened':
    'The file became shorter while it was being read, so positions and checkpoints no longer fit it. Load from a file that nobody writes to.',
  'input-empty':
    'The input holds no rows: no bytes at all, only blank lines, or only a header. Loading nothing is never called a success.',
  'input-compressed':
    'The input is compressed or a spreadsheet. Decompress it and pipe it in with "-", or export the sheet as CSV.',
  'input-binary': 'The input is not text: it holds NUL bytes or other control characters where text should stand.',
  'input-not-lines': 'The input is one JSON document spread over lines. NDJSON has one whole object on each line.',
  'input-is-yaml':
    'The file named as input ends in .yaml or .yml: it is probably the mapping or the config. Rows stand in CSV or NDJSON files.',
  'encoding-unknown': 'The encoding is not one this program can read.',
  'encoding-contradiction':
    'The byte order mark at the start of the file says another encoding than the one asked for.',
  'encoding-not-marked': 'The input looks like UTF-16 but has no byte order mark, so the encoding must be named.',
  'delimiter-invalid': 'The delimiter must be a single ASCII character other than a quote or a line break.',
  'header-missing': 'The first line is blank, where the names of the columns should stand.',
  'header-empty-name':
    'A column has no name, so no mapping could speak of it. Mostly a delimiter stands at the end of the line, or a title above the header.',
  'header-duplicate':
    'Two columns have the same name, so it would be unclear which one a mapping means. Give one of them another name in the header.',
  'header-broken':
    'The header cannot be read: a quote in it is not closed or stands in the wrong place, or the line is too long.',
  'header-undecodable': 'The header holds bytes that are not text in this encoding.',

  'csv-columns':
    'The row has more or fewer columns than the header. Mostly a delimiter or a line break stands in a cell that has no quotes around it.',
  'csv-broken-quote':
    'A quote stands where none may stand, or a quoted field is not closed before the end of the file or the limit on the size of a row. Only the first line of such a row is rejected; reading goes on at the next line.',
  'row-too-large': 'The row is longer than the limit on the size of a row.',
  'undecodable-bytes':
    'The row holds bytes that are not text in this encoding. It is rejected as it stands: replacing them would send a damaged text. If many rows are, say the encoding of the file: `--encoding windows-1252`.',
  'ndjson-syntax':
    'The line is not valid JSON. NDJSON has one whole JSON object on each line; for a CSV file of another name say `--format csv`.',
  'ndjson-not-object': 'The line is valid JSON but not an object.',
  'ndjson-too-deep': 'The objects and lists of the line are nested too deeply.',
  'lone-surrogate':
    'A text holds half of a surrogate pair (such as \\ud800 alone). It is no character and cannot be sent as UTF-8.',
} as const satisfies Record<string, string>;

export type InputCode = keyof typeof inputCodes;

/** A command cannot go on with this input. */
export const inputError = (
  code: InputCode,
  message: string,
  options: { hint?: string; exit?: Exit; cause?: unknown } = {},
): UserError => new UserError(code, message, { exit: Exit.usage, ...options });

/** One row cannot be read. */
export const inputFault = (code: InputCode, reason: string, at: { column?: string; value?: string } = {}): Fault => ({
  stage: 'read',
  code,
  reason,
  ...(at.column === undefined ? {} : { column: at.column }),
  ...(at.value === undefined ? {} : { value: shorten(at.value) }),
});
