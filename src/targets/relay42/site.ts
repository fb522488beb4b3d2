/**
 * Where requests go. One request is about one profile, so a route is the profile's address: `2001?partnerId=C-90017`,
 * followed by whatever else of the query is the same for all items of the request. Items of one profile have one route and
 * so travel together (contract §2, §7).
 */
import type { JsonObject } from '../../model/json.ts';
import type { ApiFailure, ApiReply, ApiRequest } from '../../model/request.ts';
import type { Encoded, FieldRule, Frame, Operation, OperationType } from '../target.ts';
import { type Findings, readId, readPartnerType } from './values.ts';

export interface Site {
  /** `https://api.relay42.com/v1/site-1234`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Items and bytes a request. */
  readonly limits: { readonly items: number; readonly bytes: number };
  /** Puts a mask over credentials that a reply echoes. */
  readonly hide: <Reply extends ApiReply | ApiFailure>(reply: Reply) => Reply;
}

/** An operation as it is listed, and how a mapping's settings make it one that runs. */
export interface OperationKind extends OperationType {
  compile(name: string, settings: unknown, site: Site): Operation;
}

/** The platform's own id space (contract §1). */
export const platformPartnerType = '42';

/** Contract §4: the platform states none, so `maxRecords` and `maxBytes` of the target may go above these too. */
export const defaultLimits = { items: 50, bytes: 512_000 } as const;

export const addressFields: readonly FieldRule[] = [
  {
    name: 'partnerId',
    type: 'string',
    required: true,
    about: 'id of the profile, in the id space given by partnerType',
    alsoKnownAs: ['customer_id', 'customerId', 'crm_id', 'client_id', 'user_id', 'id'],
  },
  {
    name: 'partnerType',
    type: 'integer',
    about: 'number of the id space, where it differs from row to row; otherwise in settings',
  },
];

export interface Address {
  readonly partnerType: string;
  readonly partnerId: string;
  /** Route without anything operation-specific. */
  readonly route: string;
  readonly lane: string;
}

/** Who the item is about. Undefined when the findings say why not. */
export function readAddress(
  item: JsonObject,
  partnerType: string | undefined,
  findings: Findings,
): Address | undefined {
  const type = readPartnerType(item['partnerType'], partnerType, 'partnerType', findings);
  const id = readId(item['partnerId'], 'partnerId', findings);
  if (type === undefined || id === undefined) return undefined;
  return {
    partnerType: type,
    partnerId: id,
    route: `${type}?partnerId=${encodeURIComponent(id)}`,
    lane: laneOf(type, id),
  };
}

/** One key per id: whoever touches this id waits for whoever else does (contract §6 trap 1). */
export const laneOf = (partnerType: string, partnerId: string): string => `${partnerType}:${partnerId}`;

/** `…/profiles/2001/facts?partnerId=…` from a route. `section` may hold slashes. */
export function profileUrl(site: Site, route: string, section: string, branch = 'profiles'): string {
  const mark = route.indexOf('?');
  return `${site.url}/${branch}/${route.slice(0, mark)}/${section}${route.slice(mark)}`;
}

export function apiRequest(
  site: Site,
  method: ApiRequest['method'],
  url: string,
  body: readonly Uint8Array[] = [],
): ApiRequest {
  const headers: Record<string, string> = { Accept: 'application/json' };
  // Contract §2: the charset must be named whenever non-ASCII text may occur, so it always is.
  if (body.length > 0) headers['Content-Type'] = 'application/json;charset=utf-8';
  return { method, url, headers: { ...headers, ...site.headers }, body };
}

/** @param mostBytes what one item may take, so that it fits a request of its own */
export function encoded(
  findings: Findings,
  json: string,
  route: string,
  lanes: readonly string[],
  mostBytes: number,
): Encoded | { readonly faults: NonNullable<Findings['faults']> } {
  // A character takes three bytes of UTF-8 at most, so short texts need no measuring.
  if (json.length * 3 > mostBytes && Buffer.byteLength(json) > mostBytes) {
    findings.fault('item-too-large', '', `the item takes ${Buffer.byteLength(json)} bytes; at most ${mostBytes} go`);
  }
  if (findings.faults !== undefined) return { faults: findings.faults };
  return findings.warnings === undefined ? { json, route, lanes } : { json, route, lanes, warnings: findings.warnings };
}

export const frames = {
  array: { prefix: '[', suffix: ']' },
  interactions: { prefix: '{"interactions":[', suffix: ']}' },
  single: { prefix: '', suffix: '' },
} as const satisfies Record<string, Frame>;

export const roomIn = (bytes: number, { prefix, suffix }: Frame): number => bytes - prefix.length - suffix.length;

/** For the paths of `encode` on which something necessary could not be read. */
export const refused = (findings: Findings): { readonly faults: NonNullable<Findings['faults']> } => ({
  faults: findings.faults ?? [],
});
