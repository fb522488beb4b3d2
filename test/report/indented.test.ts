import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { indented } from '../../src/report/indented.ts';

const tags = {
  key: (t: string) => `K${t}`,
  text: (t: string) => `T${t}`,
  number: (t: string) => `N${t}`,
  word: (t: string) => `W${t}`,
};

test('any JSON is indented as JSON.stringify would, and stays the same JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const json = JSON.stringify(value);
      assert.equal(indented(json), JSON.stringify(JSON.parse(json), null, 2));
    }),
  );
});

test('numbers keep their digits', () => {
  assert.equal(indented('[9007199254740993001,1.10,-1e400]'), '[\n  9007199254740993001,\n  1.10,\n  -1e400\n]');
});

test('each kind of token has its own colour; a text with a colon in it is no key', () => {
  assert.equal(
    indented('{"a:":"b\\":","n":-1.5,"t":true,"z":null,"e":{},"l":["x"]}', { paint: tags }),
    '{\n  K"a:": T"b\\":",\n  K"n": N-1.5,\n  K"t": Wtrue,\n  K"z": Wnull,\n  K"e": {},\n  K"l": [\n    T"x"\n  ]\n}',
  );
});

test('a note stands on a line of its own above what it is about', () => {
  const notes = new Map([
    [1, '# one'],
    [9, '# two'],
  ]);
  assert.equal(
    indented('[{"a":1},{"a":2}]', { notes }),
    `[
  # one
  {
    "a": 1
  },
  # two
  {
    "a": 2
  }
]`,
  );
});
