import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SourceDescription } from '../../src/input/description.ts';
import { parserFor } from '../../src/input/parse.ts';
import { Tuple } from '../../src/input/tuple.ts';
import { compileMapping } from '../../src/mapping/compile.ts';
import { loadMapping } from '../../src/mapping/load.ts';
import { blockMapper, parsedBlockMapper } from '../../src/mapping/map-block.ts';
import { compileText, csv, fakeTarget, ndjson } from '../support/fake-target.ts';
import { description, wholeBlock } from '../support/source.ts';

const header = ['a', 'b', 'c', 'd.e', 'f', 'g', 'h'];
const head = 'version: 1\ntarget: fake\n';
const one = (fields: string, rest = '') => `${head}operation: put\n${rest}fields: { ${fields} }\n`;

/** Mappings by what of the rows they look at: undefined is all. */
const mappings: readonly (readonly [mapping: string, columns: readonly string[] | undefined])[] = [
  [one('A: a'), ['a']],
  [one('A: { const: 1 }'), []],
  [one('A: { from: [b, a], default: x }, D: "d.e"', 'key: [c, a]\n'), ['a', 'b', 'c', 'd.e']],
  [one('A: { from: a, type: integer, sensitive: true }'), ['a']],
  [one('A: { expr: a + b }', 'where: c != "x"\n'), ['a', 'b', 'c']],
  [one('A: { expr: \'row["d.e"] + a\' }'), ['a', 'd.e']],
  [one('A: { expr: size(row) }'), undefined],
  [one('A: { from: a, transform: hooks.mjs#look }'), undefined],
  [one('A: a', 'transform: hooks.mjs#change\n'), undefined],
  [one('A: { from: a, lookup: { file: table.csv, key: k, value: v } }'), ['a']],
  [
    `${head}items:\n  - { operation: put, when: f == "x", fields: { A: a } }\n  - { operation: put, when: g != "", fields: { B: b } }\n`,
    ['a', 'b', 'f', 'g'],
  ],
  [
    one('A: a, L: { each: { where: g != "x", fields: { B: b, C: { expr: c + c } } } }', 'key: f\ngroup: h\n'),
    ['a', 'b', 'c', 'f', 'g', 'h'],
  ],
  [one('L: { each: { value: b } }', 'group: [a, c]\n'), ['a', 'b', 'c']],
  [one('N: { expr: rows.size() }', 'group: a\n'), undefined],
];

const cell = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('', 'x', '7', 'y', 'null') },
  { weight: 1, arbitrary: fc.constantFrom('"', ',', 'å', 'a"b', '\\', '\\u00e5', '🎉') },
);
const rows = fc.array(fc.array(cell, { minLength: header.length, maxLength: header.length }), {
  minLength: 1,
  maxLength: 6,
});
const quoted = (text: string) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const spellings = {
  csv: (row: readonly string[]) => row.map(quoted).join(','),
  // Texts only, so that a form is kept to; what is no text under a key is read by tests of lines.
  ndjson: (row: readonly string[]) =>
    JSON.stringify(Object.fromEntries(row.map((text, at) => [header[at], text === 'null' ? null : text]))),
};

const describe = (format: 'csv' | 'ndjson'): SourceDescription => {
  const { csv: columns, ...rest } = description(header);
  return format === 'csv' ? { ...rest, csv: columns as NonNullable<typeof columns> } : { ...rest, format };
};

test('no more is taken out of a record than the mapping looks at', (t) => {
  for (const format of ['csv', 'ndjson'] as const) {
    const compiled = compileText(one('A: a'), format === 'csv' ? csv(...header) : ndjson);
    const lines = Array.from({ length: 150 }, () => spellings[format](header.map(() => 'x')));
    const block = { ...wholeBlock(`${lines.join('\n')}\n`), records: lines.length };
    const looks = t.mock.method(RegExp.prototype, 'exec');
    blockMapper(describe(format), compiled, { loadKey: 'load', now: 0 })(block);
    // All that fitted, and the one value.
    assert.equal(looks.mock.calls.at(-1)?.result?.length, 2, format);
    looks.mock.restore();
  }
});

for (const [mapping, columns] of mappings) {
  test(`what a mapping looks at is all that it needs: ${mapping.slice(head.length)}`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'wanted-'));
    t.after(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'table.csv'), 'k,v\nx,1\n7,2\n');
    await writeFile(
      join(folder, 'hooks.mjs'),
      'export const look = (value, row) => value + row.g; export const change = (row) => ({ ...row, a: row.h });',
    );
    await writeFile(join(folder, 'm.yaml'), mapping);
    const loaded = await loadMapping(join(folder, 'm.yaml'));
    for (const format of ['csv', 'ndjson'] as const) {
      const compiled = compileMapping(loaded, format === 'csv' ? csv(...header) : ndjson, fakeTarget());
      assert.deepEqual(compiled.columns && header.filter((name) => compiled.columns?.has(name)), columns, format);
      const context = { loadKey: 'load', now: 0, hashes: true };
      fc.assert(
        fc.property(rows, fc.boolean(), (given, isRagged) => {
          const lines = [
            // So that a form is made before the rows come that are to be told apart.
            ...Array.from({ length: 102 }, () => spellings[format](header.map((_, at) => `usual ${at % 2}`))),
            ...given.map(spellings[format]),
            ...(isRagged ? ['too,few'] : []),
          ];
          const block = () => ({ ...wholeBlock(`${lines.join('\n')}\n`), records: lines.length });
          const parted = blockMapper(describe(format), compiled, context)(block());
          const whole = parsedBlockMapper(parserFor(describe(format)), compiled, context)(block());
          assert.deepEqual(parted, whole);
          const { row } = parserFor(describe(format), compiled.columns)(block());
          // The first line of NDJSON teaches the form.
          row(0);
          const second = row(1);
          if (columns === undefined || columns.length === header.length) return;
          // Nothing else is there, or all of this would hold for nothing.
          if (format === 'ndjson') assert.ok(second instanceof Tuple && !second.form.isWhole);
          else
            assert.deepEqual(
              second,
              header.map((name, at) => (columns.includes(name) ? `usual ${at % 2}` : '')),
            );
        }),
        { numRuns: 60 },
      );
    }
  });
}
