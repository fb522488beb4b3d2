/** zod's findings in the words of a mapping's author: what was expected, what stands there, what was perhaps meant. */
import type * as z from 'zod';
import { isPlainObject } from '../model/json.ts';
import { type Complaint, didYouMean, type Path, quote } from './complaint.ts';

type Issue = z.core.$ZodIssue;

/**
 * @param above where `data` stands, when it is a part of the file
 * @param knownKeys what may stand in the map at a path
 */
export function issueComplaints(
  issue: Issue,
  above: Path,
  data: unknown,
  knownKeys: (path: Path) => readonly string[],
): Complaint[] {
  const path: Path = [...above, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  const came = valueAt(data, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        atKey: true,
        text: `unknown key ${quote(key)}${didYouMean(key, knownKeys(path)) || settingHint(key, path)}`,
      }));
    case 'invalid_union': {
      // The branch that got furthest into the value is the one that was meant.
      const deep = issue.errors.filter((branch) => branch.every((inner) => !wrongKind(inner)));
      const [meant] = deep.sort((a, b) => a.length - b.length);
      if (meant !== undefined) return meant.flatMap((inner) => issueComplaints(inner, path, data, knownKeys));
      const kinds = issue.errors.flatMap((branch) =>
        branch.flatMap((inner) => (inner.code === 'invalid_type' ? [kindName(inner.expected)] : [])),
      );
      return [{ path, text: `expected ${[...new Set(kinds)].join(' or ')}, found ${found(came)}` }];
    }
    case 'invalid_type':
      if (path.length === 0 && typeof came === 'string')
        return [{ path, text: 'plain text, and no mapping: that has version, target, operation and fields' }];
      if (came === undefined) {
        return [{ path: path.slice(0, -1), text: `${String(path.at(-1) ?? 'the mapping')} is missing` }];
      }
      return [{ path, text: `expected ${kindName(issue.expected)}, found ${found(came)}` }];
    case 'invalid_value': {
      if (path.length === 1 && path[0] === 'version')
        return [{ path: came === undefined ? [] : path, text: versionText(came) }];
      if (came === undefined) return [{ path: path.slice(0, -1), text: `${String(path.at(-1))} is missing` }];
      const values = issue.values.map(String);
      const near = typeof came === 'string' ? didYouMean(came, values) : '';
      return [{ path, text: `expected ${values.join(', ')}; found ${found(came)}${near}` }];
    }
    case 'too_small':
      return [{ path, text: issue.origin === 'number' ? `must be at least ${issue.minimum}` : 'must not be empty' }];
    case 'too_big':
      return [{ path, text: `too large: at most ${issue.maximum}${issue.origin === 'string' ? ' character' : ''}` }];
    default:
      return [{ path, text: issue.message }];
  }
}

const versionText = (came: unknown): string =>
  came === undefined
    ? 'version is missing: write `version: 1`'
    : typeof came === 'bigint' || typeof came === 'number'
      ? `this cdp-load reads version 1 of mappings; found ${came}`
      : `version must be the number 1; found ${found(came)}`;

/** What tells a program who it is belongs to the target, and secrets to the environment. */
const settingHint = (key: string, path: Path): string =>
  path.length === 0 && /(key|token|secret|password|credentials?|url|id|headers|region|proxy)$/i.test(key)
    ? ' (settings of the target stand in the config file, secrets in the environment)'
    : '';

const wrongKind = (issue: Issue): boolean => issue.code === 'invalid_type' && issue.path.length === 0;

const kindNames: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  null: 'null',
};
const kindName = (kind: string): string => kindNames[kind] ?? kind;

function found(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? quote(value) : String(value);
}

function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const step of path) {
    if (Array.isArray(value)) value = value[Number(step)];
    else if (isPlainObject(value) && Object.hasOwn(value, step)) value = value[step];
    else return undefined;
  }
  return value;
}
