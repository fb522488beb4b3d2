import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import aws4 from 'aws4';
import fc from 'fast-check';
import { type SignatureRules, type SignedRequest, verifySignature } from '../../src/sandbox/sigv4.ts';

const accessKeyId = 'AKIDEXAMPLE';
const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const now = Date.UTC(2024, 2, 1, 12);
const rules: SignatureRules = {
  region: 'eu-west-1',
  service: 'execute-api',
  now,
  toleranceMs: 300_000,
  secretOf: (id) => (id === accessKeyId ? secretAccessKey : undefined),
};

const vectorBody =
  '{"type":"person","data":{"customer_id":90017,"email":"ada@example.com","signup_date":"2024-02-29"}}';
const vectorOf = (region: string, signature: string): SignedRequest => ({
  method: 'POST',
  rawUrl: '/v3/profiles',
  headers: {
    host: 'api.datatalks.se',
    'content-type': 'application/json',
    'x-amz-date': '20240301T120000Z',
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20240301/${region}/execute-api/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=${signature}`,
  },
  body: Buffer.from(vectorBody),
});
const vector = vectorOf('eu-west-1', '7b2595e884fc463797c8f5ab0503e191707e5599bef72043205550edeffdfa48');
const northern = vectorOf('eu-north-1', '9cebdf6811df10d93d1b195ea77bdc1a3c641aae2bb87cbb08453a6df495848e');

const withHeader = (name: string, value: string | undefined): SignedRequest => {
  const { [name]: _, ...others } = vector.headers;
  return { ...vector, headers: value === undefined ? others : { ...others, [name]: value } };
};
const withAuthorization = (find: string, replace: string) =>
  withHeader('authorization', vector.headers['authorization']?.replace(find, replace));
const complaint = (request: SignedRequest, more: Partial<SignatureRules> = {}): string => {
  const finding = verifySignature(request, { ...rules, ...more });
  return finding.good ? assert.fail('it was found good') : finding.message;
};

describe('signature verification', () => {
  it("finds the contract's vectors good in their own region", () => {
    assert.deepEqual(verifySignature(vector, rules), { good: true, accessKeyId });
    assert.equal(verifySignature(northern, { ...rules, region: 'eu-north-1' }).good, true);
  });

  const mismatch = /signature we calculated does not match/;
  const changed: [string, SignedRequest, RegExp][] = [
    ['another body', { ...vector, body: Buffer.from(`${vectorBody} `) }, mismatch],
    ['another path', { ...vector, rawUrl: '/v3/events' }, mismatch],
    ['a trailing slash', { ...vector, rawUrl: '/v3/profiles/' }, mismatch],
    ['a query', { ...vector, rawUrl: '/v3/profiles?a=1' }, mismatch],
    ['another method', { ...vector, method: 'PUT' }, mismatch],
    ['another host', withHeader('host', 'elsewhere.example'), mismatch],
    ['a content type with a charset', withHeader('content-type', 'application/json; charset=utf-8'), mismatch],
    ['one changed digit', withAuthorization('Signature=7b', 'Signature=7c'), mismatch],
    ['a signature cut short', withAuthorization('fdfa48', ''), mismatch],
    ['a signature that is no hex', withAuthorization('7b2595', 'zzzzzz'), mismatch],
    ['another day in the scope', withAuthorization('20240301/', '20240302/'), /Date in Credential scope/],
    ['another region', withAuthorization('eu-west-1', 'eu-north-1'), /scoped to a valid region/],
    ['another service', withAuthorization('execute-api', 's3'), /scoped to a valid region/],
    ['an unknown key', withAuthorization('AKIDEXAMPLE', 'AKIDNOBODY'), /security token included/],
    ['no Authorization', withHeader('authorization', undefined), /^Missing Authentication Token$/],
    ['another algorithm', withAuthorization('AWS4-HMAC-SHA256', 'Basic'), /requires the algorithm/],
    ['no signature', withAuthorization('Signature=', 'Sig='), /requires 'Signature' parameter/],
    ['half a credential', withAuthorization('/execute-api/aws4_request', ''), /exactly 5/],
    ['unsorted header names', withAuthorization('content-type;host', 'host;content-type'), /sorted/],
    ['an unsigned host', withAuthorization('content-type;host;', 'content-type;'), /'host' must be/],
    ['an unsigned content type', withAuthorization('content-type;', ''), /'content-type' must be/],
    ['an unsigned header of Amazon', withHeader('x-amz-security-token', 'x'), /'x-amz-security-token' must be/],
    ['no date', withHeader('x-amz-date', undefined), /X-Amz-Date/],
    ['a date in another form', withHeader('x-amz-date', '2024-03-01T12:00:00Z'), /X-Amz-Date/],
    ['a month that does not exist', withHeader('x-amz-date', '20241301T120000Z'), /X-Amz-Date/],
  ];
  for (const [name, request, message] of changed) {
    it(`finds ${name} bad`, () => assert.match(complaint(request), message));
  }

  it('takes a clock that is five minutes off either way, and not a second more', () => {
    for (const off of [300_000, -300_000])
      assert.equal(verifySignature(vector, { ...rules, now: now + off }).good, true);
    for (const off of [301_000, -301_000]) assert.match(complaint(vector, { now: now + off }), /^Signature expired:/);
  });

  it('does not care for headers that were not signed', () => {
    assert.equal(verifySignature(withHeader('user-agent', 'x'), rules).good, true);
  });

  it('agrees with aws4 on any path, query, headers and body', () => {
    const word = fc.string({ unit: fc.constantFrom(..."aZ0-_.~!'()*+ $&,:=@%é/"), minLength: 1, maxLength: 8 });
    const segment = word.map((text) => encodeURIComponent(text)).filter((text) => text !== '.' && text !== '..');
    const pair = fc
      .tuple(fc.constantFrom('a', 'b', 'key'), word)
      .map(([name, text]) => `${name}=${encodeURIComponent(text)}`);
    const requests = fc.record({
      path: fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => `/${segments.join('/')}`),
      query: fc
        .uniqueArray(pair, { maxLength: 3, selector: (text) => text.split('=')[0] })
        .map((pairs) => pairs.join('&')),
      body: fc.string({ unit: 'grapheme', minLength: 1 }),
      extra: word,
    });
    fc.assert(
      fc.property(requests, ({ path, query, body, extra }) => {
        const rawUrl = query === '' ? path : `${path}?${query}`;
        const signed = aws4.sign(
          {
            method: 'POST',
            host: 'api.example',
            path: rawUrl,
            service: 'execute-api',
            region: 'eu-west-1',
            body,
            headers: { 'Content-Type': 'application/json', 'X-Amz-Date': '20240301T120000Z', 'X-Extra': `a ${extra}` },
          },
          { accessKeyId, secretAccessKey },
        );
        const headers = Object.entries(signed.headers ?? {}).map(([name, value]) => [
          name.toLowerCase(),
          String(value),
        ]);
        const request = { method: 'POST', rawUrl, headers: Object.fromEntries(headers), body: Buffer.from(body) };
        assert.deepEqual(verifySignature(request, rules), { good: true, accessKeyId });
      }),
    );
  });
});
