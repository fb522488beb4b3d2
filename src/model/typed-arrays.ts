type TypedArray = Uint8Array | Uint32Array | Int32Array | Float64Array;

/** The same with as much room again, at least for `least` elements. */
export function grown<Kind extends TypedArray>(array: Kind, least = 0): Kind {
  const Constructor = array.constructor as new (length: number) => Kind;
  const larger = new Constructor(Math.max(2 * array.length, least));
  larger.set(array);
  return larger;
}
