/**
 * From a name on the command line to a destination that is ready to be opened: the config file, the environment and the
 * target type's defaults, put together and checked.
 */
import { resolve } from 'node:path';
import { z } from 'zod';
import { isLoopbackHost } from '../model/address.ts';
import { UserError } from '../model/fault.ts';
import { closest } from '../model/suggest.ts';
import { findTargetType, knownNames } from '../targets/by-name.ts';
import type { CommonSettings, Target, TargetType } from '../targets/target.ts';
import { interpolate, type Surroundings } from './interpolate.ts';
import { invalid, type LoadedConfig, mostUnknownKeys } from './load.ts';
import { type CommonTargetSettings, commonTargetSettings, controlCharacter } from './schema.ts';

export type RegisteredType = TargetType<unknown>;

/** Plain data: travels to worker threads, which open the target again. */
export interface TargetSettings {
  /** The name it was asked for by. */
  readonly name: string;
  readonly type: string;
  readonly own: Readonly<Record<string, unknown>>;
  readonly common: CommonSettings;
}

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

/** One setting of a target, for `cdp-load targets`: where it comes from, never what a secret is. */
export interface SettingState {
  readonly name: string;
  readonly about: string;
  readonly required: boolean;
  readonly secret: boolean;
  readonly from: 'config' | 'environment' | 'default' | 'missing';
  readonly variable: string | undefined;
  readonly shown: string | undefined;
}

export function openTarget({ type, own, common }: TargetSettings): Target {
  return requireType(type).open(own, common);
}

export function requireType(name: string): RegisteredType {
  const type = findTargetType(name);
  if (type === undefined) throw unknownTarget(name, []);
  return type;
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
  const { type, given, where } = lookUp(name, config);
  const replaced = overrides(type);
  const { own, common } = separate(
    type,
    gather(type, given, replaced, where, { env, directory: config.directory }),
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
      ...credentialsIn(transport.proxy),
    ].filter((value) => typeof value === 'string'),
  };
}

/** What is set and what is missing, without opening the target. */
export function settingStates(
  name: string,
  config: LoadedConfig,
  env: Surroundings['env'],
): { type: RegisteredType; states: SettingState[] } {
  const { type, given } = lookUp(name, config);
  const properties = ownProperties(type);
  const set = new Map<string, unknown>();
  for (const key of Object.keys(properties)) {
    const raw = given[key] ?? (env[type.environment[key] ?? ''] || undefined);
    if (raw !== undefined) set.set(key, raw);
  }
  // Some settings are needed only because of others (a token beside its id): the type's own rules say which.
  const lacking = new Set(
    (type.config.safeParse(Object.fromEntries(set)).error?.issues ?? [])
      .map(({ path }) => String(path[0]))
      .filter((key) => !set.has(key)),
  );
  const states = Object.entries(properties).map(([key, { description, isRequired }]): SettingState => {
    const variable = type.environment[key];
    const secret = type.secrets.includes(key);
    const raw = set.get(key);
    const missingReference =
      typeof raw === 'string'
        ? [...raw.matchAll(/\$\{([A-Za-z_]\w*)\}/g)].find(([, ref]) => (env[ref ?? ''] ?? '') === '')
        : undefined;
    const from =
      missingReference !== undefined
        ? 'missing'
        : given[key] !== undefined
          ? 'config'
          : raw !== undefined
            ? 'environment'
            : isRequired || lacking.has(key)
              ? 'missing'
              : 'default';
    return {
      name: key,
      about: description,
      required: isRequired,
      secret,
      from,
      variable: missingReference?.[1] ?? variable,
      shown:
        raw === undefined || missingReference !== undefined
          ? undefined
          : secret
            ? '•••'
            : typeof raw === 'string'
              ? raw
              : JSON.stringify(raw),
    };
  });
  return { type, states };
}

function lookUp(name: string, config: LoadedConfig) {
  const configured = Object.hasOwn(config.content.targets, name) ? config.content.targets[name] : undefined;
  if (configured !== undefined) {
    const type = findTargetType(configured.type);
    if (type === undefined) {
      const near = closest(configured.type, knownNames);
      const meant = near === undefined ? '' : ` Did you mean "${near}"?`;
      throw invalid([`${config.at(['targets', name, 'type'])}: "${configured.type}" is no target type.${meant}`]);
    }
    return {
      type,
      given: configured as Readonly<Record<string, unknown>>,
      where: `${config.at(['targets', name])}: targets.${name}`,
    };
  }
  const type = findTargetType(name);
  if (type === undefined) throw unknownTarget(name, Object.keys(config.content.targets));
  return { type, given: { type: type.type } as Readonly<Record<string, unknown>>, where: `target ${name}` };
}

/** Config first, then the environment; references are followed only for what is not replaced. */
function gather(
  type: RegisteredType,
  given: Readonly<Record<string, unknown>>,
  replaced: Readonly<Record<string, unknown>>,
  where: string,
  around: Surroundings,
): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    if (!(key in replaced)) settings[key] = interpolate(value, `${where}.${key}`, around);
  }
  for (const [key, variable] of Object.entries(type.environment)) {
    const value = around.env[variable];
    if (settings[key] === undefined && value !== undefined && value !== '') settings[key] = value;
  }
  return { ...settings, ...replaced };
}

function separate(type: RegisteredType, settings: Record<string, unknown>, name: string, config: LoadedConfig) {
  const commonKeys = Object.keys(commonTargetSettings.shape);
  const isCommon = ([key]: [string, unknown]) => commonKeys.includes(key);
  const entries = Object.entries(settings);
  const common = commonTargetSettings.safeParse(Object.fromEntries(entries.filter(isCommon)));
  const own = type.config.safeParse(Object.fromEntries(entries.filter((entry) => !isCommon(entry))));

  const complaints: string[] = [];
  const missing: string[] = [];
  for (const issue of [...(common.error?.issues ?? []), ...(own.error?.issues ?? [])]) {
    const [key] = issue.path;
    const where = config.at(['targets', name, ...issue.path]);
    if (issue.code === 'unrecognized_keys') {
      for (const unknown of issue.keys.slice(0, mostUnknownKeys)) {
        const near = closest(unknown, [...commonKeys, ...Object.keys(ownProperties(type))]);
        const meant = near === undefined ? '' : `; did you mean "${near}"?`;
        complaints.push(
          `${config.at(['targets', name, unknown])}: "${unknown}" is no setting of target type ${type.type}${meant}`,
        );
      }
    } else if (typeof key === 'string' && settings[key] === undefined) {
      const variable = type.environment[key];
      missing.push(variable === undefined ? key : `${key} (or the environment variable ${variable})`);
    } else {
      const [inner] = issue.code === 'invalid_key' ? issue.issues : [];
      complaints.push(`${where}: ${issue.path.join('.') || name}: ${inner?.message ?? issue.message}`);
    }
  }
  if (complaints.length > 0) throw invalid(complaints);
  if (missing.length > 0 || common.data === undefined || own.data === undefined) {
    throw new UserError('target-incomplete', `Target "${name}" (${type.title}) lacks ${missing.join(', ')}.`, {
      hint: `Set what is missing, then look with \`cdp-load targets ${name}\`. To try without credentials add --sandbox.`,
    });
  }
  return { own: own.data as Readonly<Record<string, unknown>>, common: common.data };
}

function checkAddresses(type: RegisteredType, settings: Readonly<Record<string, unknown>>, where: string): void {
  for (const key of new Set(['baseUrl', ...type.addresses])) {
    const value = settings[key];
    if (typeof value !== 'string' || value === '') continue;
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (url !== undefined && url.username + url.password !== '') {
      throw new UserError('address-with-password', `${where}: ${key} holds a name or a password.`, {
        hint: 'Credentials have settings of their own; another header can be set with "headers".',
      });
    }
    if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname))) continue;
    throw new UserError(
      'address-not-https',
      `${where}: ${key} must be an https address (plain http only on loopback).`,
      {
        hint: `Write ${key}: https://…`,
      },
    );
  }
}

/** What a header cannot hold would fail at every request, with words that help nobody. The value itself is not shown. */
function checkSecrets(type: RegisteredType, own: Readonly<Record<string, unknown>>, where: string): void {
  for (const key of type.secrets) {
    const value = own[key];
    if (typeof value !== 'string' || !controlCharacter.test(value)) continue;
    throw new UserError('secret-malformed', `${where}: ${key} has a line break or another control character in it.`, {
      hint: 'Look at the end of the file or of the variable that it comes from.',
    });
  }
}

/** The password of a proxy's address, as it is written and as it is meant. */
function credentialsIn(address: string | undefined): string[] {
  if (address === undefined || !URL.canParse(address)) return [];
  const { password } = new URL(address);
  return password === '' ? [] : [password, decodedOr(password)];
}

function decodedOr(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function absolutePaths<T extends { ca?: string | undefined; cert?: string | undefined; key?: string | undefined }>(
  transport: T,
  directory: string,
): T {
  const absolute = (path: string | undefined) => (path === undefined ? undefined : resolve(directory, path));
  return { ...transport, ca: absolute(transport.ca), cert: absolute(transport.cert), key: absolute(transport.key) };
}

function unknownTarget(name: string, configured: readonly string[]): UserError {
  const near = closest(name, [...configured, ...knownNames]);
  const meant = near === undefined ? '' : ` Did you mean "${near}"?`;
  const known = configured.length === 0 ? 'No targets are configured.' : `Configured: ${configured.join(', ')}.`;
  return new UserError('target-unknown', `There is no target "${name}".${meant}`, {
    hint: `${known} Target types: ${knownNames.join(', ')}.`,
  });
}

/** The type's own settings as its schema names them. */
function ownProperties(type: RegisteredType): Record<string, { description: string; isRequired: boolean }> {
  const { properties = {}, required = [] } = z.toJSONSchema(type.config, { io: 'input', unrepresentable: 'any' });
  return Object.fromEntries(
    Object.entries(properties).map(([key, schema]) => [
      key,
      {
        description: typeof schema === 'object' ? (schema.description ?? '') : '',
        isRequired: required.includes(key),
      },
    ]),
  );
}
