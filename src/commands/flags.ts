/**
 * The flags that commands share, each defined once. Their help texts are the specification: the README's table is compared
 * with them by a test.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';

export const wholeNumber = (least: number, most?: number) => (text: string) => {
  if (!/^\d+$/.test(text) || Number(text) < least || Number(text) > (most ?? Number.MAX_SAFE_INTEGER)) {
    const range = most === undefined ? `from ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`Expected a whole number ${range}.`);
  }
  return Number(text);
};

/** Of two, the last would win without a word; an empty one is the variable that a script forgot to set, and would mean the default. */
const once = (text: string, before: unknown) => {
  if (before !== undefined) throw new InvalidArgumentError('It is given twice; a command takes one.');
  if (text.trim() === '') throw new InvalidArgumentError('It is empty: is a variable of the script not set?');
  return text;
};

const positiveNumber = (text: string) => {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
};

/** Rows, or a share of the rows read so far. */
export type ErrorBudget = { readonly rows: number } | { readonly percent: number };

const budget = (text: string): ErrorBudget => {
  const [, amount, sign] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? [];
  if (amount === undefined || (sign === '' && amount.includes('.')))
    throw new InvalidArgumentError('Expected a number of rows such as 100, or a share such as 2%.');
  if (sign === '%' && Number(amount) > 100) throw new InvalidArgumentError('Expected a share of 100% at most.');
  return sign === '%' ? { percent: Number(amount) } : { rows: Number(amount) };
};

const percent = (text: string) => {
  const [, amount] = /^(\d+(?:\.\d+)?)%?$/.exec(text) ?? [];
  if (amount === undefined || Number(amount) > 100) throw new InvalidArgumentError('Expected a share such as 20%.');
  return Number(amount);
};

const delimiters: Readonly<Record<string, string>> = { tab: '\t', '\\t': '\t', comma: ',', semicolon: ';', pipe: '|' };
const delimiter = (text: string) => {
  const character = delimiters[text.toLowerCase()] ?? text;
  if (character.length !== 1 || '"\r\n'.includes(character))
    throw new InvalidArgumentError('Expected one character, or "tab".');
  return character;
};

const byteSize = (text: string) => {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*(|B|kB|KB|MB|KiB|MiB)$/.exec(text) ?? [];
  const factors: Readonly<Record<string, number>> = {
    '': 1,
    B: 1,
    kB: 1000,
    KB: 1000,
    MB: 1_000_000,
    KiB: 1024,
    MiB: 1_048_576,
  };
  if (amount === undefined) throw new InvalidArgumentError('Expected a size such as 16MiB.');
  return Math.round(Number(amount) * (factors[unit] ?? 1));
};

export const reportName = (text: string) => {
  if (!/\.(html|json)$/i.test(text)) throw new InvalidArgumentError('Expected a name that ends in .html or .json.');
  return text;
};

/** Milliseconds. */
export const age = (text: string) => {
  const [, amount, unit] = /^(\d+)([dw])$/.exec(text) ?? [];
  if (amount === undefined || Number(amount) === 0)
    throw new InvalidArgumentError('Expected an age such as 90d or 12w.');
  return Number(amount) * (unit === 'w' ? 7 : 1) * 86_400_000;
};

export interface ConfigFlags {
  readonly config?: string;
  readonly stateDir?: string;
}

export interface OutputFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export interface InputFlags {
  readonly format?: 'csv' | 'ndjson';
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly limit?: number;
  readonly maxRowSize: number;
}

export interface TargetFlags extends ConfigFlags {
  readonly target: string;
  readonly mapping?: string;
  readonly sandbox?: boolean;
}

export interface SendingFlags {
  readonly chunkSize?: number;
  readonly concurrency?: number;
  readonly rate?: number;
  readonly maxErrors?: ErrorBudget;
  readonly identicalRefusals?: number;
  readonly uncertain: 'auto' | 'resend' | 'hold';
  readonly confirmDestructive?: boolean;
}

export interface ResumeFlags {
  readonly restart?: boolean;
  readonly again?: boolean;
  readonly newMapping?: boolean;
  readonly minRows?: number;
  readonly maxDrop?: number;
}

export const withConfigFlags = (command: Command): Command =>
  command
    .option('--config <file>', 'config file (default: cdp-load.yaml here or in a folder above)', once)
    .option(
      '--state-dir <folder>',
      'where journals and rejects are kept (default: $CDP_LOAD_STATE_DIR, else .cdp-load beside the config file)',
      once,
    );

export const withOutputFlags = (command: Command): Command =>
  command
    .option('--json', 'one JSON object a line on stdout, the summary last')
    .option('-q, --quiet', 'say nothing unless something is wrong');

export const withTargetFlags = (command: Command): Command =>
  withConfigFlags(
    command
      .requiredOption(
        '-t, --target <name>',
        'a target of the config file, or a target type whose settings are in the environment',
        once,
      )
      .option('-m, --mapping <file>', 'mapping file (default: the target\'s "mapping" setting)', once)
      .option('--sandbox', 'start the emulator in this process and send there; no credentials needed'),
  );

export const withInputFlags = (command: Command): Command =>
  command
    .addOption(
      new Option('--format <format>', 'format of the input (default: by name, else by content)').choices([
        'csv',
        'ndjson',
      ]),
    )
    .option(
      '--delimiter <character>',
      'CSV delimiter: a character or "tab" (default: detected among , ; tab |)',
      delimiter,
    )
    .option('--encoding <name>', 'encoding of the input (default: UTF-8, or UTF-16 by its byte order mark)')
    .option('--limit <rows>', 'read only the first rows of each file', wholeNumber(1))
    .addOption(
      new Option('--max-row-size <size>', 'reject rows larger than this')
        .argParser(byteSize)
        .default(16 * 1_048_576, '16 MiB'),
    );

export const withSendingFlags = (command: Command): Command =>
  command
    .option('--chunk-size <items>', 'items a request, at most', wholeNumber(1))
    .option('--concurrency <requests>', 'requests in flight, at most', wholeNumber(1))
    .option('--rate <units>', "cost units a second, in the target's own unit", positiveNumber)
    .option(
      '--max-errors <budget>',
      'stop when more rows than this are rejected: a number, or a share such as 2%',
      budget,
    )
    .option(
      '--identical-refusals <items>',
      'stop when so many items in a row are refused with the same words and none is accepted in between, ten times as many once some were; 0: never (default: as the target says, mostly 20)',
      wholeNumber(0),
    )
    .addOption(
      new Option(
        '--uncertain <policy>',
        'rows that were sent and never answered for: resend, hold, or what the operation allows',
      )
        .choices(['auto', 'resend', 'hold'])
        .default('auto'),
    )
    .option('--confirm-destructive', 'allow operations that delete or merge people for good');

export const withResumeFlags = (command: Command): Command =>
  command
    .option('--restart', 'give up the unfinished load of these files and start anew')
    .option('--again', 'load files anew that are loaded already')
    .option('--new-mapping', 'go on with the rest of an unfinished load under the mapping as it is now')
    .option('--min-rows <rows>', 'stop before the first request if the input has fewer rows', wholeNumber(1))
    .option(
      '--max-drop <share>',
      'stop before the first request if the input has this much fewer rows than the last complete load',
      percent,
    );
