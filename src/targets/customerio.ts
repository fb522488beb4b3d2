/**
 * Customer.io, Pipelines API. Everything travels in `/batch`, in strict mode: without that header the platform answers 200
 * to a wrong key, a wrong region and a call it drops (contract §2, §5.4).
 */
import { hash } from 'node:crypto';
import type { ApiRequest } from '../model/request.ts';
import { type Call, type CallSettings, callNames, callOf, calls } from './customerio/calls.ts';
import {
  type CustomerioConfig,
  config,
  defaultItems,
  defaultRequestBytes,
  mostRequestBytes,
  mostRequestsPerSecond,
} from './customerio/config.ts';
import { compileEncode, type EncodeOptions } from './customerio/encode.ts';
import { fieldsOf, settingsOf } from './customerio/fields.ts';
import { messageIdMaker } from './customerio/message-id.ts';
import { askRegion, basicHeader, intakeUrls, preflight, type Region, regions } from './customerio/region.ts';
import { verdictOf } from './customerio/replies.ts';
import { secretHider } from './secrets.ts';
import { readSettings, targetError, unknownOperation } from './settings.ts';
import type { CommonSettings, Operation, OperationType, Target, TargetType } from './target.ts';

function operationType(name: string, call: Call): OperationType {
  const { summary, destroys } = call;
  return {
    summary,
    settings: settingsOf(name),
    fields: fieldsOf(call),
    ...(destroys === undefined ? {} : { destroys }),
  };
}

/** Contract §7: for how long is not public. */
const once = {
  name: 'messageId',
  says: 'Customer.io counts calls with one messageId once and drops the others',
} as const;

export const customerio: TargetType<CustomerioConfig> = {
  type: 'customerio',
  aliases: [],
  title: 'Customer.io (Pipelines API)',
  config,
  environment: {
    region: 'CUSTOMERIO_REGION',
    apiKey: 'CUSTOMERIO_CDP_API_KEY',
    siteId: 'CUSTOMERIO_SITE_ID',
    trackKey: 'CUSTOMERIO_TRACK_API_KEY',
  },
  secrets: ['apiKey', 'trackKey'],
  addresses: ['baseUrl', 'trackUrl'],
  // Rate: 3000 requests in 3 s are the ceiling, and what goes beyond may be dropped unsaid (contract §4, §9).
  defaults: { baseUrl: intakeUrls.us, concurrency: 4, rate: 50, costUnit: 'request', timeoutMs: 30_000 },
  operations: Object.fromEntries(Object.entries<Call>(calls).map(([name, call]) => [name, operationType(name, call)])),
  open,
};

function open(settings: CustomerioConfig, common: CommonSettings): Target {
  const { apiKey, siteId, trackKey, region } = settings;
  const baseUrl = intakeUrl(region, common.baseUrl);
  const authorization = basicHeader(apiKey, '');
  const hide = secretHider([
    apiKey,
    trackKey,
    encodedPart(authorization),
    siteId === undefined || trackKey === undefined ? undefined : encodedPart(basicHeader(siteId, trackKey)),
  ]);
  const send = (body: readonly Uint8Array[], strict: boolean): ApiRequest => ({
    method: 'POST',
    url: `${baseUrl}/batch`,
    headers: {
      ...common.headers,
      'Content-Type': 'application/json',
      ...(strict ? { 'X-Strict-Mode': '1' } : {}), // any other value means permissive (contract §2)
    },
    body,
  });

  const operation = (name: string, given: unknown): Operation => {
    const call = callOf(name);
    if (call === undefined) throw unknownOperation('customerio', name, callNames);
    const { destroys } = call;
    const notices = call.startsCampaigns === true ? [unknownWindow] : [];
    return {
      name,
      family: 'batch',
      fields: fieldsOf(call),
      emptyCells: {
        allowed: ['omit', 'null', 'keep', 'reject'],
        fallback: 'omit',
        why: 'Customer.io takes null and "" as an order to erase the attribute; leaving it out keeps what is stored.',
      },
      repeatable: true, // by messageId (contract §7)
      ...(destroys === undefined ? {} : { destroys }),
      // The only ones that state how a thing is; all others happen (contract §2.1).
      ...(call.type === 'identify' || call.type === 'group' ? { lastWins: { same: sameIds } } : {}),
      once,
      notices,
      limits: {
        items: common.maxRecords ?? defaultItems,
        bytes: Math.min(common.maxBytes ?? defaultRequestBytes, mostRequestBytes),
      },
      laned: true,
      encode: compileEncode(encodeOptions(name, call, readSettings(name, settingsOf(name), given), settings)),
      frame: () => frame,
      request: ({ body }) => send(body, settings.strict),
      verdict: (reply, { items }) => verdictOf(hide(reply), items),
      cost: () => 1,
      identicalRefusals: 25,
    };
  };

  return {
    identity: `customerio ${baseUrl} ${hash('sha256', apiKey).slice(0, 16)}`,
    // Longer than the vendor's own clients: a bulk load can wait (contract §5.2).
    retry: { retries: 8, waits: { kind: 'backoff', firstMs: 1000, capMs: 60_000 }, then: 'stop' },
    notices: settings.strict ? [] : [unverified],
    operation,
    authorize: (request) => ({ ...request, headers: { ...request.headers, Authorization: authorization } }),
    secretTexts: [encodedPart(authorization)],
    pace: { rate: mostRequestsPerSecond, concurrency: Number.MAX_SAFE_INTEGER },
    check: check(),
  };

  function check(): Target['check'] {
    if (siteId !== undefined && trackKey !== undefined) {
      return askRegion({ region, trackUrl: withoutSlash(settings.trackUrl), siteId, trackKey });
    }
    if (settings.preflight) {
      const item = JSON.stringify({ type: 'identify', userId: settings.preflightUserId, traits: {} });
      const request = send([Buffer.from(frame.prefix + item + frame.suffix)], true);
      const call = preflight(request, settings.preflightUserId);
      return { ...call, read: (reply, index) => call.read(hide(reply), index) };
    }
    return {
      none:
        'Customer.io has no call that proves a key without writing. Set siteId and trackKey to have the region looked up, ' +
        'or "preflight: true" to let the check create a throw-away person.',
    };
  }
}

const sameIds = [['userId'], ['anonymousId'], ['groupId'], ['traits', 'objectTypeId']] as const;
const frame = { prefix: '{"batch":[', suffix: ']}' };

const unknownWindow =
  'Customer.io counts calls with one messageId once, for a time it does not publish (at least a day is assumed): ' +
  'a load resumed later than that may double the events that were in flight.';
const unverified = 'Strict mode is off: Customer.io answers 200 to everything, so "accepted" means sent, unverified.';

function encodeOptions(name: string, call: Call, given: CallSettings, settings: CustomerioConfig): EncodeOptions {
  return {
    call,
    settings: given,
    makeMessageId: messageIdMaker(settings.messageId, name),
    campaigns: settings.campaigns,
    maxItemBytes: settings.maxItemBytes,
  };
}

/** The region's own address, unless another one was configured. */
function intakeUrl(region: Region, configured: string): string {
  const given = withoutSlash(configured);
  const other = regions.find((name) => name !== region && intakeUrls[name] === given);
  if (other === undefined) return given;
  // The default for all is the US address: it does not mean that anybody asked for it.
  if (given === customerio.defaults.baseUrl) return intakeUrls[region];
  throw targetError(
    'settings-invalid',
    `The address ${given} is that of region ${other}, but region is ${region}.`,
    `Take out "baseUrl", or set "region: ${other}".`,
  );
}

const withoutSlash = (url: string): string => url.replace(/\/+$/, '');
const encodedPart = (header: string): string => header.slice('Basic '.length);
