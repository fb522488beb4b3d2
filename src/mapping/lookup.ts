/**
 * `lookup:`: a value found in a second file, by a key. The file is read once, when the mapping is, and of it only the two
 * columns in question are kept: they travel with the mapping to every thread.
 */
import { hash } from 'node:crypto';
import { parseRecords } from '../input/csv-rows.ts';
import { declaredDelimiter } from '../input/delimiter.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { type Complaint, didYouMean, type Path, quote } from './complaint.ts';
import { beside, readBounded, textOf } from './files.ts';
import { fieldsOf, type LookupTable, type Mapping, type MappingField } from './mapping.ts';
import { sourceText } from './row-shape.ts';
import { parseJson } from './texts.ts';

export type Lookup = NonNullable<MappingField['lookup']>;

const mostBytes = 256 * 1024 * 1024;

/** Names the table of a lookup: two fields that look up the same share it. */
export const lookupName = ({ file, key, value, delimiter }: Lookup): string =>
  JSON.stringify([file, key, value, delimiter]);

/** Reads the tables of all lookups. What is wrong with one is complained of at the field. */
export async function readLookups(
  mapping: Mapping,
  complain: (complaint: Complaint) => void,
): Promise<Record<string, LookupTable>> {
  const tables: Record<string, LookupTable> = {};
  for (const { field, path } of mapping.entries.flatMap(fieldsOf)) {
    const { lookup } = field;
    if (lookup === undefined || tables[lookupName(lookup)] !== undefined) continue;
    const table = await readTable(lookup, mapping.file);
    if ('text' in table) complain({ path: [...path, 'lookup', ...table.at], text: table.text });
    else tables[lookupName(lookup)] = table;
  }
  return tables;
}

interface Trouble {
  readonly at: Path;
  readonly text: string;
}

async function readTable(lookup: Lookup, mappingFile: string): Promise<LookupTable | Trouble> {
  const { file } = lookup;
  const trouble = (text: string): Trouble => ({ at: ['file'], text: `${file} ${text}` });
  const bytes = await readBounded(beside(mappingFile, file), mostBytes);
  if (bytes === 'unreadable') return trouble('is not there or cannot be read (the path begins at the mapping)');
  if (bytes === 'too-large') return trouble(`is larger than ${mostBytes} bytes, too much to be held in memory`);
  const text = textOf(bytes);
  if (text === undefined) return trouble('is not UTF-8 text');
  const pairs = /\.(ndjson|jsonl)$/i.test(file) ? jsonPairs(text, lookup) : csvPairs(text, lookup);
  if (!Array.isArray(pairs)) return pairs;
  const found = new Map<string, string>();
  for (const [key, value, line] of pairs) {
    if (key === '') continue;
    const known = found.get(key);
    if (known !== undefined && known !== value) {
      return trouble(`has the key ${quote(key)} twice, with different values (line ${line})`);
    }
    found.set(key, value);
  }
  const digest = hash('sha256', JSON.stringify([...found]));
  return { keys: [...found.keys()], values: [...found.values()], digest };
}

type Pair = readonly [key: string, value: string, line: number];

function csvPairs(text: string, { file, key, value, delimiter }: Lookup): Pair[] | Trouble {
  const declared = declaredDelimiter(text);
  const table = text.slice(declared?.length ?? 0);
  const firstLine = table.slice(0, table.search(/[\r\n]|$/));
  const separator =
    delimiter ?? declared?.delimiter ?? [',', ';', '\t', '|'].find((candidate) => firstLine.includes(candidate)) ?? ',';
  const records = parseRecords(Buffer.from(table), separator);
  if (records === undefined) return { at: ['file'], text: `${file} has a broken quote and cannot be read as CSV` };
  const [header = [], ...rows] = records;
  const columns = [key, value].map((name) => header.indexOf(name));
  for (const [index, name] of [key, value].entries()) {
    if (columns[index] === -1) {
      const at = [index === 0 ? 'key' : 'value'];
      return { at, text: `${file} has no column ${quote(name)}${didYouMean(name, header)}` };
    }
  }
  const [keyColumn = 0, valueColumn = 0] = columns;
  const ragged = rows.findIndex((row) => row.length !== header.length);
  if (ragged !== -1) {
    return {
      at: ['file'],
      text: `${file} has ${rows[ragged]?.length} columns in record ${ragged + 1}, and ${header.length} in its header`,
    };
  }
  return rows.map((row, index) => [row[keyColumn] ?? '', row[valueColumn] ?? '', index + 2]);
}

function jsonPairs(text: string, { file, key, value }: Lookup): Pair[] | Trouble {
  const pairs: Pair[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    let row: Json;
    try {
      row = parseJson(line);
    } catch {
      row = null;
    }
    if (!isJsonObject(row)) return { at: ['file'], text: `${file} has no JSON object in line ${index + 1}` };
    pairs.push([cell(row, key), cell(row, value), index + 1]);
  }
  return pairs;
}

const cell = (row: JsonObject, key: string): string =>
  Object.hasOwn(row, key) && row[key] !== null ? (sourceText(row[key]) ?? '') : '';

/** From a key to what stands beside it in the file; undefined when it is not there. */
export function lookupIn(table: LookupTable): (key: string) => string | undefined {
  const found = new Map(table.keys.map((key, index) => [key, table.values[index] ?? '']));
  return (key) => found.get(key);
}
