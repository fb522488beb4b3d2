import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRecorder } from '../support/recorder.ts';
import { createWorkdir, peopleCsv, root, writeStreamSetup } from '../support/workdir.ts';

const preview = ['preview', 'people.csv', '-t', 'stream'];

test('the rows stand above the request that they go into, the rejected ones with their reason', async (t) => {
  const workdir = createWorkdir(t);
  writeStreamSetup(workdir, 'https://example.invalid');
  workdir.file('people.csv', 'customer_id,email\n1,a@example.com\nx,b@example.com\n3,c@example.com\n');
  const { status, stdout } = await workdir.run(preview);
  assert.equal(status, 1);
  assert.match(
    stdout,
    /^# line 3: \{"customer_id":"x","email":"b@example\.com"\}\n# line 3 would be rejected: customer_id /m,
  );
  assert.match(
    stdout,
    /^# person: records 1 to 3, 2 items, \d+ bytes\n# line 2: \{"customer_id":"1",.*\n# line 4: \{"customer_id":"3",.*\nPOST /m,
  );
});

test('--row starts at a record far into the file, and -n counts from there', async (t) => {
  const workdir = createWorkdir(t);
  writeStreamSetup(workdir, 'https://example.invalid');
  workdir.file('people.csv', peopleCsv(5000));
  const [middle, behind] = await Promise.all([
    workdir.run([...preview, '--row', '4321', '-n', '2']),
    workdir.run([...preview, '--row', '5001']),
  ]);
  assert.deepEqual(
    [...middle.stdout.matchAll(/"CustomerId": (\d+)/g)].map(([, id]) => id),
    ['4321', '4322'],
  );
  assert.match(middle.stdout, /# line 4322: /);
  assert.equal(behind.status, 2);
  assert.match(behind.stderr, /people\.csv has 5000 records; record 5001 is not there\..*\[record-missing\]/);
});

test('rows that the mapping leaves out are told', async (t) => {
  const workdir = createWorkdir(t);
  writeStreamSetup(workdir, 'https://example.invalid');
  workdir.file('people.map.yaml', `${workdir.read('people.map.yaml')}where: 'customer_id != "2"'\n`);
  workdir.file('people.csv', peopleCsv(3));
  const { status, stdout } = await workdir.run(preview);
  assert.equal(status, 0);
  assert.match(stdout, /# line 3: .*\n# line 3 is left out by the mapping/);
});

test('--rejects shows the rows that a run rejected, under the mapping as it is now', async (t) => {
  const workdir = createWorkdir(t);
  writeStreamSetup(workdir, 'https://example.invalid');
  workdir.file(
    'people.csv',
    'customer_id,email\n1,a@example.com\nx2,b@example.com\n3,c@example.com\nx4,d@example.com\n',
  );
  const { summary } = await workdir.run(['validate', 'people.csv', '-t', 'stream', '--json']);
  workdir.file('people.map.yaml', workdir.read('people.map.yaml').replace('type: integer, ', ''));
  const [byRun, byFile, unknown] = await Promise.all([
    workdir.run([...preview, '--rejects', `${summary['run']}-validate`]),
    workdir.run([...preview, '--rejects', String(summary['rejectsFile'])]),
    workdir.run([...preview, '--rejects', 'nothing-of-the-kind']),
  ]);
  for (const { status, stdout } of [byRun, byFile]) {
    assert.equal(status, 0, stdout);
    assert.deepEqual(
      [...stdout.matchAll(/"CustomerId": "(.*)"/g)].map(([, id]) => id),
      ['x2', 'x4'],
    );
  }
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /\[record-missing\]/);
});

test('colours come with a terminal only, and hide no secret', async (t) => {
  const workdir = createWorkdir(t);
  writeStreamSetup(workdir, 'https://example.invalid');
  workdir.file('people.csv', peopleCsv(1));
  const [plain, coloured] = await Promise.all([
    workdir.run(preview),
    workdir.run(preview, { env: { NO_COLOR: '', FORCE_COLOR: '1' } }),
  ]);
  assert.ok(!plain.stdout.includes('\u001b'));
  const inColour = '\u001b[36m"CustomerId"\u001b[39m: \u001b[33m1\u001b[39m';
  assert.ok(coloured.stdout.includes(inColour), coloured.stdout);
  assert.doesNotMatch(plain.stdout + coloured.stdout, /3f0c7d52/);
});

test('the ids that are made of the row are those that a first push sends', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t, () => ({ body: '{}' }));
  const target = { type: 'customerio', region: 'us', apiKey: 'key-key-key', baseUrl: `${platform.url}/v1` };
  workdir.file('cdp-load.yaml', JSON.stringify({ targets: { one: { ...target, mapping: 'e.map.yaml' } } }));
  workdir.file(
    'e.map.yaml',
    'version: 1\ntarget: customerio\noperation: track\nkey: id\nfields: { userId: id, event: { const: Seen }, timestamp: at }\n',
  );
  workdir.file('e.csv', 'id,at\n7,2020-01-01T00:00:00Z\n');
  const { stdout } = await workdir.run(['preview', 'e.csv', '-t', 'one']);
  const { status, stderr } = await workdir.run(['push', 'e.csv', '-t', 'one']);
  assert.equal(status, 0, stderr);
  const [, shown] = /"messageId": "(.+)"/.exec(stdout) ?? [];
  assert.ok(shown !== undefined, stdout);
  assert.match(platform.heard[0]?.body ?? '', new RegExp(`"messageId":"${shown}"`));
});

const relay42 = {
  'cdp-load.yaml':
    'targets: { crm: { type: relay42, siteNumber: 7, apiId: me, accessToken: made-up-secret, mapping: ids.map.yaml } }\n',
  'ids.map.yaml': `version: 1
target: relay42
key: id
items:
  - operation: facts.add
    settings: { partnerType: 2001, factName: member, factTtl: 3600 }
    fields: { partnerId: id, properties.card: card }
  - operation: mappings.add
    settings: { partnerType: 2001, mappingPartnerType: 7001, via: profileId }
    fields: { partnerId: id, mappingPartnerId: card }
`,
  'ids.csv': 'id,card\n1,c-1\n2,c-2\n',
};

test('where an answer is asked for first, the question and the request that carries the items are both shown', async (t) => {
  const workdir = createWorkdir(t);
  for (const [name, text] of Object.entries(relay42)) workdir.file(name, text);
  const { stdout } = await workdir.run(['preview', 'ids.csv', '-t', 'crm', '-n', '1']);
  assert.deepEqual(stdout.match(/^(GET|POST|# then).*/gm), [
    'POST /v1/site-7/profiles/2001/facts?partnerId=1&forceInsert=false HTTP/1.1',
    'GET /v1/site-7/profiles/2001/profileId?partnerId=1 HTTP/1.1',
    '# then, with the profile id of the answer in the place of PROFILE-ID:',
    'POST /v1/site-7/profiles/42/mappings?partnerId=PROFILE-ID&mergeType=NO_MERGE HTTP/1.1',
  ]);
  assert.match(stdout, /\n\n\[\n {2}\{\n {4}"partnerId": "c-1",\n {4}"partnerType": 7001\n {2}\}\n\]\n/);
});

test('what validate counts of such requests is what push then sends', async (t) => {
  const workdir = createWorkdir(t);
  for (const [name, text] of Object.entries(relay42)) workdir.file(name, text);
  const [checked, sent] = await Promise.all(
    ['validate', 'push'].map((command) => workdir.run([command, 'ids.csv', '-t', 'crm', '--sandbox', '--json'])),
  );
  const of = (ran: typeof checked) => [ran?.summary['requests'], ran?.summary['bytes'], ran?.summary['accepted']];
  // For each of the two: a fact, a question, an id. A call is 1, and so is each fact or id in it.
  const facts = 2 * '[{"factName":"member","factTtl":3600,"properties":{"card":"c-1"}}]'.length;
  const ids = 2 * '[{"partnerId":"c-1","partnerType":7001}]'.length;
  assert.deepEqual(of(checked), [6, facts + ids, 2]);
  assert.deepEqual(of(sent), of(checked));
  assert.equal(JSON.parse(JSON.stringify(checked?.summary['estimate'])).cost, 2 * (2 + 1 + 2));
});

test('that a token is fetched first is told, and the secret for it is not', async (t) => {
  const { stdout } = await createWorkdir(t).run([
    ...['preview', `${root}/fixtures/adobe/profiles.csv`, '-t', 'adobe', '-n', '1', '--sandbox'],
    ...['--config', `${root}/fixtures/adobe/cdp-load.yaml`, '--state-dir', '.'],
  ]);
  assert.match(stdout, /^# first, once for many requests: POST http:\S+\/ims\/token\/v3 for a token\n/);
  assert.doesNotMatch(stdout, /p8e-sandbox/);
});
