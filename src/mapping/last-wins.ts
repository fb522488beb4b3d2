/**
 * `lastWins`: within one block, an item that a later one of the same key overwrites whole need not be sent. That is so only
 * when nobody could tell the difference afterwards:
 *
 * - both are of one entry, one key, one route, the same lanes (whom they are about), and agree in what the operation says
 *   identifies the thing that is written;
 * - the later one has every field of the earlier one, however deep. Lists must be equal: some platforms append to them. Objects
 *   only stand for objects: they are merged into what is there;
 * - no item of an entry without `lastWins` stands between them in any of their lanes: an event sees the person as it was.
 *
 * An item that is superseded stays in the block: it is sent after all when the platform refuses the one that took its place.
 */
import { isJsonObject, type Json, type JsonObject, parseKeepingDigits } from '../model/json.ts';
import type { Encoded, Operation } from '../targets/target.ts';

type Overwrites = NonNullable<Operation['lastWins']>;

/** As in {@link MappedBlock}. */
export interface Superseded {
  readonly superseded: Uint8Array;
  readonly earlier: Uint32Array;
}

/** The last item of an entry in its lanes. */
interface Holder {
  readonly index: number;
  readonly key: string;
  readonly item: Pick<Encoded, 'json' | 'route' | 'lanes'>;
}

export interface Collapser {
  /** Items come in their order; `index` counts from 0 in each block. */
  add(index: number, entry: number, key: string, item: Encoded): void;
  /** What was found in this block; the next item is the first of another one. */
  take(items: number): Superseded;
}

/** @param overwrites by entry; undefined where the mapping does not say `lastWins` */
export function createCollapser(overwrites: readonly (Overwrites | undefined)[]): Collapser {
  /** Lane → by entry, the last item that touched it. */
  let holders = new Map<string, (Holder | undefined)[]>();
  let pairs: [later: number, earlier: number][] = [];
  const parse = keepingLast(parseKeepingDigits);

  /** The one item that was the last of this entry in all of these lanes. */
  const holderOf = (lanes: readonly string[], entry: number): Holder | undefined => {
    const [first, ...others] = lanes;
    const holder = first === undefined ? undefined : holders.get(first)?.[entry];
    return others.every((lane) => holders.get(lane)?.[entry] === holder) ? holder : undefined;
  };

  return {
    add(index, entry, key, item) {
      const rule = overwrites[entry];
      if (rule === undefined) {
        for (const lane of item.lanes) holders.delete(lane);
        return;
      }
      const { json, route, lanes } = item;
      const holder: Holder = { index, key, item: { json, route, lanes } };
      const before = key === '' ? undefined : holderOf(lanes, entry);
      if (before !== undefined && before.key === key && isOverwritten(before.item, item, rule, parse))
        pairs.push([index, before.index]);
      for (const lane of lanes) {
        const here = holders.get(lane);
        if (here === undefined) holders.set(lane, withHolder([], entry, holder));
        else here[entry] = holder;
      }
    },
    take(items) {
      const found = { superseded: new Uint8Array(items), earlier: new Uint32Array(items) };
      for (const [later, earlier] of pairs) {
        found.earlier[later] = earlier + 1;
        found.superseded[earlier] = 1;
      }
      holders = new Map();
      pairs = [];
      return found;
    },
  };
}

type Parse = (json: string) => Json;

/** Where rows of one person stand together, each was parsed for the row before it. All that were parsed would outlive collections of garbage. */
function keepingLast(parse: Parse): Parse {
  let last: { readonly json: string; readonly value: Json } | undefined;
  return (json) => {
    if (last?.json !== json) last = { json, value: parse(json) };
    return last.value;
  };
}

function withHolder(list: (Holder | undefined)[], entry: number, holder: Holder): (Holder | undefined)[] {
  list[entry] = holder;
  return list;
}

function isOverwritten(earlier: Holder['item'], later: Holder['item'], { same }: Overwrites, parse: Parse): boolean {
  if (earlier.route !== later.route || earlier.lanes.length !== later.lanes.length) return false;
  if (!earlier.lanes.every((lane) => later.lanes.includes(lane))) return false;
  const [before, after] = [parse(earlier.json), parse(later.json)];
  const agree = same.every((path) => JSON.stringify(valueAt(before, path)) === JSON.stringify(valueAt(after, path)));
  return agree && covers(after, before);
}

function valueAt(value: Json, path: readonly string[]): Json | undefined {
  let found: Json | undefined = value;
  for (const step of path) found = isJsonObject(found) && Object.hasOwn(found, step) ? found[step] : undefined;
  return found;
}

function covers(later: Json | undefined, earlier: Json): boolean {
  if (later === undefined) return false;
  if (Array.isArray(earlier) || Array.isArray(later)) return JSON.stringify(later) === JSON.stringify(earlier);
  // A text or a null erases what an object before it had merged into; an object after it does not.
  if (!isJsonObject(earlier) || !isJsonObject(later)) return !isJsonObject(earlier) && !isJsonObject(later);
  return Object.keys(earlier).every((name) => coversField(later, earlier, name));
}

const coversField = (later: JsonObject, earlier: JsonObject, name: string): boolean =>
  Object.hasOwn(later, name) && covers(later[name], earlier[name] ?? null);
