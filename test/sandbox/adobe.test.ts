import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AdobeEmulator, type AdobeOptions, createAdobe } from '../../src/sandbox/adobe.ts';
import type { EmulatorReply } from '../../src/sandbox/emulator.ts';
import type { FieldRule } from '../../src/targets/target.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const origin = 'http://127.0.0.1:4100/adobe';
const start = Date.UTC(2024, 2, 1, 12);
const people = '65f0a1b2c3d4e5f607182930';
const events = '65f0a1b2c3d4e5f607182931';
const other = '6254a93b851ecd194b64af9e';
const schemaId = 'https://ns.adobe.com/acme/schemas/1';
const flowId = '7c9e6679-7425-40de-944b-e07fc1f90ae7';
const reference = { id: schemaId, contentType: 'application/vnd.adobe.xed-full+json;version=1' };
const peopleFields: FieldRule[] = [
  { name: 'identityMap.*', type: 'any' },
  { name: 'person.name.firstName', type: 'string' },
  { name: 'person.birthDate', type: 'date' },
  { name: 'points', type: 'integer', required: true },
  { name: 'spent', type: 'number' },
  { name: 'member', type: 'boolean' },
  { name: 'tags', type: 'list' },
  { name: 'seen', type: 'datetime' },
];

interface Item {
  readonly xactionId?: string;
  readonly statusCode?: number | string;
  readonly status?: number | string;
  readonly message?: string;
}
type Body = Record<string, unknown> & { readonly responses?: readonly Item[] };

/** The border: this emulator answers with objects, or with nothing. */
const bodyOf = ({ body }: EmulatorReply): Body => (typeof body === 'object' ? body : {}) as Body;

function sandbox(options: AdobeOptions = {}) {
  const clock = createVirtualClock(start);
  let ids = 0;
  const newId = () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`;
  const emulator: AdobeEmulator = createAdobe(clock, { auth: false, newId, ...options });
  const config = emulator.settings(origin);
  const imsOrgId = String(config['imsOrgId']);
  const inletId = String(config['inletUrl']).split('/').at(-1) ?? '';
  const common = { schemaId, flowId };
  emulator.provision('record', peopleFields, { ...common, datasetId: people }, config);
  emulator.provision('event', [{ name: '*' }], { ...common, datasetId: events }, config);
  emulator.provision('merge', [], { flowId: `${flowId.slice(0, -1)}8`, datasetId: people }, config);

  const send = (
    path: string,
    body: string | object,
    more: { readonly headers?: Record<string, string>; readonly method?: string } = {},
  ): EmulatorReply => {
    const [plain = '', query = ''] = path.split('?');
    const reply = emulator.handle({
      method: more.method ?? 'POST',
      path: plain,
      rawUrl: path,
      query: new URLSearchParams(query),
      headers: { 'content-type': 'application/json', ...more.headers },
      body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    });
    if (reply instanceof Promise) assert.fail('this emulator answers at once');
    return reply;
  };
  const message = (xdmEntity: unknown, header: Record<string, unknown> = {}) => ({
    header: { schemaRef: reference, imsOrgId, datasetId: people, flowId, source: { name: 'test' }, ...header },
    body: { xdmMeta: { schemaRef: reference }, xdmEntity },
  });
  const batch = (messages: readonly unknown[], more?: Parameters<typeof send>[2]) =>
    send(`/collection/batch/${inletId}`, { messages }, more);
  const single = (one: unknown, query = '', more?: Parameters<typeof send>[2]) =>
    send(`/collection/${inletId}${query}`, one as object, more);
  /** The border: read-outs are what the tests below say they are. */
  const read = <T>(name: string): T => emulator.readOut(name, new URLSearchParams()) as T;
  const failed = () =>
    read<{ total: number; samples: { _validationErrors?: { message: string; pointerToViolation?: string }[] }[] }>(
      'failed',
    );
  const profile = (id = people) => read<Record<string, unknown>[]>(`profile/${id}`);
  const lake = (id = people) => read<Record<string, unknown>[]>(`lake/${id}`);
  return { clock, emulator, config, inletId, imsOrgId, send, message, batch, single, read, failed, profile, lake };
}

const email = (id: string) => ({ Email: [{ id, primary: true }] });
const ada = { identityMap: email('ada@example.org'), points: 7 };
const visit = { _id: 'e1', timestamp: '2024-03-01T11:00:00Z', identityMap: email('ada@example.org') };

describe('the door, in its order', () => {
  it('does not know another inlet, nor a UUID in its place, nor another method', () => {
    const { send, inletId } = sandbox();
    assert.equal(send(`/collection/${'0'.repeat(64)}`, {}).status, 404);
    assert.equal(send(`/collection/${flowId}`, {}).status, 404);
    assert.equal(send(`/collection/${inletId}`, {}, { method: 'PUT' }).status, 404);
  });

  it('answers an empty 403 to who is not on the allow-list, before all else', () => {
    const { batch } = sandbox({ isOnAllowList: false, auth: true });
    assert.deepEqual(batch([]), { status: 403 });
  });

  it('asks for a token before it looks at anything', () => {
    const { batch } = sandbox({ auth: true });
    const reply = batch([], { headers: { 'content-type': 'text/plain' } });
    assert.equal(reply.status, 401);
    assert.equal(bodyOf(reply)['status'], '401');
  });

  it('takes JSON only, of its own sandbox, up to 1,048,576 bytes', () => {
    const { batch, send, inletId } = sandbox();
    const fill = (bytes: number) => {
      const around = '{"messages":[""]}'.length;
      return send(`/collection/batch/${inletId}`, `{"messages":["${'x'.repeat(bytes - around)}"]}`).status;
    };
    assert.equal(batch([], { headers: { 'content-type': 'application/x-jackson-smile' } }).status, 415);
    assert.equal(batch([], { headers: { 'content-type': 'application/json; charset=utf-8' } }).status, 207);
    assert.equal(batch([], { headers: { 'x-sandbox-name': 'prod' } }).status, 400);
    assert.equal(batch([], { headers: { 'x-sandbox-name': 'sandbox' } }).status, 207);
    assert.equal(fill(1_048_576), 207);
    assert.equal(fill(1_048_577), 413);
  });

  it('refuses a batch that is no JSON or has no list of messages, as a whole', () => {
    const { send, inletId } = sandbox();
    for (const body of ['{"messages":[', '[]', '{}', '{"messages":{}}']) {
      const reply = send(`/collection/batch/${inletId}`, body);
      assert.deepEqual([reply.status, bodyOf(reply)['title']], [400, 'Invalid XDM Message Format']);
    }
  });
});

describe('a batch', () => {
  it('is answered 207 with one entry a message, whatever their fate, in the documented shape', () => {
    const { batch, message, inletId, imsOrgId } = sandbox();
    const reply = batch([
      message(ada),
      { body: {} },
      message(ada, { imsOrgId: 'X@AdobeOrg' }),
      message(ada, { datasetId: 'f'.repeat(24) }),
      message(ada, { schemaRef: { id: 'https://ns.adobe.com/acme/schemas/2', contentType: 'x' } }),
      message(ada, { flowId: undefined }),
      { ...message(ada), body: { xdmEntity: ada } },
      { ...message(ada), body: { ...message(ada).body, xdmMeta: { schemaRef: { ...reference, id: `${schemaId}0` } } } },
      'text',
    ]);
    assert.equal(reply.status, 207);
    const { responses, batchId } = bodyOf(reply);
    const known = `inletId: [${inletId}] imsOrgId: [${imsOrgId}] `;
    const unknownFormat = { statusCode: 400, message: `${known}Message has unknown xdm format` };
    assert.deepEqual(responses, [
      { xactionId: `${batchId}:0` },
      unknownFormat,
      { statusCode: 400, message: `${known}Message has an absent or wrong ims org in the header` },
      ...Array(6).fill(unknownFormat),
    ]);
  });

  it('is answered in the shape of the vendor client when so set up', () => {
    const { batch, message } = sandbox({ itemShape: 'uuid' });
    const { responses } = bodyOf(batch([message(ada), { body: {} }, message(ada, { imsOrgId: 'X@AdobeOrg' })]));
    const group = '00000000-0000-4000-8000-000000000001';
    assert.deepEqual(responses?.[0], { xactionId: `${group}-0` });
    assert.equal(responses?.[1]?.xactionId, `${group}-1`);
    assert.equal(responses?.[1]?.status, 400);
    assert.match(responses?.[1]?.message ?? '', /^The 'header' field is mandatory/);
    assert.match(responses?.[2]?.message ?? '', /wrong ims org/);
  });

  it('stores what it took and nothing of what it refused', () => {
    const { batch, message, lake } = sandbox();
    batch([message(ada), { body: {} }]);
    assert.deepEqual(lake(), [ada]);
  });

  it('can be answered short, with a status that is text, or with one message not taken', () => {
    const { batch, message, emulator, lake } = sandbox();
    emulator.spoil({ kind: 'short', missing: 2 }, { kind: 'text-status' }, { kind: 'item', index: 1, status: 503 });
    assert.equal(bodyOf(batch([message(ada), message(ada), message(ada)])).responses?.length, 1);
    assert.equal(lake().length, 3);
    assert.equal(bodyOf(batch([{}])).responses?.[0]?.statusCode, '400');
    assert.equal(bodyOf(batch([message(ada), message(ada)])).responses?.[1]?.statusCode, 503);
    assert.equal(lake().length, 4);
    assert.equal(bodyOf(batch([message(ada)])).responses?.[0]?.statusCode, undefined);
  });
});

describe('validation, after the yes', () => {
  it('comes when its time has come', async () => {
    const { batch, message, lake, failed, clock, read } = sandbox({ validationDelayMs: 5000 });
    batch([message(ada), message({ ...ada, points: 'seven' })]);
    assert.deepEqual([lake().length, failed().total, read<{ waiting: number }>('state').waiting], [0, 0, 2]);
    await clock.pass(4999);
    assert.equal(lake().length, 0);
    await clock.pass(1);
    assert.deepEqual([lake().length, failed().total, read<{ waiting: number }>('state').waiting], [1, 1, 0]);
  });

  it('finds types, formats, ranges, unknown and missing keys, nulls however deep', () => {
    const { batch, message, failed } = sandbox();
    const cases: readonly (readonly [object, string, string])[] = [
      [{ points: '7' }, '#/points', 'expected type: Long, found: String'],
      [{ points: 1.5 }, '#/points', 'expected type: Long, found: BigDecimal'],
      [{ points: 2 ** 53 }, '#/points', `${2 ** 53} is not less or equal to its maximum`],
      [{ spent: true }, '#/spent', 'expected type: Number, found: Boolean'],
      [{ member: 'yes' }, '#/member', 'expected type: Boolean, found: String'],
      [{ tags: 'a' }, '#/tags', 'expected type: JSONArray, found: String'],
      [{ tags: [{ a: null }] }, '#/tags/0/a', 'expected type: String, found: Null'],
      [{ person: 'Ada' }, '#/person', 'expected type: JSONObject, found: String'],
      [{ person: { name: { firstName: null } } }, '#/person/name/firstName', 'expected type: String, found: Null'],
      [{ person: { workEmail: 'x' } }, '#/person', 'extraneous key [workEmail] is not permitted'],
      [{ workEmail: 'x' }, '#', 'extraneous key [workEmail] is not permitted'],
      [{ points: undefined }, '#', 'required key [points] not found'],
      [
        { person: { birthDate: '2023-02-29' } },
        '#/person/birthDate',
        '[2023-02-29] is not a valid date. Expected [yyyy-MM-dd]',
      ],
      [{ identityMap: { Email: [{ id: 7 }] } }, '#/identityMap/Email/0/id', 'expected type: String, found: Long'],
      [{ identityMap: { Email: 'ada' } }, '#/identityMap/Email', 'expected type: JSONArray, found: String'],
      [
        { identityMap: { Email: [{ id: 'a', authenticatedState: 'x' }] } },
        '#/identityMap/Email/0/authenticatedState',
        'x is not a valid enum value',
      ],
    ];
    batch(cases.map(([part]) => message({ ...ada, ...part })));
    const found = failed().samples.map(({ _validationErrors }) => _validationErrors?.[0]);
    assert.deepEqual(
      found.map((one) => [one?.pointerToViolation, one?.message]),
      cases.map(([, pointer, text]) => [pointer, text]),
    );
  });

  it('wants a zone in every moment', () => {
    const { batch, message, lake, failed } = sandbox();
    const good = ['2024-02-29T23:59:59Z', '2024-01-01T00:00:00.123456789Z', '2024-01-01T00:00:00+05:30'];
    const bad = [
      '2024-02-30T00:00:00Z',
      '2024-01-01T00:00:00',
      '2024-01-01 00:00:00Z',
      '2024-01-01',
      '2024-01-01T24:00:00Z',
    ];
    batch([...good, ...bad].map((seen) => message({ ...ada, seen })));
    assert.deepEqual([lake().length, failed().total], [good.length, bad.length]);
  });

  it('wants _id and timestamp of an event, and none from the future', () => {
    const { batch, message, failed, lake } = sandbox();
    const { _id: _, ...nameless } = visit;
    const { timestamp: __, ...timeless } = visit;
    const future = { ...visit, timestamp: '2024-03-01T12:00:01Z' };
    batch([nameless, timeless, future, visit].map((entity) => message(entity, { datasetId: events })));
    assert.equal(failed().total, 3);
    assert.deepEqual(lake(events), [visit]);
  });

  it('misses the source name and the entity only now', () => {
    const { batch, message, failed } = sandbox();
    const reply = bodyOf(batch([message(ada, { source: undefined }), message(undefined)]));
    assert.ok(reply.responses?.every(({ xactionId }) => xactionId !== undefined));
    assert.deepEqual(
      failed().samples.map(({ _validationErrors, ...rest }) => _validationErrors?.[0]?.message ?? JSON.stringify(rest)),
      [
        `{"datasetId":"${people}","_errors":{"_streamingValidation":[{"message":"Payload header is missing Source Name"}]},"body":${JSON.stringify(ada)}}`,
        'Payload body is missing xdmEntity',
      ],
    );
  });

  it('follows a declared schema to the letter', () => {
    const { emulator, batch, message, failed, config } = sandbox();
    const schema = {
      tier: { type: 'string', enum: ['gold'], minLength: 2, maxLength: 4, pattern: '^g' },
      rate: { type: 'double', minimum: 0, maximum: 1 },
      byte: 'byte',
      'orders[].total': 'double',
    };
    emulator.provision('record', [], { schemaId, flowId, datasetId: people, schema }, config);
    batch(
      [
        { tier: 'gold', rate: 1, byte: -128, orders: [{ total: 1 }] },
        { tier: 'x' },
        { rate: 1.1 },
        { byte: 129 },
        { orders: [{ total: 'x' }] },
        { orders: [{ sum: 1 }] },
      ].map((entity) => message(entity)),
    );
    assert.deepEqual(
      failed().samples.map(({ _validationErrors }) =>
        _validationErrors?.map(({ pointerToViolation }) => pointerToViolation),
      ),
      [['#/tier', '#/tier', '#/tier'], ['#/rate'], ['#/byte'], ['#/orders/0/total'], ['#/orders/0']],
    );
  });
});

describe('what it ends up holding', () => {
  it('of records: every row in the lake, the last one of each person in Profile', () => {
    const { batch, message, lake, profile } = sandbox();
    batch([message(ada), message({ ...ada, points: 8 }), message({ identityMap: email('bob@x.se'), points: 1 })]);
    assert.equal(lake().length, 3);
    assert.deepEqual(profile(), [
      { ...ada, points: 8 },
      { identityMap: email('bob@x.se'), points: 1 },
    ]);
  });

  it('of events: every copy in the lake, the first of each _id in Profile', () => {
    const { batch, message, lake, profile, read } = sandbox();
    const again = { ...visit, eventType: 'again' };
    batch([message(visit, { datasetId: events }), message(again, { datasetId: events })]);
    batch([message(again, { datasetId: events })]);
    assert.equal(lake(events).length, 3);
    assert.deepEqual(profile(events), [visit]);
    assert.deepEqual(read(`lake/${events}/duplicates`), [{ _id: 'e1', times: 3 }]);
  });

  it('of what is too large or has no valid identity: the lake only', () => {
    const { batch, message, lake, profile, read, emulator, config } = sandbox();
    emulator.provision('record', [{ name: '*' }], { schemaId, flowId, datasetId: people }, config);
    const sized = (base: Record<string, unknown>, bytes: number) => {
      const room = bytes - Buffer.byteLength(JSON.stringify({ ...base, text: '' }));
      return { ...base, text: 'å'.repeat(Math.floor(room / 2)) + 'x'.repeat(room % 2) };
    };
    const even = { ...visit, _id: 'e10' };
    const rows = [
      message(sized(even, 10 * 1024), { datasetId: events }),
      message(sized({ ...even, _id: 'e11' }, 10 * 1024 + 1), { datasetId: events }),
      message({ identityMap: { ECID: [{ id: '1' }] } }),
      message({ identityMap: { ECID: [{ id: '1'.repeat(38) }] } }),
      message({ identityMap: { CRMID: [{ id: 'x'.repeat(1025) }] } }),
      message(sized(ada, 100 * 1024 + 1)),
    ];
    batch(rows);
    assert.equal(lake().length + lake(events).length, 6);
    assert.deepEqual([profile().length, profile(events).length], [1, 1]);
    const { samples } = read<{ samples: { why: string }[] }>('dropped');
    assert.deepEqual(
      samples.map(({ why }) => why),
      ['event over 10 KB', 'no valid primary identity', 'no valid primary identity', 'record over 100 KB'],
    );
  });

  it('is told by digest whatever the order, and in a summary', () => {
    const [one, two] = [sandbox(), sandbox()];
    const bob = { identityMap: email('bob@x.se'), points: 1 };
    one.batch([one.message(ada), one.message(bob)]);
    two.batch([two.message(bob), two.message(ada)]);
    assert.deepEqual(one.read(`lake/${people}/digest`), two.read(`lake/${people}/digest`));
    two.batch([two.message(bob), two.message({})]);
    assert.notDeepEqual(one.read(`lake/${people}/digest`), two.read(`lake/${people}/digest`));
    assert.deepEqual(one.read(`profile/${people}/digest`), two.read(`profile/${people}/digest`));
    assert.deepEqual(two.emulator.summary(), [
      `dataset ${people}: 3 rows in the lake, 2 in Profile`,
      'accepted, then failed the schema: 1',
    ]);
    assert.equal(one.emulator.readOut('lake/nowhere', new URLSearchParams()), undefined);
    assert.equal(one.emulator.readOut('nothing', new URLSearchParams()), undefined);
  });

  it('keeps the digits of long numbers apart', () => {
    const { send, inletId, message, lake, emulator, config } = sandbox();
    emulator.provision('record', [{ name: '*' }], { schemaId, flowId, datasetId: people }, config);
    const text = (id: string) =>
      JSON.stringify(message({ identityMap: email(id), id: 0 })).replace('"id":0', `"id":${id}`);
    send(`/collection/batch/${inletId}`, `{"messages":[${text('9007199254740993')},${text('9007199254740992')}]}`);
    assert.equal(new Set(lake().map((row) => JSON.stringify(row['id']))).size, 2);
  });

  it('is gone after a reset, and the own dataset is there again', () => {
    const { batch, message, emulator, read, config } = sandbox();
    batch([message(ada)]);
    emulator.reset();
    assert.deepEqual(emulator.summary(), []);
    assert.deepEqual(
      read<{ id: string; class: string }[]>('datasets').map(({ id, class: kind }) => [id, kind]),
      [[config['datasetId'], 'either']],
    );
  });
});

describe('a single message', () => {
  it('is answered 200, unchecked unless asked', () => {
    const { single, message, failed } = sandbox();
    const reply = single(message({ ...ada, points: 'x' }));
    assert.equal(reply.status, 200);
    assert.deepEqual(bodyOf(reply)['syncValidation'], { skipped: true });
    assert.equal(typeof bodyOf(reply)['receivedTimeMs'], 'number');
    assert.equal(failed().total, 1);
    assert.equal(single({ body: {} }).status, 400);
  });

  it('is checked at once when asked, under both names; what passes is stored, what fails is kept nowhere', () => {
    const { single, message, failed, lake } = sandbox();
    for (const name of ['syncValidation', 'synchronousValidation']) {
      const bad = single(message({ points: 'x', a: 1, b: 2, c: 3, d: 4, e: 5 }), `?${name}=true`);
      assert.equal(bad.status, 400);
      const { report } = bodyOf(bad) as { report?: { cause?: { _streamingValidation: { causingExceptions: [] }[] } } };
      assert.equal(report?.cause?._streamingValidation[0]?.causingExceptions.length, 5, 'five are reported at most');
      const good = single(message(ada), `?${name}=true`);
      assert.deepEqual([good.status, bodyOf(good)['syncValidation']], [200, { status: 'pass' }]);
    }
    assert.deepEqual([failed().total, lake().length], [0, 2]);
  });

  it('is checked 60 times in any minute and not once more', async () => {
    const { single, message, clock } = sandbox();
    const check = () => single(message(ada), '?syncValidation=true').status;
    for (let count = 0; count < 60; count++) {
      assert.equal(check(), 200);
      await clock.pass(500);
    }
    assert.equal(check(), 429);
    assert.equal(single(message(ada)).status, 200, 'unchecked ones are not counted');
    await clock.pass(29_999);
    assert.equal(check(), 429);
    await clock.pass(1);
    assert.equal(check(), 200);
    assert.equal(check(), 429);
  });

  it('is not checked outside VA7', () => {
    const { single, message } = sandbox({ isVa7: false });
    assert.equal(single(message(ada), '?syncValidation=true').status, 501);
    assert.equal(single(message(ada)).status, 200);
  });
});

describe('Data Prep', () => {
  const prep = { headers: { 'x-adobe-flow-id': `${flowId.slice(0, -1)}8` } };
  const upsert = (imsOrgId: string, body: object, operations: object, datasetId = people) => ({
    header: { flowId: prep.headers['x-adobe-flow-id'], imsOrgId, datasetId, operations },
    body,
  });

  it('takes rows as they are when the flow is known, by header or query', () => {
    const { single, batch, lake } = sandbox();
    assert.equal(single({ first: 'Ada' }, '', prep).status, 200);
    assert.equal(single({ first: 'Bob' }, `?x-adobe-flow-id=${flowId}`).status, 200);
    assert.equal(batch([{ first: 'Cy' }], prep).status, 207);
    assert.equal(single({ first: 'Ada' }, '', { headers: { 'x-adobe-flow-id': 'x' } }).status, 400);
    assert.equal(single({ first: 'Ada' }).status, 400);
    assert.deepEqual([lake(people).length, lake(events).length], [2, 1]);
  });

  it('merges field by field into Profile and never into the lake', () => {
    const { single, imsOrgId, profile, lake } = sandbox();
    const row = (more: object) => ({ identityMap: email('ada@example.org'), ...more });
    const merge = (more: object) => single(upsert(imsOrgId, row(more), { data: 'merge' }), '', prep).status;
    assert.deepEqual(
      [merge({ home: { city: 'Umeå', zip: '1' }, tags: [1, 2] }), merge({ home: { zip: '2' }, tags: [3] })],
      [200, 200],
    );
    assert.deepEqual(profile(), [row({ home: { city: 'Umeå', zip: '2' }, tags: [3] })]);
    assert.deepEqual(lake(), []);
  });

  it('overwrites instead, where identities are created in the dataset itself', () => {
    const { single, imsOrgId, profile, read } = sandbox();
    const merge = (more: object, identityDatasetId: string) =>
      single(
        upsert(
          imsOrgId,
          { identityMap: email('a'), ...more },
          { data: 'merge', identity: 'create', identityDatasetId },
        ),
        '',
        prep,
      ).status;
    merge({ x: 1 }, other);
    assert.equal(merge({ y: 1 }, other), 200);
    assert.deepEqual(profile(), [{ identityMap: email('a'), x: 1, y: 1 }]);
    assert.deepEqual(read(`identities/${other}`), ['Email:a']);
    merge({ z: 1 }, people);
    assert.deepEqual(profile(), [{ identityMap: email('a'), z: 1 }]);
  });

  it('deletes from Profile and leaves the lake', () => {
    const { single, batch, message, imsOrgId, profile, lake, emulator } = sandbox();
    batch([message(ada)]);
    assert.equal(single(upsert(imsOrgId, { identityMap: ada.identityMap }, { data: 'delete' }), '', prep).status, 200);
    assert.deepEqual([profile(), lake()], [[], [ada]]);
    assert.ok(emulator.summary().includes('deleted from Profile: 1'));
  });

  it('writes whole rows by default, to both', () => {
    const { single, imsOrgId, profile, lake } = sandbox();
    single(upsert(imsOrgId, ada, {}), '', prep);
    assert.deepEqual([profile(), lake()], [[ada], [ada]]);
  });

  it('refuses a wrong organisation, an unknown operation, identities without a dataset, another dataset', () => {
    const { single, imsOrgId } = sandbox();
    const status = (...given: Parameters<typeof upsert>) => single(upsert(...given), '', prep).status;
    assert.equal(status('X@AdobeOrg', ada, { data: 'merge' }), 400);
    assert.equal(status(imsOrgId, ada, { data: 'upsert' }), 400);
    assert.equal(status(imsOrgId, ada, { data: 'merge', identity: 'create' }), 400);
    assert.equal(status(imsOrgId, ada, { data: 'merge', identity: 'delete', identityDatasetId: other }), 400);
    assert.equal(status(imsOrgId, ada, { data: 'merge' }, events), 400);
  });
});

describe('tokens', () => {
  const form = { headers: { 'content-type': 'application/x-www-form-urlencoded' } };
  const parameters = (config: Readonly<Record<string, unknown>>, more: Record<string, string> = {}) =>
    new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: String(config['clientId']),
      client_secret: String(config['clientSecret']),
      scope: 'openid',
      ...more,
    }).toString();

  it('are given to the right client, by body or by query, and open the inlet until they age', async () => {
    const { send, config, batch, clock } = sandbox({ auth: true, tokenSeconds: 60 });
    for (const reply of [
      send('/ims/token/v3', parameters(config), form),
      send(`/ims/token/v3?${parameters(config)}`, '', {}),
    ]) {
      assert.equal(reply.status, 200);
      assert.deepEqual([bodyOf(reply)['token_type'], bodyOf(reply)['expires_in']], ['bearer', 60]);
    }
    const token = String(bodyOf(send('/ims/token/v3', parameters(config), form))['access_token']);
    const withToken = { headers: { authorization: `Bearer ${token}` } };
    assert.equal(batch([], withToken).status, 207);
    await clock.pass(59_999);
    assert.equal(batch([], withToken).status, 207);
    await clock.pass(1);
    assert.equal(batch([], withToken).status, 401);
    assert.equal(batch([], { headers: { authorization: `Basic ${token}` } }).status, 401);
  });

  it('are refused to others as the documents say', () => {
    const { send, config } = sandbox({ auth: true });
    const error = (more: Record<string, string>, headers = form) => {
      const reply = send('/ims/token/v3', parameters(config, more), headers);
      return [reply.status, bodyOf(reply)['error']];
    };
    assert.deepEqual(error({ client_secret: 'wrong' }), [400, 'invalid_client']);
    assert.deepEqual(error({ client_id: 'wrong' }), [400, 'invalid_client']);
    assert.deepEqual(error({ grant_type: 'authorization_code' }), [400, 'unsupported_grant_type']);
    assert.deepEqual(error({ scope: '' }), [400, 'invalid_scope']);
    assert.deepEqual(error({}, { headers: { 'content-type': 'application/json' } }), [400, 'unsupported_grant_type']);
  });

  it('that are bad can be answered 403 as well', () => {
    const { batch } = sandbox({ auth: true, badTokenStatus: 403 });
    assert.equal(batch([], { headers: { authorization: 'Bearer x' } }).status, 403);
    assert.equal(batch([]).status, 401);
  });
});
