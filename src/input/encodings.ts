/**
 * Which encodings there are and how a file in each is read:
 *
 * - `utf-8`, and every encoding in which quote, line break and delimiter are single bytes that mean nothing else: borders are found in the raw bytes,
 *   decoding waits until a block is parsed.
 * - `utf-16le`, `utf-16be`: the same on 16-bit units.
 * - All others (UTF-32, UTF-7, or `|` as the delimiter of a Shift-JIS file, where it is also the second byte of letters): the stream is
 *   turned into UTF-8 first. Byte offsets then count the UTF-8 text, and a resume reads from the start.
 */
import { createRequire } from 'node:module';
import { inputError } from './codes.ts';

export type Coding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'iconv' | 'transcoded';

export interface Encoding {
  /** As said to people, and as iconv-lite knows it. */
  readonly name: string;
  readonly coding: Coding;
  /** Bytes of the byte order mark at the start of the file. */
  readonly bom: number;
}

interface Iconv {
  encodingExists(name: string): boolean;
  decode(bytes: Uint8Array, name: string, options?: { stripBOM?: boolean }): string;
  encode(text: string, name: string): Buffer;
  getDecoder(
    name: string,
    options?: { stripBOM?: boolean },
  ): { write(bytes: Uint8Array): string; end(): string | undefined };
}

let loaded: Iconv | undefined;

/** iconv-lite with its tables takes a while to load and most runs do not need it. */
export function iconv(): Iconv {
  // A border to untyped code: `require` gives `any`.
  loaded ??= createRequire(import.meta.url)('iconv-lite') as Iconv;
  return loaded;
}

const marks: readonly (readonly [name: string, bytes: readonly number[]])[] = [
  // Before UTF-16LE, whose mark it begins with.
  ['utf-32le', [0xff, 0xfe, 0, 0]],
  ['utf-32be', [0, 0, 0xfe, 0xff]],
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
];

/** The encoding a byte order mark names. */
export function markOf(head: Uint8Array): { readonly name: string; readonly bytes: number } | undefined {
  for (const [name, bytes] of marks) {
    if (bytes.every((byte, i) => head[i] === byte)) return { name, bytes: bytes.length };
  }
  return undefined;
}

const utf = /^(?:utf|ucs|unicode)/;
/** Codecs of iconv-lite that are no text encodings. */
const notText = new Set(['base64', 'hex']);

/** What `--encoding` asks for, checked, in one spelling. */
function canonical(asked: string): string {
  const plain = asked.toLowerCase().replaceAll(/[^0-9a-z]/g, '');
  if (plain === 'utf8' || plain === 'unicode11utf8') return 'utf-8';
  if (plain === 'utf16le' || plain === 'ucs2') return 'utf-16le';
  if (plain === 'utf16be') return 'utf-16be';
  if (plain === 'utf16' || plain === 'utf32') return plain.replace('utf', 'utf-');
  if (plain === 'utf32le' || plain === 'utf32be') return plain.replace('utf', 'utf-');
  if (plain === '' || notText.has(plain) || !iconv().encodingExists(asked)) {
    throw inputError('encoding-unknown', `The encoding "${asked}" is not known`, {
      hint: 'Name one that iconv-lite knows, such as utf-8, utf-16le, windows-1252, iso-8859-15, shift_jis or gb18030.',
    });
  }
  return asked.toLowerCase();
}

/** Decides the encoding by mark and flag. `where` names the input in errors. */
export function encodingOf(head: Uint8Array, asked: string | undefined, where: string): Encoding {
  const mark = markOf(head);
  const name = asked === undefined ? undefined : canonical(asked);
  if (mark !== undefined) {
    // "utf-16" means "either order, the mark says which".
    if (name !== undefined && name !== mark.name && !(utf.test(name) && mark.name.startsWith(name))) {
      throw inputError(
        'encoding-contradiction',
        `${where}: begins with the byte order mark of ${mark.name}, but --encoding says ${asked}`,
        { hint: `Leave --encoding out, or say --encoding ${mark.name}.` },
      );
    }
    return { name: mark.name, coding: codingOf(mark.name), bom: mark.bytes };
  }
  if (name === 'utf-16' || name === 'utf-32') {
    throw inputError('encoding-not-marked', `${where}: ${name} without a byte order mark does not say its byte order`, {
      hint: `Say --encoding ${name}le or --encoding ${name}be.`,
    });
  }
  return { name: name ?? 'utf-8', coding: codingOf(name ?? 'utf-8'), bom: 0 };
}

function codingOf(name: string): Coding {
  if (name === 'utf-8' || name === 'utf-16le' || name === 'utf-16be') return name;
  // UTF-7 may write a quote as letters; UTF-32 has NULs around everything.
  return utf.test(name) ? 'transcoded' : 'iconv';
}

/** Whether, in this iconv encoding, quote, line breaks and delimiter are single bytes that are never part of another character. */
export function bordersAreBytes(name: string, delimiter: number): boolean {
  const { decode } = iconv();
  const special = [10, 13, 34, delimiter];
  const meansMore = (text: string): boolean => special.some((code) => text.includes(String.fromCharCode(code)));
  for (const code of special) {
    const text = String.fromCharCode(code);
    if (decode(Uint8Array.of(code), name) !== text) return false;
    for (let lead = 0x80; lead <= 0xff; lead++) {
      if (meansMore(decode(Uint8Array.of(lead), name))) return false;
      if (!decode(Uint8Array.of(lead, code), name).endsWith(text)) return false;
    }
  }
  return true;
}

/**
 * UTF-16 as one byte a unit, for finding borders: ASCII stays, all else is 0x80 or above. An odd byte at the end counts as a unit.
 */
export function narrow(bytes: Uint8Array, bigEndian: boolean): Uint8Array {
  const units = Buffer.allocUnsafe((bytes.length + 1) >> 1);
  const low = bigEndian ? 1 : 0;
  const high = 1 - low;
  const whole = bytes.length >> 1;
  for (let i = 0; i < whole; i++) {
    units[i] = bytes[2 * i + high] === 0 ? (bytes[2 * i + low] as number) : 0x80;
  }
  if (whole < units.length) units[whole] = 0x80;
  return units;
}

/** Bytes a unit in which borders are sought. */
export const unitSize = (coding: Coding): 1 | 2 => (coding === 'utf-16le' || coding === 'utf-16be' ? 2 : 1);

/** What {@link RecordScanner} reads: the bytes themselves, or UTF-16 narrowed. */
export function unitsOf(bytes: Uint8Array, coding: Coding): Uint8Array {
  if (unitSize(coding) === 2) return narrow(bytes, coding === 'utf-16be');
  // A Buffer's indexOf is several times as fast as a Uint8Array's.
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
