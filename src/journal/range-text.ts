/** How sets of records are written down: `1-500,502,600-710`, ascending, in as few ranges as can be. */
import type { RecordRange } from '../model/block.ts';

/** Calls `visit` with each range. Without a list of the parts: a snapshot may be of many megabytes. @throws SyntaxError on any other text */
export function readRanges(text: string, visit: (from: number, to: number) => void): void {
  let last = -2;
  for (let at = 0; at < text.length; ) {
    const end = endOfDigits(text, at);
    const from = wholeNumber(text, at, end);
    const isRange = text[end] === '-';
    const stop = isRange ? endOfDigits(text, end + 1) : end;
    const to = isRange ? wholeNumber(text, end + 1, stop) : from;
    if (from <= last + 1 || to < from || (isRange && to === from)) throw unreadable(text);
    visit(from, to);
    last = to;
    if (stop < text.length && (text[stop] !== ',' || stop + 1 === text.length)) throw unreadable(text);
    at = stop + 1;
  }
}

/** Joined early: millions of small texts would lie about until the last is made. */
const partsAText = 1000;

export function printRanges(ranges: Iterable<RecordRange>): string {
  const texts: string[] = [];
  let parts: string[] = [];
  for (const [from, to] of ranges) {
    parts.push(from === to ? String(from) : `${from}-${to}`);
    if (parts.length < partsAText) continue;
    texts.push(parts.join(','));
    parts = [];
  }
  if (parts.length > 0) texts.push(parts.join(','));
  return texts.join(',');
}

const digit = { zero: 48, nine: 57 } as const;

function endOfDigits(text: string, from: number): number {
  let at = from;
  for (let unit = text.charCodeAt(at); unit >= digit.zero && unit <= digit.nine; unit = text.charCodeAt(at)) at += 1;
  return at;
}

function wholeNumber(text: string, from: number, to: number): number {
  const number = Number(text.slice(from, to));
  if (from === to || !Number.isSafeInteger(number)) throw unreadable(text);
  return number;
}

const unreadable = (text: string) => new SyntaxError(`Not a list of ranges: ${text.slice(0, 80)}`);
