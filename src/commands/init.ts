/** `cdp-load init`: looks at a file, writes a mapping to start from, and says whether the file passes by it. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { chalkStderr as chalk } from 'chalk';
import { draftFor, type Looked, look } from '../authoring/author.ts';
import { authoringError } from '../authoring/codes.ts';
import { columnEvents } from '../authoring/column-events.ts';
import type { Draft } from '../authoring/draft.ts';
import { headless, valueless } from '../authoring/file-doubts.ts';
import { leftOutTexts, writeMapping } from '../authoring/write-mapping.ts';
import { loadConfig } from '../config/load.ts';
import { type RegisteredType, requireType } from '../config/target-type.ts';
import { type Prepared, prepare } from '../engine/prepare.ts';
import { isPipe } from '../engine/spool.ts';
import { mappingSchemaForEditors } from '../json-schemas.ts';
import { systemClock } from '../model/clock.ts';
import { UserError } from '../model/fault.ts';
import type { JsonObject } from '../model/json.ts';
import { maskTexts } from '../model/mask.ts';
import { closest } from '../model/suggest.ts';
import { jsonLine } from '../report/json.ts';
import { plural, printable } from '../report/printable.ts';
import type { Reporter, Summary } from '../report/summary.ts';
import type { FieldRule, Target } from '../targets/target.ts';
import type { ConfigFlags, InputFlags } from './flags.ts';
import { tuneCollection } from './garbage-collection.ts';
import { choiceLines, choicesIn, verdictLines } from './init-words.ts';
import { lookAtFile } from './look-at-file.ts';
import { prepareOptions } from './session.ts';
import { standInTarget } from './stand-in-target.ts';
import { check } from './validate.ts';
import { listenForSignals, quoted } from './world.ts';

export interface InitFlags extends ConfigFlags, InputFlags {
  readonly target: string;
  readonly operation?: string;
  readonly output?: string;
  readonly key?: string;
  readonly json?: boolean;
}

type Mask = (text: string) => string;

/** Beside the mapping, so that editors complete and check it on any machine. */
const schemaName = 'cdp-load.mapping.schema.json';

export async function init(file: string, flags: InitFlags): Promise<void> {
  // Programs get stdout, people stderr, and never both.
  const say = (text: string) => void (flags.json ? undefined : process.stderr.write(`${text}\n`));
  const tell = (line: string) => void (flags.json ? process.stdout.write(`${line}\n`) : undefined);
  if (file === '-' || isPipe(file)) {
    throw authoringError(
      'init-input',
      'Standard input and pipes cannot be looked at twice.',
      'Put it in a file first.',
    );
  }
  const output = flags.output ?? `${basename(file, extname(file))}.map.yaml`;
  refuseOverwriting(output);
  tuneCollection();
  const aim = aimOf(flags);
  const { text, draft, looked, rowsInFile, encoding, isGuess, reading } = await author(file, output, aim, flags);
  await writeNew(output, text);
  await writeSchema(dirname(resolve(output)));
  say(
    `Wrote ${chalk.bold(printable(output))}: ${aim.operation} for ${aim.type.type}, ${plural(draft.fields.length, 'field')}.`,
  );
  if (isGuess) say(`  Not UTF-8: read as ${encoding}. Say --encoding if letters come out wrong.`);
  for (const text of leftOutTexts(draft.leftOut)) say(`  ${printable(text)}`);
  const choices = choicesIn(text);
  for (const line of choiceLines(choices, output)) say(line);
  for (const column of columnEvents(looked, draft)) tell(jsonLine(column));
  const { summary, mask } = await verify(file, output, reading, say).catch((error: unknown) => {
    throw incomplete(error, commandFor('validate', file, output, reading));
  });
  const { read, accepted, skipped, rejected, faults, rejectsFile, exit } = summary;
  const event = {
    event: 'summary',
    file,
    mapping: output,
    target: aim.type.type,
    operation: aim.operation,
    key: draft.key,
    encoding,
    fields: draft.fields.length,
    choices,
    leftOut: draft.leftOut,
    looked: looked.samples.rows,
    rowsInFile,
    read,
    accepted,
    skipped,
    rejected,
    faults,
    rejectsFile,
    exit,
  };
  tell(mask(jsonLine(event)));
  process.exitCode = exit;
}

/** What no column gives is for the author to fill in; the command again would only find the mapping there. */
function incomplete(error: unknown, command: string): unknown {
  if (!(error instanceof UserError) || error.code !== 'mapping-invalid') return error;
  const { code, message } = error;
  return new UserError(code, message, { hint: `The mapping is written. Fill in what it lacks, then: ${command}` });
}

function refuseOverwriting(output: string): void {
  if (!existsSync(output)) return;
  throw authoringError(
    'output-exists',
    `${output} is there already.`,
    'Name another file with --output, or move this one away.',
  );
}

interface Aim {
  readonly type: RegisteredType;
  readonly operation: string;
  readonly rules: readonly FieldRule[];
  readonly given: Readonly<Record<string, unknown>>;
}

/** A configured target tells more than a type: its declared columns, its data set. It need not be complete. */
function aimOf(flags: InitFlags): Aim {
  const config = loadConfig(flags.config, process.cwd());
  const configured = Object.hasOwn(config.content.targets, flags.target)
    ? config.content.targets[flags.target]
    : undefined;
  const type = requireType(configured?.type ?? flags.target);
  const known = Object.keys(type.operations);
  const operation = flags.operation ?? known[0] ?? '';
  const operationType = Object.hasOwn(type.operations, operation) ? type.operations[operation] : undefined;
  if (operationType === undefined) {
    const near = closest(operation, known);
    const meant = near === undefined ? '' : ` Did you mean "${near}"?`;
    throw authoringError(
      'init-operation',
      `Target type ${type.type} has no operation "${operation}".${meant}`,
      `It has ${known.join(', ')}.`,
    );
  }
  const given: Readonly<Record<string, unknown>> = configured ?? {};
  return { type, operation, given, rules: declaredFields(flags, config, operation) ?? operationType.fields };
}

/** Enough to open an operation by, where it asks how the platform is set. */
const likelySettings: readonly JsonObject[] = [
  {},
  { writeMode: 'append' },
  { writeMode: 'append', ignoreMissingColumns: true },
];

/** Fields that the target's own settings declare; undefined where it wants settings that are not known yet. */
function declaredFields(
  flags: InitFlags,
  config: ReturnType<typeof loadConfig>,
  operation: string,
): readonly FieldRule[] | undefined {
  if (config.content.targets[flags.target] === undefined) return undefined;
  const { target } = standInTarget(flags.target, config, process.env);
  for (const proposed of likelySettings) {
    const fields = fieldsUnder(target, operation, proposed);
    if (fields !== undefined) return fields;
  }
  return undefined;
}

function fieldsUnder(target: Target, operation: string, settings: JsonObject): readonly FieldRule[] | undefined {
  try {
    return target.operation(operation, settings).fields;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

interface Authored {
  readonly text: string;
  readonly draft: Draft;
  readonly looked: Looked;
  readonly rowsInFile: number;
  readonly encoding: string;
  readonly isGuess: boolean;
  /** The flags, and what of them was found out instead. */
  readonly reading: InitFlags;
}

async function author(
  file: string,
  output: string,
  { type, operation, rules, given }: Aim,
  flags: InitFlags,
): Promise<Authored> {
  const { rows, rowsInFile, header, encoding, isGuess } = await lookAtFile(file, flags);
  const looked = look({ rows, header });
  const doubt = valueless(looked.columns, file) ?? (header && headless(header, looked.columns, file));
  if (doubt !== undefined) throw doubt;
  const reading = isGuess ? { ...flags, encoding } : flags;
  const wanted = { target: type.type, operation, rules, given, key: flags.key, file };
  const draft = draftFor(looked, wanted, header === undefined);
  const text = writeMapping(draft, {
    file: basename(file),
    schema: `./${schemaName}`,
    rowsLookedAt: looked.samples.rows,
    rowsUnreadable: rows.length - looked.samples.rows,
    rowsInFile,
    commands: [
      `cdp-load test ${quoted(output)}`,
      commandFor('validate', file, output, reading),
      commandFor('push', file, output, reading),
    ],
  });
  return { text, draft, looked, rowsInFile, encoding, isGuess, reading };
}

/** As it is to be typed, with the flags that decide how the file is read. */
function commandFor(command: string, file: string, output: string, flags: InitFlags): string {
  const reading = [
    ...(flags.config === undefined ? [] : ['--config', flags.config]),
    ...(flags.format === undefined ? [] : ['--format', flags.format]),
    ...(flags.delimiter === undefined ? [] : ['--delimiter', flags.delimiter]),
    ...(flags.encoding === undefined ? [] : ['--encoding', flags.encoding]),
  ];
  const words = ['cdp-load', command, file, '--target', flags.target, '--mapping', output, ...reading];
  return words.map(quoted).join(' ');
}

async function writeNew(output: string, text: string): Promise<void> {
  try {
    await writeFile(output, text, { flag: 'wx' });
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') refuseOverwriting(output);
    throw authoringError(
      'output-unwritable',
      `${output} cannot be written.`,
      'Check that the folder is there and yours.',
    );
  }
}

/** Help for editors only: without it the mapping is as good. */
async function writeSchema(directory: string): Promise<void> {
  const path = join(directory, schemaName);
  await writeFile(path, `${JSON.stringify(mappingSchemaForEditors(), null, 2)}\n`, { flag: 'wx' }).catch(() => {});
}

const silent: Reporter = {
  started() {},
  notice() {},
  progress() {},
  paused() {},
  finished() {},
  close() {},
};

/** The same check that `validate` makes, of the file just looked at against the mapping just written. */
async function verify(
  file: string,
  output: string,
  flags: InitFlags,
  say: (text: string) => void,
): Promise<{ readonly summary: Summary; readonly mask: Mask }> {
  const { prepared, inSandbox } = await prepareForCheck(file, output, flags);
  const { resolved } = prepared;
  const mask = maskTexts([...resolved.secrets, ...(resolved.target.secretTexts ?? [])]);
  const { interrupt, unlisten } = listenForSignals({ ...silent, notice: say });
  try {
    const world = {
      clock: systemClock,
      random: Math.random,
      reporter: silent,
      mask,
      interrupt,
      commandAgain: '',
      retryCommand: undefined,
    };
    const session = { reporter: silent, mappingName: output, world };
    const summary = await check(prepared, session, { uncertain: 'auto', limit: flags.limit });
    for (const line of verdictLines(summary)) say(mask(line));
    if (inSandbox) say('  (Checked as the sandbox would take it: the target is not configured yet.)');
    const next = commandFor(summary.rejected > 0 ? 'validate' : 'push', file, output, flags);
    const isDestructive = prepared.operations.some(({ destroys }) => destroys !== undefined);
    const further = `${inSandbox ? ' --sandbox' : ''}${isDestructive ? ' --confirm-destructive' : ''}`;
    say(`${chalk.bold('Next:')} ${printable(next)}${further}`);
    return { summary, mask };
  } finally {
    unlisten();
    await prepared.release();
  }
}

async function prepareForCheck(
  file: string,
  output: string,
  flags: InitFlags,
): Promise<{ readonly prepared: Prepared; readonly inSandbox: boolean }> {
  const options = { ...prepareOptions([file], { ...flags, mapping: output }), confirmDestructive: true };
  try {
    return { prepared: await prepare(options), inSandbox: false };
  } catch (error) {
    const isUnconfigured = error instanceof UserError && ['target-incomplete', 'secret-missing'].includes(error.code);
    if (!isUnconfigured) throw error;
    return { prepared: await prepare({ ...options, sandbox: true }), inSandbox: true };
  }
}
