import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { createUniformReader } from '../../src/input/uniform-lines.ts';
import { compileMapping, type Row } from '../../src/mapping/compile.ts';
import { loadMapping } from '../../src/mapping/load.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { fakeTarget, ndjson } from '../support/fake-target.ts';

const hooks = `
export const change = (row) => (row.kind === 'gone' ? null : { ...row, more: Object.keys(row).length });
export const look = (value, row) => value + '/' + row.kind;
`;
const everyReader = (transform: string) => `version: 1
target: fake
key: [id, kind]
where: kind != "skip"
${transform}items:
  - operation: put
    fields:
      Id: { from: id, type: integer }
      Kind: { from: [none, kind], trim: true }
      Plain: a.b
      Kept: { from: kind, onEmpty: keep }
      Words: { from: kind, emptyWords: ["n/a"], default: none }
      Cel: { expr: 'string(size(string(kind))) + string(row.id)' }
      Looked: { from: kind, transform: hooks.mjs#look }
      Secret: { from: kind, sensitive: true, type: enum, values: [one, two] }
  - operation: put
    when: kind == "both"
    fields: { Constructor: constructor, All: { expr: row } }
`;

const value = fc.oneof(
  fc.constantFrom('', ' ', 'both', 'skip', 'gone', 'n/a', 'one', 'two', '7', null, true, 12, -0.5),
  fc.string({ unit: 'grapheme', maxLength: 5 }),
);

for (const [what, transform] of Object.entries({
  'a mapping': '',
  'a mapping with a function over rows': 'transform: hooks.mjs#change\n',
})) {
  test(`${what} makes the same of a tuple as of its object`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'tuples-'));
    t.after(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'hooks.mjs'), hooks);
    await writeFile(join(folder, 'm.yaml'), everyReader(transform));
    const compiled = compileMapping(await loadMapping(join(folder, 'm.yaml')), ndjson, fakeTarget());
    const reader = createUniformReader();
    const first = '{"id":1,"kind":"x","a.b":"x","constructor":"x"}';
    reader.missed(first, JSON.parse(first));
    const reordered = '{"kind":"x","id":1}';
    const other = createUniformReader();
    other.missed(reordered, JSON.parse(reordered));
    const outcome = (row: Row) => {
      const {
        items = [],
        faults = [],
        kind,
      } = { ...compiled.mapRow(row, { identity: () => '', now: 0 }) } as {
        items?: readonly ({ readonly json: string } | undefined)[];
        faults?: readonly unknown[];
        kind: string;
      };
      return { kind, items: items.map((item) => item?.json), faults, key: compiled.keyOf(row) };
    };
    const seen = new Set<string>();
    const compared = { full: 0, reordered: 0 };
    fc.assert(
      fc.property(value, value, value, value, fc.boolean(), (id, kind, dotted, inherited, isFull) => {
        const object: JsonObject = isFull ? { id, kind, 'a.b': dotted, constructor: inherited } : { kind, id };
        const tuple = (isFull ? reader : other).read(JSON.stringify(object));
        if (tuple === undefined) return;
        compared[isFull ? 'full' : 'reordered'] += 1;
        const wanted = outcome(object);
        seen.add(wanted.kind);
        assert.deepEqual(outcome(tuple), wanted);
        assert.deepEqual(compiled.sensitiveValues([tuple]), compiled.sensitiveValues([object]));
      }),
      { numRuns: 2000 },
    );
    assert.ok(compared.full > 200 && compared.reordered > 200, JSON.stringify(compared));
    assert.deepEqual([...seen].sort(), ['items', 'rejected', 'skipped']);
  });
}
