/** `cdp-load preview`: the exact requests that would go out for the first rows, secrets masked. */
import chalk from 'chalk';
import { type Chunk, chunkBody, itemAt, type LiveBlock } from '../delivery/chunk.ts';
import { createPlanner } from '../delivery/plan.ts';
import { createBlockMapping } from '../engine/block-mapping.ts';
import { type Prepared, prepare } from '../engine/prepare.ts';
import { openSource } from '../input/source.ts';
import type { MappedBlock } from '../model/block.ts';
import { systemClock } from '../model/clock.ts';
import { Exit } from '../model/fault.ts';
import { maskTexts } from '../model/mask.ts';
import { printable } from '../report/printable.ts';
import { requestText } from '../report/request-text.ts';
import type { InputFlags, TargetFlags } from './flags.ts';
import { prepareOptions } from './push.ts';

type PreviewFlags = TargetFlags & InputFlags & { readonly rows: number };

export async function preview(file: string, flags: PreviewFlags): Promise<void> {
  const prepared = await prepare({ ...prepareOptions([file], flags), confirmDestructive: true });
  try {
    const { resolved } = prepared;
    const mask = maskTexts([...resolved.secrets, ...(resolved.target.secretTexts ?? [])]);
    const say = (text: string) => process.stdout.write(`${mask(text)}\n`);
    const mapped = await firstRows(prepared, flags.rows);
    for (const { line, faults } of mapped.rejected) {
      say(
        chalk.red(
          `# line ${line} would be rejected: ${faults.map(({ reason, column, field }) => printable(`${column ?? field ?? ''} ${reason}`.trim())).join('; ')}`,
        ),
      );
    }
    const live: LiveBlock = { mapped, load: 0, operations: prepared.operations };
    const planner = createPlanner();
    for (const chunk of [...planner.add(live), ...planner.flush()]) {
      say(chalk.dim(`# ${rowsOf(chunk)}`));
      const request = resolved.target.authorize(
        chunk.operation.request(chunkBody(chunk)),
        new Date(systemClock.now()),
        resolved.target.token === undefined ? undefined : 'TOKEN',
      );
      say(`${requestText(request, mask)}\n`);
    }
    process.exitCode = mapped.rejected.length > 0 ? Exit.someRowsFailed : Exit.ok;
  } finally {
    await prepared.release();
  }
}

async function firstRows({ files, source, resolved, mapping }: Prepared, rows: number): Promise<MappedBlock> {
  const [file] = files;
  if (file === undefined) throw new RangeError('no file');
  const reading = await openSource(file.path, file.index, source);
  const map = createBlockMapping({ settings: resolved.settings, mapping, now: systemClock.now() });
  const task = {
    index: file.index,
    description: file.description,
    loadKey: JSON.stringify(file.fingerprint),
    settled: [],
    upTo: rows,
  };
  try {
    for await (const block of reading.blocks()) return map(task, block);
    throw new RangeError(`${file.name} has no rows`);
  } finally {
    await reading.close();
  }
}

function rowsOf(chunk: Chunk): string {
  const { block, item } = itemAt(chunk, 0);
  const last = itemAt(chunk, chunk.items - 1);
  const first = block.mapped.block.startRecord + (block.mapped.firstRow[item] ?? 0);
  const end = last.block.mapped.block.startRecord + (last.block.mapped.lastRow[last.item] ?? 0);
  const rows = first === end ? `record ${first}` : `records ${first} to ${end}`;
  return `${chunk.operation.name}: ${rows}, ${chunk.items} ${chunk.items === 1 ? 'item' : 'items'}, ${chunk.bytes} bytes`;
}
