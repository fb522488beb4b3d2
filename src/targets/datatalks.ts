/**
 * Data Talks: three kinds of data point (profiles, events, inventory) in types and fields that each customer defines, one
 * signed request a record. The platform drops what it does not know and clears what is left out, so the mapping declares
 * the fields and everything is checked here first.
 */
import { hash } from 'node:crypto';
import type { ApiRequest } from '../model/request.ts';
import { createCheck } from './datatalks/check.ts';
import { createOperation, type Entity } from './datatalks/operation.ts';
import {
  type Config,
  config,
  environments,
  type OperationSettings,
  profileSettings,
  thingSettings,
} from './datatalks/settings.ts';
import { contentType, createSigner } from './datatalks/signature.ts';
import { stopAfterSix } from './datatalks/verdict.ts';
import { secretHider } from './secrets.ts';
import { readSettings, targetError, unknownOperation } from './settings.ts';
import type { CommonSettings, OperationType, Target, TargetDefaults, TargetType } from './target.ts';

const settingsOf = { profiles: profileSettings, events: thingSettings, inventory: thingSettings } as const;
const isEntity = (name: string): name is Entity => Object.hasOwn(settingsOf, name);

const operations: Readonly<Record<Entity, OperationType>> = {
  profiles: {
    summary: 'people: one profile for each Hard-ID, merged at the platform',
    settings: profileSettings,
    fields: [],
  },
  events: { summary: 'what people do (ticket purchases, visits)', settings: thingSettings, fields: [] },
  inventory: { summary: 'what they do it with (matches, products)', settings: thingSettings, fields: [] },
};

const defaults: TargetDefaults = {
  baseUrl: environments.production,
  // Contract §4: nothing is published; these are its defaults.
  concurrency: 8,
  rate: 20,
  costUnit: 'request',
  timeoutMs: 35_000,
};
const defaultMaxBytes = 256_000; // contract §4
const gatewayMaxBytes = 10_000_000; // contract §4

const ownHeaders = ['host', 'content-type', 'x-amz-date', 'authorization'];

export const datatalks: TargetType<Config> = {
  type: 'datatalks',
  aliases: [],
  title: 'Data Talks',
  config,
  environment: {
    accessKeyId: 'DATATALKS_ACCESS_KEY_ID',
    secretAccessKey: 'DATATALKS_SECRET_ACCESS_KEY',
    environment: 'DATATALKS_ENVIRONMENT',
    version: 'DATATALKS_VERSION',
    region: 'DATATALKS_REGION',
    groupKey: 'DATATALKS_GROUP_KEY',
  },
  secrets: ['accessKeyId', 'secretAccessKey'],
  addresses: ['baseUrl'],
  defaults,
  operations,
  open,
};

function open(config: Config, common: CommonSettings): Target {
  const { accessKeyId, secretAccessKey, region, groupKey } = config;
  const base = addressOf(config, common);
  const headers = headersOf(common);
  const hide = secretHider([secretAccessKey, accessKeyId]);
  const maxBytes = Math.min(common.maxBytes ?? defaultMaxBytes, gatewayMaxBytes);
  const urlOf = (entity: Entity) => `${base}/${config.version}/${entity}`;
  const emptyRecord: ApiRequest = { method: 'POST', url: urlOf('profiles'), headers, body: [Buffer.from('{}')] };

  return {
    // The key id is all that tells one customer from another.
    identity: ['datatalks', base, config.version, groupKey ?? '', `key ${hashOf(accessKeyId)}`].join(' '),
    retry: stopAfterSix,
    notices: [
      ...(base === environments.staging ? ['Data Talks staging: nothing reaches production'] : []),
      'one record a request; Data Talks says "accepted", not that a record is stored',
    ],
    operation(name, settings) {
      if (!isEntity(name)) throw unknownOperation('datatalks', name, Object.keys(settingsOf));
      const read: OperationSettings = readSettings<OperationSettings>(name, settingsOf[name], settings);
      return createOperation(name, read, { url: urlOf(name), headers, groupKey, maxBytes, hide });
    },
    authorize: createSigner({ accessKeyId, secretAccessKey }, region),
    check: createCheck(emptyRecord, { accessKeyId, secretAccessKey }, region, hide),
  };
}

/** `environment` chooses the host only where the user named none. */
function addressOf(config: Config, common: CommonSettings): string {
  const base = common.baseUrl.replace(/\/+$/, '');
  return base === environments.production ? environments[config.environment] : base;
}

function headersOf(common: CommonSettings): ApiRequest['headers'] {
  const taken = Object.keys(common.headers).find((name) => ownHeaders.includes(name.toLowerCase()));
  if (taken !== undefined) {
    throw targetError(
      'settings-invalid',
      `The header ${taken} belongs to the request's signature and cannot be set.`,
      'Take it out of "headers:".',
    );
  }
  return { ...common.headers, 'Content-Type': contentType };
}

const hashOf = (text: string): string => hash('sha256', text).slice(0, 16);
