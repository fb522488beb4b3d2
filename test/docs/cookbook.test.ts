/** Each page of the cookbook is played in a throw-away folder with the real program, and must read as it does. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { scenesOf, sessionText } from '../../scripts/cookbook/page.ts';
import { played } from '../../scripts/cookbook/stage.ts';
import { createStandIns, pageFolder } from '../../scripts/cookbook/stand-ins.ts';
import { targetTypes } from '../../src/targets/index.ts';
import { root } from '../support/workdir.ts';

const folder = join(root, 'docs', 'cookbook');
const index = readFileSync(join(folder, 'README.md'), 'utf8');
const pages = readdirSync(folder)
  .filter((name) => name !== 'README.md')
  .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));

describe('docs/cookbook', { concurrency: 2 }, () => {
  it('has a page for each target, and its front page names them all', () => {
    assert.deepEqual(pages.map(({ name }) => name).sort(), targetTypes.map(({ type }) => `${type}.md`).sort());
    for (const { name } of pages) assert.ok(index.includes(`(${name})`), name);
  });

  for (const { name, text } of pages) {
    it(`${name}: every command answers as the page says`, async () => {
      assert.equal(
        await played(text),
        text,
        'after a build run `node scripts/make-cookbook.ts`, and read what changed',
      );
    });

    it(`${name}: goes from a file to a push into the sandbox, by way of the tests, the exact request and the check`, () => {
      const scenes = scenesOf(text);
      const commands = scenes.flatMap((scene) => (scene.kind === 'session' ? scene.commands : []));
      for (const step of ['test', 'preview', 'validate', 'push'])
        assert.ok(
          commands.some((command) => command.startsWith(`cdp-load ${step} `)),
          step,
        );
      assert.match(text, /What the sandbox holds now:\n {4}\S/);
      const mappings = scenes.flatMap((scene) =>
        scene.kind === 'file' && /map\.yaml$/.test(scene.path) ? [scene] : [],
      );
      for (const { text: mapping } of mappings)
        assert.ok([name.replace('.md', ''), undefined].includes(parse(mapping).target), mapping);
    });
  }
});

describe('a page of the cookbook', () => {
  const page = '# T\n\n```csv a.csv\nx\n1\n```\n\nText\n\n```console\n$ echo one\none\n$ true\n```\nEnd\n';

  it('is files and sessions, in their order', () => {
    assert.deepEqual(
      scenesOf(page).map((scene) => (scene.kind === 'file' ? [scene.path, scene.text] : scene.commands)),
      [
        ['a.csv', 'x\n1\n'],
        ['echo one', 'true'],
      ],
    );
  });

  it('is played: what a command answers today stands there afterwards, and its exit when it is not 0', async () => {
    const stale = page.replace('one\n$', 'two\n$').replace('$ true', '$ cat a.csv; echo err >&2; exit 3');
    assert.equal(await played(stale), page.replace('$ true', '$ cat a.csv; echo err >&2; exit 3\nx\n1\nerr\n[exit 3]'));
    assert.equal(await played(page), page);
  });

  it('has no fence that nobody would check', () => {
    assert.throws(() => scenesOf('```sh\ncdp-load push\n```\n'), /neither a file nor a console/);
    assert.throws(() => scenesOf('```console\nan answer to nothing\n```\n'), /no command/);
  });

  it('shows commands and answers one under the other', () => {
    const exchanges = [
      { command: 'a', answer: '' },
      { command: 'b', answer: 'no end of line' },
    ];
    assert.equal(sessionText(exchanges), '$ a\n$ b\nno end of line\n');
  });
});

describe('stand-ins', () => {
  const said = [
    'mapping /tmp/x-1/loads/a.map.yaml, run 20261121-1424-3f7f',
    'Rejected rows: /tmp/x-1/loads/.cdp-load/runs/20261121-1425-0d1e/rejects.ndjson',
    'Next: cdp-load retry 20261121-1424-3f7f',
    '  425 B would go out in 1 request, 0.7 s (1,384 rows/s)',
    '  425 B sent in 1 request, 1 retry, 12 ms',
    'Host: 127.0.0.1:37465',
    'X-Amz-Date: 20261121T142426Z',
    'Credential=•••/20261121/eu-west-1/execute-api',
  ].join('\n');
  const shown = [
    `mapping ${pageFolder}/a.map.yaml, run 20240301-0900-0001`,
    `Rejected rows: ${pageFolder}/.cdp-load/runs/20240301-0900-0002/rejects.ndjson`,
    'Next: cdp-load retry 20240301-0900-0001',
    '  425 B would go out in 1 request, 0.1 s (100 rows/s)',
    '  425 B sent in 1 request, 1 retry, 0.1 s (100 rows/s)',
    'Host: 127.0.0.1:4100',
    'X-Amz-Date: 20240301T090000Z',
    'Credential=•••/20240301/eu-west-1/execute-api',
  ].join('\n');

  it('take the place of folders, runs, ports, moments and durations, and of nothing twice', () => {
    const standIns = createStandIns('/tmp/x-1/loads');
    assert.equal(standIns.toPage(said), shown);
    assert.equal(standIns.toPage(shown), shown);
  });

  it('leave everything else alone', () => {
    const plain =
      'A run takes about 0.3 s: 4 requests in flight.\n5 read = 3 would be sent\n"Born": "2024-03-01"\n4100 rows';
    assert.equal(createStandIns('/tmp/x-1/loads').toPage(plain), plain);
  });

  it('are turned back in what is typed', () => {
    const standIns = createStandIns('/tmp/x-1/loads');
    standIns.toPage(said);
    assert.equal(standIns.fromPage('cdp-load retry 20240301-0900-0002'), 'cdp-load retry 20261121-1425-0d1e');
    assert.equal(standIns.fromPage('baseUrl: http://127.0.0.1:4100/raptor'), 'baseUrl: http://127.0.0.1:4100/raptor');
    standIns.listen(37465);
    assert.equal(standIns.fromPage('baseUrl: http://127.0.0.1:4100/raptor'), 'baseUrl: http://127.0.0.1:37465/raptor');
  });
});
