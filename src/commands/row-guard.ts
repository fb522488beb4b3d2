/** `--min-rows` and `--max-drop`: a file that is far too short is refused before anything is sent. */
import type { Prepared } from '../engine/prepare.ts';
import { countRecords, duplicatesIn, guardRows } from '../engine/survey.ts';
import { type Journal, openJournal } from '../journal/journal.ts';
import { mappingHash } from '../mapping/mapping-hash.ts';
import type { ResumeFlags } from './flags.ts';

export async function guardRowsOf(
  { files, source, mapping, resolved }: Prepared,
  { minRows, maxDrop }: ResumeFlags,
  journal: Pick<Journal, 'lastComplete'> | undefined,
): Promise<void> {
  if (minRows === undefined && maxDrop === undefined) return;
  let rows = 0;
  const duplicates = duplicatesIn(files);
  for (const file of files) if (!duplicates.has(file)) rows += await countRecords(file, source);
  const last = journal?.lastComplete(resolved.target.identity, { mapping: mappingHash(mapping) });
  guardRows(rows, { minRows, maxDrop, lastRows: last?.records });
}

/** `push --dry-run` stops where push would; only what was loaded before needs the journal. */
export async function guardRowsOfDryRun(prepared: Prepared, flags: ResumeFlags): Promise<void> {
  if (flags.maxDrop === undefined) return guardRowsOf(prepared, flags, undefined);
  const journal = openJournal(prepared.stateDir);
  try {
    await guardRowsOf(prepared, flags, journal);
  } finally {
    journal.close();
  }
}
