import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChunkHistory, nextStep, noAttempts, type Policy, type Step } from '../../src/delivery/next-step.ts';
import { Exit } from '../../src/model/fault.ts';
import type { RetryPlan, Verdict } from '../../src/model/verdict.ts';

const reason = { code: 'server-error', reason: 'the platform answered 503' };
const plan: RetryPlan = { retries: 3, waits: { kind: 'backoff', firstMs: 1000, capMs: 3000 }, then: 'stop' };
const policy: Policy = { plan, uncertain: 'auto', longestPauseMs: 3_600_000 };
const fresh: ChunkHistory = {
  items: 10,
  used: noAttempts,
  reauthorized: false,
  repeatable: true,
  maybeTaken: false,
  holdsInARow: 0,
};
const retry = (more: Partial<Extract<Verdict, { kind: 'retry' }>> = {}): Verdict => ({
  kind: 'retry',
  reason,
  scope: 'request',
  taken: 'unknown',
  ...more,
});
const ladder: RetryPlan = { retries: 2, waits: { kind: 'ladder', stepsMs: [60_000, 120_000] }, then: 'stop' };

const cases: readonly [
  claim: string,
  verdict: Verdict,
  history: Partial<ChunkHistory>,
  policy: Partial<Policy>,
  expected: Partial<Step>,
][] = [
  ['an accepted chunk is settled', { kind: 'accepted' }, {}, {}, { do: 'settle', again: [] }],
  ['fatal stops the run as refused', { kind: 'fatal', reason }, {}, {}, { do: 'stop', exit: Exit.targetRefused }],
  ['aged credentials are renewed once', { kind: 'reauthorize', reason }, {}, {}, { do: 'reauthorize' }],
  [
    'and are fatal the second time',
    { kind: 'reauthorize', reason },
    { reauthorized: true },
    {},
    { do: 'stop', exit: Exit.targetRefused },
  ],
  [
    'too large is halved, and remembered',
    { kind: 'split', reason, because: 'size' },
    {},
    {},
    { do: 'halve', shrink: true },
  ],
  [
    'a search for the culprit is not a matter of size',
    { kind: 'split', reason, because: 'blame' },
    {},
    {},
    { do: 'halve', shrink: false },
  ],
  [
    'a single item cannot be halved: it is rejected',
    { kind: 'split', reason, because: 'size' },
    { items: 1 },
    {},
    { do: 'reject-all' },
  ],
  [
    'waits double under full jitter',
    retry(),
    { used: { ...noAttempts, stop: 1 } },
    {},
    { do: 'wait', ms: 1000, scope: 'request', uses: 'stop' },
  ],
  ['waits have a ceiling', retry(), { used: { ...noAttempts, stop: 2 } }, {}, { do: 'wait', ms: 1500 }],
  [
    'a wait that was asked for holds everyone',
    retry({ after: 7000 }),
    {},
    {},
    { do: 'wait', ms: 7000, scope: 'target' },
  ],
  ['a wait of nothing is taken as it is, once', retry({ after: 0 }), {}, {}, { do: 'wait', ms: 0, scope: 'target' }],
  [
    'a platform that asks for nothing again and again is waited for all the same',
    retry({ after: 0 }),
    { used: { ...noAttempts, stop: 1 } },
    {},
    { do: 'wait', ms: 1000, scope: 'target' },
  ],
  [
    'attempts of another plan are not used up',
    retry({ plan: { ...plan, then: 'reject' } }),
    { used: { ...noAttempts, stop: 3 } },
    {},
    { do: 'wait', ms: 500, uses: 'reject' },
  ],
  [
    'used-up retries stop the run, resumable',
    retry(),
    { used: { ...noAttempts, stop: 3 } },
    {},
    { do: 'stop', exit: Exit.gaveUpRetrying },
  ],
  [
    'or halve the chunk, where the plan says so',
    retry({ plan: { ...plan, then: 'split' } }),
    { used: { ...noAttempts, split: 3 } },
    {},
    { do: 'halve', shrink: false },
  ],
  [
    'a single item of such a plan stops',
    retry({ plan: { ...plan, then: 'split' } }),
    { used: { ...noAttempts, split: 3 }, items: 1 },
    {},
    { do: 'stop' },
  ],
  [
    'or reject, where the plan says so',
    retry({ plan: { ...plan, then: 'reject' } }),
    { used: { ...noAttempts, reject: 3 } },
    {},
    { do: 'reject-all' },
  ],
  [
    'an answer that promises "not processed" uses up nothing',
    retry({ taken: 'no', counts: false }),
    { used: { ...noAttempts, stop: 3 } },
    {},
    { do: 'wait', uses: undefined },
  ],
  [
    'a ladder is taken by everyone, step by step',
    retry({ plan: ladder }),
    { used: { ...noAttempts, stop: 1 } },
    {},
    { do: 'wait', ms: 120_000, scope: 'target' },
  ],
  [
    'what must not be doubled is held when its fate is unknown, and everyone waits',
    retry(),
    { repeatable: false },
    {},
    { do: 'hold', ms: 1000 },
  ],
  ['longer with each in a row', retry(), { repeatable: false, holdsInARow: 1 }, {}, { do: 'hold', ms: 2000 }],
  [
    'by the ladder, where the plan is one',
    retry(),
    { repeatable: false, holdsInARow: 1 },
    { plan: ladder },
    { do: 'hold', ms: 120_000 },
  ],
  [
    'or as long as the platform asks',
    retry({ after: 9000 }),
    { repeatable: false, holdsInARow: 1 },
    {},
    { do: 'hold', ms: 9000 },
  ],
  [
    'and more in a row than the plan has retries stop the run, resumable',
    retry(),
    { repeatable: false, holdsInARow: 3 },
    {},
    { do: 'stop', exit: Exit.gaveUpRetrying },
  ],
  ['but sent again when it was certainly not taken', retry({ taken: 'no' }), { repeatable: false }, {}, { do: 'wait' }],
  [
    'unless an earlier attempt may have been taken',
    retry({ taken: 'no' }),
    { repeatable: false, maybeTaken: true },
    {},
    { do: 'hold' },
  ],
  ['the user may say resend', retry(), { repeatable: false }, { uncertain: 'resend' }, { do: 'wait' }],
  ['the user may say hold', retry(), {}, { uncertain: 'hold' }, { do: 'hold' }],
  [
    'a pause longer than the run will wait stops it, resumable',
    retry({ after: 7_200_000 }),
    {},
    {},
    { do: 'stop', exit: Exit.gaveUpRetrying },
  ],
];

for (const [claim, verdict, history, given, expected] of cases) {
  test(claim, () => {
    const step = nextStep(verdict, { ...fresh, ...history }, { ...policy, ...given }, () => 0.5);
    assert.partialDeepStrictEqual(step, expected);
  });
}

test('jitter covers everything from nothing to the ceiling', () => {
  const waits = [0, 0.25, 0.999].map((random) => nextStep(retry(), fresh, policy, () => random));
  assert.deepEqual(
    waits.map((step) => (step.do === 'wait' ? step.ms : undefined)),
    [0, 250, 999],
  );
});
