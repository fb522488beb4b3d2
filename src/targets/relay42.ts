/**
 * Relay42 (Supermetrics Data Activation), REST API v1. One request is about one profile: items are grouped by the profile
 * they address, and whatever shares an id waits for the other, because two parallel requests for one new id create two
 * profiles (contract §5, trap 1).
 */
import * as z from 'zod';
import type { ApiFailure, ApiReply, ApiRequest } from '../model/request.ts';
import { datafeedDelete, datafeedPut } from './relay42/datafeeds.ts';
import { factsAdd, factsDelete, factsUpdate } from './relay42/facts.ts';
import { interactionsAdd, interactionsUpdate } from './relay42/interactions.ts';
import { mappingsAdd, mappingsDelete } from './relay42/mappings.ts';
import { connectorActivate, profileDelete } from './relay42/profile.ts';
import {
  apiRequest,
  defaultLimits,
  type OperationKind,
  platformPartnerType,
  profileUrl,
  type Site,
} from './relay42/site.ts';
import { hints, ladder, platformReason } from './relay42/verdicts.ts';
import { secretHider } from './secrets.ts';
import { unknownOperation } from './settings.ts';
import type { CommonSettings, Target, TargetType } from './target.ts';

const config = z
  .strictObject({
    siteNumber: z
      .union([z.int().min(1), z.string().regex(/^[1-9]\d*$/, 'the digits of the site number, without "site-"')])
      .describe('Number of the site in Relay42, the N of site-N in its addresses'),
    apiId: z
      .string()
      .min(1)
      .regex(/^[^:]*$/, 'must not hold a colon: Basic authentication ends the name there')
      .optional()
      .describe('API identifier of a dedicated API account'),
    accessToken: z.string().min(1).optional().describe('Access token that belongs to the API identifier'),
    bearerToken: z
      .string()
      .regex(/^[\w.~+/=-]+$/, 'holds characters that a bearer token cannot have')
      .optional()
      .describe('Ready-made JWT, instead of apiId and accessToken'),
    auth: z
      .enum(['basic', 'bearer'])
      .optional()
      .describe('Which credentials to use, where both kinds are given: basic (apiId and accessToken) or bearer'),
  })
  .superRefine((given, context) => {
    const complain = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    const hasBasic = given.apiId !== undefined || given.accessToken !== undefined;
    const hasBearer = given.bearerToken !== undefined;
    if (given.auth === undefined && hasBasic && hasBearer) {
      complain('auth', 'bearerToken is given beside apiId and accessToken: say basic or bearer');
    } else if (given.auth === 'bearer' || (given.auth === undefined && hasBearer)) {
      if (!hasBearer) complain('bearerToken', 'is needed with auth: bearer');
    } else if (given.apiId === undefined) {
      complain('apiId', 'give apiId and accessToken, or bearerToken');
    } else if (given.accessToken === undefined) {
      complain('accessToken', 'apiId needs its accessToken');
    }
  });
export type Relay42Config = z.infer<typeof config>;

const operations: Readonly<Record<string, OperationKind>> = {
  'facts.add': factsAdd,
  'facts.update': factsUpdate,
  'facts.delete': factsDelete,
  'interactions.add': interactionsAdd,
  'interactions.update': interactionsUpdate,
  'mappings.add': mappingsAdd,
  'mappings.delete': mappingsDelete,
  'profile.delete': profileDelete,
  'datafeed.put': datafeedPut,
  'datafeed.delete': datafeedDelete,
  'connector.activate': connectorActivate,
};

export const relay42: TargetType<Relay42Config> = {
  type: 'relay42',
  aliases: [],
  title: 'Relay42 (Supermetrics Data Activation)',
  config,
  environment: {
    siteNumber: 'RELAY42_SITE_NUMBER',
    apiId: 'RELAY42_API_IDENTIFIER',
    accessToken: 'RELAY42_ACCESS_TOKEN',
    bearerToken: 'RELAY42_JWT',
  },
  secrets: ['accessToken', 'bearerToken'],
  addresses: ['baseUrl'],
  defaults: {
    baseUrl: 'https://api.relay42.com',
    concurrency: 8,
    rate: 20, // contract §4: the real budget is a matter of contract with the vendor
    costUnit: 'call or written part',
    timeoutMs: 60_000,
  },
  operations,
  open: openTarget,
};

function openTarget(given: Relay42Config, common: CommonSettings): Target {
  const siteNumber = String(given.siteNumber);
  const baseUrl = common.baseUrl.replace(/\/+$/, '');
  const authorization = authorizationOf(given);
  const site: Site = {
    url: `${baseUrl}/v1/site-${siteNumber}`,
    headers: common.headers,
    limits: {
      items: common.maxRecords ?? defaultLimits.items,
      bytes: common.maxBytes ?? defaultLimits.bytes,
    },
    hide: secretHider([given.accessToken, given.bearerToken, authorization.replace(/^\w+ /, '')]),
  };
  return {
    identity: `relay42 ${baseUrl} site-${siteNumber}`,
    retry: ladder,
    notices: [],
    operation(name, settings) {
      const kind = Object.hasOwn(operations, name) ? operations[name] : undefined;
      if (kind === undefined) throw unknownOperation('relay42', name, Object.keys(operations));
      return kind.compile(name, settings, site);
    },
    authorize: (request) => ({ ...request, headers: { ...request.headers, Authorization: authorization } }),
    check: {
      about: 'asks for the id of a profile that does not exist; nothing is written',
      calls: [{ request: checkRequest(site) }],
      read: (reply) => readCheck(site.hide(reply), siteNumber),
    },
  };
}

/** Contract §3: Basic with the API identifier and the access token; `Bearer` is what a JWT is commonly sent with (inferred). */
function authorizationOf({ apiId, accessToken, bearerToken, auth }: Relay42Config): string {
  if (bearerToken !== undefined && auth !== 'basic') return `Bearer ${bearerToken}`;
  return `Basic ${Buffer.from(`${apiId}:${accessToken}`, 'utf8').toString('base64')}`;
}

/** An id that no profile has, in the platform's own id space, which every site has. */
const madeUpId = '00000000-0000-0000-0000-000000000000';

const checkRequest = (site: Site): ApiRequest =>
  apiRequest(site, 'GET', profileUrl(site, `${platformPartnerType}?partnerId=${madeUpId}`, 'profileId'));

/** Contract §3: 404 and 200 both prove the login. Nothing else does, and a 403 must not be asked for twice. */
function readCheck(reply: ApiReply | ApiFailure, siteNumber: string): { ok: boolean; says: string; hint?: string } {
  if (reply.kind === 'failure') return { ok: false, says: reply.message };
  if ((reply.status === 200 || reply.status === 404) && !/^\s*</.test(reply.body)) {
    return { ok: true, says: `the login is good for site ${siteNumber}` };
  }
  const says = platformReason('unexpected-status', reply).reason;
  if (reply.status === 401) return { ok: false, says, hint: hints.unauthorized };
  if (reply.status === 403) return { ok: false, says, hint: hints.forbidden };
  return { ok: false, says };
}
