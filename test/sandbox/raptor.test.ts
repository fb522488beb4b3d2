import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { digestOf } from '../../src/sandbox/digest.ts';
import type { Emulator } from '../../src/sandbox/emulator.ts';
import { createRaptorEmulator, type RaptorOptions } from '../../src/sandbox/raptor.ts';

const origin = 'http://127.0.0.1:1/raptor';
const flush = new URLSearchParams('flush=1');
const columns = {
  Id: { type: 'integer', required: true, identifier: true },
  Email: 'email',
  Name: 'string',
  Since: 'datetime',
  Tier: { type: 'enum', values: ['gold', 'silver'] },
  Tags: 'array<string>',
  Active: 'boolean',
  Score: 'decimal',
};
const ada = {
  Id: 1,
  Email: 'ada@example.com',
  Name: 'Ada',
  Since: '2024-02-29T08:30:00Z',
  Tier: 'gold',
  Tags: ['tea'],
  Active: true,
  Score: 1.5,
};
const bo = { ...ada, Id: 2, Name: 'Bo' };

interface Post {
  path?: string;
  method?: string;
  headers?: Record<string, string | undefined>;
  body?: unknown;
  text?: string;
}

/** An emulator at a clock that stands until it is turned. */
function start(
  options: RaptorOptions = {},
  settings: Record<string, unknown> = { columns, writeMode: 'append' },
  kind = 'person',
) {
  const time = { now: Date.UTC(2024, 0, 1) };
  const emulator = createRaptorEmulator({ now: () => time.now, sleep: () => Promise.resolve() }, options);
  const config = emulator.settings(origin);
  emulator.provision(kind, [], settings, config);
  return { emulator, time, config, ...talkTo(emulator, config) };
}

function talkTo(emulator: Emulator, config: Readonly<Record<string, unknown>>) {
  const post = ({ path = `/stream/${config['accountId']}`, method = 'POST', headers = {}, body, text }: Post) => {
    const all = { 'content-type': 'application/json', 'x-streamid': String(config['streamId']), ...headers };
    const present = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const reply = emulator.handle({
      method,
      path,
      rawUrl: path,
      query: new URLSearchParams(),
      headers: Object.fromEntries(present),
      body: Buffer.from(text ?? JSON.stringify(body ?? [])),
    });
    assert.ok(!(reply instanceof Promise));
    return reply;
  };
  return {
    post,
    send: (...records: unknown[]) => post({ body: records }),
    erase: (id: unknown, headers = {}) =>
      post({
        path: `/gdpr/${config['accountId']}/DeleteUser`,
        headers: { 'x-api-key': String(config['privacyKey']), ...headers },
        body: id,
      }),
    read: (name: string, query = flush): unknown => JSON.parse(JSON.stringify(emulator.readOut(name, query))),
  };
}

describe('emulated raptor: the answer', () => {
  const cases: [claim: string, request: Post, status: number][] = [
    ['a path that only begins like it', { path: '/streams/12345' }, 404],
    ['a path that is no stream', { path: '/other' }, 404],
    ['another method', { method: 'PUT' }, 405],
    ['an unknown account', { path: '/stream/99999' }, 401],
    ['an account id of another form', { path: '/stream/123' }, 401],
    ['no account id', { path: '/stream' }, 401],
    ['no stream id', { headers: { 'x-streamid': undefined } }, 401],
    ['an unknown stream id', { headers: { 'x-streamid': '3f0c7d52-8a1e-4b6f-9c33-0d7e5a1b2c44' } }, 401],
    ['the draft header on a live dataflow', { headers: { 'x-isdraft': 'true' } }, 401],
    ['the draft header with another value', { headers: { 'x-isdraft': 'false' } }, 401],
    ['a body of more bytes than allowed', { text: `["${'å'.repeat(500)}"]` }, 413],
    ['more records than allowed', { body: [1, 2, 3, 4] }, 413],
    [
      'a large body without Content-Type: size is looked at first',
      { body: [1, 2, 3, 4], headers: { 'content-type': undefined } },
      413,
    ],
    [
      'a large body with a wrong stream id: credentials are looked at first',
      { body: [1, 2, 3, 4], headers: { 'x-streamid': 'x' } },
      401,
    ],
    ['no Content-Type', { headers: { 'content-type': undefined } }, 400],
    ['another Content-Type', { headers: { 'content-type': 'text/plain' } }, 400],
    ['a charset beside the type', { headers: { 'content-type': 'application/json; charset=utf-8' } }, 200],
    ['a body that is no JSON', { text: '[{' }, 400],
    ['an object where an array belongs', { text: '{}' }, 400],
    ['an empty array', { text: '[]' }, 200],
    ['records that break the schema', { body: [{ nonsense: true }] }, 200],
  ];
  for (const [claim, request, status] of cases) {
    it(`${status} for ${claim}`, () => {
      const reply = start({ maxBytes: 1000, maxRecords: 3 }).post(request);
      assert.equal(reply.status, status);
      if (status === 200) assert.equal(reply.body, undefined, 'an acknowledgement has no body');
    });
  }

  it('a draft dataflow wants its header, and is refused or silently dropped without it', () => {
    for (const [onDraftMismatch, status] of [
      ['refuse', 401],
      ['drop', 200],
    ] as const) {
      const { emulator, config } = start({ onDraftMismatch });
      const draft = { ...config, draft: true };
      emulator.provision('person', [], { columns }, draft);
      const { post, read } = talkTo(emulator, draft);
      assert.equal(post({ body: [ada] }).status, status);
      assert.deepEqual(read('rows'), []);
      assert.equal(post({ body: [ada], headers: { 'x-isdraft': 'true' } }).status, 200);
      assert.deepEqual(read('rows'), [ada]);
    }
  });
});

describe('emulated raptor: what is kept', () => {
  it('looks at records only after a while', () => {
    const { send, read, time } = start({ validationMs: 100 });
    send(ada, {});
    const now = new URLSearchParams();
    time.now += 99;
    assert.deepEqual(read('count', now), { acknowledged: 2, stored: 0, failed: 0, pending: 2 });
    time.now += 1;
    assert.deepEqual(read('count', now), { acknowledged: 2, stored: 1, failed: 1, pending: 0 });
  });

  const broken: [claim: string, record: unknown, title: string][] = [
    ['no object', 'text', 'Empty entry'],
    ['an empty object', {}, 'Empty entry'],
    ['nothing but empty values', { Id: null, Name: '' }, 'Empty entry'],
    ['a missing column', { Id: 1, Name: 'x' }, 'Missing column Email'],
    ['a required column that is null', { ...ada, Id: null }, 'Missing value in Id'],
    ['digits as text', { ...ada, Id: '1' }, 'Wrong type in Id'],
    ['a fraction as integer', { ...ada, Id: 1.5 }, 'Wrong type in Id'],
    ['an integer above two billion', { ...ada, Id: 2_000_000_001 }, 'Wrong type in Id'],
    ['a moment without zone', { ...ada, Since: '2024-02-29T08:30:00' }, 'Wrong type in Since'],
    ['a day that does not exist', { ...ada, Since: '2023-02-29' }, 'Wrong type in Since'],
    ['a word outside the list', { ...ada, Tier: 'tin' }, 'Wrong type in Tier'],
    ['an element of another type', { ...ada, Tags: [1] }, 'Wrong type in Tags'],
    ['an e-mail without a domain', { ...ada, Email: 'ada@' }, 'Wrong type in Email'],
    ['a boolean as text', { ...ada, Active: 'true' }, 'Wrong type in Active'],
    ['a number as text', { ...ada, Score: '1.5' }, 'Wrong type in Score'],
  ];
  for (const [claim, record, title] of broken) {
    it(`drops a record with ${claim}, keeps its neighbours, and tells only the insights`, () => {
      const { send, read } = start();
      assert.equal(send(record, bo).status, 200);
      assert.deepEqual(read('rows'), [bo]);
      const at = '2024-01-01T00:00:00.050Z';
      assert.deepEqual(read('insights'), [{ title, status: 'New', first: at, last: at, count: 1 }]);
      assert.equal((read('failed') as unknown[]).length, 1);
    });
  }

  it('counts equal failures in one insight', () => {
    const { send, read } = start();
    send({}, {}, {});
    assert.deepEqual(
      (read('insights') as { count: number }[]).map(({ count }) => count),
      [3],
    );
  });

  it('drops unknown columns without a word', () => {
    const { send, read } = start();
    send({ ...ada, name: 'typo' });
    assert.deepEqual(read('rows'), [ada]);
    assert.deepEqual(read('insights'), []);
  });

  it('lets columns be missing where the dataflow ignores that, and leaves them as they are', () => {
    const { send, read } = start({}, { columns, ignoreMissingColumns: true });
    send(ada);
    send({ Id: 1, Name: 'Ada L.' });
    assert.deepEqual(read('rows'), [{ ...ada, Name: 'Ada L.' }]);
  });

  it('null takes a property away, and the last record for a person wins', () => {
    const { send, read } = start();
    send(ada, { ...ada, Name: 'first' }, { ...ada, Name: 'last', Tier: null });
    const { Tier: _, ...rest } = ada;
    assert.deepEqual(read('rows'), [{ ...rest, Name: 'last' }]);
    assert.deepEqual(read('duplicates'), [{ key: 'Id=1', times: 3 }]);
  });

  it('overwrite leaves only the last request', () => {
    const { send, read } = start({}, { columns, writeMode: 'overwrite' });
    send(ada);
    send(bo);
    assert.deepEqual(read('rows'), [bo]);
  });

  it('an empty array overwrites nothing', () => {
    const { send, read } = start({}, { columns, writeMode: 'overwrite' });
    send(ada);
    send();
    assert.deepEqual(read('rows'), [ada]);
  });

  it('interactions are appended, and sent twice stand twice', () => {
    const { send, read } = start({}, { columns: { Order: 'string', Lines: 'array<object>' } }, 'interaction');
    const order = { Order: 'A-1', Lines: [{ Sku: 'x' }] };
    send(order);
    send(order, { ...order, Order: 'A-2' });
    assert.equal((read('rows') as unknown[]).length, 3);
    assert.deepEqual(
      (read('duplicates') as { times: number }[]).map(({ times }) => times),
      [2],
    );
  });

  it('takes any column where none are declared, and the fields of the mapping where it is told them', () => {
    const open = start({}, {});
    open.send({ Sku: 'x', Anything: 1 });
    assert.deepEqual(open.read('rows'), [{ Sku: 'x', Anything: 1 }]);

    const { emulator, config } = start();
    emulator.provision('person', [{ name: 'Id', type: 'integer', required: true }, { name: 'Name' }], {}, config);
    const { send, read } = talkTo(emulator, config);
    send({ Id: 1, Name: 'Ada' }, { Id: 'x', Name: 'Bo' }, { Id: 2 });
    assert.deepEqual(read('rows'), [{ Id: 1, Name: 'Ada' }]);
  });

  it('a column named __proto__ is data', () => {
    const { emulator, post } = start({}, {});
    post({ text: '[{"Id":1,"__proto__":"x"}]' });
    assert.equal(JSON.stringify(emulator.readOut('rows', flush)), '[{"Id":1,"__proto__":"x"}]');
  });

  it('the digest does not hang on the order, but on every value and on doubles', () => {
    const digestAfter = (...records: unknown[]) => {
      const { send, read } = start({}, { columns: { A: 'string', B: 'string' } }, 'interaction');
      send(...records);
      return (read('digest') as { digest: string }).digest;
    };
    const [x, y] = [
      { A: '1', B: '2' },
      { A: '3', B: '4' },
    ];
    assert.equal(digestAfter(x, y), digestAfter(y, { B: '2', A: '1' }));
    assert.notEqual(digestAfter(x, y), digestAfter(x, { ...y, B: '5' }));
    assert.notEqual(digestAfter(x, y, y), digestAfter(x, y));
    assert.equal(digestAfter(x, y), digestOf([y, x]), 'and can be computed elsewhere');
  });

  it('read-outs take a stream by path and by query, and a name that is none gives nothing', () => {
    const { emulator, config, send } = start();
    send(ada);
    const id = String(config['streamId']);
    assert.equal((emulator.readOut(`streams/${id}/rows`, flush) as unknown[]).length, 1);
    assert.equal((emulator.readOut('rows', new URLSearchParams({ stream: id, flush: '1' })) as unknown[]).length, 1);
    assert.equal(emulator.readOut('streams/nobody/rows', flush), undefined);
    assert.equal(emulator.readOut('nothing', flush), undefined);
    assert.deepEqual(emulator.readOut('rows', new URLSearchParams('offset=1')), []);
  });

  it('says what it holds, and reset forgets it', () => {
    const { emulator, send } = start();
    send(ada, {});
    assert.deepEqual(emulator.summary(), [
      'stream 0000…0001: 1 persons from 2 records, 1 acknowledged and then dropped',
    ]);
    emulator.reset();
    assert.deepEqual(emulator.summary(), []);
  });
});

describe('emulated raptor: the privacy endpoint', () => {
  let server = start();
  beforeEach(() => {
    server = start({ deletionMs: 1000, validationMs: 0 });
  });

  it('wants its own key and exactly one user', () => {
    const { erase, post, config } = server;
    assert.equal(erase({ UserId: '1' }, { 'x-api-key': undefined }).status, 401);
    assert.equal(erase({ UserId: '1' }, { 'x-api-key': config['streamId'] }).status, 401);
    for (const wrong of [
      {},
      { UserId: '' },
      { UserId: 1 },
      { UserId: ['1'] },
      [{ UserId: '1' }],
      { UserId: '1', and: '2' },
    ]) {
      assert.equal(erase(wrong).status, 400, JSON.stringify(wrong));
    }
    assert.deepEqual(erase({ UserId: '1' }), { status: 200, body: 'OK' });
    assert.equal(post({ path: '/gdpr/99999/DeleteUser' }).status, 401);
    assert.equal(post({ path: `/gdpr/${config['accountId']}/DeleteUser`, method: 'GET' }).status, 405);
    assert.equal(post({ path: '/gdpr/else' }).status, 404);
  });

  it('deletes later, and also what has come in again meanwhile', () => {
    const { send, erase, read, time } = server;
    const now = new URLSearchParams();
    send(ada, bo);
    erase({ UserId: '1' });
    assert.deepEqual(read('rows', now), [ada, bo]);
    time.now += 500;
    send({ ...ada, Name: 'again' });
    assert.equal((read('rows', now) as unknown[]).length, 2);
    time.now += 500;
    assert.deepEqual(read('rows', now), [bo]);
    send(ada);
    assert.deepEqual(read('rows', now), [bo, ada]);
  });

  it('deletes the history too', () => {
    const { emulator, config, erase } = server;
    const orders = { ...config, streamId: '00000000-0000-4000-8000-000000000002' };
    emulator.provision('interaction', [], { columns: { Order: 'string', Id: 'integer' } }, orders);
    const { send, read } = talkTo(emulator, orders);
    send({ Order: 'A-1', Id: 1 }, { Order: 'A-2', Id: 2 });
    assert.equal((read('rows') as unknown[]).length, 2);
    erase({ UserId: '1' });
    assert.deepEqual(read('rows'), [{ Order: 'A-2', Id: 2 }]);
  });
});
