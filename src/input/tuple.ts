import type { Json, JsonObject } from '../model/json.ts';

/** What all lines of one form share: their keys in order, and where the value of each is found. */
export interface TupleForm {
  readonly keys: readonly string[];
  /** By key: the place of a text, and that of anything else, which stands there bare. 0: there is none; in both: what stands there was left in the line. */
  readonly texts: readonly number[];
  readonly bares: readonly number[];
  /** Nothing was left in the line. */
  readonly isWhole: boolean;
}

/** An object among many that have the same keys in the same order. What it holds is made when it is asked for. */
export class Tuple {
  /** The same for all that were read by it, so that the place of a key need be looked up only once. */
  readonly form: TupleForm;
  readonly #found: readonly (string | undefined)[];
  #object: JsonObject | undefined;

  /** @param found the line, and from place 1 on its values, texts without their quotes; undefined where none of that kind stands */
  constructor(form: TupleForm, found: readonly (string | undefined)[]) {
    this.form = form;
    this.#found = found;
  }

  /**
   * Undefined where something else than a text stands.
   * @param place one of `form.texts` that is not 0
   */
  text(place: number): string | undefined {
    return this.#found[place];
  }

  /** @param index of its key */
  value(index: number): Json {
    const { texts, bares } = this.form;
    const place = texts[index] ?? 0;
    const barePlace = bares[index] ?? 0;
    if (place === 0 && barePlace === 0) return this.object[this.form.keys[index] ?? ''] as Json;
    const text = place === 0 ? undefined : this.#found[place];
    return text ?? bareValue(this.#found[barePlace]);
  }

  /** The same object each time. */
  get object(): JsonObject {
    this.#object ??= this.form.isWhole ? this.#put() : (JSON.parse(this.#found[0] ?? '') as JsonObject);
    return this.#object;
  }

  #put(): JsonObject {
    const object: JsonObject = {};
    for (const [index, key] of this.form.keys.entries()) object[key] = this.value(index);
    return object;
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
