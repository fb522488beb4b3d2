/** Commands, flags and exit codes as Markdown, made from the program itself so that the README cannot lag behind. */
import type { Command } from 'commander';
import { buildProgram } from './cli.ts';
import { Exit } from './model/fault.ts';

const exitMeanings: Readonly<Record<keyof typeof Exit, string>> = {
  ok: 'all accepted, or nothing to do',
  someRowsFailed: 'finished; some rows were rejected or are uncertain',
  usage: 'usage, config, mapping or input error; nothing was sent',
  tooManyErrors: 'stopped: too many errors',
  targetRefused: 'stopped: the target refused the run (credentials, address, lock-out)',
  gaveUpRetrying: 'stopped after retries; the same command goes on',
  loadIsHeld: 'another run holds this load',
  internal: 'internal error; the same command goes on',
  interrupted: 'interrupted (Ctrl-C); the same command goes on',
  terminated: 'terminated (SIGTERM, SIGHUP); the same command goes on',
};

export function referenceText(): string {
  const commands = allCommands(buildProgram()).filter((command) => command.parent !== null);
  const sections = commands.map(commandText);
  const exits = (Object.keys(Exit) as (keyof typeof Exit)[]).map((name) => `| ${Exit[name]} | ${exitMeanings[name]} |`);
  return `\n${sections.join('\n')}\n### Exit codes\n\n| code | meaning |\n|---|---|\n${exits.join('\n')}\n\n`;
}

const allCommands = (command: Command): Command[] => [command, ...command.commands.flatMap(allCommands)];

function commandText(command: Command): string {
  const flags = command.options.map(
    ({ flags: spelled, description, defaultValue, defaultValueDescription, argChoices }) => {
      const choices = argChoices === undefined ? '' : ` (${argChoices.join(', ')})`;
      const fallback =
        defaultValue === undefined ? '' : ` (default: ${defaultValueDescription ?? String(defaultValue)})`;
      return `| \`${spelled.replaceAll('|', '\\|')}\` | ${(description + choices).replaceAll('|', '\\|')}${fallback} |`;
    },
  );
  const table = flags.length === 0 ? '' : `\n| flag | |\n|---|---|\n${flags.join('\n')}\n`;
  return `### \`${nameOf(command)}${usageOf(command)}\`\n\n${command.description()}\n${table}`;
}

const nameOf = (command: Command): string =>
  command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;

const usageOf = (command: Command): string =>
  command.registeredArguments
    .map((argument) => {
      const name = argument.name() + (argument.variadic ? '...' : '');
      return argument.required ? ` <${name}>` : ` [${name}]`;
    })
    .join('');
