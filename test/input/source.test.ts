import assert from 'node:assert/strict';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import iconv from 'iconv-lite';
import { parserFor } from '../../src/input/parse.ts';
import { openSource, openStream, type SourceOptions } from '../../src/input/source.ts';
import { Exit, UserError } from '../../src/model/fault.ts';
import { blocksOf, inPieces, read, rowsOf } from './reading.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cdp-load-input-'));
});
after(() => rm(folder, { recursive: true }));

let files = 0;
async function file(content: string | Uint8Array, name = 'people.csv'): Promise<string> {
  const path = join(folder, `${files++}-${name}`);
  await writeFile(path, content);
  return path;
}

const utf16le = (text: string): Buffer => Buffer.from(text, 'utf16le');

async function refusal(path: string, options?: SourceOptions): Promise<UserError> {
  try {
    const source = await openSource(path, 0, options);
    await source.close();
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    return error;
  }
  return assert.fail(`${path} was opened`);
}

describe('opening an input', () => {
  const refusals: readonly [
    claim: string,
    content: string | Uint8Array,
    code: string,
    says: RegExp,
    options?: SourceOptions,
  ][] = [
    ['no bytes', '', 'input-empty', /is empty/],
    ['only a byte order mark', '\ufeff', 'input-empty', /is empty/],
    ['only blank lines', '\r\n\n\r\n', 'input-empty', /only blank lines/],
    ['only a header', 'a,b\n', 'input-empty', /only a header/],
    ['only a header without a line break', 'a,b', 'input-empty', /only a header/],
    ['only a header and blank lines', 'a,b\r\n\r\n\r\n', 'input-empty', /only a header/],
    ['only a header in UTF-16', utf16le('\ufeffa,b\r\n\r\n'), 'input-empty', /only a header/],
    ['a blank first line', '\na,b\n1,2\n', 'header-missing', /line 1/],
    ['a column without a name', 'a,,c\n1,2,3\n', 'header-empty-name', /column 2 has no name/],
    ['columns without a name at the end', 'a,b,, \n1,2,3,4\n', 'header-empty-name', /columns 3, 4 have no name/],
    [
      'two columns of one name',
      'id,"x,y",id,"x,y"\n1,2,3,4\n',
      'header-duplicate',
      /"id" \(columns 1, 3\), "x,y" \(columns 2, 4\)/,
    ],
    ['a quote in the header that is not closed', 'a,"b\n1,2\n', 'header-broken', /line 1/],
    ['a quote amid a name', 'a,b"c\n1,2\n', 'header-broken', /line 1/],
    [
      'undecodable bytes in the header',
      Buffer.from('a,ort,stra\xdfe\n1,2,3\n', 'latin1'),
      'header-undecodable',
      /column 3/,
    ],
    ['gzip', gzipSync('a,b\n1,2\n'), 'input-compressed', /gzip/],
    ['zstd', zstdCompressSync('a,b\n1,2\n'), 'input-compressed', /zstd/],
    [
      'a workbook under the name of a CSV file',
      Buffer.from(`PK\x03\x04\x14\0\x06\0\x08\0${'\0'.repeat(18)}\x13\0\0\0[Content_Types].xml`, 'latin1'),
      'input-compressed',
      /is an Excel workbook, whatever its name says$/,
    ],
    [
      'a workbook of old',
      Buffer.from('d0cf11e0a1b11ae1000000000000', 'hex'),
      'input-compressed',
      /is an Excel workbook/,
    ],
    ['a zip archive or Excel workbook', Buffer.from('PK\x03\x04\x14\0\0\0', 'latin1'), 'input-compressed', /Excel/],
    [
      'NUL bytes and control characters',
      Buffer.from([1, 0, 2, 0, 0, 7, 8, 65, 66, 0, 3, 3, 3]),
      'input-binary',
      /not text/,
    ],
    ['UTF-16LE without its mark', utf16le('a,b\n1,2\n3,4\n'), 'encoding-not-marked', /utf-16le/],
    ['UTF-16BE without its mark', utf16le('a,b\n1,2\n3,4\n').swap16(), 'encoding-not-marked', /utf-16be/],
    ['an unknown encoding', 'a\n1\n', 'encoding-unknown', /"klingon"/, { encoding: 'klingon' }],
    ['base64 as an encoding', 'a\n1\n', 'encoding-unknown', /"base64"/, { encoding: 'base64' }],
    [
      'a mark that contradicts the flag',
      '\ufeffa\n1\n',
      'encoding-contradiction',
      /utf-8.*windows-1252/,
      { encoding: 'windows-1252' },
    ],
    ['UTF-16 by flag without an order', utf16le('a\n1\n'), 'encoding-not-marked', /order/, { encoding: 'utf-16' }],
    ['two characters as the delimiter', 'a\n1\n', 'delimiter-invalid', /"::"/, { delimiter: '::' }],
    ['a quote as the delimiter', 'a\n1\n', 'delimiter-invalid', /single ASCII/, { delimiter: '"' }],
    ['a JSON list over several lines', '[\n  {"a": 1},\n  {"a": 2}\n]\n', 'input-not-lines', /one JSON document/],
    ['a JSON object over several lines', '{\n  "a": 1\n}\n', 'input-not-lines', /one JSON document/],
    [
      'a header over the limit on rows',
      `${'x'.repeat(300)},b\n1,2\n`,
      'header-broken',
      /too long/,
      { maxRowBytes: 200 },
    ],
  ];
  for (const [claim, content, code, says, options] of refusals) {
    it(`${claim}: refused as ${code}, exit 2, naming the file`, async () => {
      const path = await file(content, claim.includes('JSON') ? 'x.json' : 'x.csv');
      const error = await refusal(path, options);
      assert.equal(error.code, code);
      assert.equal(error.exit, Exit.usage);
      assert.match(error.message, says);
      if (code !== 'encoding-unknown' && code !== 'delimiter-invalid') assert.ok(error.message.startsWith(path));
      assert.ok(error.hint);
    });
  }

  it('a missing file and a directory are refused', async () => {
    assert.equal((await refusal(join(folder, 'none.csv'))).code, 'input-missing');
    assert.equal((await refusal(folder)).code, 'input-unreadable');
  });

  it('NDJSON of blank lines only is refused before a row comes', async () => {
    const path = await file(' \n\t\r\n', 'x.ndjson');
    assert.equal((await refusal(path)).code, 'input-empty');
  });

  it('blank lines without end are refused once their end is known', async () => {
    const source = await openStream(inPieces(Buffer.from(`a,b\n${'\n'.repeat(200_000)}`)), 0);
    await assert.rejects(blocksOf(source), { code: 'input-empty' });
  });

  it('the format follows the flag, else the name, else the first character', async () => {
    const format = async (content: string, name: string, options?: SourceOptions) => {
      const source = await openSource(await file(content, name), 0, options);
      await source.close();
      return source.description.format;
    };
    assert.equal(await format('{"a":1}\n', 'x.jsonl'), 'ndjson');
    assert.equal(await format('{"a":1}\n', 'x.dat'), 'ndjson');
    assert.equal(await format('a,b\n1,2\n', 'x.dat'), 'csv');
    assert.equal(await format('a,b\n1,2\n', 'X.TSV'), 'csv');
    assert.equal(await format('{a},b\n1,2\n', 'x.dat', { format: 'csv' }), 'csv');
  });

  const detected: readonly [text: string, delimiter: string][] = [
    ['a,b\n1,2\n', ','],
    ['a;b\n1,5;2,5\n', ';'],
    ['"a;x",b\n"1;2",2\n', ','],
    ['a\tb, c\n1\t2\n', '\t'],
    ['a|b\n1|"x,y,z"\n', '|'],
    ['name, given;age\nx;1\ny;2\n', ';'],
    ['only\nx;y\n', ','],
  ];
  for (const [text, delimiter] of detected) {
    it(`the delimiter of ${JSON.stringify(text)} is found to be ${JSON.stringify(delimiter)}, and that it was found is said`, async () => {
      const { source } = await read(Buffer.from(text));
      assert.equal(source.description.csv?.delimiter, delimiter);
      assert.equal(source.description.csv?.delimiterDetected, true);
    });
  }

  for (const [mark, line, encoding] of [
    ['', 'sep=;\r\n', 'utf-8'],
    ['\ufeff', '"sep=;"\n', 'utf-8'],
    ['\ufeff', 'SEP=;\r\n', 'utf-16le'],
    ['', 'sep=;\n', 'windows-1252'],
    ['', 'sep=;\n', 'cp437'],
  ] as const) {
    it(`the ${JSON.stringify(line)} that Excel asks for is no header, in ${encoding}: rows keep their lines and bytes`, async () => {
      const text = `${mark}${line}id;"örtlich,\nx"\n1;é,a\n2;b,b\n`;
      const bytes = iconv.encode(text, encoding, { addBOM: false });
      const { source, rows } = await read(bytes, {
        blockBytes: 3,
        ...(encoding.startsWith('utf') ? {} : { encoding }),
      });
      assert.deepEqual(source.description.csv, {
        delimiter: ';',
        delimiterDetected: true,
        header: ['id', 'örtlich,\nx'],
      });
      const coding = source.description.transcoded ? 'utf-8' : encoding;
      const byteOf = (part: string) =>
        iconv.encode(text.slice(0, text.indexOf(part)), coding, { addBOM: false }).length;
      assert.deepEqual(
        rows.map(({ line, byte, value }) => [line, byte, value]),
        [
          [4, byteOf('1;é'), ['1', 'é,a']],
          [5, byteOf('2;b'), ['2', 'b,b']],
        ],
      );
    });
  }

  it('what is wrong with a header below such a line is said with its own line; another delimiter may be asked for', async () => {
    const error = await refusal(await file('sep=;\nid;id\n1;2\n'));
    assert.match(error.message, /: line 2: the same name stands twice: "id" \(columns 1, 2\)/);
    const { source } = await read(Buffer.from('sep=;\na,b;c\n1,2\n'), { delimiter: ',' });
    assert.deepEqual(source.description.csv?.header, ['a', 'b;c']);
    const plain = await read(Buffer.from('sep=;b;x\n1;2;3\n'), { delimiter: ';' });
    assert.deepEqual(plain.source.description.csv?.header?.length, 3);
  });

  it('a title above the header is told as one', async () => {
    const error = await refusal(await file('Customers of 2024,,\n,,\nid,email,name\n1,a,b\n'));
    assert.equal(error.code, 'header-empty-name');
    assert.match(error.hint ?? '', /looks like a title: remove what stands above/);
    const last = await refusal(await file('id,email,\n1,a,\n'));
    assert.match(last.hint ?? '', /remove the empty columns at its end/);
  });

  it('a delimiter may be asked for by character or by name', async () => {
    for (const asked of ['tab', '\\t', '\t']) {
      const { source } = await read(Buffer.from('a\tb,c\n1\t2\n'), { delimiter: asked });
      assert.deepEqual(source.description.csv, { delimiter: '\t', delimiterDetected: false, header: ['a', 'b,c'] });
    }
  });

  it('names of columns are kept to the letter', async () => {
    const { source } = await read(Buffer.from('\ufeff a ,"b\nb","c""c",__proto__\n1,2,3,4\n'));
    assert.deepEqual(source.description.csv?.header, [' a ', 'b\nb', 'c"c', '__proto__']);
    assert.deepEqual(source.description.dataStart, { byte: 3 + 27, line: 3 });
  });

  it('a header of 20,000 columns is read', async () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `a_rather_long_name_of_column_${i}`);
    const { source, rows } = await read(Buffer.from(`${names.join(',')}\n${names.map(() => '1').join(',')}\n`));
    assert.deepEqual(source.description.csv?.header, names);
    assert.equal(rows[0]?.value?.length, names.length);
  });

  it('a description survives being sent to another thread', async () => {
    const source = await openStream(inPieces(Buffer.from('a,b\n"x\ny",2\n')), 3);
    const copy = structuredClone(source.description);
    assert.deepEqual(copy, source.description);
    const [block] = await blocksOf(source);
    assert.ok(block);
    assert.equal(block.file, 3);
    assert.deepEqual(parserFor(copy)(block).row(0), ['x\ny', '2']);
  });
});

describe('reading an input', () => {
  it('a file can be read several times, a stream once', async () => {
    const source = await openSource(await file('a,b\n1,2\n3,4\n'), 0);
    const once = rowsOf(source, await blocksOf(source));
    assert.deepEqual(rowsOf(source, await blocksOf(source)), once);
    assert.equal(once.length, 2);
    await source.close();

    const stream = await openStream(inPieces(Buffer.from('a,b\n1,2\n')), 0);
    await blocksOf(stream);
    assert.throws(() => stream.blocks(), /only once/);
  });

  it('a file is read on from any border without its beginning', async () => {
    const path = await file(`a,b\n${Array.from({ length: 5000 }, (_, i) => `${i},"x\n${i}"\n`).join('')}`);
    const source = await openSource(path, 0, { blockBytes: 1000 });
    const blocks = await blocksOf(source);
    const rows = rowsOf(source, blocks);
    assert.ok(blocks.length > 50);
    for (const block of blocks.filter((_, i) => i % 10 === 3)) {
      const from = { byte: block.startByte, line: block.startLine, record: block.startRecord };
      assert.deepEqual(rowsOf(source, await blocksOf(source, from)), rows.slice(block.startRecord - 1));
    }
    await source.close();
  });

  it('what is appended after opening belongs to another load', async () => {
    const path = await file('a,b\n1,2\n');
    const source = await openSource(path, 0);
    await writeFile(path, '3,4\n', { flag: 'a' });
    assert.equal(rowsOf(source, await blocksOf(source)).length, 1);
    await source.close();
  });

  it('a file that becomes shorter while it is read stops the run', async () => {
    const path = await file(`a,b\n${'1,2\n'.repeat(50_000)}`);
    const source = await openSource(path, 0);
    await truncate(path, 100_000);
    await assert.rejects(blocksOf(source), { code: 'input-shortened', exit: Exit.gaveUpRetrying });
    await source.close();
  });

  it('a stream that fails is an unreadable input', async () => {
    const stream = Readable.from(
      (async function* () {
        yield Buffer.from(`a,b\n${'1,2\n'.repeat(50_000)}`);
        throw new Error('disk on fire');
      })(),
      { objectMode: false },
    );
    await assert.rejects(async () => blocksOf(await openStream(stream, 0)), {
      code: 'input-unreadable',
      message: /disk on fire/,
    });
  });

  it('a signal ends reading, of a file and of a stream that waits', async () => {
    const reason = new Error('enough');
    const source = await openSource(await file(`a,b\n${'1,2\n'.repeat(100_000)}`), 0, { blockBytes: 1000 });
    const stop = new AbortController();
    await assert.rejects(async () => {
      for await (const _ of source.blocks(undefined, stop.signal)) stop.abort(reason);
    }, reason);
    await source.close();

    const waiting = new Readable({ read: () => {} });
    waiting.push(`a,b\n${'1,2\n'.repeat(100_000)}`);
    const stream = await openStream(waiting, 0);
    const other = new AbortController();
    const blocks = stream.blocks(undefined, other.signal);
    const next = blocks.next();
    other.abort(reason);
    await assert.rejects(next, reason);
  });

  it('reading waits for whoever takes the blocks', async () => {
    let given = 0;
    const stream = Readable.from(
      (async function* () {
        yield Buffer.from('a,b\n');
        for (; given < 10_000; given++) yield Buffer.from('1,2\n'.repeat(1000));
      })(),
      { objectMode: false },
    );
    const source = await openStream(stream, 0, { blockBytes: 64 * 1024 });
    const blocks = source.blocks();
    await blocks.next();
    // One block given, one held back to know whether it is the last, one window, the head and the stream's own buffer.
    assert.ok(given < 200, `${given} pieces of 4 kB were read`);
    await blocks.return(undefined);
    await source.close();
  });
});

describe('rows over the limit', () => {
  const long = 50 * 1024 * 1024;
  function* around(cell: string, before: string, behind: string): Generator<Buffer> {
    yield Buffer.from(before);
    for (let sent = 0; sent < long; sent += cell.length) yield Buffer.from(cell);
    yield Buffer.from(behind);
  }
  const letters = 'x'.repeat(64 * 1024);

  const cases: readonly [claim: string, before: string, behind: string, options: SourceOptions][] = [
    ['a quoted cell of 50 MB', 'a,b\n1,2\n3,"', '"\n5,6\n', {}],
    ['an unquoted cell of 50 MB', 'a,b\r\n1,2\r\n3,', '\r\n5,6\r\n', {}],
    ['an NDJSON line of 50 MB', '{"a":1}\n{"a":"', '"}\n{"a":2}\n', { format: 'ndjson' }],
  ];
  for (const [claim, before, behind, options] of cases) {
    it(`${claim} is rejected without being held, and the rows around it survive`, async () => {
      const source = await openStream(Readable.from(around(letters, before, behind), { objectMode: false }), 0, {
        ...options,
        maxRowBytes: 1024 * 1024,
        blockBytes: 64 * 1024,
      });
      const blocks = await blocksOf(source);
      assert.ok(blocks.every(({ bytes }) => bytes.length <= 1024 * 1024 + 1));
      const rows = rowsOf(source, blocks);
      assert.deepEqual(
        rows.map(({ record, faults }) => [record, faults[0]?.code]),
        [
          [1, undefined],
          [2, 'row-too-large'],
          [3, undefined],
        ],
      );
      assert.match(rows[1]?.faults[0]?.reason ?? '', /1 MiB/);
      assert.ok((rows[1]?.source.text.length ?? 0) < 3000);
      assert.equal(rows[2]?.line, options.format === 'ndjson' ? 3 : 4);
    });
  }

  it('a row over the limit amid a block is rejected alone', async () => {
    for (const text of [
      'a,b\n1,2\n3,xxxxxxxx\n5,6\n',
      'a,b\n1,2\n3,"xxxxxxx"\n5,6\n',
      'a,b\r\n1,2\r\n3,xxxxxxxx\r\n5,6\r\n',
    ]) {
      const { rows } = await read(Buffer.from(text), { maxRowBytes: 5 });
      assert.deepEqual(
        rows.map(({ value, faults }) => value ?? faults[0]?.code),
        [['1', '2'], 'row-too-large', ['5', '6']],
      );
    }
    const line = '{"a":1}';
    for (const maxRowBytes of [line.length, line.length - 1]) {
      const { rows } = await read(Buffer.from(`{}\n${line}\n{}\n`), { format: 'ndjson', maxRowBytes });
      assert.deepEqual(
        rows.map(({ value, faults }) => value ?? faults[0]?.code),
        ['{}', maxRowBytes === line.length ? line : 'row-too-large', '{}'],
      );
    }
  });

  it('a row of exactly the limit passes, one byte more does not, in letters of several bytes too', async () => {
    for (const text of ['1,xxxxxxx', '1,"xxxxx"', '1,ééé€']) {
      const bytes = Buffer.byteLength(text);
      for (const ending of ['\n', '\r\n', '']) {
        const content = Buffer.from(`a,b\n${text}${ending}`);
        assert.equal((await read(content, { maxRowBytes: bytes })).rows[0]?.faults.length, 0);
        assert.equal((await read(content, { maxRowBytes: bytes - 1 })).rows[0]?.faults[0]?.code, 'row-too-large');
      }
    }
  });
});
