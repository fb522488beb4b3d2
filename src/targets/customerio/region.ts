/** Where the two regions are, and how to ask the Track host which one an account lives in (contract §2, §5.4). */
import { isJsonObject } from '../../model/json.ts';
import type { ApiFailure, ApiReply, ApiRequest } from '../../model/request.ts';
import { jsonBody } from '../replies.ts';
import type { HarmlessCall } from '../target.ts';
import { complaintOf, verdictOf } from './replies.ts';

export const regions = ['us', 'eu'] as const;
export type Region = (typeof regions)[number];

export const intakeUrls: Record<Region, string> = {
  us: 'https://cdp.customer.io/v1',
  eu: 'https://cdp-eu.customer.io/v1',
};

/** Either Track host answers for both regions. */
export const trackHost = 'https://track.customer.io';

export const basicHeader = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

interface RegionQuestion {
  readonly region: Region;
  readonly trackUrl: string;
  readonly siteId: string;
  readonly trackKey: string;
}

type Said = ReturnType<HarmlessCall['read']>;

/** Track credentials, not the pipeline's key: this says where the account is, not whether the key is right. */
export function askRegion({ region, trackUrl, siteId, trackKey }: RegionQuestion): HarmlessCall {
  const request: ApiRequest = {
    method: 'GET',
    url: `${trackUrl}/api/v1/accounts/region`,
    headers: { Accept: 'application/json' },
    body: [],
  };
  const credentials = basicHeader(siteId, trackKey);
  return {
    about: 'Asks the Track API which region the account is in. Nothing is written.',
    calls: [
      {
        request,
        authorize: (plain) => ({ ...plain, headers: { ...plain.headers, Authorization: credentials } }),
      },
    ],
    read: (reply) => readRegion(reply, region),
  };
}

function readRegion(reply: ApiReply | ApiFailure, region: Region): Said {
  if (reply.kind === 'failure') return { ok: false, says: reply.message };
  if (reply.status === 401) {
    return {
      ok: false,
      says: 'the Track API does not accept siteId and trackKey (401)',
      hint: 'Use the site id and the Track API key of the workspace; the CDP API key does not work there.',
    };
  }
  const body = jsonBody(reply);
  const found = isJsonObject(body) ? body['region'] : undefined;
  if (reply.status !== 200 || (found !== 'us' && found !== 'eu')) {
    return { ok: false, says: `the Track API answered ${reply.status} and named no region` };
  }
  if (found === region) {
    return { ok: true, says: `the account is in region ${found}, as configured (the CDP API key was not tried)` };
  }
  return {
    ok: false,
    says: `the account is in region ${found}, but the target is set to ${region}: calls would be lost without an error`,
    hint: `Set "region: ${found}".`,
  };
}

/** Creates a person, so it is made only when asked for (contract §8). */
export function preflight(request: ApiRequest, userId: string): HarmlessCall {
  return {
    about: `Identifies the throw-away person "${userId}" in strict mode. It creates that person in the workspace.`,
    calls: [{ request }],
    read(reply) {
      const verdict = verdictOf(reply, 1);
      if (verdict.kind === 'accepted') return { ok: true, says: 'the CDP API key works in strict mode' };
      if (reply.kind === 'failure') return { ok: false, says: reply.message };
      const hint = verdict.kind === 'fatal' ? verdict.reason.hint : undefined;
      const says = `Customer.io answered ${reply.status}: ${complaintOf(reply) ?? 'no reason given'}`;
      return { ok: false, says, ...(hint === undefined ? {} : { hint }) };
    },
  };
}
