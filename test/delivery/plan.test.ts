import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Chunk, chunkBytes, halve, itemAt, recordsOf, select } from '../../src/delivery/chunk.ts';
import { createPlanner } from '../../src/delivery/plan.ts';
import { type MadeItem, makeBlock, makeOperation, textOf } from '../support/blocks.ts';

const numbered = (count: number, more: (index: number) => Partial<MadeItem> = () => ({})): MadeItem[] =>
  Array.from({ length: count }, (_, index) => ({ json: `{"n":${index + 1}}`, record: index + 1, ...more(index) }));

const idsOf = (chunk: Chunk): number[] => (JSON.parse(textOf(chunkBytes(chunk))) as { n: number }[]).map(({ n }) => n);

test('chunks hold all items once, in order, within their limits of count and of exact bytes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 30 }), { maxLength: 60 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 200, max: 400 }),
      fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 5 }),
      (texts, items, bytes, cuts) => {
        const operation = makeOperation({ limits: { items, bytes } });
        const planner = createPlanner();
        const chunks: Chunk[] = [];
        let from = 0;
        for (const cut of [...cuts, texts.length]) {
          const made = texts
            .slice(from, from + cut)
            .map((text, index) => ({ json: JSON.stringify(text), record: from + index + 1 }));
          if (made.length > 0) chunks.push(...planner.add(makeBlock(made, [operation], from + 1)));
          from += cut;
        }
        chunks.push(...planner.flush());
        for (const chunk of chunks) {
          const body = textOf(chunkBytes(chunk));
          assert.equal(Buffer.byteLength(body), chunk.bytes);
          assert.ok(chunk.items <= items && (chunk.bytes <= bytes || chunk.items === 1));
        }
        assert.deepEqual(
          chunks.flatMap((chunk) => JSON.parse(textOf(chunkBytes(chunk)))),
          texts,
        );
        const records = chunks
          .flatMap((chunk) => recordsOf(chunk))
          .flatMap(({ ranges }) => ranges)
          .flatMap(([a, b]) => Array.from({ length: b - a + 1 }, (_, i) => a + i));
        assert.deepEqual(
          records,
          texts.map((_, index) => index + 1),
        );
      },
    ),
  );
});

test('one item a request makes a chunk of each, at once', () => {
  const planner = createPlanner();
  const chunks = planner.add(
    makeBlock(numbered(3), [
      makeOperation({ limits: { items: 1, bytes: 100 }, frame: () => ({ prefix: '', suffix: '' }) }),
    ]),
  );
  assert.deepEqual(
    chunks.map((chunk) => textOf(chunkBytes(chunk))),
    ['{"n":1}', '{"n":2}', '{"n":3}'],
  );
});

test('rows of one profile share a request, whatever stands between them in the block', () => {
  const operation = makeOperation({ laned: true });
  const items = numbered(6, (index) => ({ route: `p${index % 2}`, lanes: [index % 2] }));
  assert.deepEqual(
    createPlanner()
      .add(makeBlock(items, [operation]))
      .map(idsOf),
    [
      [1, 3, 5],
      [2, 4, 6],
    ],
  );
});

test('an item does not overtake a later chunk that holds one of its lanes', () => {
  const facts = makeOperation({ family: 'facts', laned: true });
  const mappings = makeOperation({ family: 'mappings', laned: true });
  // Facts, mapping, facts of one person: the second facts must leave after the mapping.
  const items = numbered(3, (index) => ({ route: 'p', lanes: [7], entry: index % 2 }));
  assert.deepEqual(
    createPlanner()
      .add(makeBlock(items, [facts, mappings]))
      .map(idsOf),
    [[1], [2], [3]],
  );
});

test('operations of one family share a request, and records are told apart by entry', () => {
  const operations = [makeOperation({ name: 'identify' }), makeOperation({ name: 'track' })];
  const items = [1, 2].flatMap((record) => [0, 1].map((entry) => ({ json: `{"n":${record}}`, record, entry })));
  const planner = createPlanner();
  const [chunk] = [...planner.add(makeBlock(items, operations)), ...planner.flush()];
  assert.ok(chunk);
  assert.equal(chunk.items, 4);
  assert.deepEqual(recordsOf(chunk), [
    { load: 1, entry: 0, ranges: [[1, 2]] },
    { load: 1, entry: 1, ranges: [[1, 2]] },
  ]);
});

test('records of a chunk are told apart by load, and neighbours of one load belong together across blocks and whatever stands between', () => {
  const operations = [makeOperation({ name: 'identify' }), makeOperation({ name: 'track' })];
  const planner = createPlanner();
  const rows = (records: readonly number[], entries: readonly number[]) =>
    records.flatMap((record) => entries.map((entry) => ({ json: `{"n":${record}}`, record, entry })));
  const chunks = [
    ...planner.add(makeBlock(rows([1, 2], [0]), operations, 1, 7)),
    ...planner.add(makeBlock(rows([3, 5], [0]), operations, 3, 7)),
    // Another file, whose rows would go on where the first ended.
    ...planner.add(makeBlock(rows([6, 7], [0, 1]), operations, 6, 8)),
    ...planner.flush(),
  ];
  assert.equal(chunks.length, 1);
  assert.deepEqual(
    chunks.flatMap((chunk) => recordsOf(chunk)),
    [
      {
        load: 7,
        entry: 0,
        ranges: [
          [1, 3],
          [5, 5],
        ],
      },
      { load: 8, entry: 0, ranges: [[6, 7]] },
      { load: 8, entry: 1, ranges: [[6, 7]] },
    ],
  );
  assert.deepEqual(
    chunks.flatMap((chunk) => recordsOf(chunk, (index) => index % 2 === 0)),
    [
      {
        load: 7,
        entry: 0,
        ranges: [
          [1, 1],
          [3, 3],
        ],
      },
      { load: 8, entry: 0, ranges: [[6, 7]] },
    ],
  );
});

test('records of a chunk are all rows that went into its items', () => {
  const planner = createPlanner();
  const items = [
    { json: '{"n":1}', record: 1, lastRecord: 3 },
    { json: '{"n":2}', record: 4, lastRecord: 4 },
    { json: '{"n":3}', record: 7, lastRecord: 8 },
  ];
  const chunks = [...planner.add(makeBlock(items, [makeOperation()])), ...planner.flush()];
  assert.deepEqual(
    chunks.flatMap((chunk) => recordsOf(chunk)).map(({ ranges }) => ranges),
    [
      [
        [1, 4],
        [7, 8],
      ],
    ],
  );
});

test('a chunk that was too large makes the following ones smaller', () => {
  const planner = createPlanner();
  planner.shrinkBelow({ items: 8, bytes: 1000 });
  const chunks = [...planner.add(makeBlock(numbered(10), [makeOperation()])), ...planner.flush()];
  assert.deepEqual(
    chunks.map(({ items }) => items),
    [4, 4, 2],
  );
});

test('halving and selecting keep items, order and exact bytes', () => {
  const planner = createPlanner();
  const operation = makeOperation();
  const chunks = [
    ...planner.add(makeBlock(numbered(5), [operation])),
    ...planner.add(
      makeBlock(
        numbered(4).map((item) => ({ ...item, record: item.record + 5 })),
        [operation],
        6,
      ),
    ),
    ...planner.flush(),
  ];
  const [chunk] = chunks;
  assert.ok(chunk);
  const [first, second] = halve(chunk);
  assert.deepEqual([...idsOf(first), ...idsOf(second)], idsOf(chunk));
  for (const part of [first, second, select(chunk, [0, 3, 4, 5, 8])]) {
    assert.equal(Buffer.byteLength(textOf(chunkBytes(part))), part.bytes);
  }
  assert.deepEqual(idsOf(select(chunk, [0, 4, 5])), [1, 5, 1]);
  assert.equal(itemAt(chunk, 6).item, 1);
  assert.throws(() => itemAt(chunk, 9), RangeError);
});

test('a load that must be one request waits for the end of the input, and throws before anything has left when it is more', () => {
  const operation = makeOperation({ limits: { items: 3, bytes: 1000, singleRequest: true } });
  const fits = createPlanner();
  assert.deepEqual(fits.add(makeBlock(numbered(2), [operation])), []);
  assert.deepEqual(fits.add(makeBlock(numbered(1), [operation], 3)), []);
  assert.deepEqual(
    fits.flush().map(({ items }) => items),
    [3],
  );

  const tooMany = createPlanner();
  assert.deepEqual(tooMany.add(makeBlock(numbered(3), [operation])), []);
  assert.throws(() => tooMany.add(makeBlock(numbered(1), [operation], 4)), {
    name: 'UserError',
    code: 'one-request-only',
  });
});

test('items that must be apart never share a request, leave in their order, and others join as ever', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat({ max: 2 })), { maxLength: 40 }), (items) => {
      const operation = makeOperation({ laned: true, apart: (json) => (JSON.parse(json) as { name: string }).name });
      const made = items.map(([name, who], index) => ({
        json: JSON.stringify({ n: index + 1, name }),
        record: index + 1,
        route: `${who}`,
        lanes: [who],
      }));
      const planner = createPlanner();
      const chunks = [...planner.add(makeBlock(made, [operation])), ...planner.flush()];
      const seen = new Map<string, number[]>();
      for (const chunk of chunks) {
        const names = (JSON.parse(textOf(chunkBytes(chunk))) as { name: string }[]).map(({ name }) => name);
        assert.equal(new Set(names).size, names.length);
        seen.set(chunk.route, [...(seen.get(chunk.route) ?? []), ...idsOf(chunk)]);
      }
      for (const ids of seen.values())
        assert.deepEqual(
          ids,
          [...ids].sort((a, b) => a - b),
        );
      assert.equal([...seen.values()].flat().length, items.length);
    }),
  );
  const operation = makeOperation({ apart: (json) => json });
  const planner = createPlanner();
  const texts = ['"x"', '"y"', '"x"', '"z"'].map((json, index) => ({ json, record: index + 1 }));
  const chunks = [...planner.add(makeBlock(texts, [operation])), ...planner.flush()];
  assert.deepEqual(
    chunks.map(({ items }) => items),
    [2, 2],
  );
});
