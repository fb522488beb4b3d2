/** Which target is meant by a name: one of the config file, or a target type whose settings are all in the environment. */
import { UserError } from '../model/fault.ts';
import { closest } from '../model/suggest.ts';
import { findTargetType, knownNames } from '../targets/by-name.ts';
import type { TargetType } from '../targets/target.ts';
import { invalid, type LoadedConfig } from './load.ts';

export type RegisteredType = TargetType<unknown>;

export interface NamedTarget {
  readonly type: RegisteredType;
  /** What the config file says of it; its type alone when it is not configured. */
  readonly given: Readonly<Record<string, unknown>>;
  /** How complaints call it. */
  readonly where: string;
}

export function requireType(name: string): RegisteredType {
  const type = findTargetType(name);
  if (type === undefined) throw unknownTarget(name, []);
  return type;
}

/** @throws UserError `target-unknown`, `config-invalid` */
export function targetNamed(name: string, config: LoadedConfig): NamedTarget {
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

function unknownTarget(name: string, configured: readonly string[]): UserError {
  const near = closest(name, [...configured, ...knownNames]);
  const meant = near === undefined ? '' : ` Did you mean "${near}"?`;
  const known = configured.length === 0 ? 'No targets are configured.' : `Configured: ${configured.join(', ')}.`;
  return new UserError('target-unknown', `There is no target "${name}".${meant}`, {
    hint: `${known} Target types: ${knownNames.join(', ')}.`,
  });
}
