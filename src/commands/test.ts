/** `cdp-load test`: the tests inside mappings, run through the target's own checks. Needs no credentials and sends nothing. */
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Exit } from '../model/fault.ts';
import { jsonLine } from '../report/json.ts';
import { junitText } from '../report/junit.ts';
import { printable } from '../report/printable.ts';
import { type MappingReport, reportLines, totalsLine, totalsOf } from '../report/test-results.ts';
import { commandError } from './codes.ts';
import type { FoundMapping } from './mapping-tests.ts';
import { testMappings, threadsFor } from './test-pool.ts';
import { writeReport } from './write-report.ts';

export interface TestFlags {
  readonly target?: string;
  readonly config?: string;
  readonly junit?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const mappingName = /\.map\.(ya?ml|json)$/i;

export async function test(paths: readonly string[], flags: TestFlags): Promise<void> {
  const found = uniquely(paths.flatMap(mappingsIn));
  const reports: MappingReport[] = [];
  for await (const report of testMappings(found, flags, threadsFor(found.length))) {
    if (report.outcomes.length === 0 && report.error === undefined) {
      if (!flags.json && !flags.quiet) process.stdout.write(`${printable(report.file)}: no tests\n`);
      continue;
    }
    reports.push(report);
    say(report, flags);
  }
  const totals = totalsOf(reports);
  if (flags.junit !== undefined) writeReport(flags.junit, junitText(reports));
  if (totals.passed + totals.failed + totals.broken === 0) {
    throw commandError('no-tests', `Nothing was tested: ${nothingIn(paths, found.length)}.`, {
      hint: 'Write `tests:` into the mapping: a row, and what it gives, rejects or skips.',
    });
  }
  const exit = totals.broken > 0 ? Exit.usage : totals.failed > 0 ? Exit.someRowsFailed : Exit.ok;
  if (flags.json) process.stdout.write(`${jsonLine({ event: 'summary', ...totals, exit })}\n`);
  else if (!flags.quiet || exit !== Exit.ok) process.stdout.write(`${totalsLine(totals)}\n`);
  process.exitCode = exit;
}

/** A mapping that was named beside its folder is tested once, as one that was named. */
function uniquely(found: readonly FoundMapping[]): FoundMapping[] {
  const byPath = new Map<string, FoundMapping>();
  for (const one of found) {
    const path = resolve(one.path);
    if (one.named || !byPath.has(path)) byPath.set(path, one);
  }
  return [...byPath.values()];
}

/** A folder stands for the mappings in and below it; hidden folders and installed packages are left out. */
function mappingsIn(path: string): FoundMapping[] {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [{ path, named: true }];
  const below = (folder: string): FoundMapping[] =>
    readdirSync(folder, { withFileTypes: true })
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((entry): FoundMapping[] => {
        const inside = join(folder, entry.name);
        if (entry.isDirectory()) return /^(\.|node_modules$)/.test(entry.name) ? [] : below(inside);
        return entry.isFile() && mappingName.test(entry.name) ? [{ path: inside, named: false }] : [];
      });
  return below(path);
}

function say(report: MappingReport, flags: TestFlags): void {
  const write = (text: string) => process.stdout.write(`${text}\n`);
  const { file, outcomes, error } = report;
  if (flags.json) {
    for (const { name, line, passed, differences, faults } of outcomes)
      write(jsonLine({ event: 'test', file, name, line, passed, differences, faults }));
    if (error !== undefined) write(jsonLine({ event: 'error', file, ...error }));
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
