import { createRequire } from 'node:module';

type Luxon = typeof import('luxon');

let loaded: Luxon | undefined;

/** luxon takes a few milliseconds to load, in each thread anew, and most mappings name neither a zone nor a month. */
export function luxon(): Luxon {
  // A border to untyped code: `require` gives `any`.
  loaded ??= createRequire(import.meta.url)('luxon') as Luxon;
  return loaded;
}
