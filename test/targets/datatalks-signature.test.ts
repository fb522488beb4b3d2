import assert from 'node:assert/strict';
import { test } from 'node:test';
import aws4 from 'aws4';
import fc from 'fast-check';
import type { ApiRequest } from '../../src/model/request.ts';
import { createSigner } from '../../src/targets/datatalks/signature.ts';

/** What aws4 says by itself, of the whole request. */
function byAws4(
  request: ApiRequest,
  now: Date,
  credentials: { accessKeyId: string; secretAccessKey: string },
  region: string,
) {
  const url = new URL(request.url);
  const amzDate = now.toISOString().replace(/[-:]|\.\d+/g, '');
  const signer = new aws4.RequestSigner(
    {
      service: 'execute-api',
      region,
      host: url.host,
      path: url.pathname + url.search,
      method: request.method,
      body: Buffer.concat(request.body),
      headers: { 'Content-Type': 'application/json', Host: url.host, 'X-Amz-Date': amzDate },
      doNotModifyHeaders: true,
    },
    { ...credentials },
  );
  signer.datetime = amzDate;
  signer.prepareRequest();
  return { 'X-Amz-Date': amzDate, Authorization: signer.authHeader() };
}

const segment = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('..', '.', '', 'a%2Fb', 'x y', '19700101T000000Z'),
);
const address = fc
  .record({
    host: fc.constantFrom('api.example.com', '127.0.0.1:8080', '19700101t000000z.example'),
    path: fc.array(segment, { maxLength: 4 }),
    query: fc.array(fc.tuple(fc.string({ maxLength: 5 }), fc.string({ unit: 'grapheme', maxLength: 5 })), {
      maxLength: 3,
    }),
  })
  .map(({ host, path, query }) => {
    const search = query.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
    return `https://${host}/${path.map((part) => encodeURIComponent(part)).join('/')}${search === '' ? '' : `?${search}`}`;
  })
  .filter((url) => URL.canParse(url));
const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
  url: address,
  headers: fc.constant({ 'Content-Type': 'application/json' }),
  body: fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 3 }),
}) satisfies fc.Arbitrary<ApiRequest>;
const moment = fc.date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true });

test('signatures are those of aws4, whatever the address, the body, the key and the moment, from request to request', () => {
  fc.assert(
    fc.property(
      fc.record({
        accessKeyId: fc.string({ minLength: 1 }),
        secretAccessKey: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 90 }),
      }),
      fc.constantFrom('eu-west-1', 'us-east-1', 'x'),
      // The same addresses and moments again and again: what is kept from one request must not leak into the next.
      fc.array(request, { minLength: 1, maxLength: 3 }),
      fc.array(fc.tuple(fc.nat(2), moment), { minLength: 1, maxLength: 8 }),
      (credentials, region, requests, attempts) => {
        const sign = createSigner(credentials, region);
        for (const [index, now] of attempts) {
          const one = requests[index % requests.length];
          assert.ok(one !== undefined);
          const { headers, ...rest } = sign(one, now, undefined);
          assert.deepEqual(headers, { ...one.headers, ...byAws4(one, now, credentials, region) });
          assert.deepEqual(rest, { method: one.method, url: one.url, body: one.body });
        }
      },
    ),
    { numRuns: 300 },
  );
});
