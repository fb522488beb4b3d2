/** A target from its type and its checked settings: all that a thread needs of the config, and nothing that reads files. */
import { UserError } from '../model/fault.ts';
import { closest } from '../model/suggest.ts';
import { findTargetType, knownNames } from '../targets/by-name.ts';
import type { CommonSettings, Target, TargetType } from '../targets/target.ts';

export type RegisteredType = TargetType<unknown>;

/** Plain data: travels to worker threads, which open the target again. */
export interface TargetSettings {
  /** The name it was asked for by. */
  readonly name: string;
  readonly type: string;
  readonly own: Readonly<Record<string, unknown>>;
  readonly common: CommonSettings;
}

export function openTarget({ type, own, common }: TargetSettings): Target {
  return requireType(type).open(own, common);
}

export function requireType(name: string): RegisteredType {
  const type = findTargetType(name);
  if (type === undefined) throw unknownTarget(name, []);
  return type;
}

export function unknownTarget(name: string, configured: readonly string[]): UserError {
  const near = closest(name, [...configured, ...knownNames]);
  const meant = near === undefined ? '' : ` Did you mean "${near}"?`;
  const known = configured.length === 0 ? 'No targets are configured.' : `Configured: ${configured.join(', ')}.`;
  return new UserError('target-unknown', `There is no target "${name}".${meant}`, {
    hint: `${known} Target types: ${knownNames.join(', ')}.`,
  });
}
