/** What `cdp-load test` found, and how people read it. */
import chalk from 'chalk';
import type { Difference } from '../mapping/test-differences.ts';
import type { TestOutcome } from '../mapping/tests.ts';
import { plural, printable } from './printable.ts';

export interface MappingReport {
  /** As the user would type it. */
  readonly file: string;
  /** "raptor, target stream". */
  readonly about: string;
  readonly outcomes: readonly TestOutcome[];
  /** Why the tests could not be run. */
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string | undefined };
  readonly seconds: number;
}

export interface TestTotals {
  readonly mappings: number;
  readonly passed: number;
  readonly failed: number;
  readonly broken: number;
}

export function totalsOf(reports: readonly MappingReport[]): TestTotals {
  const outcomes = reports.flatMap((report) => report.outcomes);
  const passed = outcomes.filter((outcome) => outcome.passed).length;
  return {
    mappings: reports.length,
    passed,
    failed: outcomes.length - passed,
    broken: reports.filter(({ error }) => error !== undefined).length,
  };
}

export function reportLines({ file, about, outcomes, error }: MappingReport): string[] {
  const lines = [`${chalk.bold(printable(file))} ${chalk.dim(`(${printable(about)})`)}`];
  if (error !== undefined) {
    const [first = '', ...more] = error.message.split('\n').map(printable);
    lines.push(`  ${chalk.red('broken')} ${first} ${chalk.dim(`[${error.code}]`)}`);
    for (const line of more) lines.push(`         ${line}`);
    if (error.hint !== undefined) lines.push(`  ${chalk.bold('hint')}   ${printable(error.hint)}`);
  }
  for (const { name, line, passed, diff } of outcomes) {
    if (passed) {
      lines.push(`  ${chalk.green('pass')} ${printable(name)}`);
      continue;
    }
    lines.push(`  ${chalk.red('fail')} ${printable(name)} ${chalk.dim(`(${printable(file)}:${line})`)}`);
    for (const difference of diff) lines.push(...differenceLines(difference));
  }
  return lines;
}

function differenceLines({ text, path, expected, got }: Difference): string[] {
  if (expected === undefined || got === undefined) return [`         ${printable(text)}`];
  return [
    ...(path === undefined || path === '' ? [] : [`         ${printable(path)}`]),
    chalk.green(`         - expected ${printable(expected)}`),
    chalk.red(`         + got      ${printable(got)}`),
  ];
}

export function totalsLine({ mappings, passed, failed, broken }: TestTotals): string {
  const parts = [
    chalk.green(`${plural(passed, 'test')} passed`),
    ...(failed > 0 ? [chalk.red(`${failed} failed`)] : []),
    ...(broken > 0 ? [chalk.red(`${plural(broken, 'mapping')} broken`)] : []),
  ];
  return `${parts.join(', ')} in ${plural(mappings, 'mapping')}`;
}
