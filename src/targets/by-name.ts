/**
 * The platforms by their names: a plain list, and a new one is a line here. A run needs one of them, so each is loaded
 * when it is first asked for.
 */
import { createRequire } from 'node:module';
import type { TargetType } from './target.ts';

/** Type, which names the file and what it exports, and everyday names. */
const names: Readonly<Record<string, readonly string[]>> = {
  raptor: ['stream'],
  adobe: [],
  relay42: [],
  customerio: [],
  datatalks: [],
};

/** All types, in the order in which they are listed. */
export const typeNames: readonly string[] = Object.keys(names);
/** All that {@link findTargetType} knows. */
export const knownNames: readonly string[] = Object.entries(names).flat(2);

/** By type or by everyday name. */
export function findTargetType(name: string): TargetType<unknown> | undefined {
  const [type] = Object.entries(names).find(([key, aliases]) => key === name || aliases.includes(name)) ?? [];
  return type === undefined ? undefined : load(type);
}

const require = createRequire(import.meta.url);
const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

function load(type: string): TargetType<unknown> | undefined {
  // A border to untyped code: `require` gives `any`. The tests of `index.ts` hold the list against what is there.
  return (require(`./${type}.${ending}`) as Readonly<Record<string, TargetType<unknown>>>)[type];
}
