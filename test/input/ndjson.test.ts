import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parserFor, withoutTuple } from '../../src/input/parse.ts';
import type { SourceOptions } from '../../src/input/source.ts';
import { isRawNumber } from '../../src/model/json.ts';
import { type ReadRow, read } from './reading.ts';

const ndjson: SourceOptions = { format: 'ndjson' };
const lines = (text: string, options: SourceOptions = {}): Promise<readonly ReadRow[]> =>
  read(Buffer.from(text), { ...ndjson, ...options }).then(({ rows }) => rows);
const codes = (rows: readonly ReadRow[]) => rows.map(({ faults }) => faults[0]?.code);

async function only(line: string): Promise<ReadRow> {
  const [row, ...others] = await lines(`${line}\n`);
  assert.ok(row);
  assert.deepEqual(others, []);
  return row;
}

describe('NDJSON', () => {
  it('reads LF and CRLF, a mark, blank lines and a last line without a break, with lines and offsets', async () => {
    const rows = await lines('\ufeff{"a":1}\r\n \t\r\n\n {"a":"é"} \n{"a":3}');
    assert.deepEqual(
      rows.map(({ record, line, byte, value }) => [record, line, byte, value]),
      [
        [1, 1, 3, '{"a":1}'],
        [2, 4, 17, '{"a":"é"}'],
        [3, 5, 30, '{"a":3}'],
      ],
    );
  });

  it('the source of a row is its own text, whatever is made of it', async () => {
    const line = '{ "b": 1.50, "a": "\\u00e9" }';
    assert.deepEqual((await only(line)).source, { kind: 'json', text: line });
    assert.deepEqual((await only('{"a":')).source, { kind: 'text', text: '{"a":' });
    assert.deepEqual((await only('[1]')).source, { kind: 'text', text: '[1]' });
  });

  const notObjects: readonly (readonly [line: string, found: string])[] = [
    ['null', 'null'],
    ['[1,2]', "a list: NDJSON is one object a line, which `jq -c '.[]' FILE` makes of a list"],
    ['"x"', 'a string'],
    ['12', 'a number'],
    ['12345678901234567890123', 'a number'],
    ['true', 'a boolean'],
  ];
  for (const [line, found] of notObjects) {
    it(`the line ${line} is rejected as no object, and the row after it survives`, async () => {
      const rows = await lines(`{"a":1}\n${line}\n{"a":2}\n`);
      assert.deepEqual(codes(rows), [undefined, 'ndjson-not-object', undefined]);
      assert.ok(rows[1]?.faults[0]?.reason.endsWith(`found ${found}`));
    });
  }

  const broken: readonly (readonly [line: string, says: RegExp])[] = [
    ['{"a":x}', /not JSON at "x"/],
    ['{"a":1', /at character 7/],
    ['{"a":"x', /unterminated/i],
    ['{', /at character 2/],
    ['{"a":1} {"a":2}', /at character 9/],
    ["{'a':1}", /at character 2/],
    ['{"a":"\u0007"}', /control character/],
    ['{"a":01}', /at character 7/],
    ['{"a":1,}', /at character 8/],
    ['\ufeff{"a":1}', /not JSON/],
    ['a,b,c', /not JSON/],
  ];
  for (const [line, says] of broken) {
    it(`the line ${JSON.stringify(line)} is rejected with where and why`, async () => {
      const rows = await lines(`{"a":1}\n${line}\n{"a":2}\n`);
      assert.deepEqual(codes(rows), [undefined, 'ndjson-syntax', undefined]);
      assert.match(rows[1]?.faults[0]?.reason ?? '', says);
      assert.equal(rows[1]?.line, 2);
    });
  }

  it('no reason holds a raw control character', async () => {
    for (const line of ['{"a":\u001b[31mred}', '{"a":"\u001b"}', '\u0000', '{"\u0007', '{"a":1}\u001b']) {
      // A few rows in front, or the file would be taken for binary.
      const rows = await lines(`${'{"a":1}\n'.repeat(20)}${line}\n`);
      const faults = rows.at(-1)?.faults ?? [];
      assert.ok(faults[0]);
      assert.ok(![...faults[0].reason].some((character) => character < ' '), faults[0].reason);
    }
  });

  it('a value in a fault is cut to a bearable length', async () => {
    const { faults } = await only(`{"a":"${'x'.repeat(10_000)}`);
    assert.ok(JSON.stringify(faults).length < 500);
  });

  it('__proto__ as a key is data and changes nothing else', async () => {
    const text = '{"__proto__":{"admin":true},"constructor":{"prototype":1},"n":12345678901234567890}';
    for (const line of [text, text.replace('12345678901234567890', '1')]) {
      const { source, blocks } = await read(Buffer.from(`${line}\n`), ndjson);
      const [block] = blocks;
      assert.ok(block);
      const row = withoutTuple(parserFor(source.description)(block).row(0));
      assert.ok(row && Object.hasOwn(row, '__proto__') && Object.hasOwn(row, 'constructor'));
      assert.equal(Object.getPrototypeOf(row), Object.prototype);
      assert.equal(JSON.stringify(row), line);
    }
    assert.equal(Object.getOwnPropertyDescriptor(Object.prototype, 'admin'), undefined);
  });

  it('of two equal keys the last one counts', async () => {
    assert.equal((await only('{"a":1,"a":2}')).value, '{"a":2}');
  });

  it('half of a surrogate pair is rejected, in values and in keys, escaped pairs pass', async () => {
    for (const line of ['{"a":"\\ud800"}', '{"a":{"b":["x\\uDC00"]}}', '{"\\ud83d":1}', '{"a":"\\ude00\\ud83d"}']) {
      const row = await only(line);
      assert.equal(row.faults[0]?.code, 'lone-surrogate', line);
      assert.deepEqual(row.source, { kind: 'json', text: line });
    }
    assert.equal((await only('{"a":"\\ud83d\\ude00","b":"\\\\ud800"}')).value, '{"a":"😀","b":"\\\\ud800"}');
  });

  it('nesting without end is a fault of its row, however long the line', async () => {
    const bombs = ['['.repeat(5_000_000), '{"a":'.repeat(1_000_000), `{"a":${'['.repeat(2000)}${']'.repeat(2000)}}`];
    for (const bomb of bombs) {
      const rows = await lines(`{"a":1}\n${bomb}\n{"a":2}\n`);
      assert.deepEqual(codes(rows), [undefined, 'ndjson-too-deep', undefined]);
    }
    const brackets = `{"a":"${'[{'.repeat(5000)}\\"${'['.repeat(5000)}"}`;
    assert.deepEqual((await only(brackets)).faults, []);
    const wide = `{"a":[${'[],'.repeat(5000)}[]]}`;
    assert.deepEqual((await only(wide)).faults, []);
  });
});

describe('numbers', () => {
  const kept = [
    '12345678901234567890',
    '9007199254740993',
    '-9007199254740993',
    '0.1000000000000000055',
    '3.14159265358979323846',
    '1e400',
    '-1E+400',
    '1e-400',
    '123456789012345678901234567890.5',
    '9999999999999999',
  ];
  for (const number of kept) {
    it(`${number} keeps its digits wherever it stands`, async () => {
      for (const line of [
        `{"a":${number}}`,
        `{"b":[1,${number}],"c":{"d":${number}}}`,
        `{"__proto__":${number},"x":0}`,
      ]) {
        assert.equal((await only(line)).value, line);
      }
    });
  }

  it('numbers that a double keeps stay numbers', async () => {
    for (const number of [
      '1700000000000000',
      '9007199254740992',
      '0',
      '-1.5',
      '1e21',
      '123456789.123456',
      '1.7976931348623157e+308',
    ]) {
      const { source, blocks } = await read(Buffer.from(`{"a":${number},"long":12345678901234567891}\n`), ndjson);
      const [block] = blocks;
      assert.ok(block);
      const row = withoutTuple(parserFor(source.description)(block).row(0));
      assert.ok(row && 'a' in row);
      assert.equal(row.a, Number(number));
      assert.ok(isRawNumber(row.long));
    }
  });

  it('two numbers with one double are told apart, and no text is taken for a number', async () => {
    for (const line of [
      '{"a":12345678901234567890,"b":12345678901234567891}',
      '{"a":12345678901234567168,"b":12345678901234567000}',
      '{"a":0,"b":1e-400}',
      '{"a":0.1,"b":0.1000000000000000055}',
      '{"a":10000000000000000,"b":10000000000000000.5}',
      '{"a":"x,12345678901234567890","b":12345678901234567891}',
      '{"a":" 12345678901234567890 "}',
      '{"a":"4111111111111111"}',
    ]) {
      assert.equal((await only(line)).value, line);
    }
  });

  it('any JSON comes back with the digits of all its long numbers', async () => {
    const number = fc.oneof(
      fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }).map(String),
      fc.tuple(fc.nat(), fc.bigInt({ min: 0n, max: 10n ** 20n })).map(([a, b]) => `${a}.${b}1`),
      fc.constantFrom('0', '1', '12345678901234567890', '12345678901234567891', '1e400', '1e-400', '0.1', '1e5'),
    );
    const literal = fc.oneof(
      number,
      fc.json({ maxDepth: 1 }),
      fc.constantFrom('",12345678901234567890"', '"\\\\"', 'null'),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(literal, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 40 }),
        async (values, blockBytes) => {
          const rows = await lines(values.map((value) => `{"a":[${value}],"b":${values[0]}}\n`).join(''), {
            blockBytes,
          });
          values.forEach((value, i) => {
            const text = rows[i]?.value;
            assert.ok(typeof text === 'string', JSON.stringify(rows[i]));
            if (!/^-?[0-9]/.test(value)) return;
            const written = /^\{"a":\[([^\]]*)\]/.exec(text)?.[1] ?? '';
            assert.ok(sameNumber(value, written), `${value} became ${written}`);
          });
        },
      ),
      { numRuns: 1000 },
    );
  });
});

/** Equal as decimals, not as doubles. */
function sameNumber(a: string, b: string): boolean {
  const digits = (text: string): string => {
    const [, sign = '', whole = '', part = '', exponent = '0'] =
      /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/.exec(text) ?? [];
    assert.notEqual(whole, '', text);
    const trimmed = (whole + part).replace(/^0+/, '');
    const scale = Number(exponent) - part.length + (trimmed.length - trimmed.replace(/0+$/, '').length);
    return trimmed.replace(/0+$/, '') === '' ? '0' : `${sign}${trimmed.replace(/0+$/, '')}e${scale}`;
  };
  return digits(a) === digits(b);
}

describe('borders of NDJSON lines', () => {
  it('nothing depends on the size of blocks', async () => {
    const line = fc.oneof(
      fc.constantFrom(
        '{"a":1}',
        '{"é":"😀"}',
        '',
        ' ',
        '\r',
        '{',
        '"',
        'null',
        '{"a":"\\ud800"}',
        '{"a":12345678901234567890}',
        ' {"b":2} ',
      ),
      fc.json({ maxDepth: 2 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n')), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 20, max: 200 }),
        fc.boolean(),
        async (parts, maxRowBytes, bad) => {
          const text = `{"first":true}\n${parts.flat().join('')}`;
          const bytes = Buffer.from(text);
          if (bad) bytes[bytes.length >> 1] = 0xff;
          const atOnce = await read(bytes, { ...ndjson, maxRowBytes });
          for (let blockBytes = 1; blockBytes <= bytes.length; blockBytes += 1 + (blockBytes >> 3)) {
            const { rows, blocks } = await read(bytes, { ...ndjson, maxRowBytes, blockBytes }, 1 + (blockBytes % 9));
            assert.deepEqual(rows, atOnce.rows);
            const at = blocks[blocks.length >> 1];
            assert.ok(at);
            const from = { byte: at.startByte, line: at.startLine, record: at.startRecord };
            assert.deepEqual(
              (await read(bytes, { ...ndjson, maxRowBytes }, undefined, from)).rows,
              atOnce.rows.slice(at.startRecord - 1),
            );
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
