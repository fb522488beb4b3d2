/**
 * `lookup:`: a value found in a second file, by a key. The file is read once, when the mapping is, and of it only the two
 * columns in question are kept, in memory that all threads share.
 */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { allRecords } from '../input/csv-rows.ts';
import { declaredDelimiter } from '../input/delimiter.ts';
import { feedLinesOf } from '../input/lines.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { type Complaint, didYouMean, type Path, quote } from './complaint.ts';
import { beside, readBounded } from './files.ts';
import { fieldsOf, type LookupTable, type Mapping, type MappingField } from './mapping.ts';
import { sourceText } from './row-shape.ts';
import { TextTableBuilder, textTableReader } from './text-table.ts';
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
  if (!isUtf8(bytes)) return trouble('is not UTF-8 text');
  const isMarked = bytes.subarray(0, byteOrderMark.length).equals(byteOrderMark);
  const utf8 = bytes.subarray(isMarked ? byteOrderMark.length : 0);
  const table = new TextTableBuilder();
  const digest = createHash('sha256').update('[');
  const keep: Keep = (key, value, line) => {
    if (key === '') return undefined;
    if (!key.isWellFormed() || !value.isWellFormed())
      return trouble(`holds half of a surrogate pair, which is no character (line ${line})`);
    const { count } = table;
    const known = table.add(key, value);
    if (known !== value) return trouble(`has the key ${quote(key)} twice, with different values (line ${line})`);
    if (table.count > count) digest.update(`${count === 0 ? '' : ','}${JSON.stringify([key, value])}`);
    return undefined;
  };
  const isJson = /\.(ndjson|jsonl)$/i.test(file);
  const found = isJson ? readJsonPairs(utf8, lookup, keep) : readCsvPairs(utf8, lookup, keep);
  return found ?? { found: table.finish(), digest: digest.update(']').digest('hex') };
}

const byteOrderMark = Buffer.from('\ufeff');

/** Says what is wrong with a pair, if anything is. */
type Keep = (key: string, value: string, line: number) => Trouble | undefined;

function readCsvPairs(utf8: Buffer, { file, key, value, delimiter }: Lookup, keep: Keep): Trouble | undefined {
  const declared = declaredDelimiter(utf8.toString('latin1', 0, longestDeclaration));
  const table = utf8.subarray(declared?.length ?? 0);
  const firstEnd = table.findIndex((byte) => byte === 10 || byte === 13);
  const firstLine = table.toString('utf8', 0, firstEnd < 0 ? table.length : firstEnd);
  const separator =
    delimiter ?? declared?.delimiter ?? [',', ';', '\t', '|'].find((candidate) => firstLine.includes(candidate)) ?? ',';
  const records = allRecords(table, separator);
  const broken = { at: ['file'], text: `${file} has a broken quote and cannot be read as CSV` };
  if (records === undefined) return broken;
  const header = records.count === 0 ? [] : records.record(0);
  if (header === undefined) return broken;
  const columns = [key, value].map((name) => header.indexOf(name));
  for (const [index, name] of [key, value].entries()) {
    if (columns[index] === -1) {
      const at = [index === 0 ? 'key' : 'value'];
      return { at, text: `${file} has no column ${quote(name)}${didYouMean(name, header)}` };
    }
  }
  const [keyColumn = 0, valueColumn = 0] = columns;
  for (let index = 1; index < records.count; index++) {
    const row = records.record(index);
    if (row === undefined) return broken;
    if (row.length !== header.length) {
      const text = `${file} has ${row.length} columns in record ${index}, and ${header.length} in its header`;
      return { at: ['file'], text };
    }
    const trouble = keep(row[keyColumn] ?? '', row[valueColumn] ?? '', index + 1);
    if (trouble !== undefined) return trouble;
  }
  return undefined;
}

const longestDeclaration = 10;

function readJsonPairs(utf8: Buffer, { file, key, value }: Lookup, keep: Keep): Trouble | undefined {
  const lines = feedLinesOf(utf8, () => false);
  for (let index = 0; index < lines.count; index++) {
    const line = lines.line(index);
    if (line.trim() === '') continue;
    let row: Json;
    try {
      row = parseJson(line);
    } catch {
      row = null;
    }
    if (!isJsonObject(row)) return { at: ['file'], text: `${file} has no JSON object in line ${index + 1}` };
    const trouble = keep(cell(row, key), cell(row, value), index + 1);
    if (trouble !== undefined) return trouble;
  }
  return undefined;
}

const cell = (row: JsonObject, key: string): string =>
  Object.hasOwn(row, key) && row[key] !== null ? (sourceText(row[key]) ?? '') : '';

/** From a key to what stands beside it in the file; undefined when it is not there. */
export const lookupIn = ({ found }: LookupTable): ((key: string) => string | undefined) => textTableReader(found);
