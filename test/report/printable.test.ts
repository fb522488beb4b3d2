import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesText, durationText, plural, printable } from '../../src/report/printable.ts';

test('no text can move the cursor, break the line or turn the direction of writing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      for (const character of printable(text)) {
        const code = character.codePointAt(0) ?? 0;
        assert.ok(code >= 0x20 && !(code >= 0x7f && code < 0xa0), `U+${code.toString(16)}`);
        assert.ok(!(code >= 0x202a && code <= 0x202e) && !(code >= 0x2066 && code <= 0x2069));
      }
    }),
  );
});

test('what is spelled out can be told from the text around it', () => {
  assert.equal(printable('a\u001b2\u202e2\n'), 'a\\x1b2\\u202e2⏎');
});

test('amounts are written as people read them', () => {
  assert.deepEqual(
    [
      plural(1, 'row'),
      plural(2400, 'row'),
      bytesText(999),
      bytesText(1_500_000),
      durationText(200),
      durationText(7500),
    ],
    ['1 row', '2,400 rows', '999 B', '1.5 MB', '3 min 20 s', '2 h 5 min'],
  );
});
