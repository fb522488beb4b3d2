import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Fault } from '../../src/model/fault.ts';
import { compileText, csv, mapOne, ndjson, withFields } from '../support/fake-target.ts';

/** What becomes of a cell under a field's description: JSON text, `undefined` when left out, or a fault's code. */
function converted(field: string, cell: string): string | undefined {
  const compiled = compileText(withFields(`  f: { from: c${field === '' ? '' : `, ${field}`} }`), csv('c'));
  const mapped = compiled.mapRow([cell], { identity: () => '', now: 0 });
  if (mapped.kind === 'rejected') return mapped.faults.map(({ code }) => code).join();
  assert.equal(mapped.kind, 'items');
  const json = mapped.kind === 'items' ? mapped.items[0]?.json : undefined;
  return json === '{}' ? undefined : json?.slice('{"f":'.length, -1);
}

const table: Readonly<Record<string, readonly (readonly [cell: string, becomes: string | undefined])[]>> = {
  '': [
    ['00123', '"00123"'],
    [' a ', '" a "'],
    ['', undefined],
    ['\u2028"\\', JSON.stringify('\u2028"\\')],
  ],
  'trim: true': [
    ['\u00a0 a\t', '"a"'],
    ['  ', undefined],
  ],
  'lower: true': [['ÅÄÖ', '"åäö"']],
  'upper: true': [['straße', '"STRASSE"']],
  'type: integer': [
    ['7', '7'],
    ['-7', '-7'],
    ['+7', '7'],
    ['0', '0'],
    ['-0', '0'],
    ['9007199254740993', '9007199254740993'],
    ['-12345678901234567890', '-12345678901234567890'],
    ['007', 'value-integer'],
    ['-07', 'value-integer'],
    ['7.0', 'value-integer'],
    ['1e3', 'value-integer'],
    [' 7', 'value-integer'],
    ['٣', 'value-integer'],
    ['-', 'value-integer'],
    ['0x10', 'value-integer'],
    ['1,000', 'value-integer'],
    ['', undefined],
  ],
  'type: integer, thousands: " "': [
    ['1 234 567', '1234567'],
    ['1\u00a0234\u202f567', '1234567'],
    ['1234', '1234'],
    ['12 34', 'value-integer'],
    ['1 2345', 'value-integer'],
  ],
  'type: number': [
    ['1.50', '1.5'],
    ['-0.0', '0'],
    ['0.1234567890123456789', '0.1234567890123456789'],
    ['100000000000000000000.5', '100000000000000000000.5'],
    ['1e3', '1000'],
    ['1e400', 'value-number'],
    ['NaN', 'value-number'],
    ['Infinity', 'value-number'],
    ['.5', 'value-number'],
    ['5.', 'value-number'],
    ['007.5', 'value-number'],
    ['1,5', 'value-number'],
  ],
  'type: number, decimal: ",", thousands: "."': [
    ['1.234,50', '1234.5'],
    ['1.234', '1234'],
    ['1,5', '1.5'],
    ['12.34,5', 'value-number'],
    ['1.5', 'value-number'],
    ['1,5,5', 'value-number'],
  ],
  'type: number, decimal: ","': [
    ['1,5', '1.5'],
    ['1.5', 'value-number'],
  ],
  'type: decimal': [
    ['12.50', '"12.50"'],
    ['+1.0', '"1.0"'],
    ['0.10000000000000000000000001', '"0.10000000000000000000000001"'],
    ['1.2E+11', 'value-number'],
  ],
  'type: boolean': [
    ['true', 'true'],
    ['FALSE', 'false'],
    ['1', 'value-boolean'],
    ['yes', 'value-boolean'],
  ],
  'type: boolean, trueWords: [ja, "1"], falseWords: [nej, "0"]': [
    ['Ja', 'true'],
    ['0', 'false'],
    ['true', 'value-boolean'],
  ],
  'type: email': [
    ['ada@example.com', '"ada@example.com"'],
    ["o'neil+x@sub.example.co", '"o\'neil+x@sub.example.co"'],
    ['ada@', 'value-email'],
    ['@x.se', 'value-email'],
    ['a@b', 'value-email'],
    ['a..b@x.se', 'value-email'],
    ['.a@x.se', 'value-email'],
    ['a@@x.se', 'value-email'],
    ['a@x..se', 'value-email'],
    ['a@-x.se', 'value-email'],
    ['mma a@gma.com', 'value-email'],
    ['“cogwheel the orange”@example.com', 'value-email'],
    [' a@x.se', 'value-email'],
    ['Ada <a@x.se>', 'value-email'],
    [`${'a'.repeat(65)}@x.se`, 'value-email'],
    [`${'a.'.repeat(5000)}@`, 'value-email'],
  ],
  'type: enum, values: [gold, silver]': [
    ['gold', '"gold"'],
    ['Gold', 'value-enum'],
  ],
  'type: json': [
    ['{"a":[1,null]}', '{"a":[1,null]}'],
    ['9007199254740993', '9007199254740993'],
    ['{"__proto__":1}', '{"__proto__":1}'],
    ['{', 'value-json'],
  ],
  'split: ";"': [
    ['a;b', '["a","b"]'],
    ['a;;b', '["a","b"]'],
    [';;', undefined],
    ['a; b', '["a"," b"]'],
  ],
  'split: ",", trim: true, type: list<integer>': [
    ['1, 2', '[1,2]'],
    ['1, x', 'value-integer'],
    [' , ', undefined],
  ],
  'map: { 1: gold, 2: 7, x: null }': [
    ['1', '"gold"'],
    ['2', '7'],
    ['x', 'null'],
    ['3', 'value-not-in-map'],
    ['', undefined],
  ],
  'map: { a: b }, default: none': [
    ['a', '"b"'],
    ['z', '"none"'],
    ['', '"none"'],
  ],
  'split: ";", map: { a: A }': [
    ['a;a', '["A","A"]'],
    ['a;b', 'value-not-in-map'],
  ],
  'type: integer, default: "7"': [
    ['', '7'],
    ['8', '8'],
  ],
  'emptyWords: [NULL, "N/A"], trim: true': [
    [' NULL ', undefined],
    ['null', '"null"'],
  ],
  'hash: sha256, trim: true, lower: true': [
    [' A ', JSON.stringify(createHash('sha256').update('a').digest('hex'))],
    ['', undefined],
  ],
  'hash: md5': [['å', JSON.stringify(createHash('md5').update('å').digest('hex'))]],
  'onEmpty: "null"': [['', 'null']],
  'onEmpty: keep': [['', '""']],
  'onEmpty: reject': [['', 'value-missing']],
  'required: true': [['', 'value-missing']],
  'required: true, trim: true': [['  ', 'value-missing']],
};

for (const [field, rows] of Object.entries(table)) {
  test(`a cell under { ${field} }`, () => {
    for (const [cell, becomes] of rows) assert.equal(converted(field, cell), becomes, JSON.stringify(cell));
  });
}

const native: Readonly<Record<string, readonly (readonly [row: string, becomes: string])[]>> = {
  '': [
    ['{"c":1.0}', '1'],
    ['{"c":{"a":[true,null]}}', '{"a":[true,null]}'],
    ['{"c":""}', 'nothing'],
    ['{"c":null}', 'nothing'],
    ['{}', 'nothing'],
    ['{"c":false}', 'false'],
    ['{"c":[]}', '[]'],
  ],
  'onEmpty: keep': [
    ['{"c":""}', '""'],
    ['{"c":null}', 'null'],
    ['{}', 'nothing'],
  ],
  'type: string': [
    ['{"c":7}', '"7"'],
    ['{"c":true}', '"true"'],
    ['{"c":{}}', 'value-string'],
    ['{"c":[1]}', 'value-string'],
  ],
  'type: integer': [
    ['{"c":7}', '7'],
    ['{"c":"7"}', '7'],
    ['{"c":7.5}', 'value-integer'],
    ['{"c":true}', 'value-integer'],
  ],
  'type: number, decimal: ","': [
    ['{"c":1.5}', '1.5'],
    ['{"c":"1,5"}', '1.5'],
  ],
  'type: boolean, trueWords: ["1"]': [
    ['{"c":true}', 'true'],
    ['{"c":1}', 'true'],
  ],
  'type: datetime, format: X': [['{"c":1700000000}', '"2023-11-14T22:13:20Z"']],
  'type: list<integer>': [
    ['{"c":[1,"2"]}', '[1,2]'],
    ['{"c":[1,null]}', 'value-string'],
    ['{"c":"1"}', 'value-list'],
  ],
  'type: list': [['{"c":[1,{"a":1}]}', '[1,{"a":1}]']],
  'split: ","': [
    ['{"c":"a,b"}', '["a","b"]'],
    ['{"c":["a","b"]}', '["a","b"]'],
  ],
  'map: { 1: one, true: yes }': [
    ['{"c":1}', '"one"'],
    ['{"c":true}', '"yes"'],
  ],
  'type: json': [['{"c":{"a":1}}', '{"a":1}']],
};

for (const [field, rows] of Object.entries(native)) {
  test(`an NDJSON value under { ${field} }`, () => {
    const compiled = compileText(withFields(`  f: { from: c${field === '' ? '' : `, ${field}`} }`), ndjson);
    for (const [row, becomes] of rows) {
      const mapped = compiled.mapRow(JSON.parse(row), { identity: () => '', now: 0 });
      const got =
        mapped.kind === 'items'
          ? (mapped.items[0]?.json.match(/^\{"f":(.*)\}$/)?.[1] ?? 'nothing')
          : mapped.kind === 'rejected'
            ? mapped.faults[0]?.code
            : 'skipped';
      assert.equal(got, becomes, row);
    }
  });
}

test('white space around an address or a number is named as the reason', () => {
  const compiled = compileText(withFields('  f: { from: a, type: email }'), csv('a'));
  const [fault] = mapOne(compiled, [' a@x.se']) as readonly Fault[];
  assert.equal(fault?.reason, 'expected an e-mail address, and it has spaces around it: add trim: true');
});

test('the first of several columns that is not empty is taken, and blamed', () => {
  const compiled = compileText(withFields('  f: { from: [a, b], trim: true, type: integer }'), csv('a', 'b'));
  assert.deepEqual(mapOne(compiled, [' ', '7']), [{ f: 7 }]);
  assert.deepEqual(mapOne(compiled, ['', 'x']) as readonly Fault[], [
    {
      stage: 'map',
      code: 'value-integer',
      reason: 'expected an integer: digits only, with or without a sign',
      column: 'b',
      field: 'f',
      value: 'x',
    },
  ]);
});

test('paths reach into nested objects and lists, and a column written with dots wins', () => {
  const compiled = compileText(withFields('  f: a.b[1].c\n  g: "[0]"'), ndjson);
  assert.deepEqual(mapOne(compiled, { a: { b: [0, { c: 5 }] } }), [{ f: 5 }]);
  assert.deepEqual(mapOne(compiled, { 'a.b[1].c': 6, a: { b: [0, { c: 5 }] } }), [{ f: 6 }]);
  assert.deepEqual(mapOne(compiled, { a: { b: 'text' }, '[0]': 1 }), [{ g: 1 }]);
});

test('keys of the prototype are data on the way in and out, and never reach Object.prototype', () => {
  const compiled = compileText(
    withFields('  constructor.prototype: a.constructor\n  toString: a.toString\n  x: __proto__.y'),
    ndjson,
  );
  const row = JSON.parse('{"a":{"constructor":"c"},"__proto__":{"y":1}}');
  assert.equal(JSON.stringify(mapOne(compiled, row)), '[{"constructor":{"prototype":"c"},"x":1}]');
  assert.deepEqual(mapOne(compiled, { a: {} }), [{}]);
  assert.equal(Object.hasOwn(Object.prototype, 'y'), false);
});

test('an object comes into being with its first value only', () => {
  const compiled = compileText(withFields('  a.b.c: x\n  a.d: y\n  e\\.f: z'), csv('x', 'y', 'z'));
  assert.deepEqual(mapOne(compiled, ['', '', '']), [{}]);
  assert.deepEqual(mapOne(compiled, ['1', '', '']), [{ a: { b: { c: '1' } } }]);
  assert.deepEqual(mapOne(compiled, ['', '2', '3']), [{ a: { d: '2' }, 'e.f': '3' }]);
  assert.deepEqual(mapOne(compiled, ['1', '2', '']), [{ a: { b: { c: '1' }, d: '2' } }]);
});

test('an accepted integer has the digits of its source', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (integer) => {
      assert.equal(converted('type: integer', String(integer)), String(integer));
    }),
    { numRuns: 200 },
  );
});

test('an accepted number has the value of its source, to the last digit', () => {
  const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 25 }).map((list) => list.join(''));
  const plain = (text: string) => {
    const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
    return `${sign}${whole}.${fraction.replace(/0+$/, '')}`;
  };
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 10n ** 20n }), digits, (whole, fraction) => {
      const source = `${whole}.${fraction}`;
      const became = converted('type: number', source) ?? '';
      if (!became.includes('e')) assert.equal(plain(became), plain(source));
      assert.equal(JSON.parse(converted('type: decimal', source) ?? ''), source);
    }),
    { numRuns: 200 },
  );
});

test('text goes through unaltered, whatever is in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
      assert.equal(JSON.parse(converted('', text) ?? ''), text);
    }),
    { numRuns: 200 },
  );
});

test('a list is the parts between separators that are not empty', () => {
  const part = fc.constantFrom('', 'a', ';', ';;', '|', ' ', 'å', '🎉', '\t');
  const text = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, fc.constantFrom(';', ';;', '|', 'a', '🎉'), fc.boolean(), (cell, separator, trim) => {
      const parts = cell.split(separator).map((one) => (trim ? one.trim() : one));
      const full = parts.filter((one) => one !== '');
      assert.equal(
        converted(`split: ${JSON.stringify(separator)}, trim: ${trim}`, cell),
        full.length === 0 ? undefined : JSON.stringify(full),
      );
    }),
    { numRuns: 1000 },
  );
});

test('a number of millions of groups is refused', () => {
  assert.equal(converted('type: decimal, thousands: ","', `1${',000'.repeat(5_000_000)}`), 'value-number');
});
