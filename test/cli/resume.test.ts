/** The same command goes on; what is loaded is not loaded twice; what has changed in between is named and decided by a person. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startRecorder } from '../support/recorder.ts';
import { createWorkdir, peopleCsv, type Ran, type Workdir, writeStreamSetup } from '../support/workdir.ts';

const push = ['push', 'p.csv', '-t', 'stream', '--json'];
const refused = ({ status, summary }: Ran, code: string, hint: RegExp) => {
  assert.equal(status, 2);
  assert.partialDeepStrictEqual(summary, { event: 'error', code });
  assert.match(String(summary['hint']), hint);
};
const editMapping = (workdir: Workdir, from: string, to: string) =>
  workdir.file('people.map.yaml', workdir.read('people.map.yaml').replace(from, to));
const idsOf = (stored: readonly Record<string, unknown>[]) => stored.map(({ CustomerId }) => Number(CustomerId));

test('a file that was loaded is not loaded again, be it renamed, copied or read from stdin; --again loads it anew', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', peopleCsv(3));
  assert.equal((await workdir.run(push)).status, 0);
  workdir.file('copy.csv', peopleCsv(3));
  renameSync(join(workdir.path, 'p.csv'), join(workdir.path, 'renamed.csv'));
  const others = [
    await workdir.run(['push', 'renamed.csv', '-t', 'stream', '--json']),
    await workdir.run(['push', 'copy.csv', '-t', 'stream', '--json']),
    await workdir.run(['push', '-', '-t', 'stream', '--json'], { stdin: peopleCsv(3) }),
  ];
  for (const { status, summary, stderr } of others) {
    assert.equal(status, 0, stderr);
    assert.equal((summary['alreadyLoaded'] as unknown[]).length, 1);
  }
  assert.equal(platform.heard.length, 1);
  const again = await workdir.run(['push', 'copy.csv', '-t', 'stream', '--again', '--json']);
  assert.partialDeepStrictEqual(again.summary, { accepted: 3, exit: 0 });
  assert.equal(platform.heard.length, 2);
});

test('of several files the loaded ones are left out and the new one is loaded', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', peopleCsv(2));
  workdir.file('q.csv', peopleCsv(2, 10));
  assert.equal((await workdir.run(push)).status, 0);
  const both = await workdir.run(['push', 'p.csv', 'q.csv', '-t', 'stream', '--json']);
  assert.partialDeepStrictEqual(both.summary, { read: 2, accepted: 2, exit: 0 });
  assert.equal((both.summary['alreadyLoaded'] as unknown[]).length, 1);
  assert.deepEqual(idsOf(platform.stored), [1, 2, 10, 11]);
});

test('stdin that was stopped goes on when the same rows come again', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t, ({ number }) => ({ status: number > 2 ? 401 : 200 }));
  writeStreamSetup(workdir, platform.url);
  const args = ['push', '-', '-t', 'stream', '--json', '--chunk-size', '2', '--concurrency', '1'];
  const stopped = await workdir.run(args, { stdin: peopleCsv(9) });
  assert.equal(stopped.status, 4, stopped.stderr);
  assert.equal(stopped.summary['accepted'], 4);
  platform.answer = () => ({});
  const resumed = await workdir.run(args, { stdin: peopleCsv(9) });
  assert.partialDeepStrictEqual(resumed.summary, { read: 9, accepted: 9, resumed: 4, exit: 0 });
  assert.deepEqual(idsOf(platform.stored), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('pipes that have a path are put aside as stdin is, several of them, and known by their content', {
  skip: existsSync('/bin/bash') ? false : 'needs bash',
}, async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', peopleCsv(3));
  workdir.file('q.csv', peopleCsv(2, 10));
  const piped = { under: ['bash', '-c', 'exec "$@" <(cat p.csv) <(cat q.csv)', 'bash'] };
  for (const command of ['validate', 'push'])
    assert.partialDeepStrictEqual(
      (await workdir.run([command, '-t', 'stream', '--json'], piped)).summary,
      { read: 5, accepted: 5, exit: 0 },
      command,
    );
  assert.deepEqual(idsOf(platform.stored), [1, 2, 3, 10, 11]);
  const again = await workdir.run(['push', '-t', 'stream', '--json'], piped);
  assert.equal((again.summary['alreadyLoaded'] as unknown[]).length, 2, again.stdout);
  assert.equal((await workdir.run(push)).summary['read'], 0);
  const one = await workdir.run(['init', '-t', 'stream', '-o', 'new.map.yaml'], {
    under: ['bash', '-c', 'exec "$@" <(cat p.csv)', 'bash'],
  });
  assert.match(one.stderr, /\[init-input\]/);
  assert.deepEqual(readdirSync(join(workdir.path, '.cdp-load', 'spool')), []);
});

test('under an unfinished load a grown, a shrunk and another file are refused by name; --restart loads what is there', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', peopleCsv(8));
  const some = await workdir.run([...push, '--limit', '3']);
  assert.partialDeepStrictEqual(some.summary, { read: 3, accepted: 3, complete: false, exit: 0 });
  const requests = platform.heard.length;
  for (const [content, word] of [
    [peopleCsv(9), /has grown from \d+ to \d+ bytes/],
    [peopleCsv(5), /has shrunk from \d+ to \d+ bytes/],
    [peopleCsv(8, 101), /since run/],
  ] as const) {
    workdir.file('p.csv', content);
    const ran = await workdir.run(push);
    refused(ran, 'input-changed', /--restart/);
    assert.match(String(ran.summary['message']), word);
  }
  assert.equal(platform.heard.length, requests);
  const restarted = await workdir.run([...push, '--restart']);
  assert.partialDeepStrictEqual(restarted.summary, { read: 8, accepted: 8, resumed: 0, exit: 0 });
  assert.deepEqual(idsOf(platform.stored).slice(3), [101, 102, 103, 104, 105, 106, 107, 108]);
});

test('the file as it was goes on after it had changed and was put back', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', peopleCsv(8));
  await workdir.run([...push, '--limit', '3']);
  workdir.file('p.csv', peopleCsv(9));
  refused(await workdir.run(push), 'input-changed', /Put the file back/);
  workdir.file('p.csv', peopleCsv(8));
  const resumed = await workdir.run(push);
  assert.partialDeepStrictEqual(resumed.summary, { read: 8, accepted: 8, resumed: 3, exit: 0 });
  assert.deepEqual(idsOf(platform.stored), [1, 2, 3, 4, 5, 6, 7, 8]);
});

test('a changed mapping is refused under an unfinished load, --new-mapping goes on with the rest, and a comment is no change', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', peopleCsv(6));
  await workdir.run([...push, '--limit', '2']);

  editMapping(workdir, 'fields:', '# only a remark\nfields:');
  const remarked = await workdir.run([...push, '--limit', '3']);
  assert.partialDeepStrictEqual(remarked.summary, { read: 3, accepted: 3, resumed: 2 });

  editMapping(workdir, 'type: email', 'type: email, upper: true');
  const requests = platform.heard.length;
  const changed = await workdir.run(push);
  refused(changed, 'mapping-changed', /--new-mapping/);
  assert.match(String(changed.summary['hint']), /--restart/);
  assert.equal(platform.heard.length, requests);

  const rest = await workdir.run([...push, '--new-mapping']);
  assert.partialDeepStrictEqual(rest.summary, { read: 6, accepted: 6, resumed: 3, exit: 0 });
  assert.deepEqual(
    platform.stored.map(({ Email }) => Email),
    ['p1@example.com', 'p2@example.com', 'p3@example.com', 'P4@EXAMPLE.COM', 'P5@EXAMPLE.COM', 'P6@EXAMPLE.COM'],
  );
});

test('a complete load of interactions under another mapping is not doubled unasked', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url, 'interaction');
  workdir.file('p.csv', peopleCsv(2));
  await workdir.run(push);
  editMapping(workdir, 'type: email', 'type: email, upper: true');
  refused(await workdir.run(push), 'loaded-elsewise', /--again/);
  assert.equal(platform.heard.length, 1);
});

const rowsOfLongFile = 120_000;
/** More payload than a run has in hand, so that the end is not read before the first answer. */
const longFile = (from = 1): string => {
  const domain = `${['a', 'b', 'c'].map((letter) => letter.repeat(60)).join('.')}.example.com`;
  return peopleCsv(rowsOfLongFile, from).replaceAll('example.com', domain);
};

test('a file that is written to while it is read is named with exit 5, and is not taken for loaded', async (t) => {
  const workdir = createWorkdir(t);
  let isGrown = false;
  const path = join(workdir.path, 'p.csv');
  const platform = await startRecorder(t, () => {
    if (!isGrown) appendFileSync(path, '999999,late@example.com\n');
    isGrown = true;
    return { delay: 20 };
  });
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', longFile());
  const ran = await workdir.run([...push, '--limit', '1000000']);
  assert.equal(ran.status, 5, ran.stdout);
  assert.partialDeepStrictEqual(ran.summary, {
    event: 'summary',
    exit: 5,
    stopped: { code: 'input-changed-meanwhile' },
  });
  const listed = await workdir.run(['runs', '--json']);
  assert.partialDeepStrictEqual(listed.summary, { outcome: 'ended', exit: 5 });
  refused(await workdir.run(push), 'input-changed', /--restart/);
});

const disturbances: readonly (readonly [
  what: string,
  disturb: (path: string) => void,
  code: RegExp,
  after: (again: Ran) => void,
])[] = [
  [
    'replaced by another',
    (path) => {
      writeFileSync(`${path}.new`, longFile(200_000));
      renameSync(`${path}.new`, path);
    },
    /^input-changed-meanwhile$/,
    (again) => refused(again, 'input-changed', /--restart/),
  ],
  [
    'changed in the middle, at the same length',
    (path) => {
      const file = openSync(path, 'r+');
      writeSync(file, '99999,', longFile().indexOf('30000,'));
      closeSync(file);
    },
    /^input-changed-meanwhile$/,
    (again) => refused(again, 'input-changed', /--restart/),
  ],
  [
    'cut short',
    (path) => truncateSync(path, 700_000),
    /^input-(shortened|changed-meanwhile)$/,
    (again) => refused(again, 'input-changed', /--restart/),
  ],
  ['deleted', (path) => rmSync(path), /^input-changed-meanwhile$/, (again) => refused(again, 'input-missing', /path/)],
];

for (const [what, disturb, code, after] of disturbances) {
  test(`a file that is ${what} while it is read is named with exit 5, and its load goes on once it is back`, async (t) => {
    const workdir = createWorkdir(t);
    let isDone = false;
    const path = join(workdir.path, 'p.csv');
    const platform = await startRecorder(t, () => {
      if (!isDone) disturb(path);
      isDone = true;
      return { delay: 20 };
    });
    writeStreamSetup(workdir, platform.url);
    workdir.file('p.csv', longFile());
    const ran = await workdir.run(push);
    assert.equal(ran.status, 5, ran.stdout + ran.stderr);
    assert.partialDeepStrictEqual(ran.summary, { event: 'summary', exit: 5 });
    const stopped = ran.summary['stopped'] as { code?: string; hint?: string };
    assert.match(String(stopped.code), code);
    assert.match(String(stopped.hint), /\S/);
    after(await workdir.run(push));
    workdir.file('p.csv', longFile());
    const last = await workdir.run(push);
    assert.partialDeepStrictEqual(
      last.summary,
      { read: rowsOfLongFile, accepted: rowsOfLongFile, exit: 0 },
      last.stdout + last.stderr,
    );
    assert.deepEqual(
      idsOf(platform.stored).toSorted((a, b) => a - b),
      Array.from({ length: rowsOfLongFile }, (_, index) => index + 1),
    );
  });
}

test('a file that is only touched while it is read is loaded', async (t) => {
  const workdir = createWorkdir(t);
  const path = join(workdir.path, 'p.csv');
  let touched = 0;
  const platform = await startRecorder(t, () => {
    touched += 1;
    utimesSync(path, touched, touched);
    return {};
  });
  writeStreamSetup(workdir, platform.url);
  workdir.file('p.csv', longFile());
  const ran = await workdir.run(push);
  assert.partialDeepStrictEqual(ran.summary, { accepted: rowsOfLongFile, exit: 0 }, ran.stdout + ran.stderr);
});

test('the error budget is counted over all runs of a load, against all rows of it', async (t) => {
  const workdir = createWorkdir(t);
  const platform = await startRecorder(t);
  writeStreamSetup(workdir, platform.url);
  // 40 bad rows among the first 2,000 (2 %), 30 among the last 1,000 (3 %): 2.3 % of all.
  const bad = (rows: number, every: number, from: number) =>
    Array.from({ length: rows }, (_, index) =>
      index % every === 0 ? `${from + index},nonsense` : `${from + index},p@example.com`,
    );
  workdir.file(
    'p.csv',
    ['customer_id,email', ...bad(1000, 50, 1), ...bad(1000, 50, 1001), ...bad(1000, 33, 2001)].join('\n'),
  );
  const first = await workdir.run([...push, '--limit', '2000', '--max-errors', '2.5%']);
  assert.partialDeepStrictEqual(first.summary, { rejected: 40, exit: 1 });
  const second = await workdir.run([...push, '--max-errors', '2.5%']);
  assert.partialDeepStrictEqual(second.summary, { read: 3000, exit: 1 }, second.stdout);
  const again = [...push, '--restart', '--again', '--state-dir', 'other'];
  assert.equal((await workdir.run([...again, '--limit', '2000', '--max-errors', '50'])).status, 1);
  const over = await workdir.run([...push, '--state-dir', 'other', '--max-errors', '50']);
  assert.equal(over.status, 3, 'the 40 rows of the first run were forgotten');
});
