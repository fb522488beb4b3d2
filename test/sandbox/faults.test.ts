import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFaults, type FaultScript, seededRandom } from '../../src/sandbox/faults.ts';

const standing = { now: () => 0, sleep: () => Promise.resolve() };
const request = { method: 'POST', path: '/stream/1' };
const status = (code: number) => ({ do: 'reply', status: code }) as const;

/** Which of `count` equal requests were struck, from 1. */
function struck(script: FaultScript, count: number, path = request.path): number[] {
  const faults = createFaults(script, standing);
  return Array.from({ length: count }, (_, index) => index + 1).filter(
    () => faults.next({ ...request, path }).action !== undefined,
  );
}

describe('fault scripts', () => {
  it('strike the requests that a rule names, and only those', () => {
    assert.deepEqual(struck([{ nth: [2, 5], action: status(503) }], 6), [2, 5]);
    assert.deepEqual(struck([{ every: 3, action: status(503) }], 7), [3, 6]);
    assert.deepEqual(struck([{ from: 3, times: 2, action: status(503) }], 7), [3, 4]);
    assert.deepEqual(struck([{ path: '^/other', action: status(503) }], 3), []);
    assert.deepEqual(struck([{ method: 'PUT', action: status(503) }], 3), []);
    assert.deepEqual(struck([], 3), []);
  });

  it('take the first rule that acts, and count for all of them', () => {
    const faults = createFaults(
      [
        { nth: [1], action: status(500) },
        { nth: [1, 2], action: status(501) },
      ],
      standing,
    );
    const statuses = [1, 2, 3]
      .map(() => faults.next(request).action)
      .map((action) => (action?.do === 'reply' ? action.status : 0));
    assert.deepEqual(statuses, [500, 501, 0]);
    assert.deepEqual(faults.hits, [1, 1]);
  });

  it('add delays up and go on', () => {
    const faults = createFaults(
      [{ action: { do: 'delay', ms: 5 } }, { action: { do: 'delay', ms: 7 } }, { action: status(500) }],
      standing,
    );
    const { delayMs, action } = faults.next(request);
    assert.deepEqual([delayMs, action?.do], [12, 'reply']);
  });

  it('give the same chance for the same seed, another for another, and about as often as asked', () => {
    const chance = (seed: number) => struck([{ probability: 0.2, seed, action: status(503) }], 2000);
    assert.deepEqual(chance(1), chance(1));
    assert.notDeepEqual(chance(1), chance(2));
    assert.ok(Math.abs(chance(1).length - 400) < 60, String(chance(1).length));
    const random = seededRandom(7);
    for (let count = 0; count < 1000; count++) {
      const drawn = random();
      assert.ok(drawn >= 0 && drawn < 1);
    }
  });

  it('limit the rate by the clock, and say when to come again in either form', () => {
    const time = { at: Date.UTC(2024, 0, 1) };
    const clock = { now: () => time.at, sleep: () => Promise.resolve() };
    for (const [retryAfter, expected] of [
      ['seconds', '1'],
      ['date', 'Mon, 01 Jan 2024 00:00:01 GMT'],
      ['none', undefined],
    ] as const) {
      time.at = Date.UTC(2024, 0, 1);
      const faults = createFaults([{ action: { do: 'rate-limit', perSecond: 2, burst: 3, retryAfter } }], clock);
      const answers = Array.from({ length: 4 }, () => faults.next(request).action);
      assert.deepEqual(answers.slice(0, 3), [undefined, undefined, undefined]);
      const refusal = answers[3];
      assert.ok(refusal?.do === 'reply');
      assert.deepEqual([refusal.status, refusal.headers?.['retry-after']], [429, expected]);
      time.at += 500;
      assert.equal(faults.next(request).action, undefined);
      assert.notEqual(faults.next(request).action, undefined);
    }
  });

  it('are refused with the place of the mistake', () => {
    for (const [script, place] of [
      [[{ action: { do: 'explode' } }], /0\.action/],
      [[{ action: status(503), evry: 2 }], /evry/],
      [[{ path: '(', action: status(503) }], /0\.path: not a regular expression/],
      [{}, /fault script is wrong/],
    ] as const) {
      assert.throws(() => createFaults(script, standing), { code: 'fault-script-invalid', message: place });
    }
  });
});
