/** Codes of what can go wrong with the sandbox itself. */
export const sandboxCodes = {
  'port-taken': 'The port of the sandbox is in use, or may not be used.',
  'fault-script-invalid': 'A fault script for the sandbox has something that cannot be right.',
} as const satisfies Record<string, string>;

export type SandboxCode = keyof typeof sandboxCodes;
