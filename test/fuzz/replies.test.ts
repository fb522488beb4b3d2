/** Whatever a platform, or something between it and us, answers: each of the five targets makes a verdict of it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { explanationOf } from '../../src/codes.ts';
import { resolveTarget } from '../../src/config/resolve.ts';
import type { ApiFailure, ApiReply } from '../../src/model/request.ts';
import type { Reason, Verdict } from '../../src/model/verdict.ts';
import { emulatorTypes } from '../../src/sandbox/index.ts';
import { targetTypes } from '../../src/targets/index.ts';
import type { Operation } from '../../src/targets/target.ts';

const known: Readonly<Record<string, object>> = {
  person: { writeMode: 'append' },
  catalog: { writeMode: 'append' },
  profiles: { type: 't', hardId: ['id'], fields: { id: 'string' } },
  events: { type: 't', hardId: ['id'], fields: { id: 'string' } },
  inventory: { type: 't', hardId: ['id'], fields: { id: 'string' } },
  'facts.add': { partnerType: 1, factName: 'a', factTtl: 60 },
  'facts.update': { partnerType: 1, factName: 'a', factTtl: 60 },
  'facts.delete': { partnerType: 1, factName: 'a' },
  'interactions.add': { partnerType: 1, interactionType: 'pageView' },
  'interactions.update': { partnerType: 1, interactionType: 'pageView' },
  'mappings.add': { partnerType: 1, mappingPartnerType: 2, via: 'profileId' },
  'mappings.delete': { partnerType: 1, mappingPartnerType: 2 },
  'profile.delete': { partnerType: 1 },
  'datafeed.put': { feedPrefix: 'p' },
  'datafeed.delete': { feedPrefix: 'p' },
  'connector.activate': { partnerType: 1, connectorId: '1f0e9a44-3c4b-4a55-9d1c-0a4b6a6f3f10' },
};

/** Names that the five read, with values of every kind beneath. */
const names = [
  'message',
  'messages',
  'errors',
  'error',
  'error_description',
  'access_token',
  'expires_in',
  'token_type',
]
  .concat(['responses', 'status', 'statusCode', 'xactionId', 'inletId', 'report', 'index', 'unsuccessful', 'profileId'])
  .concat([
    'success',
    'datatalksId',
    'key',
    'requestId',
    'meta',
    'title',
    'detail',
    'code',
    'reason',
    '__proto__',
    'batch',
  ])
  .concat(['batchId', 'receivedTimeMs', 'failed', 'additionalContext', 'details', 'id', 'type', 'length']);
const leaf = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1,
    1,
    200,
    207,
    400,
    401,
    429,
    500,
    1e308,
    '',
    '200',
    '400',
    'SUCCESS',
    '\u001b[2J',
  ),
  fc.constantFrom<unknown>('[400]', 'Missing Authentication Token', 'Request Too Long', '0', 'x'.repeat(5000)),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.integer(),
);
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    leaf,
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...names), tie('json'), { maxKeys: 5 }),
  ),
}));
const body = fc.oneof(
  json.map((value) => JSON.stringify(value) ?? ''),
  json.map((value) => (JSON.stringify(value) ?? '').slice(0, -1)),
  fc.constantFrom('', ' ', 'OK', '"', '<html><body>502</body></html>', '[]', '{}', 'null', '[[[[', '{"a":', '\ufeff{}'),
  fc.constantFrom(
    '['.repeat(50_000),
    `${'{"errors":'.repeat(5000)}1${'}'.repeat(5000)}`,
    '00000000-0000-0000-0000-000000000000',
  ),
  fc.string({ unit: 'binary', maxLength: 200 }),
);
const header = fc.constantFrom(
  'retry-after',
  'content-type',
  'x-amzn-errortype',
  'x-request-id',
  'location',
  '__proto__',
  'date',
);
const headerValue = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '-1',
    '1',
    '99999999999999999999',
    'Fri, 31 Dec 1999 23:59:59 GMT',
    'soon',
    'application/json',
    '1e3',
    'NaN',
  ),
  fc.constantFrom('ForbiddenException', 'IncompleteSignatureException:http://x', '\u001b[2J'),
  fc.string({ maxLength: 20 }),
);
const status = fc.oneof(
  fc.constantFrom(
    200,
    201,
    202,
    204,
    207,
    301,
    302,
    304,
    400,
    401,
    403,
    404,
    405,
    408,
    409,
    413,
    415,
    418,
    422,
    429,
    500,
    502,
    503,
    504,
    520,
  ),
  fc.integer({ min: 100, max: 999 }),
);
const reply: fc.Arbitrary<ApiReply | ApiFailure> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constant('reply' as const),
      status,
      headers: fc.dictionary(header, headerValue, { maxKeys: 3 }),
      body,
      truncated: fc.boolean(),
      receivedAt: fc.constant(Date.UTC(2024, 2, 1)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('failure' as const),
      code: fc.constantFrom('timed-out', 'ECONNRESET', 'whatever'),
      message: fc.string({ minLength: 1 }),
      sent: fc.constantFrom('no' as const, 'unknown' as const),
    }),
  },
);

function assertReason({ code, reason }: Reason): void {
  assert.ok(explanationOf(code) !== undefined, `the code ${code} stands in no catalogue`);
  assert.ok(typeof reason === 'string' && reason !== '' && reason.length < 20_000);
}

const inChunk = (index: number, items: number): void =>
  assert.ok(Number.isInteger(index) && index >= 0 && index < items, `item ${index} of ${items}`);

function assertVerdict(verdict: Verdict, items: number): void {
  switch (verdict.kind) {
    case 'accepted':
      return;
    case 'partial':
      for (const [index, reason] of verdict.rejected) {
        inChunk(index, items);
        assertReason(reason);
      }
      for (const index of verdict.retry ?? []) inChunk(index, items);
      assert.ok(
        (verdict.retry ?? []).every((index) => !verdict.rejected.has(index)),
        'an item is both refused and tried again',
      );
      return;
    case 'next':
      assert.equal(typeof verdict.carry, 'string');
      return;
    case 'retry':
      assert.ok(verdict.after === undefined || verdict.after >= 0, `waits ${verdict.after}`);
      assertReason(verdict.reason);
      return;
    default:
      assert.ok(['skipped', 'split', 'rejected', 'reauthorize', 'fatal'].includes(verdict.kind), verdict.kind);
      assertReason(verdict.reason);
  }
}

describe('any answer is a verdict', () => {
  for (const type of targetTypes) {
    const emulator = emulatorTypes
      .find(({ platform }) => platform === type.type)
      ?.create({ now: () => 0, sleep: async () => {} });
    const settings = emulator?.settings(`http://127.0.0.1:1/${type.type}`) ?? {};
    const config = { path: undefined, directory: '/', content: { targets: {} }, stateDir: undefined, at: () => 'here' };
    const { target } = resolveTarget(type.type, config, {}, () => settings);
    const operations = Object.keys(type.operations);
    const opened = new Map(
      operations.map((name): [string, Operation] => [name, target.operation(name, known[name] ?? {})]),
    );

    it(`of ${type.type}, under each of its ${operations.length} operations`, () => {
      const kinds = new Set<string>();
      fc.assert(
        fc.property(fc.constantFrom(...operations), reply, fc.integer({ min: 1, max: 5 }), (name, given, most) => {
          const operation = opened.get(name) ?? assert.fail(name);
          const items = Math.min(most, operation.limits.items);
          const chunk = { route: 'partnerId=1&x', items, body: [] };
          const verdict = operation.verdict(given, chunk);
          assertVerdict(verdict, items);
          kinds.add(verdict.kind);
          if (operation.name.startsWith('mappings'))
            assertVerdict(operation.verdict(given, { ...chunk, carry: 'p' }), items);
          if (given.kind === 'reply' && given.status >= 400)
            assert.ok(!['accepted', 'next'].includes(verdict.kind), `${given.status} counts as ${verdict.kind}`);
        }),
        { numRuns: 1500 },
      );
      // These come often; that a platform accepts takes an answer of its own, which is rare among random ones.
      for (const kind of ['retry', 'rejected', 'fatal']) assert.ok(kinds.has(kind), [...kinds].join());
    });

    it(`of ${type.type}, asked for a token or for a proof of the credentials`, () => {
      fc.assert(
        fc.property(reply, fc.nat(4), (given, index) => {
          if (target.token !== undefined) {
            const got = target.token.read(given);
            if ('token' in got) assert.ok(got.token !== '' && got.lifetimeMs > 0);
            else assertVerdict(got, 1);
          }
          if ('calls' in target.check) {
            const { ok, says } = target.check.read(given, Math.min(index, target.check.calls.length - 1));
            assert.ok(typeof ok === 'boolean' && typeof says === 'string');
          }
        }),
        { numRuns: 600 },
      );
    });
  }
});
