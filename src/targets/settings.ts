/** How all targets complain about what stands in a config or a mapping, so that the messages have one shape. */
import type * as z from 'zod';
import { UserError } from '../model/fault.ts';
import { readOnce } from '../model/read-once.ts';
import type { TargetCode } from './codes.ts';

export const targetError = (code: TargetCode, message: string, hint: string): UserError =>
  new UserError(code, message, { hint });

/** A mapping's `settings:` by the operation's schema. Throws UserError that names each key at fault. */
export function readSettings<Settings>(operation: string, schema: z.ZodType<Settings>, settings: unknown): Settings {
  const parsed = schema.safeParse(settings ?? {}, readOnce);
  if (parsed.success) return parsed.data;
  const complaints = parsed.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join('.')}: ${message}`,
  );
  throw targetError(
    'settings-invalid',
    `The settings of operation ${operation} are wrong: ${complaints.join('; ')}.`,
    `Correct "settings:" in the mapping.`,
  );
}

export function unknownOperation(target: string, name: string, known: readonly string[]): UserError {
  return targetError(
    'operation-unknown',
    `Target type ${target} has no operation "${name}".`,
    `Use one of: ${known.join(', ')}.`,
  );
}
