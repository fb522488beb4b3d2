/** Bounds on JSON that comes from outside, whichever way it comes in: a line, a cell, an expression, a transform. */
import { isJsonObject, type Json } from './json.ts';

/** Deeper than any platform takes, shallow enough for every recursive function on the way. */
export const deepestJson = 1000;

/** Whether a text that may be JSON nests deeper than that. Costs nothing for a short text: each level takes two characters. */
export function isTooDeep(text: string): boolean {
  if (text.length <= 2 * deepestJson) return false;
  let depth = 0;
  let inText = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inText) {
      if (code === 92) i++;
      else if (code === 34) inText = false;
    } else if (code === 34) {
      inText = true;
    } else if (code === 123 || code === 91) {
      depth++;
      if (depth > deepestJson) return true;
    } else if (code === 125 || code === 93) {
      depth--;
    }
  }
  return false;
}

/** Whether a JSON text may hold half of a surrogate pair: only an escape can bring one in. */
export const mayHoldHalves = (text: string): boolean => surrogateEscape.test(text);
const surrogateEscape = /\\u[dD][89a-fA-F]/;

/** No text and no key in it holds half of a surrogate pair. Its depth must have been checked. */
export function isWellFormedJson(value: Json | undefined): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (Array.isArray(value)) return value.every(isWellFormedJson);
  if (!isJsonObject(value)) return true;
  return Object.entries(value).every(([key, inner]) => key.isWellFormed() && isWellFormedJson(inner));
}
