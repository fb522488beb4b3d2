/**
 * One file under one mapping as `validate` would read it and as `push` would send it, in this process: the engine's own
 * run with a dry sender, and with a transport that hands each request to the target's emulator without a socket.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import { type ResolvedTarget, resolveTarget } from '../../src/config/resolve.ts';
import type { Transport } from '../../src/delivery/transport.ts';
import { compiler } from '../../src/engine/block-mapping.ts';
import { createMemoryBook } from '../../src/engine/book.ts';
import { createFileFeed } from '../../src/engine/file-feed.ts';
import { executeRun, type RunOrder, type RunWorld } from '../../src/engine/run.ts';
import { type SurveyedFile, survey } from '../../src/engine/survey.ts';
import type { SourceOptions } from '../../src/input/source.ts';
import { RowFile, rowFiles } from '../../src/journal/rejects.ts';
import { loadMapping } from '../../src/mapping/load.ts';
import type { Mapping } from '../../src/mapping/mapping.ts';
import type { Clock } from '../../src/model/clock.ts';
import { UserError } from '../../src/model/fault.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { Summary } from '../../src/report/summary.ts';
import type { Emulator } from '../../src/sandbox/emulator.ts';
import { emulatorTypes } from '../../src/sandbox/index.ts';
import { createRelay42 } from '../../src/sandbox/relay42.ts';
import type { Operation } from '../../src/targets/target.ts';

export interface Trial {
  readonly target: string;
  /** Settings of the target beside the emulator's own. */
  readonly config: JsonObject;
  readonly mapping: JsonObject;
  readonly file: { readonly name: string; readonly bytes: Uint8Array };
  readonly source: SourceOptions;
  /** In which `push` reads; `validate` reads in the usual ones. */
  readonly blockBytes: number;
  /** Threads that map for `push`; `validate` maps in this one. Default: none. */
  readonly workers?: number;
}

/** A line of a rejects file. */
export interface Rejected {
  readonly record: number;
  readonly stage: string;
  readonly code: string;
  readonly reason: string;
}

export interface Ran {
  readonly summary: Summary;
  /** In the order of records. */
  readonly rejects: readonly Rejected[];
}

export type BothWays =
  /** Neither way begins: what is wrong with mapping or file stands in one place, before either. */
  | { readonly kind: 'refused'; readonly error: UserError }
  | {
      readonly kind: 'ran';
      readonly validated: Ran;
      readonly pushed: Ran;
      /** What the platform refused or dropped after it had said yes, in its own words. */
      readonly regrets: readonly string[];
    };

const startsAt = Date.UTC(2024, 2, 1, 12);
const origin = 'http://127.0.0.1:1';

/** Whoever waits is woken at once, and that much later. */
function createHastyClock(): Clock {
  let now = startsAt;
  return {
    now: () => now,
    async sleep(ms) {
      now += ms;
    },
  };
}

/** @param folder where the mapping's own files (lookups, modules) stand; mapping, input and rejects are written there */
export async function bothWays(trial: Trial, folder: string): Promise<BothWays> {
  const clock = createHastyClock();
  const emulator = emulatorFor(trial.target, clock);
  const mappingPath = join(folder, 'trial.map.yaml');
  const path = join(folder, trial.file.name);
  writeFileSync(mappingPath, JSON.stringify(trial.mapping));
  writeFileSync(path, trial.file.bytes);
  const prepared = await prepareTrial(trial, emulator, mappingPath, path, folder).catch((error: unknown) => {
    if (error instanceof UserError) return error;
    throw error;
  });
  if (prepared instanceof UserError) return { kind: 'refused', error: prepared };
  const { resolved, mapping, operations } = prepared;
  for (const [index, { name, fields }] of operations.entries())
    emulator.provision(name, fields, mapping.entries[index]?.settings ?? {}, resolved.settings.own);

  const validated = await run(prepared, { clock, folder, source: trial.source });
  const halves: string[] = [];
  const transport = createEmulatorTransport(emulator, trial.target, clock, (text) => {
    if (halfCharacter.test(text)) halves.push(`half of a character was sent: ${text}`);
  });
  const source = { ...trial.source, blockBytes: trial.blockBytes };
  const pushed = await run(prepared, { clock, folder, source, transport, workers: trial.workers ?? 0 });
  return { kind: 'ran', validated, pushed, regrets: [...halves, ...regretsOf(trial.target, emulator)] };
}

interface PreparedTrial {
  readonly resolved: ResolvedTarget;
  readonly mapping: Mapping;
  readonly operations: readonly Operation[];
  readonly files: readonly SurveyedFile[];
}

async function prepareTrial(
  { target, config, source, file }: Trial,
  emulator: Emulator,
  mappingPath: string,
  path: string,
  folder: string,
): Promise<PreparedTrial> {
  const resolved = resolveTarget(target, loadConfig(undefined, folder), {}, () => ({
    ...config,
    ...emulator.settings(`${origin}/${target}`),
  }));
  const mapping = await loadMapping(mappingPath);
  const compile = compiler(mapping, resolved.target, resolved.type);
  const files = await survey([{ name: file.name, path }], source, compile);
  const [first] = files;
  const operations = first === undefined ? [] : compile(first.description).entries.map(({ operation }) => operation);
  return { resolved, mapping, operations, files };
}

function emulatorFor(target: string, clock: Clock): Emulator {
  // A trial asks more in no time than a real site allows in a minute.
  if (target === 'relay42')
    return createRelay42(clock, { budget: Number.MAX_SAFE_INTEGER, creationMs: 0, answerMs: 0 });
  const type = emulatorTypes.find(({ platform }) => platform === target);
  if (type === undefined) throw new RangeError(`no emulator of ${target}`);
  return type.create(clock);
}

/** JSON escapes a surrogate only where its other half is missing. */
const halfCharacter = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

function createEmulatorTransport(
  emulator: Emulator,
  target: string,
  clock: Clock,
  listen: (body: string) => void,
): Transport {
  return {
    async send({ method, url, headers, body }) {
      const { pathname, search, searchParams, host } = new URL(url);
      listen(Buffer.concat(body).toString('utf8'));
      const reply = await emulator.handle({
        method,
        path: pathname.slice(target.length + 1),
        rawUrl: pathname + search,
        query: searchParams,
        headers: { host, ...lowered(headers) },
        body: Buffer.concat(body),
      });
      const text = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? '');
      return {
        kind: 'reply',
        status: reply.status,
        headers: lowered(reply.headers ?? {}),
        body: text,
        truncated: false,
        receivedAt: clock.now(),
      };
    },
    close: async () => {},
  };
}

const lowered = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

interface Way {
  readonly clock: Clock;
  readonly folder: string;
  readonly source: SourceOptions;
  /** Undefined: `validate`. */
  readonly transport?: Transport;
  readonly workers?: number;
}

async function run({ resolved, mapping, operations, files }: PreparedTrial, way: Way): Promise<Ran> {
  const { clock, source, transport } = way;
  const directory = join(way.folder, 'run');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  const book = createMemoryBook(files.length, operations.length);
  const startedAt = clock.now();
  const feed = createFileFeed({
    surveyed: files,
    streamed: files.map((file) => ({
      file,
      load: file.index,
      task: { index: file.index, description: file.description, loadKey: 'trial', settled: [] },
    })),
    source,
    mapping: {
      settings: resolved.settings,
      mapping,
      now: startedAt,
      hashes: transport === undefined,
    },
    book,
    mappers: way.workers ?? 0,
  });
  const order: RunOrder = {
    run: 'trial',
    command: transport === undefined ? 'validate' : 'push',
    resolved,
    operations,
    feed,
    alreadyLoaded: [],
    resumed: 0,
    rejectedBefore: new Map(),
    acceptedBefore: 0,
    limits: { concurrency: 4 },
    uncertain: 'auto',
  };
  const world: RunWorld = {
    clock,
    random: () => 0.5,
    book,
    reporter: silent,
    transport,
    rejects: new RowFile(directory, rowFiles.rejected),
    uncertain: new RowFile(directory, rowFiles.uncertain),
    mask: (text) => text,
    interrupt: new AbortController().signal,
    commandAgain: 'cdp-load',
    retryCommand: undefined,
  };
  const summary = await executeRun(order, world);
  const rejects = summary.rejectsFile === undefined ? [] : linesIn(summary.rejectsFile);
  return { summary, rejects: rejects.sort((a, b) => a.record - b.record) };
}

const silent = { started() {}, notice() {}, progress() {}, paused() {}, finished() {}, close() {} };

const linesIn = (path: string): Rejected[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Rejected);

/** All five say yes to what they drop later; each tells elsewhere what that was. */
function regretsOf(target: string, emulator: Emulator): string[] {
  const ask = (name: string, query = '') => emulator.readOut(name, new URLSearchParams(query));
  switch (target) {
    case 'raptor':
      return (ask('failed', 'flush=1') as readonly unknown[]).map((sample) => JSON.stringify(sample));
    case 'adobe':
      return ['failed', 'dropped'].flatMap((name) =>
        (ask(name) as { samples: readonly unknown[] }).samples.map((sample) => JSON.stringify(sample)),
      );
    case 'customerio':
      return [
        // A mapped messageId that comes twice is meant to count once.
        ...(ask('dropped') as readonly { readonly reason: string }[])
          .filter(({ reason }) => reason !== 'duplicate')
          .map((dropped) => JSON.stringify(dropped)),
        ...Object.keys(ask('unknown-keys') as object),
      ];
    case 'relay42':
      return ['races', 'overlaps'].flatMap((name) =>
        (ask(name) as readonly unknown[]).map((one) => JSON.stringify(one)),
      );
    default:
      return (ask('refused') as { samples: readonly unknown[] }).samples.map((sample) => JSON.stringify(sample));
  }
}
