/**
 * Reading columns of a row from SQLite. A column of another type than the schema gives is damage, and is said to be so
 * before anything is concluded from it.
 */
import type { SQLOutputValue } from 'node:sqlite';

export type Row = Readonly<Record<string, SQLOutputValue>>;

/** What the database holds cannot have been written by this program. */
export class DamagedRow extends Error {
  override readonly name = 'DamagedRow';
}

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new DamagedRow(`column ${column} should be text`);
  return value;
}

export function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new DamagedRow(`column ${column} should be an integer`);
  }
  return value;
}

export const optionalText = (row: Row, column: string): string | undefined =>
  row[column] === null ? undefined : text(row, column);

export const optionalInteger = (row: Row, column: string): number | undefined =>
  row[column] === null ? undefined : integer(row, column);

/** A column whose value must be one of `known`. */
export function oneOf<Word extends string>(row: Row, column: string, known: readonly Word[]): Word {
  const value = text(row, column);
  const word = known.find((each) => each === value);
  if (word === undefined) throw new DamagedRow(`column ${column} holds an unknown word`);
  return word;
}

export function jsonColumn(row: Row, column: string): unknown {
  const value = text(row, column);
  try {
    return JSON.parse(value);
  } catch {
    throw new DamagedRow(`column ${column} should be JSON`);
  }
}

export function textList(row: Row, column: string): readonly string[] {
  const value = jsonColumn(row, column);
  if (!Array.isArray(value) || !value.every((each) => typeof each === 'string')) {
    throw new DamagedRow(`column ${column} should be a list of words`);
  }
  return value;
}
