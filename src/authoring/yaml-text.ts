/** YAML as a person would write it: plain words where they are safe, quotes where they are not, a comment behind. */
import { isJsonObject, isRawNumber, type Json } from '../model/json.ts';
import { printable } from '../report/printable.ts';

const plainWord = /^[\p{L}_][\p{L}\p{N}_ .@/+-]*(?<! )$/u;
/** Other readers of YAML take these for something else than text. */
const notText = /^(?:true|false|null|yes|no|on|off|y|n|nan|inf)$/i;

export const quoted = (text: string): string =>
  plainWord.test(text) && !notText.test(text) && text.length <= 200 ? text : escaped(text);

/** JSON's quotes are YAML's too, but for some characters that YAML does not let stand. */
const escaped = (text: string): string =>
  JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** In one line. */
export function inline(value: Json): string {
  if (typeof value === 'string') return quoted(value);
  if (isRawNumber(value)) return value.rawJSON;
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const pairs = Object.entries(value).map(([key, inner]) => `${quoted(key)}: ${inline(inner)}`);
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
}

const longestComment = 200;

/** One line, whatever the text of a file holds. */
export function comment(text: string): string {
  const line = printable(text.toWellFormed());
  return `# ${line.length > longestComment ? `${line.slice(0, longestComment)}…` : line}`;
}
