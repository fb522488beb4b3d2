/** How large each call of a batch is as it came over the wire; parsing and writing it again would measure something else. */

const quote = 0x22;
const backslash = 0x5c;
const opening = new Set([0x7b, 0x5b]);
const closing = new Set([0x7d, 0x5d]);
const bracket = 0x5b;

/**
 * Bytes of every object that stands directly in an array of the outermost object, in order: in `{"batch":[{…},{…}]}` those
 * are the calls. The body must be valid JSON.
 */
export function itemBytes(body: Uint8Array): number[] {
  const sizes: number[] = [];
  let depth = 0;
  let inText = false;
  let inArray = false;
  let start = 0;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at] ?? 0;
    if (inText) {
      if (byte === backslash) at++;
      else if (byte === quote) inText = false;
    } else if (byte === quote) inText = true;
    else if (opening.has(byte)) {
      depth++;
      if (depth === 2) inArray = byte === bracket;
      if (depth === 3) start = at;
    } else if (closing.has(byte)) {
      if (depth === 3 && inArray) sizes.push(at + 1 - start);
      depth--;
    }
  }
  return sizes;
}
