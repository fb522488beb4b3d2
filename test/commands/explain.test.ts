import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explanations } from '../../src/codes.ts';
import { createWorkdir } from '../support/workdir.ts';

test('explain prints the longer text of a code, also as it stands in brackets', async (t) => {
  const { status, stdout } = await createWorkdir(t).run(['explain', '[value-zone]']);
  assert.equal(status, 0);
  assert.match(stdout, /^value-zone \(Mapping\)\n {2}The text names a time without a zone/);
});

test('a misspelt code is answered with the one that was meant, and exit 2', async (t) => {
  const { status, stderr } = await createWorkdir(t).run(['explain', 'value-datte']);
  assert.equal(status, 2);
  assert.match(stderr, /There is no code "value-datte"\. {1,2}\[code-unknown\]/);
  assert.match(stderr, /Did you mean "value-date"\?/);
});

test('without a code all are listed, a line each, for people and for programs', async (t) => {
  const workdir = createWorkdir(t);
  const [forPeople, forPrograms] = await Promise.all([workdir.run(['explain']), workdir.run(['explain', '--json'])]);
  for (const { code } of explanations) assert.match(forPeople.stdout, new RegExp(`^  ${code} `, 'm'));
  // The line is a sentence, not what stands before the first colon in it.
  assert.match(forPeople.stdout, /^ {2}value-missing .*\(`required: true` or `onEmpty: reject`\)\.$/m);
  for (const line of forPeople.stdout.split('\n')) assert.equal(line.split('`').length % 2, 1, line);
  assert.deepEqual(
    forPrograms.events.map(({ code }) => code),
    explanations.map(({ code }) => code),
  );
});
