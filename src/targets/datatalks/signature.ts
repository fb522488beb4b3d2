/**
 * AWS Signature Version 4 (contract §3) by aws4, which keeps the derived key of a day. Signed are exactly the three
 * headers of the contract's vector, so that extra headers and what a transport adds cannot break a signature.
 */
import aws4 from 'aws4';
import type { ApiRequest } from '../../model/request.ts';
import type { Target } from '../target.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const service = 'execute-api';
export const contentType = 'application/json';

/** A signer for one key and region. Sign for every attempt: a signature ages out after about five minutes. */
export function createSigner(credentials: Credentials, region: string): Target['authorize'] {
  // aws4 may not share the object with anyone, and a signer is called tens of thousands of times a second.
  const key = { ...credentials };
  const places = new Map<string, { host: string; path: string }>();
  let second = Number.NaN;
  let amzDate = '';

  return (request, now) => {
    let place = places.get(request.url);
    if (place === undefined) {
      const url = new URL(request.url);
      place = { host: url.host, path: url.pathname + url.search };
      places.set(request.url, place);
    }
    const thisSecond = Math.floor(now.getTime() / 1000);
    if (thisSecond !== second) {
      second = thisSecond;
      amzDate = basicIsoTime(now);
    }
    const signer = new aws4.RequestSigner(
      {
        service,
        region,
        host: place.host,
        path: place.path,
        method: request.method,
        body: whole(request.body),
        headers: { 'Content-Type': contentType, Host: place.host, 'X-Amz-Date': amzDate },
        // Otherwise aws4 adds Content-Length and signs it; then the date must be handed to it by hand.
        doNotModifyHeaders: true,
      },
      key,
    );
    signer.datetime = amzDate;
    signer.prepareRequest();
    return { ...request, headers: { ...request.headers, 'X-Amz-Date': amzDate, Authorization: signer.authHeader() } };
  };
}

/** `YYYYMMDD'T'HHMMSS'Z'` */
const basicIsoTime = (now: Date): string => now.toISOString().replace(/[-:]|\.\d+/g, '');

function whole(body: ApiRequest['body']): Buffer {
  const [first] = body;
  return body.length === 1 && first !== undefined
    ? Buffer.from(first.buffer, first.byteOffset, first.byteLength)
    : Buffer.concat(body);
}
