/** Puts a row's values where their dotted names say. The tree of names is known beforehand, so no key is ever looked up in data. */
import type { Json, JsonObject } from '../model/json.ts';

export interface ItemBuilder {
  /** Starts an item. */
  readonly begin: () => JsonObject;
  /** Puts the value of field `index` (in the order given to {@link itemBuilder}) into the item begun last. */
  readonly put: (index: number, value: Json) => void;
}

export function itemBuilder(paths: readonly (readonly string[])[]): ItemBuilder {
  /** Objects inside the item: by whom they are held and under which key. Group 0 is the item. */
  const groups: { readonly parent: number; readonly key: string }[] = [{ parent: -1, key: '' }];
  const known = new Map<string, number>([['[]', 0]]);
  const groupOf = (steps: readonly string[]): number => {
    const name = JSON.stringify(steps);
    let group = known.get(name);
    if (group === undefined) {
      group = groups.length;
      known.set(name, group);
      groups.push({ parent: 0, key: steps.at(-1) ?? '' });
      groups[group] = { parent: groupOf(steps.slice(0, -1)), key: steps.at(-1) ?? '' };
    }
    return group;
  };
  const holders = paths.map((steps) => groupOf(steps.slice(0, -1)));
  const keys = paths.map((steps) => steps.at(-1) ?? '');
  let objects: (JsonObject | undefined)[] = [];

  /** An object comes into being with its first value: a person without any part of an address has no address. */
  const objectAt = (group: number): JsonObject => {
    const present = objects[group];
    if (present !== undefined) return present;
    const { parent = 0, key = '' } = groups[group] ?? {};
    const made: JsonObject = {};
    objectAt(parent)[key] = made;
    objects[group] = made;
    return made;
  };

  return {
    begin: () => {
      const item: JsonObject = {};
      if (groups.length > 1) objects = new Array(groups.length).fill(undefined);
      objects[0] = item;
      return item;
    },
    put: (index, value) => {
      objectAt(holders[index] ?? 0)[keys[index] ?? ''] = value;
    },
  };
}
