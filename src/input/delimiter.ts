/** Which character separates the columns: asked for, or the one under which the head of the file makes most sense. */
import { needsMore, RecordScanner } from './borders.ts';
import { inputError } from './codes.ts';

const candidates = [',', ';', '\t', '|'];
/** Rows of the head that are looked at. */
const sample = 100;

const names: Readonly<Record<string, string>> = {
  comma: ',',
  semicolon: ';',
  tab: '\t',
  '\\t': '\t',
  pipe: '|',
  space: ' ',
};

/** What `--delimiter` asks for: a character, or its name. */
export function delimiterFrom(asked: string): string {
  const delimiter = names[asked.toLowerCase()] ?? asked;
  const code = delimiter.charCodeAt(0);
  if (delimiter.length !== 1 || code === 0 || code > 127 || '"\r\n'.includes(delimiter)) {
    throw inputError('delimiter-invalid', `The delimiter ${JSON.stringify(asked)} is not a single ASCII character`, {
      hint: 'Use one character, such as --delimiter ";", or a name: comma, semicolon, tab, pipe.',
    });
  }
  return delimiter;
}

/** `sep=;`, which Excel takes for an order and not for a row, in the first line: the delimiter, and how long the line is. */
export function declaredDelimiter(text: string): { readonly delimiter: string; readonly length: number } | undefined {
  const [line, delimiter] = /^(?:"sep=([!#-~\t])"|sep=([!#-~\t]))(?:\r\n|\n|\r)/i.exec(text)?.filter(isGiven) ?? [];
  return line === undefined || delimiter === undefined ? undefined : { delimiter, length: line.length };
}

const isGiven = (part: string | undefined): part is string => part !== undefined;

/**
 * Guesses from the head of the file, as UTF-8. `whole`: the head is all there is. The guess is the delimiter that gives the header at least two
 * columns and most rows the same number; `,` when there is only one column.
 */
export function detectDelimiter(head: Uint8Array, whole: boolean): string {
  let best = ',';
  let bestAgreement = 0;
  let bestColumns = 1;
  for (const candidate of candidates) {
    const [columns = 1, ...rows] = columnCounts(head, whole, candidate.charCodeAt(0));
    if (columns < 2) continue;
    const agreement = rows.length === 0 ? 1 : rows.filter((count) => count === columns).length / rows.length;
    if (agreement > bestAgreement || (agreement === bestAgreement && columns > bestColumns) || bestColumns === 1) {
      best = candidate;
      bestAgreement = agreement;
      bestColumns = columns;
    }
  }
  return best;
}

/** Columns of the header and the first rows. A broken row counts as having none. */
function columnCounts(head: Uint8Array, whole: boolean, delimiter: number): number[] {
  const scanner = new RecordScanner({ format: 'csv', delimiter, maxRow: head.length });
  const counts: number[] = [];
  let at = 0;
  while (at < head.length && counts.length < sample) {
    const next = scanner.next(head, at, head.length, whole);
    if (next === needsMore) {
      // Not even the header fits: what there is of it must do.
      if (counts.length === 0) counts.push(countColumns(head, at, head.length, delimiter));
      break;
    }
    if (scanner.kind === 'row') counts.push(countColumns(head, at, scanner.contentEnd, delimiter));
    else if (scanner.kind !== 'blank') counts.push(0);
    at = next;
  }
  return counts;
}

/** One more than the delimiters outside quotes between `from` and `end`. In a row with broken quotes: as far as can be told. */
export function countColumns(units: Uint8Array, from: number, end: number, delimiter: number): number {
  let columns = 1;
  let inside = false;
  for (let i = from; i < end; i++) {
    const unit = units[i];
    if (unit === 34) {
      if (inside) inside = false;
      // A second quote in a row is an escaped one: the field goes on.
      else inside = i === from || units[i - 1] === delimiter || units[i - 1] === 34;
    } else if (unit === delimiter && !inside) {
      columns++;
    }
  }
  return columns;
}
