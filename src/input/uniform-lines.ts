/**
 * Lines of JSON that look alike: the same keys in the same order and spacing, with values that need no parser (texts without
 * escapes, short numbers, true, false, null). That is what exports are. V8 compiles their form, a regular expression, to machine code that
 * takes all values out of a line in one pass; `JSON.parse` looks up each short text in a table of strings besides. What does not
 * fit exactly is left to it.
 */
import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../model/json.ts';
import { Tuple } from './tuple.ts';

export interface UniformReader {
  /** What `JSON.parse` would make of `line`; undefined where that has to be asked. */
  read(line: string): Tuple | undefined;
  /** Is told what a line that could not be read was parsed to, and may take its form for that of the lines that follow. */
  missed(line: string, value: JsonObject): void;
}

interface Form {
  readonly keys: readonly string[];
  /** Two groups for each value, one of which takes part: a text without its quotes, or what stands there bare. */
  readonly pattern: RegExp;
}

/** Learning costs more than parsing: lines that all differ must not pay for it each time. */
const firstPatience = 8;
const longestPatience = 8192;
/** A form that has read so many lines was worth its learning. */
const worthwhile = 100;
/** Some 200 keys. V8 compiles a longer pattern with less care, and one that is much longer not at all. */
const longestPattern = 20_000;

export function createUniformReader(): UniformReader {
  let form: Form | undefined;
  let linesRead = 0;
  let missesInARow = 0;
  /** So many lines in a row must miss before another form is learned. */
  let patience = 0;

  return {
    read(line) {
      if (form === undefined) return undefined;
      const tuple = readAs(form, line);
      if (tuple === undefined) return undefined;
      missesInARow = 0;
      linesRead += 1;
      if (linesRead === worthwhile) patience = firstPatience;
      return tuple;
    },
    missed(line, value) {
      missesInARow += 1;
      if (missesInARow <= patience) return;
      missesInARow = 0;
      linesRead = 0;
      patience = Math.min(longestPatience, Math.max(firstPatience, patience * 2));
      form = formOf(line, value) ?? form;
    },
  };
}

function readAs({ keys, pattern }: Form, line: string): Tuple | undefined {
  pattern.lastIndex = 0;
  const found = pattern.exec(line);
  return found === null || pattern.lastIndex !== line.length ? undefined : new Tuple(keys, found);
}

/** As JavaScript's `JSON.stringify` writes, as Python's `json.dumps` does. */
const spacings = [
  [',', ':'],
  [', ', ': '],
] as const;

const text = String.raw`"([^"\\\x00-\x1f]*)"`;
/** Not so long that it might have more digits than any double keeps. */
const shortNumber = String.raw`(?![0-9.-]{16})-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?`;
const anyValue = `(?:${text}|(${shortNumber}|true|false|null))`;

/** Undefined for a line that reading by its form would not give back. */
function formOf(line: string, value: JsonObject): Form | undefined {
  const keys = Object.keys(value);
  for (const [comma, colon] of spacings) {
    const members = keys.map((key) => `${literally(JSON.stringify(key) + colon)}${anyValue}`);
    const pattern = String.raw`\{${members.join(comma)}\}`;
    if (pattern.length > longestPattern) return undefined;
    const form = { keys, pattern: new RegExp(pattern, 'y') };
    if (isDeepStrictEqual(readAs(form, line)?.object, value)) return form;
  }
  return undefined;
}

const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
