/**
 * A key as a number of 53 bits: among ten million different keys the chance that any two share one is about one in
 * 180, among a hundred million somewhat less than one in two. Never 0 but for the empty key, so that 0 can mean "none".
 */
export function keyHash(key: string): number {
  if (key === '') return 0;
  let one = 0x811c9dc5;
  let other = 0x9747b28c;
  for (let index = 0; index < key.length; index++) {
    const unit = key.charCodeAt(index);
    one = Math.imul(one ^ unit, 0x01000193);
    other = Math.imul(other ^ unit, 0x5bd1e995);
    other ^= other >>> 15;
  }
  return mixed(one) * 0x200000 + (mixed(other) >>> 11) + 1;
}

function mixed(value: number): number {
  const first = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return (second ^ (second >>> 16)) >>> 0;
}
