import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { resolveTarget } from '../../src/config/resolve.ts';
import { createCollapser } from '../../src/mapping/last-wins.ts';
import { parseMapping } from '../../src/mapping/load.ts';
import { mappingHash } from '../../src/mapping/mapping-hash.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { compileText, csv, openOperation } from '../support/fake-target.ts';

const mapping = (more: string) => `version: 1
target: fake
operation: put
${more}fields: { Id: id }
`;

test('an operation whose items each count, and a mapping without a key, are told that lastWins cannot be', () => {
  const upsert = openOperation({ lastWins: { same: [] } });
  assert.throws(
    () => compileText(mapping('key: id\nlastWins: true\n'), csv('id'), openOperation()),
    /lastWins is not possible for the operation put/,
  );
  assert.throws(() => compileText(mapping('lastWins: true\n'), csv('id'), upsert), /lastWins needs key/);
  const [entry] = compileText(mapping('key: id\nlastWins: true\n'), csv('id'), upsert).entries;
  assert.equal(entry?.lastWins, true);
  assert.throws(
    () =>
      parseMapping('version: 1\ntarget: fake\nlastWins: true\nitems:\n  - { operation: put, fields: { a: b } }\n', 'm'),
    /lastWins stands in each of items/,
  );
});

test('lastWins is part of what a mapping means', () => {
  const hash = (more: string) => mappingHash(parseMapping(mapping(more), 'm'));
  assert.notEqual(hash('key: id\nlastWins: true\n'), hash('key: id\n'));
});

const upserts: Readonly<Record<string, readonly string[]>> = {
  raptor: ['person', 'catalog'],
  adobe: ['record'],
  relay42: ['facts.add', 'facts.update', 'datafeed.put'],
  customerio: ['identify', 'group'],
  datatalks: ['profiles', 'inventory'],
};
const hardId = { type: 'x', hardId: ['id'], zone: 'UTC', fields: { id: 'string' } };
const settings: Readonly<Record<string, Record<string, unknown>>> = {
  'raptor person.delete': {},
  adobe: {
    datasetId: '5f5a3e1c2b7a9d194c1a2b3c',
    schemaId: 'https://ns.adobe.com/x/schemas/1',
    flowId: 'f',
    primaryIdentity: 'Email',
  },
  'relay42 facts.add': { partnerType: 1, factName: 'f', factTtl: 60 },
  'relay42 facts.update': { partnerType: 1, factName: 'f', factTtl: 60 },
  'relay42 datafeed.put': { feedPrefix: 'f' },
  'datatalks profiles': hardId,
  'datatalks inventory': hardId,
};

test('only operations that overwrite what they write about allow it, of all targets', async (t) => {
  const sandbox = await startSandbox();
  t.after(() => sandbox.close());
  const columns = { id: { type: 'string', identifier: true } };
  for (const [type, expected] of Object.entries(upserts)) {
    const own = {
      ...sandbox.emulator(type).settings(sandbox.url(type)),
      ...(type === 'raptor' ? { writeMode: 'append', columns } : {}),
    };
    const { target, type: kind } = resolveTarget(type, loadConfig(undefined, '/'), {}, () => own);
    const found = Object.keys(kind.operations).filter((name) => {
      try {
        return target.operation(name, settings[`${type} ${name}`] ?? {}).lastWins !== undefined;
      } catch {
        return false;
      }
    });
    assert.deepEqual(found, expected);
  }
});

test('an overwrite load, a file without identifiers and a Hard-ID that is not known to replace allow it not', async (t) => {
  const sandbox = await startSandbox();
  t.after(() => sandbox.close());
  const open = (type: string, more: Record<string, unknown>) =>
    resolveTarget(type, loadConfig(undefined, '/'), {}, () => ({
      ...sandbox.emulator(type).settings(sandbox.url(type)),
      ...more,
    })).target;
  const columns = { id: { type: 'string', identifier: true } };
  assert.equal(open('raptor', { writeMode: 'overwrite', columns }).operation('person', {}).lastWins, undefined);
  assert.equal(open('raptor', { writeMode: 'append' }).operation('person', {}).lastWins, undefined);
  const careful = { ...hardId, assumeUpsert: false };
  assert.equal(open('datatalks', {}).operation('inventory', careful).lastWins, undefined);
});

/** Which of these items, by index, are superseded. All of entry 0 and key k unless told otherwise. */
function collapse(
  ...items: readonly { json?: string; key?: string; entry?: number; route?: string; lanes?: readonly string[] }[]
): number[] {
  const collapser = createCollapser([{ same: [['id']] }, undefined, { same: [] }]);
  for (const [index, { json = '{"id":1}', key = 'k', entry = 0, route = '', lanes = ['l'] }] of items.entries())
    collapser.add(index, entry, key, { json, route, lanes });
  return [...collapser.take(items.length).superseded.entries()].filter(([, is]) => is === 1).map(([index]) => index);
}

test('what is of another key, route, lane, entry or identity stays', () => {
  assert.deepEqual(collapse({}, {}, {}), [0, 1]);
  assert.deepEqual(collapse({}, { key: 'other' }, {}), []);
  assert.deepEqual(collapse({ key: '' }, { key: '' }), []);
  assert.deepEqual(collapse({}, { route: 'r' }), []);
  assert.deepEqual(collapse({}, { lanes: ['l', 'm'] }), []);
  assert.deepEqual(collapse({ lanes: ['l', 'm'] }, {}), []);
  assert.deepEqual(collapse({ lanes: [] }, { lanes: [] }), []);
  assert.deepEqual(collapse({}, { entry: 2 }, {}), [0]);
  assert.deepEqual(collapse({}, { entry: 1 }, {}), []);
  assert.deepEqual(collapse({}, { entry: 1, lanes: ['m'] }, {}), [0]);
  assert.deepEqual(collapse({}, { json: '{"id":2}' }), []);
  assert.deepEqual(collapse({ json: '{"id":9007199254740993}' }, { json: '{"id":9007199254740992}' }), []);
});

test('what the later one would not overwrite stays', () => {
  const stays = (earlier: string, later: string) => collapse({ json: earlier }, { json: later }).length === 0;
  assert.ok(!stays('{"a":1}', '{"a":null,"b":2}'));
  assert.ok(stays('{"a":1,"b":2}', '{"a":1}'));
  assert.ok(!stays('{"a":{"x":1}}', '{"a":{"x":2,"y":3}}'));
  assert.ok(stays('{"a":{"x":1}}', '{"a":{"y":3}}'));
  assert.ok(stays('{"a":["x"]}', '{"a":["y"]}'));
  assert.ok(!stays('{"a":["x"]}', '{"a":["x"]}'));
  assert.ok(stays('{"a":null}', '{"a":{"x":1}}'));
  assert.ok(stays('{"__proto__":1}', '{"a":1}'));
});
