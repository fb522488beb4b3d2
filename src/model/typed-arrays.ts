type TypedArray = Uint8Array | Uint32Array | Int32Array;

/** The same with as much room again, at least for `least` elements. */
export function grown<Array extends TypedArray>(array: Array, least = 0): Array {
  const Kind = array.constructor as new (length: number) => Array;
  const larger = new Kind(Math.max(2 * array.length, least));
  larger.set(array);
  return larger;
}
