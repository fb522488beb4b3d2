import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import iconv from 'iconv-lite';
import { bordersAreBytes } from '../../src/input/encodings.ts';
import type { SourceOptions } from '../../src/input/source.ts';
import { type ReadRow, read } from './reading.ts';

const bom = '\ufeff';
const latin = [
  ['id', 'näme', 'note'],
  ['1', 'Åsa "the" Öst', 'line\r\nbreak'],
  ['2', 'ÿþ', ';|\t,'],
  ['3', '', 'é'],
];
const japanese = [
  ['id', '名前', 'メモ'],
  ['1', '表示ソフト', 'ー|"―"\n能'],
  ['2', '噂浬欺', '構,十'],
];
const chinese = [
  ['id', '名字', '注'],
  ['1', '誤許功蓋', '餐|"x"\n跺'],
];
const korean = [
  ['id', '이름', '메모'],
  ['1', '김철수', '똠|"방각하"\n펲'],
];

const quoted = (cell: string): string => (/["\r\n,;|\t]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
const csv = (table: readonly (readonly string[])[], delimiter: string): string =>
  table.map((row) => `${row.map(quoted).join(delimiter)}\r\n`).join('');

interface Case {
  readonly name: string;
  readonly table: readonly (readonly string[])[];
  readonly delimiter?: string;
  readonly marked?: boolean;
  readonly flag?: boolean;
  readonly transcoded?: boolean;
}
const cases: readonly Case[] = [
  { name: 'utf-8', table: japanese },
  { name: 'utf-8', table: latin, marked: true },
  { name: 'utf-8', table: latin, marked: true, flag: true },
  { name: 'utf-16le', table: japanese, marked: true },
  { name: 'utf-16be', table: latin, marked: true },
  { name: 'utf-16be', table: korean, flag: true },
  { name: 'utf-16le', table: chinese, flag: true },
  { name: 'utf-32le', table: japanese, marked: true, transcoded: true },
  { name: 'utf-32be', table: latin, marked: true, transcoded: true },
  { name: 'utf-32le', table: latin, flag: true, transcoded: true },
  { name: 'utf-7', table: latin, flag: true, transcoded: true },
  { name: 'windows-1252', table: latin, flag: true },
  { name: 'iso-8859-1', table: latin, flag: true, delimiter: '|' },
  { name: 'macintosh', table: latin.slice(0, 2), flag: true },
  { name: 'shift_jis', table: japanese, flag: true },
  // In these, 0x7C is also the second byte of letters.
  { name: 'shift_jis', table: japanese, flag: true, delimiter: '|', transcoded: true },
  { name: 'gbk', table: chinese, flag: true, delimiter: '|', transcoded: true },
  {
    name: 'big5',
    table: chinese.slice(0, 1).concat([['1', '功', '蓋']]),
    flag: true,
    delimiter: '|',
    transcoded: true,
  },
  { name: 'gb18030', table: chinese, flag: true },
  { name: 'euc-kr', table: korean, flag: true, delimiter: ';' },
  { name: 'euc-jp', table: japanese, flag: true, delimiter: '|' },
  {
    name: 'cesu-8',
    table: [
      ['id', 'x'],
      ['1', '😀"\n"'],
    ],
    flag: true,
  },
];

const content = ({ name, table, delimiter = ',', marked = false }: Case): Buffer =>
  iconv.encode((marked ? bom : '') + csv(table, delimiter), name, { addBOM: false });

const values = (rows: readonly ReadRow[]) => rows.map(({ value }) => value);

describe('encodings', () => {
  for (const one of cases) {
    const { name, table, delimiter = ',', marked = false, flag = false, transcoded = false } = one;
    const how = [marked ? 'marked' : '', flag ? 'by flag' : '', delimiter].filter((part) => part !== '').join(', ');
    it(`${name} (${how}) gives the same cells for every size of block`, async () => {
      const bytes = content(one);
      const options: SourceOptions = { delimiter, ...(flag ? { encoding: name } : {}) };
      const { source, rows } = await read(bytes, options);
      assert.deepEqual(source.description.csv?.header, table[0]);
      assert.deepEqual(values(rows), table.slice(1));
      assert.equal(source.description.encoding, name);
      assert.equal(source.description.transcoded, transcoded);
      for (let blockBytes = 1; blockBytes < bytes.length; blockBytes++) {
        assert.deepEqual((await read(bytes, { ...options, blockBytes }, blockBytes)).rows, rows);
      }
      if (!transcoded) {
        const first = rows[0];
        assert.ok(first);
        const from = iconv.decode(bytes.subarray(first.byte), name, { stripBOM: false });
        assert.ok(from.startsWith(quoted(table[1]?.[0] ?? '?')), 'the byte offset is that of the row in the file');
      }
    });
  }

  it('the delimiter of a UTF-16 or Shift-JIS file is detected as in UTF-8', async () => {
    for (const [name, flag] of [
      ['utf-16le', false],
      ['utf-16be', false],
      ['shift_jis', true],
    ] as const) {
      const bytes = iconv.encode((flag ? '' : bom) + csv(japanese, ';'), name, { addBOM: false });
      const { source } = await read(bytes, flag ? { encoding: name } : {});
      assert.equal(source.description.csv?.delimiter, ';');
    }
  });

  it('NDJSON is read in UTF-16 and in 8-bit encodings', async () => {
    const text = '{"a":"Å"}\r\n\r\n{"a":"ö"}\n';
    for (const [name, mark] of [
      ['utf-16le', bom],
      ['utf-16be', bom],
      ['utf-8', bom],
      ['windows-1252', ''],
    ] as const) {
      const bytes = iconv.encode(mark + text, name, { addBOM: false });
      const { rows } = await read(bytes, { format: 'ndjson', ...(mark === '' ? { encoding: name } : {}) });
      assert.deepEqual(values(rows), ['{"a":"Å"}', '{"a":"ö"}']);
      assert.deepEqual(
        rows.map(({ line }) => line),
        [1, 3],
      );
    }
  });

  it('reading on works in UTF-16 and in transcoded files', async () => {
    for (const name of ['utf-16le', 'utf-32le']) {
      const bytes = iconv.encode(bom + csv(latin, ','), name, { addBOM: false });
      const { blocks, rows } = await read(bytes, { blockBytes: 1 });
      for (const { startByte: byte, startLine: line, startRecord: record } of blocks) {
        assert.deepEqual((await read(bytes, {}, 11, { byte, line, record })).rows, rows.slice(record - 1));
      }
    }
  });

  it('whether borders are single bytes is known of each encoding and delimiter', () => {
    const single = [
      'windows-1252',
      'koi8-r',
      'ibm437',
      'shift_jis',
      'gbk',
      'gb18030',
      'big5',
      'euc-kr',
      'euc-jp',
      'cesu-8',
      'ascii',
    ];
    for (const name of single)
      for (const delimiter of ',;\t') assert.ok(bordersAreBytes(name, delimiter.charCodeAt(0)), name + delimiter);
    for (const name of ['shift_jis', 'gbk', 'gb18030', 'big5']) assert.ok(!bordersAreBytes(name, 124), name);
  });
});

describe('bytes that are no text', () => {
  const undecodable: readonly [
    name: string,
    before: string,
    bad: readonly number[],
    options: SourceOptions,
    mark?: boolean,
  ][] = [
    ['utf-8', 'x', [0xe5], {}],
    ['utf-8', 'é€😀', [0xed, 0xa0, 0x80], {}],
    ['utf-8', '😀', [0xf0, 0x9f, 0x98], {}],
    ['utf-16le', 'å', [0x00, 0xd8], {}, true],
    ['utf-16be', '😀', [0xdc, 0x01], {}, true],
    ['windows-1252', 'å', [0x81], { encoding: 'windows-1252' }],
    ['ascii', 'x', [0xe5], { encoding: 'ascii' }],
    ['shift_jis', '表', [0xff], { encoding: 'shift_jis' }],
    ['euc-kr', '김', [0xff], { encoding: 'euc-kr' }],
    ['gb18030', '名\ufffd', [0xff], { encoding: 'gb18030' }],
  ];
  for (const [name, before, bad, options, mark = false] of undecodable) {
    it(`${name}: only the row with ${bad.map((byte) => byte.toString(16)).join(' ')} is rejected, naming the offset in the file`, async () => {
      const encode = (text: string): Buffer => iconv.encode(text, name, { addBOM: false });
      const start = Buffer.concat([encode(`${mark ? bom : ''}a,b\n1,x\n2,${before}`)]);
      const bytes = Buffer.concat([start, Buffer.from(bad), encode(',"tail"\n3,y\n')]);
      const all = await read(bytes, { ...options, delimiter: ',' });
      assert.deepEqual(values(all.rows), [['1', 'x'], undefined, ['3', 'y']]);
      const fault = all.rows[1]?.faults[0];
      assert.equal(fault?.code, 'undecodable-bytes');
      assert.ok(fault.reason.includes(`offset ${start.length} `), `${fault.reason}; expected ${start.length}`);
      assert.match(fault.reason, /--encoding/);
      assert.equal(all.rows[1]?.line, 3);
      assert.ok(!all.rows[1]?.source.text.replace(before, '').includes('\ufffd'));
      assert.ok(all.rows[1]?.source.text.includes(`\\x${bad[0]?.toString(16).padStart(2, '0')}`));
      for (let blockBytes = 1; blockBytes < bytes.length; blockBytes++) {
        assert.deepEqual((await read(bytes, { ...options, delimiter: ',', blockBytes })).rows, all.rows);
      }
    });
  }

  it('in a transcoded file too, only the row is rejected', async () => {
    const encode = (text: string): Buffer => iconv.encode(text, 'utf-32le', { addBOM: false });
    const bytes = Buffer.concat([encode(`${bom}a,b\n1,x\n2,`), Buffer.from([0, 0, 0x11, 0]), encode('\n3,y\n')]);
    const { rows } = await read(bytes);
    assert.deepEqual(
      rows.map(({ faults }) => faults[0]?.code),
      [undefined, 'undecodable-bytes', undefined],
    );
  });

  it('a long transcoded file loses nothing between two reads', async () => {
    const cell = '😀'.repeat(7);
    const table = Array.from({ length: 5000 }, (_, i) => [`${i}`, cell]);
    for (const name of ['utf-7', 'utf-32le']) {
      const { rows } = await read(iconv.encode(csv([['a', 'b'], ...table], ','), name), { encoding: name });
      assert.deepEqual(values(rows), table);
    }
  });

  it('an odd byte at the end of a UTF-16 file is undecodable, not dropped', async () => {
    const { rows } = await read(Buffer.concat([Buffer.from(`${bom}a\n1\n2`, 'utf16le'), Buffer.of(0x33)]));
    assert.deepEqual(
      rows.map(({ faults }) => faults[0]?.code),
      [undefined, 'undecodable-bytes'],
    );
  });

  it('a U+FFFD that stands in the source is kept', async () => {
    for (const name of ['utf-8', 'utf-16le', 'gb18030']) {
      const text = 'a,b\n1,x\ufffdy\n';
      const bytes = iconv.encode((name === 'gb18030' ? '' : bom) + text, name, { addBOM: false });
      const { rows } = await read(bytes, name === 'gb18030' ? { encoding: name } : {});
      assert.deepEqual(values(rows), [['1', 'x\ufffdy']], name);
    }
  });

  it('whatever bytes stand in a file, rows without bad ones survive and no U+FFFD is made', async () => {
    const cell = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 5 }).map((bytes) => bytes.map((byte) => (byte < 48 ? 65 : byte))),
      fc.constantFrom('x', 'é', '😀', '').map((text) => new Uint8Array(Buffer.from(text))),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 50 }),
        async (table, blockBytes) => {
          const lines = table.map(([a, b]) => Buffer.concat([a, Buffer.from(','), b, Buffer.from('\n')]));
          const bytes = Buffer.concat([Buffer.from('a,b\n'), ...lines]);
          const fatal = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
          const decoded = table.map((row) => {
            try {
              return row.map((one) => fatal.decode(one));
            } catch {
              return undefined;
            }
          });
          const { rows } = await read(bytes, { delimiter: ',', format: 'csv', blockBytes });
          assert.deepEqual(values(rows), decoded);
        },
      ),
      { numRuns: 500 },
    );
  });
});
