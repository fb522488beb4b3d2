/** `cdp-load preview`: the exact requests that would go out for some rows, secrets masked, with the rows that they come from. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import chalk from 'chalk';
import { type Chunk, chunkBody, itemAt, itemBytes } from '../delivery/chunk.ts';
import { LiveBlock } from '../delivery/live-block.ts';
import { createPlanner } from '../delivery/plan.ts';
import { createBlockMapping, groupedBlocks, groupsOf } from '../engine/block-mapping.ts';
import { type Prepared, prepare } from '../engine/prepare.ts';
import { createQuoter, type Quoter } from '../engine/quote.ts';
import { openSource } from '../input/source.ts';
import { loadIdentity } from '../journal/loads.ts';
import { readRejects } from '../journal/read-rejects.ts';
import { rowFiles } from '../journal/rejects.ts';
import { mappingHash } from '../mapping/mapping-hash.ts';
import { type MappedBlock, type RowRejection, skippedBy } from '../model/block.ts';
import { systemClock } from '../model/clock.ts';
import { Exit, shorten } from '../model/fault.ts';
import { maskTexts } from '../model/mask.ts';
import type { ApiRequest } from '../model/request.ts';
import type { Paint } from '../report/indented.ts';
import { printable } from '../report/printable.ts';
import { requestText, withoutCommands } from '../report/request-text.ts';
import { commandError } from './codes.ts';
import { type Discretion, discretionOf } from './discreet-preview.ts';
import type { InputFlags, TargetFlags } from './flags.ts';
import { prepareOptions } from './session.ts';

type PreviewFlags = TargetFlags &
  InputFlags & { readonly rows: number; readonly row?: number; readonly rejects?: string };

const paint: Paint = { key: chalk.cyan, text: chalk.green, number: chalk.yellow, word: chalk.magenta };

export async function preview(file: string, flags: PreviewFlags): Promise<void> {
  const prepared = await prepare({ ...prepareOptions([file], flags), confirmDestructive: true });
  try {
    const { resolved, files, operations } = prepared;
    const secrets = [...resolved.secrets, ...(resolved.target.secretTexts ?? [])];
    const wanted = await wholeGroups(prepared, await wantedRecords(prepared, flags), flags);
    const blocks = await mapWanted(prepared, wanted);
    const plain = createQuoter(files.map(({ description }) => description));
    const discretion = discretionOf(prepared, blocks, plain);
    // They may stand in an address or a header, too.
    const mask = maskTexts([...secrets, ...[...discretion.values].map((value) => String(JSON.parse(value)))]);
    const quote: Quoter = (mapped, row) => {
      const quoted = plain(mapped, row);
      return { ...quoted, source: discretion.source(quoted.source) };
    };
    const say = (text: string) => process.stdout.write(`${mask(text)}\n`);
    for (const mapped of blocks) for (const line of leftOut(mapped, wanted, quote, discretion)) say(line);
    const token = resolved.target.token?.request();
    if (token !== undefined)
      say(chalk.dim(`# first, once for many requests: ${token.method} ${token.url} for a token`));
    const planner = createPlanner();
    const live = blocks.map((mapped) => new LiveBlock(mapped, 0, operations));
    for (const chunk of [...live.flatMap((block) => planner.add(block)), ...planner.flush()]) {
      say(chalk.dim(`# ${chunkLine(chunk)}`));
      const { asksFirst } = chunk.operation;
      const requestWith = (carry?: string) =>
        resolved.target.authorize(
          chunk.operation.request(chunkBody(chunk, carry)),
          new Date(systemClock.now()),
          resolved.target.token === undefined ? undefined : 'TOKEN',
        );
      const show = (request: ApiRequest, notes?: ReadonlyMap<number, string>) =>
        say(
          `${requestText(request, mask, { notes, hidden: discretion.values, ...(chalk.level > 0 ? { paint } : {}) })}\n`,
        );
      // On a terminal each row stands above its item; elsewhere above the request, so that the body stays JSON.
      const request = requestWith(asksFirst?.standIn);
      const notes = process.stdout.isTTY ? notesFor(chunk, request, quote) : undefined;
      if (notes === undefined) for (const row of rowsOf(chunk, quote)) say(row);
      if (asksFirst !== undefined) {
        show(requestWith());
        say(chalk.dim(`# then, with ${asksFirst.about} in the place of ${asksFirst.standIn}:`));
      }
      show(request, notes);
    }
    process.exitCode = blocks.some(({ rejected }) => rejected.length > 0) ? Exit.someRowsFailed : Exit.ok;
  } finally {
    await prepared.release();
  }
}

/** Ascending. */
async function wantedRecords({ stateDir, files }: Prepared, flags: PreviewFlags): Promise<readonly number[]> {
  const from = flags.row ?? 1;
  if (flags.rejects === undefined) return Array.from({ length: flags.rows }, (_, index) => from + index);
  const inRun = join(stateDir, 'runs', flags.rejects, rowFiles.rejected);
  const path = existsSync(inRun) ? inRun : flags.rejects;
  if (!existsSync(path)) {
    throw commandError(
      'record-missing',
      `There is no run ${flags.rejects} with rejected rows, and no file of that name.`,
      {
        hint: '`cdp-load runs` lists the runs.',
      },
    );
  }
  const [file] = files;
  const records = new Set<number>();
  for await (const row of readRejects(path)) {
    if (row.record >= from && resolve(row.file) === resolve(file?.name ?? '')) records.add(row.record);
  }
  if (records.size === 0) {
    throw commandError('record-missing', `${path} holds no row of ${file?.name} from record ${from} on.`, {
      hint: 'Name the file that the run loaded.',
    });
  }
  return [...records].sort((a, b) => a - b).slice(0, flags.rows);
}

/** With a mapping that groups rows: all records of as many groups as rows were asked for, of those that hold the wanted records. */
async function wholeGroups(
  { files, source, mapping }: Prepared,
  wanted: readonly number[],
  { rejects, rows }: PreviewFlags,
): Promise<readonly number[]> {
  const [file] = files;
  if (mapping.group === undefined || file === undefined) return wanted;
  const asked = new Set(wanted);
  const first = wanted[0] ?? 1;
  const records: number[] = [];
  const reading = await openSource(file.path, file.index, source);
  let groups = 0;
  try {
    for await (const [from, to] of groupsOf(reading.blocks(), mapping, file.description)) {
      const range = Array.from({ length: to - from + 1 }, (_, index) => from + index);
      if (rejects === undefined ? to < first : !range.some((record) => asked.has(record))) continue;
      records.push(...range);
      groups += 1;
      if (groups === rows) break;
    }
  } finally {
    await reading.close();
  }
  return records.length === 0 ? wanted : records;
}

async function mapWanted(
  { files, source, resolved, mapping }: Prepared,
  wanted: readonly number[],
): Promise<readonly MappedBlock[]> {
  const [file] = files;
  const last = wanted.at(-1) ?? 0;
  if (file === undefined) throw new RangeError('no file');
  const map = createBlockMapping({ settings: resolved.settings, mapping, now: systemClock.now() });
  const task = {
    index: file.index,
    description: file.description,
    // Ids are those of a first load.
    loadKey: loadIdentity({ target: resolved.target.identity, mapping: mappingHash(mapping) }, file.fingerprint, 0),
    settled: mapping.entries.map(() => gapsBetween(wanted)),
    upTo: last,
  };
  const mapped: MappedBlock[] = [];
  let records = 0;
  const reading = await openSource(file.path, file.index, source);
  try {
    for await (const block of groupedBlocks(reading.blocks(), mapping, file.description)) {
      records = block.startRecord + block.records - 1;
      if (wanted.some((record) => record >= block.startRecord && record <= records)) mapped.push(map(task, block));
      if (records >= last) break;
    }
  } finally {
    await reading.close();
  }
  if (mapped.length === 0) {
    throw commandError('record-missing', `${file.name} has ${records} records; record ${wanted[0]} is not there.`, {
      hint: 'Name a smaller one with --row.',
    });
  }
  return mapped;
}

/** As `RangeSet` prints ranges: all records before and between those that are wanted. */
function gapsBetween(wanted: readonly number[]): string {
  const before = [0, ...wanted];
  return wanted
    .flatMap((record, index) => {
      const from = (before[index] ?? 0) + 1;
      return from < record ? [from === record - 1 ? `${from}` : `${from}-${record - 1}`] : [];
    })
    .join(',');
}

/** The rows that no request holds, and why. */
function leftOut(mapped: MappedBlock, wanted: readonly number[], quote: Quoter, discretion: Discretion): string[] {
  const { rejected, block } = mapped;
  const skipped = mapped.skipped.map((_, entry) => skippedBy(mapped, entry));
  const lines = rejected.map((row) => {
    const why = row.faults.map(({ reason, column, field }) => printable(`${column ?? field ?? ''} ${reason}`.trim()));
    return `${rowLine({ ...row, source: discretion.source(row.source) })}\n${chalk.red(`# line ${row.line} would be rejected: ${why.join('; ')}`)}`;
  });
  for (const record of wanted) {
    if (!skipped.every((ranges) => ranges.some(([from, to]) => from <= record && record <= to))) continue;
    const row = quote(mapped, record - block.startRecord);
    lines.push(`${rowLine(row)}\n${chalk.yellow(`# line ${row.line} is left out by the mapping`)}`);
  }
  return lines;
}

const longestRow = 4000;

const rowLine = ({ line, source }: Pick<RowRejection, 'line' | 'source'>): string =>
  chalk.dim(`# line ${line}: ${shorten(printable(source.text), longestRow)}`);

/** A row that gives several items of one request is shown once. */
function rowsOf(chunk: Chunk, quote: Quoter): string[] {
  const rows = Array.from({ length: chunk.items }, (_, index) => rowsOfItem(chunk, index, quote));
  return [...new Set(rows.flat())];
}

/** The rows that went into an item: one, unless the mapping groups them. */
function rowsOfItem(chunk: Chunk, index: number, quote: Quoter): string[] {
  const { block, item } = itemAt(chunk, index);
  const { firstRow, lastRow } = block.mapped;
  const first = firstRow[item] ?? 0;
  return Array.from({ length: (lastRow[item] ?? first) - first + 1 }, (_, row) =>
    rowLine(quote(block.mapped, first + row)),
  );
}

/** Where each item begins in the body; undefined when the body is not made of the items as they are. */
function notesFor(chunk: Chunk, request: ApiRequest, quote: Quoter): ReadonlyMap<number, string> | undefined {
  const framed = Buffer.concat(chunkBody(chunk).body);
  if (framed.length === 0 || !framed.equals(Buffer.concat(request.body))) return undefined;
  const notes = new Map<number, string>();
  let at = withoutCommands(chunk.operation.frame(chunk.route).prefix).length;
  for (let index = 0; index < chunk.items; index++) {
    notes.set(at, rowsOfItem(chunk, index, quote).join('\n'));
    const { block, item } = itemAt(chunk, index);
    at += withoutCommands(Buffer.from(itemBytes(block, item)).toString('utf8')).length + 1;
  }
  return notes;
}

function chunkLine(chunk: Chunk): string {
  const { block, item } = itemAt(chunk, 0);
  const last = itemAt(chunk, chunk.items - 1);
  const first = block.mapped.block.startRecord + (block.mapped.firstRow[item] ?? 0);
  const end = last.block.mapped.block.startRecord + (last.block.mapped.lastRow[last.item] ?? 0);
  const rows = first === end ? `record ${first}` : `records ${first} to ${end}`;
  return `${chunk.operation.name}: ${rows}, ${chunk.items} ${chunk.items === 1 ? 'item' : 'items'}, ${chunk.bytes} bytes`;
}
