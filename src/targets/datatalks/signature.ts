/**
 * AWS Signature Version 4 (contract §3). What all requests to one address have in common is spelled by aws4, once; what differs
 * from request to request (the hash of the body, the second, the signature) is filled in here, since a whole signature by
 * aws4 costs as much as all the rest of a request (docs/benchmarks.md). Signed are exactly the three headers of the
 * contract's vector, so that extra headers and what a transport adds cannot break a signature.
 */
import { createHmac, hash } from 'node:crypto';
import aws4 from 'aws4';
import type { ApiRequest } from '../../model/request.ts';
import type { Target } from '../target.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const service = 'execute-api';
const algorithm = 'AWS4-HMAC-SHA256';
export const contentType = 'application/json';

/** A signer for one key and region. Sign for every attempt: a signature ages out after about five minutes. */
export function createSigner(credentials: Credentials, region: string): Target['authorize'] {
  /** By address, and under it by method: a name made of both would cost more than looking up twice. */
  const canonicals = new Map<string, Map<string, Canonical>>();
  let second = Number.NaN;
  let amzDate = '';
  let day: Day | undefined;

  const canonicalOf = ({ method, url }: ApiRequest): Canonical => {
    let ofAddress = canonicals.get(url);
    if (ofAddress === undefined) {
      ofAddress = new Map();
      canonicals.set(url, ofAddress);
    }
    let canonical = ofAddress.get(method);
    if (canonical === undefined) {
      canonical = createCanonical(method, new URL(url), region, credentials);
      ofAddress.set(method, canonical);
    }
    return canonical;
  };

  return (request, now) => {
    const thisSecond = Math.floor(now.getTime() / 1000);
    if (thisSecond !== second || day === undefined) {
      second = thisSecond;
      amzDate = basicIsoTime(now);
      const date = amzDate.slice(0, 8);
      if (day?.date !== date) day = createDay(date, region, credentials);
    }
    const canonical = canonicalOf(request)(amzDate, hash('sha256', whole(request.body), 'hex'));
    const signature = day.mac(`${algorithm}\n${amzDate}\n${day.scope}\n${hash('sha256', canonical, 'hex')}`);
    return {
      ...request,
      headers: { ...request.headers, 'X-Amz-Date': amzDate, Authorization: `${day.authorization}${signature}` },
    };
  };
}

/** The canonical request of an address, of its two variable parts. */
type Canonical = (amzDate: string, bodyHash: string) => string;

function createCanonical(
  method: ApiRequest['method'],
  { host, pathname, search }: URL,
  region: string,
  credentials: Credentials,
): Canonical {
  const someDate = '19700101T000000Z';
  const signer = new aws4.RequestSigner(
    {
      service,
      region,
      host,
      path: pathname + search,
      method,
      headers: { 'Content-Type': contentType, Host: host, 'X-Amz-Date': someDate },
      // Otherwise aws4 adds Content-Length and signs it.
      doNotModifyHeaders: true,
    },
    { ...credentials },
  );
  signer.datetime = someDate;
  // The hash of the body stands last. The date stands in a header behind which no text of the address comes.
  const text = signer.canonicalString().slice(0, -hash('sha256', '').length);
  const at = text.lastIndexOf(someDate);
  const [head, tail] = [text.slice(0, at), text.slice(at + someDate.length)];
  return (amzDate, bodyHash) => head + amzDate + tail + bodyHash;
}

interface Day {
  /** `YYYYMMDD` */
  readonly date: string;
  readonly scope: string;
  /** Head of the header's value, up to the signature. */
  readonly authorization: string;
  /** HMAC-SHA256 under the key of the day, hex. */
  mac(text: string): string;
}

function createDay(date: string, region: string, { accessKeyId, secretAccessKey }: Credentials): Day {
  const scope = `${date}/${region}/${service}/aws4_request`;
  let key: string | Buffer = `AWS4${secretAccessKey}`;
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest();
  return {
    date,
    scope,
    authorization: `${algorithm} Credential=${accessKeyId}/${scope}, SignedHeaders=content-type;host;x-amz-date, Signature=`,
    mac: createMac(Buffer.from(key)),
  };
}

/**
 * HMAC (RFC 2104) of two plain hashes: with the key's pads ready, setting up Node's Hmac would be most of the work. A digest goes from
 * one to the other as a text of one byte a character, which Node makes in a third of the time that a Buffer takes. For texts in ASCII.
 */
function createMac(key: Uint8Array): (text: string) => string {
  const blockBytes = 64;
  const digestBytes = 32;
  const outer = Buffer.alloc(blockBytes + digestBytes, 0x5c);
  let inner = Buffer.alloc(blockBytes, 0x36);
  for (const [index, byte] of key.entries()) {
    outer[index] = 0x5c ^ byte;
    inner[index] = 0x36 ^ byte;
  }
  return (text) => {
    const length = blockBytes + text.length;
    if (inner.length !== length)
      inner = Buffer.concat([inner.subarray(0, blockBytes), Buffer.alloc(length - blockBytes)]);
    inner.write(text, blockBytes, 'latin1');
    outer.write(hash('sha256', inner, 'binary'), blockBytes, 'latin1');
    return hash('sha256', outer, 'hex');
  };
}

/** `YYYYMMDD'T'HHMMSS'Z'` */
const basicIsoTime = (now: Date): string => now.toISOString().replace(/[-:]|\.\d+/g, '');

function whole(body: ApiRequest['body']): Uint8Array {
  const [first] = body;
  return body.length === 1 && first !== undefined ? first : Buffer.concat(body);
}
