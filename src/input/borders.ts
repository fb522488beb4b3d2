/**
 * Where records begin and end, decided on raw bytes. Everything that counts rows, lines or offsets asks this file; what reads
 * the cells only ever sees records whose borders are known, so values and positions cannot drift apart.
 *
 * The rules are RFC 4180 as csv-parse reads it: a quote opens a field only at the field's start, `""` inside is a quote, and
 * CRLF, LF and CR end a record outside quotes, freely mixed. Where a quote is broken, the record's first physical line alone is
 * given up and reading starts anew at the next line, so that one stray quote does not swallow the rows behind it.
 *
 * Every decision depends only on the bytes from the record's start on, never on where a buffer happens to end: when a buffer
 * ends too early to be certain, the answer is `needsMore`. That makes the result the same for any block size.
 *
 * The work is linear. A quote inside an unquoted field marks the record as broken for good, and such a record does not reach over a
 * line break inside quotes. Without that rule a line like `a""","` opens a quoted field whether or not one is open
 * already, and each line of a file of them would be scanned up to the size limit.
 */

const lf = 10;
const cr = 13;
const quote = 34;

/** How rows are told apart, in code units (bytes, or UTF-16 units narrowed by {@link narrow}). */
export interface BorderRules {
  readonly format: 'csv' | 'ndjson';
  /** Code of the delimiter; unused for NDJSON. */
  readonly delimiter: number;
  /** Longest row, in units, without its terminator (an NDJSON line's CR counts, its LF does not). */
  readonly maxRow: number;
}

export const needsMore = -1;

export type RecordKind = 'row' | 'blank' | 'broken' | 'too-large';
/**
 * What is wrong with a broken record: a quote amid an unquoted field, something after a closing quote, a quoted field without a proper end. Judged by the
 * record's first line when that is all that is left of it, or the answer would depend on how far the block reaches.
 */
export type QuoteFault = 'stray' | 'after-close' | 'unclosed';

/** Reads one record at a time; the outcome of the last call stands in its fields, so that no object is made per row. */
export class RecordScanner {
  kind: RecordKind = 'row';
  /** Past the record's last unit, before its terminator. */
  contentEnd = 0;
  /** Line breaks passed, the terminator included. */
  lines = 0;
  /** Set when `kind` is `broken`. */
  quoteFault: QuoteFault = 'stray';
  /** Where the broken quote stands. */
  faultAt = 0;

  /** The opening quote of the field that the record's first line ends in. */
  #openAtLineEnd = 0;
  readonly #rules: BorderRules;

  constructor(rules: BorderRules) {
    this.#rules = rules;
  }

  /**
   * Index of the next record's first unit, or {@link needsMore}. `eof`: nothing follows `end`. For a record of kind `too-large` there may be no
   * next one in sight; the index returned is then `end`, and the caller must look for the end of the line itself.
   */
  next(units: Uint8Array, from: number, end: number, eof: boolean): number {
    return this.#rules.format === 'csv' ? this.#csv(units, from, end, eof) : this.#ndjson(units, from, end, eof);
  }

  #csv(units: Uint8Array, from: number, end: number, eof: boolean): number {
    const { delimiter, maxRow } = this.#rules;
    // The terminator of a row of exactly maxRow units stands at from + maxRow.
    const limit = Math.min(end, from + maxRow + 1);
    let stray = false;
    let lines = 0;
    let i = from;
    this.#openAtLineEnd = from;
    while (i < limit) {
      const unit = units[i] as number;
      // Most text lies above the quote, so one comparison a unit is the whole cost.
      if (unit > quote) {
        i++;
      } else if (unit === lf || unit === cr) {
        this.lines = lines;
        this.kind = i === from ? 'blank' : stray ? 'broken' : 'row';
        return this.#terminate(units, i, end, eof);
      } else if (unit !== quote) {
        i++;
      } else if (i !== from && units[i - 1] !== delimiter) {
        if (!stray) this.#blame('stray', i);
        stray = true;
        i++;
      } else {
        const opened = i;
        let closed = false;
        i++;
        while (i < limit) {
          const inside = units[i] as number;
          if (inside > quote) {
            i++;
          } else if (inside === quote) {
            if (i + 1 === end) {
              // What comes behind is not known yet, or nothing is: the end of this function tells.
              closed = true;
              i++;
              break;
            }
            const after = units[i + 1] as number;
            if (after === quote) {
              i += 2;
            } else if (after === delimiter) {
              closed = true;
              i += 2;
              break;
            } else if (after === lf || after === cr) {
              closed = true;
              i++;
              break;
            } else {
              if (!stray) this.#blame('after-close', i);
              return this.#firstLine(units, from, end, eof);
            }
          } else {
            if (inside === lf || inside === cr) {
              if (lines === 0) this.#openAtLineEnd = opened;
              if (stray) return this.#firstLine(units, from, end, eof);
              if (inside === cr || units[i - 1] !== cr) lines++;
            }
            i++;
          }
        }
        if (!closed) {
          if (limit === end && limit <= from + maxRow && !eof) return needsMore;
          if (!stray) this.#blame('unclosed', opened);
          return this.#firstLine(units, from, end, eof);
        }
      }
    }
    if (i > from + maxRow) {
      this.#blame('unclosed', end);
      return this.#firstLine(units, from, end, eof);
    }
    if (!eof) return needsMore;
    this.lines = lines;
    this.kind = stray ? 'broken' : 'row';
    this.contentEnd = end;
    return end;
  }

  #ndjson(units: Uint8Array, from: number, end: number, eof: boolean): number {
    const { maxRow } = this.#rules;
    let at = units.indexOf(lf, from);
    if (at < 0 || at >= end) at = end;
    if (at - from > maxRow) {
      this.kind = 'too-large';
      return end;
    }
    if (at === end && !eof) return needsMore;
    this.lines = at === end ? 0 : 1;
    this.contentEnd = at > from && units[at - 1] === cr ? at - 1 : at;
    this.kind = isBlank(units, from, this.contentEnd) ? 'blank' : 'row';
    return at === end ? end : at + 1;
  }

  #blame(fault: QuoteFault, at: number): void {
    this.quoteFault = fault;
    this.faultAt = at;
  }

  /** The record's first physical line, as a broken record of its own. */
  #firstLine(units: Uint8Array, from: number, end: number, eof: boolean): number {
    const last = from + this.#rules.maxRow;
    const limit = Math.min(end, last + 1);
    let i = from;
    while (i < limit && units[i] !== lf && units[i] !== cr) i++;
    if (i > last) {
      this.kind = 'too-large';
      return end;
    }
    this.lines = 0;
    this.kind = 'broken';
    if (this.faultAt >= i) this.#blame('unclosed', this.#openAtLineEnd);
    if (i < end) return this.#terminate(units, i, end, eof);
    if (!eof) return needsMore;
    this.contentEnd = end;
    return end;
  }

  #terminate(units: Uint8Array, at: number, end: number, eof: boolean): number {
    this.contentEnd = at;
    this.lines++;
    if (units[at] === lf) return at + 1;
    if (at + 1 === end) return eof ? end : needsMore;
    return units[at + 1] === lf ? at + 2 : at + 1;
  }
}

/** NDJSON: nothing but JSON whitespace. */
function isBlank(units: Uint8Array, from: number, end: number): boolean {
  for (let i = from; i < end; i++) {
    const unit = units[i] as number;
    if (unit !== 32 && unit !== 9 && unit !== cr) return false;
  }
  return true;
}

/** A stretch of whole records: where it ends, how many rows and line breaks it holds. */
export interface Stretch {
  readonly end: number;
  readonly records: number;
  readonly lines: number;
  /** A row over the limit begins at `end`. */
  readonly tooLarge: boolean;
}

/** Whole records from `start` on: up to the first border at or past `start + wanted`, else the last certain border before `end`. */
export function stretch(
  rules: BorderRules,
  scanner: RecordScanner,
  units: Uint8Array,
  start: number,
  end: number,
  eof: boolean,
  wanted: number,
): Stretch {
  const target = start + wanted;
  const plain = plainUntil(rules, units, start, Math.min(end, target));
  let at = start;
  let records = 0;
  let lines = 0;
  if (plain > start) {
    // No quote and no CR up to `plain`: a record is what stands between two line feeds. Four to five times as fast.
    for (;;) {
      const next = units.indexOf(lf, at);
      if (next < 0 || next >= plain || next - at > rules.maxRow) break;
      if (next !== at) records++;
      lines++;
      at = next + 1;
    }
  }
  while (at < end && at < target) {
    const next = scanner.next(units, at, end, eof);
    if (next === needsMore) break;
    if (scanner.kind === 'too-large') return { end: at, records, lines, tooLarge: true };
    if (scanner.kind !== 'blank') records++;
    lines += scanner.lines;
    at = next;
  }
  return { end: at, records, lines, tooLarge: false };
}

/** Up to where line feeds alone decide. NDJSON's blank lines may hold spaces, so there it stays with the scanner. */
function plainUntil(rules: BorderRules, units: Uint8Array, start: number, end: number): number {
  if (rules.format === 'ndjson') return start;
  const part = units.subarray(start, end);
  const firstQuote = part.indexOf(quote);
  const firstReturn = part.indexOf(cr);
  return Math.min(end, firstQuote < 0 ? end : start + firstQuote, firstReturn < 0 ? end : start + firstReturn);
}
