/** For `cdp-load targets`: what is set and what is missing, without opening the target. */
import type { Surroundings } from './interpolate.ts';
import type { LoadedConfig } from './load.ts';
import { targetNamed } from './named-target.ts';
import { ownProperties } from './settings.ts';
import type { RegisteredType } from './target-type.ts';

/** One setting of a target: where it comes from, never what a secret is. */
export interface SettingState {
  readonly name: string;
  readonly about: string;
  readonly required: boolean;
  readonly secret: boolean;
  readonly from: 'config' | 'environment' | 'default' | 'missing';
  readonly variable: string | undefined;
  readonly shown: string | undefined;
}

/** @throws UserError `target-unknown`, `config-invalid` */
export function settingStates(
  name: string,
  config: LoadedConfig,
  env: Surroundings['env'],
): { type: RegisteredType; states: SettingState[] } {
  const { type, given } = targetNamed(name, config);
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
