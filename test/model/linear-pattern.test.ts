import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { linearPattern } from '../../src/model/linear-pattern.ts';

const why = (source: string): string => {
  try {
    linearPattern(source);
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return assert.fail(`${source} was taken`);
};

describe('linear patterns', () => {
  it('end at once on texts that make others backtrack for ever', () => {
    for (const source of ['^(a+)+$', '^(a|a)*$', '^(.*a){9}$', '(x+x+)+y', '^(([a-z])+.)+[A-Z]([a-z])+$'])
      assert.equal(linearPattern(source).test(`${'a'.repeat(50_000)}!`), false, source);
  });

  it('say what they cannot do', () => {
    assert.match(why('(?=a)b'), /linear time: it has look-around/);
    assert.match(why('(a)\\1'), /back references/);
    assert.match(why('^\\p{L}+$'), /has \\p…/);
    assert.match(why('\\u{1f422}'), /has \\u\{…/);
    assert.match(why('['), /no valid regular expression/);
    assert.match(why('a{3000}'), /more than 2000 times/);
    assert.match(why('[^ab]{2000}'.repeat(40)), /too much altogether/);
    assert.match(why('a{5,3}'), /no valid regular expression/);
    assert.match(why('a'.repeat(1001)), /longer than 1000/);
  });

  it('count as written, however large the count', () => {
    for (const [source, fits, not] of [
      ['^\\d{38}$', '1'.repeat(38), '1'.repeat(37)],
      ['^.{1,200}$', 'x'.repeat(200), 'x'.repeat(201)],
      ['^[a-z]{25,}$', 'x'.repeat(25), 'x'.repeat(24)],
      ['^\\[{12}$', '['.repeat(12), '['.repeat(11)],
      ['^[{1]{12}$', '{1{1{1{1{1{1', '{1'],
      ['^.{3}$', '🐢🐢🐢', '🐢🐢'],
      ['(?i)^ÅSA$', 'åsa', 'asa'],
      ['\\\\p', 'a\\p', 'p'],
    ] as const) {
      assert.equal(linearPattern(source).test(fits), true, `${source} ${fits}`);
      assert.equal(linearPattern(source).test(not), false, `${source} ${not}`);
    }
  });

  it('match what the usual engine matches', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '\\w', '\\.', 'x');
    const count = fc.constantFrom('', '?', '*', '+', '{2}', '{0,12}', '{11}', '{3,}', '{11,13}', '{2,14}?');
    const source = fc
      .array(fc.tuple(atom, count), { minLength: 1, maxLength: 4 })
      .map((parts) => `^${parts.flat().join('')}$`);
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '1', '.', 'x', 'é'), maxLength: 30 });
    fc.assert(
      fc.property(source, text, (pattern, given) => {
        assert.equal(linearPattern(pattern).test(given), new RegExp(pattern, 'u').test(given));
      }),
      { numRuns: 2000 },
    );
  });
});
