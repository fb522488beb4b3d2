/** The tests of one mapping: which target they are held against, and what came of them. Runs in any thread. */
import { dirname, relative, resolve } from 'node:path';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import type { ResolvedTarget } from '../config/resolve.ts';
import { loadMapping } from '../mapping/load.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { runMappingTests } from '../mapping/tests.ts';
import { UserError } from '../model/fault.ts';
import { maskTexts } from '../model/mask.ts';
import type { MappingReport } from '../report/test-results.ts';
import { findTargetType } from '../targets/index.ts';
import { commandError } from './codes.ts';
import { standInTarget } from './stand-in-target.ts';

export interface FoundMapping {
  readonly path: string;
  /** It was named itself: that it has no tests is then an error. */
  readonly named: boolean;
}

export interface TestAim {
  readonly target?: string | undefined;
  readonly config?: string | undefined;
}

/** Secrets are masked in all of the report. It is plain data, so that it can come from another thread. */
export async function testMapping({ path, named }: FoundMapping, aim: TestAim): Promise<MappingReport> {
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  let mask = (text: string) => text;
  let about = 'not opened';
  try {
    const mapping = await loadMapping(path);
    about = mapping.target;
    const resolved = targetFor(mapping, path, aim);
    mask = maskTexts([...resolved.secrets, ...(resolved.target.secretTexts ?? [])]);
    about = [...new Set([resolved.type.type, resolved.settings.name])].join(', target ');
    if (mapping.tests.length === 0 && named) {
      throw commandError('no-tests', `${path} has no tests.`, {
        hint: 'Write `tests:` into the mapping: a row, and what it gives, rejects or skips.',
      });
    }
    const outcomes = runMappingTests(mapping, resolved.target, { kind: resolved.type });
    return masked({ file: path, about, outcomes, seconds: seconds() }, mask);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { code, message, hint } = error;
    return masked({ file: path, about, outcomes: [], error: { code, message, hint }, seconds: seconds() }, mask);
  }
}

function masked(report: MappingReport, mask: (text: string) => string): MappingReport {
  const within = (value: unknown): unknown => {
    if (typeof value === 'string') return mask(value);
    if (Array.isArray(value)) return value.map(within);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, within(inner)]));
  };
  return within(report) as MappingReport;
}

/** The target that is asked for; else the configured one that uses this mapping; else the only one of its type; else none but the type. */
function targetFor(mapping: Mapping, path: string, { target, config: configPath }: TestAim): ResolvedTarget {
  const here = process.cwd();
  const config = loadConfig(configPath, configPath === undefined ? dirname(resolve(here, path)) : here);
  return standInTarget(target ?? configuredFor(mapping, path, config) ?? mapping.target, config, process.env);
}

function configuredFor(mapping: Mapping, path: string, config: LoadedConfig): string | undefined {
  const type = findTargetType(mapping.target);
  const ofType = Object.entries(config.content.targets).filter(([, given]) => findTargetType(given.type) === type);
  const users = ofType.filter(([, given]) => {
    const named = given['mapping'];
    return typeof named === 'string' && relative(resolve(config.directory, named), resolve(path)) === '';
  });
  return (users[0] ?? (ofType.length === 1 ? ofType[0] : undefined))?.[0];
}
