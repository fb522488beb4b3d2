/**
 * Opens a target for a look at rows, with nothing sent: what the config and the environment do not give is taken from the
 * emulator's settings, so that tests run on a machine that has no credentials. No server is started.
 */

import type { Surroundings } from '../config/interpolate.ts';
import type { LoadedConfig } from '../config/load.ts';
import { type ResolvedTarget, resolveTarget } from '../config/resolve.ts';
import { settingStates } from '../config/setting-states.ts';
import type { RegisteredType } from '../config/target-type.ts';
import { systemClock } from '../model/clock.ts';
import { UserError } from '../model/fault.ts';
import { emulatorTypes } from '../sandbox/index.ts';

/** Nothing listens here, and nothing calls. */
const nowhere = 'http://127.0.0.1:1';

type Settings = Readonly<Record<string, unknown>>;

/** @throws UserError when the config contradicts itself or names what no target has */
export function standInTarget(name: string, config: LoadedConfig, env: Surroundings['env']): ResolvedTarget {
  let trouble: unknown;
  // The emulator gives as little as will do: a setting of the user's own may decide how items are checked.
  for (const overrides of [() => ({}), fillGaps(name, config, env), emulatorSettings]) {
    try {
      return resolveTarget(name, config, env, overrides);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      trouble = error;
    }
  }
  throw trouble;
}

const fillGaps =
  (name: string, config: LoadedConfig, env: Surroundings['env']) =>
  (type: RegisteredType): Settings => {
    const given = settingStates(name, config, env).states.filter(
      ({ from }) => from === 'config' || from === 'environment',
    );
    const names = new Set(given.map((state) => state.name));
    const own = settingStates(name, config, env).states.map((state) => state.name);
    return Object.fromEntries(
      Object.entries(emulatorSettings(type)).filter(([key]) => own.includes(key) && !names.has(key)),
    );
  };

function emulatorSettings({ type }: RegisteredType): Settings {
  const emulator = emulatorTypes.find(({ platform }) => platform === type);
  return emulator?.create(systemClock).settings(`${nowhere}/${type}`) ?? {};
}
