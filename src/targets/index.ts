/** The platforms: a plain list. A new one is a line here. */
import { datatalks } from './datatalks.ts';
import { raptor } from './raptor.ts';
import type { TargetType } from './target.ts';

export const targetTypes: readonly TargetType<unknown>[] = [raptor, datatalks];

/** By type or by everyday name. */
export const findTargetType = (name: string): TargetType<unknown> | undefined =>
  targetTypes.find(({ type, aliases }) => type === name || aliases.includes(name));
