/**
 * What a person types wrong who uses the program for the first time: each ends in the exit code that the README names, with one
 * message that has a code, says where the mistake is and what to type, and no stack trace; nothing is sent and nothing lost.
 */
import assert from 'node:assert/strict';
import { chmodSync, truncateSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type CommandResult, runSeries } from '../support/command-series.ts';
import { startRecorder } from '../support/recorder.ts';
import { createWorkdir, type Workdir } from '../support/workdir.ts';

const raptor = 'type: raptor, accountId: "12345", streamId: 3f0c7d52-8a1e-4b6f-9c33-0d7e5a1b2c44';
const mapping = `version: 1
target: raptor
operation: person
key: customer_id
fields:
  CustomerId: { from: customer_id, type: integer, required: true }
  Email: { from: email, type: email, required: true }
`;
const people = 'customer_id,email\n1,a@example.com\n2,b@example.com\n';

interface Mistake {
  /** As it is typed. `{port}` is one that is taken, `{nothing}` an empty word. */
  readonly typed: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Default: 2. */
  readonly status?: number;
  readonly code: string;
  /** Place and way out, in this order, on stderr. */
  readonly says: readonly RegExp[];
}

const mistake = (typed: string, code: string, ...says: readonly RegExp[]): Mistake => ({ typed, code, says });

const mistakes: Readonly<Record<string, readonly Mistake[]>> = {
  'words in the wrong order, or missing': [
    mistake('push people.csv', 'usage', /--target <name>/, /cdp-load push FILES --target NAME/),
    mistake('push -t stream', 'usage', /'files'/, /cdp-load push FILES --target NAME/),
    mistake('people.csv push -t stream', 'usage', /command comes first: cdp-load push people.csv -t stream/),
    mistake('push stream -t people.csv', 'target-unknown', /no target "people.csv"/, /Configured: stream, shop/),
    mistake('preview people.csv other.csv -t stream', 'usage', /Expected 1 argument/, /preview --help/),
    mistake('push people.csv -t stream -t shop', 'usage', /'shop'.* given twice/),
    mistake('push people.csv -t stream -m people.map.yaml -m other.map.yaml', 'usage', /--mapping.* given twice/),
    mistake('retry', 'usage', /'run'/, /cdp-load retry RUN/),
    mistake('targets check', 'usage', /'name'/, /cdp-load targets check NAME/),
    mistake('runs prune', 'usage', /--older-than/, /cdp-load runs prune --older-than AGE/),
    mistake('init people.csv', 'usage', /--target/, /cdp-load init FILE --target NAME/),
  ],
  'commands and flags of other programs': [
    mistake('status', 'usage', /'status'/, /hint That is `cdp-load runs`\. `cdp-load --help`/),
    mistake('rejects', 'usage', /'rejects'/, /cdp-load retry RUN/),
    mistake('PUSH people.csv', 'usage', /'PUSH'/, /cdp-load push/),
    mistake('help push', 'usage', /'help'/, /`cdp-load push --help`/),
    mistake('resume people.csv', 'usage', /'resume'/, /goes on by itself/),
    mistake('import people.csv', 'usage', /'import'/, /`cdp-load push`/),
    mistake('pusch people.csv', 'usage', /Did you mean push/),
    mistake('push people.csv -t stream --workers 0', 'usage', /--workers/, /`--concurrency`/),
    mistake('push people.csv -t stream --force', 'usage', /--force/, /--again/),
    mistake('push people.csv -t stream --timeout 5', 'usage', /--timeout/, /cdp-load\.yaml/),
    mistake('push people.csv -t stream --max-erors 5', 'usage', /Did you mean --max-errors/),
    mistake('validate people.csv -t stream --again', 'usage', /--again is a flag of push/),
    mistake('runs --older-than 90d', 'usage', /--older-than is a flag of runs prune/),
    mistake('preview people.csv -t stream --json', 'usage', /--json is a flag of push, validate/),
  ],
  'values that cannot be': [
    // As a script types them whose variable is not set: the default would be another journal, and rows would go out twice.
    mistake('push people.csv -t stream --state-dir {nothing}', 'usage', /'--state-dir .*variable of the script/),
    mistake('push people.csv -t stream --config {nothing}', 'usage', /'--config .*variable of the script/),
    mistake('push people.csv -t stream -m {nothing}', 'usage', /--mapping .*variable of the script/),
    mistake('push people.csv -t {nothing}', 'usage', /--target .*variable of the script/),
    mistake('push {nothing} -t stream', 'no-input', /empty name/, /variable of the script/),
    mistake('push people.csv -t stream --rate 0', 'usage', /'0'.*above 0/),
    mistake('push people.csv -t stream --max-errors 200%', 'usage', /'200%'.*100% at most/),
    mistake('push people.csv -t stream --max-errors -1', 'usage', /'-1'.*such as 100, or a share such as 2%/),
    mistake('push people.csv -t stream --limit -1', 'usage', /'-1'.*from 1/),
    mistake('push people.csv -t stream --limit 0', 'usage', /'0'.*from 1/),
    mistake('push people.csv -t stream --concurrency 0', 'usage', /'0'.*from 1/),
    mistake('push people.csv -t stream --chunk-size 1e3', 'usage', /'1e3'.*whole number/),
    mistake('push people.csv -t stream --delimiter ;;', 'usage', /';;'.*one character, or "tab"/),
    mistake('push people.csv -t stream --format excel', 'usage', /'excel'.*csv, ndjson/),
    mistake('push people.csv -t stream --uncertain drop', 'usage', /'drop'.*auto, resend, hold/),
    mistake('push people.csv -t stream --encoding utf-9', 'encoding-unknown', /"utf-9"/, /such as utf-8/),
    mistake('validate people.csv -t stream --report out.pdf', 'usage', /'out.pdf'.*\.html or \.json/),
    mistake('runs prune --older-than 90', 'usage', /'90'.*such as 90d/),
    mistake('sandbox --port 99999', 'usage', /'99999'.*from 0 to 65535/),
    mistake('sandbox --port {port}', 'port-taken', /127\.0\.0\.1:\d+/, /--port 0/),
  ],
  'a target that is not there, or not complete': [
    mistake('push people.csv -t steam', 'target-unknown', /Did you mean "stream"/, /Configured: stream, shop/),
    mistake('targets nosuch', 'target-unknown', /"nosuch"/, /Configured/),
    mistake('targets check nosuch', 'target-unknown', /"nosuch"/, /Configured/),
    mistake('push people.csv -t adobe', 'target-incomplete', /ADOBE_[A-Z_]+/, /cdp-load targets adobe/),
    mistake('push people.csv -t shop', 'secret-missing', /cdp-load\.yaml:3:3: .*SHOP_KEY/, /export SHOP_KEY=/),
    mistake('push people.csv -t filed --config filed.yaml', 'secret-missing', /filed\.yaml:2:3: .*nowhere/),
    mistake('push people.csv -t bare --config bare.yaml', 'mapping-missing', /"bare"/, /--mapping.*cdp-load init/),
  ],
  'a config that cannot be': [
    mistake('push people.csv -t stream --config lost.yaml', 'config-not-found', /lost\.yaml/, /--config/),
    mistake('push people.csv -t stream --config tabs.yaml', 'config-invalid', /tabs\.yaml:2:1: Tabs.*use spaces/),
    mistake(
      'push people.csv -t stream --config twice.yaml',
      'config-invalid',
      /twice\.yaml:3:3: "stream" stands here a second time/,
    ),
    mistake('push people.csv -t stream --config people.map.yaml', 'config-invalid', /is a mapping/, /--mapping/),
    mistake('push people.csv -t stream --config plain.yaml', 'address-not-https', /plain\.yaml:2:3/, /https:/),
  ],
  'a mapping that cannot be': [
    mistake('push people.csv -t stream -m lost.map.yaml', 'mapping-unreadable', /lost\.map\.yaml/, /path/),
    mistake(
      'push people.csv -t stream -m v2.map.yaml',
      'mapping-invalid',
      /v2\.map\.yaml:1:10: .*reads version 1.*found 2/,
    ),
    mistake('push people.csv -t stream -m versionless.map.yaml', 'mapping-invalid', /write `version: 1`/),
    mistake('push people.csv -t stream -m tabs.map.yaml', 'mapping-invalid', /tabs\.map\.yaml:2:1: .*use spaces/),
    mistake(
      'push people.csv -t stream -m secret.map.yaml',
      'mapping-invalid',
      /secret\.map\.yaml:4:1: .*"streamId" \(settings of the target stand in the config file/,
    ),
    mistake(
      'push people.csv -t stream -m cio.map.yaml',
      'mapping-invalid',
      /cio\.map\.yaml:2:9: .*"customerio".*"raptor"/,
    ),
    mistake(
      'push people.csv -t stream -m slip.map.yaml',
      'mapping-invalid',
      /slip\.map\.yaml:7:18: .*"emial" \(did you mean "email"\?\)/,
    ),
    mistake(
      'push people.csv -t stream -m keyless.map.yaml',
      'mapping-invalid',
      /keyless\.map\.yaml:4:6: .*"client"; it has "customer_id", "email"/,
    ),
    mistake('push people.csv -t stream -m people.csv', 'mapping-invalid', /people\.csv:1:1: plain text/),
    mistake('push people.csv -t stream -m cdp-load.yaml', 'mapping-invalid', /is a config file/, /--config/),
    mistake('test people.map.yaml', 'no-tests', /write `tests:`/i),
    mistake('test lost.map.yaml', 'mapping-unreadable', /lost\.map\.yaml/),
    mistake('init people.csv -t stream -o people.map.yaml', 'output-exists', /people\.map\.yaml/, /--output/),
    mistake('init people.csv -t raptor --operation persons -o new.map.yaml', 'init-operation', /Did you mean "person"/),
  ],
  'a file that cannot be read, or is another than meant': [
    mistake('push lost.csv -t stream', 'input-missing', /lost\.csv/, /path/),
    mistake('push people.cvs -t stream', 'input-missing', /people\.cvs/, /Did you mean people\.csv/),
    mistake('push people.csv,other.csv -t stream', 'input-missing', /people\.csv,other\.csv/, /blanks/),
    mistake('push https://x.example/people.csv -t stream', 'input-missing', /curl -fsS URL \| cdp-load push -/),
    mistake('push s3://bucket/people.csv -t stream', 'input-missing', /aws s3 cp URL - \| cdp-load push -/),
    mistake('push ~/people.csv -t stream', 'input-missing', /\$HOME/),
    mistake('push nothing-*.csv -t stream', 'input-missing', /nothing-\*\.csv/, /pattern/),
    mistake('push . -t stream', 'input-unreadable', /is a directory/, /files in it/),
    mistake('push people.map.yaml -t stream', 'input-is-yaml', /people\.map\.yaml/, /--mapping/),
    mistake('push people.xlsx -t stream', 'input-compressed', /Excel/, /Export the sheet as CSV/),
    mistake('push people.csv.gz -t stream', 'input-compressed', /gzip/, /zcat FILE \| cdp-load push -/),
    mistake('push bom.csv -t stream', 'input-empty', /bom\.csv: is empty/, /export/),
    mistake('push header.csv -t stream', 'input-empty', /only a header/, /export/),
    mistake('push people.csv -t stream --encoding utf-16le', 'input-empty', /people\.csv/, /--encoding/),
    mistake('push sparse.csv -t stream', 'input-binary', /sparse\.csv: is not text/),
    mistake('push pretty.json -t stream', 'input-not-lines', /over several lines/, /jq -c/),
    mistake('push lines-of-json.csv -t stream', 'header-broken', /line 1/, /--format ndjson/),
    mistake(
      'push semicolons.csv -t stream --delimiter ,',
      'mapping-invalid',
      /its only column is "customer_id;email"/,
      /--delimiter ";"/,
    ),
    mistake('preview people.csv -t stream --row 99', 'record-missing', /2 records; record 99/, /--row/),
    mistake('preview people.csv -t stream --rejects nosuch', 'record-missing', /nosuch/, /cdp-load runs/),
  ],
  'a run that is not there, a state that cannot be kept, a harm that was not meant': [
    mistake('retry nosuch', 'run-unknown', /nosuch/, /cdp-load runs/),
    mistake('retry people.csv', 'run-unknown', /people\.csv/, /cdp-load runs/),
    mistake('runs nosuch', 'run-unknown', /nosuch/, /cdp-load runs/),
    mistake('explain value-emial', 'code-unknown', /"value-emial"/, /Did you mean "value-email"/),
    {
      ...mistake(
        'push people.csv -t stream --state-dir people.csv',
        'journal-unwritable',
        /people\.csv/,
        /--state-dir/,
      ),
      status: 5,
    },
    mistake(
      'push people.csv -t stream --config overwrite.yaml',
      'not-confirmed',
      /cannot be taken back/,
      /--confirm-destructive/,
    ),
    mistake('push people.csv -t stream --min-rows 3', 'too-few-rows', /2 rows/, /--min-rows/),
  ],
};

const words = (typed: string) => typed.split(' ').map((word) => (word === '{nothing}' ? '' : word));
const all = Object.values(mistakes).flat();
const takesJson = /^(push|validate|retry|runs|targets (?!check)|explain|people\.csv)/;
const asJson = all.filter(({ typed }) => takesJson.test(typed) && !typed.includes(' --json'));

function writeFiles(workdir: Workdir, url: string): void {
  const target = (more: string, start = raptor) => `targets:\n  stream: { ${start}${more} }\n`;
  const files: Readonly<Record<string, string | Uint8Array>> = {
    'cdp-load.yaml': `${target(`, writeMode: append, baseUrl: "${url}", mapping: people.map.yaml`)}  shop: { type: customerio, region: eu, apiKey: "\${SHOP_KEY}", mapping: people.map.yaml }\n`,
    'filed.yaml': `targets:\n  filed: { type: raptor, accountId: "12345", streamId: "\${file:nowhere}", writeMode: append }\n`,
    'bare.yaml': `targets:\n  bare: { ${raptor}, writeMode: append }\n`,
    'tabs.yaml': 'targets:\n\tstream:\n\t\ttype: raptor\n',
    'twice.yaml': `${target('')}  stream: { ${raptor} }\n`,
    'plain.yaml': target(', writeMode: append, baseUrl: "http://in.example.com", mapping: people.map.yaml'),
    'overwrite.yaml': target(`, writeMode: overwrite, baseUrl: "${url}", mapping: people.map.yaml`),
    'people.map.yaml': mapping,
    'other.map.yaml': `${mapping}  Source: { const: crm }\n`,
    'v2.map.yaml': mapping.replace('version: 1', 'version: 2'),
    'versionless.map.yaml': mapping.replace('version: 1\n', ''),
    'tabs.map.yaml': 'fields:\n\tCustomerId: customer_id\n',
    'secret.map.yaml': mapping.replace('key:', 'streamId: hunter2hunter2\nkey:'),
    'cio.map.yaml': 'version: 1\ntarget: customerio\noperation: identify\nfields: { userId: customer_id }\n',
    'slip.map.yaml': mapping.replace('from: email', 'from: emial'),
    'keyless.map.yaml': mapping.replace('key: customer_id', 'key: client'),
    'people.csv': people,
    'other.csv': 'customer_id,email\n7,g@example.com\n',
    'people.xlsx': Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(500, 7)]),
    'people.csv.gz': gzipSync(people),
    'bom.csv': '\ufeff',
    'header.csv': 'customer_id,email\n',
    'sparse.csv': people,
    'pretty.json': '[\n  {\n    "customer_id": 1\n  }\n]\n',
    'lines-of-json.csv': '{"customer_id":1,"email":"a@example.com"}\n',
    'semicolons.csv': 'customer_id;email\n1;a@example.com\n',
    'commas.ndjson': people,
    'mixed.ndjson':
      '{"customer_id":1,"email":"a@example.com"}\n2,b@example.com\n[3]\n{"customer_id":4,"email":"d@example.com"}\n',
    'list.json': '[{"customer_id":1,"email":"a@example.com"}]\n',
  };
  for (const [name, content] of Object.entries(files)) workdir.file(name, content);
  truncateSync(`${workdir.path}/sparse.csv`, 3_000_000_000);
}

describe('a mistake of a newcomer', () => {
  let results: readonly CommandResult[] = [];
  let heard = -1;
  const cleanUps: (() => void)[] = [];
  const scope = { after: (work: () => void) => void cleanUps.push(work) };

  before(async () => {
    const workdir = createWorkdir(scope);
    const platform = await startRecorder(scope as Parameters<typeof startRecorder>[0]);
    writeFiles(workdir, platform.url);
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    cleanUps.push(() => taken.close());
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    results = await runSeries(
      workdir.path,
      [...all, ...asJson.map((one) => ({ ...one, typed: `${one.typed} --json` }))].map(({ typed, env = {} }) => ({
        args: words(typed.replace('{port}', String(port))),
        env,
      })),
    );
    heard = platform.heard.length;
  });
  after(() => {
    for (const work of cleanUps) work();
  });

  for (const [kind, list] of Object.entries(mistakes)) {
    describe(kind, () => {
      for (const one of list) {
        test(one.typed, () => {
          const result = results[all.indexOf(one)];
          assert.ok(result !== undefined);
          // `test` reports like a test runner: on stdout.
          const said = one.typed.startsWith('test ') ? result.stdout : result.stderr;
          assert.equal(result.status, one.status ?? 2, said);
          assert.ok(said.includes(`[${one.code}]`), `expected ${one.code}:\n${said}`);
          let from = 0;
          for (const word of one.says) {
            const found = word.exec(said.slice(from));
            assert.ok(found !== null, `expected ${word} in:\n${said}`);
            from += found.index;
          }
          assert.match(said, /^ +hint +\S/m, 'nothing says what to type');
          assert.equal(said.match(/^(error|\s+broken) /gm)?.length, 1, `one message:\n${said}`);
          assert.doesNotMatch(said, /\n\s+at |hunter2|3f0c7d52|internal error/);
          assert.ok(said.length < 1500, `${said.length} characters`);
          assert.ok(result.seconds < 5, `${result.seconds} s`);
        });
      }
    });
  }

  test('is told to programs as well: an object with code, hint and exit on stdout', () => {
    assert.ok(asJson.length > 50);
    for (const [index, { typed, code, status = 2 }] of asJson.entries()) {
      const { stdout = '' } = results[all.length + index] ?? {};
      const told = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
      assert.partialDeepStrictEqual(told, { event: 'error', code, exit: status }, typed);
      assert.ok(told.hint?.length > 5, `${typed}: no hint`);
    }
  });

  test('reaches no platform', () => assert.equal(heard, 0));
});

test('what is sent twice, mixed or half is told apart: nothing is doubled, nothing lost, and the way on is said', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeFiles(workdir, platform.url);
  const run = async (typed: string): Promise<CommandResult> => {
    const [result] = await runSeries(workdir.path, [{ args: words(typed) }]);
    assert.ok(result !== undefined);
    assert.doesNotMatch(result.stderr, /\n\s+at /);
    return result;
  };
  const counts = ({ stdout }: CommandResult) => {
    const { read, accepted, rejected, remaining } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}');
    return { read, accepted, rejected, remaining };
  };

  const [checked, commas, mixed, list] = await runSeries(
    workdir.path,
    [
      'validate people.csv ./people.csv -t stream --json',
      'validate commas.ndjson -t stream --json',
      'validate mixed.ndjson -t stream --json',
      'validate list.json -t stream --json',
    ].map((typed) => ({ args: words(typed) })),
  );
  assert.ok(checked !== undefined && commas !== undefined && mixed !== undefined && list !== undefined);
  // As push would: once.
  assert.deepEqual(counts(checked), { read: 2, accepted: 2, rejected: 0, remaining: 0 });
  assert.match(checked.stdout, /\.\/people\.csv has the same content as people\.csv: it is loaded once/);
  assert.deepEqual([commas.status, counts(commas).rejected], [1, 3]);
  assert.match(commas.stdout, /if the file is CSV, say --format csv/);
  assert.deepEqual(counts(mixed), { read: 4, accepted: 2, rejected: 2, remaining: 0 });
  assert.equal(list.status, 1);
  assert.match(list.stdout, /jq -c '\.\[\]' FILE/);

  const first = await run('push people.csv people.csv -t stream --limit 1 --json');
  assert.deepEqual(counts(first), { read: 1, accepted: 1, rejected: 0, remaining: 0 });
  const remapped = await run('push people.csv -t stream -m other.map.yaml');
  assert.equal(remapped.status, 2);
  assert.match(remapped.stderr, /\[mapping-changed\]\n {2}hint .*--new-mapping.*--restart/);
  const rest = await run('push people.csv -t stream --json');
  assert.deepEqual(counts(rest), { read: 2, accepted: 2, rejected: 0, remaining: 0 });
  const again = await run('push people.csv -t stream');
  assert.equal(again.status, 0);
  assert.match(again.stderr, /--again loads it anew/);
  assert.deepEqual(
    platform.stored.map(({ CustomerId }) => CustomerId),
    [1, 2],
  );
});

test('stdin without a word about its format is looked at; without a row, or not text, it is called stdin', async (t) => {
  const workdir = createWorkdir(t);
  writeFiles(workdir, 'http://127.0.0.1:9');
  const validate = ['validate', '-', '-t', 'stream', '--json'];
  const [csv, ndjson, empty, binary] = await Promise.all([
    workdir.run([...validate, '--state-dir', 'a'], { stdin: people }),
    workdir.run([...validate, '--state-dir', 'b'], { stdin: '{"customer_id":1,"email":"a@example.com"}\n' }),
    workdir.run([...validate, '--state-dir', 'c'], { stdin: '' }),
    workdir.run([...validate, '--state-dir', 'd'], { stdin: new Uint8Array(500) }),
  ]);
  assert.deepEqual([csv.summary['accepted'], ndjson.summary['accepted']], [2, 1]);
  assert.partialDeepStrictEqual(empty.summary, { code: 'input-empty', message: 'stdin: is empty', exit: 2 });
  assert.partialDeepStrictEqual(binary.summary, { code: 'input-binary', exit: 2 });
  assert.doesNotMatch(binary.stderr, /spool/);
});

test('a file that whoever runs it may not read is named, with the right that is missing', {
  skip: process.getuid?.() === 0 ? 'root reads everything' : false,
}, async (t) => {
  const workdir = createWorkdir(t);
  writeFiles(workdir, 'http://127.0.0.1:9');
  chmodSync(`${workdir.path}/people.csv`, 0);
  const { status, stderr } = await workdir.run(['push', 'people.csv', '-t', 'stream']);
  assert.equal(status, 2);
  assert.match(stderr, /people\.csv: cannot be read .*\[input-unreadable\]\n {2}hint .*ls -l/);
});
