import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '../../src/mapping/refusal.ts';
import { emailFrom } from '../../src/mapping/texts.ts';

/** The contract's rules (datatalks §6), one by one. */
function isAddress(text: string): boolean {
  const [local = '', domain = '', ...more] = text.split('@');
  if (more.length > 0 || local.length > 64 || domain.length > 253) return false;
  if (!local.split('.').every((atom) => /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+$/i.test(atom))) return false;
  const labels = domain.split('.');
  const last = labels.at(-1) ?? '';
  return (
    labels.length > 1 &&
    labels.every((label) => /^[a-z0-9-]{1,63}$/i.test(label) && !label.startsWith('-') && !label.endsWith('-')) &&
    (/^[a-z]{2,}$/i.test(last) || /^xn--./i.test(last))
  );
}

const token = fc.constantFrom('a', 'Zo', '9', '-', '.', 'xn--', 'XN--p1ai', '+', "'", 'é', ' ', '\n', 'l'.repeat(31));
const part = (most: number) => fc.array(token, { minLength: 1, maxLength: most }).map((tokens) => tokens.join(''));
const sound = fc.constantFrom('example', 'a-b', 'x', '9', 'l'.repeat(63));
const soundDomain = fc
  .tuple(fc.array(sound, { minLength: 1, maxLength: 5 }), fc.constantFrom('com', 'se', 'xn--p1ai'))
  .map(([labels, last]) => [...labels, last].join('.'));

test('an address is taken or refused by the rules of the contract, and taken as it is', () => {
  let taken = 0;
  let refused = 0;
  const local = fc.oneof(part(4), fc.constantFrom('ada', 'o.b', 'l'.repeat(64), 'l'.repeat(65)));
  const domain = fc.oneof(
    soundDomain,
    fc.tuple(part(3), soundDomain).map(([a, b]) => a + b),
    part(6),
  );
  fc.assert(
    fc.property(local, fc.constantFrom('@', '@', '@', '@@', ''), domain, (before, at, after) => {
      const text = before + at + after;
      const given = emailFrom(text);
      const isTaken = !(given instanceof Refusal);
      if (isTaken) {
        assert.equal(given, text);
        taken += 1;
      } else refused += 1;
      assert.equal(isTaken, isAddress(text), text);
    }),
    { numRuns: 20_000 },
  );
  assert.ok(taken > 2000 && refused > 2000, `${taken} taken, ${refused} refused`);
});

test('spaces around an address are named', () => {
  const said = (text: string) => {
    const given = emailFrom(text);
    return given instanceof Refusal ? given.reason : given;
  };
  assert.match(said(' ada@example.com'), /spaces around it/);
  assert.match(said('ada@example.com\n'), /spaces around it/);
  assert.match(said('ada@exam ple.com'), /one plain e-mail address/);
});
