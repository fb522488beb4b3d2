import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createUniformReader, isPlain } from '../../src/input/uniform-lines.ts';
import type { JsonObject } from '../../src/model/json.ts';

/** What `JSON.parse` says of a line; undefined: nothing good. */
function parsed(line: string): JsonObject | undefined {
  try {
    return JSON.parse(line) as JsonObject;
  } catch {
    return undefined;
  }
}

const key = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: 'grapheme', maxLength: 6 }).filter((text) => isPlain(Buffer.from(text))) },
  fc.constantFrom('id', 'a"b', '0', '12', '__proto__', 'constructor', 'é'),
);
const value = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  { weight: 4, arbitrary: fc.integer() },
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(true, false, null, -0, 0, 0.1, 1e21, '', 'true', '}', ',"id":"'),
  fc.array(fc.integer(), { maxLength: 2 }),
);
const spaced = (line: string) => line.replaceAll('":', '": ').replaceAll(',"', ', "');
const write = fc.constantFrom(
  (object: JsonObject) => JSON.stringify(object),
  (object: JsonObject) => spaced(JSON.stringify(object)),
);

test('whatever was learnt, a line is read as JSON.parse reads it, or not at all', () => {
  let read = 0;
  const record = fc.dictionary(key, value, { maxKeys: 5, noNullPrototype: true });
  const edit = fc.record({
    at: fc.nat(80),
    cut: fc.nat(3),
    put: fc.constantFrom('', '"', '0', '-', '.', 'e5', ',', '}', ' ', 'null', '1234567890123456'),
  });
  fc.assert(
    fc.property(
      record,
      fc.array(value, { minLength: 5, maxLength: 5 }),
      write,
      edit,
      fc.boolean(),
      (first, values, spell, { at, cut, put }, isEdited) => {
        const reader = createUniformReader();
        reader.learn(spell(first as JsonObject), parsed(spell(first as JsonObject)) ?? {});
        const second = Object.fromEntries(Object.keys(first).map((name, index) => [name, values[index] ?? null]));
        const whole = spell(second as JsonObject);
        const line = isEdited ? whole.slice(0, at) + put + whole.slice(at + cut) : whole;
        if (!isPlain(Buffer.from(line))) return;
        const found = reader.read(line);
        if (found === undefined) return;
        read += 1;
        const wanted = parsed(line);
        assert.deepStrictEqual(found, wanted, line);
        assert.deepStrictEqual(Object.keys(found), Object.keys(wanted ?? {}), line);
      },
    ),
    { numRuns: 10_000 },
  );
  assert.ok(read > 1_000, `only ${read} lines were read by their form`);
});

test('what exports look like is read by its form', () => {
  const same = (line: string, next: string) => {
    const reader = createUniformReader();
    reader.learn(line, parsed(line) ?? {});
    return reader.read(next);
  };
  const line = '{"id":"1","name":"Zoë","points":12,"ratio":-0.5,"ok":true,"no":null}';
  const next = '{"id":"2","name":"","points":-7,"ratio":100,"ok":false,"no":"x"}';
  assert.deepEqual(same(line, next), JSON.parse(next));
  assert.deepEqual(same(spaced(line), spaced(next)), JSON.parse(next));
});

for (const [what, line] of Object.entries({
  'a number that a double does not hold': '{"id":12345678901234567890}',
  'a number with an exponent': '{"id":1e3}',
  'a number that JSON does not know': '{"id":01}',
  'a list': '{"id":[1]}',
  'another key': '{"ID":"1"}',
  'a key more': '{"id":"1","more":"1"}',
  'text behind it': '{"id":"1"} x',
  'no end': '{"id":"1"',
  'a text without an end': '{"id":"1}',
  nothing: '',
})) {
  test(`${what} is left to JSON.parse`, () => {
    const reader = createUniformReader();
    reader.learn('{"id":"0"}', { id: '0' });
    assert.equal(reader.read(line), undefined);
  });
}

test('a line whose own form does not give back what was parsed teaches nothing', () => {
  for (const line of ['{"a":"1","a":"2"}', '{"b":"1","1":"2"}', '{ "a" : "1" }', '{"__proto__":"1"}', '{}']) {
    const reader = createUniformReader();
    reader.learn(line, parsed(line) ?? {});
    assert.equal(reader.read(line), undefined, line);
  }
});

test('plain is what has neither a backslash nor a control character but the line feed, wherever it stands', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => bytes.map((byte) => (byte < 250 ? 32 + (byte % 200) : byte))),
      fc.option(fc.record({ at: fc.nat(40), byte: fc.constantFrom(0, 9, 10, 13, 31, 32, 92, 127, 128, 255) })),
      fc.nat(3),
      (bytes, change, offset) => {
        const content = Buffer.concat([Buffer.alloc(offset), bytes]).subarray(offset);
        if (change !== null && change.at < content.length) content[change.at] = change.byte;
        const wanted = content.every((byte) => byte !== 92 && (byte >= 32 || byte === 10));
        assert.equal(isPlain(content), wanted);
      },
    ),
    { numRuns: 3_000 },
  );
});
