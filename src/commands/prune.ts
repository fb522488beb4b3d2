/** `cdp-load runs prune`: old runs, their rejects, and what is kept of their loads, after saying what is lost by it. */
import { openJournal } from '../journal/journal.ts';
import type { Pruned } from '../journal/prune.ts';
import { systemClock } from '../model/clock.ts';
import { bytesText, plural } from '../report/printable.ts';
import type { ConfigFlags, OutputFlags } from './flags.ts';
import { stateDirOf } from './runs.ts';

type PruneFlags = ConfigFlags & OutputFlags & { readonly olderThan: number; readonly dryRun?: boolean };

export function prune(flags: PruneFlags): void {
  const journal = openJournal(stateDirOf(flags));
  try {
    const before = systemClock.now() - flags.olderThan;
    const dryRun = flags.dryRun ?? false;
    const pruned = journal.prune(before, { dryRun });
    const say = (text: string) => process.stdout.write(`${text}\n`);
    if (flags.json) say(JSON.stringify({ event: 'pruned', before: new Date(before).toISOString(), dryRun, ...pruned }));
    else if (!flags.quiet) for (const line of linesOf(pruned, before, dryRun)) say(line);
  } finally {
    journal.close();
  }
}

function linesOf({ runs, loads, bytes, rejected, uncertain }: Pruned, before: number, dryRun: boolean): string[] {
  const until = `${new Date(before).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  if (runs.length === 0) return [`Nothing that is done ended before ${until}.`];
  const [gone, is] = dryRun ? ['would go', 'would be'] : ['gone', 'is'];
  const lines = [
    `${plural(runs.length, 'run')} that ended before ${until} ${gone}, with ${bytesText(bytes)} of rejected and uncertain rows: ${runs.join(', ')}`,
  ];
  const lost = [
    rejected === 0 ? '' : plural(rejected, 'rejected row'),
    uncertain === 0 ? '' : plural(uncertain, 'uncertain row'),
  ].filter((text) => text !== '');
  if (lost.length > 0) lines.push(`Lost by it: no retry can send ${lost.join(' and ')} any more.`);
  lines.push(
    `That ${plural(loads, 'load')} ${loads === 1 ? 'was' : 'were'} made ${is} still known: their files are not loaded twice.`,
  );
  return lines;
}
