/** The header of a CSV file: names of the columns, or why there can be none. */

import type { RecordKind } from './borders.ts';
import { inputError } from './codes.ts';
import { parseCsv } from './csv-cells.ts';
import type { Decoder } from './decode.ts';
import { countColumns } from './delimiter.ts';

/**
 * The names in `bytes`, the header's own without its line break. `units`: the same as {@link countColumns} reads them.
 * @param where file and line, for complaints
 */
export function headerOf(
  record: { readonly bytes: Uint8Array; readonly units: Uint8Array; readonly kind: RecordKind },
  decoder: Decoder,
  delimiter: string,
  where: string,
): string[] {
  if (record.kind === 'blank') {
    throw inputError('header-missing', `${where}: is blank where the names of the columns should stand`, {
      hint: 'Remove the blank line, or put a header in front of the rows.',
    });
  }
  const broken = () =>
    inputError(
      'header-broken',
      `${where}: the header cannot be read (a quote in the wrong place, one not closed, or the line is too long)`,
      {
        hint: startsAsJson(record.bytes)
          ? 'The line begins as JSON does: if each line is an object, say --format ndjson.'
          : 'Check the quotes in the header and --delimiter.',
      },
    );
  if (record.kind !== 'row') throw broken();
  const utf8 = decoder.utf8(record.bytes);
  if (utf8 === undefined) {
    const at = decoder.undecodableAt(record.bytes);
    const column = countColumns(record.units, 0, Math.floor(at / decoder.unit), delimiter.charCodeAt(0));
    throw inputError(
      'header-undecodable',
      `${where}: column ${column} has bytes in its name that are not text in this encoding`,
      {
        hint: 'Name the encoding of the file, such as --encoding windows-1252.',
      },
    );
  }
  const names = parseCsv(utf8, delimiter)?.[0];
  if (names === undefined) throw broken();
  refuseNameless(names, where);
  refuseDuplicates(names, where);
  return names;
}

const startsAsJson = (bytes: Uint8Array): boolean => /^\s*[{[]/.test(Buffer.from(bytes.subarray(0, 100)).toString());

function refuseNameless(names: readonly string[], where: string): void {
  const nameless = names.flatMap((name, i) => (name.trim() === '' ? [i + 1] : []));
  if (nameless.length === 0) return;
  const which = nameless.length === 1 ? `column ${nameless[0]} has` : `columns ${listed(nameless)} have`;
  throw inputError('header-empty-name', `${where}: ${which} no name`, {
    hint:
      nameless.length >= names.length - 1 && names.length > 2
        ? 'It looks like a title: remove what stands above the line with the names of the columns.'
        : nameless.at(-1) === names.length
          ? 'Name every column in the header, or remove the empty columns at its end.'
          : 'Name every column in the header.',
  });
}

function refuseDuplicates(names: readonly string[], where: string): void {
  const places = new Map<string, number[]>();
  names.forEach((name, i) => {
    const at = places.get(name);
    if (at === undefined) places.set(name, [i + 1]);
    else at.push(i + 1);
  });
  const doubled = [...places].filter(([, at]) => at.length > 1);
  if (doubled.length === 0) return;
  const shown = doubled.slice(0, 5).map(([name, at]) => `${JSON.stringify(name)} (columns ${listed(at)})`);
  const more = doubled.length > shown.length ? ` and ${doubled.length - shown.length} more` : '';
  throw inputError('header-duplicate', `${where}: the same name stands twice: ${shown.join(', ')}${more}`, {
    hint: 'Rename the columns in the header so that each has its own name.',
  });
}

const listed = (numbers: readonly number[]): string =>
  numbers.length <= 6 ? numbers.join(', ') : `${numbers.slice(0, 5).join(', ')} and ${numbers.length - 5} more`;
