/** `${NAME}` and `${file:/run/secrets/x}` in settings. Secrets belong in the environment or in files, not in the config. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { UserError } from '../model/fault.ts';

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where relative paths of `${file:…}` begin. */
  readonly directory: string;
}

const reference = /\$\{(?:file:([^}]+)|([A-Za-z_][A-Za-z0-9_]*))\}/g;

/**
 * Replaces references in every string of a setting.
 * @throws UserError `secret-missing`, naming the setting but never a value
 */
export function interpolate(value: unknown, where: string, around: Surroundings): unknown {
  if (typeof value === 'string') {
    return value.replace(reference, (_, file: string | undefined, name: string | undefined) =>
      file === undefined ? fromEnvironment(name ?? '', where, around) : fromFile(file, where, around),
    );
  }
  if (Array.isArray(value)) return value.map((element) => interpolate(element, where, around));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, interpolate(inner, `${where}.${key}`, around)]),
    );
  }
  return value;
}

function fromEnvironment(name: string, where: string, { env }: Surroundings): string {
  const value = env[name];
  if (value === undefined || value === '') {
    throw new UserError('secret-missing', `${where} refers to the environment variable ${name}, which is not set.`, {
      hint: `Set it: export ${name}=…`,
    });
  }
  return value;
}

function fromFile(file: string, where: string, { directory }: Surroundings): string {
  try {
    return readFileSync(resolve(directory, file), 'utf8').replace(/\r?\n$/, '');
  } catch {
    throw new UserError('secret-missing', `${where} refers to the file ${file}, which cannot be read.`, {
      hint: 'Check the path and the rights of the file.',
    });
  }
}
