/** The platforms: a plain list. A new one is a line here. */
import { adobe } from './adobe.ts';
import { customerio } from './customerio.ts';
import { datatalks } from './datatalks.ts';
import { raptor } from './raptor.ts';
import { relay42 } from './relay42.ts';
import type { TargetType } from './target.ts';

export const targetTypes: readonly TargetType<unknown>[] = [raptor, adobe, relay42, customerio, datatalks];

/** By type or by everyday name. */
export const findTargetType = (name: string): TargetType<unknown> | undefined =>
  targetTypes.find(({ type, aliases }) => type === name || aliases.includes(name));
