/** The last word on what ended a command: a user's mistake is a sentence and a hint, anything else is our fault and says so. */
import { chalkStderr as chalk } from 'chalk';
import { type Exit, exitOf, UserError } from '../model/fault.ts';
import { errorLine } from '../report/json.ts';
import { printable } from '../report/printable.ts';
import type { CommandCode } from './codes.ts';

export function reportFailure(error: unknown, json: boolean): Exit {
  const known = error instanceof UserError ? error : undefined;
  const exit = exitOf(error);
  const message = known?.message ?? `internal error: ${error instanceof Error ? error.message : String(error)}`;
  const code = known?.code ?? ('internal' satisfies CommandCode);
  if (json) process.stdout.write(errorLine(code, message, known?.hint, exit));
  // A message may list several complaints, a line each.
  const [first = '', ...more] = message.split('\n').map(printable);
  process.stderr.write(`${chalk.red.bold('error')} ${first} ${chalk.dim(`[${code}]`)}\n`);
  for (const line of more) process.stderr.write(`      ${line}\n`);
  if (known?.hint !== undefined) process.stderr.write(`  ${chalk.bold('hint')} ${printable(known.hint)}\n`);
  if (known === undefined && error instanceof Error) {
    process.stderr.write(
      `${printable(error.stack?.split('\n').slice(1, 4).join(' ') ?? '')}\nPlease report this. What was loaded is in the journal; the same command goes on.\n`,
    );
  }
  return exit;
}
