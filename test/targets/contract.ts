/**
 * The one suite that every target runs, with its own cases as data. What it proves of a target:
 * every operation has golden requests (files that read like HTTP, under fixtures/targets/<type>/); every documented answer
 * has its verdict; the bytes that leave are the bytes the planner counted; what the platform would refuse or drop is
 * refused here; nothing but named headers differs between two attempts; and no secret shows in anything a person may read.
 *
 * `UPDATE_GOLDEN=1` writes the golden files. Read the difference before you commit it.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import type { ApiFailure, ApiReply, ApiRequest } from '../../src/model/request.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import { findTargetType } from '../../src/targets/index.ts';
import type { ChunkBody, CommonSettings, Operation, RowContext, Target, TargetType } from '../../src/targets/target.ts';
import { compareGolden } from './golden.ts';

/** Which operation, under which settings. */
export interface Setting {
  readonly operation: string;
  /** The mapping's `settings:`. */
  readonly settings?: unknown;
  /** Laid over the contract's `config`. A key of value undefined is taken away. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly common?: Partial<CommonSettings>;
}

export interface GoldenCase extends Setting {
  /** File name without `.http`. */
  readonly name: string;
  /** All go into one request. */
  readonly items: readonly JsonObject[];
  readonly row?: Partial<RowContext>;
  /** From a preceding `next` verdict. */
  readonly carry?: string;
}

/** An item the platform would refuse or drop, and the codes (with field, where there is one) of all its faults, in order. */
export interface RefusalCase extends Setting {
  readonly name: string;
  readonly item: JsonObject;
  readonly row?: Partial<RowContext>;
  /** `code` or `code field`. */
  readonly faults: readonly string[];
}

export interface ReplyCase extends Setting {
  /** What the contract's table says of it, in a few words; statuses are added by the suite. */
  readonly name?: string;
  readonly reply:
    | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string | object }
    | { readonly failure: string; readonly sent: 'no' | 'unknown' };
  /** Items in the chunk; the first golden case's item, repeated. Default 3, or the operation's limit. */
  readonly items?: number;
  readonly carry?: string;
  /** All of it: a key more or less in the verdict fails. `code` is the reason's, `rejected` and `receipts` by index. */
  readonly gives: FlatVerdict;
}

/** A verdict with reasons shortened to their codes and maps made plain, so that a table can state it. */
export interface FlatVerdict {
  readonly kind: Verdict['kind'];
  readonly code?: string;
  readonly after?: number;
  readonly scope?: 'request' | 'target';
  readonly taken?: 'no' | 'unknown';
  readonly counts?: boolean;
  /** Of a plan that differs from the target's own. */
  readonly plan?: unknown;
  readonly because?: 'size' | 'blame';
  readonly rejected?: Readonly<Record<number, string>>;
  readonly retry?: readonly number[];
  readonly receipts?: Readonly<Record<number, string>>;
  readonly carry?: string;
}

export interface LimitCase extends Setting {
  /** As the contract's table states them: literals, not read from the code. */
  readonly limits: { readonly items: number; readonly bytes: number };
  /** Bytes that one item may have as it stands in the request, where the platform (or the request) sets a bound. */
  readonly itemBytes?: number;
  /** A good item that holds `text` once, unescaped. */
  sized(text: string): JsonObject;
}

export interface Contract {
  readonly type: string;
  /** As it stands in cdp-load.yaml, secrets filled in. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Every secret in `config` and every form in which it travels (base64 …). None of them may ever be seen. */
  readonly secrets: readonly string[];
  readonly token?: string;
  /** Headers (any case) that may differ between two attempts at the same request. */
  readonly freshHeaders?: readonly string[];
  readonly golden: readonly GoldenCase[];
  readonly refusals: readonly RefusalCase[];
  readonly replies: readonly ReplyCase[];
  /** Statuses that the contract's table names, for each operation (or all): each needs a case in `replies`. */
  readonly documented: Readonly<Record<string, readonly number[]>>;
  readonly limits: readonly LimitCase[];
}

const defaultRow: RowContext = {
  identity: '00112233445566778899aabbccddeeff0123456789abcdef',
  key: '7',
  now: Date.UTC(2024, 2, 1, 12),
};
export const firstAttempt = new Date('2024-03-01T12:00:00Z');
const laterAttempt = new Date('2024-03-01T12:07:31Z');

export function runContract(contract: Contract): void {
  const type = targetTypeOf(contract.type);

  describe(`contract of ${contract.type}`, () => {
    testDescription(type, contract);
    describe('golden requests', () => testGolden(type, contract));
    describe('refused before sending', () => testRefusals(type, contract));
    describe('verdicts', () => testReplies(type, contract));
    describe('limits', () => testLimits(type, contract));
  });
}

function targetTypeOf(name: string): TargetType<unknown> {
  const type = findTargetType(name);
  assert.ok(type, `"${name}" is not in the list of src/targets/index.ts`);
  return type;
}

function openTarget(type: TargetType<unknown>, contract: Contract, setting: Partial<Setting> = {}): Target {
  const merged = Object.entries({ ...contract.config, ...setting.config }).filter(([, value]) => value !== undefined);
  const config = type.config.parse(Object.fromEntries(merged));
  return type.open(config, { baseUrl: type.defaults.baseUrl, headers: {}, ...setting.common });
}

const openOperation = (type: TargetType<unknown>, contract: Contract, setting: Setting): Operation =>
  openTarget(type, contract, setting).operation(setting.operation, setting.settings);

/** Fails with all faults when the item is refused. */
function encodeItem(operation: Operation, item: JsonObject, row: Partial<RowContext> = {}) {
  const encoded = operation.encode(item, { ...defaultRow, ...row });
  if ('faults' in encoded) assert.fail(`refused: ${encoded.faults.map(({ reason }) => reason).join('; ')}`);
  return encoded;
}

/** A chunk as delivery makes it: prefix, items with commas between, suffix. */
function chunkOf(operation: Operation, items: readonly { json: string; route: string }[], carry?: string): ChunkBody {
  const route = items[0]?.route ?? '';
  const { prefix, suffix } = operation.frame(route);
  const texts = items.map(({ json }) => json);
  return {
    route,
    items: items.length,
    body: [prefix, texts.join(','), suffix].filter((text) => text !== '').map((text) => Buffer.from(text)),
    ...(carry === undefined ? {} : { carry }),
  };
}

function chunkOfGolden(operation: Operation, { items, row, carry }: GoldenCase): ChunkBody {
  const encoded = items.map((item) => encodeItem(operation, item, row));
  const routes = new Set(encoded.map(({ route }) => route));
  assert.equal(routes.size, 1, 'the items of one golden request share one route');
  return chunkOf(operation, encoded, carry);
}

const bodyOf = (request: ApiRequest): Buffer => Buffer.concat(request.body);

function assertNoSecret(contract: Contract, where: string, value: unknown): void {
  const text = JSON.stringify(value, (_key, given: unknown) => (given instanceof Map ? [...given] : given)) ?? '';
  for (const secret of contract.secrets) {
    assert.ok(!text.toLowerCase().includes(secret.toLowerCase()), `a secret shows in ${where}`);
  }
}

function testDescription(type: TargetType<unknown>, contract: Contract): void {
  it('names every secret and every setting that an environment variable fills', () => {
    const known = Object.keys(contract.config);
    for (const secret of type.secrets) {
      assert.ok(known.includes(secret), `the cases give no value for the secret setting ${secret}`);
      assert.ok(
        contract.secrets.includes(String(contract.config[secret])),
        `${secret} is not among the planted secrets`,
      );
    }
    for (const variable of Object.values(type.environment)) assert.match(variable, /^[A-Z][A-Z0-9_]*$/);
    assert.ok(type.addresses.includes('baseUrl'));
  });

  it('refuses a config key that it does not know', () => {
    assert.equal(type.config.safeParse({ ...contract.config, notASetting: 1 }).success, false);
  });

  it('shows no secret in identity, notices or check', () => {
    const target = openTarget(type, contract);
    assertNoSecret(contract, 'identity', target.identity);
    assertNoSecret(contract, 'notices', target.notices);
    assert.ok(target.identity.length > 0);
    if ('none' in target.check) assertNoSecret(contract, 'check', target.check.none);
    else assertNoSecret(contract, 'check', target.check.about);
  });

  it('has the same identity when opened again, and another one at another host', () => {
    const { identity } = openTarget(type, contract);
    assert.equal(openTarget(type, contract).identity, identity);
    const elsewhere = openTarget(type, contract, { common: { baseUrl: 'https://elsewhere.example' } });
    assert.notEqual(elsewhere.identity, identity);
  });

  it('refuses an operation that it does not have', () => {
    assert.throws(() => openTarget(type, contract).operation('no.such.operation', {}), { name: 'UserError' });
  });

  for (const name of Object.keys(type.operations)) {
    it(`${name}: has a golden request, and refuses settings that it does not know`, () => {
      const golden = contract.golden.find(({ operation }) => operation === name);
      assert.ok(golden, `operation ${name} has no golden request`);
      const settings = { ...(golden.settings as object | undefined), notASetting: 1 };
      assert.throws(() => openOperation(type, contract, { ...golden, settings }), { name: 'UserError' });
    });

    it(`${name}: its configured self agrees with its description`, () => {
      const golden = contract.golden.find(({ operation }) => operation === name);
      assert.ok(golden);
      const operation = openOperation(type, contract, golden);
      assert.equal(operation.name, name);
      if (type.operations[name]?.destroys !== undefined) assert.notEqual(operation.destroys, undefined);
      const { allowed, fallback, why } = operation.emptyCells;
      assert.ok(fallback === undefined || allowed.includes(fallback), 'the fallback for empty cells is itself allowed');
      assert.notEqual(why, '');
      assertNoSecret(contract, 'notices', operation.notices);
    });
  }
}

function testGolden(type: TargetType<unknown>, contract: Contract): void {
  for (const golden of contract.golden) {
    const attempt = () => {
      const target = openTarget(type, contract, golden);
      const operation = target.operation(golden.operation, golden.settings);
      const chunk = chunkOfGolden(operation, golden);
      return { target, operation, chunk, request: operation.request(chunk) };
    };

    it(`${golden.name} is as recorded`, () => {
      const { target, request } = attempt();
      const signed = target.authorize(request, firstAttempt, contract.token);
      compareGolden(`${contract.type}/${golden.name}.http`, signed, contract.secrets);
    });

    it(`${golden.name} is the same, byte for byte, when built again`, () => {
      const [first, second] = [attempt(), attempt()];
      const again = first.operation.request(first.chunk);
      for (const other of [second.request, again]) {
        assert.deepEqual({ ...other, body: bodyOf(other) }, { ...first.request, body: bodyOf(first.request) });
      }
    });

    it(`${golden.name} differs between two attempts only in what must be fresh`, () => {
      const { target, request } = attempt();
      const fresh = new Set((contract.freshHeaders ?? []).map((name) => name.toLowerCase()));
      const [first, later] = [firstAttempt, laterAttempt].map((now) => {
        const signed = target.authorize(request, now, contract.token);
        const headers = Object.entries(signed.headers).filter(([name]) => !fresh.has(name.toLowerCase()));
        return { ...signed, headers: Object.fromEntries(headers), body: bodyOf(signed) };
      });
      assert.deepEqual(later, first);
      assert.deepEqual(first?.body, bodyOf(request), 'authorize must not touch the body');
    });
  }
}

function testRefusals(type: TargetType<unknown>, contract: Contract): void {
  for (const { name, item, row, faults, ...setting } of contract.refusals) {
    it(`${setting.operation}: ${name}`, () => {
      const operation = openOperation(type, contract, setting);
      const encoded = operation.encode(item, { ...defaultRow, ...row });
      if (!('faults' in encoded)) assert.fail(`went through as ${encoded.json}`);
      const found = encoded.faults.map(({ code, field }) => (field === undefined ? code : `${code} ${field}`));
      assert.deepEqual(found, faults);
      assertNoSecret(contract, 'faults', encoded.faults);
      for (const { reason } of encoded.faults) assert.doesNotMatch(reason, /\.$/, 'a reason has no full stop');
    });
  }
}

function testReplies(type: TargetType<unknown>, contract: Contract): void {
  for (const replyCase of contract.replies) {
    const { reply, gives } = replyCase;
    const subject = 'status' in reply ? String(reply.status) : `failure ${reply.failure} (sent: ${reply.sent})`;
    const about = replyCase.name === undefined ? '' : `, ${replyCase.name},`;
    const chunk = () => chunkForReply(type, contract, replyCase);

    it(`${replyCase.operation}: ${subject}${about} is ${gives.kind}`, () => {
      const { operation, body } = chunk();
      assert.deepEqual(flatten(operation.verdict(replyOf(replyCase), body)), gives);
    });

    it(`${replyCase.operation}: ${subject}${about} shows no secret that it echoes`, () => {
      const { operation, body } = chunk();
      const echo = ` you sent ${contract.secrets.join(' and ')}`;
      const given = replyOf(replyCase);
      const [shown, verdict] =
        given.kind === 'failure'
          ? ['message', operation.verdict({ ...given, message: given.message + echo }, body)]
          : ['body', operation.verdict({ ...given, body: echoed(given.body, echo) }, body)];
      assertNoSecret(contract, `the verdict on an echoing ${shown}`, verdict);
    });
  }

  it('every documented status has its verdict', () => {
    for (const [operation, statuses] of Object.entries(contract.documented)) {
      const tested = contract.replies
        .filter((replyCase) => replyCase.operation === operation)
        .map(({ reply }) => ('status' in reply ? reply.status : 0));
      const untested = statuses.filter((status) => !tested.includes(status));
      assert.deepEqual(untested, [], `${operation} has no case for these statuses`);
    }
    const undocumented = Object.keys(type.operations).filter((name) => contract.documented[name] === undefined);
    assert.deepEqual(undocumented, [], 'operations without a table of statuses');
  });
}

/** Puts the echo inside every text of a JSON body, so that a reader of `errors[0].message` meets it; after any other body. */
function echoed(body: string, echo: string): string {
  try {
    return JSON.stringify(
      JSON.parse(body, (_key, value: unknown) => (typeof value === 'string' ? value + echo : value)),
    );
  } catch {
    return body + echo;
  }
}

function chunkForReply(type: TargetType<unknown>, contract: Contract, replyCase: ReplyCase) {
  const golden = contract.golden.find(({ operation }) => operation === replyCase.operation);
  assert.ok(golden, `operation ${replyCase.operation} has no golden request to take items from`);
  const setting = { settings: golden.settings, ...replyCase, config: { ...golden.config, ...replyCase.config } };
  const operation = openOperation(type, contract, setting);
  const [item] = golden.items;
  assert.ok(item);
  const count = replyCase.items ?? Math.min(3, operation.limits.items);
  const encoded = encodeItem(operation, item, golden.row);
  const carry = replyCase.carry ?? golden.carry;
  return { operation, body: chunkOf(operation, Array(count).fill(encoded), carry) };
}

function replyOf({ reply }: ReplyCase): ApiReply | ApiFailure {
  if (!('status' in reply)) {
    return { kind: 'failure', code: reply.failure, message: 'it went wrong', sent: reply.sent };
  }
  const { status, headers = {}, body = '' } = reply;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { kind: 'reply', status, headers, body: text, truncated: false, receivedAt: firstAttempt.getTime() };
}

function flatten(verdict: Verdict): FlatVerdict {
  const flat: Record<string, unknown> = { ...verdict };
  if ('reason' in verdict) {
    delete flat['reason'];
    flat['code'] = verdict.reason.code;
  }
  if (verdict.kind === 'partial') {
    flat['rejected'] = Object.fromEntries([...verdict.rejected].map(([index, { code }]) => [index, code]));
  }
  if ('receipts' in verdict && verdict.receipts !== undefined) {
    flat['receipts'] = Object.fromEntries(verdict.receipts);
  }
  return { ...flat, kind: verdict.kind };
}

function testLimits(type: TargetType<unknown>, contract: Contract): void {
  it('every operation has its limits stated', () => {
    const stated = new Set(contract.limits.map(({ operation }) => operation));
    assert.deepEqual(
      Object.keys(type.operations).filter((name) => !stated.has(name)),
      [],
    );
  });

  for (const { limits, itemBytes, sized, ...setting } of contract.limits) {
    const open = () => openOperation(type, contract, setting);

    it(`${setting.operation}: takes ${limits.items} items and ${limits.bytes} bytes a request, or less where set`, () => {
      const { items, bytes } = open().limits;
      assert.deepEqual({ items, bytes }, limits);
      const common = { ...setting.common, maxRecords: 2, maxBytes: 10_000 };
      const smaller = openOperation(type, contract, { ...setting, common }).limits;
      assert.ok(smaller.items <= limits.items && smaller.bytes <= limits.bytes);
    });

    it(`${setting.operation}: the bytes that leave are frame, items and commas, and nothing else`, () => {
      const operation = open();
      const items = multiByteTexts
        .slice(0, operation.limits.items)
        .map((text) => encodeItem(operation, sized(text)))
        .filter(({ route }, _index, all) => route === all[0]?.route);
      const chunk = chunkOf(operation, items);
      const { prefix, suffix } = operation.frame(chunk.route);
      const counted =
        Buffer.byteLength(prefix + suffix) +
        items.reduce((sum, { json }) => sum + Buffer.byteLength(json), 0) +
        items.length -
        1;
      const request = operation.request(chunk);
      // Some requests name their item in the URL and have no body; their golden files show it.
      if (request.body.length === 0) return;
      assert.equal(bodyOf(request).length, counted);
      assert.doesNotThrow(() => JSON.parse(bodyOf(request).toString()), 'the body is JSON');
    });

    for (const [about, filler] of [
      ['one-byte', 'x'],
      ['two-byte', 'å'],
      ['three-byte', '語'],
      ['four-byte', '🐢'],
    ] as const) {
      if (itemBytes === undefined) continue;
      it(`${setting.operation}: ${about} text fits at ${itemBytes} bytes and one below, and not one above`, () => {
        const operation = open();
        const itemOf = (bytes: number) => sized(textThatMakes(bytes, filler, operation, sized));
        for (const bytes of [itemBytes - 1, itemBytes]) {
          assert.equal(Buffer.byteLength(encodeItem(operation, itemOf(bytes)).json), bytes);
        }
        const above = operation.encode(itemOf(itemBytes + 1), defaultRow);
        if (!('faults' in above)) assert.fail('one byte too many went through');
        assert.deepEqual(
          above.faults.map(({ code, stage }) => ({ code, stage })),
          [{ code: 'item-too-large', stage: 'limit' }],
        );
      });
    }
  }
}

const multiByteTexts = ['plain', 'Åsa Öberg', '山田', '🐢🐇', 'quote " and \\ and \n'];

/** Text of `filler`, topped up with one-byte letters, with which the item's JSON has exactly `bytes` bytes. */
function textThatMakes(
  bytes: number,
  filler: string,
  operation: Operation,
  sized: (text: string) => JsonObject,
): string {
  const small = Buffer.byteLength(encodeItem(operation, sized('x')).json) - 1;
  const width = Buffer.byteLength(filler);
  const room = bytes - small;
  assert.ok(room > 0, 'the item is larger than the limit even without text');
  return filler.repeat(Math.floor(room / width)) + 'x'.repeat(room % width);
}
