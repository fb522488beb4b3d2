/** `cdp-load test`: the tests inside mappings, run through the target's own checks. Needs no credentials and sends nothing. */
import { readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import type { ResolvedTarget } from '../config/resolve.ts';
import { loadMapping } from '../mapping/load.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { runMappingTests } from '../mapping/tests.ts';
import { Exit, UserError } from '../model/fault.ts';
import { maskTexts } from '../model/mask.ts';
import { junitText } from '../report/junit.ts';
import { printable } from '../report/printable.ts';
import { type MappingReport, reportLines, totalsLine, totalsOf } from '../report/test-results.ts';
import { findTargetType } from '../targets/by-name.ts';
import { commandError } from './codes.ts';
import { standInTarget } from './stand-in-target.ts';
import { writeReport } from './write-report.ts';

export interface TestFlags {
  readonly target?: string;
  readonly config?: string;
  readonly junit?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

interface Found {
  readonly path: string;
  /** It was named itself: that it has no tests is then an error. */
  readonly named: boolean;
}

const mappingName = /\.map\.(ya?ml|json)$/i;

export async function test(paths: readonly string[], flags: TestFlags): Promise<void> {
  const found = paths.flatMap(mappingsIn);
  const reports: MappingReport[] = [];
  for (const one of found) {
    const { report, mask } = await testMapping(one, flags);
    if (report.outcomes.length === 0 && report.error === undefined) {
      if (!flags.json && !flags.quiet) process.stdout.write(`${printable(one.path)}: no tests\n`);
      continue;
    }
    reports.push(report);
    say(report, flags, mask);
  }
  const totals = totalsOf(reports);
  if (flags.junit !== undefined) writeReport(flags.junit, junitText(reports));
  if (totals.passed + totals.failed + totals.broken === 0) {
    throw commandError('no-tests', `Nothing was tested: ${nothingIn(paths, found.length)}.`, {
      hint: 'Write `tests:` into the mapping: a row, and what it gives, rejects or skips.',
    });
  }
  const exit = totals.broken > 0 ? Exit.usage : totals.failed > 0 ? Exit.someRowsFailed : Exit.ok;
  if (flags.json) process.stdout.write(`${JSON.stringify({ event: 'summary', ...totals, exit })}\n`);
  else if (!flags.quiet || exit !== Exit.ok) process.stdout.write(`${totalsLine(totals)}\n`);
  process.exitCode = exit;
}

/** A folder stands for the mappings in and below it; hidden folders and installed packages are left out. */
function mappingsIn(path: string): Found[] {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [{ path, named: true }];
  const below = (folder: string): Found[] =>
    readdirSync(folder, { withFileTypes: true })
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((entry): Found[] => {
        const inside = join(folder, entry.name);
        if (entry.isDirectory()) return /^(\.|node_modules$)/.test(entry.name) ? [] : below(inside);
        return entry.isFile() && mappingName.test(entry.name) ? [{ path: inside, named: false }] : [];
      });
  return below(path);
}

async function testMapping(
  { path, named }: Found,
  flags: TestFlags,
): Promise<{ report: MappingReport; mask: (text: string) => string }> {
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  let mask = (text: string) => text;
  let about = 'not opened';
  try {
    const mapping = await loadMapping(path);
    about = mapping.target;
    const resolved = targetFor(mapping, path, flags);
    mask = maskTexts([...resolved.secrets, ...(resolved.target.secretTexts ?? [])]);
    about = [resolved.type.type, resolved.settings.name]
      .filter((name, index, all) => all.indexOf(name) === index)
      .join(', target ');
    if (mapping.tests.length === 0 && named) {
      throw commandError('no-tests', `${path} has no tests.`, {
        hint: 'Write `tests:` into the mapping: a row, and what it gives, rejects or skips.',
      });
    }
    const outcomes = runMappingTests(mapping, resolved.target, { kind: resolved.type });
    return { report: { file: path, about, outcomes, seconds: seconds() }, mask };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { code, message, hint } = error;
    return { report: { file: path, about, outcomes: [], error: { code, message, hint }, seconds: seconds() }, mask };
  }
}

/** The target that is asked for; else the configured one that uses this mapping; else the only one of its type; else none but the type. */
function targetFor(mapping: Mapping, path: string, flags: TestFlags): ResolvedTarget {
  const here = process.cwd();
  const config = loadConfig(flags.config, flags.config === undefined ? dirname(resolve(here, path)) : here);
  return standInTarget(flags.target ?? configuredFor(mapping, path, config) ?? mapping.target, config, process.env);
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

function say(report: MappingReport, flags: TestFlags, mask: (text: string) => string): void {
  const write = (text: string) => process.stdout.write(`${mask(text)}\n`);
  const { file, outcomes, error } = report;
  if (flags.json) {
    for (const { name, line, passed, differences, faults } of outcomes)
      write(JSON.stringify({ event: 'test', file, name, line, passed, differences, faults }));
    if (error !== undefined) write(JSON.stringify({ event: 'error', file, ...error }));
    return;
  }
  const isGood = error === undefined && outcomes.every(({ passed }) => passed);
  if (!flags.quiet || !isGood) write(reportLines(report).join('\n'));
}

function nothingIn(paths: readonly string[], mappings: number): string {
  const where = paths.join(', ');
  if (mappings > 0) return `the mappings in ${where} have no tests`;
  return `there is no file *.map.yaml in ${where}`;
}
