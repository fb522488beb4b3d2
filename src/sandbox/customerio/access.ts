/** Who may come in: a key for each region's source, and Track credentials for the region look-up (contract §3, §5.4). */
import type { EmulatorReply, EmulatorRequest } from '../emulator.ts';

export const regions = ['us', 'eu'] as const;
export type Region = (typeof regions)[number];

export const credentials = {
  us: { apiKey: 'sandbox-us-cdp-api-key', siteId: 'sandbox-us-site', trackKey: 'sandbox-us-track-key' },
  eu: { apiKey: 'sandbox-eu-cdp-api-key', siteId: 'sandbox-eu-site', trackKey: 'sandbox-eu-track-key' },
} as const satisfies Record<Region, Record<string, string>>;

/** What `Basic base64(…)` says; '' when the header is missing or malformed. */
function basicPair({ headers }: EmulatorRequest): string {
  const [, encoded] = /^Basic ([A-Za-z0-9+/]+=*)$/.exec(headers['authorization'] ?? '') ?? [];
  return Buffer.from(encoded ?? '', 'base64').toString('utf8');
}

/** Why this request may not enter that region. The key is the user, the password is empty, the colon is there. */
export function refusalOf(request: EmulatorRequest, region: Region): 'auth' | 'region' | undefined {
  const pair = basicPair(request);
  const home = regions.find((name) => pair === `${credentials[name].apiKey}:`);
  if (home === undefined) return 'auth';
  return home === region ? undefined : 'region';
}

/** Either Track host answers for accounts of either region. */
export function tellRegion(request: EmulatorRequest): EmulatorReply {
  const pair = basicPair(request);
  const region = regions.find((name) => pair === `${credentials[name].siteId}:${credentials[name].trackKey}`);
  if (region === undefined) return { status: 401, body: { meta: { error: 'unauthorized' } } };
  const url = region === 'us' ? 'https://track.customer.io' : 'https://track-eu.customer.io';
  return { status: 200, body: { url, region, environment_id: region === 'us' ? 3 : 4 } };
}
