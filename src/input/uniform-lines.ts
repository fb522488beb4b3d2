/**
 * Lines of JSON that look alike: the same keys in the same order and spacing, with values that need no parser (texts without
 * escapes, short numbers, true, false, null). That is what exports are, and reading them by their form spares what `JSON.parse` does
 * for any text, such as looking short ones up in V8's table of strings. What does not fit exactly is left to `JSON.parse`.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Json, JsonObject } from '../model/json.ts';

export interface UniformReader {
  /** The object in `line`, as `JSON.parse` would give it; undefined where that has to be asked. */
  read(line: string): JsonObject | undefined;
  /** Takes the form of a line that was parsed for the form of those that follow. */
  learn(line: string, value: JsonObject): void;
}

const doubleQuote = 34;
const closingBrace = 125;

/** For text of which {@link isPlain} is true. */
export function createUniformReader(): UniformReader {
  let keys: readonly string[] = [];
  /** What stands before each value. */
  let heads: readonly string[] = [];
  /** Where the value that was read last ends. */
  let end = 0;

  const readValue = (line: string, at: number): Json | undefined => {
    const code = line.charCodeAt(at);
    if (code === doubleQuote) {
      const close = line.indexOf('"', at + 1);
      if (close < 0) return undefined;
      end = close + 1;
      return line.slice(at + 1, close);
    }
    for (const [word, value] of words) {
      if (!line.startsWith(word, at)) continue;
      end = at + word.length;
      return value;
    }
    end = at;
    while (isOfNumber(line.charCodeAt(end))) end += 1;
    const text = line.slice(at, end);
    return text.length <= longestNumber && plainNumber.test(text) ? Number(text) : undefined;
  };

  const read = (line: string): JsonObject | undefined => {
    if (heads.length === 0) return undefined;
    const object: JsonObject = {};
    let at = 0;
    for (let index = 0; index < heads.length; index++) {
      const head = heads[index] ?? '';
      if (!line.startsWith(head, at)) return undefined;
      const value = readValue(line, at + head.length);
      if (value === undefined) return undefined;
      object[keys[index] ?? ''] = value;
      at = end;
    }
    return at === line.length - 1 && line.charCodeAt(at) === closingBrace ? object : undefined;
  };

  return {
    read,
    learn(line, value) {
      keys = Object.keys(value);
      for (const [comma, colon] of spacings) {
        heads = keys.map((key, index) => `${index === 0 ? '{' : comma}${JSON.stringify(key)}${colon}`);
        if (isDeepStrictEqual(read(line), value)) return;
      }
      heads = [];
    },
  };
}

/** As JavaScript's `JSON.stringify` writes, as Python's `json.dumps` does. */
const spacings = [
  [',', ':'],
  [', ', ': '],
] as const;

const words = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const;

/** A double keeps this many digits. */
const longestNumber = 15;
const plainNumber = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/;

/** A digit, a minus or a point. */
const isOfNumber = (code: number): boolean => (code >= 48 && code <= 57) || code === 45 || code === 46;

const backslash = 92;
const firstPrintable = 32;
const lineFeed = 10;

/** No escapes, and no control characters but line feeds: what stands between two quotes is then the text that is meant. */
export function isPlain(utf8: Buffer): boolean {
  if (utf8.includes(backslash)) return false;
  const wordsFrom = Math.min((4 - (utf8.byteOffset % 4)) % 4, utf8.length);
  const count = (utf8.length - wordsFrom) >> 2;
  if (count === 0) return !holdsControl(utf8, 0, utf8.length);
  const four = new Int32Array(utf8.buffer, utf8.byteOffset + wordsFrom, count);
  for (let index = 0; index < count; index++) {
    const word = four[index] ?? 0;
    // Not zero when one of the four bytes is less than 32 (or, at times, follows one that is).
    if (((word - 0x20202020) & ~word & 0x80808080) === 0) continue;
    const from = wordsFrom + index * 4;
    if (holdsControl(utf8, from, from + 4)) return false;
  }
  return !holdsControl(utf8, 0, wordsFrom) && !holdsControl(utf8, wordsFrom + count * 4, utf8.length);
}

function holdsControl(utf8: Buffer, from: number, to: number): boolean {
  for (let at = from; at < Math.min(to, utf8.length); at++) {
    const byte = utf8[at] ?? firstPrintable;
    if (byte < firstPrintable && byte !== lineFeed) return true;
  }
  return false;
}
