import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * Where the journal and the rejects lie: `--state-dir`, else `CDP_LOAD_STATE_DIR`, else `stateDir` of the config file
 * (`configured`, absolute), else `.cdp-load` beside the config file, else `$XDG_STATE_HOME/cdp-load` (which is `~/.local/state/cdp-load` unless set).
 */
export function stateDirectory(
  options: { readonly stateDir?: string | undefined; readonly configured?: string | undefined },
  environment: Readonly<Record<string, string | undefined>>,
  configDirectory: string | undefined,
): string {
  // An empty variable is an unset one, as the XDG base directory specification has it.
  const named = options.stateDir || environment['CDP_LOAD_STATE_DIR'];
  if (named) return resolve(named);
  if (options.configured) return options.configured;
  if (configDirectory !== undefined) return resolve(configDirectory, '.cdp-load');
  const base = environment['XDG_STATE_HOME'] || join(environment['HOME'] || homedir(), '.local', 'state');
  return resolve(base, 'cdp-load');
}
