/** A first look at an input: encoding, format, delimiter and header, and refusals for what cannot be loaded. */
import { type BorderRules, needsMore, RecordScanner } from './borders.ts';
import { type ByteReader, skip, transcoding, withHead } from './bytes.ts';
import { inputError } from './codes.ts';
import { decoderFor, roughText } from './decode.ts';
import { declaredDelimiter, delimiterFrom, detectDelimiter } from './delimiter.ts';
import type { SourceDescription } from './description.ts';
import { bordersAreBytes, encodingOf, unitSize, unitsOf } from './encodings.ts';
import { headerOf } from './header.ts';
import { type Format, formatOf, refuseArchives, refuseBinary, refuseJsonDocument, refuseYaml } from './sniff.ts';

export interface SourceOptions {
  readonly format?: Format | undefined;
  /** A character or its name; detected when absent. */
  readonly delimiter?: string | undefined;
  /** A name iconv-lite knows; by default UTF-8, or what the byte order mark says. */
  readonly encoding?: string | undefined;
  /** Rows longer than this are rejected. Default 16 MiB. */
  readonly maxRowBytes?: number | undefined;
  /** Size to aim at for a block, at least 1. Default 256 KiB. */
  readonly blockBytes?: number | undefined;
}

const headBytes = 64 * 1024;
const defaultMaxRowBytes = 16 * 1024 * 1024;

export const noRows = (path: string, format: Format) =>
  inputError('input-empty', `${path}: holds no rows, only ${format === 'csv' ? 'a header' : 'blank lines'}`, {
    hint: 'Check the export that made the file, and --encoding and --format if you gave them.',
  });

export interface Examined {
  readonly description: SourceDescription;
  /** All bytes from the start, what was read for examining put back. */
  readonly rest: ByteReader;
  /** From raw bytes to those the blocks hold. */
  reopen(raw: ByteReader): ByteReader;
}

/** Reads the head of an input and decides all there is to decide about it. */
export async function examine(
  raw: ByteReader,
  path: string,
  index: number,
  size: number | undefined,
  options: SourceOptions,
): Promise<Examined> {
  const maxRowBytes = options.maxRowBytes ?? defaultMaxRowBytes;
  const rawHead = await headOf(raw, Buffer.alloc(0), headBytes);
  refuseArchives(rawHead.bytes, path);
  const encoding = encodingOf(rawHead.bytes, options.encoding, path);
  if (unitSize(encoding.coding) === 1 && encoding.coding !== 'transcoded') refuseBinary(rawHead.bytes, path);

  const text = roughText(rawHead.bytes.subarray(encoding.bom), encoding.coding, encoding.name);
  refuseEmpty(text, path);
  refuseYaml(options.format, path);
  const format = formatOf(options.format, path, text);
  if (format === 'ndjson') refuseJsonDocument(text, path);
  const declared = format === 'csv' ? declaredDelimiter(text) : undefined;
  const delimiter =
    format === 'ndjson'
      ? undefined
      : options.delimiter === undefined
        ? (declared?.delimiter ?? detectDelimiter(Buffer.from(text), rawHead.whole))
        : delimiterFrom(options.delimiter);

  const transcoded =
    encoding.coding === 'transcoded' ||
    (encoding.coding === 'iconv' && !bordersAreBytes(encoding.name, (delimiter ?? '\n').charCodeAt(0)));
  const coding = transcoded ? 'utf-8' : encoding.coding;
  const reopen = (bytes: ByteReader): ByteReader =>
    transcoded ? transcoding(afterMark(bytes, encoding.bom), encoding.name) : bytes;

  const reader = reopen(withHead(rawHead.bytes, raw));
  const bom = transcoded ? 0 : encoding.bom;
  const described = { index, path, format, encoding: encoding.name, coding, transcoded, maxRowBytes, size } as const;
  let head = await headOf(reader, Buffer.alloc(0), headBytes);
  if (delimiter === undefined) {
    const description: SourceDescription = { ...described, dataStart: { byte: bom, line: 1 } };
    return { description, rest: withHead(head.bytes, reader), reopen };
  }

  const rules: BorderRules = {
    format,
    delimiter: delimiter.charCodeAt(0),
    maxRow: Math.floor(maxRowBytes / unitSize(coding)),
  };
  // What stands above the header is plain ASCII: a character is a unit.
  const above = declared?.length ?? 0;
  const scanner = new RecordScanner(rules);
  let next = needsMore;
  let units: Uint8Array = head.bytes;
  for (;;) {
    units = unitsOf(head.bytes.subarray(bom), coding);
    next = scanner.next(units, above, units.length, head.whole);
    if (next !== needsMore) break;
    head = await headOf(reader, head.bytes, head.bytes.length * 2);
  }
  const end = bom + scanner.contentEnd * unitSize(coding);
  const from = bom + above * unitSize(coding);
  const record = { bytes: head.bytes.subarray(from, end), units: units.subarray(above), kind: scanner.kind };
  const linesAbove = declared === undefined ? 0 : 1;
  const lines = linesAbove + scanner.lines;
  const decoder = decoderFor(coding, encoding.name);
  const header = headerOf(record, decoder, delimiter, `${path}: line ${1 + linesAbove}`);
  const dataByte = Math.min(bom + next * unitSize(coding), head.bytes.length);
  if (head.whole && units.subarray(next).every((unit) => unit === 10 || unit === 13)) throw noRows(path, format);
  const description: SourceDescription = {
    ...described,
    csv: { delimiter, delimiterDetected: options.delimiter === undefined, header },
    dataStart: { byte: dataByte, line: 1 + lines },
  };
  return { description, rest: withHead(head.bytes, reader), reopen };
}

interface Head {
  readonly bytes: Buffer;
  /** Nothing follows. */
  readonly whole: boolean;
}

async function headOf(reader: ByteReader, known: Buffer, bytes: number): Promise<Head> {
  const head = Buffer.allocUnsafeSlow(Math.max(bytes, known.length + 1));
  known.copy(head);
  const got = await reader.fill(head, known.length, head.length - known.length);
  return { bytes: head.subarray(0, known.length + got), whole: known.length + got < head.length };
}

/** Drops the byte order mark with the first read. */
function afterMark(reader: ByteReader, bytes: number): ByteReader {
  let dropped = false;
  return {
    async fill(into, offset, length) {
      if (!dropped) {
        dropped = true;
        await skip(reader, bytes);
      }
      return reader.fill(into, offset, length);
    },
  };
}

function refuseEmpty(text: string, path: string): void {
  const hint = 'Check the export that made the file.';
  if (text === '') throw inputError('input-empty', `${path}: is empty`, { hint });
  if (text.length < headBytes / 4 && text.trim() === '')
    throw inputError('input-empty', `${path}: holds only blank lines`, { hint });
}
