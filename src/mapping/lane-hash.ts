/**
 * A lane's key as a number of 52 bits, which a Float64Array carries exactly between threads. Equal keys have equal hashes;
 * of a million different keys a handful may share one by chance, which only makes two people wait for each other.
 */
export function laneHash(key: string): number {
  let one = 0x811c9dc5;
  let other = 0x9747b28c;
  for (let index = 0; index < key.length; index++) {
    const code = key.charCodeAt(index);
    one = Math.imul(one ^ code, 0x01000193);
    other = Math.imul(other ^ code, 0x5bd1e995);
    other ^= other >>> 15;
  }
  one = Math.imul(one ^ (one >>> 16), 0x85ebca6b);
  one ^= one >>> 13;
  other = Math.imul(other ^ (other >>> 13), 0xc2b2ae35);
  other ^= other >>> 16;
  return (one >>> 0) + (other & 0xfffff) * 4_294_967_296;
}
