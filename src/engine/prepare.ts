/**
 * Everything that is decided before the first byte is sent: config, target, mapping, inputs, and what the journal knows of
 * them. Whatever is wrong is said here, with exit 2.
 */
import { createReadStream } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { type ResolvedTarget, resolveTarget } from '../config/resolve.ts';
import { mayResend } from '../delivery/next-step.ts';
import type { SourceOptions } from '../input/source.ts';
import { systemSurroundings } from '../journal/holder.ts';
import { stateDirectory } from '../journal/state-directory.ts';
import { loadMapping } from '../mapping/load.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { systemClock } from '../model/clock.ts';
import { UserError } from '../model/fault.ts';
import type { Sandbox } from '../sandbox/server.ts';
import type { Operation } from '../targets/target.ts';
import { compiler } from './block-mapping.ts';
import { engineError } from './codes.ts';
import { isPipe, spool, sweepSpool } from './spool.ts';
import { type InputFile, type SurveyedFile, survey } from './survey.ts';

export interface Prepared {
  readonly resolved: ResolvedTarget;
  readonly mapping: Mapping;
  readonly operations: readonly Operation[];
  readonly files: readonly SurveyedFile[];
  readonly source: SourceOptions;
  readonly stateDir: string;
  /** Running when `--sandbox` was given. */
  readonly sandbox: Sandbox | undefined;
  /** Ends the sandbox and takes away what was put aside. */
  release(): Promise<void>;
}

export interface PrepareOptions {
  readonly files: readonly string[];
  readonly target: string;
  readonly mapping?: string | undefined;
  readonly config?: string | undefined;
  readonly stateDir?: string | undefined;
  readonly sandbox?: boolean | undefined;
  readonly source: SourceOptions;
  readonly confirmDestructive?: boolean | undefined;
  readonly workingDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable;
}

export async function prepare(options: PrepareOptions): Promise<Prepared> {
  const config = loadConfig(options.config, options.workingDirectory);
  const sandbox = options.sandbox ? await (await import('../sandbox/server.ts')).startSandbox() : undefined;
  const releases: (() => unknown)[] = sandbox === undefined ? [] : [() => sandbox.close()];
  const release = async () => {
    for (const end of releases.splice(0)) await end();
  };
  try {
    const resolved = resolveTarget(options.target, config, options.env, ({ type }) =>
      sandbox === undefined ? {} : sandbox.emulator(type).settings(sandbox.url(type)),
    );
    const mapping = await loadMapping(mappingPath(options, resolved));
    const stateDir = stateIn(options, config);
    const inputs = await inputsOf(options, stateDir, releases);
    const compile = compiler(mapping, resolved.target, resolved.type);
    const files = await survey(inputs, options.source, compile);
    const [first] = files;
    if (first === undefined) throw engineError('no-input', 'No input was named.', 'Name a file, or - for stdin.');
    const operations = compile(first.description).entries.map(({ operation }) => operation);
    refuseDestruction(operations, options.confirmDestructive ?? false);
    if (sandbox !== undefined) provision(sandbox, resolved, mapping, operations);
    return { resolved, mapping, operations, files, source: options.source, stateDir, sandbox, release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Relative to the working directory when it was typed, to the config file when it stands there. */
export function mappingPath(
  { mapping, workingDirectory }: Pick<PrepareOptions, 'mapping' | 'workingDirectory'>,
  resolved: ResolvedTarget,
): string {
  if (mapping !== undefined) return resolve(workingDirectory, mapping);
  if (resolved.mapping !== undefined) return resolved.mapping;
  const { name } = resolved.settings;
  throw new UserError('mapping-missing', `No mapping was named for target "${name}".`, {
    hint: `Name one with --mapping, or set "mapping:" of the target in cdp-load.yaml. \`cdp-load init <file> --target ${name}\` writes one to start from.`,
  });
}

/** What is loaded into the sandbox is no part of the real history. */
function stateIn({ stateDir, env, sandbox }: PrepareOptions, config: LoadedConfig): string {
  const directory = stateDirectory(
    { stateDir, configured: config.stateDir },
    env,
    config.path === undefined ? undefined : config.directory,
  );
  return sandbox ? join(directory, 'sandbox') : directory;
}

async function inputsOf(
  { files, stdin, workingDirectory }: PrepareOptions,
  stateDir: string,
  releases: (() => unknown)[],
): Promise<InputFile[]> {
  if (files.filter((name) => name === '-').length > 1)
    throw engineError('no-input', 'Stdin (-) was named twice.', 'Name it once.');
  if (files.some((name) => name.trim() === ''))
    throw engineError('no-input', 'An input has an empty name.', 'Is a variable of the script not set?');
  const around = systemSurroundings();
  sweepSpool(stateDir, around, systemClock.now());
  const inputs: InputFile[] = [];
  for (const [number, name] of files.entries()) {
    const given = name === '-' ? undefined : resolve(workingDirectory, name);
    if (given !== undefined && !isPipe(given)) {
      inputs.push({ name, path: given });
      continue;
    }
    const [stream, as] = given === undefined ? [stdin, 'Stdin'] : [createReadStream(given), name];
    const { path, release } = await spool(stream, stateDir, around, { as, number });
    releases.push(release);
    inputs.push({ name, path, isPipe: true });
  }
  return inputs;
}

export function refuseDestruction(operations: readonly Operation[], isConfirmed: boolean): void {
  if (isConfirmed) return;
  const destructive = operations.filter(({ destroys }) => destroys !== undefined);
  if (destructive.length === 0) return;
  const what = destructive.map(({ name, destroys }) => `${name} ${destroys}`).join('; ');
  throw engineError(
    'not-confirmed',
    `The mapping asks for what cannot be taken back: ${what}.`,
    'If that is meant, add --confirm-destructive.',
  );
}

/** What a person does in the vendor's console before a first load, done for the sandbox. */
function provision(
  sandbox: Sandbox,
  { settings, type }: ResolvedTarget,
  mapping: Mapping,
  operations: readonly Operation[],
): void {
  for (const [index, { name, fields }] of operations.entries()) {
    const given = mapping.entries[index]?.settings ?? {};
    sandbox.emulator(type.type).provision(name, fields, given, settings.own);
  }
}

/** Rows in flight when the last run died: those that may be sent again, and those that must be held, by entry. */
export function resendable(
  operations: readonly Operation[],
  uncertain: 'auto' | 'resend' | 'hold',
): readonly boolean[] {
  return operations.map(({ repeatable }) => mayResend(repeatable, uncertain));
}
