/** What kind of file the first bytes tell of, and refusals for those that are no text. */
import { inputError } from './codes.ts';

export type Format = 'csv' | 'ndjson';

const archives: readonly (readonly [what: string, unpack: string, magic: readonly number[]])[] = [
  ['gzip', 'zcat', [0x1f, 0x8b]],
  ['zstd', 'zstdcat', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', 'xzcat', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]],
  ['bzip2', 'bzcat', [0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59]],
  ['a zip archive, as every Excel workbook is', 'unzip -p', [0x50, 0x4b, 3, 4]],
];
/** Of the binary workbooks of old. */
const oldOffice = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
/** Names of files that every workbook of today has, and that stand in it as they are. */
const workbookParts = ['[Content_Types].xml', 'xl/workbook.xml', 'xl/worksheets/'];

/** Throws when the head is no text in any encoding. */
export function refuseArchives(head: Uint8Array, path: string): void {
  const isZip = head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4;
  const names = isZip ? Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1') : '';
  if (workbookParts.some((part) => names.includes(part)) || oldOffice.every((byte, i) => head[i] === byte)) {
    throw inputError('input-compressed', `${path}: is an Excel workbook, whatever its name says`, {
      hint: 'Export the sheet as CSV: in Excel "Save as", type "CSV UTF-8".',
    });
  }
  for (const [what, unpack, magic] of archives) {
    if (!magic.every((byte, i) => head[i] === byte)) continue;
    throw inputError('input-compressed', `${path}: is compressed (${what})`, {
      hint:
        unpack === 'unzip -p'
          ? 'Export the sheet as CSV, or unpack it and pipe it in: unzip -p FILE | cdp-load push - …'
          : `Decompress it, or pipe it in: ${unpack} FILE | cdp-load push - …`,
    });
  }
}

/** Throws when a head in an 8-bit encoding holds NULs (UTF-16 without its mark) or is mostly control characters. */
export function refuseBinary(head: Uint8Array, path: string): void {
  let odd = 0;
  let even = 0;
  let controls = 0;
  for (let i = 0; i < head.length; i++) {
    const byte = head[i] as number;
    if (byte >= 32) continue;
    if (byte === 0) {
      if (i % 2 === 0) even++;
      else odd++;
    } else if (byte !== 9 && byte !== 10 && byte !== 13 && byte !== 12 && byte !== 1 && (byte < 28 || byte > 31)) {
      // 0x01 and 0x1c to 0x1f serve as separators in some exports.
      controls++;
    }
  }
  const half = head.length / 2;
  const lopsided = Math.max(odd, even) > half * 0.4 && Math.min(odd, even) < half * 0.1;
  if (lopsided) {
    const name = odd > even ? 'utf-16le' : 'utf-16be';
    throw inputError('encoding-not-marked', `${path}: looks like ${name} without a byte order mark`, {
      hint: `Say --encoding ${name}.`,
    });
  }
  if (odd + even + controls > head.length * 0.05) {
    throw inputError('input-binary', `${path}: is not text (NUL bytes or control characters at its start)`, {
      hint: 'Give a CSV or NDJSON file, or name its encoding with --encoding.',
    });
  }
}

const extensions: Readonly<Record<string, Format>> = {
  csv: 'csv',
  tsv: 'csv',
  txt: 'csv',
  psv: 'csv',
  tab: 'csv',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  json: 'ndjson',
};

/** The mapping is easily given in the place of the rows. */
export function refuseYaml(asked: Format | undefined, path: string): void {
  if (asked !== undefined || !/\.ya?ml$/i.test(path)) return;
  throw inputError('input-is-yaml', `${path}: is a YAML file, not one of rows`, {
    hint: 'Name the CSV or NDJSON file, and the mapping with --mapping. If it does hold rows, say --format.',
  });
}

/** By flag, else by the file's name, else by its first character. */
export function formatOf(asked: Format | undefined, path: string, text: string): Format {
  const extension = /\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase();
  const named = extension === undefined ? undefined : extensions[extension];
  return asked ?? named ?? (/^\s*[{[]/.test(text) ? 'ndjson' : 'csv');
}

/** A JSON document laid out over lines would give one reject a line; better to say at once what it is. */
export function refuseJsonDocument(text: string, path: string): void {
  const first = /^\s*([^\r\n]*)/.exec(text)?.[1]?.trim() ?? '';
  if (!/^(?:\[\s*\{?|\{)$/.test(first)) return;
  throw inputError('input-not-lines', `${path}: is one JSON document over several lines, not NDJSON`, {
    hint: `Make one object a line of it first: jq -c '${first.startsWith('[') ? '.[]' : '.'}' FILE | cdp-load push - --format ndjson …`,
  });
}
