/** Text from files and platforms, made safe and bearable for a terminal. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that must not reach a terminal
const unprintable = /[\u0000-\u001f\u007f-\u009f\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const shownAs: Readonly<Record<string, string>> = { '\n': '⏎', '\r': '␍', '\t': '→' };

/** No control character, escape sequence or direction override survives. One line in, one line out. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => shownAs[character] ?? spelledOut(character.charCodeAt(0)));
}

const spelledOut = (code: number): string =>
  code > 0xff ? `\\u${code.toString(16)}` : `\\x${code.toString(16).padStart(2, '0')}`;

/** 2,400. Not by `toLocaleString`, whose first call loads more than a short run needs. */
export const count = (value: number): string => String(Math.round(value)).replace(/\B(?=(?:\d{3})+$)/g, ',');

/** "1 row", "2,400 rows". */
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

export function bytesText(value: number): string {
  if (value < 1000) return `${value} B`;
  if (value < 1_000_000) return `${(value / 1000).toFixed(1)} kB`;
  if (value < 1_000_000_000) return `${(value / 1_000_000).toFixed(1)} MB`;
  return `${(value / 1_000_000_000).toFixed(2)} GB`;
}

/** "0.4 s", "12 s", "3 min 20 s", "2 h 5 min". */
export function durationText(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const clockText = (epochMs: number): string => new Date(epochMs).toTimeString().slice(0, 8);
