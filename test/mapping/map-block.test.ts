import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { keyHash } from '../../src/mapping/key-hash.ts';
import { laneHash } from '../../src/mapping/lane-hash.ts';
import { type BlockContext, blockMapper } from '../../src/mapping/map-block.ts';
import { type MappedBlock, ownBuffer, skippedBy } from '../../src/model/block.ts';
import type { Operation } from '../../src/targets/target.ts';
import { compileText, csv, openOperation, withFields } from '../support/fake-target.ts';
import { description, wholeBlock } from '../support/source.ts';

const header = ['id', 'kind', 'name'];
const twoItems = `version: 1
target: fake
key: id
where: kind != "skip"
items:
  - operation: put
    fields: { Id: { from: id, type: integer }, Name: name }
  - operation: put
    when: kind == "both"
    fields: { Kind: kind }
`;

function mapText(
  text: string,
  mapping: string,
  operation?: Operation,
  context: Partial<BlockContext> = {},
): MappedBlock {
  const compiled = compileText(mapping, csv(...header), operation);
  return blockMapper(description(header), compiled, { loadKey: 'load', now: 0, ...context })(wholeBlock(text, 11));
}

const skippedIn = (mapped: MappedBlock) => mapped.skipped.map((_, entry) => skippedBy(mapped, entry));

const itemTexts = ({ bytes, starts, ends }: MappedBlock): string[] =>
  [...starts].map((start, index) => Buffer.from(bytes.subarray(start, ends[index])).toString('utf8'));

test('items stand one after the other with a comma between, each with its row and entry', () => {
  const mapped = mapText('1,both,Ada\n2,one,"Åsa, ""B"""\n3,skip,C\n', twoItems);
  assert.equal(
    Buffer.from(mapped.bytes).toString('utf8'),
    '{"Id":1,"Name":"Ada"},{"Kind":"both"},{"Id":2,"Name":"Åsa, \\"B\\""}',
  );
  assert.deepEqual(itemTexts(mapped), ['{"Id":1,"Name":"Ada"}', '{"Kind":"both"}', '{"Id":2,"Name":"Åsa, \\"B\\""}']);
  assert.deepEqual([...mapped.firstRow], [0, 0, 1]);
  assert.deepEqual([...mapped.lastRow], [0, 0, 1]);
  assert.deepEqual([...mapped.entries], [0, 1, 0]);
  assert.deepEqual(skippedIn(mapped), [[[13, 13]], [[12, 13]]]);
});

test('a row that is refused stands in the rejects with its place, its faults and its source', () => {
  const mapped = mapText('1,both,Ada\nx,both,Bo\n2,3\n', twoItems);
  assert.deepEqual(itemTexts(mapped).length, 2);
  assert.deepEqual(
    mapped.rejected.map(({ record, line, byte, faults, source }) => [record, line, byte, faults[0]?.code, source.text]),
    [
      [12, 3, 11, 'value-integer', '{"id":"x","kind":"both","name":"Bo"}'],
      [13, 4, 21, 'csv-columns', '2,3'],
    ],
  );
});

test('rows that are done are left alone, for each entry', () => {
  const done = (entry: number, record: number) => record === 11 || (record === 12 && entry === 0);
  const mapped = mapText('x,both,A\nx,both,B\n3,one,C\n', twoItems, undefined, { done });
  assert.deepEqual(itemTexts(mapped), ['{"Kind":"both"}', '{"Id":3,"Name":"C"}']);
  assert.deepEqual(skippedIn(mapped), [[], [[13, 13]]]);
  assert.deepEqual(mapped.rejected, []);
});

test('more lanes than rows keep their order, each with its item', () => {
  const lanesOf = (id: string) => Array.from({ length: 7 }, (_, index) => `${id}/${index}`);
  const operation = openOperation({
    encode: (item) => ({ json: '{}', route: '', lanes: lanesOf(String(item['Id'])) }),
  });
  const ids = Array.from({ length: 40 }, (_, index) => `r${index}`);
  const mapped = mapText(ids.map((id) => `${id},one,\n`).join(''), withFields('  Id: id'), operation);
  assert.deepEqual([...mapped.lanes], ids.flatMap(lanesOf).map(laneHash));
  assert.deepEqual(
    [...mapped.laneStarts],
    Array.from({ length: 41 }, (_, index) => 7 * index),
  );
});

test('what one block took is the room for the next, and too little or too much of it changes nothing', () => {
  const compiled = compileText(withFields('  Name: name'), csv(...header));
  const map = blockMapper(description(header), compiled, { loadKey: 'load', now: 0 });
  const rows = (count: number, name: string) => `1,one,${name}\n`.repeat(count);
  for (const [count, name] of [
    [400, 'a'],
    [1, ''],
    [500, 'ö'.repeat(300)],
    [900, ''],
    [20, '\ufffd'.repeat(2000)],
  ] as const) {
    const mapped = map(wholeBlock(rows(count, name), 1));
    const texts = itemTexts(mapped);
    assert.deepEqual(new Set(texts), new Set([name === '' ? '{}' : `{"Name":"${name}"}`]));
    assert.equal(texts.length, count);
    const { bytes } = mapped;
    assert.ok(ownBuffer(bytes) !== undefined, `${bytes.length} of ${bytes.buffer.byteLength}`);
  }
});

test('lanes are hashes, equal for equal keys, and routes are named once', () => {
  const operation = openOperation({
    encode: (item) => ({ json: '{}', route: String(item['Kind']), lanes: item['Kind'] === 'a' ? ['x', 'y'] : ['x'] }),
  });
  const mapped = mapText('1,a,\n2,b,\n3,a,\n', withFields('  Kind: kind'), operation);
  const [x, y] = [laneHash('x'), laneHash('y')];
  assert.deepEqual([...mapped.lanes], [x, y, x, x, y]);
  assert.deepEqual([...mapped.laneStarts], [0, 2, 3, 5]);
  assert.deepEqual([...mapped.routes], [0, 1, 0]);
  assert.deepEqual(mapped.routeNames, ['a', 'b']);
  const without = mapText('1,a,\n', withFields('  Kind: kind'));
  assert.deepEqual([without.lanes.length, without.laneStarts.length], [0, 0]);
  assert.deepEqual([[...without.routes], without.routeNames], [[0], ['']]);
});

test('hashes of lanes fit 32 bits and rarely meet', () => {
  const hashes = new Set(Array.from({ length: 100_000 }, (_, index) => laneHash(`person-${index}`)));
  assert.ok(hashes.size > 99_990, String(hashes.size));
  for (const hash of hashes) assert.equal(hash, hash | 0);
});

test('ids of items are hashed where they are asked for, and stand beside their items', () => {
  const operation = openOperation({
    encode: ({ Id, Kind }) => ({
      json: '{}',
      route: '',
      lanes: [],
      ...(Id === '' ? {} : { id: `${Id}${Kind ?? ''}` }),
    }),
  });
  const mapping = withFields('  Id: { from: id, onEmpty: keep }');
  const ids = Array.from({ length: 40 }, (_, index) => (index % 3 === 0 ? '' : `id-${index % 5}`));
  const text = ids.map((id) => `${id},one,x\n`).join('');
  const asked = mapText(text, mapping, operation, { hashes: true });
  assert.deepEqual([...(asked.ids ?? [])], ids.map(keyHash));
  assert.equal(mapText(text, mapping, operation).ids, undefined);
  assert.equal(mapText(',one,\n', mapping, operation, { hashes: true }).ids, undefined);
  const both = `version: 1\ntarget: fake\nitems:\n  - { operation: put, fields: { Id: id, Kind: kind } }\n  - { operation: put, fields: { Id: id } }\n`;
  const two = mapText('1,a,\n2,b,\n', both, operation, { hashes: true });
  assert.deepEqual([...(two.ids ?? [])], ['1a', '1', '2b', '2'].map(keyHash));
});

test('warnings are counted by code, with the line of the first', () => {
  const operation = openOperation({
    encode: (item) => ({
      json: '{}',
      route: '',
      lanes: [],
      ...(item['Kind'] === 'w' ? { warnings: [{ code: 'odd', text: 'it is odd' }] } : {}),
    }),
  });
  const mapped = mapText('1,a,\n2,w,"two\nlines"\n3,w,\n', withFields('  Kind: kind'), operation);
  assert.deepEqual(mapped.warnings, [{ code: 'odd', text: 'it is odd', count: 2, line: 3 }]);
});

test('identities differ by load, record and entry, and are the same in every run', () => {
  const operation = openOperation({
    encode: (_, row) => ({ json: JSON.stringify(row.identity), route: '', lanes: [] }),
  });
  const once = itemTexts(mapText('1,both,\n2,both,\n', twoItems, operation));
  const again = itemTexts(mapText('1,both,\n2,both,\n', twoItems, operation));
  const other = itemTexts(mapText('1,both,\n2,both,\n', twoItems, operation, { loadKey: 'other' }));
  assert.deepEqual(once, again);
  assert.equal(new Set([...once, ...other]).size, 8);
  // As in every version, or a load that goes on under the next one would send its rows under other ids.
  const first = itemTexts(mapText('1,both,\n', twoItems, operation, { loadKey: 'load' }))[0];
  assert.equal(first, `"${createHash('sha256').update('load:11:0').digest('hex')}"`);
});

test('a block whose items are far larger than its rows still has every byte', () => {
  const long = 'å'.repeat(5000);
  const operation = openOperation({
    encode: (item) => ({ json: `${JSON.stringify(item)}${long}`, route: '', lanes: [] }),
  });
  const texts = itemTexts(mapText('1,a,\n'.repeat(300), withFields('  Id: id'), operation));
  assert.equal(texts.length, 300);
  assert.ok(texts.every((text) => text === `{"Id":"1"}${long}`));
});

test('the buffers can be transferred to another thread', () => {
  const mapped = mapText('1,both,Ada\n', twoItems);
  const buffers = [mapped.bytes, mapped.starts, mapped.lanes, mapped.source].map(({ buffer }) => buffer as ArrayBuffer);
  const moved = structuredClone(mapped, { transfer: [...new Set(buffers)] });
  assert.deepEqual(itemTexts(moved), ['{"Id":1,"Name":"Ada"}', '{"Kind":"both"}']);
});

test('no row is lost or doubled: items, rejects and skipped rows make up the block, whatever is in it', () => {
  const cell = fc.oneof(fc.constantFrom('both', 'skip', '1', '', 'x'), fc.string({ maxLength: 5 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 20 }), (rows) => {
      const quoted = rows.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(','));
      const mapped = mapText(`${quoted.join('\n')}\n`, twoItems);
      const skipped = skippedBy(mapped, 0).flatMap(([from, to]) =>
        Array.from({ length: to - from + 1 }, (_, index) => from + index),
      );
      const sent = [...mapped.firstRow].filter((_, item) => mapped.entries[item] === 0).map((index) => index + 11);
      const records = [...skipped, ...sent, ...mapped.rejected.map(({ record }) => record)].sort((a, b) => a - b);
      assert.deepEqual(
        records,
        rows.map((_, index) => index + 11),
      );
    }),
    { numRuns: 100 },
  );
});
