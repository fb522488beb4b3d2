/** Codes of what can be wrong with a config file or a target's settings. */
export const configCodes = {
  'config-invalid':
    'The config file (cdp-load.yaml) has something that cannot be right. File, line and column stand before each complaint.',
  'config-not-found': 'A config file was named with --config and is not there, or cannot be read.',
  'config-file-unreadable': 'A file that a setting names (a certificate, a secret) cannot be read.',
  'secret-missing': 'A setting refers to an environment variable or a file that is not there.',
  'target-unknown': 'No target of that name is configured, and it is no target type either.',
  'target-incomplete': 'The target lacks settings. They can stand in the config file or in the environment.',
  'secret-malformed': 'A secret holds a line break or another control character, which no header can hold.',
  'address-with-password': 'An address holds a name or a password (https://name:password@host).',
  'address-not-https':
    'Plain http would send data and credentials readable over the network. Only loopback may be plain.',
  'mapping-missing': 'No mapping was named, neither by --mapping nor by the target\'s "mapping" setting.',
} as const satisfies Record<string, string>;

export type ConfigCode = keyof typeof configCodes;
