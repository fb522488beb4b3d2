import type { Json, JsonObject } from '../model/json.ts';

/** An object among many that have the same keys in the same order. What it holds is made when it is asked for. */
export class Tuple {
  /** The same list for all that were read by one form, so that the place of a key need be looked up only once. */
  readonly keys: readonly string[];
  readonly #found: readonly (string | undefined)[];
  #object: JsonObject | undefined;

  /** @param found for each key, from the second place on: its text, and beside it what stands there bare; one of them undefined */
  constructor(keys: readonly string[], found: readonly (string | undefined)[]) {
    this.keys = keys;
    this.#found = found;
  }

  /**
   * Undefined where something else than a text stands.
   * @param index of its key
   */
  text(index: number): string | undefined {
    return this.#found[2 * index + 1];
  }

  /** @param index of its key */
  value(index: number): Json {
    return this.text(index) ?? bareValue(this.#found[2 * index + 2]);
  }

  /** The same object each time. */
  get object(): JsonObject {
    if (this.#object === undefined) {
      this.#object = {};
      for (const [index, key] of this.keys.entries()) this.#object[key] = this.value(index);
    }
    return this.#object;
  }
}

/** A row that may be a tuple, as what it stands for. */
export const withoutTuple = <Other>(row: Tuple | Other): JsonObject | Other =>
  row instanceof Tuple ? row.object : row;

function bareValue(text: string | undefined): Json {
  switch (text) {
    case 'true':
      return true;
    case 'false':
      return false;
    case 'null':
      return null;
    default:
      return Number(text);
  }
}
