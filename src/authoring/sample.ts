/** From rows to columns: what a sample holds of each, empty cells counted and taken out. */
import { type PlainRow, RowFault } from '../input/parse.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';

export interface ColumnSample {
  /** The column, or the path as a mapping writes it: `address.city`. */
  readonly name: string;
  /** Rows looked at. */
  readonly rows: number;
  /** What is not empty, in the rows' order. CSV: texts. NDJSON: anything but null and "". */
  readonly values: readonly Json[];
  /** Holds objects that cannot be taken apart into columns. */
  readonly opaque: boolean;
}

export interface ColumnSamples {
  readonly columns: readonly ColumnSample[];
  /** Rows that could be read. */
  readonly rows: number;
  /** Paths beyond what a person could look through. */
  readonly unseen: number;
}

/** NDJSON whose keys are data (`{"<id>": …}`) would give a column for each. */
const mostPaths = 1000;
const deepest = 6;

/** @param header of a CSV file; undefined for NDJSON */
export function columnSamples(rows: readonly PlainRow[], header: readonly string[] | undefined): ColumnSamples {
  const readable = rows.filter((row) => !(row instanceof RowFault));
  if (header === undefined) return jsonColumns(readable.filter(isJsonObject));
  const cells = readable.filter((row): row is string[] => Array.isArray(row));
  const columns = header.map((name, index) => ({
    name,
    rows: cells.length,
    values: cells.flatMap((row) => (row[index] === undefined || row[index] === '' ? [] : [row[index]])),
    opaque: false,
  }));
  return { columns, rows: cells.length, unseen: 0 };
}

interface Found {
  readonly values: Json[];
  opaque: boolean;
}

function jsonColumns(rows: readonly JsonObject[]): ColumnSamples {
  const found = new Map<string, Found>();
  const unseen = new Set<string>();
  const at = (path: string): Found | undefined => {
    const known = found.get(path);
    if (known !== undefined) return known;
    if (found.size >= mostPaths) {
      if (unseen.size < mostPaths) unseen.add(path);
      return undefined;
    }
    const column: Found = { values: [], opaque: false };
    found.set(path, column);
    return column;
  };
  const put = (path: string, value: Json, depth: number): void => {
    if (isJsonObject(value) && depth < deepest && canBeTakenApart(value)) {
      for (const key of Object.keys(value)) put(`${path}.${key}`, value[key] ?? null, depth + 1);
      return;
    }
    const column = at(path);
    if (column === undefined || value === null || value === '') return;
    column.values.push(value);
    if (isJsonObject(value) || (Array.isArray(value) && value.some((one) => typeof one === 'object'))) {
      column.opaque = true;
    }
  };
  for (const row of rows) for (const key of Object.keys(row)) if (key !== '') put(key, row[key] ?? null, 0);
  mergeClashes(found);
  const columns = [...found].map(([name, column]) => ({ name, rows: rows.length, ...column }));
  return { columns, rows: rows.length, unseen: unseen.size };
}

/** Its keys can be written as steps of a path, and there is something in it. */
function canBeTakenApart(value: JsonObject): boolean {
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => /^[^.[\]]+$/.test(key));
}

/** Where a path is an object in some rows and a value in others, only the whole can be mapped; null is no value. */
function mergeClashes(found: Map<string, Found>): void {
  for (const path of [...found.keys()]) {
    const steps = path.split('.');
    for (let length = 1; length < steps.length; length++) {
      const above = steps.slice(0, length).join('.');
      const whole = found.get(above);
      if (whole === undefined) continue;
      if (whole.values.length === 0) {
        found.delete(above);
        continue;
      }
      const inner = found.get(path);
      if (inner !== undefined) for (const value of inner.values) whole.values.push(value);
      whole.opaque = true;
      found.delete(path);
    }
  }
}
