/** What `init` says of the mapping it wrote: to people as lines, to programs as one object. */
import { chalkStderr as chalk } from 'chalk';
import { count, plural, printable } from '../report/printable.ts';
import type { Summary } from '../report/summary.ts';

const mostChoicesShown = 12;
const mostFaultsShown = 8;

export interface Choice {
  readonly kind: 'choose' | 'fill in';
  /** Of the mapping. */
  readonly line: number;
  readonly text: string;
}

/** The lines of a mapping that only a person can decide. */
export const choicesIn = (mapping: string): Choice[] =>
  mapping.split('\n').flatMap((line, index) => {
    const [, mark, text = ''] = /^\s*# (CHOOSE|FILL IN): (.*)$/.exec(line) ?? [];
    return mark === undefined ? [] : [{ kind: mark === 'CHOOSE' ? 'choose' : 'fill in', line: index + 1, text }];
  });

export function choiceLines(choices: readonly Choice[], output: string): string[] {
  const marked = choices.map(
    ({ kind, line, text }) => `  ${chalk.yellow(kind)} ${printable(`${output}:${line}: ${text}`)}`,
  );
  const more = marked.length - mostChoicesShown;
  return more > 0 ? [...marked.slice(0, mostChoicesShown), `  … and ${more} more`] : marked;
}

export function verdictLines(summary: Summary): string[] {
  const { read, accepted, rejected, skipped, faults } = summary;
  const passed = accepted + skipped;
  const headline = `${count(passed)} of ${plural(read, 'row')} ${passed === 1 ? 'passes' : 'pass'}`;
  if (rejected === 0) return [chalk.green.bold(`${headline}.`)];
  const lines = [chalk.yellow.bold(`${headline}; ${count(rejected)} would be rejected:`)];
  for (const { code, column, reason, count: times, first } of faults.slice(0, mostFaultsShown)) {
    const where = column === undefined ? '' : `${printable(column)}: `;
    lines.push(`  ${count(times)} × ${code}  ${where}${printable(reason)} (first at ${printable(first)})`);
  }
  const more = faults.length - mostFaultsShown;
  if (more > 0) lines.push(`  … and ${plural(more, 'other reason')}`);
  if (summary.rejectsFile !== undefined) lines.push(`  The rows: ${printable(summary.rejectsFile)}`);
  return lines;
}
