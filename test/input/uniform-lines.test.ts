import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createUniformReader } from '../../src/input/uniform-lines.ts';
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
  { weight: 8, arbitrary: fc.string({ unit: 'grapheme', maxLength: 6 }) },
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
  (object: JsonObject) => inAscii(JSON.stringify(object)),
);
/** As Python's `json.dumps` writes unless it is told not to. */
const inAscii = (line: string) =>
  line.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

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
        reader.missed(spell(first as JsonObject), parsed(spell(first as JsonObject)) ?? {});
        const second = Object.fromEntries(Object.keys(first).map((name, index) => [name, values[index] ?? null]));
        const whole = spell(second as JsonObject);
        const line = isEdited ? whole.slice(0, at) + put + whole.slice(at + cut) : whole;
        const found = reader.read(line)?.object;
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

test('what lines have shown to stand under each key does not change what the next one is read as', () => {
  let read = 0;
  const texts = fc.array(fc.oneof(fc.constant('x'), fc.constant(7), fc.constant(null)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(texts, fc.array(value, { minLength: 4, maxLength: 4 }), write, (usual, values, spell) => {
      const recordOf = (given: readonly unknown[]) =>
        spell(Object.fromEntries(usual.map((_, index) => [`k${index}`, given[index]])) as JsonObject);
      const reader = createUniformReader();
      const first = recordOf(usual);
      reader.missed(first, parsed(first) ?? {});
      const next = recordOf(values);
      const before = reader.read(next)?.object;
      for (let n = 0; n < 200; n++) assert.deepEqual(reader.read(first)?.object, parsed(first));
      const after = reader.read(next)?.object;
      assert.deepStrictEqual(after, before);
      if (after === undefined) return;
      read += 1;
      assert.deepStrictEqual(after, parsed(next));
    }),
    { numRuns: 1000 },
  );
  assert.ok(read > 300, `only ${read} lines were read by their form`);
});

test('a line is not long looked at twice where many have something else under a key than the first ones', (t) => {
  const reader = createUniformReader();
  reader.missed('{"a":"x"}', { a: 'x' });
  for (let n = 0; n < 200; n++) reader.read('{"a":"x"}');
  const looks = t.mock.method(RegExp.prototype, 'exec');
  const readAll = (line: string) => {
    looks.mock.resetCalls();
    for (let n = 0; n < 1000; n++) assert.notEqual(reader.read(line), undefined);
    return looks.mock.callCount();
  };
  assert.equal(readAll('{"a":"y"}'), 1000);
  // The line, and the one kind of value that has stood there.
  assert.equal(looks.mock.calls[0]?.result?.length, 2);
  assert.ok(readAll('{"a":null}') < 1200);
  assert.equal(readAll('{"a":"y"}'), 1000);
});

test('nor where many are left to JSON.parse', (t) => {
  const reader = createUniformReader();
  reader.missed('{"a":"x"}', { a: 'x' });
  for (let n = 0; n < 200; n++) reader.read('{"a":"x"}');
  const looks = t.mock.method(RegExp.prototype, 'exec');
  for (let n = 0; n < 1000; n++) assert.equal(reader.read('{"a":[]}'), undefined);
  assert.ok(looks.mock.callCount() < 1200);
});

test('what has stood under a key in every kind is read by one form only', (t) => {
  const reader = createUniformReader();
  reader.missed('{"a":"x"}', { a: 'x' });
  for (let n = 0; n < 200; n++) reader.read(n % 2 === 0 ? '{"a":"x"}' : '{"a":1}');
  const looks = t.mock.method(RegExp.prototype, 'exec');
  assert.equal(reader.read('{"a":[]}'), undefined);
  assert.equal(looks.mock.callCount(), 1);
});

test('what exports look like is read by its form', () => {
  const same = (line: string, next: string) => {
    const reader = createUniformReader();
    reader.missed(line, parsed(line) ?? {});
    return reader.read(next)?.object;
  };
  const line = '{"id":"1","name":"Zoë","points":12,"ratio":-0.5,"ok":true,"no":null}';
  const next = '{"id":"2","name":"","points":-7,"ratio":123456789012345,"ok":false,"no":"x"}';
  assert.deepEqual(same(line, next), JSON.parse(next));
  assert.deepEqual(same(spaced(line), spaced(next)), JSON.parse(next));
  const escaped = '{"id":"\\\\","name":"Zo\\u00eb \\"\\ud83c\\udf89\\"","points":1,"ratio":0,"ok":true,"no":"\\n\\/"}';
  assert.deepEqual(same(line, escaped), JSON.parse(escaped));
  assert.deepEqual(same(escaped, next), JSON.parse(next));
});

for (const [what, line] of Object.entries({
  'a number that a double does not hold': '{"id":12345678901234567890}',
  'a number of 16 digits': '{"id":9007199254740993}',
  'a number of 15 digits and a sign': '{"id":-900719925474099}',
  'a number with an exponent': '{"id":1e3}',
  'a number that JSON does not know': '{"id":01}',
  'a list': '{"id":[1]}',
  'another key': '{"ID":"1"}',
  'a key more': '{"id":"1","more":"1"}',
  'text behind it': '{"id":"1"} x',
  'no end': '{"id":"1"',
  'a text without an end': '{"id":"1}',
  nothing: '',
  'an escape that JSON does not know': '{"id":"\\x31"}',
  'half an escape': '{"id":"\\u003"}',
  'an escaped quote at the end': '{"id":"1\\"}',
  'half of a surrogate pair': '{"id":"\\ud83c"}',
  'an escape in a key': '{"\\u0069d":"1"}',
  'a control character': '{"id":"\t"}',
})) {
  test(`${what} is left to JSON.parse`, () => {
    const reader = createUniformReader();
    reader.missed('{"id":"0"}', { id: '0' });
    assert.equal(reader.read(line), undefined);
  });
}

test('a line whose own form does not give back what was parsed teaches nothing', () => {
  for (const line of ['{"a":"1","a":"2"}', '{"b":"1","1":"2"}', '{ "a" : "1" }', '{"__proto__":"1"}']) {
    const reader = createUniformReader();
    reader.missed(line, parsed(line) ?? {});
    assert.equal(reader.read(line), undefined, line);
  }
});

/** How many of the lines were read by a form, where each that was not was told of. */
function readOf(lines: Iterable<string>): { read: number; of: number } {
  const reader = createUniformReader();
  let read = 0;
  let of = 0;
  for (const line of lines) {
    of += 1;
    const value = JSON.parse(line) as JsonObject;
    const found = reader.read(line);
    if (found === undefined) reader.missed(line, value);
    else {
      read += 1;
      assert.deepEqual(found.object, value);
    }
  }
  return { read, of };
}

test('another form is learned after a few lines, but not each time where no two lines are alike', (t) => {
  function* turns(): Generator<string> {
    for (let n = 0; n < 1000; n++) yield `{"a":${n}}`;
    for (let n = 0; n < 1000; n++) yield `{"b":${n},"c":"x"}`;
    for (let n = 0; n < 1000; n++) yield `{"d":${n}}`;
  }
  const { read, of } = readOf(turns());
  assert.equal(of - read, 1 + 9 + 9);
  const patterns = t.mock.method(globalThis, 'RegExp');
  readOf(Array.from({ length: 20_000 }, (_, n) => `{"k${n}":1}`));
  // Each lesson makes a pattern for one spacing at least; the patience doubles between them.
  assert.ok(patterns.mock.callCount() < 30, `${patterns.mock.callCount()} patterns`);
});

test('where two kinds of lines take turns, one of them is read by its form', () => {
  const { read, of } = readOf(Array.from({ length: 1000 }, (_, n) => (n % 2 === 0 ? `{"a":${n}}` : `{"b":${n}}`)));
  assert.equal(read, of / 2 - 1);
});

test('a line that would make a very long pattern is left to JSON.parse', () => {
  const wide = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`k${n}`, n]));
  for (const object of [wide, { ['k'.repeat(1_000_000)]: 1 }] as JsonObject[]) {
    const reader = createUniformReader();
    reader.missed(JSON.stringify(object), object);
    assert.equal(reader.read(JSON.stringify(object)), undefined);
  }
});

test('a tuple gives the same object each time, and nothing of other objects', () => {
  const reader = createUniformReader();
  reader.missed('{"toString":"1"}', { toString: '1' });
  const tuple = reader.read('{"toString":"2"}');
  assert.deepEqual(tuple?.object, { toString: '2' });
  assert.equal(tuple?.object, tuple?.object);
});

test('a text of millions of escapes is left to JSON.parse', () => {
  const reader = createUniformReader();
  const line = (text: string) => JSON.stringify({ text });
  reader.missed(line('a'), { text: 'a' });
  assert.deepEqual(reader.read(line('\n'))?.object, { text: '\n' });
  assert.equal(reader.read(line('\n'.repeat(5_000_000))), undefined);
});

test('a line gives the same, whichever of its keys are wanted', () => {
  let read = 0;
  const keys = ['k0', 'k1', 'k2', 'k3'];
  fc.assert(
    fc.property(
      fc.subarray(keys),
      fc.array(value, { minLength: 4, maxLength: 4 }),
      fc.array(value, { minLength: 4, maxLength: 4 }),
      write,
      fc.constantFrom(1, 150),
      (wanted, usual, values, spell, times) => {
        const lineOf = (given: readonly unknown[]) =>
          spell(Object.fromEntries(keys.map((name, index) => [name, given[index]])) as JsonObject);
        const reader = createUniformReader(new Set(wanted));
        reader.missed(lineOf(usual), parsed(lineOf(usual)) ?? {});
        for (let count = 0; count < times; count++) reader.read(lineOf(usual));
        const line = lineOf(values);
        const tuple = reader.read(line);
        if (tuple === undefined) return;
        read += 1;
        const object = parsed(line) ?? {};
        // Before the object is made, and after.
        for (let round = 0; round < 2; round++) {
          for (const [index, name] of keys.entries()) assert.deepStrictEqual(tuple.value(index), object[name]);
          assert.deepStrictEqual(tuple.object, object);
        }
      },
    ),
    { numRuns: 3000 },
  );
  assert.ok(read > 500, `only ${read} lines were read by their form`);
});
