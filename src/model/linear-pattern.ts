/**
 * Regular expressions from a mapping or a config, run by V8's linear engine: no text can make them backtrack for hours. Like
 * RE2, which CEL prescribes, they know neither look-around nor back references.
 */
import { setFlagsFromString } from 'node:v8';

export interface LinearPattern {
  readonly test: (text: string) => boolean;
}

const longestPattern = 1000;
/** The engine takes no larger `{n,m}` than a few more, so larger ones are written out in pieces of this size. */
const largestRepeat = 10;
const mostRepeats = 2000;
/** Written out. The work for each character of a text is in proportion to it. */
const longestWrittenOut = 20_000;

let engineIsOn = false;

/** @throws Error that says in the user's words why the pattern cannot be had */
export function linearPattern(source: string): LinearPattern {
  if (source.length > longestPattern) throw new Error(`the pattern is longer than ${longestPattern} characters`);
  if (!engineIsOn) {
    setFlagsFromString('--enable-experimental-regexp-engine');
    engineIsOn = true;
  }
  // The engine does not know the flag for any case; lower case on both sides comes to the same.
  const anyCase = source.startsWith('(?i)');
  const plain = anyCase
    ? source.slice(4).replace(/\\.|[^\\]+/gs, (part) => (part[0] === '\\' ? part : part.toLowerCase()))
    : source;
  const property = /(?<!\\)(?:\\\\)*(\\[pP]|\\u\{)/.exec(plain)?.[1];
  // Without the flag u, which the engine does not know either, they would silently mean something else.
  if (property !== undefined) throw new Error(`the pattern has ${property}…, which cannot be matched in linear time`);
  const written = inPieces(plain);
  if (written.length > longestWrittenOut) throw new Error('the pattern repeats too much altogether');
  const pattern = compiled(written);
  return {
    test: anyCase
      ? (text) => pattern.test(inSingleUnits(text.toLowerCase()))
      : (text) => pattern.test(inSingleUnits(text)),
  };
}

function compiled(source: string): RegExp {
  try {
    return new RegExp(source, 'l');
  } catch (error) {
    const isLinear = error instanceof Error && error.message.includes('linear time');
    throw new Error(
      isLinear
        ? 'the pattern cannot be matched in linear time: it has look-around, back references or a large {n,m} of a group'
        : 'the pattern is no valid regular expression',
    );
  }
}

/** A character, an escape or a class, with the count behind it. */
const counted = /(\\.|\[(?:\\.|[^\]\\])*\]|[^\\[\](){}?*+|])\{(\d+)(,(\d*))?\}\??|\\.|\[(?:\\.|[^\]\\])*\]/gs;

/** `\d{38}` as `\d{10}\d{10}\d{10}\d{8}`. */
function inPieces(source: string): string {
  return source.replace(counted, (whole, atom?: string, least = '', comma?: string, most = '') => {
    if (atom === undefined) return whole;
    const n = Number(least);
    const m = comma === undefined ? n : most === '' ? n : Number(most);
    if (m <= largestRepeat) return whole;
    if (m > mostRepeats) throw new Error(`the pattern repeats something more than ${mostRepeats} times`);
    // An order that is none stays as it is: the compiler complains of it.
    if (m < n) return whole;
    const open = comma !== undefined && most === '';
    return (
      pieces(atom, n, (piece) => `{${piece}}`) +
      pieces(atom, m - n, (piece) => `{0,${piece}}`) +
      (open ? `${atom}*` : '')
    );
  });
}

function pieces(atom: string, count: number, written: (piece: number) => string): string {
  const whole = Math.floor(count / largestRepeat);
  const rest = count % largestRepeat;
  return `${atom}${written(largestRepeat)}`.repeat(whole) + (rest === 0 ? '' : `${atom}${written(rest)}`);
}

const pair = /[\ud800-\udbff][\udc00-\udfff]/g;
const hasPair = /[\ud800-\udbff]/;

/** A character beyond the first plane counts once, as it does for people. */
const inSingleUnits = (text: string): string => (hasPair.test(text) ? text.replace(pair, '\ue000') : text);
