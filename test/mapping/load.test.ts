import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadMapping, parseMapping } from '../../src/mapping/load.ts';
import { mappingHash } from '../../src/mapping/mapping-hash.ts';
import { mappingJsonSchema } from '../../src/mapping/schema.ts';
import { readYaml } from '../../src/mapping/yaml.ts';
import { complaintsOf, withFields } from '../support/fake-target.ts';

const complaints = (text: string) => complaintsOf(() => parseMapping(text, 'm.yaml'));

test('every complaint is collected, in the order of the file, with line and column', () => {
  const found = complaints(
    'version: 2\ntaget: x\noperation: put\nfields:\n  a: { frm: x, type: strin }\n  b: 3\n  c: { from: x, required: "yes" }\n',
  );
  assert.deepEqual(found, [
    '1:1: target is missing',
    '1:10: this cdp-load reads version 1 of mappings; found 2',
    '2:1: unknown key "taget" (did you mean "target"?)',
    '5:8: unknown key "frm" (did you mean "from"?)',
    `5:22: expected ${found[4]?.match(/expected (.*);/)?.[1]}; found "strin" (did you mean "string"?)`,
    '6:6: expected text or a map, found 3',
    '7:27: expected true or false, found "yes"',
  ]);
});

test('a misspelt key is told with the one that was meant, at every level', () => {
  const text = [
    'version: 1',
    'target: x',
    'transform: { functoin: a.js#b }',
    'group: { by: id, moost: 3 }',
    'items:',
    '  - operation: put',
    '    wehn: "true"',
    '    fields:',
    '      a: { from: x, lookup: { file: f.csv, key: k, valeu: v } }',
    '      each: { frm: x }',
    '      c: { each: { vlaue: x } }',
    '      d: { each: { fields: { e: { trm: true, from: x } } } }',
    'tests: [{ rwo: {}, skips: true }]',
  ].join('\n');
  const meant = complaints(text).flatMap(
    (line) => /^(\d+:\d+): .*\(did you mean "(\w+)"\?\)/.exec(line)?.slice(1) ?? [],
  );
  assert.deepEqual(
    meant.join(' '),
    '3:14 function 4:18 most 7:5 when 9:52 value 10:15 from 11:20 value 12:35 trim 13:11 row',
  );
});

test('a file that is no mapping is told as that, and nothing of it is shown', () => {
  const says = '1:1: plain text, and no mapping: that has version, target, operation and fields';
  assert.deepEqual(complaints('email\nada@example.com\n'), [says]);
});

const impossible: readonly (readonly [fields: string, complaint: string])[] = [
  ['  a: { type: string }', '5:6: the field says nothing of its source: give it from, const or expr'],
  ['  a: { from: x, const: 1 }', '5:17: from and const exclude each other'],
  ['  a: { from: x, zone: UTC }', '5:17: zone belongs to type datetime, and the field has no type'],
  ['  a: { from: x, type: date, zone: UTC }', '5:29: zone belongs to type datetime, not date'],
  ['  a: { from: x, format: dd/MM/yyyy }', '5:17: format belongs to type date or datetime, and the field has no type'],
  ['  a: { expr: x, map: { a: b } }', '5:17: expr and map exclude each other'],
  ['  a: { from: x, lower: true, upper: true }', '5:30: lower and upper exclude each other: choose one'],
  ['  a: { from: x, required: true, default: 1 }', '5:33: required and default exclude each other'],
  ['  a: { from: x, required: true, onEmpty: omit }', '5:33: required rejects an empty cell, and onEmpty says omit'],
  ['  a: { const: 1, trim: true }', '5:18: trim does nothing beside const'],
  ['  a: { from: x, type: enum }', '5:17: an enum needs its values: [...]'],
  ['  a: { from: x, type: integer, split: "," }', '5:17: split gives a list: say type: list<integer>'],
  ['  a: { from: x, type: integer, hash: md5 }', '5:32: a hash is made of text, not of type integer'],
  ['  a: { from: x, type: boolean, trueWords: ["x"], falseWords: [X] }', '5:17: "x" means both true and false'],
  [
    '  a: { from: x, type: number, decimal: ",", thousands: "," }',
    '5:45: decimal and thousands are the same character',
  ],
  ['  a: x\n  a: y', '6:3: "a" stands here a second time (first in line 5)'],
  ['  a.b: x\n  a: y', '6:3: "a" and "a.b" would stand in the same place'],
  ['  a: x\n  a.b: y', '6:3: "a.b" and "a" would stand in the same place'],
  ['  a..b: x', '5:3: "a..b" has an empty part'],
  ['  a: { const: 12345678901234567890 }', '5:15: a number of so many digits would be rounded'],
  ['  __proto__: x', 'no key may be called __proto__'],
  ['  a.__proto__.b: x', '5:3: no field may be called __proto__'],
];

for (const [fields, complaint] of impossible) {
  test(`refused: ${fields.trim().replaceAll('\n', ' ')}`, () => {
    const found = complaints(withFields(fields));
    assert.ok(
      found.some((line) => line.includes(complaint)),
      found.join('\n'),
    );
  });
}

test('operation and fields stand beside items never', () => {
  const found = complaints(
    'version: 1\ntarget: t\noperation: put\nitems:\n  - operation: put\n    fields: { a: x }\nfields: { b: y }\n',
  );
  assert.deepEqual(found, [
    '3:1: operation stands in each of items, not beside it',
    '7:1: fields stands in each of items, not beside it',
  ]);
});

test('anchors and merge keys share fragments, and what is written out wins', () => {
  const mapping = parseMapping(
    withFields(
      '  a: { <<: *tidy, from: x }\n  b: { from: y, trim: false, <<: *tidy }',
      'fragments: { tidy: &tidy { trim: true, lower: true } }\n',
    ),
    'm.yaml',
  );
  const [a, b] = mapping.entries[0]?.fields ?? [];
  assert.deepEqual([a?.trim, a?.lower, b?.trim, b?.lower], [true, true, false, true]);
});

test('a complaint about a merged key names the line of the fragment', () => {
  const found = complaints(withFields('  a: { <<: *f, from: x }', 'fragments:\n  f: &f { trimm: true }\n'));
  assert.deepEqual(found, ['5:11: unknown key "trimm" (did you mean "trim"?)']);
});

test('a YAML bomb, deep nesting and an alias to itself end in a complaint, quickly', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 12; level++) {
    lines.push(
      `a${level}: &a${level} [${Array(10)
        .fill(`*a${level - 1}`)
        .join(', ')}]`,
    );
  }
  assert.match(complaints(lines.join('\n'))[0] ?? '', /more than 100000 values/);
  assert.match(complaints('a: &a [*a]')[0] ?? '', /stands inside what it names/);
  assert.match(complaints('['.repeat(50_000))[0] ?? '', /nested too deeply/);
  assert.match(complaints(`a: ${'['.repeat(100)}${']'.repeat(100)}`)[0] ?? '', /nested more than 64 deep/);
});

test('a file that is not there, too large or no text is refused by name', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mapping-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'large.yaml'), '#'.repeat(1_048_577));
  await writeFile(join(folder, 'latin1.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xe5]));
  await assert.rejects(loadMapping(join(folder, 'none.yaml')), { code: 'mapping-unreadable', message: /not there/ });
  await assert.rejects(loadMapping(join(folder, 'large.yaml')), { code: 'mapping-unreadable', message: /larger/ });
  await assert.rejects(loadMapping(join(folder, 'latin1.yaml')), { code: 'mapping-unreadable', message: /UTF-8/ });
});

test("a mapping's hash is of its meaning", () => {
  const hash = (text: string) => mappingHash(parseMapping(text, 'm.yaml'));
  const plain = hash(withFields('  a: x\n  b: { from: [y], trim: true }'));
  assert.equal(hash(withFields('  # a comment\n  b: { trim: true, from: y }\n  a: { from: x }')), plain);
  assert.equal(
    hash(withFields('  a: x\n  b: { from: y, trim: true }', 'tests: [{ row: { x: "1" }, skips: true }]\n')),
    plain,
  );
  assert.notEqual(hash(withFields('  a: x\n  b: { from: y, trim: false }')), plain);
  assert.notEqual(hash(withFields('  a: x\n  b: { from: [y], trim: true }', 'where: x != ""\n')), plain);
  assert.notEqual(hash(withFields('  a\\.c: x')), hash(withFields('  a.c: x')));
});

test('a mapping is plain data that can be sent to a thread', () => {
  const mapping = parseMapping(withFields('  a.b: { from: x, map: { 1: one, true: yes } }'), 'm.yaml');
  assert.deepEqual(structuredClone(mapping), mapping);
  assert.deepEqual(mapping.entries[0]?.fields[0]?.map, { '1': 'one', true: 'yes' });
});

test('a test in a mapping says one thing', () => {
  const found = complaints(withFields('  a: x', 'tests:\n  - row: { x: "1" }\n'));
  assert.deepEqual(found, ['5:5: a test says one of gives, rejects and skips']);
});

test('the JSON Schema describes every key of a field', () => {
  const text = JSON.stringify(mappingJsonSchema());
  for (const key of ['twoDigitYearsFrom', 'sensitive', 'onEmpty', 'rejects']) assert.ok(text.includes(`"${key}"`), key);
  assert.ok(text.includes('"additionalProperties":false'));
});

test('words that YAML takes for something else are words where only words can stand', () => {
  const fields =
    '  a: { from: x, onEmpty: null, emptyWords: [NULL, ~] }\n  b: { from: x, type: enum, values: [1, true, 007] }';
  const rest = 'onEmpty: null\nsettings: { values: [1, null] }\n';
  const [entry] = parseMapping(withFields(`${fields}\n  c: { from: x, map: { values: 1 } }`, rest), 'm.yaml').entries;
  assert.deepEqual([entry?.settings, entry?.fields[2]?.map], [{ values: [1, null] }, { values: 1 }]);
  const [a, b] = entry?.fields ?? [];
  assert.deepEqual([a?.onEmpty, a?.emptyWords, b?.values], ['null', ['NULL', '~'], ['1', 'true', '007']]);
  const each =
    '{ fields: { b: { from: x, onEmpty: null, emptyWords: [NULL] } } } }\n  c: { each: { value: { from: x, type: boolean, trueWords: [1, yes], falseWords: [0] } } }';
  const [grouped] = parseMapping(withFields(`  a: { each: ${each}`, 'group: id\n'), 'm.yaml').entries;
  const [list, plain] = grouped?.fields ?? [];
  assert.partialDeepStrictEqual(list?.each?.fields?.[0], { onEmpty: 'null', emptyWords: ['NULL'] });
  assert.partialDeepStrictEqual(plain?.each?.value, { trueWords: ['1', 'yes'], falseWords: ['0'] });
  assert.deepEqual(complaints(withFields('  a: { from: x, onEmpty: }')), [
    '5:26: expected omit, null, keep, reject; found nothing',
  ]);
});

test('an editor may write $schema into a mapping, and it changes nothing of what the mapping means', () => {
  const text = withFields('  A: x');
  const named = JSON.stringify({
    $schema: './mapping.schema.json',
    ...JSON.parse(JSON.stringify(readYaml(text).data)),
  });
  assert.equal(mappingHash(parseMapping(named, 'm.json')), mappingHash(parseMapping(text, 'm.yaml')));
  assert.equal(mappingHash(parseMapping(`$schema: x\n${text}`, 'm.yaml')), mappingHash(parseMapping(text, 'm.yaml')));
});
