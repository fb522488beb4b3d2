/**
 * Everything that somebody could put into a file, a mapping, a config or an answer to bring the program down or to speak
 * through it, end to end. Each ends in a code and a hint, or is handled, within a bound of memory; nothing hangs, nothing
 * is an internal error, and no control character gets to the terminal. The largest ones stand in test/long/hostile.test.ts.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { assertNoCommands, type Guarded, runGuarded } from '../support/guarded.ts';
import { startRecorder } from '../support/recorder.ts';
import { createWorkdir, type Workdir, writeStreamSetup } from '../support/workdir.ts';

/** A process that has nothing to do needs about 100 MB. */
const mostMb = 400;

interface Attack {
  readonly name: string;
  readonly files: Readonly<Record<string, string | Uint8Array | (() => string | Uint8Array)>>;
  /** Default: validate the one file that is no mapping and no config. */
  readonly args?: readonly string[];
  readonly mostMb?: number;
  readonly status: number;
  /** Codes that stand in brackets or in the summary. */
  readonly codes?: readonly string[];
  readonly says?: RegExp;
  readonly check?: (ran: Guarded, workdir: Workdir) => void;
}

const head = 'version: 1\ntarget: raptor\noperation: person\nsettings: { writeMode: append }\n';
const plain = `${head}fields:\n  CustomerId: { from: id, required: true }\n`;
const validate = ['validate', 'p.csv', '-t', 'stream', '-m', 'm.yaml', '--json'];
const csv = 'id,x\n1,a\n';

const mapping = (name: string, text: string, says: RegExp, more: Partial<Attack> = {}): Attack => ({
  name: `mapping: ${name}`,
  files: { 'm.yaml': text, 'p.csv': csv },
  status: 2,
  codes: ['mapping-invalid'],
  says,
  ...more,
});
const expression = (name: string, text: string, says: RegExp): Attack =>
  mapping(`expression: ${name}`, `${plain}  X: { expr: ${JSON.stringify(text)}, onEmpty: keep }\n`, says);
const config = (name: string, text: string | (() => string), codes: readonly string[], says?: RegExp): Attack => ({
  name: `config: ${name}`,
  files: { 'cdp-load.yaml': text, 'm.yaml': plain, 'p.csv': csv },
  status: 2,
  codes,
  ...(says === undefined ? {} : { says }),
});
const rows = (
  name: string,
  file: string,
  content: string | Uint8Array | (() => string | Uint8Array),
  more: Partial<Attack>,
): Attack => ({
  name: `rows: ${name}`,
  files: { 'm.yaml': plain, [file]: content },
  args: ['validate', file, '-t', 'stream', '-m', 'm.yaml', '--json'],
  status: 1,
  ...more,
});

const laughs = (top: string): string => {
  const lines = ['fragments:', '  a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]'];
  for (let level = 1; level < 12; level++)
    lines.push(
      `  a${level}: &a${level} [${Array(9)
        .fill(`*a${level - 1}`)
        .join(', ')}]`,
    );
  return `${lines.join('\n')}\n${top}`;
};
const deepList = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const raptorConfig = (more: string): string =>
  `targets:\n  stream:\n    type: raptor\n    accountId: "12345"\n    streamId: 3f0c7d52-8a1e-4b6f-9c33-0d7e5a1b2c44\n    writeMode: append\n${more}`;

const attacks: readonly Attack[] = [
  // YAML
  mapping('a billion laughs', laughs(plain), /more than 100000 values once aliases are followed/),
  mapping(
    'an alias that holds itself',
    `${head}fields: &f\n  A: id\n  B: { const: *f }\n`,
    /stands inside what it names/,
  ),
  mapping('lists 20,000 deep', `${plain}fragments: ${deepList(20_000)}\n`, /nested/),
  mapping(
    'keys by the ten thousand',
    `${plain}fragments:\n${Array.from({ length: 50_000 }, (_, i) => `  k${i}: ${i}\n`).join('')}`,
    /./,
    {
      status: 0,
      codes: [],
    },
  ),
  mapping('a file of 2 MB', `${plain}# ${'x'.repeat(2_000_000)}\n`, /larger than/, { codes: ['mapping-unreadable'] }),
  mapping('bytes that are no text', '\u0000\u0001'.repeat(100), /./),
  mapping('an extends that comes back', `extends: m.yaml\n${plain}`, /extends this file in turn/),
  mapping('an extends that comes back by another way', `extends: ./x/../other.yaml\n${plain}`, /in turn/, {
    files: { 'm.yaml': `extends: ./x/../other.yaml\n${plain}`, 'other.yaml': 'extends: m.yaml\n', 'p.csv': csv },
  }),
  mapping('laughs in what it extends', 'extends: other.yaml\n', /more than 100000 values/, {
    files: { 'm.yaml': `extends: other.yaml\n${plain}`, 'other.yaml': laughs(plain), 'p.csv': csv },
  }),
  mapping('bases that double in number at each step', '', /more than 64 files/, {
    files: {
      'm.yaml': `extends: [${Array(9).fill('b0.yaml').join(', ')}]\n${plain}`,
      ...Object.fromEntries(
        Array.from({ length: 6 }, (_, i) => [
          `b${i}.yaml`,
          `extends: [${Array(9)
            .fill(`b${i + 1}.yaml`)
            .join(', ')}]\n`,
        ]),
      ),
      'b6.yaml': plain,
      'p.csv': csv,
    },
  }),
  mapping('a field called __proto__', `${plain}  a.__proto__.b: id\n  __proto__: id\n`, /called __proto__/),
  mapping('a value map with __proto__', `${plain}  M: { from: x, map: { __proto__: a } }\n`, /called __proto__/),
  mapping('an operation called constructor', plain.replace('person', 'constructor'), /no operation "constructor"/),
  mapping('half of a character', `${plain}  X: { const: "\\ud83d" }\n`, /half of a character/),
  mapping('terminal escapes in its texts', `${plain}  "\\e[31mred": "\\e]0;owned\\a"\n`, /owned/),

  // Expressions
  expression('macros in macros', '[x].map(a, [a].map(b, [b].map(c, c)))', /nested more than 2 deep/),
  expression(
    'text that doubles',
    `${'cel.bind(a, x + x, '.repeat(9)}a${')'.repeat(9)}`,
    /more than 8 list macros|without bound/,
  ),
  expression('lists that double', `[x]${'.map(y, y + y + y + y + y)'.repeat(8)}`, /without bound/),
  expression('brackets 4,000 deep', `${'('.repeat(4000)}x${')'.repeat(4000)}`, /depth/i),
  expression('a list of 5,000', `[${Array(3000).fill('1').join(',')}]`, /./),
  expression('12,000 characters', `x + "${'y'.repeat(12_000)}"`, /longer than 10000/),
  expression('a pattern with look-ahead', 'x.matches("(?=a)b") ? x : ""', /linear time/),
  {
    name: 'expression: a pattern that would backtrack, a result that would not end',
    files: {
      'm.yaml': `${plain}  A: { expr: 'x.matches("^(a+)+$") ? "y" : "n"', onEmpty: keep }\n  B: { expr: 'replace(replace(x, "a", x), "a", x)', onEmpty: keep }\n`,
      'p.csv': `id,x\n1,${'a'.repeat(40_000)}!\n`,
    },
    status: 1,
    codes: ['expression-failed'],
    says: /too long/,
  },
  {
    name: 'a pattern of a declared schema that would backtrack',
    files: {
      'cdp-load.yaml':
        'targets:\n  stream:\n    type: adobe\n    inletUrl: https://dcs.adobedc.net/collection/' +
        `${'ab'.repeat(32)}\n    imsOrgId: A@AdobeOrg\n    sandboxName: dev\n    datasetId: ${'a'.repeat(24)}\n    flowId: 7c9e6679-7425-40de-944b-e07fc1f90ae7\n    schemaId: https://ns.adobe.com/x\n`,
      'm.yaml':
        'version: 1\ntarget: adobe\noperation: record\nsettings: { schema: { name: { type: string, pattern: "^(a+)+$" } } }\nfields:\n  identityMap.Email: { from: id, required: true }\n  name: x\n',
      'p.csv': `id,x\n1,${'a'.repeat(50_000)}!\n`,
    },
    status: 1,
    codes: ['field-format'],
  },

  // Config
  config('a billion laughs', laughs('targets: {}\n'), ['config-invalid']),
  config('an alias that holds itself', 'targets: &t { stream: *t }\n', ['config-invalid']),
  config('lists 20,000 deep', `targets: ${deepList(20_000)}\n`, ['config-invalid']),
  config('60 MB', () => `# ${'x'.repeat(60_000_000)}\n`, ['config-invalid'], /larger than/),
  config(
    'keys by the hundred thousand',
    `targets:\n  stream:\n    type: raptor\n${Array.from({ length: 60_000 }, (_, i) => `    k${i}: 1\n`).join('')}`,
    ['config-invalid'],
  ),
  {
    ...config('a target called __proto__', `${raptorConfig('')}  __proto__: { type: raptor }\n`, ['target-unknown']),
    args: ['validate', 'p.csv', '-t', '__proto__', '-m', 'm.yaml', '--json'],
  },
  config(
    'terminal escapes in names and values',
    `targets:\n  "\\e[31m": { type: "\\e]0;x\\a" }\n  stream: { type: "\\x9b2J" }\n`,
    ['config-invalid'],
  ),
  {
    ...config('a mapping that is a folder', raptorConfig('    mapping: "."\n'), ['mapping-unreadable']),
    args: ['validate', 'p.csv', '-t', 'stream', '--json'],
  },
  {
    name: 'a target called constructor on the command line',
    files: { 'p.csv': csv, 'm.yaml': plain },
    args: ['validate', 'p.csv', '-t', 'constructor', '-m', 'm.yaml', '--json'],
    status: 2,
    codes: ['target-unknown'],
  },

  // Rows
  rows(
    'columns by the ten thousand',
    'p.csv',
    () => {
      const names = Array.from({ length: 10_000 }, (_, i) => `column ${i}`);
      return `id,${names.join(',')}\n${Array.from({ length: 20 }, (_, i) => `${i},${names.map(() => 'v').join(',')}`).join('\n')}\n`;
    },
    { status: 0 },
  ),
  {
    name: 'a misspelt column among ten thousand',
    files: {
      'm.yaml': plain.replace('from: id', 'from: column 99999'),
      'p.csv': () => `${Array.from({ length: 10_000 }, (_, i) => `column ${i}`).join(',')}\n${',x'.repeat(9_999)}\n`,
    },
    args: validate,
    status: 2,
    codes: ['mapping-invalid'],
    says: /did you mean/,
  },
  rows('the same names twice, ten thousand of them', 'p.csv', () => `${Array(10_000).fill('a').join(',')}\n1\n`, {
    status: 2,
    codes: ['header-duplicate'],
  }),
  rows('columns without names', 'p.csv', 'id,,\n1,2,3\n', { status: 2, codes: ['header-empty-name'] }),
  rows(
    'names of columns that command',
    'p.csv',
    `id,\u001b]0;x\u0007,\u202ename\n${'1,some,text\n'.repeat(20)},a,b\n`,
    {
      codes: ['value-missing'],
    },
  ),
  rows(
    'a cell of 50 MB over many lines',
    'p.csv',
    () => `id,x\n1,"${`${'some text '.repeat(100)}\n`.repeat(50_000)}"\n2,b\n`,
    {
      codes: ['csv-broken-quote'],
    },
  ),
  rows('a cell of 50 MB in one line', 'p.csv', () => `id,x\n1,${'x'.repeat(50_000_000)}\n2,b\n`, {
    codes: ['row-too-large'],
  }),
  rows('a quote that is never closed, in 4 MB', 'p.csv', () => `id,x\n1,"open\n${'2,b\n'.repeat(1_000_000)}`, {
    codes: ['csv-broken-quote'],
    check: ({ summary }) => assert.deepEqual([summary['read'], summary['rejected']], [1_000_001, 1]),
  }),
  rows(
    'NULs, controls and escapes',
    'p.csv',
    `${'id,x\n'}${'5,fine\n'.repeat(200)},a\u0000b\n,\u001b[2J\u0007\u009b31m\u202e\n`,
    { codes: ['value-missing'] },
  ),
  rows('half of a surrogate pair', 'p.ndjson', '{"id":"\\ud800"}\n{"id":"a","b":{"\\udfff":1}}\n{"id":"ok"}\n', {
    codes: ['lone-surrogate'],
    check: ({ summary }) => assert.deepEqual([summary['accepted'], summary['rejected']], [1, 2]),
  }),
  rows(
    'JSON 100,000 levels deep',
    'p.ndjson',
    `{"id":${'['.repeat(100_000)}${']'.repeat(100_000)}}\n{"id":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}\n{"id":"1"}\n`,
    {
      codes: ['ndjson-too-deep'],
      check: ({ summary }) => assert.deepEqual([summary['accepted'], summary['rejected']], [1, 2]),
    },
  ),
  {
    name: 'rows: JSON 100,000 levels deep in a cell',
    files: {
      'm.yaml': `${plain}  X: { from: x, type: json, onEmpty: keep }\n`.replace(', onEmpty: keep', ', onEmpty: "null"'),
      'p.csv': `id,x\n1,${deepList(100_000)}\n2,${deepList(3000)}\n3,${deepList(1000)}\n`,
    },
    args: validate,
    status: 1,
    codes: ['value-json'],
    check: ({ summary }) => assert.equal((summary['faults'] as { count: number }[])[0]?.count, 2),
  },
  rows(
    'numbers without measure',
    'p.ndjson',
    `{"id":1e999}\n{"id":-1e999}\n{"id":${'9'.repeat(400)}}\n{"id":0.${'1'.repeat(400)}}\n{"id":1e-999}\n`,
    { codes: ['field-type', 'field-range'].slice(0, 0), status: 1 },
  ),
  rows('one key twice in an object', 'p.ndjson', '{"id":"a","id":"b"}\n', { status: 0 }),
  rows('a line of 50 MB', 'p.ndjson', () => `{"id":"${'x'.repeat(50_000_000)}"}\n{"id":"b"}\n`, {
    codes: ['row-too-large'],
  }),
  rows(
    'a key of each kind for 200,000 rows',
    'p.csv',
    () => `id,x\n${Array.from({ length: 200_000 }, (_, i) => `${i},a\n`).join('')}`,
    {
      status: 0,
      files: {
        'm.yaml': plain.replace('fields:', 'key: id\nfields:'),
        'p.csv': () => `id,x\n${Array.from({ length: 200_000 }, (_, i) => `${i},a\n`).join('')}`,
      },
    },
  ),
  rows('formulas', 'p.csv', 'id,x\n,"=cmd|\' /C calc\'!A0"\n', {
    codes: ['value-missing'],
    // The rejects hold what the file held: they are the user's data, to be sent again as they are.
    check: ({ summary }) =>
      assert.match(readFileSync(String(summary['rejectsFile']), 'utf8'), /"=cmd\|' \/C calc'!A0"/),
  }),
];

describe('hostile input, through the real binary', { concurrency: 2 }, () => {
  for (const attack of attacks) {
    test(attack.name, async (t) => {
      const workdir = createWorkdir(t);
      writeStreamSetup(workdir, 'https://example.invalid');
      for (const [name, content] of Object.entries(attack.files))
        workdir.file(name, typeof content === 'function' ? content() : content);
      const ran = await runGuarded(workdir, attack.args ?? validate, { mostMb: attack.mostMb ?? mostMb });
      const said = ran.stdout + ran.stderr;
      assert.equal(ran.status, attack.status, said.slice(0, 4000));
      for (const code of attack.codes ?? [])
        assert.ok(said.includes(`"${code}"`) || said.includes(`[${code}]`), `no ${code} in ${said.slice(0, 2000)}`);
      if (attack.status === 2)
        assert.ok(typeof ran.summary['hint'] === 'string' && ran.summary['hint'] !== '', `no hint: ${said}`);
      if (attack.says !== undefined) assert.match(said, attack.says);
      attack.check?.(ran, workdir);
      t.diagnostic(`${Math.round(ran.peakMb)} MB`);
    });
  }
});

const evil = '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202e\u2028<script>alert("1")</script>';
/** In a file's name there can be no slash. */
const evilName = evil.replace('/', '');
/** Spelled out, since YAML lets no control character stand. */
const yaml = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u202e]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

test('what stands in names, rows, mappings and configs commands no terminal and no browser, whatever looks at it', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  const stream = {
    type: 'raptor',
    accountId: '12345',
    streamId: '3f0c7d52-8a1e-4b6f-9c33-0d7e5a1b2c44',
    writeMode: 'append',
    baseUrl: platform.url,
    mapping: `${evilName}.map.yaml`,
  };
  workdir.file('cdp-load.yaml', yaml({ targets: { [evil]: stream } }));
  const id = yaml(`id${evil}`);
  workdir.file(
    `${evilName}.map.yaml`,
    `${head}key: ${id}\nfields:\n  CustomerId: { from: ${id}, required: true }\n  ${yaml(`f${evil}`)}: { from: ${yaml(evil)}, type: email, onEmpty: "null" }\n` +
      `tests:\n  - name: ${yaml(`test ${evil}`)}\n    row: { ${id}: ${yaml(evil)}, ${yaml(evil)}: a@example.org }\n    gives: { CustomerId: ${yaml(`other ${evil}`)} }\n`,
  );
  const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
  workdir.file(
    `${evilName}.csv`,
    `${quoted(`id${evil}`)},${quoted(evil)}\n${'1,ada@example.org\n'.repeat(60)}2,${quoted(evil)}\n,x@example.org\n`,
  );
  const file = `${evilName}.csv`;
  const target = ['-t', evil];
  const run = async (args: readonly string[], status: number) => {
    const ran = await runGuarded(workdir, args, { mostMb });
    assert.equal(ran.status, status, `${JSON.stringify(args)}\n${ran.stdout}${ran.stderr}`);
    return ran.stdout + ran.stderr;
  };
  const commands: readonly (readonly [args: readonly string[], status: number])[] = [
    [['validate', file, ...target, '--report', `${evilName}.html`], 1],
    [['validate', file, ...target, '--json'], 1],
    [['preview', file, ...target, '--row', '60', '-n', '4'], 1],
    [['test', `${evilName}.map.yaml`, '--junit', `${evilName}.xml`], 1],
    [['test', `${evilName}.map.yaml`, '--json'], 1],
    [['init', file, ...target, '-o', `${evilName}.new.yaml`], 1],
    [['targets', evil], 0],
    [['targets', '--json'], 0],
    [['explain', evil], 2],
    [['retry', evil], 2],
    [['push', file, ...target, `--${evil}`], 2],
    [['validate', `no ${file}`, ...target, '--json'], 2],
    [['validate', file, ...target, '-m', `no ${evil}`], 2],
    [['push', file, ...target], 1],
    [['runs'], 0],
    [['runs', '--json'], 0],
  ];
  for (const [args, status] of commands)
    assert.match(await run(args, status), /owned/, `nothing of it was shown: ${JSON.stringify(args)}`);
  for (const name of [`${evilName}.html`, `${evilName}.xml`]) {
    const page = workdir.read(name);
    assertNoCommands(page);
    assert.ok(page.includes('owned') && !/<script/i.test(page), `${name} holds a script`);
  }
  assert.match(workdir.read(`${evilName}.html`), /Content-Security-Policy" content="default-src 'none'/);
});

for (const { type, settings, operation, fields } of [
  {
    type: 'raptor',
    settings: { accountId: '12345', streamId: '3f0c7d52-8a1e-4b6f-9c33-0d7e5a1b2c44', writeMode: 'append' },
    operation: 'person',
    fields: 'CustomerId: { from: id, required: true }',
  },
  {
    type: 'adobe',
    settings: {
      imsOrgId: 'A@AdobeOrg',
      sandboxName: 'dev',
      datasetId: 'a'.repeat(24),
      flowId: '7c9e6679-7425-40de-944b-e07fc1f90ae7',
      schemaId: 'https://ns.adobe.com/x',
    },
    operation: 'record',
    fields: 'identityMap.CRMID: { from: id, required: true }',
  },
  {
    type: 'customerio',
    settings: { region: 'us', apiKey: 'key-key-key' },
    operation: 'identify',
    fields: 'userId: id',
  },
  {
    type: 'datatalks',
    settings: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret/secret' },
    operation: 'profiles\nsettings: { type: p, hardId: [id], fields: { id: string } }',
    fields: 'id: { from: id, required: true }',
  },
  {
    type: 'relay42',
    settings: { siteNumber: 7, apiId: 'user', accessToken: 'secret-secret' },
    operation: 'facts.add\nsettings: { partnerType: 2001, factName: a, factTtl: 3600 }',
    fields: 'partnerId: { from: id, required: true }',
  },
] as const) {
  test(`an answer that ${type} never gave commands no terminal`, async (t) => {
    const workdir = createWorkdir(t);
    const platform = await startRecorder(t, () => ({
      status: 400,
      body: JSON.stringify({ message: evil, error: evil, messages: [evil] }).replaceAll('\\u001b', '\u001b'),
    }));
    const inlet = type === 'adobe' ? { inletUrl: `${platform.url}/collection/${'ab'.repeat(32)}` } : {};
    workdir.file(
      'cdp-load.yaml',
      JSON.stringify({ targets: { it: { type, ...settings, ...inlet, baseUrl: platform.url, mapping: 'm.yaml' } } }),
    );
    workdir.file('m.yaml', `version: 1\ntarget: ${type}\noperation: ${operation}\nfields:\n  ${fields}\n`);
    workdir.file('p.csv', 'id,x\n1,a\n2,b\n');
    const plainly = await runGuarded(workdir, ['push', 'p.csv', '-t', 'it'], { mostMb });
    assert.ok([1, 4].includes(plainly.status ?? 0), plainly.stderr);
    assert.match(plainly.stderr, /owned/, 'the answer was not shown at all');
    const json = await runGuarded(workdir, ['push', 'p.csv', '-t', 'it', '--again', '--json'], { mostMb });
    assert.ok([1, 4].includes(json.status ?? 0), json.stderr);
  });
}
