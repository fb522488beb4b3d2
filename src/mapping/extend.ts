/**
 * `extends:`: a mapping may begin with what stands in another. Fields and settings are taken over name by name, everything else as a whole; what
 * the mapping says itself wins. Places are kept, so that a complaint about an inherited field names the file it stands in.
 */
import { dirname, isAbsolute, join, relative } from 'node:path';
import { isPlainObject } from '../model/json.ts';
import { type Complaint, mappingError, pointer } from './complaint.ts';
import { beside, readMappingText } from './files.ts';
import { type ReadYaml, readYaml } from './yaml.ts';

const deepest = 8;
/** In all: bases that name several bases each would double in number at every step. */
const mostFiles = 64;

/** Inherited name by name. */
const mergedKeys = ['fields', 'settings', 'fragments'];

/** The mapping file's text and that of all it extends, merged. Throws UserError for a file that cannot be read or is no YAML. */
export const readExtended = (path: string): Promise<ReadYaml> => readWithBases(path, [], { files: 0 });

async function readWithBases(path: string, chain: readonly string[], count: { files: number }): Promise<ReadYaml> {
  const read = readYaml(await readMappingText(path));
  if (read.complaints.length > 0) throw mappingError(path, read, read.complaints);
  if (!isPlainObject(read.data) || read.data['extends'] === undefined) return read;
  const { extends: named, ...data } = read.data;
  const bases = [named].flat();
  const complain = (text: string, index: number): never => {
    const complaint: Complaint = { path: Array.isArray(named) ? ['extends', index] : ['extends'], text };
    throw mappingError(path, read, [complaint]);
  };
  let merged: ReadYaml | undefined;
  for (const [index, base] of bases.entries()) {
    if (typeof base !== 'string' || base === '') return complain('expected the path of a mapping', index);
    const basePath = beside(path, base);
    if (basePath === path || chain.includes(basePath)) return complain(`${base} extends this file in turn`, index);
    if (chain.length >= deepest) return complain(`more than ${deepest} files deep`, index);
    if (++count.files > mostFiles) return complain(`more than ${mostFiles} files in all`, index);
    const read = inFile(await readWithBases(basePath, [...chain, path], count), basePath);
    const folder = relative(dirname(path), dirname(basePath));
    const inherited = folder === '' ? read : { ...read, data: withPathsFrom(read.data, folder) };
    merged = merged === undefined ? inherited : overlay(merged, inherited);
  }
  return merged === undefined ? read : overlay(merged, { ...read, data });
}

/** Its places name the file, since they will be read as those of another. */
function inFile(read: ReadYaml, file: string): ReadYaml {
  const placed = (places: ReadYaml['keys']): ReadYaml['keys'] =>
    Object.fromEntries(
      Object.entries(places).map(([key, [line, column, style, inner]]) => [key, [line, column, style, inner ?? file]]),
    );
  return { ...read, keys: placed(read.keys), values: placed(read.values) };
}

/** The files that an inherited mapping names, by the way to them from the folder of the one that inherits. */
function withPathsFrom(data: unknown, folder: string): unknown {
  const path = (value: unknown) =>
    typeof value === 'string' && value !== '' && !isAbsolute(value) ? join(folder, value) : value;
  const inMap = (value: unknown, keys: Readonly<Record<string, (inner: unknown) => unknown>>): unknown => {
    if (!isPlainObject(value)) return value;
    const given = Object.entries(keys).filter(([key]) => Object.hasOwn(value, key));
    return { ...value, ...Object.fromEntries(given.map(([key, change]) => [key, change(value[key])])) };
  };
  const inFields = (fields: unknown): unknown =>
    isPlainObject(fields)
      ? Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, inField(field)]))
      : fields;
  const inField = (field: unknown): unknown =>
    inMap(field, {
      map: path,
      transform: path,
      lookup: (lookup) => inMap(lookup, { file: path }),
      each: (each) => inMap(each, { fields: inFields, value: inField }),
    });
  const inEntry = { fields: inFields };
  return inMap(data, {
    ...inEntry,
    items: (items) => (Array.isArray(items) ? items.map((entry) => inMap(entry, inEntry)) : items),
    transform: (transform) => (isPlainObject(transform) ? inMap(transform, { function: path }) : path(transform)),
  });
}

function overlay(base: ReadYaml, over: ReadYaml): ReadYaml {
  if (!isPlainObject(base.data) || !isPlainObject(over.data)) return over;
  // Tests speak of the whole mapping, which is another one now.
  const { tests: _, ...data } = base.data;
  const replaced = ['/tests'];
  for (const [key, value] of Object.entries(over.data)) {
    const inherited = data[key];
    if (!mergedKeys.includes(key) || !isPlainObject(inherited) || !isPlainObject(value)) {
      data[key] = value;
      replaced.push(pointer([key]));
      continue;
    }
    data[key] = { ...inherited, ...value };
    for (const name of Object.keys(value)) replaced.push(pointer([key, name]));
  }
  // `items` and the top-level operation are two ways to say the same: the later one stands alone.
  const dropped =
    over.data['items'] !== undefined
      ? ['operation', 'fields', 'settings']
      : over.data['fields'] === undefined
        ? []
        : ['items'];
  for (const key of dropped) if (over.data[key] === undefined) delete data[key];
  const gone = new Set(replaced);
  const kept = <Value>(places: Record<string, Value>, own: Record<string, Value>): Record<string, Value> => {
    const still = Object.entries(places).filter(([key]) => !isUnder(key, gone) && own[key] === undefined);
    return { ...Object.fromEntries(still), ...own };
  };
  return {
    data,
    keys: kept(base.keys, over.keys),
    values: kept(base.values, over.values),
    written: kept(base.written, over.written),
    complaints: [],
  };
}

function isUnder(key: string, gone: ReadonlySet<string>): boolean {
  for (let end = key.length; end > 0; end = key.lastIndexOf('/', end - 1)) if (gone.has(key.slice(0, end))) return true;
  return false;
}
