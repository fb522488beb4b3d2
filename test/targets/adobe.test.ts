import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type JsonObject, rawNumber } from '../../src/model/json.ts';
import type { ApiReply } from '../../src/model/request.ts';
import { readItems } from '../../src/targets/adobe/items.ts';
import { adobe } from '../../src/targets/adobe.ts';
import { type FlatVerdict, type ReplyCase, runContract } from './contract.ts';

const inletId = '667b41cf5fb0a4a7e9c6a80b1f3d2e4c5a6978f1e0d3c2b4a59687f6e5d4c385';
const inletUrl = `https://dcs.adobedc.net/collection/${inletId}`;
const clientSecret = 'p8e-Zq3wXv7+LmN/tR9s';
const config = {
  inletUrl,
  imsOrgId: '0A1B2C3D4E5F60718293A4B5@AdobeOrg',
  sandboxName: 'dev',
  datasetId: '65f0a1b2c3d4e5f607182930',
  flowId: '7c9e6679-7425-40de-944b-e07fc1f90ae7',
  schemaId: 'https://ns.adobe.com/acmecorp/schemas/0f1e2d3c4b5a69788796a5b4c3d2e1f0',
  clientId: '4a1f0c7e9b2d4d6f8a0b',
  clientSecret,
};
const open = { auth: 'none' };
const canary = { mode: 'single', syncValidation: true };

const ada = {
  identityMap: { Email: 'ada@example.org', CRMID: '346576345' },
  person: { name: { firstName: 'Ada', lastName: 'Løvelace' }, birthDate: '1990-12-10' },
  _acmecorp: { loyalty: { points: 120, since: '2019-05-15' } },
};
const purchase = {
  timestamp: '2024-02-29T09:30:00.250+01:00',
  eventType: 'commerce.purchases',
  identityMap: { Email: [{ id: 'ada@example.org', authenticatedState: 'authenticated' }] },
  commerce: { order: { purchaseID: 'A-1001', priceTotal: rawNumber('123.450') } },
};
const record = { operation: 'record', settings: { primaryIdentity: 'Email' } };
const event = { operation: 'event', settings: { primaryIdentity: 'Email' } };
const identityDatasetId = '6254a93b851ecd194b64af9e';

const ok = (index: number) => ({ xactionId: `1565628583792:1485:153:${index}` });
const uuid = '9341f8eb-494a-4c89-9879-4d06a58d2dc7';
const answer = (...responses: unknown[]) => ({
  inletId,
  batchId: '1565638336649:1750:244',
  receivedTimeMs: 1565638336705,
  responses,
});
const wrongFormat = (statusCode: number | string) => ({
  statusCode,
  message: `inletId: [${inletId}] imsOrgId: [${config.imsOrgId}] Message has unknown xdm format`,
});
const wrongOrganisation = {
  statusCode: 400,
  message: `inletId: [${inletId}] imsOrgId: [X@AdobeOrg] Message has an absent or wrong ims org in the header`,
};
const problem = (message: string, cause?: object) => ({
  type: 'http://ns.adobe.com/adobecloud/problem/data-collection-service/inlet',
  status: 400,
  title: 'Invalid XDM Message Format',
  report: { message: `inletId: [${inletId}] imsOrgId: [${config.imsOrgId}] ${message}`, ...(cause && { cause }) },
});
const tokenIsEmpty = {
  type: 'https://ns.adobe.com/adobecloud/problem/data-collection-service-authorization',
  status: '401',
  title: 'Authorization',
  report: { message: '[id] Ims service token is empty' },
};
const unreadable: FlatVerdict = { kind: 'retry', code: 'reply-unreadable', scope: 'request', taken: 'unknown' };
const poison = { retries: 3, waits: { kind: 'backoff', firstMs: 1000, capMs: 60_000 }, then: 'split' };

/** Contract §5.1: the same for every address, but for what 400 means. */
const requestLevel = (operation: string, mode: 'batch' | 'single'): ReplyCase[] => [
  {
    operation,
    reply: { status: 400, body: problem('Message has unknown xdm format') },
    gives:
      mode === 'single'
        ? { kind: 'rejected', code: 'platform-rejected' }
        : { kind: 'split', code: 'platform-rejected', because: 'blame' },
  },
  {
    operation,
    name: 'about the organisation',
    reply: { status: 400, body: problem('Message has an absent or wrong ims org in the header') },
    gives: { kind: 'fatal', code: 'platform-rejected' },
  },
  { operation, reply: { status: 401, body: tokenIsEmpty }, gives: { kind: 'reauthorize', code: 'unauthorized' } },
  {
    operation,
    name: 'without a token to renew',
    config: open,
    reply: { status: 401, body: tokenIsEmpty },
    gives: { kind: 'fatal', code: 'unauthorized' },
  },
  {
    operation,
    reply: { status: 403, body: { error_code: '401013', message: 'Oauth token is not valid' } },
    gives: { kind: 'reauthorize', code: 'forbidden' },
  },
  {
    operation,
    name: 'empty',
    config: open,
    reply: { status: 403 },
    gives: { kind: 'fatal', code: 'forbidden' },
  },
  { operation, reply: { status: 302 }, gives: { kind: 'fatal', code: 'redirected' } },
  { operation, reply: { status: 404 }, gives: { kind: 'fatal', code: 'not-found' } },
  {
    operation,
    reply: { status: 408 },
    gives: { kind: 'retry', code: 'timed-out', scope: 'request', taken: 'unknown' },
  },
  {
    operation,
    reply: { status: 413, body: 'greater than 1MB' },
    gives: { kind: 'split', code: 'platform-too-large', because: 'size' },
  },
  { operation, reply: { status: 415 }, gives: { kind: 'fatal', code: 'unexpected-status' } },
  { operation, reply: { status: 429 }, gives: { kind: 'retry', code: 'rate-limited', scope: 'target', taken: 'no' } },
  {
    operation,
    name: 'with a wait',
    reply: { status: 429, headers: { 'retry-after': '7' } },
    gives: { kind: 'retry', code: 'rate-limited', after: 7000, scope: 'target', taken: 'no' },
  },
  {
    operation,
    reply: { status: 500 },
    gives: { kind: 'retry', code: 'server-error', scope: 'request', taken: 'unknown', plan: poison },
  },
  { operation, reply: { status: 501 }, gives: { kind: 'fatal', code: 'sync-check-unavailable' } },
  {
    operation,
    reply: { status: 502, body: '<html>Bad Gateway</html>' },
    gives: { kind: 'retry', code: 'server-error', scope: 'request', taken: 'unknown' },
  },
  {
    operation,
    reply: { status: 503, headers: { 'retry-after': '30' } },
    gives: { kind: 'retry', code: 'server-error', after: 30_000, scope: 'target', taken: 'unknown' },
  },
  { operation, reply: { status: 204 }, gives: unreadable },
  { operation, name: 'of a proxy', reply: { status: 200, body: '<html>Welcome</html>' }, gives: unreadable },
  { operation, name: 'of nothing', reply: { status: 207, body: [] }, gives: unreadable },
  {
    operation,
    reply: { failure: 'timed-out', sent: 'unknown' },
    gives: { kind: 'retry', code: 'timed-out', scope: 'request', taken: 'unknown' },
  },
  {
    operation,
    reply: { failure: 'refused', sent: 'no' },
    gives: { kind: 'retry', code: 'no-connection', scope: 'request', taken: 'no' },
  },
];

/** Contract §5.3. */
const batchLevel = (operation: string): ReplyCase[] => [
  { operation, reply: { status: 207, body: answer(ok(3), ok(1), ok(2)) }, gives: { kind: 'accepted' } },
  {
    operation,
    name: 'with a refusal in the documented shape',
    reply: { status: 207, body: answer(ok(3), wrongFormat(400), ok(5)) },
    gives: { kind: 'partial', rejected: { 1: 'platform-rejected' } },
  },
  {
    operation,
    name: 'with a status that is text',
    reply: { status: 207, body: answer(ok(3), ok(4), wrongFormat('400')) },
    gives: { kind: 'partial', rejected: { 2: 'platform-rejected' } },
  },
  {
    operation,
    name: 'with a refusal that names neither status nor message id',
    reply: { status: 207, body: answer({ message: 'Message is invalid' }, ok(4), ok(5)) },
    gives: { kind: 'partial', rejected: { 0: 'platform-rejected' } },
  },
  {
    operation,
    name: 'in the shape of the vendor client, out of order',
    reply: {
      status: 207,
      body: answer(
        { xactionId: `${uuid}-2` },
        { xactionId: `${uuid}-0`, status: 400, message: "The 'header' field is mandatory." },
        { xactionId: `${uuid}-1` },
      ),
    },
    gives: { kind: 'partial', rejected: { 0: 'platform-rejected' } },
  },
  {
    operation,
    name: 'that refuses one for its size and fails at another',
    reply: {
      status: 207,
      body: answer({ statusCode: 413, message: 'too large' }, { statusCode: 503, message: 'later' }, ok(5)),
    },
    gives: { kind: 'partial', rejected: { 0: 'platform-too-large' }, retry: [1] },
  },
  {
    operation,
    name: 'that lacks a token for some',
    reply: { status: 207, body: answer(ok(1), { statusCode: 401, message: 'expired' }, { statusCode: 403 }) },
    gives: { kind: 'partial', rejected: {}, retry: [1, 2] },
  },
  {
    operation,
    name: 'that lacks a token for all',
    reply: { status: 207, body: answer(...Array(3).fill({ statusCode: 401, message: 'expired' })) },
    gives: { kind: 'reauthorize', code: 'unauthorized' },
  },
  {
    operation,
    name: 'that slows all down',
    reply: { status: 207, body: answer(...Array(3).fill({ statusCode: 429 })) },
    gives: { kind: 'retry', code: 'rate-limited', scope: 'target', taken: 'no' },
  },
  {
    operation,
    name: 'that fails at all',
    reply: { status: 207, body: answer(...Array(3).fill({ statusCode: 500, message: 'x' })) },
    gives: { kind: 'retry', code: 'server-error', scope: 'request', taken: 'unknown' },
  },
  {
    operation,
    name: 'that finds the organisation wrong in all',
    reply: { status: 207, body: answer(wrongOrganisation, wrongOrganisation, wrongOrganisation) },
    gives: { kind: 'fatal', code: 'platform-rejected' },
  },
  {
    operation,
    name: 'too short, without indexes',
    reply: { status: 207, body: answer(ok(3), wrongFormat(400)) },
    gives: unreadable,
  },
  {
    operation,
    name: 'with two answers for one message',
    reply: {
      status: 207,
      body: answer({ xactionId: `${uuid}-1` }, { xactionId: `${uuid}-1` }, { xactionId: `${uuid}-2` }),
    },
    gives: unreadable,
  },
  {
    operation,
    name: 'for a message that was not sent',
    reply: {
      status: 207,
      body: answer({ xactionId: `${uuid}-0` }, { xactionId: `${uuid}-1` }, { xactionId: `${uuid}-3` }),
    },
    gives: unreadable,
  },
];

const shortButIndexed = {
  name: 'too short, with indexes',
  reply: { status: 207, body: answer({ xactionId: `${uuid}-2` }, { xactionId: `${uuid}-0`, status: 400 }) },
} as const;

const single200 = { inletId, xactionId: '1555445493896:8600:8', receivedTimeMs: '1555445493932' };
const violations = {
  _streamingValidation: [
    {
      schemaLocation: '#',
      pointerToViolation: '#',
      causingExceptions: [
        {
          schemaLocation: '#/properties/_id',
          pointerToViolation: '#/_id',
          causingExceptions: [],
          keyword: 'type',
          message: 'expected type: String, found: Long',
        },
      ],
      message: '3 schema violations found',
    },
  ],
};

const everyStatus = [400, 401, 403, 404, 413, 415, 429, 500, 501, 503];
const around = Buffer.byteLength('{"messages":[]}');

runContract({
  type: 'adobe',
  config,
  secrets: [
    inletUrl,
    inletId,
    clientSecret,
    encodeURIComponent(clientSecret),
    'eyJhbGciOiJSUzI1NiJ9.eyJpZCI6IjE3In0.c2lnbmF0dXJl',
  ],
  token: 'eyJhbGciOiJSUzI1NiJ9.eyJpZCI6IjE3In0.c2lnbmF0dXJl',
  golden: [
    { ...record, name: 'record', items: [ada, { identityMap: { Email: 'bob@example.org' } }] },
    { ...event, name: 'event', items: [purchase, { ...purchase, _id: 'order-1002' }] },
    { ...event, name: 'event-open-inlet', config: open, items: [purchase] },
    { ...record, name: 'record-canary', config: canary, items: [ada] },
    { operation: 'raw', name: 'raw', items: [{ first: 'Ada', last: 'Lovelace', born: '1815-12-10' }] },
    { operation: 'raw', name: 'raw-single', config: { mode: 'single' }, items: [{ first: 'Ada' }] },
    {
      operation: 'merge',
      name: 'merge',
      settings: { primaryIdentity: 'Email', identityDatasetId },
      items: [{ personID: '346576345', homeAddress: { state: 'GA' }, identityMap: { Email: 'ada@example.org' } }],
    },
    {
      operation: 'merge',
      name: 'merge-batch',
      config: { mode: 'batch' },
      items: [{ personID: '1' }, { personID: '2' }],
    },
    {
      operation: 'delete',
      name: 'delete',
      items: [{ identityMap: { Email: [{ id: 'ada@example.org', primary: true }] } }],
    },
  ],
  refusals: [
    {
      ...record,
      name: 'a row of which nothing is left',
      item: {},
      faults: ['id-missing identityMap.Email', 'item-empty'],
    },
    {
      ...record,
      name: 'a null, however deep',
      item: { ...ada, person: { name: null }, _acmecorp: { list: [{ tier: null }] } },
      faults: ['field-null person.name', 'field-null _acmecorp.list[0].tier'],
    },
    {
      ...record,
      name: 'no primary identity',
      item: { identityMap: { CRMID: '7' } },
      faults: ['id-missing identityMap.Email'],
    },
    {
      ...record,
      name: 'identities that Adobe skips',
      item: { identityMap: { Email: 'ada@example.org', ECID: '123', CRMID: 'x'.repeat(1025), Phone: ' ' } },
      faults: ['field-format identityMap.ECID', 'field-format identityMap.CRMID', 'field-format identityMap.Phone'],
    },
    {
      ...record,
      name: 'identities that are no text, or of another shape',
      item: {
        identityMap: {
          Email: [
            { id: 'a', primary: 'yes' },
            { id: 'b', authenticatedState: 'maybe' },
            { id: 'c', xid: 'd' },
          ],
          CRMID: 7,
        },
      },
      faults: [
        'field-type identityMap.Email',
        'field-enum identityMap.Email',
        'field-unknown identityMap.Email',
        'field-type identityMap.CRMID',
      ],
    },
    {
      operation: 'record',
      name: 'an identityMap of nobody',
      item: { identityMap: { Email: [] } },
      faults: ['id-missing identityMap'],
    },
    {
      ...record,
      name: 'an identityMap that is none',
      item: { identityMap: 'ada' },
      faults: ['field-type identityMap'],
    },
    {
      ...event,
      name: 'no timestamp',
      item: { eventType: 'web', identityMap: { Email: 'a@b.se' } },
      faults: ['field-missing timestamp'],
    },
    ...['2024-02-29', '2024-02-29T09:30:00', '2024-02-30T09:30:00Z', '29.2.2024', '2024-02-29T24:00:00Z'].map(
      (timestamp) => ({
        ...event,
        name: `timestamp ${timestamp}`,
        item: { ...purchase, timestamp },
        faults: ['field-format timestamp'],
      }),
    ),
    {
      ...event,
      name: 'a timestamp that is a number',
      item: { ...purchase, timestamp: 1_709_197_800_000 },
      faults: ['field-type timestamp'],
    },
    {
      ...event,
      name: 'a timestamp in the future',
      item: { ...purchase, timestamp: '2024-03-01T12:00:00.001Z' },
      faults: ['field-range timestamp'],
    },
    ...['two words', '12:30', '', 'ärende', '100%', '%4', '%4g', 'a%41%'].map((_id) => ({
      ...event,
      name: `_id "${_id}"`,
      item: { ...purchase, _id },
      faults: ['field-format _id'],
    })),
    ...[7, rawNumber('9007199254740993')].map((_id) => ({
      ...event,
      name: `an _id that is the number ${JSON.stringify(_id)}`,
      item: { ...purchase, _id },
      faults: ['field-type _id'],
    })),
    { operation: 'raw', name: 'a row of which nothing is left', item: {}, faults: ['item-empty'] },
    {
      operation: 'merge',
      settings: { primaryIdentity: 'Email' },
      name: 'a null',
      item: { identityMap: { Email: 'a@b.se' }, city: null },
      faults: ['field-null city'],
    },
    { operation: 'delete', name: 'a row of which nothing is left', item: {}, faults: ['item-empty'] },
  ],
  documented: {
    record: [207, ...everyStatus],
    event: [207, ...everyStatus],
    raw: [207, ...everyStatus],
    merge: [200, ...everyStatus],
    delete: [200, ...everyStatus],
  },
  replies: [
    ...['record', 'event', 'raw'].flatMap((operation) => [
      ...requestLevel(operation, 'batch'),
      ...batchLevel(operation),
    ]),
    ...['merge', 'delete'].flatMap((operation): ReplyCase[] => [
      ...requestLevel(operation, 'single'),
      { operation, reply: { status: 200, body: single200 }, gives: { kind: 'accepted' } },
    ]),
    // What is missing from an answer is sent again where that does no harm; where it does, the chunk's fate is unknown.
    {
      operation: 'record',
      ...shortButIndexed,
      gives: { kind: 'partial', rejected: { 0: 'platform-rejected' }, retry: [1] },
    },
    {
      operation: 'event',
      ...shortButIndexed,
      gives: { kind: 'partial', rejected: { 0: 'platform-rejected' }, retry: [1] },
    },
    { operation: 'raw', ...shortButIndexed, gives: unreadable },
    {
      operation: 'raw',
      settings: { repeatable: true },
      ...shortButIndexed,
      gives: { kind: 'partial', rejected: { 0: 'platform-rejected' }, retry: [1] },
    },
    ...[
      ['passed', { syncValidation: { status: 'pass' } }, { kind: 'accepted' }],
      ['passed under its older name', { synchronousValidation: { status: 'pass' } }, { kind: 'accepted' }],
      ['says nothing of a check', {}, { kind: 'accepted' }],
      ['skipped the check', { syncValidation: { skipped: true } }, { kind: 'fatal', code: 'check-skipped' }],
      ['failed', { syncValidation: { status: 'fail' } }, { kind: 'rejected', code: 'platform-rejected' }],
    ].map(
      ([name, more, gives]): ReplyCase => ({
        operation: 'record',
        name: `canary that ${String(name)}`,
        config: canary,
        reply: { status: 200, body: { ...single200, ...(more as object) } },
        gives: gives as FlatVerdict,
      }),
    ),
    {
      operation: 'record',
      name: 'single, unchecked as asked',
      config: { mode: 'single' },
      reply: { status: 200, body: { ...single200, syncValidation: { skipped: true } } },
      gives: { kind: 'accepted' },
    },
    {
      operation: 'record',
      name: 'canary',
      config: canary,
      reply: { status: 400, body: problem('Message is invalid', violations) },
      gives: { kind: 'rejected', code: 'platform-rejected' },
    },
  ],
  limits: [
    ...['record', 'event', 'raw'].map((operation) => ({
      operation,
      limits: { items: 500, bytes: 900_000 },
      itemBytes: 1_000_000 - around,
      sized: (text: string) => ({ timestamp: '2024-02-29T09:30:00Z', text }),
    })),
    ...['merge', 'delete'].map((operation) => ({
      operation,
      limits: { items: 1, bytes: 900_000 },
      itemBytes: 1_000_000,
      sized: (text: string) => ({ personID: text }),
    })),
  ],
});

const row = { identity: 'a'.repeat(32), key: '7', now: Date.UTC(2024, 2, 1, 12) };

function target(more: Readonly<Record<string, unknown>> = {}, baseUrl = adobe.defaults.baseUrl) {
  const merged = Object.entries({ ...config, ...more }).filter(([, value]) => value !== undefined);
  return adobe.open(adobe.config.parse(Object.fromEntries(merged)), { baseUrl, headers: {} });
}

function encode(name: string, item: JsonObject, settings: unknown = {}, more = {}, context = row) {
  const encoded = target(more).operation(name, settings).encode(item, context);
  if ('faults' in encoded) assert.fail(encoded.faults.map(({ reason }) => reason).join('; '));
  return { ...encoded, message: JSON.parse(encoded.json) as { body: { xdmEntity: JsonObject } } };
}
const entityOf = (...given: Parameters<typeof encode>) => encode(...given).message.body.xdmEntity;

function faultsOf(name: string, item: JsonObject, settings: unknown): string[] {
  const encoded = target().operation(name, settings).encode(item, row);
  return 'faults' in encoded ? encoded.faults.map(({ code, field }) => `${code} ${field}`) : [];
}

const replyOf = (status: number, body: unknown): ApiReply => ({
  kind: 'reply',
  status,
  headers: {},
  body: typeof body === 'string' ? body : JSON.stringify(body),
  truncated: false,
  receivedAt: row.now,
});
const chunk = (items: number) => ({ route: '', items, body: [] });

describe('inlet URL', () => {
  const complaint = (url: string) => {
    const parsed = adobe.config.safeParse({ ...config, inletUrl: url });
    return parsed.success ? 'taken' : parsed.error.issues.map(({ message }) => message).join('; ');
  };

  it('is taken as Adobe shows it, and as older notes keep it', () => {
    assert.equal(complaint(inletUrl), 'taken');
    assert.equal(complaint(`https://dcs.adobedc.net/collection/batch/${inletId}/`), 'taken');
  });

  it('with a UUID in it is refused with the way to the right one', () => {
    assert.match(complaint(`https://dcs.adobedc.net/collection/${uuid}`), /UUID.*auth\.params\.inletUrl/);
  });

  it('that is something else is refused without being repeated', () => {
    for (const wrong of [
      'nonsense',
      'https://dcs.adobedc.net/',
      `${inletUrl}0`,
      inletUrl.slice(0, -1),
      `${inletUrl}?syncValidation=true`,
    ]) {
      assert.notEqual(complaint(wrong), 'taken');
      assert.ok(!complaint(wrong).includes(inletId.slice(0, 20)));
    }
  });

  const urlOf = (more: Readonly<Record<string, unknown>>, baseUrl?: string) =>
    target(more, baseUrl).operation('record', {}).request(chunk(1)).url;

  it("decides where requests go, and another base keeps the inlet's path", () => {
    const elsewhere = { inletUrl: `https://edge.example/x/collection/${inletId}` };
    assert.equal(urlOf({}), `https://dcs.adobedc.net/collection/batch/${inletId}`);
    assert.equal(urlOf(elsewhere), `https://edge.example/x/collection/batch/${inletId}`);
    assert.equal(urlOf({}, 'http://127.0.0.1:4100/adobe/'), `http://127.0.0.1:4100/adobe/collection/batch/${inletId}`);
    assert.equal(urlOf(elsewhere, 'http://127.0.0.1:1'), `http://127.0.0.1:1/collection/batch/${inletId}`);
    assert.equal(urlOf({ mode: 'single' }), inletUrl);
    assert.equal(urlOf({ syncValidation: true }), `${inletUrl}?syncValidation=true`);
  });
});

describe('config', () => {
  const takes = (more: Readonly<Record<string, unknown>>) => adobe.config.safeParse({ ...config, ...more }).success;

  it('wants both halves of a credential, or none', () => {
    assert.equal(takes({}), true);
    assert.equal(takes({ clientId: undefined }), false);
    assert.equal(takes({ clientSecret: undefined }), false);
    assert.equal(takes({ clientId: undefined, clientSecret: undefined }), true);
    assert.equal(takes({ clientId: undefined, clientSecret: undefined, auth: 'oauth' }), false);
    assert.equal(target({ auth: 'none' }).token, undefined);
    assert.equal(target({ clientId: undefined, clientSecret: undefined }).token, undefined);
  });

  it('refuses ids of the wrong form and a check on the batch address', () => {
    assert.equal(takes({ imsOrgId: '0A1B' }), false);
    assert.equal(takes({ datasetId: 'people' }), false);
    assert.equal(takes({ flowId: 'main' }), false);
    assert.equal(takes({ schemaId: 'profile' }), false);
    assert.equal(takes({ contentType: 'application/vnd.adobe.xed-full+json;1' }), false);
    assert.equal(takes({ contentType: 'application/vnd.adobe.xed-full-notext+json; version=1.0' }), true);
    assert.equal(takes({ mode: 'batch', syncValidation: true }), false);
  });

  it('may leave dataset, flow and schema to the mapping, which wins', () => {
    const settings = { datasetId: 'f'.repeat(24), flowId: uuid, schemaId: 'https://ns.adobe.com/x/schemas/1' };
    const nothing = { datasetId: undefined, flowId: undefined, schemaId: undefined };
    for (const more of [{}, nothing]) {
      const { header } = JSON.parse(encode('record', ada, settings, more).json);
      assert.deepEqual([header.datasetId, header.flowId, header.schemaRef.id], Object.values(settings));
    }
    assert.throws(() => target(nothing).operation('record', {}), { code: 'settings-invalid' });
    assert.throws(() => target(nothing).operation('raw', {}), { code: 'settings-invalid' });
    assert.throws(() => target(nothing).operation('delete', {}), { code: 'settings-invalid' });
  });

  it('refuses to create identities in the dataset of the rows', () => {
    assert.throws(() => target().operation('merge', { identityDatasetId: config.datasetId }), {
      code: 'settings-invalid',
    });
  });
});

describe('modes', () => {
  it('a canary is paced below 60 a minute and says what it does', () => {
    const { pace, notices } = target(canary);
    assert.ok(pace !== undefined && pace.rate * 60 <= 60 && pace.concurrency === 1);
    assert.match(notices.join(), /IS stored/);
    assert.equal(target().pace, undefined);
    assert.match(target().notices.join(), /failed batches/);
  });

  it('a canary is part of the load that it precedes', () => {
    assert.equal(target(canary).identity, target().identity);
    assert.notEqual(target({ sandboxName: 'prod' }).identity, target().identity);
    assert.notEqual(target({ inletUrl: `${inletUrl.slice(0, -1)}0` }).identity, target().identity);
  });

  it('records and events may share a request; what needs a flow in its header may not', () => {
    const families = (more = {}) =>
      ['record', 'event', 'raw', 'merge', 'delete'].map((name) => target(more).operation(name, {}).family);
    assert.deepEqual(families(), ['batch', 'batch', 'batch raw', 'single merge', 'single delete']);
    assert.deepEqual(families(canary), ['single', 'single', 'single raw', 'single merge', 'single delete']);
  });

  it('only what the platform de-duplicates is sent twice', () => {
    const repeatable = (name: string, settings = {}) => target().operation(name, settings).repeatable;
    assert.deepEqual(
      ['record', 'event', 'merge', 'delete', 'raw'].map((name) => repeatable(name)),
      [true, true, true, true, false],
    );
    assert.equal(repeatable('merge', { repeatable: false }), false);
    assert.equal(repeatable('raw', { repeatable: true }), true);
  });
});

describe('messages', () => {
  it('hold identities in the shape of XDM, with the primary one marked', () => {
    const both = { Email: ['a@b.se', 'c@d.se'], CRMID: '7' };
    assert.deepEqual(entityOf('record', { identityMap: both }, { primaryIdentity: 'Email' }), {
      identityMap: { Email: [{ id: 'a@b.se', primary: true }, { id: 'c@d.se' }], CRMID: [{ id: '7' }] },
    });
    assert.deepEqual(entityOf('record', { identityMap: both })['identityMap'], {
      Email: [{ id: 'a@b.se' }, { id: 'c@d.se' }],
      CRMID: [{ id: '7' }],
    });
  });

  it('keep the primary identity that the row itself marks', () => {
    const identityMap = { CRMID: [{ id: '7', primary: true }], Email: [{ id: 'a@b.se' }] };
    assert.deepEqual(entityOf('record', { identityMap }, { primaryIdentity: 'Email' })['identityMap'], identityMap);
  });

  it('leave the row as it came', () => {
    const item = { identityMap: { Email: [{ id: 'a@b.se' }] }, city: 'Umeå' };
    const before = structuredClone(item);
    encode('record', item, { primaryIdentity: 'Email' });
    assert.deepEqual(item, before);
  });

  it('of events have an _id made of dataset and row: hex, the same every time, another for another row', () => {
    const id = (context = row, settings = {}) => entityOf('event', purchase, settings, {}, context)['_id'];
    assert.match(String(id()), /^[0-9a-f]{64}$/);
    assert.equal(id(), id());
    assert.equal(id({ ...row, key: '8', now: row.now + 1 }), id());
    assert.notEqual(id({ ...row, identity: 'b'.repeat(32) }), id());
    assert.notEqual(id(row, { datasetId: 'f'.repeat(24) }), id());
  });

  it('of events keep a mapped _id, colons after a scheme included', () => {
    for (const _id of ['order-1', 'urn:uuid:9341f8eb', 'a/b:c', 'a%20b']) {
      assert.equal(entityOf('event', { ...purchase, _id })['_id'], _id);
    }
  });

  it('keep all digits of a number', () => {
    assert.match(encode('event', purchase).json, /"priceTotal":123\.450/);
  });

  it('name the person by every identity and by the key, for records and not for events', () => {
    assert.deepEqual(encode('record', ada).lanes, ['Email:ada@example.org', 'CRMID:346576345', '7']);
    assert.deepEqual(encode('event', purchase).lanes, []);
    assert.deepEqual(encode('merge', { personID: '7' }).lanes, ['7']);
  });

  it('tell the _id of an event where it was mapped', () => {
    const { _id, ...unnamed } = { ...purchase, _id: 'order-1001' };
    assert.equal(encode('event', { ...unnamed, _id }).id, _id);
    assert.equal(encode('event', unnamed).id, undefined);
    assert.equal(encode('record', ada).id, undefined);
  });

  it('refuse an event whose _id has millions of characters as one that is too large', () => {
    for (const part of ['a', '%41']) {
      const item = { ...purchase, _id: part.repeat(5_000_000) };
      assert.match(String(faultsOf('event', item, {})), /^(item-)?too-large/);
    }
    assert.equal(encode('event', { ...purchase, _id: 'a%41b' }).id, 'a%41b');
  });

  it('take any moment up to the start of the run', () => {
    for (const timestamp of [
      '2024-03-01T12:00:00Z',
      '2024-03-01T13:59:59.123456789+02:00',
      '2020-02-29T00:00:00-11:30',
    ]) {
      assert.equal(entityOf('event', { ...purchase, timestamp })['timestamp'], timestamp);
    }
  });

  it('that Profile would drop for their size go out with a warning, measured in bytes', () => {
    const warned = (name: string, bytes: number) => {
      const empty = Buffer.byteLength(JSON.stringify({ timestamp: purchase.timestamp, text: '' }));
      const own: JsonObject = name === 'event' ? { _id: 'x' } : {};
      const ownBytes = name === 'event' ? Buffer.byteLength('"_id":"x",') : 0;
      const room = bytes - empty - ownBytes;
      const text = 'å'.repeat(Math.floor(room / 2)) + 'x'.repeat(room % 2);
      return encode(name, { ...own, timestamp: purchase.timestamp, text }).warnings?.map(({ code }) => code) ?? [];
    };
    assert.deepEqual(warned('event', 10_000), []);
    assert.deepEqual(warned('event', 10_001), ['profile-too-large']);
    assert.deepEqual(warned('record', 100_000), []);
    assert.deepEqual(warned('record', 100_001), ['profile-too-large']);
  });
});

describe('a declared schema', () => {
  const schema = {
    'person.name.firstName': { type: 'string', minLength: 2, maxLength: 5 },
    'person.birthDate': 'date',
    'person.email': { type: 'string', pattern: '^.+@.+$' },
    consent: { type: 'boolean', required: true },
    joined: 'date-time',
    'counts.long': 'long',
    'counts.int': 'int',
    'counts.short': 'short',
    'counts.byte': 'byte',
    'counts.rate': { type: 'double', minimum: 0, maximum: 1 },
    tier: { type: 'string', enum: ['gold', 'silver'] },
    'tags[]': 'string',
    'orders[].total': 'double',
    extra: 'object',
  };
  const faults = (item: JsonObject) => faultsOf('record', { consent: true, ...item }, { schema });

  it('lets good rows through', () => {
    const good = {
      identityMap: { Email: 'a@b.se' },
      person: { name: { firstName: 'Ada' }, birthDate: '2000-02-29', email: 'a@b' },
      joined: '2019-05-15T17:51:45.1Z',
      counts: { long: 9007199254740991, int: -2147483648, short: 32768, byte: -128, rate: 0.5 },
      tier: 'gold',
      tags: ['a', 'b'],
      orders: [{ total: 1.5 }, { total: rawNumber('2.50') }],
      extra: { anything: [1] },
    };
    assert.deepEqual(faults(good), []);
  });

  it('finds values of another type: nothing is converted', () => {
    assert.deepEqual(faults({ person: { name: { firstName: 7 }, birthDate: 20000229 }, counts: { long: '7' } }), [
      'field-type person.name.firstName',
      'field-type person.birthDate',
      'field-type counts.long',
    ]);
    assert.deepEqual(faults({ person: 'Ada', tags: 'a', consent: 'yes', extra: [], orders: [7] }), [
      'field-type consent',
      'field-type person',
      'field-type tags',
      'field-type extra',
      'field-type orders[0]',
    ]);
    assert.deepEqual(faults({ counts: { int: 1.5 }, tags: [1] }), ['field-type counts.int', 'field-type tags[0]']);
  });

  it('finds numbers that XDM cannot hold', () => {
    const counts = { long: rawNumber('9007199254740993'), int: 2147483649, short: -32769, byte: 129, rate: 1.1 };
    assert.deepEqual(
      faults({ counts }),
      Object.keys(counts).map((name) => `field-range counts.${name}`),
    );
  });

  it('finds days and moments that are none', () => {
    assert.deepEqual(faults({ person: { birthDate: '1900-02-29' }, joined: '2019-05-15 17:51:45' }), [
      'field-format person.birthDate',
      'field-format joined',
    ]);
  });

  it('finds what breaks a constraint, is missing, or was never declared', () => {
    assert.deepEqual(faults({ person: { name: { firstName: 'A' }, email: 'x' }, tier: 'bronze' }), [
      'field-range person.name.firstName',
      'field-format person.email',
      'field-enum tier',
    ]);
    assert.deepEqual(faultsOf('record', { tags: [] }, { schema }), ['field-missing consent']);
    assert.deepEqual(faults({ workEmail: 'x', person: { workEmail: 'x' } }), [
      'field-unknown workEmail',
      'field-unknown person.workEmail',
    ]);
  });

  it("is the mapping's list of fields", () => {
    const operation = target({ schema }).operation('event', {});
    const names = operation.fields.map(({ name }) => name);
    assert.ok(names.includes('person.birthDate') && names.includes('timestamp') && names.includes('identityMap.*'));
    assert.ok(names.includes('tags') && names.includes('orders') && names.includes('extra.*'));
    assert.ok(!names.includes('*'));
    assert.equal(operation.fields.find(({ name }) => name === 'consent')?.required, true);
    assert.equal(operation.fields.find(({ name }) => name === 'counts.short')?.type, 'integer');
  });

  it('that cannot be read is refused', () => {
    for (const wrong of [{ a: 'text' }, { 'a..b': 'string' }, { a: { type: 'string', pattern: '(' } }]) {
      assert.throws(() => target().operation('record', { schema: wrong }), { code: 'settings-invalid' });
    }
  });
});

describe('words', () => {
  const reasonOf = (status: number, body: unknown, more = {}) => {
    const verdict = target(more).operation('record', {}).verdict(replyOf(status, body), chunk(1));
    return 'reason' in verdict ? verdict.reason : assert.fail(verdict.kind);
  };

  it("are the platform's own, with the violations and without the ids that stand before every message", () => {
    assert.equal(
      reasonOf(400, problem('Message is invalid', violations), canary).reason,
      'the platform answered 400: Message is invalid: #/_id: expected type: String, found: Long',
    );
    assert.equal(reasonOf(401, tokenIsEmpty).reason, 'the platform answered 401: [id] Ims service token is empty');
    assert.equal(
      reasonOf(403, { error_code: '403010', message: 'Oauth token is missing' }).reason,
      'the platform answered 403: Oauth token is missing',
    );
  });

  it('are the same for all messages refused for the same cause, so that a run of them can be noticed', () => {
    const operation = target().operation('record', {});
    const verdict = operation.verdict(replyOf(207, answer(wrongFormat(400), wrongFormat('400'))), chunk(2));
    assert.equal(verdict.kind, 'partial');
    const texts = verdict.kind === 'partial' ? [...verdict.rejected.values()].map(({ reason }) => reason) : [];
    assert.deepEqual(texts, Array(2).fill('the platform answered 400: Message has unknown xdm format'));
    assert.ok((operation.identicalRefusals ?? 0) > 0);
  });

  it('point to the allow-list when a 403 is empty', () => {
    assert.match(reasonOf(403, '').hint ?? '', /allow-list/);
    assert.match(reasonOf(403, '', open).hint ?? '', /allow-list/);
    assert.doesNotMatch(reasonOf(403, 'no').hint ?? '', /allow-list/);
  });
});

describe('answers to a batch', () => {
  const outcome = fc.constantFrom('ok', 'refused');

  it('give each message its own outcome, in either shape and any order', () => {
    fc.assert(
      fc.property(
        fc.array(outcome, { minLength: 1, maxLength: 40 }),
        fc.boolean(),
        fc.infiniteStream(fc.nat()),
        (wanted, indexed, order) => {
          const items = wanted.map((one, index) => {
            const id = indexed ? `${uuid}-${index}` : `1565628583792:1485:153:${index + 3}`;
            if (one === 'ok') return { xactionId: id };
            return indexed ? { xactionId: id, status: 400, message: 'no' } : { statusCode: 400, message: 'no' };
          });
          const keys = new Map(items.map((item) => [item, order.next().value]));
          if (indexed) items.sort((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0));
          const outcomes = readItems(replyOf(207, answer(...items)), wanted.length);
          assert.deepEqual(
            outcomes?.map(({ kind }) => kind),
            wanted.map((one) => (one === 'ok' ? 'accepted' : 'refused')),
          );
        },
      ),
    );
  });
});

describe('token', () => {
  const source = () => target().token ?? assert.fail('no token source');

  it('is asked for as the documents say', () => {
    const { method, url, headers, body } = source().request();
    assert.deepEqual([method, url], ['POST', 'https://ims-na1.adobelogin.com/ims/token/v3']);
    assert.equal(headers['Content-Type'], 'application/x-www-form-urlencoded');
    assert.deepEqual(Object.fromEntries(new URLSearchParams(Buffer.concat(body).toString())), {
      grant_type: 'client_credentials',
      client_id: config.clientId,
      client_secret: clientSecret,
      scope: 'openid,AdobeID,read_organizations,additional_info.projectedProductContext,session',
    });
    const listed = target({ scopes: ['openid', 'AdobeID'] }).token?.request().body ?? [];
    assert.match(Buffer.concat(listed).toString(), /scope=openid%2CAdobeID$/);
  });

  it('lives as many seconds as it says, or milliseconds where only those make sense', () => {
    const lifetime = (expires_in: unknown) => source().read(replyOf(200, { access_token: 't', expires_in }));
    assert.deepEqual(lifetime(86_399), { token: 't', lifetimeMs: 86_399_000 });
    assert.deepEqual(lifetime('86399'), { token: 't', lifetimeMs: 86_399_000 });
    assert.deepEqual(lifetime(86_399_992), { token: 't', lifetimeMs: 86_399_992 });
    assert.deepEqual(lifetime(undefined), { token: 't', lifetimeMs: 3_600_000 });
    assert.equal(source().renewBeforeMs, 300_000);
  });

  it('is not asked for again when the credential is wrong, and is when the service is', () => {
    const read = (status: number, body: unknown = '') => {
      const outcome = source().read(replyOf(status, body));
      return 'kind' in outcome ? [outcome.kind, outcome.reason.code] : ['token'];
    };
    const invalid = { error: 'invalid_client', error_description: `invalid client_secret parameter ${clientSecret}` };
    for (const status of [400, 401, 403]) assert.deepEqual(read(status, invalid), ['fatal', 'unauthorized']);
    assert.deepEqual(read(302), ['fatal', 'redirected']);
    assert.deepEqual(read(429), ['retry', 'rate-limited']);
    assert.deepEqual(read(500), ['retry', 'server-error']);
    assert.deepEqual(read(503), ['retry', 'server-error']);
    assert.deepEqual(read(200, '<html>'), ['fatal', 'reply-unreadable']);
    assert.deepEqual(read(200, { access_token: '' }), ['fatal', 'reply-unreadable']);
    assert.ok(!JSON.stringify(source().read(replyOf(400, invalid))).includes(clientSecret));
    const cut = source().read({ kind: 'failure', code: 'reset', message: 'cut', sent: 'unknown' });
    assert.ok('kind' in cut && cut.kind === 'retry' && cut.taken === 'no');
  });

  it('is put on every request, and nothing is where the inlet asks for none', () => {
    const request = { method: 'POST', url: inletUrl, headers: { a: 'b' }, body: [] } as const;
    assert.deepEqual(target().authorize(request, new Date(0), 'abc').headers, { a: 'b', Authorization: 'Bearer abc' });
    assert.deepEqual(target(open).authorize(request, new Date(0), undefined), request);
  });
});

describe('check', () => {
  it('fetches a token, which proves the credential and touches no inlet', () => {
    const { check } = target();
    if ('none' in check) assert.fail(check.none);
    assert.equal(check.calls[0]?.request.url, 'https://ims-na1.adobelogin.com/ims/token/v3');
    const good = check.read(replyOf(200, { access_token: 'abcdef', expires_in: 86_399 }), 0);
    assert.deepEqual([good.ok, /24 hours/.test(good.says), good.says.includes('abcdef')], [true, true, false]);
    const bad = check.read(replyOf(400, { error: 'invalid_client' }), 0);
    assert.deepEqual([bad.ok, /invalid_client/.test(bad.says), bad.hint !== undefined], [false, true, true]);
  });

  it('says that there is none where the URL is the only credential', () => {
    const { check } = target(open);
    assert.ok('none' in check && check.none.includes('syncValidation'));
  });
});
