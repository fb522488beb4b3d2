/** What the README tells a stranger to type works as it stands there. The longer story is played by first-mapping.test.ts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createWorkdir, root } from '../support/workdir.ts';

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const sectionOf = (title: string): string => {
  const [, section] = new RegExp(`\\n## ${title}\\n([\\s\\S]*?)(?=\\n## |$)`).exec(readme) ?? [];
  assert.ok(section !== undefined, `the README has no section "${title}"`);
  return section;
};
const typed = (section: string): string[] =>
  [...section.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^ {4}(\S.*?)(?: +#.*)?$/gm)].map(([, line = '']) => line);

test('the first load: config, mapping and file stand there in full, and each command ends well', async (t) => {
  const section = sectionOf('Five minutes to a first load');
  const workdir = createWorkdir(t);
  for (const [, name = '', text = ''] of section.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)) workdir.file(name, text);
  const env: Record<string, string> = {};
  const ran: string[] = [];
  for (const line of typed(section)) {
    const [, name, value] = /^export (\w+)=(\S+)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) {
      env[name] = value;
      continue;
    }
    const [program, ...args] = line.split(' ');
    assert.equal(program, 'cdp-load', line);
    ran.push(args[0] ?? '');
    // The last one is meant: it goes to the platform.
    if (args[0] === 'push' && !args.includes('--sandbox')) continue;
    const { status, stdout, stderr } = await workdir.run(args, { env });
    assert.equal(status, 0, `${line}\n${stdout}${stderr}`);
  }
  assert.deepEqual(ran, ['test', 'preview', 'validate', 'push', 'push']);
});

test('the line for cron resumes, knows what it loaded, and stops at a half-empty export', async (t) => {
  const [line = ''] = typed(sectionOf('Every night'));
  const [, words = ''] = /cdp-load (push .*?) >>/.exec(line) ?? [];
  assert.ok(!line.includes('%'), 'cron takes a bare % for the end of the line');
  const workdir = createWorkdir(t);
  const first = sectionOf('Five minutes to a first load');
  for (const [, name = '', text = ''] of first.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)) workdir.file(name, text);
  const rows = Array.from({ length: 1000 }, (_, index) => `${index + 1},p${index}@example.com,P,31/01/1990,tea`);
  workdir.file('people-1.csv', ['customer_id,email,first_name,birth_date,tags', ...rows, ''].join('\n'));
  workdir.file('people-2.csv', 'customer_id,email,first_name,birth_date,tags\n1,p@example.com,P,31/01/1990,tea\n');
  const run = (file: string) => workdir.run([...words.replace('people-*.csv', file).split(' '), '--sandbox']);
  const good = await run('people-1.csv');
  assert.equal(good.status, 0, good.stderr);
  assert.partialDeepStrictEqual(good.summary, { event: 'summary', accepted: 1000 });
  const short = await run('people-2.csv');
  assert.deepEqual([short.status, short.summary['code']], [2, 'too-few-rows']);
});

test('it carries the promise with its equation, the two commands, exit codes, cron, safety and limits', () => {
  assert.match(
    sectionOf('What it promises'),
    /At least once, nothing silent[\s\S]*read = accepted \+ rejected \+ skipped \+ uncertain \+ remaining/,
  );
  assert.match(readme.slice(0, 1500), /cdp-load validate [\s\S]*cdp-load push /);
  const codes = [...sectionOf('Every night').matchAll(/^\| ([\d, ]+?) +\|/gm)].flatMap(([, list = '']) =>
    list.split(', '),
  );
  const all = [...sectionOf('Reference').matchAll(/^\| (\d+) \|/gm)].map(([, code = '']) => code);
  assert.deepEqual(codes.sort(), all.sort(), 'each exit code has a thing to do');
  for (const title of ['What keeps production safe', 'Known limits']) assert.match(sectionOf(title), /^- /m);
});
