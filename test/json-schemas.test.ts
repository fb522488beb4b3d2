import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { configJsonSchema, mappingSchemaForEditors } from '../src/json-schemas.ts';
import { targetTypes } from '../src/targets/index.ts';
import { complaintsOf } from './support/json-schema.ts';
import { createWorkdir, root } from './support/workdir.ts';

interface Branch {
  readonly title: string;
  readonly properties: Readonly<Record<string, { readonly description?: string }>>;
}

const config = configJsonSchema();
const mapping = mappingSchemaForEditors();

for (const file of globSync('fixtures/**/cdp-load.yaml', { cwd: root })) {
  test(`${file} is valid under the schema of config files`, () => {
    assert.deepEqual(complaintsOf(config, parse(readFileSync(join(root, file), 'utf8'))), []);
  });
}

for (const file of globSync('fixtures/**/*.map.yaml', { cwd: root })) {
  test(`${file} is valid under the schema of mappings`, () => {
    assert.deepEqual(complaintsOf(mapping, parse(readFileSync(join(root, file), 'utf8'))), []);
  });
}

const stream = { type: 'stream', accountId: '12345' };
const wrongConfigs: readonly (readonly [claim: string, target: Record<string, unknown>])[] = [
  ['a setting that no target has', { ...stream, colums: {} }],
  ["another type's setting", { ...stream, siteNumber: 1 }],
  ['an unknown target type', { ...stream, type: 'strem' }],
  ['an account id of letters', { ...stream, accountId: 'abc' }],
  ['a negative concurrency', { ...stream, concurrency: -1 }],
  ['a type that is missing', { accountId: '12345' }],
];
for (const [claim, target] of wrongConfigs) {
  test(`the schema of config files refuses ${claim}`, () => {
    assert.notDeepEqual(complaintsOf(config, { targets: { one: target } }), []);
  });
}

test('a reference to the environment may stand where text must have a form', () => {
  const target = { ...stream, accountId: `\${RAPTOR_ACCOUNT_ID}`, baseUrl: `\${BASE}`, streamId: `\${file:/run/x}` };
  assert.deepEqual(complaintsOf(config, { targets: { one: target } }), []);
});

const person = { version: 1, target: 'stream', operation: 'person', fields: { CustomerId: 'id' } };
const wrongMappings: readonly (readonly [claim: string, mapping: Record<string, unknown>])[] = [
  ['an operation that the target has not', { ...person, operation: 'identify' }],
  ['settings that the operation has not', { ...person, settings: { factName: 'x' } }],
  ['a field key that does not exist', { ...person, fields: { A: { form: 'a' } } }],
  ['an unknown target', { ...person, target: 'adobee' }],
  ['an unknown key', { ...person, feilds: {} }],
  ['another operation inside items', { version: 1, target: 'relay42', items: [{ operation: 'person', fields: {} }] }],
];
test('the mapping that the wrong ones are made of is right', () => assert.deepEqual(complaintsOf(mapping, person), []));
for (const [claim, wrong] of wrongMappings) {
  test(`the schema of mappings refuses ${claim}`, () => {
    assert.notDeepEqual(complaintsOf(mapping, wrong), []);
  });
}

test('every setting of every target type has a description for the editor to show', () => {
  const { targets } = config['properties'] as { targets: { additionalProperties: { oneOf: Branch[] } } };
  const branches = targets.additionalProperties.oneOf;
  assert.equal(branches.length, targetTypes.length);
  for (const { title, properties } of branches) {
    for (const [name, { description }] of Object.entries(properties))
      assert.ok((description ?? '').length > 0, `${title}: ${name}`);
  }
});

test('schema prints the schema that was asked for, and knows no third', async (t) => {
  const workdir = createWorkdir(t);
  const [forConfig, forMapping, third] = await Promise.all([
    workdir.run(['schema', 'config']),
    workdir.run(['schema', 'mapping']),
    workdir.run(['schema', 'rows']),
  ]);
  assert.deepEqual(JSON.parse(forConfig.stdout), config);
  assert.deepEqual(JSON.parse(forMapping.stdout), JSON.parse(JSON.stringify(mapping)));
  assert.equal(third.status, 2);
});
