/** Where the lines of a text stand, without a string for each of them. */

export interface Lines {
  readonly count: number;
  line(index: number): string;
}

const lineFeed = 10;
const carriageReturn = 13;

/**
 * Lines between any of the three line breaks; empty ones are left out.
 * @param expected how many there will be, if known: a better guess costs less
 */
export function linesOf(text: string, expected = 1024): Lines {
  const index = new LineIndex(text, expected);
  if (text.includes('\r')) cutAtAny(text, index);
  else cutAtFeeds(text, index);
  return index;
}

/** Lines that end at a line feed, without the carriage return before it; `isBlank` tells which are left out. */
export function feedLinesOf(text: string, isBlank: (line: string) => boolean, expected = 1024): Lines {
  const index = new LineIndex(text, expected);
  for (let at = 0; at < text.length; ) {
    const feed = text.indexOf('\n', at);
    const next = feed < 0 ? text.length : feed;
    const end = next > at && text.charCodeAt(next - 1) === carriageReturn ? next - 1 : next;
    if (!isBlank(text.slice(at, end))) index.add(at, end);
    at = next + 1;
  }
  return index;
}

function cutAtFeeds(text: string, index: LineIndex): void {
  for (let at = 0; at < text.length; ) {
    const feed = text.indexOf('\n', at);
    const end = feed < 0 ? text.length : feed;
    if (end > at) index.add(at, end);
    at = end + 1;
  }
}

function cutAtAny(text: string, index: LineIndex): void {
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    const code = text.charCodeAt(at);
    if (code !== lineFeed && code !== carriageReturn && at < text.length) continue;
    if (at > start) index.add(start, at);
    start = at + 1;
  }
}

class LineIndex implements Lines {
  readonly #text: string;
  #starts: Uint32Array;
  #ends: Uint32Array;
  #count = 0;

  constructor(text: string, expected: number) {
    this.#text = text;
    this.#starts = new Uint32Array(Math.max(16, expected));
    this.#ends = new Uint32Array(Math.max(16, expected));
  }

  get count(): number {
    return this.#count;
  }

  add(start: number, end: number): void {
    if (this.#count === this.#starts.length) {
      this.#starts = twice(this.#starts);
      this.#ends = twice(this.#ends);
    }
    this.#starts[this.#count] = start;
    this.#ends[this.#count] = end;
    this.#count += 1;
  }

  line(index: number): string {
    return this.#text.slice(this.#starts[index], this.#ends[index]);
  }
}

function twice(array: Uint32Array): Uint32Array {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
