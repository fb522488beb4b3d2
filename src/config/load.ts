/** Finds and reads `cdp-load.yaml`. Complaints name file, line and column. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Document, isMap, isPair, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml';
import type * as z from 'zod';
import { UserError } from '../model/fault.ts';
import { readOnce } from '../model/read-once.ts';
import { closest } from '../model/suggest.ts';
import { type ConfigFile, configFile } from './schema.ts';

export const configFileName = 'cdp-load.yaml';
/** Each is looked for in the file, and held against every name that could have been meant. */
export const mostUnknownKeys = 50;
const mostConfigBytes = 1_048_576;

export interface LoadedConfig {
  /** Absolute; undefined when there is no config file. */
  readonly path: string | undefined;
  /** Where relative paths in it begin. */
  readonly directory: string;
  readonly content: ConfigFile;
  /** Its `stateDir`, absolute. */
  readonly stateDir: string | undefined;
  /** "cdp-load.yaml:7:5" of a path inside the file, or of the nearest thing above it. */
  at(path: readonly PropertyKey[]): string;
}

/**
 * @param named the value of --config; without it the working directory and those above it are searched
 * @throws UserError `config-not-found`, `config-invalid`
 */
export function loadConfig(named: string | undefined, workingDirectory: string): LoadedConfig {
  const path = named === undefined ? findUpward(workingDirectory) : resolve(workingDirectory, named);
  if (path === undefined) {
    return {
      path,
      directory: workingDirectory,
      content: { targets: {} },
      stateDir: undefined,
      at: () => configFileName,
    };
  }
  const text = readConfig(path);
  const lines = new LineCounter();
  // The library looks for keys that stand twice in quadratic time.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, prettyErrors: false });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  const complaints = document.errors.map((error) => `${place(error.pos[0])}: ${yamlText(error.message)}`);
  if (complaints.length === 0) complaints.push(...doubleKeys(document, place));
  if (complaints.length > 0) throw invalid(complaints);

  const at = (keys: readonly PropertyKey[]) => place(offsetOf(document.contents, keys) ?? 0);
  const content = plainOf(document, place) ?? {};
  if (looksLikeMapping(content)) {
    throw new UserError('config-invalid', `${path}: is a mapping, not a config file.`, {
      hint: 'Give it to --mapping. The config file names targets: `cdp-load schema config` prints what may stand in it.',
    });
  }
  const parsed = configFile.safeParse(content, readOnce);
  if (!parsed.success) throw invalid(parsed.error.issues.flatMap((issue) => complaintsOf(issue, at)));
  const directory = dirname(path);
  const { stateDir } = parsed.data;
  return {
    path,
    directory,
    content: parsed.data,
    stateDir: stateDir === undefined ? undefined : resolve(directory, stateDir),
    at,
  };
}

const looksLikeMapping = (content: unknown): boolean =>
  typeof content === 'object' &&
  content !== null &&
  !('targets' in content) &&
  ('fields' in content || 'items' in content);

/** The library's words, in one line; of tabs it says only that they are forbidden. */
function yamlText(message: string): string {
  const [first = ''] = message.split('\n');
  return first.startsWith('Tabs are not allowed') ? `${first}: use spaces` : first;
}

function readConfig(path: string): string {
  try {
    if (statSync(path).size <= mostConfigBytes) return readFileSync(path, 'utf8');
  } catch {
    throw new UserError('config-not-found', `The config file ${path} cannot be read.`, {
      hint: 'Check the path given to --config.',
    });
  }
  throw invalid([`${path}: is larger than ${mostConfigBytes} bytes`]);
}

function doubleKeys(document: Document, place: (offset: number) => string): string[] {
  const found: string[] = [];
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value))
          found.push(`${place(key.range?.[0] ?? 0)}: "${String(key.value)}" stands here a second time`);
        seen.add(key.value);
      }
    },
  });
  return found;
}

/** The name of an alias may be a password that begins with `*`: it is not repeated. */
function plainOf(document: Document, place: (offset: number) => string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    const aliases: string[] = [];
    visit(document, {
      Alias(_, alias) {
        if (alias.resolve(document) === undefined) aliases.push(place(alias.range?.[0] ?? 0));
      },
    });
    const [first] = aliases;
    throw invalid([
      first === undefined
        ? `${place(0)}: its aliases (*name) repeat too much`
        : `${first}: a value that begins with * is an alias, and no anchor of that name stands before it; put text in quotes`,
    ]);
  }
}

function complaintsOf(issue: z.core.$ZodIssue, at: (path: readonly PropertyKey[]) => string): string[] {
  if (issue.code !== 'unrecognized_keys') return [`${at(issue.path)}: ${issue.path.join('.')}: ${issue.message}`];
  return issue.keys.slice(0, mostUnknownKeys).map((key) => {
    const near = closest(key, Object.keys(configFile.shape));
    const meant = near === undefined ? '' : `; did you mean "${near}"?`;
    return `${at([...issue.path, key])}: "${key}" is nothing that a config file has${meant}`;
  });
}

export const invalid = (complaints: readonly string[]): UserError =>
  new UserError('config-invalid', complaints.join('\n'), {
    hint: 'Correct the config file. `cdp-load schema config` prints what may stand in it.',
  });

function findUpward(from: string): string | undefined {
  for (let directory = resolve(from); ; directory = dirname(directory)) {
    const candidate = join(directory, configFileName);
    if (existsSync(candidate)) return candidate;
    if (dirname(directory) === directory) return undefined;
  }
}

function offsetOf(root: unknown, keys: readonly PropertyKey[]): number | undefined {
  let node = root;
  let offset: number | undefined;
  for (const key of keys) {
    if (!isMap(node)) break;
    const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === key);
    if (pair === undefined) break;
    if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
    node = pair.value;
  }
  return offset ?? (root as Node | null)?.range?.[0];
}
