/**
 * The rules of CSV borders once more, written for being read and not for speed: one text, characters, no blocks. What the scanner and csv-parse make of a file
 * together is held against this.
 */
export interface ReferenceRow {
  readonly start: number;
  readonly line: number;
  /** Undefined: broken or too large. */
  readonly cells: readonly string[] | undefined;
  readonly tooLarge: boolean;
  readonly raw: string;
}

const terminators = ['\r\n', '\n', '\r'];
const terminatorAt = (text: string, at: number): string | undefined => terminators.find((t) => text.startsWith(t, at));

function lineEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && terminatorAt(text, at) === undefined) at++;
  return at;
}

/** Cells and end of the record at `from`; `broken` when a quote is where none may be. */
function record(
  text: string,
  from: number,
  delimiter: string,
): { end: number; cells: string[]; broken: boolean } | undefined {
  const cells: string[] = [];
  let at = from;
  let broken = false;
  for (;;) {
    let cell = '';
    if (text[at] === '"') {
      at++;
      for (;;) {
        if (at >= text.length) return undefined;
        if (text.startsWith('""', at)) {
          cell += '"';
          at += 2;
        } else if (text[at] === '"') {
          at++;
          break;
        } else {
          // A record that is broken already does not reach over a line break.
          if (broken && terminatorAt(text, at) !== undefined) return undefined;
          cell += text[at++];
        }
      }
      if (at < text.length && text[at] !== delimiter && terminatorAt(text, at) === undefined) return undefined;
    } else {
      while (at < text.length && text[at] !== delimiter && terminatorAt(text, at) === undefined) cell += text[at++];
      if (cell.includes('"')) broken = true;
    }
    cells.push(cell);
    if (at >= text.length || terminatorAt(text, at) !== undefined) return { end: at, cells, broken };
    at++;
  }
}

export function referenceRows(text: string, delimiter: string, maxRow = Number.POSITIVE_INFINITY): ReferenceRow[] {
  const rows: ReferenceRow[] = [];
  let at = 0;
  let line = 1;
  const breaks = (part: string): number => part.match(/\r\n|\n|\r/g)?.length ?? 0;
  while (at < text.length) {
    const blank = terminatorAt(text, at);
    if (blank !== undefined) {
      at += blank.length;
      line++;
      continue;
    }
    const whole = record(text, at, delimiter);
    const fits = whole !== undefined && whole.end - at <= maxRow;
    const end = fits ? whole.end : lineEnd(text, at);
    rows.push({
      start: at,
      line,
      cells: fits && !whole.broken ? whole.cells : undefined,
      tooLarge: end - at > maxRow,
      raw: text.slice(at, end),
    });
    const next = end + (terminatorAt(text, end)?.length ?? 0);
    line += breaks(text.slice(at, next));
    at = next;
  }
  return rows;
}
