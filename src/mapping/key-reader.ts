/** The value of one or several columns of a row as one text: whom the row is about, or which group it belongs to. */
import { type ReadSource, type Row, sourceText } from './row-shape.ts';

/** Between the parts of a key of several columns: no cell is likely to hold it, so different keys stay different. */
const separator = '\u001f';

/** '' when there are no columns, or when the only one is empty. */
export function keyReader(columns: readonly ReadSource[]): (row: Row) => string {
  const [only] = columns;
  if (only === undefined) return () => '';
  if (columns.length === 1) return (row) => keyText(only(row));
  return (row) => columns.map((read) => keyText(read(row))).join(separator);
}

/** The name of a row's group; undefined when its columns are empty. */
export function groupNames(columns: readonly ReadSource[]): (row: Row) => string | undefined {
  const read = keyReader(columns);
  return (row) => {
    const name = read(row);
    // Of several columns that are all empty only what stands between them is left.
    return name.length < columns.length ? undefined : name;
  };
}

const keyText = (value: ReturnType<ReadSource>): string =>
  typeof value === 'string' ? value : value === null || value === undefined ? '' : (sourceText(value) ?? '');
