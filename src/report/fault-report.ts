/**
 * What `validate` found, for the colleague who made the file: counts, reasons in plain words, and rows with the cells that are at
 * fault. Values of columns that the mapping marks as sensitive are masked, and no secret stands in it.
 */

import type { RejectedRow } from '../journal/rejects.ts';
import type { SensitiveColumns } from '../mapping/sensitive-columns.ts';
import type { Fault } from '../model/fault.ts';
import { isJsonObject, isRawNumber, type Json, parseToTheLetter } from '../model/json.ts';
import { maskText } from '../model/mask.ts';
import type { FaultTally, RowCounts, Summary } from './summary.ts';

export interface FaultReport extends RowCounts, Pick<Summary, 'estimate' | 'repeatedKeys' | 'warnings'> {
  /** Of this form. */
  readonly version: 1;
  /** ISO, UTC. */
  readonly made: string;
  readonly target: string;
  readonly type: string;
  readonly mapping: string;
  /** Columns that the mapping calls the key. */
  readonly key: readonly string[];
  readonly files: readonly string[];
  /** The files were read to their end. */
  readonly complete: boolean;
  readonly requests: number;
  readonly bytes: number;
  readonly reasons: readonly ReportedReason[];
  /** Some rows for each reason, in the order of the files. */
  readonly rows: readonly ReportedRow[];
}

export interface ReportedReason extends FaultTally {
  /** The longer text of the code. */
  readonly explanation: string | undefined;
}

export interface ReportedRow {
  readonly file: string;
  readonly line: number;
  readonly record: number;
  readonly faults: readonly Fault[];
  /** By column; undefined where the row could not be taken apart. Of a very wide row: those at fault, and the first ones. */
  readonly cells: Readonly<Record<string, string>> | undefined;
  /** Columns of a very wide row that are not among {@link cells}. */
  readonly otherColumns?: number;
  /** The row as it stands, where there are no cells. */
  readonly text?: string;
}

export interface FaultReportParts {
  readonly summary: Summary;
  readonly type: string;
  readonly mapping: string;
  readonly key: readonly string[];
  readonly rows: readonly RejectedRow[];
  /** Columns, or paths into an object, that nobody may see. */
  readonly sensitive: SensitiveColumns;
  readonly explain: (code: string) => string | undefined;
  /** Puts a mask over secrets. */
  readonly mask: (text: string) => string;
  readonly now: number;
}

const longestCell = 300;
/** Of one row. A file of ten thousand columns must not make a page of gigabytes. */
const mostCells = 200;
const mostFaults = 100;

export function faultReport(parts: FaultReportParts): FaultReport {
  const { summary, explain, mask, rows } = parts;
  const { read, accepted, rejected, skipped, uncertain, remaining, requests, bytes, complete } = summary;
  const { estimate, repeatedKeys, warnings, files, target } = summary;
  return {
    version: 1,
    made: new Date(parts.now).toISOString(),
    target,
    type: parts.type,
    mapping: parts.mapping,
    key: parts.key,
    files,
    complete,
    ...{ read, accepted, rejected, skipped, uncertain, remaining, requests, bytes },
    ...(estimate === undefined ? {} : { estimate }),
    ...(repeatedKeys === undefined ? {} : { repeatedKeys }),
    warnings,
    reasons: summary.faults.map((fault) => ({
      ...fault,
      reason: mask(fault.reason),
      explanation: explain(fault.code),
    })),
    rows: rows.map((row) => reportedRow(row, parts)),
  };
}

function reportedRow({ file, line, record, faults, source }: RejectedRow, parts: FaultReportParts): ReportedRow {
  const { sensitive, mask } = parts;
  const told = faults.slice(0, mostFaults);
  const place = { file, line, record, faults: told.map((fault) => maskedFault(fault, mask)) };
  const row = source.kind === 'json' ? objectIn(source.text) : undefined;
  if (row === undefined) {
    // Nobody can say which part of it is the sensitive one.
    const text = sensitive.any ? maskText : mask(cut(source.text));
    return { ...place, cells: undefined, text };
  }
  const columns = chosenColumns(Object.keys(row), [{ faults: told, cells: row }], mostCells);
  const cells = columns.map((column): [string, string] => [
    column,
    sensitive.has(column) ? maskText : mask(cut(cellText(row[column] ?? null))),
  ]);
  const otherColumns = Object.keys(row).length - columns.length;
  return { ...place, cells: Object.fromEntries(cells), ...(otherColumns === 0 ? {} : { otherColumns }) };
}

/** In the file's order. When there are too many: those at fault in any of the rows, then the first ones. */
export function chosenColumns(
  all: readonly string[],
  rows: readonly { readonly faults: readonly Fault[]; readonly cells: Readonly<Record<string, unknown>> | undefined }[],
  most: number,
): readonly string[] {
  if (all.length <= most) return all;
  const atFault = rows.flatMap(({ faults, cells }) =>
    faults.flatMap(({ column }) => (column === undefined ? [] : (rootColumn(column, cells ?? {}) ?? []))),
  );
  const chosen = new Set([...new Set([...atFault, ...all])].slice(0, most));
  return all.filter((column) => chosen.has(column));
}

/** The column of a row that a column's name or a path (`address.lines[0]`) leads into. */
export function rootColumn(path: string, cells: Readonly<Record<string, unknown>>): string | undefined {
  if (Object.hasOwn(cells, path)) return path;
  if (!/[.[]/.test(path)) return undefined;
  const names = Object.keys(cells).filter((name) => path.startsWith(`${name}.`) || path.startsWith(`${name}[`));
  return names.sort((a, b) => b.length - a.length)[0];
}

function objectIn(text: string): Readonly<Record<string, Json>> | undefined {
  try {
    const parsed = parseToTheLetter(text);
    return isJsonObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const cellText = (value: Json): string =>
  typeof value === 'string' ? value : isRawNumber(value) ? value.rawJSON : value === null ? '' : JSON.stringify(value);

const cut = (text: string): string => (text.length > longestCell ? `${text.slice(0, longestCell)}…` : text);

const maskedFault = (fault: Fault, mask: (text: string) => string): Fault => ({
  ...fault,
  reason: mask(fault.reason),
  ...(fault.value === undefined ? {} : { value: mask(fault.value) }),
});
