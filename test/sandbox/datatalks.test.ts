import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import aws4 from 'aws4';
import fc from 'fast-check';
import { createTransport } from '../../src/delivery/transport.ts';
import { rawNumber } from '../../src/model/json.ts';
import { createDatatalks, type DatatalksOptions, datatalksEmulator } from '../../src/sandbox/datatalks.ts';
import type { EmulatorReply } from '../../src/sandbox/emulator.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { datatalks } from '../../src/targets/datatalks.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const origin = 'http://127.0.0.1:4100/datatalks';
const fields = {
  customer_id: 'integer',
  name: { type: 'string', optional: true },
  email: { type: 'email', optional: true },
  born: { type: 'date', optional: true },
  seen: { type: 'datetime', optional: true },
  spent: { type: 'decimal', optional: true },
  member: { type: 'boolean', optional: true },
  tags: { type: 'list<string>', optional: true },
  city: 'string',
};
const settings = { type: 'person', hardId: ['customer_id'], fields };
const ada = { customer_id: 7, name: 'Ada', email: 'ada@example.com', city: 'Malmö' };

function sandbox(options: DatatalksOptions = {}, config: Record<string, unknown> = {}) {
  const clock = createVirtualClock(Date.UTC(2024, 2, 1, 12));
  const emulator = createDatatalks(clock, { newId: counter(), ...options });
  emulator.provision('profiles', [], settings, config);
  const { accessKeyId, secretAccessKey } = emulator.settings(origin) as Record<string, string>;

  const send = async (
    body: string | object,
    more: {
      path?: string;
      method?: string;
      unsigned?: boolean;
      at?: number;
      key?: string;
      secret?: string;
      region?: string;
    } = {},
  ) => {
    const { path = '/v3/profiles', method = 'POST' } = more;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const amzDate = new Date(more.at ?? clock.now()).toISOString().replace(/[-:]|\.\d+/g, '');
    const request = {
      method,
      path: `/datatalks${path}`,
      host: '127.0.0.1:4100',
      service: 'execute-api',
      region: more.region ?? 'eu-west-1',
      body: text,
      headers: { 'Content-Type': 'application/json', 'X-Amz-Date': amzDate },
    };
    const credentials = {
      accessKeyId: more.key ?? String(accessKeyId),
      secretAccessKey: more.secret ?? String(secretAccessKey),
    };
    const { headers = {} } = more.unsigned ? request : aws4.sign(request, credentials);
    return emulator.handle({
      method,
      path,
      rawUrl: `/datatalks${path}`,
      query: new URLSearchParams(),
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])),
      body: Buffer.from(text),
    });
  };
  const person = (data: object) => send({ type: 'person', data });
  return { emulator, clock, send, person };
}

function counter(): () => string {
  let next = 0;
  return () => `00000000-0000-4000-8000-${String(next++).padStart(12, '0')}`;
}

const bodyOf = (reply: EmulatorReply) => {
  assert.ok(typeof reply.body === 'object');
  return reply.body as Record<string, unknown>;
};
const messagesOf = (reply: EmulatorReply): unknown => {
  assert.equal(reply.status, 400);
  return bodyOf(reply)['messages'];
};

describe('Data Talks emulator', () => {
  describe('as a gateway', () => {
    const message = async (reply: Promise<EmulatorReply>, status = 403) => {
      const answered = await reply;
      assert.equal(answered.status, status);
      return bodyOf(answered)['message'];
    };

    it('says "Missing Authentication Token" of every wrong address or method, and of an unsigned request', async () => {
      const { send } = sandbox();
      for (const more of [
        { path: '/v1/profiles' },
        { path: '/v3/profiles/' },
        { path: '/v3/people' },
        { path: '/profiles' },
        { method: 'GET' },
        { method: 'PUT' },
        { unsigned: true },
      ]) {
        assert.equal(await message(send({}, more)), 'Missing Authentication Token', JSON.stringify(more));
        assert.equal((await send({}, more)).headers?.['x-amzn-ErrorType'], 'MissingAuthenticationTokenException');
      }
    });

    it('tells wrong key, region, clock and secret apart', async () => {
      const { send, clock } = sandbox();
      assert.match(
        String(await message(send({}, { key: 'AKIDNOBODY' }))),
        /security token included in the request is invalid/,
      );
      assert.match(String(await message(send({}, { region: 'eu-north-1' }))), /valid region/);
      assert.match(String(await message(send({}, { at: clock.now() - 301_000 }))), /^Signature expired/);
      assert.match(String(await message(send({}, { secret: 'wrong' }))), /does not match/);
    });

    it('refuses more than 10 MB', async () => {
      const { send } = sandbox();
      assert.equal(await message(send('x'.repeat(10_000_001)), 413), 'Request Too Long');
      assert.equal((await send('x'.repeat(10_000_000))).status, 400);
    });

    it('throttles within a second and opens again in the next', async () => {
      const { person, send, clock } = sandbox({ rps: 2 });
      for (let i = 0; i < 2; i++) assert.equal((await person(ada)).status, 200);
      assert.equal(await message(send({}), 429), 'Too Many Requests');
      await clock.pass(1000);
      assert.equal((await person(ada)).status, 200);
    });
  });

  describe('as an application', () => {
    it('answers with the five fields, the caller’s key among them', async () => {
      const { emulator, person } = sandbox();
      const { accessKeyId } = emulator.settings(origin);
      assert.deepEqual(await person(ada), {
        status: 200,
        body: {
          success: true,
          messages: [''],
          requestId: '00000000-0000-4000-8000-000000000001',
          datatalksId: '00000000-0000-4000-8000-000000000000',
          key: accessKeyId,
        },
      });
      const refused = bodyOf(await person({}));
      assert.deepEqual([refused['success'], refused['datatalksId'], refused['key']], [false, null, accessKeyId]);
    });

    it('serves v2 like v3', async () => {
      const { send } = sandbox();
      assert.equal((await send({ type: 'person', data: ada }, { path: '/v2/profiles' })).status, 200);
    });

    it('refuses what is no record', async () => {
      const { send } = sandbox();
      assert.deepEqual(messagesOf(await send('{,}')), ['The request body is not valid JSON.']);
      assert.deepEqual(messagesOf(await send('[]')), ['The request body must be a JSON object.']);
      assert.deepEqual(messagesOf(await send({})), ["'type' is missing.", "'data' is missing or not an object."]);
      assert.deepEqual(messagesOf(await send({ type: 'person', data: [ada] })), [
        "'data' is missing or not an object.",
      ]);
      assert.deepEqual(messagesOf(await send({ type: 'human', data: ada })), [
        "There is no data point type 'human' of profiles.",
      ]);
      assert.deepEqual(messagesOf(await send({ type: 'person', data: ada }, { path: '/v3/events' })), [
        "There is no data point type 'person' of events.",
      ]);
      assert.deepEqual(messagesOf(await send({ type: 'person', data: ada, null: 'main_group' })), [
        "'null' is not a key of a request.",
      ]);
    });

    it('knows the group keys that were set up, and wants one in v2 where there are any', async () => {
      const plain = sandbox();
      assert.deepEqual(messagesOf(await plain.send({ type: 'person', data: ada, groupKey: 'g' })), [
        "'groupKey' is unknown.",
      ]);
      const grouped = sandbox({}, { groupKey: 'g' });
      assert.equal((await grouped.send({ type: 'person', data: ada, groupKey: 'g' })).status, 200);
      assert.equal((await grouped.send({ type: 'person', data: ada })).status, 200);
      const v2 = await grouped.send({ type: 'person', data: ada }, { path: '/v2/profiles' });
      assert.deepEqual(messagesOf(v2), ["'groupKey' is missing."]);
    });

    it('collects all problems of a record', async () => {
      const { person } = sandbox();
      assert.deepEqual(messagesOf(await person({ customer_id: null, email: 'a@b', born: '2024-02-30', spent: '' })), [
        "The Hard-ID attribute 'customer_id' is null.",
        "The attribute 'email' is not a valid email address.",
        "The attribute 'born' is not a date in the expected format.",
        "The attribute 'spent' is an empty string, which is only possible for strings.",
        "The attribute 'city' is missing and is not optional.",
      ]);
      assert.deepEqual(messagesOf(await person({ city: 'x' })), ["The Hard-ID attribute 'customer_id' is missing."]);
    });

    const wrong: [string, unknown[]][] = [
      ['customer_id', [1.5, '7', true, {}, []]],
      ['name', [7, false, { given: 'Ada' }, ['Ada']]],
      [
        'email',
        ['mma a@gma.com', '“cogwheel the orange”@example.com', 'ada@', '@x.se', 'a..b@x.se', 'a@@x.se', 'a@x..se', 7],
      ],
      ['born', ['29/02/2024', '2024-2-9', '2024-02-29Z', '2024-02-29+01:00', '2023-02-29', 20240229]],
      [
        'seen',
        ['2024-03-01', '2024-03-01T19:30:00', '2024-03-01 19:30:00Z', '2024-03-01 24:00:00', '2024-03-01 19:60:00'],
      ],
      ['spent', ['1,5', 'much', '1e3', true]],
      ['member', ['Yes', 1, 'true']],
      ['tags', ['a', [1], [['a']], {}]],
    ];
    for (const [name, values] of wrong) {
      it(`refuses ${name} of another type or form`, async () => {
        const { person } = sandbox();
        for (const value of values) {
          const [problem, ...others] = messagesOf(await person({ ...ada, [name]: value })) as string[];
          assert.match(problem ?? '', new RegExp(`'${name}' is not`), JSON.stringify(value));
          assert.deepEqual(others, []);
        }
      });
    }

    it('takes good values of every type', async () => {
      const { person } = sandbox();
      const full = { born: '2024-02-29', seen: '2021-03-18 11:35:24', spent: '123.75', member: true, tags: ['a', 'b'] };
      assert.equal((await person({ ...ada, ...full })).status, 200);
      assert.equal((await person({ ...ada, ...full, spent: 123.75, name: '', city: null })).status, 200);
      for (const email of ['ada@example.com', 'a.b+c@sub.example.co', "o'neil@example.org"]) {
        assert.equal((await person({ ...ada, email })).status, 200);
      }
    });
  });

  describe('as a store', () => {
    const stored = (emulator: ReturnType<typeof sandbox>['emulator']) =>
      emulator.readOut('profiles/person', new URLSearchParams());

    it('drops unmapped fields, sets missing optional ones to null, and keeps one record for each Hard-ID', async () => {
      const { emulator, person } = sandbox();
      const first = bodyOf(await person({ ...ada, e_mail: 'typo' }))['datatalksId'];
      const again = bodyOf(await person({ customer_id: 7, city: 'Lund' }))['datatalksId'];
      const other = bodyOf(await person({ ...ada, customer_id: 8 }))['datatalksId'];
      assert.equal(again, first);
      assert.notEqual(other, first);
      const nothing = { name: null, email: null, born: null, seen: null, spent: null, member: null, tags: null };
      assert.deepEqual(stored(emulator), [
        { datatalksId: first, writes: 2, data: { ...nothing, customer_id: 7, city: 'Lund' } },
        { datatalksId: other, writes: 1, data: { ...nothing, ...ada, customer_id: 8 } },
      ]);
      assert.deepEqual(emulator.summary(), ['person: 2 profiles']);
    });

    it('keeps two ids of 19 digits apart', async () => {
      const { emulator, send } = sandbox();
      for (const id of ['9007199254740993001', '9007199254740993002']) {
        assert.equal((await send(`{"type":"person","data":{"customer_id":${id},"city":"x"}}`)).status, 200);
      }
      assert.match(JSON.stringify(stored(emulator)), /9007199254740993001.*9007199254740993002/);
    });

    it('stores nothing of a refused record, knows no type it was not told of, and forgets on reset', async () => {
      const { emulator, person } = sandbox();
      await person({ ...ada, email: 'a@b' });
      assert.deepEqual(stored(emulator), []);
      assert.equal(emulator.readOut('profiles/human', new URLSearchParams()), undefined);
      await person(ada);
      emulator.reset();
      assert.deepEqual(emulator.summary(), []);
    });

    it('answers what it holds, what was written twice, and what it refused', async () => {
      const { emulator, person } = sandbox();
      const ask = (name: string, query = '') => emulator.readOut(name, new URLSearchParams(query)) as never;
      const { digest } = ask('profiles/person/digest') as { digest: string };
      for (const customer_id of [1, 2, 3, 2]) await person({ ...ada, customer_id });
      await person({ ...ada, email: 'a@b' });
      const idsOf = (records: { data: { customer_id: number } }[]) => records.map(({ data }) => data.customer_id);
      assert.deepEqual(idsOf(ask('profiles/person', 'offset=1&limit=1')), [2]);
      assert.deepEqual(idsOf(ask('profiles/person/duplicates')), [2]);
      const told = ask('profiles/person/digest') as { records: number; digest: string };
      assert.equal(told.records, 3);
      assert.notEqual(told.digest, digest);
      assert.deepEqual(ask('refused'), {
        total: 1,
        samples: [
          { at: '2024-03-01T12:00:00.000Z', messages: ["The attribute 'email' is not a valid email address."] },
        ],
      });
      assert.deepEqual(emulator.summary(), ['person: 3 profiles', 'requests refused: 1']);
      const [type, ...others] = ask('types') as { place: string; records: number }[];
      assert.deepEqual([type?.place, type?.records, others.length], ['profiles/person', 3, 0]);
    });

    it('takes a datatalksId for a new record, if it is one', async () => {
      const { send } = sandbox();
      const datatalksId = '6e1b4d0c-1b2a-4f3e-8d9c-0a1b2c3d4e5f';
      assert.equal(bodyOf(await send({ type: 'person', data: ada, datatalksId }))['datatalksId'], datatalksId);
      assert.deepEqual(messagesOf(await send({ type: 'person', data: ada, datatalksId: 'x' })), [
        "'datatalksId' is not a UUID.",
      ]);
    });
  });

  it('finds the signature good of what really went over the wire', async () => {
    const server = await startSandbox({ platforms: [datatalksEmulator] });
    const transport = createTransport({ connections: 1, timeoutMs: 5000, connectTimeoutMs: 5000 });
    try {
      const {
        baseUrl,
        rate: _rate,
        concurrency: _concurrency,
        ...own
      } = server.emulator('datatalks').settings(server.url('datatalks'));
      server.emulator('datatalks').provision('profiles', [], settings, own);
      const target = datatalks.open(datatalks.config.parse(own), {
        baseUrl: String(baseUrl),
        headers: { 'X-Team': 'crm' },
      });
      const operation = target.operation('profiles', { ...settings, allowMissingOptional: true });
      const encoded = operation.encode(ada, { identity: '0'.repeat(32), key: '', now: 0 });
      if ('faults' in encoded) assert.fail();
      const chunk = { route: '', items: 1, body: [Buffer.from(encoded.json)] };
      const reply = await transport.send(target.authorize(operation.request(chunk), new Date(), undefined));
      assert.equal(operation.verdict(reply, chunk).kind, 'accepted', JSON.stringify(reply));

      assert.ok('calls' in target.check);
      const [call] = target.check.calls;
      if (call?.authorize === undefined) assert.fail();
      const answer = await transport.send(call.authorize(call.request, new Date(), undefined));
      assert.deepEqual(target.check.read(answer, 0).ok, true);
      const stored = server.emulator('datatalks').readOut('profiles/person', new URLSearchParams());
      assert.ok(Array.isArray(stored) && stored.length === 1, 'the check stored nothing');
    } finally {
      await transport.close();
      await server.close();
    }
  });

  it('never refuses what the target let through, and the target refuses what it would refuse', async () => {
    const { emulator, clock } = sandbox();
    const common = { baseUrl: origin, headers: {} };
    const { baseUrl: _, rate: _rate, concurrency: _concurrency, ...own } = emulator.settings(origin);
    const target = datatalks.open(datatalks.config.parse(own), common);
    const operation = target.operation('profiles', { ...settings, allowMissingOptional: true });
    const value = fc.oneof(
      fc.constantFrom<string | null>(
        'ada@example.com',
        ' b@x.se ',
        'a@b',
        '2024-02-29',
        '2024-02-30',
        '1.50',
        '',
        null,
      ),
      fc.constantFrom('2021-03-18 11:35:24', '2021-03-18T11:35:24Z', '2021-03-18 24:00:00', 'Åsa', '-0', '007'),
      fc.constantFrom(rawNumber('9007199254740993001'), rawNumber('1.5'), rawNumber('12')),
      // Beyond 2^53 a double has lost digits, which only the target can know.
      fc
        .double({ noDefaultInfinity: true, noNaN: true, min: -(2 ** 53), max: 2 ** 53 })
        .filter((n) => Math.abs(n) < 2 ** 53),
      fc.integer(),
      fc.boolean(),
      fc.emailAddress(),
      fc.string({ unit: 'grapheme' }),
      fc.array(fc.oneof(fc.string(), fc.integer()), { maxLength: 2 }),
    );
    const names = Object.keys(fields);
    const item = fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: ['customer_id'] });
    const outcomes = { both: 0, neither: 0 };
    const row = { identity: '0'.repeat(32), key: '', now: 0 };
    // Most items have one odd field; all random at once would hardly ever go through.
    const mostlyGood = fc
      .tuple(item, fc.subarray(names, { maxLength: 2 }))
      .map(([odd, picked]) => ({ ...ada, ...Object.fromEntries(picked.map((name) => [name, odd[name] ?? null])) }));
    await fc.assert(
      fc.asyncProperty(mostlyGood, async (given) => {
        const encoded = operation.encode(given, row);
        const json = 'faults' in encoded ? JSON.stringify({ type: 'person', data: given }) : encoded.json;
        const chunk = { route: '', items: 1, body: [Buffer.from(json)] };
        const request = target.authorize(operation.request(chunk), new Date(clock.now()), undefined);
        const { status } = await emulator.handle({
          method: request.method,
          path: '/v3/profiles',
          rawUrl: new URL(request.url).pathname,
          query: new URLSearchParams(),
          headers: {
            host: new URL(request.url).host,
            ...Object.fromEntries(Object.entries(request.headers).map(([name, text]) => [name.toLowerCase(), text])),
          },
          body: Buffer.concat(request.body),
        });
        assert.equal(status === 200, !('faults' in encoded), `${status} for ${json}`);
        outcomes[status === 200 ? 'both' : 'neither']++;
      }),
      { numRuns: 500 },
    );
    assert.ok(outcomes.both > 50 && outcomes.neither > 50, `the cases are lopsided: ${JSON.stringify(outcomes)}`);
  });
});
