import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWorkdir, type Workdir } from '../support/workdir.ts';

const two = (value: number) => String(value).padStart(2, '0');

/** A tidy export of a CRM, semicolons and all, with gaps where a person may leave them. */
const customers = [
  'Customer ID;E-Mail;First Name;Born;Signed up;Tier;Spent;Interests;Newsletter;Password',
  ...Array.from({ length: 240 }, (_, row) =>
    [
      `00${1000 + row}`,
      row % 7 === 0 ? '' : `p${row}@example.com`,
      `Zebedee${row}`,
      `${two((row % 28) + 1)}/05/1985`,
      `2024-01-${two((row % 28) + 1)} 10:00:00`,
      ['gold', 'silver', 'bronze'][row % 3],
      `${row},50`,
      row % 5 === 0 ? '' : 'tea;maps',
      row % 2 === 0 ? 'ja' : 'nej',
      `hunter${row}`,
    ]
      .map((cell) => (String(cell).includes(';') ? `"${cell}"` : cell))
      .join(';'),
  ),
  '',
].join('\n');

const events = Array.from({ length: 30 }, (_, row) =>
  JSON.stringify({
    id: `e-${row}`,
    user: { id: 7000 + row, email: `p${row}@example.com` },
    at: '2024-02-03T10:00:00+01:00',
    event_name: 'Order Completed',
    total: row + 0.5,
    lines: [{ sku: 'WHISK', quantity: 1 }],
  }),
).join('\n');

const init = (workdir: Workdir, ...args: string[]) => workdir.run(['init', ...args]);

test('an unknown tidy CSV goes through init, test, validate and push --sandbox with no edit', async (t) => {
  const workdir = createWorkdir(t);
  workdir.file('customers.csv', customers);
  const { status, stdout, stderr } = await init(workdir, 'customers.csv', '--target', 'stream');
  assert.equal(status, 0, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /^Wrote customers\.map\.yaml: person for raptor, 9 fields\.$/m);
  assert.match(stderr, /^ {2}left out: Password: looks like a secret/m);
  assert.match(stderr, /^ {2}choose customers\.map\.yaml:\d+: how is the dataflow set/m);
  assert.match(stderr, /^240 of 240 rows pass\.$/m);
  assert.match(
    stderr,
    /^Next: cdp-load push customers\.csv --target stream --mapping customers\.map\.yaml --sandbox$/m,
  );
  assert.doesNotMatch(workdir.read('customers.map.yaml') + stderr, /Zebedee|hunter|p\d+@/);

  const flags = ['customers.csv', '--target', 'stream', '--mapping', 'customers.map.yaml', '--sandbox', '--json'];
  const [tested, validated, pushed] = await Promise.all([
    workdir.run(['test', 'customers.map.yaml']),
    workdir.run(['validate', ...flags]),
    workdir.run(['push', ...flags]),
  ]);
  assert.deepEqual(
    [tested.status, validated.status, pushed.status],
    [0, 0, 0],
    tested.stdout + tested.stderr + pushed.stderr,
  );
  assert.partialDeepStrictEqual(pushed.summary, { read: 240, accepted: 240, rejected: 0 });
});

test('the schema that editors check the mapping by lies beside it', async (t) => {
  const workdir = createWorkdir(t);
  workdir.file('people.csv', 'id,email\n1,ada@example.com\n');
  assert.equal((await init(workdir, 'people.csv', '-t', 'customerio', '-o', 'maps.yaml')).status, 0);
  const [, path = ''] = /^# yaml-language-server: \$schema=\.\/(\S+)\n/.exec(workdir.read('maps.yaml')) ?? [];
  assert.equal(JSON.parse(workdir.read(path))['title'], 'cdp-load mapping');
});

for (const [target, operation] of [
  ['customerio', 'track'],
  ['adobe', 'event'],
  ['relay42', 'interactions.add'],
  ['datatalks', 'events'],
  ['stream', 'interaction'],
] as const) {
  test(`NDJSON events go through init --target ${target} --operation ${operation} and push --sandbox`, async (t) => {
    const workdir = createWorkdir(t);
    workdir.file('events.ndjson', events);
    const { status, stderr } = await init(
      workdir,
      'events.ndjson',
      '-t',
      target,
      '--operation',
      operation,
      '-o',
      'e.map.yaml',
    );
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^30 of 30 rows pass\.$/m);
    const pushed = await workdir.run([
      'push',
      'events.ndjson',
      '-t',
      target,
      '-m',
      'e.map.yaml',
      '--sandbox',
      '--json',
    ]);
    assert.equal(pushed.status, 0, pushed.stderr);
    assert.partialDeepStrictEqual(pushed.summary, { accepted: 30, rejected: 0 });
  });
}

for (const target of ['adobe', 'relay42', 'customerio', 'datatalks'] as const) {
  test(`the customers go into ${target} as well`, async (t) => {
    const workdir = createWorkdir(t);
    workdir.file('customers.csv', customers);
    const { status, stderr } = await init(workdir, 'customers.csv', '-t', target);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^240 of 240 rows pass\.$/m);
    const flags = ['-t', target, '-m', 'customers.map.yaml', '--sandbox', '--json'];
    assert.partialDeepStrictEqual((await workdir.run(['push', 'customers.csv', ...flags])).summary, { accepted: 240 });
  });
}

test('rows that do not pass are told with code, column, reason and place, and exit 1', async (t) => {
  const workdir = createWorkdir(t);
  const rows = Array.from({ length: 40 }, (_, row) => `${row},p${row}@example.com`);
  workdir.file('people.csv', ['id,email', ...rows, '41,nobody@', ''].join('\n'));
  const { status, stderr } = await init(workdir, 'people.csv', '-t', 'customerio');
  assert.equal(status, 1);
  assert.match(stderr, /^40 of 41 rows pass; 1 would be rejected:$/m);
  assert.match(workdir.read('people.map.yaml'), /^# people\.csv → .* from all 41 rows\.$/m);
  assert.match(
    stderr,
    /^ {2}1 × value-email {2}email: expected one plain e-mail address.*\(first at people\.csv:42\)$/m,
  );
  assert.match(stderr, /^Next: cdp-load validate people\.csv /m);
  workdir.file('ragged.csv', 'id,email\n1,a@example.com\n2,b@example.com,x\n3,c@example.com\n');
  assert.match((await init(workdir, 'ragged.csv', '-t', 'customerio')).stderr, /1 × csv-columns/);
  assert.match(workdir.read('ragged.map.yaml'), /from all 3 rows, 1 of which cannot be read\.$/m);
});

test('what stands at the output already is never overwritten', async (t) => {
  const workdir = createWorkdir(t);
  workdir.file('people.csv', 'id,email\n1,ada@example.com\n');
  workdir.file('people.map.yaml', 'mine\n');
  const { status, stderr } = await init(workdir, 'people.csv', '-t', 'customerio');
  assert.equal(status, 2);
  assert.match(stderr, /people\.map\.yaml is there already\. {1,2}\[output-exists\]/);
  assert.equal(workdir.read('people.map.yaml'), 'mine\n');
});

test('a configured target is looked at: columns that it declares are filled, and its settings are not said again', async (t) => {
  const workdir = createWorkdir(t);
  const columns = { PersonId: { type: 'string', identifier: true }, Mail: 'email', FirstName: 'string' };
  const crm = { type: 'raptor', accountId: '12345', writeMode: 'append', columns };
  workdir.file('cdp-load.yaml', JSON.stringify({ targets: { crm } }));
  workdir.file('people.csv', 'person_id,E-mail,Vorname,shoe\n007,ada@example.com,Ada,38\n008,bob@example.com,Bob,44\n');
  const { status, stderr } = await init(workdir, 'people.csv', '-t', 'crm');
  assert.equal(status, 0, stderr);
  const text = workdir.read('people.map.yaml');
  assert.match(
    text,
    /PersonId: \{ from: person_id, required: true \}[\s\S]*Mail: \{ from: E-mail, [\s\S]*FirstName: Vorname/,
  );
  assert.match(text, /# left out: shoe: the operation knows no field for it/);
  assert.doesNotMatch(text, /writeMode|columns:/);
});

test('a misspelt operation or key is answered with the one that was meant', async (t) => {
  const workdir = createWorkdir(t);
  workdir.file('people.csv', 'id,email\n1,ada@example.com\n');
  const [operation, key] = await Promise.all([
    init(workdir, 'people.csv', '-t', 'customerio', '--operation', 'identfy'),
    init(workdir, 'people.csv', '-t', 'customerio', '--key', 'emial'),
  ]);
  assert.match(operation.stderr, /Did you mean "identify"\? {1,2}\[init-operation\]/);
  assert.match(key.stderr, /\[init-key\][\s\S]*Did you mean "email"\?/);
  assert.deepEqual([operation.status, key.status], [2, 2]);
});

test('an operation that destroys is only checked, and the next command says what it takes', async (t) => {
  const workdir = createWorkdir(t);
  workdir.file('forget.csv', 'customer_id\n7\n8\n');
  const { status, stderr } = await init(workdir, 'forget.csv', '-t', 'customerio', '--operation', 'user.delete');
  assert.equal(status, 0, stderr);
  assert.match(stderr, /^Next: .* --sandbox --confirm-destructive$/m);
});

test('standard input cannot be looked at twice', async (t) => {
  const { status, stderr } = await createWorkdir(t).run(['init', '-', '-t', 'stream'], { stdin: 'a\n1\n' });
  assert.equal(status, 2);
  assert.match(stderr, /\[init-input\]/);
});

test('--json: a line a column with what it holds and why, then a summary, and nothing for people', async (t) => {
  const workdir = createWorkdir(t);
  workdir.file('customers.csv', `${customers}00999;nobody@;;;;;;;;\n`);
  const { status, stderr, stdout, events, summary } = await init(workdir, 'customers.csv', '-t', 'stream', '--json');
  assert.deepEqual([status, stderr], [1, '']);
  const columns = new Map(events.map((event) => [event['column'], event]));
  assert.deepEqual(
    events.map(({ event }) => event),
    [...Array.from({ length: 10 }, () => 'column'), 'summary'],
  );
  assert.deepEqual(columns.get('Born'), {
    event: 'column',
    column: 'Born',
    holds: 'date',
    as: { format: 'dd/MM/yyyy', needsZone: false },
    rows: 241,
    empty: 1,
    distinct: 28,
    misfits: 0,
    privacy: 'personal',
    fields: ['Born'],
  });
  assert.partialDeepStrictEqual(columns.get('Tier'), { holds: 'text', values: ['gold', 'silver', 'bronze'] });
  assert.partialDeepStrictEqual(columns.get('Customer ID'), { why: 'leading zeros, so it stays text' });
  assert.partialDeepStrictEqual(columns.get('Spent'), { holds: 'number', as: { decimal: ',' }, most: '239.5' });
  assert.partialDeepStrictEqual(columns.get('Password'), { privacy: 'secret', fields: [] });
  assert.partialDeepStrictEqual(summary, {
    mapping: 'customers.map.yaml',
    key: 'Customer ID',
    looked: 241,
    rowsInFile: 241,
    read: 241,
    accepted: 240,
    rejected: 1,
    faults: [{ code: 'value-email', count: 1, first: 'customers.csv:242' }],
    exit: 1,
  });
  const choices = summary['choices'] as { line: number; text: string }[];
  const lines = workdir.read('customers.map.yaml').split('\n');
  assert.ok(choices.length > 0);
  for (const { line, text } of choices) assert.ok(lines[line - 1]?.endsWith(text));
  assert.doesNotMatch(stdout, /Zebedee|hunter|p\d+@/);
});

test('--json tells both fields of a column that gives two, and an error as a last line', async (t) => {
  const workdir = createWorkdir(t);
  workdir.file('people.csv', 'Email\nada@example.com\nbob@example.com\n');
  const first = await init(workdir, 'people.csv', '-t', 'customerio', '--json');
  assert.deepEqual(first.events[0]?.['fields'], ['userId', 'traits.email']);
  const again = await init(workdir, 'people.csv', '-t', 'customerio', '--json');
  assert.partialDeepStrictEqual(again.summary, { event: 'error', code: 'output-exists', exit: 2 });
});

test('a file that is not UTF-8 is read as windows-1252, in its header too, and every command says so', async (t) => {
  const workdir = createWorkdir(t);
  workdir.file('kunder.csv', Buffer.from('id;Förnamn;ort\n1;Åsa;Malmö\n2;Örjan;Umeå\n', 'latin1'));
  workdir.file('orte.csv', Buffer.from('id;email;ort\n1;a@example.com;K\xf6ln\n2;b@example.com;Bonn\n', 'latin1'));
  const [inHeader, inRows] = await Promise.all([
    init(workdir, 'kunder.csv', '-t', 'customerio'),
    init(workdir, 'orte.csv', '-t', 'customerio', '--json'),
  ]);
  assert.equal(inHeader.status, 0, inHeader.stderr);
  assert.match(inHeader.stderr, /^ {2}Not UTF-8: read as windows-1252\. Say --encoding if letters come out wrong\.$/m);
  assert.match(inHeader.stderr, /^Next: .*--encoding windows-1252/m);
  const text = workdir.read('kunder.map.yaml');
  assert.match(text, /^# {3}cdp-load push kunder\.csv .*--encoding windows-1252$/m);
  assert.match(text, /^ {2}traits\.firstName: Förnamn /m);
  assert.partialDeepStrictEqual(inRows.summary, { encoding: 'windows-1252', accepted: 2, rejected: 0 });
});

test('delimiter and encoding are found out: tabs in UTF-16, pipes with a mark, the sep= line of Excel', async (t) => {
  const workdir = createWorkdir(t);
  const rows = (separator: string) =>
    [`id${separator}Förnamn`, `007${separator}Åsa`, `008${separator}Örjan`, ''].join('\r\n');
  workdir.file('tabs.txt', Buffer.from(`\ufeff${rows('\t')}`, 'utf16le'));
  workdir.file('pipes.csv', `\ufeff${rows('|')}`);
  workdir.file('excel.csv', `sep=;\r\n${rows(';')}`);
  const files = ['tabs.txt', 'pipes.csv', 'excel.csv'];
  const found = await Promise.all(files.map((file) => init(workdir, file, '-t', 'customerio', '--json')));
  for (const { status, stderr, events, summary } of found) {
    assert.equal(status, 0, stderr);
    assert.deepEqual(
      events.flatMap(({ column, why }) => (column === undefined ? [] : [[column, why]])),
      [
        ['id', 'leading zeros, so it stays text'],
        ['Förnamn', undefined],
      ],
    );
    assert.partialDeepStrictEqual(summary, { accepted: 2, rejected: 0 });
  }
  assert.deepEqual(
    found.map(({ summary }) => summary['encoding']),
    ['utf-16le', 'utf-8', 'utf-8'],
  );
});

test('files that nothing can be made of are told as what they are, and no mapping is written', async (t) => {
  const workdir = createWorkdir(t);
  workdir.file('people.json', 'id,email\n1,a@example.com\n');
  workdir.file('rows.csv', '1001,ada@example.com\n1002,bob@example.com\n');
  workdir.file('blank.csv', 'id,email\n,\n,\n');
  const told = await Promise.all(
    ['people.json', 'rows.csv', 'blank.csv', '.'].map((file) =>
      init(workdir, file, '-t', 'customerio', '-o', 'm.yaml'),
    ),
  );
  assert.deepEqual(
    told.map(({ status, stderr }) => [status, /\[([\w-]+)\]\n/.exec(stderr)?.[1]]),
    [
      [2, 'init-unreadable'],
      [2, 'init-header'],
      [2, 'init-no-values'],
      [2, 'input-unreadable'],
    ],
  );
  assert.match(told[3]?.stderr ?? '', /^error \.: is a directory/, 'as it was typed');
  assert.throws(() => workdir.read('m.yaml'), { code: 'ENOENT' });
});

test('a mapping that lacks what no column gives is written all the same, and what to type next is no second init', async (t) => {
  const workdir = createWorkdir(t);
  workdir.file('notes.csv', 'note,amount\nhello,1\nhello,2\nhello,2\n');
  const { status, stderr } = await init(workdir, 'notes.csv', '-t', 'relay42');
  assert.equal(status, 2);
  assert.match(stderr, /needs the field "partnerId", and the mapping does not give it {1,2}\[mapping-invalid\]/);
  assert.match(
    stderr,
    /hint The mapping is written\. Fill in what it lacks, then: cdp-load validate notes\.csv --target relay42 --mapping notes\.map\.yaml$/m,
  );
  assert.match(workdir.read('notes.map.yaml'), /# FILL IN: partnerId: /);
});
