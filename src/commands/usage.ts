/** What was probably meant by a command line that cannot be read: commander knows what is wrong with it, this says what to type. */
import type { Command } from 'commander';
import type { UserError } from '../model/fault.ts';
import { commandError } from './codes.ts';

const is = (command: string) => `That is \`cdp-load ${command}\`.`;

/** Names that other programs have for what is called otherwise here. */
const commandsMeant: Readonly<Record<string, string>> = {
  load: is('push'),
  import: is('push'),
  upload: is('push'),
  send: is('push'),
  run: is('push'),
  resume:
    '`cdp-load push` with the same words as before goes on by itself; `cdp-load runs` shows where each load stands.',
  check: 'For a file that is `cdp-load validate`, for credentials `cdp-load targets check`.',
  lint: 'For a file that is `cdp-load validate`, for a mapping `cdp-load test`.',
  'dry-run': is('validate'),
  show: is('preview'),
  status: is('runs'),
  history: is('runs'),
  list: 'That is `cdp-load runs` or `cdp-load targets`.',
  rejects: '`cdp-load runs` lists runs, each with its rejected rows; `cdp-load retry RUN` sends them again.',
  doctor: is('targets check'),
  login: is('targets check'),
  config: is('targets'),
  generate: is('init'),
  emulator: is('sandbox'),
};

const flag = (name: string) => `That is \`${name}\`.`;

const flagsMeant: Readonly<Record<string, string>> = {
  '--workers': flag('--concurrency'),
  '--threads': flag('--concurrency'),
  '--parallel': flag('--concurrency'),
  '--jobs': flag('--concurrency'),
  '--batch-size': flag('--chunk-size'),
  '--separator': flag('--delimiter'),
  '--sep': flag('--delimiter'),
  '--charset': flag('--encoding'),
  '--max-rows': flag('--limit'),
  '--head': flag('--limit'),
  '--sample': flag('--limit'),
  '--map': flag('--mapping'),
  '--force':
    '`--again` loads anew what is loaded, `--restart` gives an unfinished load up, `--confirm-destructive` allows what cannot be taken back.',
  '--yes': '`--confirm-destructive` allows what cannot be taken back; nothing else is asked.',
};

const settingsMeant = new Set([
  '--timeout',
  '--retries',
  '--proxy',
  '--url',
  '--base-url',
  '--header',
  '--token',
  '--key',
]);

/** @param words what was typed behind the program's name */
export function usageError(said: string, words: readonly string[], program: Command): UserError {
  let message = said
    .replace(/^error: /, '')
    .trim()
    .replace(/\s*\n\s*/g, ' ');
  const [, unknown = ''] = /^unknown option '(--?[^'=]+)/.exec(message) ?? [];
  // What looks alike is not meant where we know what is.
  if (Object.hasOwn(flagsMeant, unknown)) message = message.replace(/ \(Did you mean .*\)$/, '');
  return commandError('usage', `${message.charAt(0).toUpperCase()}${message.slice(1)}`, {
    hint: hintFor(message, words, program),
  });
}

function hintFor(message: string, words: readonly string[], program: Command): string {
  const commands = program.commands;
  const command = commands.find((one) => one.name() === words[0]);
  if (command === undefined) {
    const small = commands.find((one) => one.name() === words[0]?.toLowerCase());
    if (small !== undefined) return `Commands are written in small letters: cdp-load ${small.name()}`;
    if (words[0] === 'help') {
      const about = commands.find((one) => one.name() === words[1])?.name();
      return `\`cdp-load ${about === undefined ? '' : `${about} `}--help\` says what there is.`;
    }
    const later = words.find((word) => commands.some((one) => one.name() === word));
    if (later !== undefined) {
      const rest = words.filter((word) => word !== later);
      return `The command comes first: cdp-load ${[later, ...rest].join(' ')}`;
    }
    const meant = Object.hasOwn(commandsMeant, words[0] ?? '') ? commandsMeant[words[0] ?? ''] : undefined;
    const known = '`cdp-load --help` lists commands';
    return meant === undefined ? `${known}.` : `${meant} ${known}.`;
  }
  const sub = command.commands.find((one) => one.name() === words[1]) ?? command;
  const path = sub === command ? command.name() : `${command.name()} ${sub.name()}`;
  const flags = `\`cdp-load ${path} --help\` lists its flags.`;
  const [, unknown] = /^unknown option '(--?[^'=]+)/.exec(message) ?? [];
  if (unknown !== undefined) {
    const meant = Object.hasOwn(flagsMeant, unknown) ? flagsMeant[unknown] : undefined;
    if (meant !== undefined) return `${meant} ${flags}`;
    const elsewhere = commandsWith(program, unknown).filter((name) => name !== path);
    if (elsewhere.length > 0) return `${unknown} is a flag of ${listed(elsewhere)}. ${flags}`;
    if (settingsMeant.has(unknown)) return `What is so for every run of a target stands in cdp-load.yaml. ${flags}`;
  }
  if (/^(missing required argument|required option)/.test(message))
    return `Like this: ${exampleOf(sub, path)}. ${flags}`;
  return flags;
}

const commandsWith = (program: Command, flag: string): string[] =>
  program.commands
    .flatMap((command) => [command, ...command.commands])
    .flatMap((command) => {
      const has = command.options.some(({ long, short }) => long === flag || short === flag);
      const above = command.parent === program || command.parent === null ? '' : `${command.parent.name()} `;
      return has ? [`${above}${command.name()}`] : [];
    });

const listed = (names: readonly string[]): string =>
  names.length === 1 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

/** Every argument, and the flags that must be there. */
function exampleOf(command: Command, path: string): string {
  const args = command.registeredArguments.filter(({ required }) => required).map((arg) => arg.name().toUpperCase());
  const flags = command.options
    .filter(({ mandatory }) => mandatory)
    .map(({ long, flags: text }) => `${long} ${(/<([^>]+)>/.exec(text)?.[1] ?? '').toUpperCase()}`);
  return ['cdp-load', path, ...args, ...flags].join(' ');
}
