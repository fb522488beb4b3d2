/**
 * Adobe Experience Platform, Streaming Ingestion (contract: targets/adobe.md). 200 and 207 mean "received": rows are held
 * against their schema later, and what fails lies in a failed batch that nobody reads. Hence rows are checked here first, an
 * answer to a batch is read message by message, and a canary mode lets the platform check the first rows at once.
 */
import { hash } from 'node:crypto';
import { type AdobeConfig, adobeConfig, type Inlet, oauthClient, readInletUrl, vendorOrigin } from './adobe/config.ts';
import { type OperationName, operationTypes } from './adobe/operation-types.ts';
import { type Gate, openOperation } from './adobe/operations.ts';
import { retryPlan } from './adobe/replies.ts';
import { tokenCheck, tokenSource, withoutTokens } from './adobe/token.ts';
import { secretHider } from './secrets.ts';
import { targetError, unknownOperation } from './settings.ts';
import type { CommonSettings, Target, TargetType } from './target.ts';

export const adobe: TargetType<AdobeConfig> = {
  type: 'adobe',
  aliases: [],
  title: 'Adobe Experience Platform (Streaming Ingestion)',
  config: adobeConfig,
  environment: {
    inletUrl: 'ADOBE_INLET_URL',
    imsOrgId: 'ADOBE_IMS_ORG_ID',
    sandboxName: 'ADOBE_SANDBOX_NAME',
    datasetId: 'ADOBE_DATASET_ID',
    flowId: 'ADOBE_FLOW_ID',
    schemaId: 'ADOBE_SCHEMA_ID',
    clientId: 'ADOBE_CLIENT_ID',
    clientSecret: 'ADOBE_CLIENT_SECRET',
    scopes: 'ADOBE_SCOPES',
    tokenUrl: 'ADOBE_TOKEN_URL',
  },
  secrets: ['inletUrl', 'clientSecret'],
  addresses: ['baseUrl', 'inletUrl', 'tokenUrl'],
  // Guidance allows 1000 requests a second; Profile takes 1500 rows a second and only grows slow above it (contract §4, §9).
  defaults: { baseUrl: vendorOrigin, concurrency: 4, rate: 10, costUnit: 'request', timeoutMs: 60_000 },
  operations: operationTypes,
  open,
};

/** Enforced are 60 checked messages a minute (contract §4); a little less, because the minute is theirs and the clock ours. */
const checkedPace = { rate: 0.95, concurrency: 1 };

function open(config: AdobeConfig, common: CommonSettings): Target {
  const inlet = inletAt(config, common.baseUrl);
  const client = oauthClient(config);
  const token = client === undefined ? undefined : tokenSource(client);
  const hideKnown = secretHider([config.inletUrl, inlet.id, config.clientSecret]);
  const hide: Gate['hide'] = (reply) => withoutTokens(hideKnown(reply));
  const gate: Gate = { config, common, inlet, hasToken: token !== undefined, hide };

  return {
    identity: identityOf(config, inlet),
    retry: retryPlan,
    notices: config.syncValidation ? [canary] : [receivedOnly, freshFlow],
    operation(name, settings) {
      if (!isOperation(name)) throw unknownOperation('adobe', name, Object.keys(operationTypes));
      return openOperation(name, settings, gate);
    },
    authorize: (request, _now, bearer) =>
      token === undefined || bearer === undefined
        ? request
        : { ...request, headers: { ...request.headers, Authorization: `Bearer ${bearer}` } },
    ...(token === undefined ? {} : { token }),
    ...(config.syncValidation ? { pace: checkedPace } : {}),
    secretTexts: [inlet.id],
    check: token === undefined ? { none: noCheck } : tokenCheck(token),
  };
}

const isOperation = (name: string): name is OperationName => Object.hasOwn(operationTypes, name);

const receivedOnly =
  'Adobe says "received" first and checks rows against the schema later: what fails then lies in Monitoring, under failed batches.';
const freshFlow =
  'Rows sent within 5 minutes of creating or changing the dataflow, or 15 of changing the schema, may be lost at Adobe.';
const canary =
  'Canary: one row a request, checked at once, 57 a minute. A row that passes IS stored; one that fails is kept nowhere at Adobe.';
const noCheck =
  'an inlet without authentication has no call that proves its URL and stores nothing. Send a row with "syncValidation: true" instead';

/** The inlet's own address, unless another base is asked for: then only what identifies the inlet is kept. */
function inletAt({ inletUrl }: AdobeConfig, baseUrl: string): Inlet {
  const inlet = readInletUrl(inletUrl);
  if (typeof inlet === 'string') {
    throw targetError('settings-invalid', `inletUrl ${inlet}.`, 'Set inletUrl, or ADOBE_INLET_URL in the environment.');
  }
  const base = baseUrl.replace(/\/+$/, '');
  return base === vendorOrigin ? inlet : { ...inlet, base };
}

/** The inlet's id opens it, so it stands here as a hash. Single and batch mode fill the same place: a canary is a part of the load. */
function identityOf({ imsOrgId, sandboxName, datasetId = '-' }: AdobeConfig, { base, id }: Inlet): string {
  const digest = hash('sha256', `cdp-load adobe ${imsOrgId} ${id.toLowerCase()}`);
  return `adobe ${base} org ${imsOrgId} sandbox ${sandboxName} inlet ${digest.slice(0, 16)} dataset ${datasetId}`;
}
