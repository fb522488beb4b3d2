/** The settings of one target, put together from config and environment, and told apart: those that every target has, and its type's own. */
import * as z from 'zod';
import { UserError } from '../model/fault.ts';
import { readOnce } from '../model/read-once.ts';
import { closest } from '../model/suggest.ts';
import { interpolate, type Surroundings } from './interpolate.ts';
import { invalid, type LoadedConfig, mostUnknownKeys } from './load.ts';
import { commonTargetSettings } from './schema.ts';
import type { RegisteredType } from './target-type.ts';

/** Config first, then the environment; references are followed only for what is not replaced. */
export function gatherSettings(
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

/** @throws UserError `config-invalid`, `target-incomplete` */
export function separateSettings(
  type: RegisteredType,
  settings: Record<string, unknown>,
  name: string,
  config: LoadedConfig,
) {
  const commonKeys = Object.keys(commonTargetSettings.shape);
  const isCommon = ([key]: [string, unknown]) => commonKeys.includes(key);
  const entries = Object.entries(settings);
  const common = commonTargetSettings.safeParse(Object.fromEntries(entries.filter(isCommon)), readOnce);
  const own = type.config.safeParse(Object.fromEntries(entries.filter((entry) => !isCommon(entry))), readOnce);

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

/** The type's own settings as its schema names them. */
export function ownProperties(type: RegisteredType): Record<string, { description: string; isRequired: boolean }> {
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
