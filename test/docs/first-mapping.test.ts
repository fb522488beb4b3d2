import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createWorkdir, root } from '../support/workdir.ts';

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const [, section = ''] = /\n## From an unknown file to a proven mapping\n([\s\S]*?)\n## /.exec(readme) ?? [];
const fenced = (language: string) => new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(section)?.[1] ?? '';

test("the README's way from an unknown file to a proven mapping can be typed as it stands, without an edit", async (t) => {
  const workdir = createWorkdir(t);
  workdir.file('people.csv', fenced('csv'));
  const commands = [...section.matchAll(/^ {4}cdp-load (.*)$/gm)].map(([, words = '']) => words.split(' '));
  assert.deepEqual(
    commands.map(([command]) => command),
    ['init', 'test', 'validate', 'push'],
  );
  const startedAt = performance.now();
  for (const command of commands) {
    const { status, stdout, stderr } = await workdir.run(command);
    assert.equal(status, 0, `${command.join(' ')}\n${stdout}${stderr}`);
  }
  assert.ok(performance.now() - startedAt < 60_000, 'the README speaks of seconds');
  assert.equal(fenced('yaml'), workdir.read('people.map.yaml'));
});
