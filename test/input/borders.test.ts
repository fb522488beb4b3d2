import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ReadRow, read } from './reading.ts';
import { referenceRows } from './reference.ts';

// Long, or a few NULs behind it would make the file look binary.
const header = `${'a'.repeat(1000)},b\n`;

/** Text made of what hurts: quotes in every place, all line breaks, letters of one to four bytes, NUL, a real U+FFFD. */
const nasty = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('"', '""', ',', '\n', '\r', '\r\n') },
      {
        weight: 3,
        arbitrary: fc.constantFrom('x,y\n', '"p","q"\r\n', '"m\nn",o\r', ',"', '",', '"\n', '\n"', 'a""","', '"",'),
      },
      { weight: 3, arbitrary: fc.constantFrom('a', 'é', '€', '😀', ' ', '\0', '\ufffd', '\ufeff', '\u2028') },
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

/** One character a byte, so that the reference's offsets are byte offsets. */
const nastyAscii = nasty.map((text) => text.replaceAll(/[^ -~\r\n]/gu, 'z'));
const shortHeader = 'a,b\n';

function expected(text: string, maxRow?: number, head = header): Pick<ReadRow, 'record' | 'line' | 'byte' | 'value'>[] {
  const before = (at: number): string => text.slice(0, at);
  return referenceRows(text, ',', maxRow).map(({ start, line, cells }, i) => ({
    record: i + 1,
    line: line + 1,
    byte: Buffer.byteLength(head) + Buffer.byteLength(before(start)),
    value: cells?.length === 2 ? cells : undefined,
  }));
}

const seen = (rows: readonly ReadRow[]) => rows.map(({ record, line, byte, value }) => ({ record, line, byte, value }));
const hasRows = (text: string): boolean => referenceRows(text, ',').length > 0;
const options = { delimiter: ',', format: 'csv' } as const;

describe('borders of CSV records', () => {
  it('values, record numbers, lines and byte offsets are those of the rules written out plainly', async () => {
    await fc.assert(
      fc.asyncProperty(nasty.filter(hasRows), fc.integer({ min: 1, max: 200 }), async (text, blockBytes) => {
        const { rows } = await read(Buffer.from(header + text), { ...options, blockBytes });
        assert.deepEqual(seen(rows), expected(text));
      }),
      { numRuns: 1500 },
    );
  });

  it('nothing depends on the size of blocks or of the pieces a stream comes in', async () => {
    await fc.assert(
      fc.asyncProperty(nasty.filter(hasRows), async (text) => {
        const bytes = Buffer.from(header + text);
        const { rows: atOnce } = await read(bytes, options);
        for (let size = 1; size <= bytes.length - header.length; size++) {
          const { rows } = await read(bytes, { ...options, blockBytes: size }, 3 + (size % 50));
          assert.deepEqual(rows, atOnce, `blocks of ${size} bytes`);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('a limit on rows gives the same rows for every size of block', async () => {
    await fc.assert(
      fc.asyncProperty(nastyAscii.filter(hasRows), fc.integer({ min: 3, max: 20 }), async (text, maxRowBytes) => {
        const bytes = Buffer.from(shortHeader + text);
        const { rows: atOnce } = await read(bytes, { ...options, maxRowBytes });
        assert.deepEqual(seen(atOnce), expected(text, maxRowBytes, shortHeader));
        const tooLarge = referenceRows(text, ',', maxRowBytes).map((row) => row.tooLarge);
        assert.deepEqual(
          atOnce.map(({ faults }) => faults[0]?.code === 'row-too-large'),
          tooLarge,
        );
        for (let size = 1; size <= text.length; size++) {
          const { rows } = await read(bytes, { ...options, maxRowBytes, blockBytes: size }, 1 + (size % 5));
          assert.deepEqual(rows, atOnce, `blocks of ${size} bytes`);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('reading on from the start of any block gives the rows that were left', async () => {
    await fc.assert(
      fc.asyncProperty(nasty.filter(hasRows), fc.integer({ min: 1, max: 60 }), async (text, blockBytes) => {
        const bytes = Buffer.from(header + text);
        const { blocks, rows } = await read(bytes, { ...options, blockBytes });
        for (const { startByte: byte, startLine: line, startRecord: record } of blocks) {
          const rest = await read(bytes, { ...options, blockBytes: blockBytes + 3 }, undefined, { byte, line, record });
          assert.deepEqual(rest.rows, rows.slice(record - 1));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('blocks follow one another, hold the rows they say, and only the last says so', async () => {
    await fc.assert(
      fc.asyncProperty(nasty.filter(hasRows), fc.integer({ min: 1, max: 60 }), async (text, blockBytes) => {
        const { blocks, rows } = await read(Buffer.from(header + text), { ...options, blockBytes });
        let record = 1;
        blocks.forEach((block, i) => {
          assert.equal(block.sequence, i);
          assert.equal(block.startRecord, record);
          assert.ok(block.records > 0);
          assert.equal(block.last, i === blocks.length - 1);
          record += block.records;
        });
        assert.equal(record - 1, rows.length);
      }),
    );
  });

  it('the time for lines that open a quote again and again grows with their number only', async () => {
    // Each of these lines leaves a quoted field open whether or not one was open before it.
    const lines = 400_000;
    const { rows } = await read(Buffer.from(header + 'a""","\n'.repeat(lines)), options);
    assert.equal(rows.length, lines);
    assert.ok(rows.every(({ faults }) => faults[0]?.code === 'csv-broken-quote'));
  });
});
