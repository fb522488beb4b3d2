/** `cdp-load runs`: history, and where each load stands. */
import chalk from 'chalk';
import { loadConfig } from '../config/load.ts';
import type { RunSummary } from '../journal/history.ts';
import { openJournal } from '../journal/journal.ts';
import { stateDirectory } from '../journal/state-directory.ts';
import { jsonLine } from '../report/json.ts';
import { count, durationText, printable } from '../report/printable.ts';
import type { ConfigFlags, OutputFlags } from './flags.ts';

export async function runs(id: string | undefined, flags: ConfigFlags & OutputFlags): Promise<void> {
  const journal = openJournal(stateDirOf(flags));
  const say = (text: string) => process.stdout.write(`${text}\n`);
  try {
    if (id === undefined) {
      const listed = journal.runs();
      for (const run of listed) say(flags.json ? jsonLine({ event: 'run', ...run }) : runLine(run));
      if (listed.length === 0 && !flags.json) say(`No runs yet in ${printable(journal.stateDirectory)}.`);
      return;
    }
    const run = journal.run(id);
    if (flags.json) {
      say(jsonLine({ event: 'run', ...run }));
      return;
    }
    say(runLine(run));
    say(`  ${printable(run.command)}`);
    for (const { load, counts } of run.loads) {
      const { accepted, rejected, skipped, uncertain, sending, open } = counts;
      say(
        `  ${printable(load.path)}: ${load.state}, ${count(accepted)} accepted, ${count(rejected)} rejected, ${count(skipped)} skipped, ${count(uncertain + sending)} uncertain, ${count(open)} remaining`,
      );
    }
  } finally {
    journal.close();
  }
}

export function stateDirOf(flags: ConfigFlags): string {
  const config = loadConfig(flags.config, process.cwd());
  return stateDirectory(
    { ...flags, configured: config.stateDir },
    process.env,
    config.path === undefined ? undefined : config.directory,
  );
}

function runLine(run: RunSummary): string {
  const started = new Date(run.started).toISOString().slice(0, 19).replace('T', ' ');
  const took = run.ended === undefined ? '' : `, ${durationText((run.ended - run.started) / 1000)}`;
  const outcome =
    run.outcome === 'ended'
      ? run.exit === 0
        ? chalk.green('ok')
        : chalk.yellow(`exit ${run.exit}`)
      : chalk.red(run.outcome);
  return `${chalk.bold(run.id)}  ${started} UTC  ${run.kind} → ${printable(run.targetName)}  ${outcome}${took}`;
}
