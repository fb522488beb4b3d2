/** A value that the mapping calls sensitive is sent, and shown nowhere but in the files that hold rows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRecorder } from '../support/recorder.ts';
import { createWorkdir } from '../support/workdir.ts';

const mapping = `version: 1
target: customerio
operation: track
key: id
fields:
  userId: id
  event: { const: Seen }
  properties.ssn: { expr: 'replace(ssn, "-", "")', sensitive: true }
  properties.age: { from: age, type: integer, sensitive: true }
  properties.town: town
`;

test('preview, validate, its report and the words of the platform do not show it', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t, ({ number }) =>
    number === 1 ? {} : { status: 400, body: JSON.stringify({ error: '7709-1234 is not known here' }) },
  );
  const shop = {
    type: 'customerio',
    region: 'eu',
    apiKey: 'key-1',
    baseUrl: platform.url,
    retries: 0,
    mapping: 'm.map.yaml',
  };
  workdir.file('cdp-load.yaml', JSON.stringify({ targets: { shop } }));
  workdir.file('m.map.yaml', mapping);
  workdir.file('p.csv', 'id,ssn,age,town\n1,7709-1234,42,Lund\n2,7709-1234,fortytwo,Lund\n3,7709-1234,"x,\n');
  const shown = await workdir.run(['preview', 'p.csv', '-t', 'shop']);
  assert.match(shown.stdout, /"ssn": "•••",\n\s+"age": "•••",\n\s+"town": "Lund"/);
  assert.match(shown.stdout, /# line 2: \{"id":"1","ssn":"•••","age":"•••","town":"Lund"\}/);
  const checked = await workdir.run(['validate', 'p.csv', '-t', 'shop', '--report', 'r.html']);
  workdir.file('p.csv', 'id,ssn,age,town\n1,7709-1234,42,Lund\n2,7709-1234,42,Lund\n');
  const pushed = await workdir.run(['push', 'p.csv', '-t', 'shop', '--chunk-size', '1']);
  assert.match(pushed.stderr, /••• is not known here/);
  for (const text of [shown.stdout, checked.stderr, workdir.read('r.html'), pushed.stderr])
    assert.doesNotMatch(text, /7709|fortytwo|: 42/);
  assert.match(platform.heard[0]?.body ?? '', /77091234/, 'it is sent all the same');
});
