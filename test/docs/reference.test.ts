import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { buildProgram } from '../../src/cli.ts';
import { Exit } from '../../src/model/fault.ts';
import { referenceText } from '../../src/reference.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

test('the README has every command, flag and exit code, and none that is not there', () => {
  const [, written] = /<!-- reference:.*? -->\n([\s\S]*?)<!-- \/reference -->/.exec(readme) ?? [];
  assert.equal(written, referenceText(), 'run `node scripts/make-reference.ts`');
});

test('every flag that the prose of the README names exists', () => {
  const known = new Set<string>();
  const visit = (command: ReturnType<typeof buildProgram>) => {
    for (const { long } of command.options) if (long) known.add(long);
    command.commands.forEach(visit);
  };
  visit(buildProgram());
  known.add('--help');
  for (const [flag] of readme.matchAll(/(?<![\w-])--[a-z][a-z-]+/g))
    assert.ok(known.has(flag), `${flag} is in the README but no flag`);
});

test('every exit code has a line of its own', () => {
  for (const code of Object.values(Exit)) assert.match(readme, new RegExp(`^\\| ${code} \\|`, 'm'));
});
