/**
 * JSON spread over lines for reading. Only white space between tokens is added: numbers keep their digits, which a round trip
 * through JSON.parse would not grant.
 */

import { maskText } from '../model/mask.ts';

/** How each kind of token is coloured. */
export interface Paint {
  key(text: string): string;
  text(text: string): string;
  number(text: string): string;
  /** true, false and null. */
  word(text: string): string;
}

export interface IndentOptions {
  readonly paint?: Paint | undefined;
  /** Lines to set above what begins at a character of the text. */
  readonly notes?: ReadonlyMap<number, string> | undefined;
  /** Texts and numbers that are not shown, as they stand in the JSON. */
  readonly hidden?: ReadonlySet<string> | undefined;
}

/** @param json without white space between its tokens */
export function indented(json: string, { paint = plain, notes, hidden }: IndentOptions = {}): string {
  let out = '';
  let depth = 0;
  let at = 0;
  while (at < json.length) {
    const note = notes?.get(at);
    if (note !== undefined) out += note + newLine(depth);
    const character = json[at] ?? '';
    const end = endOfToken(json, at);
    const written = json.slice(at, end);
    const token = hidden?.has(written) ? `"${maskText}"` : written;
    const next = json[end];
    if (character === '"') out += next === ':' ? paint.key(token) : paint.text(token);
    else if (character === ',') out += token + newLine(depth);
    else if (character === ':') out += ': ';
    else if (character === '{' || character === '[') {
      if (next === '}' || next === ']') {
        out += token + next;
        at = end + 1;
        continue;
      }
      out += token + newLine(++depth);
    } else if (character === '}' || character === ']') out += newLine(--depth) + token;
    else out += /[-0-9]/.test(character) ? paint.number(token) : paint.word(token);
    at = end;
  }
  return out;
}

const plain: Paint = { key: (text) => text, text: (text) => text, number: (text) => text, word: (text) => text };

const structure = '{}[],:"';

function endOfToken(json: string, start: number): number {
  const first = json[start] ?? '';
  let at = start + 1;
  if (first === '"') {
    while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
    return at + 1;
  }
  if (structure.includes(first)) return at;
  while (at < json.length && !structure.includes(json[at] ?? '')) at++;
  return at;
}

const newLine = (depth: number) => `\n${'  '.repeat(depth)}`;
