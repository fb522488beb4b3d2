/** Two files of everything that hurts, row by row; and that the rows csv-parse gives are never altered. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { inputCodes } from '../../src/input/codes.ts';
import { openSource } from '../../src/input/source.ts';
import { blocksOf, type ReadRow, read, rowsOf } from './reading.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/input/${name}`, import.meta.url));

async function fromFile(name: string, blockBytes?: number): Promise<ReadRow[]> {
  const source = await openSource(fixture(name), 0, { blockBytes });
  try {
    return rowsOf(source, await blocksOf(source));
  } finally {
    await source.close();
  }
}

type Expected = readonly [line: number, byte: number, outcome: readonly string[] | string];

async function expectRows(name: string, expected: readonly Expected[]): Promise<void> {
  const rows = await fromFile(name);
  assert.deepEqual(
    rows.map(({ line, byte, value, faults }) => [line, byte, value ?? faults.map(({ code }) => code).join()]),
    expected,
  );
  for (const blockBytes of [1, 2, 3, 7, 16, 40, 100]) assert.deepEqual(await fromFile(name, blockBytes), rows);
  for (const { faults } of rows) for (const { code } of faults) assert.ok(code in inputCodes);
}

describe('hostile files', () => {
  it('of a CSV file each bad row is rejected with its line, and all others survive unaltered', () =>
    expectRows('hostile.csv', [
      [2, 17, ['1', 'Ada "the Countess"', 'two\r\nlines']],
      [5, 58, ['2', 'Bjo\u0308rn', '😀']],
      [6, 73, 'csv-broken-quote'],
      [7, 85, 'csv-columns'],
      [8, 104, 'csv-columns'],
      [9, 114, 'csv-broken-quote'],
      [10, 132, 'undecodable-bytes'],
      [11, 149, ['8', '\ufffd', 'kept']],
      [14, 162, 'csv-broken-quote'],
      [15, 180, ['10', '__proto__', '\u001b[31mred']],
      [16, 202, ['11', '', '']],
      [17, 211, ['12', '', '']],
      [18, 216, ['13', '=1+1', 'last, without a line break']],
    ]));

  it('of an NDJSON file too', () =>
    expectRows('hostile.ndjson', [
      [1, 3, '{"id":1,"name":"Ada"}'],
      [4, 32, '{"id":12345678901234567890,"price":0.10000000000000000001}'],
      [5, 91, '{"__proto__":{"admin":true}}'],
      [6, 120, 'ndjson-not-object'],
      [7, 125, 'ndjson-not-object'],
      [8, 136, 'lone-surrogate'],
      [9, 166, '{"id":4,"name":"whole 😀"}'],
      [10, 203, 'ndjson-syntax'],
      [11, 213, 'undecodable-bytes'],
      [12, 238, 'ndjson-syntax'],
      [13, 255, '{"id":9}'],
      [14, 267, '{"id":10,"name":"no line break"}'],
    ]));

  it('a bad row says what is wrong with it and in which column', async () => {
    const reasons = new Map((await fromFile('hostile.csv')).map(({ line, faults }) => [line, faults[0]]));
    assert.match(reasons.get(6)?.reason ?? '', /quote stands inside a field/);
    assert.equal(reasons.get(6)?.column, 'name');
    assert.equal(reasons.get(7)?.reason, 'expected 3 columns, found 4');
    assert.equal(reasons.get(8)?.reason, 'expected 3 columns, found 2');
    assert.match(reasons.get(9)?.reason ?? '', /closing quote is followed/);
    assert.match(reasons.get(10)?.reason ?? '', /offset 138 of the file \(0xdf\)/);
    assert.match(reasons.get(14)?.reason ?? '', /no proper end/);
  });

  it('the source of a sound row is an object of its columns, that of a bad one its raw text', async () => {
    const { rows } = await read(Buffer.from('id,__proto__,"a""b"\n1,"x\n""",\ud83d\n2,b"c,3\n3,4\n'));
    assert.deepEqual(
      rows.map(({ source }) => source),
      [
        { kind: 'json', text: '{"id":"1","__proto__":"x\\n\\"","a\\"b":"\ufffd"}' },
        { kind: 'text', text: '2,b"c,3' },
        { kind: 'text', text: '3,4' },
      ],
    );
  });

  it('a NUL behind a closing quote is a broken quote, not a part of the value', async () => {
    const outcome = async (text: string) =>
      (await read(Buffer.from(`id,${'b'.repeat(100)}\n${text}1,x\n`))).rows.map(
        ({ value, faults }) => value ?? faults[0]?.code,
      );
    assert.deepEqual(await outcome('2,"a"\0\n'), ['csv-broken-quote', ['1', 'x']]);
    assert.deepEqual(await outcome('2,"a"\0b"\n'), ['csv-broken-quote', ['1', 'x']]);
    assert.deepEqual(await outcome('2,"a""\0"\n'), [
      ['2', 'a"\0'],
      ['1', 'x'],
    ]);
    assert.deepEqual(await outcome('2,a\0\n'), [
      ['2', 'a\0'],
      ['1', 'x'],
    ]);
  });

  it('any table written as CSV is read as it was', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 8 }).map((cell) => cell.toWellFormed());
    const hard = fc.constantFrom('"', '""', ',', '\n', '\r\n', '\r', ' ', '', '\ufeff', '"\n,"', 'null', '00123');
    const cell = fc.oneof(text, hard);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 10 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.constantFrom(',', ';', '\t', '|', '\u0001', 'x', ' '),
        fc.integer({ min: 1, max: 100 }),
        async (table, ending, delimiter, blockBytes) => {
          const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;
          const header = [1, 2, 3].map((name) => quoted(`column ${name}`.repeat(30))).join(delimiter);
          const lines = table.map((row) => row.map(quoted).join(delimiter) + ending);
          const { rows } = await read(Buffer.from(header + ending + lines.join('')), {
            format: 'csv',
            delimiter: delimiter === ' ' ? 'space' : delimiter,
            blockBytes,
          });
          assert.deepEqual(
            rows.map(({ value }) => value),
            table,
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});
