/**
 * What is wrong with a mapping, with its place. Complaints are collected and thrown together, so that a mapping is
 * corrected in one go. Places survive loading in a side table, because most complaints arise later, when the mapping
 * meets a file's header and a target.
 */
import { UserError } from '../model/fault.ts';
import { closest } from '../model/suggest.ts';
import type { MappingCode } from './codes.ts';

export type Path = readonly (string | number)[];

/**
 * Line and column, 1-based; how the text was written there, since a quote mark shifts what stands inside it; and the file, when it is not the
 * mapping's own (`extends`).
 */
export type Place = readonly [line: number, column: number, style?: 'quoted' | 'block' | undefined, file?: string];

/** By pointer (see {@link pointer}): where a key stands, and where its value does. */
export interface Positions {
  readonly keys: Readonly<Record<string, Place>>;
  readonly values: Readonly<Record<string, Place>>;
}

export interface Complaint {
  readonly path: Path;
  readonly text: string;
  /** The key itself is at fault, not its value. */
  readonly atKey?: boolean;
  /** Characters into the value (inside an expression). */
  readonly offset?: number;
}

const mostComplaints = 50;
const longestQuote = 80;

/** A path as a key of {@link Positions}. */
export const pointer = (path: Path): string =>
  path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** Quoted, on one line, without control characters, cut. */
export const quote = (text: string): string =>
  JSON.stringify(text.length > longestQuote ? `${text.slice(0, longestQuote)}…` : text);

/** ` (did you mean "email"?)`, or nothing. */
export function didYouMean(name: string, known: readonly string[]): string {
  const near = name.length > longestQuote ? undefined : closest(name, known);
  return near === undefined ? '' : ` (did you mean ${quote(near)}?)`;
}

/** Where the complaint's path stands, or the nearest thing above it. */
function placeOf(positions: Positions, { path, atKey, offset }: Complaint): Place {
  for (let length = path.length; length >= 0; length--) {
    const key = pointer(path.slice(0, length));
    const exact = length === path.length;
    const place = exact && atKey ? positions.keys[key] : (positions.values[key] ?? positions.keys[key]);
    if (place === undefined) continue;
    const [line, column, style, file] = place;
    // Inside a block scalar the indentation is not known here; its first line is near enough.
    if (!exact || offset === undefined || style === 'block') return [line, column, undefined, file];
    return [line, column + offset + (style === 'quoted' ? 1 : 0), undefined, file];
  }
  return [1, 1];
}

/** "people.map.yaml:7:5: …", one a line, in the file's order. */
export function mappingError(file: string, positions: Positions, complaints: readonly Complaint[]): UserError {
  const placed = complaints.map((complaint) => ({ at: placeOf(positions, complaint), text: complaint.text }));
  placed.sort((a, b) => (a.at[3] ?? '').localeCompare(b.at[3] ?? '') || a.at[0] - b.at[0] || a.at[1] - b.at[1]);
  const lines = [...new Set(placed.map(({ at, text }) => `${at[3] ?? file}:${at[0]}:${at[1]}: ${text}`))];
  const more = lines.length - mostComplaints;
  const shown = more > 0 ? [...lines.slice(0, mostComplaints), `… and ${more} more`] : lines;
  return mappingProblem('mapping-invalid', shown.join('\n'), 'Correct the mapping and run the same command again.');
}

export const mappingProblem = (
  code: Extract<MappingCode, `mapping-${string}`>,
  message: string,
  hint: string,
): UserError => new UserError(code, message, { hint });
