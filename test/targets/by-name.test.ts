import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { findTargetType, knownNames, typeNames } from '../../src/targets/by-name.ts';
import { targetTypes } from '../../src/targets/index.ts';

test('a type is found by its own name and by its everyday names, and those are all the names there are', () => {
  assert.deepEqual(
    targetTypes.map(({ type }) => type),
    typeNames,
  );
  assert.deepEqual(
    targetTypes.flatMap(({ type, aliases }) => [type, ...aliases]),
    knownNames,
  );
  for (const found of targetTypes) {
    for (const name of [found.type, ...found.aliases]) assert.equal(findTargetType(name), found);
  }
  assert.equal(findTargetType('constructor'), undefined);
});

test('asking for one type loads no other', () => {
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
    const { findTargetType } = await import('${new URL('../../src/targets/by-name.ts', import.meta.url).href}');
    findTargetType('stream');
    console.log(JSON.stringify(loaded.flatMap((url) => /targets\\/(\\w+)\\.ts$/.exec(url)?.[1] ?? [])));
  `;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  const loaded: unknown = JSON.parse(out);
  assert.ok(Array.isArray(loaded) && loaded.includes('raptor'));
  assert.deepEqual(
    typeNames.filter((name) => loaded.includes(name)),
    ['raptor'],
  );
});
