/** The library behind expressions, loaded with the first of them: most mappings have none. */
import { createRequire } from 'node:module';

type Cel = typeof import('@marcbachmann/cel-js');

let loaded: Cel | undefined;

export function cel(): Cel {
  // A border to untyped code: `require` gives `any`.
  loaded ??= createRequire(import.meta.url)('@marcbachmann/cel-js') as Cel;
  return loaded;
}
