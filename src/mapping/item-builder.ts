/** Puts the values of a row where their dotted names say. The tree of names is known beforehand, so no key is ever looked up in data. */
import type { Json, JsonObject } from '../model/json.ts';
import { Refusal } from './refusal.ts';

/** What a field gives: undefined leaves it out. */
export type FieldValue = Json | undefined | Refusal;

/** @returns makes the object of one value for each path, without those that are left out or refused */
export function itemBuilder(paths: readonly (readonly string[])[]): (values: readonly FieldValue[]) => JsonObject {
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

  return (values) => {
    const item: JsonObject = {};
    const objects: (JsonObject | undefined)[] = [item];
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
    for (let index = 0; index < keys.length; index++) {
      const value = values[index];
      if (value === undefined || value instanceof Refusal) continue;
      const holder = holders[index] ?? 0;
      (objects[holder] ?? objectAt(holder))[keys[index] ?? ''] = value;
    }
    return item;
  };
}
