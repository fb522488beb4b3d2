/**
 * From bytes to text without ever inventing a character: what does not decode is found, never replaced. U+FFFD passes only where the source
 * itself holds one.
 */
import { isUtf8 } from 'node:buffer';
import { type Coding, iconv } from './encodings.ts';

export interface Decoder {
  /** Bytes a unit: undecodable bytes come in these. */
  readonly unit: 1 | 2;
  /** The same text as UTF-8, or undefined when something in the bytes is no text. */
  utf8(bytes: Uint8Array): Buffer | undefined;
  text(bytes: Uint8Array): string | undefined;
  /** Offset of the first byte that is no text; -1 when all is well. Slow: for bytes that have been turned down. */
  undecodableAt(bytes: Uint8Array): number;
}

const replacement = '\ufffd';

export function decoderFor(coding: Coding, name: string): Decoder {
  if (coding === 'utf-16le' || coding === 'utf-16be') return utf16(coding === 'utf-16be');
  if (coding === 'iconv') return legacy(name);
  return utf8;
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

const utf8: Decoder = {
  unit: 1,
  utf8: (bytes) => (isUtf8(bytes) ? asBuffer(bytes) : undefined),
  text: (bytes) => (isUtf8(bytes) ? asBuffer(bytes).toString('utf8') : undefined),
  undecodableAt(bytes) {
    let i = 0;
    while (i < bytes.length) {
      const byte = bytes[i] as number;
      const length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
      if (length > 1 && (i + length > bytes.length || !isUtf8(bytes.subarray(i, i + length)))) return i;
      i += length;
    }
    return -1;
  },
};

/** For guessing from a head only: a character cut at its end, or one that does not decode, does no harm there. */
export function roughText(bytes: Uint8Array, coding: Coding, name: string): string {
  if (coding === 'utf-8') return asBuffer(bytes).toString('utf8');
  if (coding === 'utf-16le') return asBuffer(bytes).toString('utf16le');
  if (coding === 'utf-16be') return swapped(bytes).toString('utf16le');
  return iconv().decode(asBuffer(bytes), name, { stripBOM: false });
}

const swapped = (bytes: Uint8Array): Buffer => Buffer.from(bytes.subarray(0, bytes.length & ~1)).swap16();

function utf16(bigEndian: boolean): Decoder {
  const native = (bytes: Uint8Array): string => (bigEndian ? swapped(bytes) : asBuffer(bytes)).toString('utf16le');
  const text = (bytes: Uint8Array): string | undefined => {
    if (bytes.length % 2 === 1) return undefined;
    const made = native(bytes);
    return made.isWellFormed() ? made : undefined;
  };
  return {
    unit: 2,
    text,
    utf8(bytes) {
      const made = text(bytes);
      return made === undefined ? undefined : Buffer.from(made);
    },
    undecodableAt(bytes) {
      const made = native(bytes);
      for (let i = 0; i < made.length; i++) {
        const point = made.codePointAt(i) ?? 0;
        if (point >= 0xd800 && point <= 0xdfff) return 2 * i;
        if (point > 0xffff) i++;
      }
      return bytes.length % 2 === 1 ? bytes.length - 1 : -1;
    },
  };
}

function legacy(name: string): Decoder {
  const { decode, encode, getDecoder } = iconv();
  const text = (bytes: Uint8Array): string | undefined => {
    const made = decode(asBuffer(bytes), name, { stripBOM: false });
    // iconv-lite says U+FFFD for what it cannot read. A few encodings (GB 18030) can also hold one: then the way back gives the same bytes.
    if (made.includes(replacement) && !encode(made, name).equals(asBuffer(bytes))) return undefined;
    return made.isWellFormed() ? made : undefined;
  };
  return {
    unit: 1,
    text,
    utf8(bytes) {
      const made = text(bytes);
      return made === undefined ? undefined : Buffer.from(made);
    },
    undecodableAt(bytes) {
      const decoder = getDecoder(name, { stripBOM: false });
      let start = 0;
      for (let i = 0; i < bytes.length; i++) {
        const made = decoder.write(asBuffer(bytes.subarray(i, i + 1)));
        if (made.includes(replacement) && !encode(made, name).equals(bytes.subarray(start, i + 1))) return start;
        if (made !== '') start = i + 1;
      }
      return (decoder.end() ?? '').includes(replacement) ? start : -1;
    },
  };
}

/** For messages and reports about rows that were turned down: bytes that are no text are written as `\xNN`. */
export function textWithEscapes(decoder: Decoder, bytes: Uint8Array): string {
  let text = '';
  let rest = bytes;
  while (rest.length > 0) {
    const bad = decoder.undecodableAt(rest);
    if (bad < 0) return text + (decoder.text(rest) ?? '');
    text += decoder.text(rest.subarray(0, bad)) ?? '';
    for (const byte of rest.subarray(bad, bad + decoder.unit)) text += `\\x${byte.toString(16).padStart(2, '0')}`;
    rest = rest.subarray(bad + decoder.unit);
  }
  return text;
}
