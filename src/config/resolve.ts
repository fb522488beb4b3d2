/**
 * From a name on the command line to a destination that is ready to be opened: the config file, the environment and the
 * target type's defaults, put together and checked.
 */
import { resolve } from 'node:path';
import type { CommonSettings, Target } from '../targets/target.ts';
import type { Surroundings } from './interpolate.ts';
import type { LoadedConfig } from './load.ts';
import { targetNamed } from './named-target.ts';
import { checkAddresses, checkSecrets, credentialsIn, proxyVariables } from './safe-settings.ts';
import type { CommonTargetSettings } from './schema.ts';
import { gatherSettings, separateSettings } from './settings.ts';
import type { RegisteredType, TargetSettings } from './target-type.ts';

export interface ResolvedTarget {
  readonly settings: TargetSettings;
  readonly type: RegisteredType;
  readonly target: Target;
  readonly transport: Omit<
    CommonTargetSettings,
    'type' | 'mapping' | 'baseUrl' | 'headers' | 'maxRecords' | 'maxBytes'
  >;
  /** Absolute path of the mapping that the config names. */
  readonly mapping: string | undefined;
  /** Values that no output may show. */
  readonly secrets: readonly string[];
}

/**
 * @param overrides settings that win over all others (the sandbox's address and credentials)
 * @throws UserError exit 2
 */
export function resolveTarget(
  name: string,
  config: LoadedConfig,
  env: Surroundings['env'],
  overrides: (type: RegisteredType) => Readonly<Record<string, unknown>> = () => ({}),
): ResolvedTarget {
  const { type, given, where } = targetNamed(name, config);
  const replaced = overrides(type);
  const { own, common } = separateSettings(
    type,
    gatherSettings(type, given, replaced, where, { env, directory: config.directory }),
    name,
    config,
  );
  const settings: CommonSettings = {
    baseUrl: common.baseUrl ?? type.defaults.baseUrl,
    headers: common.headers,
    ...(common.maxRecords === undefined ? {} : { maxRecords: common.maxRecords }),
    ...(common.maxBytes === undefined ? {} : { maxBytes: common.maxBytes }),
  };
  checkAddresses(type, { ...own, baseUrl: settings.baseUrl }, where);
  checkSecrets(type, own, where);
  const {
    type: _type,
    mapping,
    baseUrl: _base,
    headers,
    maxRecords: _records,
    maxBytes: _bytes,
    ...transport
  } = common;
  return {
    settings: { name, type: type.type, own, common: settings },
    type,
    target: type.open(own, settings),
    transport: absolutePaths(transport, config.directory),
    mapping: mapping === undefined ? undefined : resolve(config.directory, mapping),
    secrets: [
      ...type.secrets.map((key) => own[key]),
      ...Object.values(headers),
      ...[transport.proxy, ...proxyVariables.map((name) => env[name])].flatMap(credentialsIn),
    ].filter((value) => typeof value === 'string'),
  };
}

function absolutePaths<T extends { ca?: string | undefined; cert?: string | undefined; key?: string | undefined }>(
  transport: T,
  directory: string,
): T {
  const absolute = (path: string | undefined) => (path === undefined ? undefined : resolve(directory, path));
  return { ...transport, ca: absolute(transport.ca), cert: absolute(transport.cert), key: absolute(transport.key) };
}
