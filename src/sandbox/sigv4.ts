/**
 * Verification of AWS Signature Version 4 as a gateway does it: recomputed from the request as it was received, out of
 * the headers that the caller says were signed. Written from the published algorithm alone; it shares nothing with the
 * signer that it judges.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto';

export interface SignedRequest {
  readonly method: string;
  /** Path and query as they stood in the request line. */
  readonly rawUrl: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface SignatureRules {
  readonly region: string;
  readonly service: string;
  /** Epoch milliseconds. */
  readonly now: number;
  /** How far the caller's clock may be off. */
  readonly toleranceMs: number;
  secretOf(accessKeyId: string): string | undefined;
}

export type SignatureFinding =
  | { readonly good: true; readonly accessKeyId: string }
  | { readonly good: false; readonly errorType: string; readonly message: string };

const algorithm = 'AWS4-HMAC-SHA256';

export function verifySignature(request: SignedRequest, rules: SignatureRules): SignatureFinding {
  const authorization = request.headers['authorization'];
  if (authorization === undefined) return bad('MissingAuthenticationToken', 'Missing Authentication Token');
  const claim = readAuthorization(authorization);
  if (typeof claim === 'string') return bad('IncompleteSignature', claim);
  const amzDate = request.headers['x-amz-date'] ?? '';
  const signedAt = readAmzDate(amzDate);
  if (signedAt === undefined) {
    return bad(
      'IncompleteSignature',
      "Authorization header requires existence of a 'X-Amz-Date' header in basic ISO form.",
    );
  }
  const unsigned = mustBeSigned(request.headers).find((name) => !claim.signedHeaders.includes(name));
  if (unsigned !== undefined)
    return bad('InvalidSignature', `'${unsigned}' must be a 'SignedHeader' in the AWS Authorization.`);

  const secret = rules.secretOf(claim.accessKeyId);
  if (secret === undefined) return bad('UnrecognizedClient', 'The security token included in the request is invalid.');
  if (claim.region !== rules.region || claim.service !== rules.service || claim.terminator !== 'aws4_request') {
    return bad('InvalidSignature', 'Credential should be scoped to a valid region.');
  }
  if (claim.date !== amzDate.slice(0, 8)) {
    return bad(
      'InvalidSignature',
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${claim.date}' != '${amzDate.slice(0, 8)}'.`,
    );
  }
  if (Math.abs(rules.now - signedAt) > rules.toleranceMs) {
    return bad(
      'InvalidSignature',
      `Signature expired: ${amzDate} is not within ${rules.toleranceMs / 60_000} min. of ${asAmzDate(rules.now)}.`,
    );
  }
  const expected = signatureOf(request, claim, amzDate, secret);
  const given = Buffer.from(claim.signature, 'hex');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    return bad(
      'InvalidSignature',
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
    );
  }
  return { good: true, accessKeyId: claim.accessKeyId };
}

const bad = (kind: string, message: string): SignatureFinding => ({
  good: false,
  errorType: `${kind}Exception`,
  message,
});

interface Claim {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly terminator: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** The header taken apart, or what is wrong with it. */
function readAuthorization(header: string): Claim | string {
  const blank = header.indexOf(' ');
  if (header.slice(0, blank) !== algorithm) return `Authorization header requires the algorithm ${algorithm}.`;
  const parameters = new Map(
    header
      .slice(blank + 1)
      .split(',')
      .map((part): [string, string] => {
        const equals = part.indexOf('=');
        return [part.slice(0, equals).trim(), part.slice(equals + 1).trim()];
      }),
  );
  const missing = ['Credential', 'SignedHeaders', 'Signature'].filter((name) => (parameters.get(name) ?? '') === '');
  if (missing.length > 0) return missing.map((name) => `Authorization header requires '${name}' parameter.`).join(' ');
  const credential = (parameters.get('Credential') ?? '').split('/');
  const [accessKeyId, date, region, service, terminator] = credential;
  if (
    accessKeyId === undefined ||
    date === undefined ||
    region === undefined ||
    service === undefined ||
    terminator === undefined ||
    credential.length > 5
  ) {
    return 'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.';
  }
  const signedHeaders = (parameters.get('SignedHeaders') ?? '').split(';');
  if (signedHeaders.some((name, i) => name !== name.toLowerCase() || (i > 0 && name <= (signedHeaders[i - 1] ?? '')))) {
    return 'SignedHeaders must be in lower case and sorted.';
  }
  return {
    accessKeyId,
    date,
    region,
    service,
    terminator,
    signedHeaders,
    signature: parameters.get('Signature') ?? '',
  };
}

/** Host, the content type where there is one, and everything of Amazon's own. */
const mustBeSigned = (headers: SignedRequest['headers']): string[] => [
  'host',
  ...Object.keys(headers).filter((name) => name === 'content-type' || name.startsWith('x-amz-')),
];

function signatureOf(request: SignedRequest, claim: Claim, amzDate: string, secret: string): Buffer {
  const canonicalRequest = [
    request.method,
    canonicalPath(request.rawUrl),
    canonicalQuery(request.rawUrl),
    ...claim.signedHeaders.map((name) => `${name}:${(request.headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    claim.signedHeaders.join(';'),
    hash('sha256', request.body),
  ].join('\n');
  const scope = `${claim.date}/${claim.region}/${claim.service}/${claim.terminator}`;
  const stringToSign = [algorithm, amzDate, scope, hash('sha256', canonicalRequest)].join('\n');
  return hmac(signingKey(secret, claim), stringToSign);
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** The key of a day, derived anew each time but for the last one: a sandbox has one caller. */
let last: { readonly of: string; readonly key: Buffer } | undefined;
function signingKey(secret: string, { date, region, service, terminator }: Claim): Buffer {
  const of = [secret, date, region, service, terminator].join('\n');
  if (last?.of === of) return last.key;
  const key = [date, region, service, terminator].reduce<string | Buffer>(hmac, `AWS4${secret}`);
  last = { of, key: Buffer.from(key) };
  return last.key;
}

/** The path as it came, each segment encoded once more, dots and doubled slashes resolved: the rule of all services but S3. */
function canonicalPath(rawUrl: string): string {
  const path = rawUrl.split('?', 1)[0] ?? '';
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(encoded(segment));
  }
  const slash = segments.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${segments.join('/')}${slash}`;
}

function canonicalQuery(rawUrl: string): string {
  const mark = rawUrl.indexOf('?');
  if (mark === -1) return '';
  return rawUrl
    .slice(mark + 1)
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair): [string, string] => {
      const equals = pair.indexOf('=');
      const [name, value] = equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
      return [encoded(decoded(name)), encoded(decoded(value))];
    })
    .sort(([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Everything but RFC 3986's unreserved characters, which encodeURIComponent leaves five too many of. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const amzDateForm = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

function readAmzDate(text: string): number | undefined {
  const iso = text.replace(amzDateForm, '$1-$2-$3T$4:$5:$6Z');
  const time = amzDateForm.test(text) ? Date.parse(iso) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

const asAmzDate = (epochMs: number): string => new Date(epochMs).toISOString().replace(/[-:]|\.\d+/g, '');
