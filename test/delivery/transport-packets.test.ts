import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  createReplyPacker,
  createRequestPacker,
  createRequestReader,
  onceATurn,
  type ReplyPacket,
  type RequestPacket,
  readReplies,
} from '../../src/delivery/transport-packets.ts';
import type { ApiFailure, ApiReply, ApiRequest } from '../../src/model/request.ts';

/** Objects as they are written, which is what comes out of a packet. */
const plain = { noNullPrototype: true } as const;
const headers = fc.dictionary(
  fc.stringMatching(/^[A-Za-z-]{1,8}$/).filter((name) => name !== '__proto__'),
  fc.string({ maxLength: 12 }),
  { maxKeys: 3, ...plain },
);
const request: fc.Arbitrary<ApiRequest> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
  url: fc.webUrl(),
  headers,
  // Some do not fit a packet beside others, some not even one alone.
  body: fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.integer({ min: 5000, max: 20_000 }).map((size) => new Uint8Array(size).fill(size % 251)),
    ),
    { maxLength: 3 },
  ),
});

test('requests come out of their packets as they went in, whatever shares one', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(request, fc.nat(3), fc.boolean()), { maxLength: 12 }), (asked) => {
      const packer = createRequestPacker();
      const packets: RequestPacket[] = [];
      for (const [id, [one, signal, takesNow]] of asked.entries()) {
        if (!packer.add(id, one, signal)) {
          packets.push(packer.take());
          assert.ok(packer.add(id, one, signal), 'not even into an empty one');
        }
        if (takesNow) packets.push(packer.take());
      }
      packets.push(packer.take());
      assert.equal(packer.size, 0);
      const read = createRequestReader();
      const came: unknown[] = [];
      for (const packet of packets) {
        const arrived = structuredClone(packet, { transfer: [packet.bodies.buffer] });
        read(arrived, (id, { body, ...rest }, signal) => came.push([id, rest, signal, Buffer.concat(body)]));
      }
      const went = asked.map(([{ body, ...rest }, signal], id) => [id, rest, signal, Buffer.concat(body)]);
      assert.deepEqual(came, went);
    }),
    { numRuns: 300 },
  );
});

const reply: fc.Arbitrary<ApiReply> = fc.record(
  {
    kind: fc.constant('reply' as const),
    status: fc.integer({ min: 200, max: 599 }),
    // Neighbours that have the same, and those that nearly have.
    headers: fc.oneof(fc.constantFrom<Record<string, string>>({}, { a: '1' }, { a: '1', b: '2' }, { b: '1' }), headers),
    body: fc.string({ unit: 'grapheme', maxLength: 20 }),
    truncated: fc.boolean(),
    receivedAt: fc.nat(),
  },
  plain,
);
const failure: fc.Arbitrary<ApiFailure> = fc.record(
  {
    kind: fc.constant('failure' as const),
    code: fc.string(),
    message: fc.string(),
    sent: fc.constantFrom('no', 'unknown'),
  },
  plain,
);

test('so do replies and failures', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.oneof(reply, failure), fc.boolean()), { maxLength: 12 }), (outcomes) => {
      const packer = createReplyPacker();
      const packets: ReplyPacket[] = [];
      for (const [id, [outcome, takesNow]] of outcomes.entries()) {
        packer.add(id, outcome);
        if (takesNow) packets.push(packer.take());
      }
      packets.push(packer.take());
      assert.equal(packer.size, 0);
      const came = new Map<number, unknown>();
      for (const packet of packets) readReplies(structuredClone(packet), (id, outcome) => came.set(id, outcome));
      assert.equal(came.size, outcomes.length);
      for (const [id, [outcome]] of outcomes.entries()) assert.deepEqual(came.get(id), outcome);
    }),
    { numRuns: 300 },
  );
});

test('what is asked for several times in a turn is done once, and again in the next', async () => {
  let done = 0;
  const ask = onceATurn(() => {
    done += 1;
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  ask();
  ask();
  assert.equal(done, 0);
  await turn();
  assert.equal(done, 1);
  ask();
  await turn();
  await turn();
  assert.equal(done, 2);
});
