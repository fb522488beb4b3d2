/** All platforms, loaded. Who needs one of them takes it from `by-name.ts`. */
import { findTargetType, typeNames } from './by-name.ts';

export { findTargetType } from './by-name.ts';

export const targetTypes = typeNames.map(findTargetType).filter((type) => type !== undefined);
