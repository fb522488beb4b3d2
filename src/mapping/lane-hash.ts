/**
 * A lane's key as a 32-bit number, small enough for the engine to keep unboxed. Equal keys have equal hashes; two people
 * whose keys share one by chance merely wait for each other.
 */
export function laneHash(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
