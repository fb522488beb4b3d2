import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { catalogues, codesText, explanationOf, explanations } from '../../src/codes.ts';
import { root } from '../support/workdir.ts';

const page = readFileSync(join(root, 'docs/codes.md'), 'utf8');
const known = new Set(explanations.map(({ code }) => code));

/** What platforms answer by their emulators is no code of ours, and `custom` is zod's. */
const sources = globSync('src/**/*.ts', { cwd: root })
  .filter(
    (file) => !/codes\.ts$/.test(file) && !/^src\/sandbox\/(adobe|customerio|datatalks|raptor|relay42)/.test(file),
  )
  .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));

/** Between the transport and the exchange only: never in a report. */
const internalCodes = new Set(['custom', 'aborted']);

const namedAsCode =
  /(?:\b(?:new UserError|\w*Error|\w*Problem|\w*Fault|\w*Refusal|reasonFrom|retryOf|fatal|rejected)\(|\bcode:)\s*'([a-z][a-z0-9]*(?:-[a-z0-9]+)*)'/g;

test('each code stands in one catalogue only, in kebab-case, with a text that ends like a sentence', () => {
  const seen = new Map<string, string>();
  for (const { title, codes } of catalogues) {
    for (const [code, text] of Object.entries(codes)) {
      assert.equal(seen.get(code), undefined, `${code} stands in ${title} and in ${seen.get(code)}`);
      seen.set(code, title);
      assert.match(code, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      assert.match(text, /^[A-Z`].*[.!]$/s, `${code}: ${text}`);
    }
  }
});

test('every catalogue of the sources is among those that are explained', () => {
  for (const file of globSync('src/*/codes.ts', { cwd: root })) {
    const [, catalogue = ''] = /Codes = \{\n([\s\S]*?)\n\} as const/.exec(readFileSync(join(root, file), 'utf8')) ?? [];
    const names = [...catalogue.matchAll(/^ {2}'?([a-z][a-z0-9-]*)'?:/gm)].map(([, name = '']) => name);
    assert.ok(names.length > 0, file);
    for (const name of names) assert.ok(known.has(name), `${name} of ${file} is not explained`);
  }
});

test('docs/codes.md has every code with its text, and none that does not exist', () => {
  const written = new Map(
    [...page.matchAll(/^### `(.+)`\n\n(.+)\n/gm)].map(([, code = '', text = '']) => [code, text]),
  );
  for (const { code, text } of explanations)
    assert.equal(written.get(code), text, `${code}: run \`node scripts/make-codes.ts\``);
  for (const code of written.keys()) assert.ok(known.has(code), `${code} is documented and does not exist`);
  assert.equal(page, codesText(), 'run `node scripts/make-codes.ts`');
});

test('every code that the sources give to an error, a fault or a warning can be explained', () => {
  const used = sources.flatMap(({ file, text }) =>
    [...text.matchAll(namedAsCode)].map(([, code = '']) => ({ file, code })),
  );
  assert.ok(used.length > 80, `only ${used.length} codes found: the pattern has lost its grip`);
  for (const { file, code } of used)
    if (!internalCodes.has(code)) assert.ok(known.has(code), `${code} of ${file} stands in no catalogue`);
});

test('every code that can be explained is given to something', () => {
  const all = sources.map(({ text }) => text).join('\n');
  for (const { code } of explanations) {
    const isMade = all.includes(`'${code}'`) || (code.startsWith('value-') && all.includes('`value-$'));
    assert.ok(isMade, `${code} is explained and never given`);
  }
});

test('an unknown code is not explained', () => {
  assert.equal(explanationOf('nonsense'), undefined);
  assert.equal(explanationOf('toString'), undefined);
});
