/** Which target is meant by a name: one of the config file, or a target type whose settings are all in the environment. */
import { closest } from '../model/suggest.ts';
import { findTargetType, knownNames } from '../targets/by-name.ts';
import { invalid, type LoadedConfig } from './load.ts';
import { type RegisteredType, unknownTarget } from './target-type.ts';

export interface NamedTarget {
  readonly type: RegisteredType;
  /** What the config file says of it; its type alone when it is not configured. */
  readonly given: Readonly<Record<string, unknown>>;
  /** How complaints call it. */
  readonly where: string;
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
