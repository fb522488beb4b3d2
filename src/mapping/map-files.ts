/** `map: levels.yaml`: the words of a field's map in a file of their own. It is read once, and its values are part of what the mapping means. */
import { isPlainObject } from '../model/json.ts';
import { type Complaint, mappingError, type Path, type Place, pointer } from './complaint.ts';
import { beside, mostMappingBytes, readBounded, textOf } from './files.ts';
import { issueComplaints } from './issues.ts';
import type { Mapping, MappingField } from './mapping.ts';
import { valueMap } from './schema.ts';
import { type ReadYaml, readYaml } from './yaml.ts';

interface ReadMap {
  readonly values: NonNullable<MappingField['map']>;
  /** By pointer from the top of the file. */
  readonly places: ReadYaml['values'];
}

/**
 * The mapping with the maps that it names in place of their names. Places are kept: a complaint about a value names the file that it stands in.
 * @throws UserError `mapping-invalid` for a file that is no map
 */
export async function readMaps(mapping: Mapping, complain: (complaint: Complaint) => void): Promise<Mapping> {
  const known = new Map<string, ReadMap | string>();
  const places: Record<string, Place> = {};

  const filled = async (field: MappingField, path: Path): Promise<MappingField> => {
    const { mapFile, each, ...rest } = field;
    const fields = each?.fields;
    const inner = {
      ...(fields === undefined
        ? {}
        : { fields: await inOrder(fields, (one) => filled(one, [...path, 'each', 'fields', one.name])) }),
      ...(each?.value === undefined ? {} : { value: await filled(each.value, [...path, 'each', 'value']) }),
    };
    const whole: MappingField = each === undefined ? rest : { ...rest, each: { ...each, ...inner } };
    if (mapFile === undefined) return whole;
    const at = [...path, 'map'];
    const read = known.get(mapFile) ?? (await readMap(beside(mapping.file, mapFile), mapFile));
    known.set(mapFile, read);
    if (typeof read === 'string') {
      complain({ path: at, text: read });
      return field;
    }
    for (const [below, [line, column, style]] of Object.entries(read.places)) {
      if (below !== '') places[`${pointer(at)}${below}`] = [line, column, style, beside(mapping.file, mapFile)];
    }
    return { ...whole, map: read.values };
  };

  const entries = await inOrder(mapping.entries, async (entry) => ({
    ...entry,
    fields: await inOrder(entry.fields, (field) => filled(field, [...entry.path, 'fields', field.name])),
  }));
  const { keys, values } = mapping.positions;
  return { ...mapping, entries, positions: { keys, values: { ...values, ...places } } };
}

async function readMap(path: string, name: string): Promise<ReadMap | string> {
  if (/\.(?:csv|tsv|ndjson|jsonl)$/i.test(name))
    return `${name} is a table: say lookup: { file: ${name}, key: …, value: … } in place of map`;
  const bytes = await readBounded(path, mostMappingBytes);
  if (bytes === 'unreadable') return `${name} is not there or cannot be read (the path begins at the mapping)`;
  if (bytes === 'too-large')
    return `${name} is larger than ${mostMappingBytes} bytes: make it a CSV file, and say lookup`;
  const text = textOf(bytes);
  if (text === undefined) return `${name} is not UTF-8 text`;
  const read = readYaml(text);
  if (read.complaints.length > 0) throw mappingError(path, read, read.complaints);
  if (!isPlainObject(read.data)) return `${name} must hold a map: source value, and value sent`;
  const parsed = valueMap.safeParse(read.data);
  if (parsed.success) return { values: parsed.data, places: read.values };
  const complaints = parsed.error.issues.flatMap((issue) => issueComplaints(issue, [], read.data, () => []));
  throw mappingError(path, read, complaints);
}

/** One after the other, so that a file is read once. */
async function inOrder<From, To>(list: readonly From[], make: (one: From) => Promise<To>): Promise<To[]> {
  const made: To[] = [];
  for (const one of list) made.push(await make(one));
  return made;
}
