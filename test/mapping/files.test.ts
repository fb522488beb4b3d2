import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { compileMapping } from '../../src/mapping/compile.ts';
import { loadMapping, parseMapping } from '../../src/mapping/load.ts';
import { mappingHash } from '../../src/mapping/mapping-hash.ts';
import { runMappingTests } from '../../src/mapping/tests.ts';
import { type Fault, UserError } from '../../src/model/fault.ts';
import { type JsonObject, parseKeepingDigits } from '../../src/model/json.ts';
import { csv, fakeTarget, mapOne, ndjson, withFields } from '../support/fake-target.ts';

/** A folder with these files; gives the path of one by its name. */
async function folderWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<(name: string) => string> {
  const folder = await mkdtemp(join(tmpdir(), 'mapping-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return (name) => join(folder, name);
}

/** Complaints of loading or compiling, one a line, with the folder left out. */
async function complaintsOf(path: string, header: string[]): Promise<string[]> {
  try {
    compileMapping(await loadMapping(path), csv(...header), fakeTarget());
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.message.split('\n').map((line) => line.replaceAll(join(path, '..', '/'), ''));
  }
  return [];
}

test('a mapping begins with what it extends; what it says itself wins, and tests are its own', async (t) => {
  const at = await folderWith(t, {
    'base.yaml': withFields(
      '  a: x\n  b: { from: y, trim: true, type: integer }',
      'settings: { one: 1, two: 2 }\ntests: [{ row: {}, skips: true }]\n',
    ),
    'm.yaml': 'extends: base.yaml\nversion: 1\nsettings: { two: 3 }\nfields:\n  b: y\n  c: z\n',
  });
  const mapping = await loadMapping(at('m.yaml'));
  assert.deepEqual(mapping.entries[0]?.settings, { one: 1, two: 3 });
  assert.deepEqual(
    mapping.entries[0]?.fields.map(({ name, from, trim }) => [name, from, trim]),
    [
      ['a', ['x'], undefined],
      ['b', ['y'], undefined],
      ['c', ['z'], undefined],
    ],
  );
  assert.deepEqual(mapping.tests, []);
  assert.deepEqual(mapOne(compileMapping(mapping, csv('x', 'y', 'z'), fakeTarget()), ['1', ' 2', '3']), [
    { a: '1', b: ' 2', c: '3' },
  ]);
});

test('files that an inherited mapping names are looked for beside it', async (t) => {
  const at = await folderWith(t, {
    'shared/base.yaml': withFields(
      '  Store: { from: s, lookup: { file: data/s.csv, key: id, value: name } }\n  Tier: { from: l, map: data/levels.yaml }\n  Loud: { from: s, transform: hooks.mjs#loud }\n  L: { each: { fields: { t: { from: l, map: data/levels.yaml } } } }',
      'group: s\ntransform: { function: hooks.mjs#row, adds: [more] }\n',
    ),
    'shared/data/s.csv': 'id,name\n1,Lund\n',
    'shared/data/levels.yaml': 'a: gold\n',
    'shared/hooks.mjs': 'export const loud = (v) => v + "!";\nexport const row = (row) => ({ ...row, more: 1 });\n',
    'own/m.yaml': 'extends: ../shared/base.yaml\nfields:\n  More: more\n  Own: { from: l, map: own.json }\n',
    'own/own.json': '{"a":"mine"}',
    'own/again.yaml': 'extends: m.yaml\n',
  });
  const absolute = withFields(`  T: { from: l, map: ${JSON.stringify(at('own/own.json'))} }`);
  await writeFile(at('abs.yaml'), absolute);
  for (const name of ['own/m.yaml', 'own/again.yaml']) {
    const compiled = compileMapping(await loadMapping(at(name)), csv('s', 'l'), fakeTarget());
    assert.deepEqual(
      mapOne(compiled, ['1', 'a']),
      [{ Store: 'Lund', Tier: 'gold', Loud: '1!', L: [{ t: 'gold' }], More: 1, Own: 'mine' }],
      name,
    );
  }
  const outright = compileMapping(await loadMapping(at('abs.yaml')), csv('l'), fakeTarget());
  assert.deepEqual(mapOne(outright, ['a']), [{ T: 'mine' }]);
});

test('items replace an inherited operation, and the other way round', async (t) => {
  const at = await folderWith(t, {
    'one.yaml': withFields('  a: x'),
    'many.yaml':
      'extends: one.yaml\nitems: [{ operation: put, fields: { b: x } }, { operation: put, fields: { c: x } }]\n',
    'again.yaml': 'extends: many.yaml\noperation: put\nfields: { d: x }\n',
  });
  assert.equal((await loadMapping(at('many.yaml'))).entries.length, 2);
  assert.deepEqual((await loadMapping(at('again.yaml'))).entries[0]?.fields[0]?.name, 'd');
});

test('a complaint about what is inherited names the file it stands in', async (t) => {
  const at = await folderWith(t, {
    'base.yaml': withFields('  a: { from: x, type: datte }\n  b: nope'),
    'm.yaml': 'extends: base.yaml\nfields:\n  a: { from: gone }\n',
  });
  assert.deepEqual(await complaintsOf(at('m.yaml'), ['x']), [
    'm.yaml:3:14: the file has no column "gone"; it has "x"',
    'base.yaml:6:6: the file has no column "nope"; it has "x"',
  ]);
});

test('a circle of mappings, a missing one and one that is no YAML are refused', async (t) => {
  const at = await folderWith(t, {
    'a.yaml': 'extends: b.yaml\n',
    'b.yaml': 'extends: [a.yaml]\n',
    'c.yaml': 'extends: none.yaml\n',
    'd.yaml': 'extends: e.yaml\n',
    'e.yaml': 'a: [\n',
  });
  assert.deepEqual(await complaintsOf(at('a.yaml'), []), ['b.yaml:1:11: a.yaml extends this file in turn']);
  assert.match((await complaintsOf(at('c.yaml'), []))[0] ?? '', /none\.yaml is not there/);
  assert.match((await complaintsOf(at('d.yaml'), []))[0] ?? '', /^e\.yaml:\d+:\d+: not valid YAML/);
});

const lookup = (more = '') =>
  withFields(`  Store: { from: store, trim: true, lookup: { file: stores.csv, key: id, value: name }${more} }`);

test('a lookup finds its value in a second file, by a text key', async (t) => {
  const at = await folderWith(t, {
    'm.yaml': lookup(),
    'd.yaml': lookup(', default: none'),
    'stores.csv': '\ufeffid;name;x\r\n007;"Lund; C";1\r\n8;Malmö;1\r\n9;;1\r\n',
  });
  const compiled = compileMapping(await loadMapping(at('m.yaml')), csv('store'), fakeTarget());
  assert.deepEqual(mapOne(compiled, [' 007 ']), [{ Store: 'Lund; C' }]);
  assert.deepEqual(mapOne(compiled, ['8']), [{ Store: 'Malmö' }]);
  assert.deepEqual(mapOne(compiled, ['']), [{}]);
  for (const key of ['7', '9', 'constructor']) {
    assert.equal((mapOne(compiled, [key]) as readonly Fault[])[0]?.code, 'value-not-found', key);
  }
  const withDefault = compileMapping(await loadMapping(at('d.yaml')), csv('store'), fakeTarget());
  assert.deepEqual(mapOne(withDefault, ['7']), [{ Store: 'none' }]);
});

test('a lookup in NDJSON keeps the digits of long numbers, and types what it found', async (t) => {
  const at = await folderWith(t, {
    'm.yaml': withFields(
      '  N: { from: k, type: list<integer>, split: ",", lookup: { file: n.ndjson, key: k, value: v } }',
    ),
    'n.ndjson': '{"k":1,"v":9007199254740993}\n\n{"k":"b","v":"2"}\n',
  });
  const compiled = compileMapping(await loadMapping(at('m.yaml')), csv('k'), fakeTarget());
  const mapped = compiled.mapRow(['1,b'], { identity: () => '', now: 0 });
  assert.equal(mapped.kind === 'items' && mapped.items[0]?.json, '{"N":[9007199254740993,2]}');
});

test('an NDJSON row looks up by numbers and by elements of its lists, as by their digits', async (t) => {
  const at = await folderWith(t, {
    'm.yaml': withFields(
      '  Store: { from: at.store, lookup: { file: s.tsv, key: id, value: name } }\n  All: { from: at.all, type: list<string>, lookup: { file: s.tsv, key: id, value: name } }\n  Tier: { from: at.vip, map: tiers.json }',
    ),
    's.tsv': 'id\tname\n7\tLund\n12345678901234567890\tMalmö\n',
    'tiers.json': '{"true":"gold","false":"none"}',
  });
  const compiled = compileMapping(await loadMapping(at('m.yaml')), ndjson, fakeTarget());
  const row = parseKeepingDigits('{"at":{"store":12345678901234567890,"all":[7,"7"],"vip":true}}') as JsonObject;
  assert.deepEqual(mapOne(compiled, row), [{ Store: 'Malmö', All: ['Lund', 'Lund'], Tier: 'gold' }]);
  assert.equal((mapOne(compiled, { at: { store: 8 } }) as readonly Fault[])[0]?.code, 'value-not-found');
});

test('what is wrong with the second file is said at the field', async (t) => {
  const at = await folderWith(t, {
    'm.yaml': lookup(),
    'stores.csv': 'id,name\n1,a\n1,b\n',
    'same.yaml': lookup().replace('stores.csv', 'same.csv'),
    'same.csv': 'sep=,\nid,name\n1,a\n1,a\n',
    'none.yaml': lookup().replace('stores.csv', 'none.csv'),
    'column.yaml': lookup().replace('value: name', 'value: nam'),
    'ragged.yaml': lookup().replace('stores.csv', 'ragged.csv'),
    'ragged.csv': 'id,name\n1,a,b\n',
  });
  const complaints = (name: string) => complaintsOf(at(name), ['store']);
  assert.deepEqual(await complaints('m.yaml'), [
    'm.yaml:5:53: stores.csv has the key "1" twice, with different values (line 3)',
  ]);
  assert.deepEqual(await complaints('same.yaml'), []);
  assert.match((await complaints('none.yaml'))[0] ?? '', /^none\.yaml:5:53: none\.csv is not there/);
  assert.deepEqual(await complaints('column.yaml'), [
    'column.yaml:5:81: stores.csv has no column "nam" (did you mean "name"?)',
  ]);
  assert.match((await complaints('ragged.yaml'))[0] ?? '', /3 columns in record 1, and 2/);
});

const hooks = `
export const shout = (value: string, row: Record<string, string>): string => \`\${value}! \${row['y']}\`;
export const fromRow = (_: null, row: Record<string, string>) => ({ all: Object.keys(row) });
export const nothing = () => undefined;
export const big = () => 12345678901234567890n;
export const fails = (value: string) => { throw new Error('cannot take ' + value); };
export const waits = async () => 1;
export const nan = () => NaN;
export const notAFunction = 1;
`;

test('a transform is a function of a local module, of the value and the row', async (t) => {
  const fields = ['shout', 'nothing', 'big', 'fails', 'waits', 'nan']
    .map((name) => `  ${name}: { from: x, transform: "hooks.ts#${name}" }`)
    .join('\n');
  const at = await folderWith(t, {
    'hooks.ts': hooks,
    'm.yaml': withFields(
      `${fields}\n  typed: { from: x, transform: hooks.ts#shout, type: integer }\n  row: { transform: hooks.ts#fromRow }`,
    ),
    'package.json': '{"type":"module"}',
  });
  const compiled = compileMapping(await loadMapping(at('m.yaml')), csv('x', 'y'), fakeTarget());
  const faults = mapOne(compiled, ['a', 'b']) as readonly Fault[];
  assert.deepEqual(
    faults.map(({ field, code, reason }) => [field, code, reason]),
    [
      ['fails', 'transform-failed', 'hooks.ts#fails failed: cannot take a'],
      ['waits', 'transform-failed', 'hooks.ts#waits gave a promise: a transform cannot wait for anything'],
      ['nan', 'transform-failed', 'hooks.ts#nan gave NaN or an infinity, which cannot be sent'],
      ['typed', 'value-integer', 'expected an integer: digits only, with or without a sign'],
    ],
  );
  const good = await folderWith(t, {
    'hooks.ts': hooks,
    'm.yaml': withFields(
      '  a: { from: x, transform: hooks.ts#shout, upper: true }\n  b: { from: x, transform: hooks.ts#nothing }\n  c: { from: x, transform: hooks.ts#big }\n  d: { transform: hooks.ts#fromRow }',
    ),
    'package.json': '{"type":"module"}',
  });
  const mapped = compileMapping(await loadMapping(good('m.yaml')), csv('x', 'y'), fakeTarget()).mapRow(['a', 'b'], {
    identity: () => '',
    now: 0,
  });
  assert.equal(
    mapped.kind === 'items' && mapped.items[0]?.json,
    '{"a":"A! B","c":12345678901234567890,"d":{"all":["x","y"]}}',
  );
});

test('a transform of NDJSON gets the row as it is', async (t) => {
  const at = await folderWith(t, {
    'hooks.mjs': 'export const sum = (_, row) => row.n.reduce((a, b) => a + b, 0);\n',
    'm.yaml': withFields('  s: { transform: hooks.mjs#sum }'),
  });
  const compiled = compileMapping(await loadMapping(at('m.yaml')), ndjson, fakeTarget());
  assert.deepEqual(mapOne(compiled, { n: [1, 2] }), [{ s: 3 }]);
});

test('a module or function that is not there is refused before the first row', async (t) => {
  const at = await folderWith(t, {
    'hooks.mjs': 'export const phone = (v) => v;\nexport const x = 1;\n',
    'broken.mjs': 'export const = 1;\n',
    'a.yaml': withFields('  s: { from: x, transform: none.mjs#sum }\n  t: { from: x, transform: hooks }'),
    'b.yaml': withFields(
      '  s: { from: x, transform: hooks.mjs#phne }\n  t: { from: x, transform: hooks.mjs#x }\n  u: { from: x, transform: broken.mjs#x }',
    ),
  });
  assert.deepEqual(await complaintsOf(at('a.yaml'), ['x']), [
    'a.yaml:5:28: none.mjs is not there or cannot be read (the path begins at the mapping)',
    'a.yaml:6:28: expected a local module and a function of it, such as tidy.ts#phone; found "hooks"',
  ]);
  const [phone, x, broken] = await complaintsOf(at('b.yaml'), ['x']);
  assert.equal(phone, 'b.yaml:5:28: hooks.mjs exports no function "phne" (did you mean "phone"?)');
  assert.equal(x, 'b.yaml:6:28: hooks.mjs exports no function "x"');
  assert.match(broken ?? '', /^b\.yaml:7:28: broken\.mjs cannot be loaded/);
});

test("other contents of a second file or a module are another mapping's meaning", async (t) => {
  const files = {
    'm.yaml': `${lookup()}  T: { from: store, transform: hooks.mjs#t }\n`,
    'stores.csv': 'id,name\n1,a\n',
    'hooks.mjs': 'export const t = (v) => v;\n',
  };
  const hash = async (changed: Record<string, string>) => {
    const at = await folderWith(t, { ...files, ...changed });
    return mappingHash(await loadMapping(at('m.yaml')));
  };
  const plain = await hash({});
  assert.equal(await hash({ 'stores.csv': 'id;name;more\n1;a;x\n' }), plain);
  assert.notEqual(await hash({ 'stores.csv': 'id,name\n1,b\n' }), plain);
  assert.notEqual(await hash({ 'hooks.mjs': 'export const t = (v) => v + 1;\n' }), plain);
});

test('half a character in the second file is told, and never becomes another', async (t) => {
  const at = await folderWith(t, {
    'm.yaml': withFields('  N: { from: k, lookup: { file: n.ndjson, key: k, value: v } }'),
    'n.ndjson': '{"k":"a","v":"b"}\n{"k":"c","v":"\\ud83d"}\n',
  });
  assert.match((await complaintsOf(at('m.yaml'), ['k']))[0] ?? '', /n\.ndjson holds half of a surrogate pair.*line 2/);
});

test('the digest of a table is that of its pairs as JSON, by which a load under way knows it', async (t) => {
  const at = await folderWith(t, {
    'm.yaml': lookup(),
    'stores.csv': 'id,name\n1,å\n,none\n2,\n1,å\n3,"c ""d"\u0022"\n',
  });
  const { tables } = await loadMapping(at('m.yaml'));
  const pairs = [
    ['1', 'å'],
    ['2', ''],
    ['3', 'c "d"'],
  ];
  const expected = createHash('sha256').update(JSON.stringify(pairs)).digest('hex');
  assert.deepEqual(
    Object.values(tables).map(({ digest }) => digest),
    [expected],
  );
});

test('a mapping with tables can be sent to a thread', async (t) => {
  const at = await folderWith(t, { 'm.yaml': lookup(), 'stores.csv': 'id,name\n1,a\n' });
  const mapping = structuredClone(await loadMapping(at('m.yaml')));
  assert.deepEqual(mapOne(compileMapping(mapping, csv('store'), fakeTarget()), ['1']), [{ Store: 'a' }]);
});

const rowHooks = `
export const tidy = (row) =>
  row.status === 'deleted' ? null : { ...row, name: \`\${row['First Name']} \${row.last}\`, age: Number(row.age), lines: [{ sku: row.sku }] };
export const plain = (row) => ({ ...row, seen: Object.keys(row).join('|') });
export const text = () => 'a text';
export const fails = (row) => { throw new Error('cannot take ' + row.last); };
export const waits = async (row) => row;
`;
const header = ['First Name', 'last', 'age', 'sku', 'status'];
const adds = 'transform: { function: hooks.mjs#tidy, adds: [name, lines] }\n';
const changed = withFields(
  '  Name: name\n  Age: age\n  Sku: lines[0].sku\n  Words: { expr: "name + row[\\"last\\"]" }',
  adds,
);

test('a transform of the mapping changes the row before where and fields see it, and leaves out rows by null', async (t) => {
  const at = await folderWith(t, { 'hooks.mjs': rowHooks, 'm.yaml': `${changed}where: age > 17.0\nkey: last\n` });
  const compiled = compileMapping(await loadMapping(at('m.yaml')), csv(...header), fakeTarget());
  assert.deepEqual(mapOne(compiled, ['Ada', 'Byron', '36', 'TEA', '']), [
    { Name: 'Ada Byron', Age: 36, Sku: 'TEA', Words: 'Ada ByronByron' },
  ]);
  assert.equal(mapOne(compiled, ['Ada', 'Byron', '36', 'TEA', 'deleted']), 'skipped');
  assert.equal(mapOne(compiled, ['Ada', 'Byron', '7', 'TEA', '']), 'skipped');
  assert.equal(compiled.keyOf(['Ada', 'Byron', '36', 'TEA', '']), 'Byron');
});

test('a transform gets every column of a CSV row, whatever it is called, in an object of its own', async (t) => {
  const names = [
    '__proto__',
    'constructor',
    '1',
    ...Array.from({ length: 40 }, (_, index) => `column ${index}`),
    'last',
  ];
  const at = await folderWith(t, {
    'hooks.mjs': `
      const kept = Object.freeze({ at: new Date(0) });
      const given = new Set();
      export const row = (row) => {
        if (given.has(row)) throw new Error('had it');
        given.add(row);
        const seen = Object.entries(row).map(String).join(';');
        row.last = 'changed';
        return { ...row, seen, when: new Date(0), list: [new Map([['a', 1n]]), kept] };
      };
    `,
    'm.yaml': withFields(
      '  Seen: seen\n  Proto: __proto__\n  Last: last\n  When: when\n  List: list',
      'key: last\ntransform: { function: hooks.mjs#row, adds: [seen, when, list] }\n',
    ),
  });
  const compiled = compileMapping(await loadMapping(at('m.yaml')), csv(...names), fakeTarget());
  const cells = names.map((_, index) => `cell ${index}`);
  const seen = Object.entries(Object.fromEntries(names.map((name, index) => [name, cells[index]])));
  for (let again = 0; again < 2; again++) {
    const [item] = mapOne(compiled, cells) as JsonObject[];
    assert.equal(item?.['Proto'], 'cell 0');
    assert.deepEqual(new Set(String(item?.['Seen']).split(';')), new Set(seen.map(String)));
    assert.equal(item?.['Last'], 'changed');
    assert.deepEqual(
      [item?.['When'], item?.['List']],
      ['1970-01-01T00:00:00Z', [{ a: 1 }, { at: '1970-01-01T00:00:00Z' }]],
    );
  }
  assert.equal(compiled.keyOf(cells), `cell ${names.length - 1}`);
});

test('a transform of the mapping gets an NDJSON row as it is, and what it gives has every path', async (t) => {
  const at = await folderWith(t, {
    'hooks.mjs': 'export const flat = (row) => { row.long = row.id; row.id = 0; return { ...row.deep, ...row }; };\n',
    'm.yaml': withFields('  a: b.c[1]\n  id: long', 'key: id\ntransform: hooks.mjs#flat\n'),
  });
  const compiled = compileMapping(await loadMapping(at('m.yaml')), ndjson, fakeTarget());
  const row = parseKeepingDigits('{"deep":{"b":{"c":[1,2]}},"id":12345678901234567890}') as JsonObject;
  const mapped = compiled.mapRow(row, { identity: () => '', now: 0 });
  assert.equal(mapped.kind === 'items' && mapped.items[0]?.json, '{"a":2,"id":12345678901234567890}');
  assert.equal(compiled.keyOf(row), '12345678901234567890');
});

test('columns behind a transform of the mapping are still checked: those of the file, and those that it adds', async (t) => {
  const at = await folderWith(t, {
    'hooks.mjs': rowHooks,
    'a.yaml': changed.replace('Name: name', 'Name: nmae').replace('name + row', 'nam + row'),
    'b.yaml': changed.replace('adds: [name, lines]', 'ads: [name]'),
    'c.yaml': changed.replace('#tidy', '#tidi'),
    'd.yaml': `${withFields('  a: last', 'transform: hooks.mjs\n')}`,
  });
  assert.deepEqual(await complaintsOf(at('a.yaml'), header), [
    'a.yaml:6:9: the file has no column "nmae" (did you mean "name"?)',
    'a.yaml:9:19: the file has no column "nam" (did you mean "name"?)',
  ]);
  assert.deepEqual(await complaintsOf(at('b.yaml'), header), ['b.yaml:4:40: unknown key "ads" (did you mean "adds"?)']);
  assert.deepEqual(await complaintsOf(at('c.yaml'), header), [
    'c.yaml:4:24: hooks.mjs exports no function "tidi" (did you mean "tidy"?)',
  ]);
  assert.deepEqual(await complaintsOf(at('d.yaml'), header), [
    'd.yaml:4:12: expected a local module and a function of it, such as tidy.ts#phone; found "hooks.mjs"',
  ]);
});

test('a transform of the mapping that fails, waits or gives no row rejects the row, and quotes nothing sensitive', async (t) => {
  const mapping = (name: string, field = 'last') => withFields(`  a: ${field}`, `transform: hooks.mjs#${name}\n`);
  const at = await folderWith(t, {
    'hooks.mjs': rowHooks,
    'text.yaml': mapping('text'),
    'waits.yaml': mapping('waits'),
    'fails.yaml': mapping('fails'),
    'hidden.yaml': mapping('fails', '{ from: age, sensitive: true }'),
    'derived.yaml': mapping('plain', '{ from: age, sensitive: true }\n  b: { from: last, type: integer }'),
  });
  const faultsOf = async (name: string) => {
    const compiled = compileMapping(await loadMapping(at(name)), csv(...header), fakeTarget());
    const faults = mapOne(compiled, ['Ada', 'Byron', '36', 'TEA', '']) as readonly Fault[];
    return faults.map(({ code, reason, value }) => [code, reason, value]);
  };
  const failed = (reason: string) => [['transform-failed', `hooks.mjs#${reason}`, undefined]];
  assert.deepEqual(await faultsOf('text.yaml'), failed('text gave neither a row nor null'));
  assert.deepEqual(await faultsOf('waits.yaml'), failed('waits gave a promise: a transform cannot wait for anything'));
  assert.deepEqual(await faultsOf('fails.yaml'), failed('fails failed: cannot take Byron'));
  assert.deepEqual(await faultsOf('hidden.yaml'), failed('fails failed'));
  // Nobody knows which columns the sensitive one was made of.
  assert.deepEqual((await faultsOf('derived.yaml'))[0]?.[2], '•••');
});

test('a transform changes each row of a group, and leaves out all of them or none', async (t) => {
  const at = await folderWith(t, {
    'hooks.mjs':
      'export const row = (row) => row.qty === "0" ? null : ({ ...row, qty: Number(row.qty), all: row.id + row.sku });\n',
    'm.yaml': withFields(
      '  id: id\n  lines: { each: { fields: { all: all, qty: qty } } }\n  sum: { expr: "sum(rows.map(r, r.qty))" }',
      'key: id\ngroup: id\ntransform: { function: hooks.mjs#row, adds: [all] }\n',
    ),
  });
  const compiled = compileMapping(await loadMapping(at('m.yaml')), csv('id', 'sku', 'qty'), fakeTarget());
  const mapped = (...rows: string[][]) => {
    const result = compiled.group?.mapRows(rows, { identity: () => '', now: 0 });
    return result?.kind === 'items' ? JSON.parse(result.items[0]?.json ?? '') : result;
  };
  assert.deepEqual(mapped(['A', 'x', '2'], ['A', 'y', '3']), {
    id: 'A',
    lines: [
      { all: 'Ax', qty: 2 },
      { all: 'Ay', qty: 3 },
    ],
    sum: 5,
  });
  assert.deepEqual(mapped(['A', 'x', '0'], ['A', 'y', '0']), { kind: 'skipped' });
  assert.partialDeepStrictEqual(mapped(['A', 'x', '1'], ['A', 'y', '0']), {
    kind: 'rejected',
    faults: [{ row: 1, code: 'transform-failed' }],
  });
});

test('a transform of the mapping is part of what it means, and its tests go through it', async (t) => {
  const files = {
    'hooks.mjs': rowHooks,
    'm.yaml': `${changed}tests:\n  - row: { First Name: Ada, last: B, age: 7, sku: x }\n    gives: { Name: Ada B, Age: 7, Sku: x }\n  - row: { status: deleted }\n    skips: true\n`,
    'plain.yaml': `${withFields('  a: seen\n  b: new', 'transform: { function: hooks.mjs#plain, adds: [seen, new] }\n')}tests:\n  - row: { last: x }\n    gives: { a: last }\n`,
    'other.yaml': changed.replace('#tidy', '#plain'),
  };
  const at = await folderWith(t, files);
  const mapping = await loadMapping(at('m.yaml'));
  const outcomes = [mapping, await loadMapping(at('plain.yaml'))].flatMap((one) =>
    runMappingTests(one, fakeTarget(), { now: 0 }),
  );
  assert.deepEqual(
    outcomes.flatMap(({ differences }) => differences),
    [],
  );
  assert.equal(outcomes.length, 3);
  assert.notEqual(mappingHash(mapping), mappingHash(await loadMapping(at('other.yaml'))));
  assert.deepEqual(Object.keys(mapping.modules), ['hooks.mjs']);
});

const levels = (rest = '') => withFields(`  Tier: { from: level, map: levels.yaml${rest} }`);

test('a map may stand in a file of its own, and means the same there', async (t) => {
  const at = await folderWith(t, {
    'm.yaml': levels(),
    'items.yaml':
      'version: 1\ntarget: fake\ngroup: level\nitems:\n  - operation: put\n    fields: { L: { each: { value: { from: level, map: levels.json } } } }\n',
    'inline.yaml': levels().replace('levels.yaml', '{ "1": gold, "02": silver }'),
    'levels.yaml': '# of the shop\n1: gold\n02: silver\n',
    'levels.json': '{"1":"gold","02":"silver"}',
  });
  const mapping = await loadMapping(at('m.yaml'));
  const compiled = compileMapping(structuredClone(mapping), csv('level'), fakeTarget());
  assert.deepEqual(mapOne(compiled, ['02']), [{ Tier: 'silver' }]);
  assert.equal((mapOne(compiled, ['2']) as readonly Fault[])[0]?.code, 'value-not-in-map');
  assert.equal(mappingHash(mapping), mappingHash(await loadMapping(at('inline.yaml'))));
  const inItems = compileMapping(await loadMapping(at('items.yaml')), csv('level'), fakeTarget());
  assert.deepEqual(mapOne(inItems, ['1']), [{ L: ['gold'] }]);
});

test('what is wrong with the file of a map is said with its own line, or at the field', async (t) => {
  const at = await folderWith(t, {
    'a.yaml': levels(', type: integer'),
    'levels.yaml': '1: 7\n2: seven\n',
    'b.yaml': levels().replace('levels.yaml', 'lists.yaml'),
    'lists.yaml': '1: [a]\n',
    'c.yaml': levels().replace('levels.yaml', 'none.yaml'),
    'd.yaml': levels().replace('levels.yaml', 'levels.csv'),
    'e.yaml': levels().replace('levels.yaml', 'twice.yaml'),
    'twice.yaml': '1: a\n1: b\n',
    'f.yaml': levels().replace('levels.yaml', 'text.yaml'),
    'text.yaml': 'gold silver\n',
  });
  const complaints = async (name: string) => (await complaintsOf(at(name), ['level'])).join('\n');
  assert.match(await complaints('a.yaml'), /^levels\.yaml:2:4: expected an integer/);
  assert.match(
    await complaints('b.yaml'),
    /^lists\.yaml:1:4: expected text or a number or true or false or null, found a list$/,
  );
  assert.match(await complaints('c.yaml'), /^c\.yaml:5:29: none\.yaml is not there/);
  assert.match(await complaints('d.yaml'), /^d\.yaml:5:29: levels\.csv is a table: say lookup: \{ file: levels\.csv/);
  assert.match(await complaints('e.yaml'), /^twice\.yaml:2:1: "1" stands here a second time \(first in line 1\)$/);
  assert.match(await complaints('f.yaml'), /^f\.yaml:5:29: text\.yaml must hold a map/);
  assert.throws(
    () => compileMapping(parseMapping(levels(), 'm.yaml'), csv('level'), fakeTarget()),
    /5:29: the file of the map was not read/,
  );
});
