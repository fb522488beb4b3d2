import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWebPage, retryAfterMs } from '../../src/targets/replies.ts';

const receivedAt = Date.parse('2026-11-21T16:00:00Z');
const asked = (retryAfter: string | undefined, date?: string) =>
  retryAfterMs({
    kind: 'reply',
    status: 429,
    headers: {
      ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
      ...(date === undefined ? {} : { date }),
    },
    body: '',
    truncated: false,
    receivedAt,
  });

const forms: readonly [header: string | undefined, ms: number | undefined][] = [
  ['7', 7000],
  [' 7 ', 7000],
  ['0', 0],
  ['1.5', 1500],
  ['999999999', 999_999_999_000],
  ['Sat, 21 Nov 2026 16:00:30 GMT', 30_000],
  ['Saturday, 21-Nov-26 16:00:30 GMT', 30_000],
  ['Sat Nov 21 16:00:30 2026', 30_000],
  ['Sat, 21 Nov 2026 15:00:00 GMT', 0],
  [undefined, undefined],
  ['', undefined],
  ['-5', undefined],
  ['soon', undefined],
  ['Soon 3', undefined],
  ['3 apples', undefined],
  ['2026-13-45', undefined],
  ['NaN', undefined],
  ['1e3', undefined],
];

for (const [header, ms] of forms) {
  test(`Retry-After ${header === undefined ? 'left out' : `"${header}"`} asks for ${ms === undefined ? 'nothing' : `${ms} ms`}`, () => {
    assert.equal(asked(header), ms);
  });
}

test('a date is taken by the clock of the platform, where it tells the time', () => {
  const until = 'Sat, 21 Nov 2026 15:10:30 GMT';
  assert.equal(asked(until, 'Sat, 21 Nov 2026 15:10:00 GMT'), 30_000, 'our clock runs ahead by 50 minutes');
  assert.equal(asked(until, 'whenever'), 0);
});

test('a page is told by its first words, not by its type', () => {
  const told = (body: string) =>
    isWebPage({
      kind: 'reply',
      status: 200,
      headers: { 'content-type': 'text/html' },
      body,
      truncated: false,
      receivedAt,
    });
  for (const page of [
    '<!doctype html><p>',
    '\n <HTML lang="en">',
    '<!-- x --><html>',
    '<?xml version="1.0"?><error/>',
    '<body>',
  ])
    assert.ok(told(page), page);
  for (const none of ['', 'OK', '{}', '[]', '"<html>"', '<', '<3', '<htmlish>']) assert.ok(!told(none), none);
});
