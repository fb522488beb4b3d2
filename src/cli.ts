/** The program: commander's tree of commands. Each command's own code is loaded only when it runs, so that --help is quick. */
import { readFileSync } from 'node:fs';
import { Argument, Command, CommanderError } from 'commander';
import {
  age,
  reportName,
  wholeNumber,
  withConfigFlags,
  withInputFlags,
  withOutputFlags,
  withResumeFlags,
  withSendingFlags,
  withTargetFlags,
} from './commands/flags.ts';
import { exitAsInternalOnCrash, tolerateClosedOutputs } from './commands/last-resort.ts';
import { Exit } from './model/fault.ts';
import { errorLine } from './report/json.ts';
import { printable } from './report/printable.ts';

const version = (): string => {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '0';
};

/** All commands and flags. Pure: building it starts nothing. */
export function buildProgram(): Command {
  const program = new Command('cdp-load')
    .description('Loads CSV and NDJSON files into customer data platforms: no row lost, none doubled unsaid.')
    .version(version(), '-V, --version')
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .helpCommand(false)
    // Or "targets" would take the --config that stands behind "targets check", and "check" would never see it.
    .enablePositionalOptions()
    // Commander quotes what was typed, and a script may have typed what stood in a file name.
    .configureOutput({
      writeErr: (text) => void process.stderr.write(text.split('\n').map(printable).join('\n')),
      // Said by main, with what to type.
      outputError: () => {},
    })
    .exitOverride();

  withOutputFlags(
    withResumeFlags(
      withSendingFlags(
        withInputFlags(
          withTargetFlags(
            program
              .command('push')
              .argument('<files...>', 'CSV or NDJSON files; - is stdin')
              .description('Load files into a target. The same command again resumes.')
              .option('--dry-run', 'the same as validate: nothing is sent'),
          ),
        ),
      ),
    ),
  ).action(async (files, flags) => (await import('./commands/push.ts')).push(files, flags));

  withOutputFlags(
    withSendingFlags(
      withInputFlags(
        withTargetFlags(
          program
            .command('validate')
            .argument('<files...>', 'CSV or NDJSON files; - is stdin')
            .description(
              'All that push does, up to the socket: same report, same rejects, same exit codes. Nothing is sent.',
            )
            .option(
              '--report <file>',
              'also write what was found as a page (.html) for whoever made the file, or as .json',
              reportName,
            ),
        ),
      ),
    ),
  ).action(async (files, flags) => (await import('./commands/validate.ts')).validate(files, flags));

  withInputFlags(
    withTargetFlags(
      program
        .command('preview')
        .argument('<file>', 'CSV or NDJSON file; - is stdin')
        .description('Show the exact requests that would go out, secrets masked.')
        .option('-n, --rows <rows>', 'how many rows', wholeNumber(1), 3)
        .option('--row <record>', 'start at this record (the header does not count)', wholeNumber(1))
        .option('--rejects <run>', 'only rows that this run rejected: its id, or a rejects file'),
    ),
  ).action(async (file, flags) => (await import('./commands/preview.ts')).preview(file, flags));

  withInputFlags(
    withConfigFlags(
      program
        .command('init')
        .argument('<file>', 'CSV or NDJSON file')
        .description(
          'Look at a file and write a mapping to start from, with the evidence in comments; then check the file by it.',
        )
        .requiredOption('-t, --target <name>', 'a target type, or a target of the config file')
        .option('--operation <name>', 'what the rows are to become there (default: the first of the target type)')
        .option('-o, --output <file>', 'where to write the mapping (default: <file>.map.yaml here); never overwritten')
        .option('--key <column>', 'the column that says whom a row is about (default: proposed)')
        .option('--json', 'what was found, one JSON object a line on stdout: a line a column, then a summary'),
    ),
  ).action(async (file, flags) => (await import('./commands/init.ts')).init(file, flags));

  withOutputFlags(
    program
      .command('test')
      .argument('<mappings...>', 'mapping files, or folders of files named *.map.yaml, .yml or .json')
      .description(
        "Run the tests inside mappings, through the target's own checks. Needs no credentials; sends nothing.",
      )
      .option(
        '-t, --target <name>',
        'target whose settings hold (default: the one of the config that uses the mapping)',
      )
      .option('--config <file>', "config file (default: cdp-load.yaml in the mapping's folder or above)")
      .option('--junit <file>', 'also write the results as JUnit XML'),
  ).action(async (mappings, flags) => (await import('./commands/test.ts')).test(mappings, flags));

  withOutputFlags(
    withSendingFlags(
      withConfigFlags(
        program
          .command('retry')
          .argument('<run>', 'id of the run whose rejected rows to send again')
          .description('Send the rejected rows of a run again, under the mapping as it is now.')
          .option('-t, --target <name>', "target (default: the run's)")
          .option('-m, --mapping <file>', "mapping file (default: the run's)"),
      ),
    ),
  ).action(async (run, flags) => (await import('./commands/retry.ts')).retry(run, flags));

  const runs = withOutputFlags(
    withConfigFlags(
      program
        .command('runs')
        .enablePositionalOptions()
        .argument('[run]', 'id of a run')
        .description('List past runs, or show one.'),
    ),
  ).action(async (run, flags) => (await import('./commands/runs.ts')).runs(run, flags));
  withOutputFlags(
    withConfigFlags(
      runs
        .command('prune')
        .description(
          'Take away old runs whose loads are done, with their rejects, and say what is lost by it. Unfinished loads stay, and files that were loaded are still known.',
        )
        .requiredOption(
          '--older-than <age>',
          'runs that ended longer ago than this: days or weeks, such as 90d or 12w',
          age,
        )
        .option('--dry-run', 'say what would go, and leave it'),
    ),
  ).action(async (flags) => (await import('./commands/prune.ts')).prune(flags));

  const targets = withOutputFlags(
    withConfigFlags(
      program
        .command('targets')
        .enablePositionalOptions()
        .argument('[name]', 'a target')
        .description('Show what is configured and what is missing. Secrets are masked.'),
    ),
  ).action(async (name, flags) => (await import('./commands/targets.ts')).targets(name, flags));
  withConfigFlags(
    targets
      .command('check')
      .argument('<name>', 'a target')
      .description('Make the one harmless call that proves the credentials.'),
  ).action(async (name, flags) => (await import('./commands/targets.ts')).checkTarget(name, flags));

  program
    .command('schema')
    .addArgument(new Argument('<what>', 'which file').choices(['config', 'mapping']))
    .description('Print the JSON Schema of the config file or of mappings, for editors that complete and check.')
    .action(async (what) => (await import('./commands/schema.ts')).schema(what));

  program
    .command('explain')
    .argument('[code]', 'a code as errors, reports and rejects files name it')
    .description('Say more about a code. Without one: list all codes.')
    .option('--json', 'one JSON object a line on stdout')
    .action(async (code, flags) => (await import('./commands/explain.ts')).explain(code, flags));

  program
    .command('sandbox')
    .description('Start a local emulator of all five platforms.')
    .option('--port <port>', 'port to listen on (0: any free one)', wholeNumber(0, 65_535), 4100)
    .action(async (flags) => (await import('./commands/sandbox.ts')).sandbox(flags));

  return program;
}

/** Runs the command line and sets the process's exit code. Never throws. */
export async function main(argv: readonly string[]): Promise<void> {
  const json = argv.includes('--json');
  const { NO_COLOR: noColour, FORCE_COLOR: forced } = process.env;
  if (noColour && !forced) (await import('./report/without-colour.ts')).withoutColour();
  tolerateClosedOutputs();
  exitAsInternalOnCrash(json);
  const program = buildProgram();
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? Exit.ok : Exit.usage;
      if (error.exitCode === 0) return;
      // Nothing was typed but the program's name, and commander has listed what may be.
      if (error.code === 'commander.help') {
        if (json) process.stdout.write(errorLine('usage', 'No command was named.', undefined, Exit.usage));
        return;
      }
      const { usageError } = await import('./commands/usage.ts');
      (await import('./commands/failure.ts')).reportFailure(usageError(error.message, argv.slice(2), program), json);
      return;
    }
    const { reportFailure } = await import('./commands/failure.ts');
    process.exitCode = reportFailure(error, json);
  }
}
