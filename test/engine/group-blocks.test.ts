import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cutAtGroups } from '../../src/engine/group-blocks.ts';
import { parserFor } from '../../src/input/parse.ts';
import { type Border, openStream } from '../../src/input/source.ts';
import { compileMapping } from '../../src/mapping/compile.ts';
import { parseMapping } from '../../src/mapping/load.ts';
import { blockMapper } from '../../src/mapping/map-block.ts';
import { type Block, freeBytes, type MappedBlock, ownBuffer, skippedBy } from '../../src/model/block.ts';
import { inPieces } from '../input/reading.ts';
import { fakeTarget, openOperation } from '../support/fake-target.ts';

/** One row of a made-up file of order lines, as it is meant. */
type MadeRow =
  | { readonly kind: 'line'; readonly order: string; readonly qty: string; readonly note: string }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'blank' };

const mappingText = (most: number) => `version: 1
target: fake
operation: put
group: { by: order, most: ${most} }
where: order != "skip"
fields:
  Order: order
  Lines: { each: { where: note != "left out", fields: { Qty: { from: qty, type: integer }, Note: note } } }
  Rows: { expr: "size(rows)" }
`;

const identified = openOperation({
  encode: (item, row) => ({ json: JSON.stringify({ ...item, id: row.identity }), route: '', lanes: [] }),
});

interface Outcome {
  /** First and last record, and the item without its id. */
  readonly items: readonly (readonly [number, number, unknown])[];
  /** Record, and code of the first fault. */
  readonly rejected: readonly (readonly [number, string])[];
  readonly skipped: readonly number[];
}

/** What must become of the rows, by the plainest way there is: the whole list, one group after the other. */
function plainly(made: readonly MadeRow[], most: number, upTo = Number.POSITIVE_INFINITY): Outcome {
  const rows = made.filter(({ kind }) => kind !== 'blank');
  const orderOf = (row: MadeRow | undefined) => (row?.kind === 'line' && row.order !== '' ? row.order : undefined);
  const items: [number, number, unknown][] = [];
  const rejected: [number, string][] = [];
  const skipped: number[] = [];
  for (let from = 0, to = 0; from < rows.length && from < upTo; from = to) {
    const order = orderOf(rows[from]);
    to = from + 1;
    while (order !== undefined && to < rows.length && orderOf(rows[to]) === order) to++;
    const group = rows.slice(from, to).filter((row) => row.kind === 'line');
    const rejectAll = (code: string, end = to) => {
      for (let record = from + 1; record <= end; record++) rejected.push([record, code]);
    };
    if (order === undefined) {
      rejectAll(rows[from]?.kind === 'line' ? 'group-key-missing' : 'unreadable');
      continue;
    }
    if (to > upTo) {
      if (upTo - from > most) rejectAll('group-too-large', upTo);
      break;
    }
    const isBad = (row: MadeRow | undefined) => row !== undefined && orderOf(row) === undefined;
    const faults = group.map(({ qty, note }) => note !== 'left out' && qty === 'x');
    if (to - from > most) rejectAll('group-too-large');
    else if (isBad(rows[from - 1]) || isBad(rows[to])) rejectAll('group-neighbour');
    else if (order === 'skip') for (let record = from + 1; record <= to; record++) skipped.push(record);
    else if (faults.includes(true))
      rejected.push(
        ...faults.map((isAtFault, index): [number, string] => [
          from + 1 + index,
          isAtFault ? 'value-integer' : 'group-rejected',
        ]),
      );
    else {
      const lines = group
        .filter(({ note }) => note !== 'left out')
        .map(({ qty, note }) => ({
          ...(qty === '' ? {} : { Qty: Number(qty) }),
          ...(note === '' ? {} : { Note: note }),
        }))
        .filter((line) => Object.keys(line).length > 0);
      items.push([from + 1, to, { Order: order, ...(lines.length === 0 ? {} : { Lines: lines }), Rows: to - from }]);
    }
  }
  return { items, rejected, skipped };
}

interface Written {
  readonly bytes: Uint8Array;
  readonly format: 'csv' | 'ndjson';
}

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function write(made: readonly MadeRow[], format: 'csv' | 'ndjson', wide: boolean, breaks: readonly string[]): Written {
  const lines = made.map((row) => {
    if (row.kind === 'blank') return format === 'csv' ? '' : ' \t';
    if (row.kind === 'unreadable') return format === 'csv' ? 'one,"two' : '{"order":';
    const { order, qty, note } = row;
    return format === 'csv' ? [order, qty, note].map(quoted).join(',') : JSON.stringify({ order, qty, note });
  });
  const all = format === 'csv' ? ['order,qty,note', ...lines] : lines;
  const breakAt = (index: number) => (format === 'csv' ? (breaks[index % breaks.length] ?? '\n') : '\n');
  const text = all.map((line, index) => line + breakAt(index)).join('');
  return { format, bytes: wide ? Buffer.from(`\ufeff${text}`, 'utf16le') : Buffer.from(text) };
}

async function mapped(
  { bytes, format }: Written,
  most: number,
  options: { blockBytes: number; upTo?: number; from?: Border; shared?: boolean },
): Promise<{ blocks: Block[]; mapped: MappedBlock[]; cut: number | undefined }> {
  const source = await openStream(
    inPieces(bytes),
    0,
    { format, delimiter: ',', blockBytes: options.blockBytes },
    'orders',
  );
  const { description } = source;
  const shape = format === 'ndjson' ? { kind: format } : { kind: format, header: description.csv?.header ?? [] };
  const compiled = compileMapping(parseMapping(mappingText(most), 'm.yaml'), shape, fakeTarget({ put: identified }));
  const { group } = compiled;
  assert.ok(group !== undefined);
  const map = blockMapper(description, compiled, { loadKey: 'load', now: 0 });
  const blocks: Block[] = [];
  const done: MappedBlock[] = [];
  let cut: number | undefined;
  const onCut = (record: number) => {
    cut = record;
  };
  const cutUp: Block[] = [];
  const watched = async function* (): AsyncGenerator<Block> {
    for await (const block of source.blocks(options.from)) {
      const given = options.shared ? { ...block, ownsBuffer: false } : block;
      cutUp.push(given);
      yield given;
    }
  };
  for await (const block of cutAtGroups(watched(), {
    description,
    group,
    upTo: options.upTo,
    onCut,
  })) {
    const kept = structuredClone(block);
    // As a thread takes it: whoever cut it must have no more use for it.
    assert.equal(block.ownsBuffer, true);
    assert.ok(ownBuffer(block.bytes) ?? block.bytes.length === 0, `${block.bytes.length} bytes of a larger buffer`);
    freeBytes(block.bytes);
    blocks.push(kept);
    const { length, position } = parserFor(description)(kept);
    if (kept.linesAreRows)
      for (let row = 0; row < length; row++) assert.equal(position(row).line, kept.startLine + row);
    done.push(map(kept));
  }
  // A limit may leave the rows of a group behind.
  if (options.upTo === undefined)
    for (const { bytes, startRecord } of cutUp)
      assert.equal((bytes.buffer as ArrayBuffer).detached, options.shared !== true, `the block of row ${startRecord}`);
  return { blocks, mapped: done, cut };
}

const itemsOf = (blocks: readonly MappedBlock[]) =>
  blocks.flatMap(({ block, bytes, starts, ends, firstRow, lastRow }) =>
    [...starts].map((start, index) => {
      const item = JSON.parse(Buffer.from(bytes.subarray(start, ends[index])).toString()) as Record<string, unknown>;
      return {
        first: block.startRecord + (firstRow[index] ?? 0),
        last: block.startRecord + (lastRow[index] ?? 0),
        item,
      };
    }),
  );

/** Everything there is to know of the rows, to be compared between ways of cutting. */
const wholly = (blocks: readonly MappedBlock[]) => ({
  items: itemsOf(blocks),
  rejected: blocks.flatMap(({ rejected }) => rejected),
  skipped: blocks.flatMap((block) => skippedBy(block, 0)).flatMap(([from, to]) => spread(from, to)),
  warnings: blocks.flatMap(({ warnings }) => warnings.map(({ code, line }) => [code, line])).length,
});

const spread = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

const unreadable = new Set(['csv-columns', 'csv-broken-quote', 'ndjson-syntax']);

function outcomeOf(blocks: readonly MappedBlock[]): Outcome {
  const { items, rejected, skipped } = wholly(blocks);
  return {
    items: items.map(({ first, last, item: { id: _, ...item } }) => [first, last, item]),
    rejected: rejected.map(({ record, faults }) => {
      const code = faults[0]?.code ?? '';
      return [record, unreadable.has(code) ? 'unreadable' : code];
    }),
    skipped,
  };
}

const madeRow: fc.Arbitrary<MadeRow> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('line' as const),
      order: fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom('A', 'B', 'Ö"1') },
        { weight: 1, arbitrary: fc.constantFrom('', 'skip') },
      ),
      qty: fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom('1', '22', '') },
        { weight: 1, arbitrary: fc.constant('x') },
      ),
      note: fc.constantFrom('', 'plain', 'two\nlines', 'a "quote", and a comma', 'left out'),
    }),
  },
  { weight: 1, arbitrary: fc.constant<MadeRow>({ kind: 'unreadable' }) },
  { weight: 2, arbitrary: fc.constant<MadeRow>({ kind: 'blank' }) },
);
/** Some rows of one order after the other, so that groups are long enough to lie across borders. */
const madeRows = fc
  .array(fc.tuple(madeRow, fc.nat(4)), { minLength: 1, maxLength: 25 })
  .map((runs) => runs.flatMap(([row, more]) => Array.from({ length: row.kind === 'line' ? more + 1 : 1 }, () => row)))
  .filter((rows) => rows.some(({ kind }) => kind === 'line'));

const scene = fc.record({
  rows: madeRows,
  most: fc.integer({ min: 1, max: 8 }),
  format: fc.constantFrom('csv' as const, 'ndjson' as const),
  wide: fc.boolean(),
  breaks: fc.array(fc.constantFrom('\n', '\r\n', '\r'), { minLength: 1, maxLength: 3 }),
  blockBytes: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 60, max: 600 })),
});

test('any cut into blocks gives the items, rejects and skips of a plain group-by of the whole file', async () => {
  await fc.assert(
    fc.asyncProperty(scene, fc.boolean(), async ({ rows, most, format, wide, breaks, blockBytes }, shared) => {
      const file = write(rows, format, wide, breaks);
      const whole = await mapped(file, most, { blockBytes: 1_000_000 });
      const cut = await mapped(file, most, { blockBytes, shared });
      assert.deepEqual(outcomeOf(cut.mapped), plainly(rows, most));
      // Places, sources, reasons and ids are those of the whole file, too.
      assert.deepEqual(wholly(cut.mapped), wholly(whole.mapped));
    }),
    { numRuns: 400 },
  );
});

test('blocks follow each other without a gap in their records, and only one that is the last says so', async () => {
  await fc.assert(
    fc.asyncProperty(scene, async ({ rows, most, format, wide, breaks, blockBytes }) => {
      const { blocks } = await mapped(write(rows, format, wide, breaks), most, { blockBytes });
      let next = 1;
      for (const [index, { startRecord, records, sequence, last }] of blocks.entries()) {
        assert.deepEqual([startRecord, sequence, last], [next, index, index === blocks.length - 1]);
        next += records;
      }
      assert.equal(next - 1, rows.filter(({ kind }) => kind !== 'blank').length);
    }),
  );
});

test('a resume from any block that begins at a border gives what was left, to the byte', async () => {
  await fc.assert(
    fc.asyncProperty(scene, fc.integer({ min: 1, max: 300 }), async (given, otherBytes) => {
      const { rows, most, format, wide, breaks, blockBytes } = given;
      const file = write(rows, format, wide, breaks);
      const clean = await mapped(file, most, { blockBytes });
      for (const [index, { startByte, startLine, startRecord, edges }] of clean.blocks.entries()) {
        if (edges?.before !== 'border') continue;
        const from = { byte: startByte, line: startLine, record: startRecord };
        const resumed = await mapped(file, most, { blockBytes: otherBytes, from });
        assert.deepEqual(wholly(resumed.mapped), wholly(clean.mapped.slice(index)));
      }
    }),
    { numRuns: 100 },
  );
});

test('a limit gives whole groups only, wherever blocks end, and tells when it falls inside one', async () => {
  await fc.assert(
    fc.asyncProperty(scene, fc.nat(30), async ({ rows, most, format, wide, breaks, blockBytes }, least) => {
      const upTo = least + 1;
      const file = write(rows, format, wide, breaks);
      const limited = await mapped(file, most, { blockBytes, upTo });
      const whole = await mapped(file, most, { blockBytes: 1_000_000, upTo });
      assert.deepEqual(outcomeOf(limited.mapped), plainly(rows, most, upTo));
      assert.equal(limited.cut, whole.cut);
      const last = limited.blocks.at(-1);
      const end = last === undefined ? 0 : last.startRecord + last.records - 1;
      assert.ok(end <= upTo);
      if (limited.cut !== undefined) assert.equal(limited.cut, end);
      else assert.ok(end === upTo || last?.last === true);
    }),
    { numRuns: 400 },
  );
});

test('of a group that takes more than 16 MiB every row is rejected, and no more than that is held', async () => {
  const note = 'n'.repeat(3_000_000);
  const line = (order: string): MadeRow => ({ kind: 'line', order, qty: '1', note });
  const rows = [line('A'), ...Array.from({ length: 8 }, () => line('B')), line('C')];
  const file = write(rows, 'csv', false, ['\n']);
  for (const blockBytes of [1000, 50_000_000]) {
    const { blocks, mapped: done } = await mapped(file, 100, { blockBytes });
    const { items, rejected } = outcomeOf(done);
    assert.deepEqual(
      items.map(([first, last]) => [first, last]),
      [
        [1, 1],
        [10, 10],
      ],
    );
    assert.deepEqual(
      rejected,
      spread(2, 9).map((record) => [record, 'group-too-large']),
    );
    if (blockBytes === 1000) assert.ok(Math.max(...blocks.map(({ bytes }) => bytes.length)) < 22_000_000);
  }
});
