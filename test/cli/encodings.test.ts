/** Whatever a file is written in, what arrives is the text that its author meant, or its row is turned down by name. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startRecorder } from '../support/recorder.ts';
import { createWorkdir, writeStreamSetup } from '../support/workdir.ts';

const text = 'customer_id,name\n1,Åsa Öberg\n2,Zoë 東京 🍵\n';
const bigEndian = (bytes: Buffer) => Buffer.from(bytes).swap16();

test('UTF-8 and UTF-16 with their marks, and Latin-1 by flag, arrive as they were meant', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  workdir.file(
    'people.map.yaml',
    'version: 1\ntarget: raptor\noperation: person\nkey: customer_id\nfields:\n  CustomerId: { from: customer_id, required: true }\n  Name: { from: name, required: true }\n',
  );
  const little = Buffer.from(`\ufeff${text}`, 'utf16le');
  const cases: readonly (readonly [string, Uint8Array, readonly string[]])[] = [
    ['utf8-bom.csv', Buffer.from(`\ufeff${text}`), []],
    ['utf16le.csv', little, []],
    ['utf16be.csv', bigEndian(little), []],
    ['latin1.csv', Buffer.from('customer_id,name\n1,Åsa Öberg\n2,Zoë\n', 'latin1'), ['--encoding', 'latin1']],
  ];
  for (const [name, bytes, flags] of cases) {
    workdir.file(name, bytes);
    const before = platform.stored.length;
    const ran = await workdir.run(['push', name, '-t', 'stream', '--json', '--again', ...flags]);
    assert.equal(ran.status, 0, `${name}: ${ran.stderr}`);
    assert.deepEqual(
      platform.stored.slice(before).map(({ Name }) => Name),
      ['Åsa Öberg', name === 'latin1.csv' ? 'Zoë' : 'Zoë 東京 🍵'],
      name,
    );
  }
});

test('bytes that are no text turn down their own row, naming the offset, and no replacement character is sent', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  const start = Buffer.from('customer_id,email\n1,a@example.com\n2,b');
  workdir.file('p.csv', Buffer.concat([start, Buffer.from([0xe5]), Buffer.from('@example.com\n3,c@example.com\n')]));
  const ran = await workdir.run(['push', 'p.csv', '-t', 'stream', '--json']);
  assert.partialDeepStrictEqual(ran.summary, { read: 3, accepted: 2, rejected: 1, exit: 1 }, ran.stdout + ran.stderr);
  const row = JSON.parse(readFileSync(String(ran.summary['rejectsFile']), 'utf8')) as Record<string, unknown>;
  assert.partialDeepStrictEqual(row, { line: 3, record: 2, stage: 'read' });
  assert.match(String(row['reason']), new RegExp(String(start.length)));
  assert.ok(!platform.heard.some(({ body }) => body.includes('\ufffd')));
});
