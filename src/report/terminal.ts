/** For people: a bar on a terminal, a plain line every so often elsewhere, and a summary that says what to do next. */
import { createRequire } from 'node:module';
import { chalkStderr as chalk } from 'chalk';
import type { SingleBar } from 'cli-progress';
import { shorten } from '../model/fault.ts';
import { estimateText, repeatedKeysText } from './estimate-text.ts';
import { bytesText, clockText, count, durationText, plural, printable } from './printable.ts';
import { estimate, type Progress, type Reporter, type RunStart, type Summary } from './summary.ts';

export interface Terminal {
  readonly isTTY: boolean;
  write(text: string): void;
}

export interface TerminalOptions {
  /** Only the summary, and that only when something is wrong. */
  readonly quiet: boolean;
  /** What the target's "accepted" really means ("acknowledged"). */
  readonly acceptedWord?: string | undefined;
  readonly now: () => number;
  /** Masks secrets. Everything shown passes through it. */
  readonly mask: (text: string) => string;
}

const plainLineEveryMs = 10_000;
const mostFaultsShown = 8;
const mostFilesNamed = 5;
const mostRecordsShown = 60;

export function createTerminalReporter(terminal: Terminal, options: TerminalOptions): Reporter {
  const line = (text = '') => terminal.write(`${options.mask(text)}\n`);
  const accepted = options.acceptedWord ?? 'accepted';
  let bar: SingleBar | undefined;
  let lastLine = options.now();
  let pausedUntil = 0;

  const above = (text: string) => {
    if (bar === undefined) return line(text);
    // The bar's next frame would overwrite it; and where the bar stands now is where it must be cleared in the end.
    terminal.write('\r\u001b[K');
    line(text);
    terminal.write('\u001b7');
  };

  return {
    started(start) {
      if (options.quiet) return;
      line(headline(start));
      for (const file of start.files.slice(0, mostFilesNamed))
        line(`  ${printable(file.path)}: ${printable(file.about)}, ${bytesText(file.bytes)}`);
      if (start.files.length > mostFilesNamed)
        line(`  … and ${plural(start.files.length - mostFilesNamed, 'more file')}`);
      for (const notice of start.notices) line(`  ${chalk.cyan('note')} ${printable(notice)}`);
      for (const { file, operation, records, rows, fate } of start.uncertain) {
        const what = fate === 'resend' ? 'sent again: no harm is done by that' : 'held as uncertain, not sent again';
        line(
          `  ${chalk.yellow('uncertain')} ${printable(file)}: ${plural(rows, 'row')} of ${operation} in flight when a run ended (records ${shorten(records, mostRecordsShown)}): ${what}`,
        );
      }
      if (terminal.isTTY) bar = startBar();
    },
    notice(text) {
      if (!options.quiet) above(`  ${chalk.cyan('note')} ${printable(text)}`);
    },
    progress(progress) {
      if (options.quiet) return;
      if (bar !== undefined) {
        const share = progress.bytesTotal === 0 ? 0 : progress.bytesRead / progress.bytesTotal;
        const settled = progress.accepted + progress.rejected + progress.skipped + progress.uncertain;
        bar.update(Math.round((progress.read === 0 ? 0 : share * (settled / progress.read)) * 1000), {
          text: progressText(progress, accepted),
        });
      } else if (options.now() - lastLine >= plainLineEveryMs) {
        lastLine = options.now();
        line(progressText(progress, accepted));
      }
    },
    paused(until, reason) {
      if (options.quiet) return;
      // All that were in flight are told to wait; one of them is enough to be told of.
      if (until < pausedUntil + 1000) return;
      pausedUntil = until;
      const seconds = Math.max(0, (until - options.now()) / 1000);
      above(
        `  ${chalk.yellow('wait')} until ${clockText(until)} (${durationText(seconds)}): ${printable(reason.reason)}`,
      );
    },
    finished(summary) {
      bar?.stop();
      bar = undefined;
      if (options.quiet && summary.exit === 0) return;
      for (const text of summaryLines(summary, accepted)) line(text);
    },
    close() {
      bar?.stop();
      bar = undefined;
    },
  };
}

function headline({ command, target, type, run, mapping, operations }: RunStart): string {
  const to = printable(target === type ? target : `${target} (${type})`);
  const verb = command === 'validate' ? 'Checking for' : 'Loading into';
  const id = command === 'validate' ? 'nothing is sent' : `run ${run}`;
  return `${chalk.bold(`${verb} ${to}`)}: ${operations.join(', ')}, mapping ${printable(mapping)}, ${id}`;
}

function startBar(): SingleBar {
  // A border to untyped code: `require` gives `any`. Loaded here, since most runs have no terminal.
  const { Presets, SingleBar } = createRequire(import.meta.url)('cli-progress') as typeof import('cli-progress');
  const bar = new SingleBar(
    {
      format: `  ${chalk.cyan('{bar}')} {percentage}% {text}`,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      barsize: 24,
      fps: 8,
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  bar.start(1000, 0, { text: '' });
  return bar;
}

function progressText(progress: Progress, accepted: string): string {
  const { rowsPerSecond, secondsLeft } = estimate(progress);
  const parts = [`${count(progress.accepted)} ${accepted}`];
  if (progress.rejected > 0) parts.push(`${count(progress.rejected)} rejected`);
  if (progress.uncertain > 0) parts.push(`${count(progress.uncertain)} uncertain`);
  parts.push(`${count(rowsPerSecond)} rows/s`);
  if (progress.pausedUntil !== undefined) parts.push(`waiting until ${clockText(progress.pausedUntil)}`);
  else if (secondsLeft !== undefined) parts.push(`${durationText(secondsLeft)} left`);
  return parts.join(', ');
}

/** The summary as people read it; the equation stands in its second line. */
export function summaryLines(summary: Summary, accepted: string): string[] {
  const lines = [outcome(summary)];
  const { read, skipped, rejected, uncertain, remaining } = summary;
  if (read > 0 || summary.alreadyLoaded.length === 0) {
    const tint = (value: number, text: string) => (value > 0 ? chalk.red(text) : text);
    const word = summary.command === 'validate' ? 'would be sent' : accepted;
    lines.push(
      `  ${count(read)} read = ${chalk.green(`${count(summary.accepted)} ${word}`)} + ${tint(rejected, `${count(rejected)} rejected`)}` +
        ` + ${count(skipped)} skipped + ${tint(uncertain, `${count(uncertain)} uncertain`)} + ${tint(remaining, `${count(remaining)} remaining`)}`,
    );
    lines.push(`  ${costLine(summary)}`);
  }
  if (summary.estimate !== undefined && summary.requests > 0) lines.push(`  ${estimateText(summary.estimate)}`);
  if (summary.repeatedKeys !== undefined && (summary.repeatedKeys.rows > 0 || !summary.repeatedKeys.isWhole))
    lines.push(`  ${chalk.cyan('note')} ${printable(repeatedKeysText(summary.repeatedKeys))}`);
  if (summary.superseded !== undefined)
    lines.push(
      `  ${chalk.cyan('note')} ${plural(summary.superseded, 'item')} skipped because a later row of the same key overwrites them (lastWins)`,
    );
  if (summary.resumed > 0) lines.push(`  ${plural(summary.resumed, 'row')} of these had been settled by earlier runs`);
  for (const file of summary.alreadyLoaded.slice(0, mostFilesNamed)) lines.push(`  already loaded: ${printable(file)}`);
  if (summary.alreadyLoaded.length > mostFilesNamed)
    lines.push(`  … and ${plural(summary.alreadyLoaded.length - mostFilesNamed, 'more file')} already loaded`);
  for (const { operation, what, items } of summary.destroyed)
    lines.push(`  ${chalk.red('destroyed')} ${operation}: ${plural(items, 'item')} (${what})`);
  for (const { code, text, count: times, first } of summary.warnings) {
    lines.push(
      `  ${chalk.yellow('warn')} ${count(times)} × ${code}: ${printable(text)} (first at ${printable(first)})`,
    );
  }
  lines.push(...faultLines(summary));
  if (summary.uncertainFile !== undefined) lines.push(`  Uncertain rows: ${printable(summary.uncertainFile)}`);
  if (summary.reportFile !== undefined) lines.push(`  Report: ${printable(summary.reportFile)}`);
  if (summary.next !== undefined) lines.push(`  ${chalk.bold('Next:')} ${printable(summary.next)}`);
  return lines;
}

function outcome({ exit, stopped, command, rejected, uncertain, read, alreadyLoaded }: Summary): string {
  if (stopped !== undefined) {
    const hint = stopped.hint === undefined ? '' : ` ${stopped.hint}`;
    return `${chalk.red.bold('Stopped')}: ${printable(stopped.reason)}.${printable(hint)}`;
  }
  if (read === 0 && alreadyLoaded.length > 0) return chalk.green.bold('Already loaded: nothing was sent.');
  if (exit === 0) return chalk.green.bold(command === 'validate' ? 'All rows are good.' : 'Done.');
  const troubles = [
    rejected > 0 ? plural(rejected, 'row rejected', 'rows rejected') : '',
    uncertain > 0 ? `${count(uncertain)} uncertain` : '',
  ];
  return chalk.yellow.bold(
    `${command === 'validate' ? 'Checked' : 'Done'}, with ${troubles.filter((text) => text !== '').join(' and ') || 'trouble'}.`,
  );
}

function costLine(summary: Summary): string {
  const rate = summary.seconds > 0 ? ` (${count((summary.read - summary.resumed) / summary.seconds)} rows/s)` : '';
  const retries = summary.retries > 0 ? `, ${plural(summary.retries, 'retry', 'retries')}` : '';
  const verb = summary.command === 'validate' ? 'would go out in' : 'sent in';
  return `${bytesText(summary.bytes)} ${verb} ${plural(summary.requests, 'request')}${retries}, ${durationText(summary.seconds)}${rate}`;
}

function faultLines(summary: Summary): string[] {
  if (summary.faults.length === 0) return [];
  const lines = ['  Why rows were rejected:'];
  for (const { code, column, reason, count: times, first } of summary.faults.slice(0, mostFaultsShown)) {
    const where = column === undefined ? '' : `${printable(column)}: `;
    lines.push(
      `    ${count(times).padStart(6)} × ${chalk.yellow(code)}  ${where}${printable(reason)} (first at ${printable(first)})`,
    );
  }
  const more = summary.faults.length - mostFaultsShown;
  if (more > 0) lines.push(`    … and ${plural(more, 'other reason')}`);
  if (summary.rejectsFile !== undefined) lines.push(`  Rejected rows: ${printable(summary.rejectsFile)}`);
  return lines;
}
